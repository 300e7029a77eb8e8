"""`deskzero fix`: the fixes as options."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from connectors.text import clean
from tui.commands.common import home_of, home_option, one_ticket
from tui.commands.out import say, settings_of
from tui.commands.outcome import report_change
from tui.problem import CANNOT_TELL, Problem

if TYPE_CHECKING:
    from store.desk import Desk
    from store.fixes import Intent, Prepared
    from store.home import Home
    from store.read_records import TicketView
    from store.settings import Settings


@click.command("fix")
@click.argument("tickets", metavar="TICKET...", nargs=-1, required=True)
@click.option("--billing-code", metavar="CODE", help="On the ticket and your own uncoded time entries.")
@click.option("--entry", metavar="ID", help="With --billing-code: this time entry alone.")
@click.option(
    "--set", "fields", metavar="FIELD=VALUE", multiple=True, help="Any field; an empty VALUE empties it."
)
@click.option("--status", metavar="NAME")
@click.option("--owner", metavar="NAME")
@click.option("--parent", metavar="ID", help="Attach to this ticket.")
@click.option("--no-parent", is_flag=True, help="Detach from its parent.")
@click.option("--reply", metavar="TEXT", help="PUBLIC: the customer reads it.")
@click.option("--note", metavar="TEXT", help="Internal: only colleagues read it.")
@click.option("--seen", metavar="REASON", help="No answer is needed, and why.")
@click.option("--clear-flag", is_flag=True, help="Clear the PSA's signal; staff must have the last word.")
@click.option(
    "--time", "hours", metavar="HOURS", type=float, help="Log time; --billing-code is then its code."
)
@click.option("--close", is_flag=True, help="Close the ticket.")
@click.option("--because", metavar="REASON", help="Why a guard may be passed.")
@click.option("--dry-run", is_flag=True, help="Show what would be written and who would be mailed.")
@click.option("--later", is_flag=True, help="Only into the outbox; the next sync sends it.")
@click.option("--now", "immediately", is_flag=True, help="Send at once what cannot be taken back.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    tickets: tuple[str, ...],
    dry_run: bool,
    later: bool,
    immediately: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Fixes a ticket, or several alike.

    What is asked for goes to the outbox, and out at once. Several tickets are one fix and one undo; texts, time
    and closing go ticket by ticket.

    TICKET is the number on the screen or id: and the PSA's own id, either with CONNECTION: in front.
    """
    home = home_of(ctx)
    settings = settings_of(home)
    if later and immediately:
        raise Problem("--later and --now exclude each other", "Give one of them.")
    from store.read import Reader

    reader = Reader(home, settings)
    views = {
        (v.connection, v.record.ticket_id): v for v in (one_ticket(reader, ticket) for ticket in tickets)
    }
    intent = _intent(options)
    if len(views) > 1:
        return asyncio.run(_fix_together(home, settings, list(views.values()), intent, dry_run, later))
    (view,) = views.values()
    return asyncio.run(
        fix_one(home, settings, view, intent, dry_run=dry_run, later=later, immediately=immediately)
    )


def _intent(options: dict[str, Any]) -> Intent:
    from store.fixes import Intent

    fields: dict[str, str] = {}
    for pair in options.pop("fields"):
        field, equals, value = pair.partition("=")
        if not equals or not field.strip():
            raise Problem(
                f"--set {pair}: FIELD=VALUE is expected", "For instance --set contact_phone=5550100."
            )
        fields[field.strip()] = value
    intent = Intent(set=fields, time=options.pop("hours"), **options)
    if intent == Intent(because=intent.because):
        raise Problem("nothing to fix was named", "See `deskzero fix --help`.")
    return intent


async def fix_one(
    home: Home,
    settings: Settings,
    view: TicketView,
    intent: Intent,
    *,
    dry_run: bool,
    later: bool,
    immediately: bool,
) -> int:
    """One fix into the outbox and out; the exit code. Raises `Problem` and what the desk raises."""
    from store.database import DatabaseProblem
    from store.desk import Desk
    from store.log import start_log

    start_log(home.log)
    async with Desk(home, settings) as desk:
        prepared = await desk.prepare(view.connection, view.record.ticket_id, intent)
        if dry_run or prepared.read_only:
            _show(prepared)
        for remark in prepared.remarks:
            say(remark)
        if dry_run:
            say("Nothing was written: --dry-run.")
            return 0
        if prepared.read_only:
            say(f"#{prepared.ticket.number} {prepared.verb}: not sent: read_only")
            return 0
        change = await desk.submit(prepared, immediately=immediately)
        if not later:
            try:
                await _send(desk, change)
            except DatabaseProblem as error:
                kept = f"#{prepared.ticket.number} {prepared.verb} is in the outbox (change {change})"
                raise Problem(f"{error} {kept}", error.hint, CANNOT_TELL) from error
            locked_out = await desk.locked_out(view.connection)
            if locked_out is not None:
                raise Problem(
                    f"{locked_out}; #{prepared.ticket.number} {prepared.verb} is in the outbox (change {change})",
                    locked_out.hint,
                    CANNOT_TELL,
                )
        undoable = not prepared.held
        return report_change(desk.reader, change, now=desk.now, later=later, undoable=undoable)


async def _fix_together(
    home: Home, settings: Settings, views: list[TicketView], intent: Intent, dry_run: bool, later: bool
) -> int:
    """One fix of several tickets: all of them can be fixed so, or none is."""
    from store.desk import Desk
    from store.log import start_log

    start_log(home.log)
    async with Desk(home, settings) as desk:
        fixes = [await desk.prepare(view.connection, view.record.ticket_id, intent) for view in views]
        for fix in fixes:
            if dry_run or fix.read_only:
                _show(fix)
        for remark in dict.fromkeys(remark for fix in fixes for remark in fix.remarks):
            say(remark)
        if dry_run:
            say("Nothing was written: --dry-run.")
            return 0
        changes = await desk.submit_together(fixes)
        if not later:
            await desk.push(force=True, wait=SENDER_SECONDS)
        code = 0
        for change, fix in zip(changes, fixes, strict=True):
            if fix.read_only:
                say(f"#{fix.ticket.number} {fix.verb}: not sent: read_only")
                continue
            try:
                report_change(desk.reader, change, now=desk.now, later=later, undoable=False)
            except Problem as problem:
                code = max(code, problem.code)
                for line in problem.lines():
                    say(line, err=True)
        say(f"`deskzero undo {changes[0]}` takes it back on all of them.")
        return code


async def _send(desk: Desk, change: str) -> None:
    """Sends what is due. Another process may be the sender: then its answer is waited for."""
    await desk.push(force=True, wait=SENDER_SECONDS)


SENDER_SECONDS = 20.0
"""How long the outcome of a change is waited for that another process sends."""


def _show(prepared: Prepared) -> None:
    """Step by step what would go out, field by field what it changes, and who would be mailed."""
    say(f"#{prepared.ticket.number} {prepared.ticket.summary}: {prepared.verb}")
    for line in prepared.preview:
        say(f"  {line.field}: {_short(line.was)} → {_short(line.becomes)}")
    for number, step in enumerate(prepared.steps, 1):
        undo = "" if step.undoable else "  (cannot be undone)"
        say(f"  step {number}: {step.request}{undo}")
        for field, value in step.sets.items():
            say(f"    sets {field} to {_value(value)}")
    if prepared.mails:
        say(f"  asks the PSA to mail: {', '.join(clean(who) for who in prepared.mails)}")
        say("  The PSA's own rules may mail more.")
    else:
        say("  asks the PSA to mail nobody; its own rules may.")
    if prepared.held:
        say("  is held before it goes out, unless --now.")


def _short(text: str) -> str:
    shown = clean(text)
    return shown or "—"


def _value(value: object) -> str:
    from store.changes import show_value

    return _short(show_value(value))  # type: ignore[arg-type]
