"""`deskzero` without a command. Without click: the first frame does not wait for it."""

from __future__ import annotations

import os
import sys

from store.home import Home
from tui.commands.out import now, settings_of


def on_terminal() -> bool:
    """Whether a screen can be shown: both ends are a terminal, or a browser's (`deskzero web`)."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def run_queue(home: Home, only: str | None = None, *, plain: bool = False) -> int:
    """`deskzero` without a command: the screen on a terminal, else the queue as text. `only`: of one connection.

    `plain`: in words, for a screen reader, whatever the settings say.
    """
    settings = settings_of(home, connection=only)
    if on_terminal():
        import gc

        gc.disable()  # until there is a frame (`Deskzero.painted`): nothing that is loaded until then is thrown away
        if plain:
            import msgspec

            settings = msgspec.structs.replace(settings, plain=True)
        from tui.beginning import Beginning

        beginning = Beginning(home, settings, only)
        from store.log import start_log
        from tui import themes
        from tui.app import run

        themes.check(settings.theme, home.config)
        start_log(home.log)
        return run(home, settings, only=only, beginning=beginning)
    from tui.plain import print_queue

    print_queue(home, settings, now=now(), only=only)
    return 0
