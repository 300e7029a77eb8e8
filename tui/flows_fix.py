"""`f`, the one key to learn: the dialog for the row's reason, then for the ticket's others, until it is clean."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from connectors.text import clean
from store.promise import Promise
from store.read import Reader
from store.read_records import Reason, Row, TicketView, pane_number, pane_title
from store.rules.catalogue import place_of
from tui.flows import Flows, title
from tui.flows_text import Texts
from tui.flows_time import Timing
from tui.flows_wrap import Wrapping
from tui.keys import by_id
from tui.kind_fixes import fixes
from tui.offers import why_not
from tui.pane_names import PANE_NAMES
from tui.screens.confirm import Ask
from tui.text import say

if TYPE_CHECKING:
    from tui.screens.queue_base import QueueBase

_FIRST = ("orphaned", "billing_code", "missing_fields")
"""What is asked about first after the conversations; all others follow in the panes' order."""


class Fixing:
    """Chooses the flow that clears a reason. It never writes by itself."""

    def __init__(self, screen: QueueBase, flows: Flows) -> None:
        self.screen, self.flows = screen, flows

    async def fix(self, view: TicketView, kind: str | None) -> bool:
        """`f`: the dialog for the row's reason, then for the ticket's other reasons, until it is clean or Esc."""
        done = False
        tried: set[str] = set()
        while True:
            rows = sorted(view.exceptions, key=lambda row: (row.kind != kind, *_place(row)))
            row = next((one for one in rows if _mark(one) not in tried), None)
            if row is None:
                break
            tried.add(_mark(row))
            if not await self._fix_one(view, row):
                break
            done = True
            again = await self.screen.deskzero.read(partial(_again, view))
            if again is None:
                break
            view = again
        return done

    async def _fix_one(self, view: TicketView, row: Row) -> bool:
        match row.kind:
            case "billing_code":
                return await self.flows.code(view)
            case "missing_fields":
                field = next((reason.field or "agreement" for reason in row.reasons), "contact")
                name = field.removeprefix("custom:").replace("_", " ")
                return await self.flows.field_value(view, field, what=f"Missing: {name}")
            case "orphaned":
                return await self._orphan(view, row)
            case "customer_responded" | "child_reply" | "reply_after_close":
                return await self._responded(view, row)
            case _:
                return await self._any_way(view, row)

    async def _any_way(self, view: TicketView, row: Row) -> bool:
        """A kind of which several things may be the remedy: its reasons, and the keys for each of them."""
        because = Content("\n").join(say(reason.text) for reason in row.reasons)
        ways = [(action, does) for action, does in fixes(row.kind) if not self._refused(view, row, action)]
        answers = [(by_id(f"queue.{action}").label, does, action) for action, does in ways]
        name = clean(pane_title(row.kind or ""))
        answer = await self.screen.deskzero.push_screen_wait(Ask(title(view, name), because, answers))
        match answer:
            case None:
                return False
            case "reply" | "note":
                return await Texts(self.screen).write(view, answer)
            case "log_time":
                return await Timing(self.screen).log_time(view)
            case "timer":
                await Timing(self.screen).timer(view)
                return True
            case "wrap_up":
                return await Wrapping(self.screen).wrap_up(view)
            case "browser":
                self.screen.deskzero.queue.browse(view.row.url)
                return False
            case _:
                flow: Callable[[TicketView], Awaitable[bool]] = getattr(self.flows, answer)
                return await flow(view)

    def _refused(self, view: TicketView, row: Row, action: str) -> str:
        return why_not(action, row, view.can, ghost=False)

    async def _orphan(self, view: TicketView, row: Row) -> bool:
        because = Content("\n").join(say(reason.text) for reason in row.reasons)
        answers = [
            ("p", "parent: attach to an open one, detach, go to it", "parent"),
            ("s", "set another status", "status"),
        ]
        if any(reason.code == "not_child_status" for reason in row.reasons):
            answers = [("s", "status: set a child's", "status"), answers[0]]
        if row.promise is not None and row.promise.strong:
            answers.insert(0, _accept(row.promise))
        answer = await self.screen.deskzero.push_screen_wait(
            Ask(title(view, PANE_NAMES["3"]), because, answers)
        )
        if answer == "accept":
            return await self.flows.accept(view, row.promise)
        if answer == "parent":
            return await self.flows.parent(view)
        return answer == "status" and await self.flows.status(view)

    async def _responded(self, view: TicketView, row: Row) -> bool:
        words = view.last_words
        body = Content("\n").join(say(reason.text) for reason in row.reasons)
        if words is not None:
            named = Content.styled(f"{clean(words.who)} ▸ ", "bold $customer")
            body += Content("\n\n") + named + say(words.text[:300])
        answers: list[tuple[str, str, str]] = [("r", "reply", "reply")]
        if words is not None:
            answers.append(("c", "no answer needed", "seen"))
        if row.promise is not None and row.promise.strong:
            answers.insert(0, _accept(row.promise))
        answers.append(("n", "internal note", "note"))
        answer = await self.screen.deskzero.push_screen_wait(Ask(title(view, PANE_NAMES["1"]), body, answers))
        match answer:
            case "reply" | "note":
                return await Texts(self.screen).write(view, answer)
            case "seen":
                return await self.flows.seen(view)
            case "accept":
                return await self.flows.accept(view, row.promise)
            case _:
                return False


def _accept(promise: Promise) -> tuple[str, str, str]:
    """The promise as a dialog's first answer, under the key that accepts it in the list."""
    return by_id("queue.accept").label, f"→ {clean(promise.label)}", "accept"


def _again(view: TicketView, reader: Reader) -> TicketView | None:
    return reader.ticket(view.connection, view.record.ticket_id)


def _place(row: Row) -> tuple[int, tuple[int, str]]:
    kind = row.kind or ""
    if pane_number(kind) == 1:
        return 0, place_of(kind)
    return (_FIRST.index(kind) + 1 if kind in _FIRST else len(_FIRST) + 1), place_of(kind)


def _mark(row: Row) -> str:
    """A row and its reasons: a fix that changes nothing must not be asked for for ever."""
    return f"{row.kind}:{','.join(sorted(_code(reason) for reason in row.reasons))}"


def _code(reason: Reason) -> str:
    return f"{reason.code}/{reason.field or ''}/{reason.time_entry_id or ''}"
