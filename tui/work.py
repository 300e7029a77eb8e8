"""Work on its way into the PSA: what its form begins with, and the way from the form over the review to the outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.contract import Capabilities
from connectors.text import clean
from store import drafts, timers
from store.database_problems import DatabaseProblem
from store.hours import rounded
from store.read_records import TicketView
from store.timers import Stopwatch
from tui.asks import Item, Side
from tui.engine import EngineStopped
from tui.keymap import label
from tui.messages import Saved
from tui.orders import Refused
from tui.picks import code_items
from tui.screens.review import Review
from tui.screens.work_form import Filled, Offered, WorkForm, rounded_words

if TYPE_CHECKING:
    from store.fixes import Guard
    from tui.screens.queue_base import QueueBase


Guarded = Callable[[dict[str, Any]], Awaitable[Sequence["Guard"] | str]]
"""What stands against closing with what is filled in; or why it is no fix."""


@dataclass(frozen=True, slots=True)
class Course:
    """How one sort of work is asked for."""

    draft: str
    """The side under which the text is kept while it is not sent."""
    guards: Guarded
    question: Callable[[Filled], tuple[Side, str]]
    """Which side the text is on, and the review's question."""
    nothing: Callable[[Filled], str]
    """Why what is filled in leads nowhere; empty where it does."""
    again: str
    """The id of the key that goes on where one was."""


async def worked(screen: QueueBase, view: TicketView, offered: Offered, course: Course) -> bool:
    """Form, review, outbox; back to the form as often as wanted. The text is kept until it is sent or discarded."""
    app = screen.deskzero
    before: Filled | None = None
    refused = False
    while True:
        filled = await app.push_screen_wait(
            WorkForm(view, offered, course.guards, before=before, refused=refused)
        )
        if filled is None:
            return False
        await _keep(screen, view, course.draft, filled.text)
        if nothing := course.nothing(filled):
            screen.tell(nothing, "info")
            return False
        given_up = refused and filled == before
        answer = "keep" if given_up else await _reviewed(screen, view, filled, course)
        if answer in ("edit", "refused"):
            before, refused = filled, answer == "refused"
            continue
        if answer in ("sent", "discard"):
            await _keep(screen, view, course.draft, "")
        elif answer == "keep":
            kept = f" The text is kept, {label(course.again)} goes on." if filled.text else ""
            screen.tell(f"Nothing was done.{kept}", "info")
        return answer == "sent"


async def _reviewed(screen: QueueBase, view: TicketView, filled: Filled, course: Course) -> str:
    flows = screen.flows
    try:
        fix = await flows.prepare(view, filled.wanted)
        if fix is None:
            return "refused"
        side, what = course.question(filled)
        answer = await screen.deskzero.push_screen_wait(Review(view, fix, side=side, what=what))
        if answer != "send":
            return answer or "keep"
        change = await flows.submit(view, fix)
    except (Refused, EngineStopped) as error:
        flows.refused(error)
        return "failed"
    if fix.fix.time is not None:
        _logged(screen, view, change)
    return "sent"


def _logged(screen: QueueBase, view: TicketView, change: str) -> None:
    """The ticket's stopwatch is done with: the change has its time."""
    app = screen.deskzero
    one = timers.of_ticket(app.home, view.connection, view.record.ticket_id)
    if one is None:
        return
    try:
        timers.end(app.home, one.id, change, now=app.now)
    except (sqlite3.Error, DatabaseProblem) as error:
        screen.tell(f"The time is logged, but the timer could not be ended: {error}", "bad")
    app.saved.publish(Saved())


async def _keep(screen: QueueBase, view: TicketView, draft: str, text: str) -> None:
    """The text as a draft; an empty one is none."""
    home, now = screen.deskzero.home, screen.deskzero.now
    key = (view.connection, view.record.ticket_id, draft)
    try:
        await screen.deskzero.read(lambda _: drafts.save(home, *key, text, now=now))
    except (sqlite3.Error, DatabaseProblem) as error:
        screen.tell(f"The text could not be kept: {error}", "bad")


def timer_time(one: Stopwatch | None, now: int, *, step: int, least: int) -> tuple[str, str]:
    """What a form begins with: the stopwatch's hours as they are billed, and what they rest on."""
    if one is None:
        return "", ""
    seconds = one.counted(now)
    after = rounded(seconds / 3600, step, least)
    return f"{after:g}", rounded_words(seconds, after)


async def offered_work(screen: QueueBase, view: TicketView, draft: str) -> dict[str, Any]:
    """The part of `Offered` that is about the work itself. `draft`: where a text is kept that was not sent."""
    app, flows, record = screen.deskzero, screen.flows, view.record
    can = screen.can(view.row)
    name, ticket_id = view.connection, record.ticket_id
    said = await app.read(lambda reader: reader.suggested_code(name, ticket_id))
    usual = await app.read(lambda reader: reader.usual_codes(name, record.company_id))
    has_codes = can is None or can.code_on_ticket or can.code_on_time
    choices = await flows.choices(view, "billing_code") if has_codes else []
    row = next((one for one in view.exceptions if one.kind == "billing_code"), None)
    codes = code_items(choices, {one.id or one.name: one.times for one in usual}, row, view, said)
    watch = await app.read(lambda _: timers.of_ticket(app.home, name, ticket_id))
    settings = app.settings
    time, words = timer_time(watch, app.now, step=settings.time_round, least=settings.time_least)
    no_time = "" if can is None or "time" in can.writes else absent(can, "time")
    return {
        "time": "" if no_time else time,
        "time_words": words,
        "no_time": no_time,
        "codes": _codes(view, codes, sure=said is not None and said.strength == "strong"),
        "billable": _billable(view, can),
        "text": await app.read(lambda _: drafts.load(app.home, name, ticket_id, draft)),
    }


def absent(can: Capabilities, verb: str) -> str:
    """Why the PSA does not take it, in the connector's words."""
    return can.absent.get(verb, "not offered by this PSA's API as known")


def _codes(view: TicketView, codes: Sequence[Item], *, sure: bool) -> list[Item]:
    """Codes with "as it is" among them: first where the ticket has one, else behind a suggestion that is sure."""
    has = clean(view.record.billing_code)
    stays = Item("", f"{has} (stays)" if has else "none", value=view.record.billing_code_id)
    return [*codes, stays] if sure and not has else [stays, *codes]


def _billable(view: TicketView, can: Capabilities | None) -> list[Item]:
    if can is None or not can.billable:
        return []
    agreement = view.agreement
    rests = (
        f"agreement {clean(agreement.name)}, {agreement.state}" if agreement is not None else "no agreement"
    )
    return [Item("", "as the PSA decides", rests), *(Item(value, value) for value in can.billable)]
