"""Fixes of all marked tickets at once: one value, a preview ticket by ticket, one change to take back.

Only what sets a value: texts, time, closing, contacts and parents go ticket by ticket, and so does whatever mails
somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.content import Content

from connectors.contract import Choice
from connectors.text import clean
from store.read import Reader
from store.read_records import Row
from tui import keymap, orders
from tui.asks import Item
from tui.engine import EngineStopped
from tui.messages import Durable, Saved
from tui.orders import Refused
from tui.repeat import ALIKE, Repeat, repeatable
from tui.screens.picker import Picker

if TYPE_CHECKING:
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase

MOST = 200
"""Tickets in one fix: more than anybody reads in a preview."""
Wanted = Callable[[Row], dict[str, Any] | None]
"""What is wanted of one row, as `Intent` takes it; `None`: nothing is promised for it."""
WORDS = {"billing_code": "billing code", "due_at": "due date"}


class Together:
    """What `b`, `s`, `w`, `e`, `a` and `.` do while rows are marked."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    @property
    def rows(self) -> list[Row]:
        """The marked ones that are still exceptions here."""
        return [row for row in self.screen.list.marks.rows if not self.screen.list.left(row.key)]

    async def accept(self) -> bool:
        """Each row's own promise, where it is a strong one."""

        def wanted(row: Row) -> dict[str, Any] | None:
            return row.promise.wanted if row.promise is not None and row.promise.strong else None

        return await self._do(
            "What stands after →", wanted, lambda _row: "nothing strong stands after → on it"
        )

    async def value(self, field: str) -> bool:
        """One value for all: asked for, by its name, so that each board and company has its own of that name."""
        word = WORDS.get(field, field.removeprefix("custom:").replace("_", " "))
        rows = self.rows
        items = await self._items(rows, field)
        free = f"set {word} to this" if field.startswith("custom:") else ""
        if not items and not free:
            self.screen.tell(
                f"No values for {word} are known: fix one ticket first, which asks the PSA.", "warn"
            )
            return False
        title = Content.styled(word.capitalize(), "bold") + Content(f" · {len(rows)} marked tickets")

        def preview(one: Item) -> Content:
            return Content(f"{word} → {clean(one.label)} · the preview follows, ticket by ticket")

        item = await self.app.push_screen_wait(Picker(title, items, preview=preview, free=free))
        if item is None:
            return False
        ids: dict[tuple[str, str | None, str | None], str] = item.value or {}

        def wanted(row: Row) -> dict[str, Any]:
            return wanted_value(field, ids.get(_context(row), item.label))

        return await self._do(f"{word} → {clean(item.label)}", wanted)

    async def field(self) -> bool:
        """`e`: which field, then its value."""
        names = None
        for name in {row.connection for row in self.rows}:
            can = self.screen.can(next(row for row in self.rows if row.connection == name))
            here = set() if can is None else can.writes & can.fields & ALIKE
            names = here if names is None else names & here
        items = [Item(name, WORDS.get(name, name.replace("_", " "))) for name in sorted(names or ())]
        hint = "Contact, phone, mail, parent and texts are set ticket by ticket."
        title = Content.styled("Which field?", "bold") + Content(f" · {len(self.rows)} marked tickets")
        item = await self.app.push_screen_wait(Picker(title, items, hint=hint))
        return item is not None and await self.value(item.key)

    async def repeat(self, last: Repeat) -> bool:
        """`.` on all of them."""
        return await self._do(f"Again: {clean(last.label)}", last.wanted_for, last.why_not)

    # ------------------------------------------------------------ preview and out

    async def _do(self, what: str, wanted: Wanted, otherwise: Callable[[Row], str] = str) -> bool:
        """`otherwise`: why nothing is wanted of a row."""
        from tui.screens.together import Together as Preview

        rows = self.rows
        if not rows:
            self.screen.tell("None of the marked tickets is in this list any more.", "warn")
            return False
        if len(rows) > MOST:
            self.screen.tell(
                f"{len(rows)} are marked; at most {MOST} go together: nobody reads more.", "warn"
            )
            return False
        asked = [(row, wanted(row)) for row in rows]
        made = await orders.prepared_together(
            self.app.engine, [pair for pair in asked if pair[1] is not None]
        )
        answers = dict(made)
        fixes = [one for one in answers.values() if not isinstance(one, Refused)]
        if not all(one.read_only for one in fixes):  # where all are, the preview says so of the whole
            answers |= {
                key: Refused("its connection is read_only")
                for key, one in made
                if not isinstance(one, Refused) and one.read_only
            }
        lines = [(row, answers.get(row.key, Refused(otherwise(row)))) for row, _ in asked]
        if await self.app.push_screen_wait(Preview(what, lines)) is not True:
            return False
        fixes = [one for _, one in lines if not isinstance(one, Refused)]
        done = frozenset((one.connection, one.fix.ticket_id) for one in fixes)
        try:
            changes = await orders.submitted_together(
                self.app.engine, fixes, lambda: self.app.post_message(Durable(done))
            )
        except (Refused, EngineStopped) as error:
            self.screen.flows.refused(error)
            return False
        for change in changes:
            self.screen.mine.made(change)
        self.screen.list.let_go()
        first = next(row for row, one in lines if one is fixes[0])
        self.screen.last = repeatable(fixes[0], wanted(first) or {}) or self.screen.last
        self.app.saved.publish(Saved(quiet=False, done=done))
        left = len(lines) - len(fixes)
        more = f", {left} were not changed" if left else ""
        undoes = f"{keymap.label('queue.undo')} undoes all"
        self.screen.tell(f"{what}: {len(fixes)} tickets are on their way{more}", "wait", undoes)
        return True

    async def _items(self, rows: Sequence[Row], field: str) -> list[Item]:
        """Values by name, over the boards and companies of the rows; each says for how many it is valid."""
        contexts = list(dict.fromkeys(_context(row) for row in rows))
        found: dict[str, dict[tuple[str, str | None, str | None], str]] = {}
        shown: dict[str, Choice] = {}
        for context in contexts:
            name, board, company = context
            for choice in await self.app.read(
                partial(_choices, connection=name, kind=field, board=board, company=company)
            ):
                found.setdefault(choice.name, {})[context] = choice.id
                shown.setdefault(choice.name, choice)
        items = []
        for label, ids in found.items():
            valid = sum(_context(row) in ids for row in rows)
            closes = "closes: ticket by ticket" if shown[label].closed else ""
            some = f"for {valid} of {len(rows)}" if valid < len(rows) else ""
            items.append(Item(label, label, " · ".join(part for part in (closes, some) if part), value=ids))
        return items


def wanted_value(field: str, value: str) -> dict[str, Any]:
    """`Intent`'s own names for the fields that have one."""
    if field in ("billing_code", "status", "owner"):
        return {field: value}
    return {"set": {field: value}}


def _choices(
    reader: Reader, *, connection: str, kind: str, board: str | None, company: str | None
) -> list[Choice]:
    return reader.choices(connection, kind, board_id=board, company_id=company)


def _context(row: Row) -> tuple[str, str | None, str | None]:
    return row.connection, row.board_id, row.company_id
