"""`deskzero show`: one ticket, from the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option, one_ticket
from tui.commands.out import harmless, iso, now, say_json, settings_of

if TYPE_CHECKING:
    from store.read_records import TicketView


@click.command("show")
@click.argument("ticket")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def command(ctx: click.Context, ticket: str, as_json: bool) -> None:
    """Shows one ticket and why it is here.

    With its fields, conversation, time, and what was done about it.

    TICKET is the number on the screen or id: and the PSA's own id, either with CONNECTION: in front.
    """
    from store.read import Reader
    from tui.plain import ticket_lines

    home = home_of(ctx)
    settings = settings_of(home)
    view = one_ticket(Reader(home, settings), ticket)
    if as_json:
        say_json(ticket_json(view))
        return
    for line in ticket_lines(view, settings, now=now()):
        click.echo(line)


def ticket_json(view: TicketView) -> object:
    """The ticket with everything that belongs to it; times as in `list --json`, texts made harmless."""
    import msgspec

    from store.read import rows_json

    document = {
        "connection": view.connection,
        "ticket": msgspec.to_builtins(view.record),
        "closed": view.closed,
        "child": view.child,
        "presence": view.presence,
        "exceptions": rows_json(view.exceptions),
        "agreement": msgspec.to_builtins(view.agreement),
        "notes": msgspec.to_builtins(view.notes),
        "files": msgspec.to_builtins(view.files),
        "files_problem": view.files_problem or None,
        "files_due": view.files_due,
        "time": msgspec.to_builtins(view.time),
        "parents": msgspec.to_builtins(view.parents),
        "children": msgspec.to_builtins(view.children),
        "changes": msgspec.to_builtins(view.changes),
        "history": msgspec.to_builtins(view.history),
        "read_at": iso(view.read_at),
        "notes_read_at": iso(view.notes_read_at),
        "time_read_at": iso(view.time_read_at),
    }
    return harmless(document)
