"""`deskzero web`: the same screen in one's own browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import say, settings_of
from tui.problem import Problem

NAME = "web"


def _tell(address: str) -> None:
    say(f"Open {address}")
    say("Only this machine is listened to. Ctrl+C ends it.")


@click.command("web")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="On which port; default: any that is free."
)
@click.option("--demo", is_flag=True, help="The simulated PSA of `deskzero demo`.")
@home_option
@click.pass_context
def command(ctx: click.Context, port: int, demo: bool) -> int:
    """Serves the screen to a browser on this machine.

    Only this machine is listened to, and only who has the printed address (it holds a token) is let in. Each tab is
    a screen of its own. Ctrl+C ends it.
    """
    try:
        from tui.web.server import serve
    except ImportError as error:
        raise Problem(
            f"`deskzero web` needs textual-serve ({error})", "Install it: pip install 'deskzero[web]'."
        ) from None
    program = [sys.executable, "-c", "from tui.cli import main; main()"]
    if demo:
        program.append("demo")
    else:
        settings_of(home_of(ctx))
        if (chosen := ctx.find_root().meta.get("deskzero.home")) is not None:
            os.environ["DESKZERO_HOME"] = str(Path(chosen).expanduser().absolute())
    try:
        serve(program, port, _tell)
    except OSError as error:
        raise Problem(
            f"port {port} cannot be listened on: {error.strerror or error}", "Give another --port."
        ) from None
    return 0
