"""`deskzero undo`: takes the last change back, or the named one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option, say, settings_of
from tui.commands.outcome import report_change

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
        say(f"#{undone.number} {undone.verb} (change {undone.change}) is taken back")
        for line in undone.preview:
            say(f"  {line.field}: {line.was or '—'} → {line.becomes or '—'}")
        if undone.by is None:
            say("  nothing of it had gone out")
            return 0
        await desk.push(force=True, wait=20.0)
        return report_change(desk.reader, undone.by, now=desk.now)
