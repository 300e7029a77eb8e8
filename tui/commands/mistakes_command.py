"""`deskzero mistakes`: what slipped and what is learned from it, and the monthly sample of closed tickets."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tui.commands.common import home_of, home_option, one_ticket
from tui.commands.out import counted, harmless, iso, local, now, say, say_json, settings_of
from tui.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.home import Home
    from store.mistakes import Mistake
    from store.read_records import TicketView
    from store.samples import Sampled
    from store.settings import Settings

CAUSES = ("process", "technology", "people")
REMEDIES = ("automation", "training", "documentation")


@click.group("mistakes", invoke_without_command=True)
@click.option("--since", "since_text", metavar="AGE", help="Not older than this, such as 30d or 12h.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--names", is_flag=True, help="With who wrote each one down.")
@home_option
@click.pass_context
def command(ctx: click.Context, since_text: str | None, as_json: bool, names: bool) -> None:
    """The mistake log: what slipped, why, and what is done about it.

    Without a further word it lists the log, and which causes and remedies come together.
    """
    from store import mistakes
    from store.toml_table import seconds

    if ctx.invoked_subcommand is not None:
        if since_text is not None or as_json or names:
            raise Problem(
                f"--since, --json and --names before `{ctx.invoked_subcommand}` do nothing",
                f"See `deskzero mistakes {ctx.invoked_subcommand} --help`.",
            )
        return
    home = home_of(ctx)
    settings = settings_of(home)
    age = None if since_text is None else seconds(since_text)
    if since_text is not None and age is None:
        raise Problem(f"--since {since_text}: an age such as 30d is expected", "For instance --since 30d.")
    begins = 0 if age is None else now() - age
    found = mistakes.since(home, begins, connections=list(settings.connections), names=names)
    repeats = mistakes.patterns(found)
    if as_json:
        left_out = () if names else ("who",)
        entries = [
            {name: value for name, value in asdict(one).items() if name not in left_out} for one in found
        ]
        say_json(harmless({"mistakes": entries, "patterns": [asdict(one) for one in repeats]}))
        return
    if not found:
        say("Nothing is in the mistake log" + (f" since {since_text}." if since_text else "."))
        return
    for one in found:
        for line in _lines(one, settings):
            say(line)
    say("What comes together:")
    for pattern in repeats:
        tickets = ", ".join(f"#{number}" for number in pattern.numbers[:5])
        more = f" and {len(pattern.numbers) - 5} more" if len(pattern.numbers) > 5 else ""
        say(f"  {pattern.times} × {pattern.cause}, {pattern.remedy}: {tickets}{more}")


def _lines(one: Mistake, settings: Settings) -> list[str]:
    from store.rules.catalogue import title_of

    kind = f" · {title_of(one.kind)}" if one.kind else ""
    who = f" · {one.who}" if one.who else ""
    head = f"{local(one.at, settings.timezone)}  {one.connection}:{one.number} {one.company or ''}".rstrip()
    told = "shared with the client" if one.shared else "not shared"
    lines = [f"{head}{kind} · {one.source}{who}", f"  {one.what}"]
    lines.append(f"  cause: {one.cause} · remedy: {one.remedy} · {told}")
    if one.words:
        lines.append(f"  words for the client: {' '.join(one.words.split())}")
    return lines


def _entry(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of an entry of the log."""
    options = (
        click.option("--what", metavar="TEXT", help="What slipped."),
        click.option("--cause", type=click.Choice(CAUSES)),
        click.option("--remedy", type=click.Choice(REMEDIES)),
        click.option("--shared", is_flag=True, help="The client is told."),
        click.option(
            "--words", metavar="TEXT", help="What may be said to the client; default: a wording that fits."
        ),
        click.option(
            "--note/--no-note", default=None, help="Also as an internal note on the ticket ([mistakes] note)."
        ),
        click.option("--later", is_flag=True, help="The note only into the outbox; the next sync sends it."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@command.command("add")
@click.argument("ticket")
@_entry
@click.option("--source", type=click.Choice(("ticket", "dispute")), default="ticket", show_default=True)
@home_option
@click.pass_context
def add(ctx: click.Context, /, ticket: str, source: str, **entry: Any) -> int:  # noqa: ANN401
    """Writes down what slipped on a ticket; `--source dispute` for an invoice that a client disputes.

    The words for the client are printed to be copied. Nothing sends them."""
    home = home_of(ctx)
    settings = settings_of(home)
    view = _view(home, settings, ticket)
    return _keep(home, settings, view, source, entry)


@command.command("sample")
@click.option("--month", metavar="YYYY-MM", help="Default: the last month that is over.")
@click.option("--size", metavar="N", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--seed", metavar="TEXT", help="Other tickets than without it; kept with the sample.")
@click.option("--connection", metavar="NAME", help="Only this connection.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@home_option
@click.pass_context
def sample(
    ctx: click.Context, month: str | None, size: int, seed: str | None, connection: str | None, as_json: bool
) -> None:
    """Draws a month's random sample of closed tickets to audit, of each connection; then shows it.

    Which tickets are drawn follows from month, connection and seed: nobody chooses them, and they stay."""
    from zoneinfo import ZoneInfo

    from store import samples

    home = home_of(ctx)
    settings = settings_of(home, connection=connection)
    _journal_is_current(home)
    found: list[Sampled] = []
    try:
        wanted = None if month is None else samples.month_of(month)
        for name, one in settings.connections.items():
            if connection in (None, name):
                zone = ZoneInfo(one.timezone)
                of = wanted or samples.month_before(now(), zone)
                found += samples.draw(home, name, of, size=size, seed=seed, zone=zone, now=now())
    except ValueError as error:
        raise Problem(f"--month {error}", "For instance --month 2026-10.") from error
    except samples.SampleRefused as error:
        raise Problem(str(error), error.hint) from error
    if as_json:
        say_json(harmless([asdict(one) for one in found]))
        return
    if not found:
        say(f"No ticket that was closed in {wanted or 'that month'} is in the cache.")
        return
    for ticket in found:
        at = f" ({local(ticket.audited_at, settings.timezone)})" if ticket.audited_at is not None else ""
        head = f"{ticket.month}  {ticket.connection}:{ticket.number} {ticket.company or ''}".rstrip()
        say(f"{head}  {ticket.summary}: {STATES[ticket.state]}{at}")
    left = sum(one.state == "open" for one in found)
    say(
        f"{counted(left, 'ticket')} to audit: `deskzero mistakes audited TICKET --fine`, or --what for a mistake."
    )


STATES = {"open": "to audit", "fine": "audited, fine", "mistake": "audited, a mistake"}


@command.command("audited")
@click.argument("ticket")
@click.option("--fine", is_flag=True, help="Nothing slipped.")
@_entry
@home_option
@click.pass_context
def audited(ctx: click.Context, /, ticket: str, fine: bool, **entry: Any) -> int:  # noqa: ANN401
    """Says what the audit of a ticket of a sample found: nothing, or a mistake for the log."""
    from store import samples

    if fine == (entry["what"] is not None):
        raise Problem("either --fine or --what is expected", "See `deskzero mistakes audited --help`.")
    home = home_of(ctx)
    settings = settings_of(home)
    view = _view(home, settings, ticket)
    drawn = samples.of_ticket(home, view.connection, view.record.ticket_id)
    if not drawn:
        raise Problem(
            f"#{view.record.number} is in no sample",
            "`deskzero mistakes sample` draws one; `deskzero mistakes add` takes any ticket.",
        )
    one = next((one for one in drawn if one.state == "open"), drawn[0])
    if fine:
        if one.state == "mistake":
            raise Problem(
                f"#{one.number} of {one.month} is in the log already", "`deskzero mistakes` shows what for."
            )
        samples.audited(home, one, "fine", now=now())
        say(f"#{one.number} of {one.month}: audited, fine.")
        return 0

    def done() -> None:
        samples.audited(home, one, "mistake", now=now())

    return _keep(home, settings, view, "audit", entry, done)


def _view(home: Home, settings: Settings, ticket: str) -> TicketView:
    from store.read import Reader

    return one_ticket(Reader(home, settings), ticket)


def _journal_is_current(home: Home) -> None:
    """Brings a journal of an earlier version up to date."""
    from store.database import Databases

    Databases.open(home).close()


def _keep(
    home: Home,
    settings: Settings,
    view: TicketView,
    source: Any,  # noqa: ANN401 (one of the sources, as click has checked)
    entry: dict[str, Any],
    kept: Callable[[], None] | None = None,
) -> int:
    """Into the log, then the note into the outbox where it is wanted. The entry stays whatever becomes of that."""
    from store import mistakes
    from store.client_words import suggested

    missing = [f"--{name}" for name in ("what", "cause", "remedy") if not (entry[name] or "").strip()]
    if missing:
        raise Problem(f"{' and '.join(missing)} must be given", "See `deskzero mistakes add --help`.")
    _journal_is_current(home)
    kinds = [row.kind for row in view.exceptions]
    kind = kinds[0] if len(kinds) == 1 else None
    cause, remedy = entry["cause"], entry["remedy"]
    one = mistakes.about(
        view,
        at=now(),
        what=entry["what"],
        cause=cause,
        remedy=remedy,
        shared=entry["shared"],
        words=entry["words"] or suggested(kind, cause, remedy),
        source=source,
        kind=kind,
        who=settings.connections[view.connection].technician,
    )
    mistakes.keep(home, one)
    if kept is not None:
        kept()
    say(f"#{one.number}: in the mistake log ({iso(one.at)}).")
    say(f"Words for the client, to copy: {' '.join(one.words.split())}")
    wants_note = settings.lesson_note if entry["note"] is None else entry["note"]
    if not wants_note:
        return 0
    from store.fixes import Intent
    from tui.commands.fix_command import fix_one

    note = mistakes.lesson_text(one.what, cause, remedy)
    return asyncio.run(
        fix_one(
            home, settings, view, Intent(note=note), dry_run=False, later=entry["later"], immediately=False
        )
    )
