"""`deskzero undo`: takes the last change back, or the named one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import say, settings_of
from tui.commands.outcome import report_change
from tui.problem import NOT_ZERO, Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.settings import Settings


@click.command("undo")
@click.argument("change", required=False)
@home_option
@click.pass_context
def command(ctx: click.Context, change: str | None) -> int:
    """Takes the last change back, or CHANGE.

    What is held or waits is withdrawn, what is in the PSA is put back."""
    home = home_of(ctx)
    return asyncio.run(_undo(home, settings_of(home), change))


async def _undo(home: Home, settings: Settings, change: str | None) -> int:
    from store.desk import Desk
    from store.log import start_log

    start_log(home.log)
    async with Desk(home, settings) as desk:
        undone = await desk.undo(change)
        for one in (undone, *undone.together):
            say(f"#{one.number} {one.verb} (change {one.change}) is taken back")
            for line in one.preview:
                say(f"  {line.field}: {line.was or '—'} → {line.becomes or '—'}")
            for what in one.stays:
                say(f"  {what} stays in the PSA")
            if one.by is None:
                say("  nothing of it had gone out")
        for words in undone.refused:
            say(f"not taken back: {words}", err=True)
        puts_back = [one.by for one in (undone, *undone.together) if one.by is not None]
        if puts_back:
            await desk.push(force=True, wait=20.0)
        code = NOT_ZERO if undone.refused else 0
        for by in puts_back:
            try:
                report_change(desk.reader, by, now=desk.now)
            except Problem as problem:
                if len(puts_back) == 1:
                    raise
                code = max(code, problem.code)
                for text in problem.lines():
                    say(text, err=True)
        return code
