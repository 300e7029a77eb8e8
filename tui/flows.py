"""The fixes, from a key to the outbox: which dialog, what is asked for, what is said afterwards.

A flow runs in a worker. It reads what is on the screen, asks with dialogs that close before anything acts, has
the fix prepared and submitted by the engine, and tells what happened and how to take it back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from connectors.contract import Choice
from connectors.text import clean
from store.changes import show_field, value_of
from store.read import CacheUnreadable
from store.read_records import TicketView
from tui import messages, orders
from tui.asks import Item
from tui.engine import EngineStopped
from tui.files import said
from tui.flows_code import Coding
from tui.keymap import label
from tui.loads import load_hint, with_loads
from tui.messages import Saved
from tui.orders import Refused
from tui.picks import change_line, choice_item, parent_line, suggested
from tui.repeat import Repeat, repeatable
from tui.screens.fields import Fields
from tui.screens.picker import Picker
from tui.text import field_text, say, when
from tui.widgets.status_line import Said

if TYPE_CHECKING:
    from store.fixes import Prepared, ReadUpTo
    from store.promise import Part, Promise
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase

DAY = 86400
REASONS = (
    "Thanks only",
    "Answered by phone",
    "Answered in person or by chat",
    "Information only, nothing was asked",
    "Same question on another ticket",
)
"""Why no answer is needed; another reason can be typed."""
_CHOICE_FIELDS = (
    "contact",
    "agreement",
    "type",
    "priority",
    "site",
    "source",
    "board",
    "status",
    "owner",
    "billing_code",
)


def title(view: TicketView, what: str) -> Content:
    """`Billing code · #70140 · Contoso Ltd · New laptop for Maria`: the company is in every title."""
    record = view.record
    named = f" · #{clean(record.number)} · {clean(record.company) or 'no company'} · "
    return Content.styled(what, "bold") + Content(named) + say(record.summary)


class Flows:
    """The fixes of the queue screen. Every method gives whether something was put into the outbox."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    # ------------------------------------------------------------ sending

    async def send(self, view: TicketView, wanted: dict[str, Any]) -> bool:
        """Prepares and submits. A guard that a reason may pass asks for it; who would be mailed, and whose card is
        changed, is shown first."""
        try:
            fix = await self.prepare(view, wanted)
            if fix is None:
                return False
            if fix.read_only:
                await self._show_only(view, fix)
                return False
            if fix.mails or fix.on_the_card:
                from tui.screens.review import Review

                if await self.app.push_screen_wait(Review(view, fix)) != "send":
                    return False
            await self.submit(view, fix)
        except (Refused, EngineStopped) as error:
            self.refused(error)
            return False
        self.screen.last = repeatable(fix, wanted) or self.screen.last
        return True

    async def repeat(self, view: TicketView, last: Repeat) -> bool:
        """`.`: the last fix that set a value, once more; never what closes or mails somebody here."""
        if no := last.why_not(view.row):
            self.screen.tell(f"Not repeated: {no}", "warn")
            return False
        try:
            fix = await self.prepare(view, last.wanted)
            if fix is None:
                return False
            if repeatable(fix, last.wanted) is None and not fix.read_only:
                self.screen.tell(
                    f"Not repeated: {last.label} would close this ticket or mail somebody.", "warn"
                )
                return False
            if fix.read_only:
                await self._show_only(view, fix)
                return False
            await self.submit(view, fix)
        except (Refused, EngineStopped) as error:
            self.refused(error)
            return False
        return True

    async def prepare(
        self, view: TicketView, wanted: dict[str, Any], *, up_to: ReadUpTo = "cache"
    ) -> Prepared | None:
        """`None`: a reason was asked for and not given. Raises `Refused`.

        `up_to`: the newest customer's note that was read; without, the newest on the screen.
        """
        up_to = read_up_to(view) if up_to == "cache" else up_to
        try:
            return await orders.prepared(self.app.engine, view, up_to, wanted)
        except Refused as error:
            if not error.asks_why:
                raise
            why = await self.app.push_screen_wait(
                Picker(title(view, "Why all the same?"), (), hint=str(error), free="this is the reason")
            )
            if why is None or not why.label.strip():
                self.screen.tell(f"{error} Nothing was done.", "warn")
                return None
        return await orders.prepared(self.app.engine, view, up_to, wanted | {"because": why.label})

    async def submit(self, view: TicketView, fix: Prepared) -> str:
        """Into the outbox; the row may leave at once. Gives the change's id. Raises `Refused`, `EngineStopped`."""
        done = frozenset({(view.connection, view.record.ticket_id)})
        change = await orders.submitted(
            self.app.engine, fix, lambda: self.app.post_message(messages.Durable(done))
        )
        self.screen.mine.made(change)
        self.app.saved.publish(Saved(quiet=False, done=done))
        return change

    def refused(self, error: Refused | EngineStopped | CacheUnreadable) -> None:
        """Says why nothing was done, and what could be meant."""
        hint = getattr(error, "hint", "")
        candidates = getattr(error, "candidates", ())
        more = f" {hint}" if hint else ""
        named = f" Could be: {', '.join(candidates[:6])}." if candidates else ""
        self.screen.tell(f"{error}{more}{named}", "bad")

    async def _show_only(self, view: TicketView, fix: Prepared) -> None:
        from tui.screens.review import Review

        await self.app.push_screen_wait(Review(view, fix))
        self.screen.tell("Nothing was sent: this connection is read_only.", "info")

    # ------------------------------------------------------------ choices

    async def choices(self, view: TicketView, kind: str) -> list[Choice]:
        """Valid values in the ticket's context, from the cache, else asked for. Raises `Refused`."""
        record = view.record
        found = await self.app.read(
            lambda reader: reader.choices(
                view.connection, kind, board_id=record.board_id, company_id=record.company_id
            )
        )
        if found:
            return found
        self.screen.tell(
            f"Asking the PSA for its {kind.replace('_', ' ')} values … {label('queue.back')} gives up.",
            "info",
        )
        asked = self.screen.status.said
        found = await orders.asked_choices(self.app.engine, view, kind)
        if self.screen.status.said is asked:
            self.screen.say(Said())
        return found

    async def pick(
        self,
        view: TicketView,
        what: str,
        items: Sequence[Item],
        preview: Callable[[Item], Content],
        *,
        hint: str = "",
        free: str = "",
        kind: str = "",
    ) -> Item | None:
        """Asks; on the way to the dialog typed keys wait for it. `kind`: of the choices, whose age is told."""
        hint = " ".join(part for part in (hint, await self._age(view, kind)) if part)
        return await self.app.push_screen_wait(
            Picker(title(view, what), items, preview=preview, hint=hint, free=free)
        )

    async def _age(self, view: TicketView, kind: str) -> str:
        """How old the choices are, where that matters: the PSA cannot be asked, or they are older than a day."""
        if not kind:
            return ""
        record = view.record
        states = await self.app.read(lambda reader: reader.states())
        down = any(state.error is not None for state in states if state.connection == view.connection)
        read_at = await self.app.read(
            lambda reader: reader.choices_read_at(
                view.connection, kind, board_id=record.board_id, company_id=record.company_id
            )
        )
        if read_at is None or not (down or self.app.now - read_at > DAY):
            return ""
        asked = "the PSA cannot be asked now" if down else "not read since"
        return f"These values are of {when(read_at, self.app.now, self.app.zone)}; {asked}."

    async def field_value(self, view: TicketView, field: str, *, what: str = "") -> bool:
        """Asks for a field's new value and sends it."""
        name = field.removeprefix("custom:").replace("_", " ")
        zone = self.app.zone_of(view.connection)
        was = field_text(field, show_field(field, value_of(view.record, field)), zone) or "—"
        items: list[Item] = []
        if field in _CHOICE_FIELDS:
            items = [choice_item(choice) for choice in await self.choices(view, field)]
        free = "" if field in _CHOICE_FIELDS else f"set {name} to this"
        if not items and not free:
            self.screen.tell(f"The PSA offers no {name} for this ticket.", "warn")
            return False
        items = suggested(items, promised(view, field), free=bool(free))

        def preview(item: Item) -> Content:
            return change_line(name, was, item.label)

        hint = f"A day or a time: 2026-11-20 or 2026-11-20 14:30 ({zone})" if field.endswith("_at") else ""
        item = await self.pick(
            view, what or name.capitalize(), items, preview, free=free, hint=hint, kind=field
        )
        if item is None:
            return False
        return await self.send(view, {"set": {field: item.key if field in _CHOICE_FIELDS else item.label}})

    # ------------------------------------------------------------ one flow a key

    async def code(self, view: TicketView) -> bool:
        """`b`."""
        return await Coding(self).code(view)

    async def accept(self, view: TicketView, shown: Promise | None) -> bool:
        """`a`: what stands after `→` on the row; a weak one (`~`) opens the picker, which has it first."""
        if shown is None:
            self.screen.tell("Nothing is suggested for this row.", "info")
            return False
        if shown.strong:
            return await self.send(view, shown.wanted)
        return await self._one_field(view, shown.parts[0].field)

    async def status(self, view: TicketView) -> bool:
        """`s`."""
        was = clean(view.record.status)
        items = suggested(
            [
                Item(one.id, one.name, detail="closes" if one.closed else "", value=one)
                for one in await self.choices(view, "status")
            ],
            promised(view, "status"),
            free=False,
        )

        def preview(item: Item) -> Content:
            closes = item.value is not None and item.value.closed
            return change_line("status", was, item.label) + Content(
                " · this closes the ticket" if closes else ""
            )

        item = await self.pick(view, "Status", items, preview, kind="status")
        return item is not None and await self.send(view, {"status": item.key})

    async def who(self, view: TicketView) -> bool:
        """`w`."""
        was = clean(view.record.owner) or "nobody"
        scope = self.app.settings.connections[view.connection].scope
        loads = await self.app.read(lambda reader: reader.loads(view.connection))
        items = [choice_item(choice) for choice in await self.choices(view, "owner")]
        item = await self.pick(
            view,
            "Who takes it?",
            with_loads(items, loads, view.connection, scope),
            lambda item: change_line("owner", was, item.label),
            hint=load_hint(view.connection, scope),
            kind="owner",
        )
        return item is not None and await self.send(view, {"owner": item.key})

    async def field(self, view: TicketView) -> bool:
        """`e`: which field, then its value."""
        can = self.screen.can(view.row)
        writable = (
            (can.writes & can.fields) | ({"custom"} if "custom" in can.writes else set())
            if can
            else frozenset()
        )
        chosen = await self.app.push_screen_wait(Fields(view, writable, self.app.zone_of(view.connection)))
        return chosen is not None and await self._one_field(view, chosen.value)

    async def _one_field(self, view: TicketView, field: str) -> bool:
        return await self.code(view) if field == "billing_code" else await self.field_value(view, field)

    async def seen(self, view: TicketView) -> bool:
        """`c`: no answer needed, up to the note that is on the screen."""
        words = view.last_words
        if words is None:
            self.screen.tell("No customer has written on this ticket.", "warn")
            return False
        items = [
            Item(str(number), f"{number} {reason}", value=reason) for number, reason in enumerate(REASONS, 1)
        ]
        covers = Content.styled("Covers ", "$quiet") + say(f"{words.who}: {said(words)}"[:200])
        item = await self.pick(
            view, "No answer needed, because", items, lambda _: covers, free="because of this",
            hint="An internal note says so in the PSA; the flag is cleared where it can be.",
        )  # fmt: skip
        return item is not None and await self.send(view, {"seen": item.value or item.label})

    async def parent(self, view: TicketView) -> bool:
        """`p`: attach, detach, or go to it."""
        record = view.record
        others = await self.app.read(
            lambda reader: reader.rows(("open",), text=f'company:"{record.company or ""}"')
        )
        can = self.screen.can(view.row)
        items: list[Item] = []
        for link in view.parents:
            if can is None or "detach" in can.writes:
                items.append(
                    Item("detach", f"Detach from #{link.number}", link.summary, value=("detach", link))
                )
            items.append(
                Item("go", f"Go to #{link.number}", f"{link.summary} ({link.state})", value=("go", link))
            )
        mine = (
            {link.ticket_id for link in view.parents}
            | {record.ticket_id}
            | {one.ticket_id for one in view.children}
        )
        for row in others if record.company_id is not None else ():  # a company that is not known is no fence
            if row.company_id == record.company_id and row.ticket_id not in mine and row.parent_id is None:
                items.append(
                    Item(f"id:{row.ticket_id}", f"#{row.number} {clean(row.summary)}", clean(row.status),
                         group=f"open at {clean(record.company) or 'no company'}", value=("attach", row))
                )  # fmt: skip
        item = await self.pick(view, "Parent", items, parent_line(view), free="attach to this ticket number")
        if item is None:
            return False
        verb, other = item.value or ("attach", None)
        if verb == "go" and other is not None:
            await self.screen.jump(view.connection, other.ticket_id)
            return False
        wanted = {"no_parent": True} if verb == "detach" else {"parent": item.key or item.label}
        return await self.send(view, wanted)


def promised(view: TicketView, field: str) -> Part | None:
    """What is promised for this field, in whatever pane the ticket is."""
    found = (row.promise.of(field) for row in view.exceptions if row.promise is not None)
    return next((part for part in found if part is not None), None)


def read_up_to(view: TicketView) -> ReadUpTo:
    """The newest customer's note that was on the screen."""
    return None if view.last_words is None else (view.last_words.at, view.last_words.note_id)
