"""The form about work: time, code, what was done; to wrap up also status and mail. The review follows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from store.hours import NoHours, parse
from store.read_records import TicketView
from tui import keymap
from tui.asks import Item
from tui.keymap import labels
from tui.screens.base import Dialog
from tui.text import hours, say, spent
from tui.widgets.choice import Choice

if TYPE_CHECKING:
    from store.fixes import Guard

NO_MAIL, NO_ANSWER, REPLY = "none", "seen", "reply"


@dataclass(frozen=True, slots=True)
class Offered:
    """What the form begins with, and what this PSA takes."""

    title: str
    time: str = ""
    """A timer's hours, or nothing."""
    time_words: str = ""
    """What the time rests on: `timer 0:13, rounded up`."""
    no_time: str = ""
    """Why no time can be logged, or nothing."""
    codes: Sequence[Item] = ()
    billable: Sequence[Item] = ()
    statuses: Sequence[Item] = ()
    status_at: int = 0
    tell: Sequence[Item] = ()
    text_goes: str = ""
    """Where the text is kept in this PSA."""
    text: str = ""
    """What was written before and not sent."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in: `wanted` as `Intent` takes it, and the form, to come back to."""

    wanted: dict[str, Any]
    time: str
    code: int
    billable: int
    status: int
    tell: int
    text: str


class WorkForm(Dialog[Filled]):
    """Tab goes on, Esc ends the form: with something to do the review follows, else nothing happens."""

    DEFAULT_CSS = """
    WorkForm {
        align: center middle;
        #box { width: 100; max-width: 98%; height: auto; max-height: 96%; }
        .line { height: 1; }
        .label { width: 13; padding: 0 1; color: $quiet; }
        Input { border: none; height: 1; width: 16; padding: 0 1; background: $boost; }
        Input:focus { border: none; background: $cursor; }
        .beside { width: 1fr; padding: 0 1; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        Choice { width: 1fr; }
        #text-line { height: 5; }
        #text { height: 5; width: 1fr; border: round $frame; padding: 0 1; background: $surface; }
        #text:focus { border: round $internal; }
        #where { padding: 0 1 0 14; color: $quiet; height: 1; }
        #can { padding: 0 1; height: auto; margin-top: 1; }
        #problem { padding: 0 1; height: auto; color: $warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "cancel", "done", show=False, priority=True, id="work.done"),
    ]

    def __init__(
        self,
        view: TicketView,
        offered: Offered,
        guards: Callable[[dict[str, Any]], Awaitable[Sequence[Guard] | str]],
        *,
        before: Filled | None = None,
        refused: bool = False,
    ) -> None:
        """`guards` says what stands against closing, or why the fix is none; `before`: what was filled in already.
        `refused`: with that it did not go on, so Esc with nothing changed is the way out."""
        super().__init__()
        self._view, self._offered, self._guards, self._before = view, offered, guards, before
        self._refused = refused
        self._warned = False

    def compose(self) -> ComposeResult:
        record, offered, before = self._view.record, self._offered, self._before
        named = f"#{record.number} · {record.company or 'no company'} · {record.summary}"
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(f"{offered.title} · ") + say(named), classes="dialog-title")
            with Horizontal(classes="line"):
                yield Static("Time", classes="label")
                yield Input(
                    before.time if before else offered.time, id="time", disabled=bool(offered.no_time)
                )
                yield Static(Content(offered.no_time or offered.time_words), classes="beside", id="time-says")
            yield from self._choice("Code", "code", offered.codes, before.code if before else 0)
            if offered.billable:
                yield from self._choice(
                    "Billable", "billable", offered.billable, before.billable if before else 0
                )
            with Horizontal(id="text-line"):
                yield Static("Done", classes="label")
                yield TextArea(
                    before.text if before else offered.text, id="text", show_line_numbers=False,
                    tab_behavior="focus", soft_wrap=True,
                )  # fmt: skip
            if offered.text_goes:
                yield Static(Content(offered.text_goes), id="where")
            if offered.statuses:
                status = before.status if before else offered.status_at
                yield from self._choice("Status", "status", offered.statuses, status)
            if offered.tell:
                yield from self._choice("Customer", "tell", offered.tell, before.tell if before else 0)
            yield Static(id="can")
            yield Static(id="problem")
            choose = f"{labels('choice.previous', 'choice.next')} or letters choose"
            done = f"{keymap.label('dialog.cancel')} done, review follows"
            yield Static(Content(f"Tab next · {choose} · {done}"), classes="dialog-keys")

    def _choice(self, label: str, id: str, items: Sequence[Item], at: int) -> ComposeResult:
        with Horizontal(classes="line"):
            yield Static(label, classes="label")
            yield Choice(items, at=at, id=id)

    def on_mount(self) -> None:
        first = "#time" if not self._offered.no_time else "#text"
        self.query_one(first).focus()
        text = self.query_one("#text", TextArea)
        text.move_cursor(text.document.end)  # who comes back goes on writing
        self._look()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()  # Enter in a line is no answer

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Changed)
    def _changed(self) -> None:
        self._look()

    # ------------------------------------------------------------ what is filled in

    def _wanted(self) -> dict[str, Any]:
        """As `Intent` takes it. Raises `NoHours`."""
        wanted: dict[str, Any] = {}
        text = self.query_one("#text", TextArea).text.strip()
        typed = self.query_one("#time", Input).value.strip()
        if typed and not self._offered.no_time:
            worked = parse(typed, now=self.deskzero.now, zone=self.deskzero.zone_of(self._view.connection))
            wanted |= {"time": worked.hours, "started_at": worked.started_at}
            if self._offered.billable and (billable := self.query_one("#billable", Choice).chosen.key):
                wanted["billable"] = billable
        code = self.query_one("#code", Choice).chosen
        if code.key or ("time" in wanted and code.value):  # what the ticket has goes on the new entry too
            wanted["billing_code"] = code.key or code.value
        if self._offered.statuses and (status := self.query_one("#status", Choice).chosen.key):
            wanted["status"] = status
        tell = self.query_one("#tell", Choice).chosen if self._offered.tell else Item(NO_MAIL, "")
        if tell.key == REPLY and text:
            wanted["reply"] = text
        elif tell.key.startswith(NO_ANSWER):
            wanted["seen"] = tell.value
        # With time the text is the entry's; without, a note of its own, unless it is the reply.
        if text and ("time" in wanted or "reply" not in wanted):
            wanted["note"] = text
        if "seen" in wanted and "note" in wanted and "time" not in wanted:
            wanted["seen"] = f"{wanted['seen']}. {wanted.pop('note')}"
        return wanted

    @work(exclusive=True, group="ask")
    async def _look(self) -> None:
        """What the close guard says of it as it stands."""
        problem, can = "", Content("")
        try:
            wanted = self._wanted()
            said = await self._guards(wanted) if wanted else "Nothing is filled in yet."
        except NoHours as error:
            said = str(error)
        if isinstance(said, str):
            problem = said
        else:
            parts = [
                Content.styled("ok ", "$success") + Content(guard.name)
                if guard.ok
                else Content.styled("NO ", "bold $must") + say(guard.lacks)
                for guard in said
            ]
            can = Content.styled("Can close?   ", "$quiet") + Content(" · ").join(parts)
            if self._refused and self._before is not None and self._filled(wanted) == self._before:
                kept = "; the text is kept" if self._before.text else ""
                problem = f"{keymap.label('dialog.cancel')} once more gives it up{kept}."
        self.query_one("#can", Static).update(can)
        self.query_one("#problem", Static).update(Content(problem))

    # ------------------------------------------------------------ its end

    def action_cancel(self) -> None:
        """Esc: done. What is no time is said first; a second Esc then gives the form up, its text is kept."""
        try:
            wanted = self._wanted()
        except NoHours as error:
            if self._warned:
                wanted = {}
            else:
                self._warned = True
                self.query_one("#time", Input).focus()
                self.query_one("#problem", Static).update(
                    Content(f"{error} {keymap.label('dialog.cancel')} once more gives it up.")
                )
                return
        self.finish(self._filled(wanted))

    def _filled(self, wanted: dict[str, Any]) -> Filled:
        billable = self.query_one("#billable", Choice).position if self._offered.billable else 0
        return Filled(
            wanted=wanted,
            time=self.query_one("#time", Input).value,
            code=self.query_one("#code", Choice).position,
            billable=billable,
            status=self.query_one("#status", Choice).position if self._offered.statuses else 0,
            tell=self.query_one("#tell", Choice).position if self._offered.tell else 0,
            text=self.query_one("#text", TextArea).text.strip(),
        )


def rounded_words(seconds: int, after: float) -> str:
    """`timer 0:13, rounded up to 0.25 h`."""
    raw = seconds / 3600
    more = f", rounded up to {hours(after)}" if after - raw > 1e-6 else ""
    return f"timer {spent(seconds)}{more}"
