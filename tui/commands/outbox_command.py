"""`deskzero outbox`: what waits, what conflicts, what was refused and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import counted, harmless, iso, local, now, say, say_json, settings_of
from tui.commands.outcome import conflict_words, report_change
from tui.problem import Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.read_records import ChangeView
    from store.settings import Settings


@click.command("outbox")
@click.option("--all", "everything", is_flag=True, help="Confirmed, undone and dropped ones too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--retry", metavar="CHANGE", help="Send it again; in a conflict: mine counts.")
@click.option("--send", metavar="CHANGE", help="Let a held one go now, also an old one that asks first.")
@click.option("--drop", metavar="CHANGE", help="Give it up; in a conflict: theirs counts.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    everything: bool,
    as_json: bool,
    retry: str | None,
    send: str | None,
    drop: str | None,
) -> int:
    """Lists what is not in the PSA yet, and why."""
    from store.read import Reader

    home = home_of(ctx)
    settings = settings_of(home)
    orders = {"--retry": retry, "--send": send, "--drop": drop}
    given = {order: change for order, change in orders.items() if change is not None}
    if len(given) > 1:
        raise Problem(f"{' and '.join(given)} exclude each other", "Give one of them.")
    if given:
        import asyncio

        ((order, change),) = given.items()
        return asyncio.run(_decide(home, settings, order, change))
    reader = Reader(home, settings)
    changes = [*reader.left_behind(), *reader.changes(all=everything)]
    if as_json:
        say_json(harmless([change_json(view) for view in changes]))
        return 0
    for view in changes:
        for line in _lines(view, settings):
            say(line)
    if not changes:
        say("The outbox is empty.")
    return 0


async def _decide(home: Home, settings: Settings, order: str, change: str) -> int:
    from store.desk import Desk
    from store.log import start_log

    start_log(home.log)
    async with Desk(home, settings) as desk:
        if order == "--drop":
            change = await desk.drop(change)
        else:
            change = await (desk.retry(change) if order == "--retry" else desk.release(change))
            await desk.push(force=True, wait=20.0)
        return report_change(desk.reader, change, now=desk.now)


def change_json(view: ChangeView) -> dict[str, object]:
    """One change as `outbox --json` has it."""
    return {
        "change": view.change,
        "connection": view.connection,
        "ticket_id": view.ticket_id,
        "number": view.number,
        "verb": view.verb,
        "values": view.values,
        "was": view.was,
        "state": view.state,
        "asks": view.asks,
        "attempts": view.attempts,
        "error": view.error,
        "hint": view.hint,
        "conflict": view.detail if view.state == "conflict" else None,
        "created_at": iso(view.created_at),
        "due_at": iso(view.due_at),
        "sent_at": iso(view.sent_at),
    }


def _lines(view: ChangeView, settings: Settings) -> list[str]:
    known = settings.connections.get(view.connection)
    zone = settings.timezone if known is None else known.timezone
    first = f"{view.state:<10}#{view.number} {view.verb}  {view.company or ''} {view.summary}".rstrip()
    tried = f", tried {counted(view.attempts, 'time')}" if view.attempts else ""
    lines = [first, f"  change {view.change}, made {local(view.created_at, zone)}{tried}"]
    if known is None:
        lines.append(f"  the connection {view.connection} is no longer in the settings: nobody sends it")
    if view.state == "held" and view.due_at is not None:
        lines.append(f"  leaves in {max(0, view.due_at - now())} s")
    lines += [f"  {words}" for words in (view.error, conflict_words(view), view.hint) if words]
    return lines
