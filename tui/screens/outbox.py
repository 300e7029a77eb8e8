"""The outbox and the trouble list: what waits, what was refused and in which words, and the way out of each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from connectors.text import clean
from store.changes import DECIDE_STATES
from store.read import CacheUnreadable, Reader
from store.read_records import ChangeView
from tui import orders
from tui.asks import Jump
from tui.engine import Engine, EngineStopped
from tui.keymap import label
from tui.messages import Saved
from tui.orders import Refused
from tui.screens.base import Dialog
from tui.screens.confirm import Ask
from tui.screens.conflict import Conflict
from tui.screens.undo_list import can_take_back
from tui.text import fit, say, when
from tui.watch import STATE_WORDS, named_field, shown

WIDEST = 108


class Outbox(Dialog[Jump]):
    """Changes that are not at an end (and the last ones that are). Enter goes to the ticket or into a conflict."""

    DEFAULT_CSS = """
    Outbox, Trouble {
        align: center middle;
        #box { width: 108; max-width: 98%; height: auto; max-height: 92%; }
        OptionList { height: auto; min-height: 3; max-height: 40vh; border: none; padding: 0; background: transparent; }
        #about { padding: 0 1; height: auto; min-height: 4; max-height: 5; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,O,exclamation_mark", "cancel", "back", show=False, id="outbox.close"),
        Binding("j", "step(1)", "down", show=False, id="outbox.down"),
        Binding("k", "step(-1)", "up", show=False, id="outbox.up"),
        Binding("t", "again", "send now, try again", show=False, id="outbox.again"),
        Binding("u", "take_back", "take back", show=False, id="outbox.take_back"),
        Binding("D", "drop", "drop (asks)", show=False, id="outbox.drop"),
        Binding("m", "mistake", "into the mistake log", show=False, id="outbox.mistake"),
    ]
    TITLE_TEXT = "Outbox: what waits to be sent, and what became of the last ones"
    EMPTY = "Nothing waits. Everything you did is in the PSA."

    def __init__(self) -> None:
        super().__init__()
        self._changes: list[ChangeView] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(self.TITLE_TEXT), classes="dialog-title")
            yield OptionList(markup=False)
            yield Static(id="about")
            yield Static(Content(f"{label('dialog.cancel')} back"), id="keys", classes="dialog-keys")

    async def on_mount(self) -> None:
        self.deskzero.saved.subscribe(self, self._saved)
        self.query_one(OptionList).focus()
        self.set_interval(1.0, self._count_down)
        await self.fill()

    async def _saved(self, _saved: Saved) -> None:
        await self.fill()

    def wanted(self, reader: Reader) -> list[ChangeView]:
        """The changes to show: what is open first, then the newest twenty of today's others."""
        everything = reader.changes(True)
        ended = [c for c in everything if c.state in ("confirmed", "undone", "dropped")]
        waiting = [c for c in everything if c not in ended]
        return waiting + sorted(ended, key=lambda c: c.created_at)[:-21:-1]

    def extra(self, reader: Reader) -> Sequence[Content]:
        """Lines below the changes that are no changes."""
        return ()

    async def fill(self) -> None:
        """Reads again; the highlighted change stays highlighted."""
        options = self.query_one(OptionList)
        kept = self.chosen()
        try:
            self._changes = await self.deskzero.read(self.wanted)
            lines = await self.deskzero.read(self.extra)
        except CacheUnreadable as error:
            self._refused(str(error))
            return
        options.clear_options()
        for change in self._changes:
            options.add_option(Option(self._line(change), id=change.change))
        for line in lines:
            options.add_option(Option(line, disabled=True))
        if not self._changes and not lines:
            options.add_option(Option(Content.styled(f" {self.EMPTY}", "$quiet"), disabled=True))
        ids = [change.change for change in self._changes]
        if ids:
            options.highlighted = ids.index(kept.change) if kept is not None and kept.change in ids else 0
        self._about()

    def _count_down(self) -> None:
        """The seconds until what is held leaves."""
        options = self.query_one(OptionList)
        for place, change in enumerate(self._changes):
            if change.state == "held" and place < options.option_count:
                options.replace_option_prompt_at_index(place, self._line(change))

    def _refused(self, why: str, hint: str = "") -> None:
        lines = Content.assemble(("! ", "bold"), say(why), "\n  ", say(hint))
        self.query_one("#about", Static).update(lines)

    def _line(self, change: ChangeView) -> Content:
        """One line, as wide as the list: the state is never cut, company and verb share what is left."""
        marks = {"confirmed": "✓", "held": "✉", "queued": "↑", "sending": "↑"}
        mark = "!" if change.asks else marks.get(change.state, "!")
        if change.state in ("undone", "dropped"):
            mark = "·"
        stamps, states = [self._stamp(one) for one in self._changes], [self._state(c) for c in self._changes]
        stamp, state = max(map(len, stamps)), max(map(len, states))
        left = max(20, self._room - stamp - state - 7)
        named = min(26, left * 3 // 5)
        return Content.assemble(
            f" {mark} {fit(self._stamp(change), stamp)} ",
            fit(f"#{clean(change.number)} {clean(change.company)}", named),
            f" {fit(clean(change.verb), min(24, left - named))} {self._state(change)}",
        )

    @property
    def _room(self) -> int:
        """Cells for a line; before the first layout what the box will leave."""
        laid_out = self.query_one(OptionList).scrollable_content_region.width
        return laid_out or min(WIDEST, self.app.size.width * 98 // 100) - 4

    def _stamp(self, change: ChangeView) -> str:
        return when(change.created_at, self.deskzero.now, self.deskzero.zone)

    def _state(self, change: ChangeView) -> str:
        if change.asks:
            return "late: does it still go?"
        if change.state == "held" and change.due_at is not None:
            return f"leaves in {max(0, change.due_at - self.deskzero.now)} s"
        return STATE_WORDS[change.state]

    def chosen(self) -> ChangeView | None:
        """The change under the cursor."""
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is None or highlighted >= len(self._changes):
            return None
        return self._changes[highlighted]

    @on(OptionList.OptionHighlighted)
    def _about(self) -> None:
        change = self.chosen()
        self.query_one("#keys", Static).update(
            Content(" · ".join([*self._keys(change), f"{label('dialog.cancel')} back"]))
        )
        if change is None:
            self.query_one("#about", Static).update("")
            return
        lines = [Content.assemble(say(change.summary), "\n")]
        if change.error:
            lines.append(Content.assemble(("! ", "bold"), say(change.error), "\n"))
        if change.hint and "`deskzero" not in change.hint:  # here the keys below do what the command does
            lines.append(Content.assemble("  ", say(change.hint), "\n"))
        if change.because:
            lines.append(Content.assemble("because: ", say(change.because), "\n"))
        for field, value in change.values.items():
            lines.append(Content(f"{named_field(field)} → {shown(value) or 'empty'}\n"))
        self.query_one("#about", Static).update(Content.assemble(*lines))

    def _keys(self, change: ChangeView | None) -> list[str]:
        """What can be done with this change; only that is shown, and only that does something."""
        if change is None:
            return []
        keys = ["Enter decide" if change.state == "conflict" else "Enter go to it"]
        if self._can_retry(change):
            words = {"held": "send it now", "uncertain": "it is not there: send it again"}
            keys.append(f"{label('outbox.again')} {words.get(change.state, 'try again')}")
        if can_take_back(self.deskzero, change):
            keys.append(f"{label('outbox.take_back')} take back")
        if self._can_drop(change):
            what = "it is there" if change.state == "uncertain" else "drop"
            keys.append(f"{label('outbox.drop')} {what} (asks)")
        keys.append(f"{label('outbox.mistake')} mistake log")
        return keys

    def _can_retry(self, change: ChangeView) -> bool:
        return change.state in ("rejected", "uncertain", "queued", "held")

    def _can_drop(self, change: ChangeView) -> bool:
        return change.state in (*DECIDE_STATES, "queued")

    def action_step(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        change = self.chosen()
        if change is None:
            return
        if change.state == "conflict":
            self._decide(change)
        else:
            self.finish(Jump(change.connection, change.ticket_id))

    @work(exclusive=True, group="outbox")
    async def _decide(self, change: ChangeView) -> None:
        answer = await self.app.push_screen_wait(Conflict(change))
        if answer == "mine":
            await self._act(change, orders.tried_again)
        elif answer == "theirs":
            await self._act(change, orders.dropped)
        elif answer == "edit" and await self._act(
            change, orders.dropped
        ):  # what was written is a draft again
            self.finish(Jump(change.connection, change.ticket_id, then=editing(change)))
        elif answer == "open":
            self.finish(Jump(change.connection, change.ticket_id, then="browser"))

    def action_again(self) -> None:
        change = self.chosen()
        if change is not None and self._can_retry(change):
            self._again(change)

    @work(exclusive=True, group="outbox")
    async def _again(self, change: ChangeView) -> None:
        if change.state == "uncertain":
            body = Content(
                "It is not known whether this arrived. Sent again, it may arrive twice. Look in the PSA first."
            )
            answers = [("y", "I have looked: send it again", True)]
            if not await self.app.push_screen_wait(Ask(Content("Send it again?"), body, answers)):
                return
        held = change.state == "held"
        await self._act(change, orders.released if held else orders.tried_again)

    def action_take_back(self) -> None:
        change = self.chosen()
        if change is not None and can_take_back(self.deskzero, change):
            self._take_back(change)

    @work(exclusive=True, group="outbox")
    async def _take_back(self, change: ChangeView) -> None:
        await self._act(change, orders.taken_back)

    def action_drop(self) -> None:
        change = self.chosen()
        if change is not None and self._can_drop(change):
            self._drop(change)

    @work(exclusive=True, group="outbox")
    async def _drop(self, change: ChangeView) -> None:
        title = Content.assemble("Drop ", clean(change.verb), " of ", say(f"#{change.number}"), "?")
        body = Content("It is not sent any more; the ticket shows again what the PSA has.")
        if change.state == "uncertain":
            body = Content(
                "It is not sent again. If it did arrive, it stays in the PSA; if not, it never will."
            )
        if await self.app.push_screen_wait(Ask(title, body, [("y", "drop it", True)])):
            await self._act(change, orders.dropped)

    def action_mistake(self) -> None:
        change = self.chosen()
        if change is not None:
            self._mistake(change)

    @work(exclusive=True, group="outbox")
    async def _mistake(self, change: ChangeView) -> None:
        from tui.flows_learning import Learning

        app = self.deskzero
        try:
            view = await app.read(lambda reader: reader.ticket(change.connection, change.ticket_id))
        except CacheUnreadable as error:
            self._refused(str(error))
            return
        if view is None:
            self._refused(f"#{change.number} is no longer in the cache.")
            return
        self.query_one("#about", Static).update(say(await Learning(app.queue).mistake(view, None, change)))

    async def _act(
        self, change: ChangeView, order: Callable[[Engine, ChangeView], Awaitable[object]]
    ) -> bool:
        """Has the engine do it; gives whether it was done. What went wrong is said in the lower part."""
        try:
            await order(self.deskzero.engine, change)
        except (Refused, EngineStopped) as refused:
            self._refused(str(refused), getattr(refused, "hint", ""))
            return False
        self.deskzero.saved.publish(
            Saved(quiet=False, done=frozenset({(change.connection, change.ticket_id)}))
        )
        return True


_DECIDES = {
    "reply": "reply", "note": "note", "billing_code": "code", "status": "status", "owner": "who", "parent": "parent",
}  # fmt: skip
"""What a change sets -> the action of the queue that asks for it."""


def editing(change: ChangeView) -> str:
    """The action of the queue that decides the same thing anew."""
    if "seen" in change.verb:
        return "seen"
    for name, action in _DECIDES.items():
        if name in change.values:
            return action
    return "code" if any(name.startswith("entry:") for name in change.values) else "field"
