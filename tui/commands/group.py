"""The group of commands. Each command's module is loaded when it is called."""

from __future__ import annotations

from importlib import import_module

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import say_version
from tui.commands.queue import run_queue
from tui.problem import Problem

COMMANDS = (
    "demo",
    "connect",
    "sync",
    "list",
    "show",
    "fix",
    "undo",
    "outbox",
    "mistakes",
    "kb",
    "audit",
    "check",
    "rules",
    "report",
    "baseline",
    "doctor",
    "restore",
    "disconnect",
    "support",
    "simulate",
    "web",
)
"""In the order of `--help`; each is `tui.commands.<name>_command.command`."""


class Commands(click.Group):
    """The group; `deskzero lst` is answered with the command that was probably meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"tui.commands.{cmd_name}_command").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from difflib import get_close_matches

            close = get_close_matches(name, COMMANDS, n=1)
            hint = (
                f"Did you mean `deskzero {close[0]}`?" if close else "`deskzero --help` lists the commands."
            )
            raise Problem(f"no such command: {name}", hint)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        say_version()
        ctx.exit()


@click.group(
    cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["--help", "-h"]}
)
@home_option
@click.option("--connection", metavar="NAME", help="Show this connection alone.")
@click.option("--plain", is_flag=True, help="For a screen reader: words in place of frames and columns.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
@click.pass_context
def deskzero(ctx: click.Context, connection: str | None, plain: bool) -> int:
    """Shows only the tickets that fall through the PSA's cracks, and fixes them with a key.

    Without a command it opens the queue; where standard output is no terminal it prints it.
    """
    if ctx.invoked_subcommand is None:
        return run_queue(home_of(ctx), connection, plain=plain)
    if connection is not None or plain:
        raise Problem(
            f"{'--plain' if plain else '--connection'} before a command does nothing",
            f"Write it behind it where it is known: `deskzero {ctx.invoked_subcommand} --help`.",
        )
    return 0
