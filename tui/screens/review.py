"""The review: to whom, what changes, read up to which note. The only place from which a text is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from connectors.text import clean
from store.read import CacheUnreadable
from store.read_records import TicketView, Words
from tui.asks import ReviewAnswer, Side
from tui.keymap import label
from tui.messages import Saved
from tui.screens.base import Dialog
from tui.screens.confirm import Ask
from tui.text import field_text, say, when
from tui.widgets.labelled import Labelled

if TYPE_CHECKING:
    from store.fixes import Prepared


class Review(Dialog[ReviewAnswer]):
    """`y` sends, `e` edits, Esc keeps the text as a draft, `D` discards it (asks). Enter does nothing."""

    DEFAULT_CSS = """
    Review {
        align: center middle;
        #box { width: 96; max-width: 98%; height: auto; max-height: 94%; }
        #middle { height: auto; max-height: 60vh; }
        #lines { padding: 0 1; height: auto; }
        #text { height: auto; max-height: 30vh; margin: 1 1 0 1; padding: 0 1; border-left: thick $frame; }
        #text > Static { height: auto; }
        #box.-reply { border: heavy $public; }
        #box.-note { border: round $internal; }
    }
    """
    takes_typed = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('send')", "send", show=False, id="review.send"),
        Binding("e", "answer('edit')", "edit", show=False, id="review.edit"),
        Binding("v", "answer('own')", "own editor", show=False, id="review.own_editor"),
        Binding("D", "discard", "discard (asks)", show=False, id="review.discard"),
        Binding("j,down", "scroll(1)", "down", show=False, id="review.down"),
        Binding("k,up", "scroll(-1)", "up", show=False, id="review.up"),
    ]

    def __init__(
        self, view: TicketView, prepared: Prepared, *, side: Side | None = None, what: str = ""
    ) -> None:
        """`side` says that there is a text, and which; `None`: only fields change. `what`: the question, where it is
        another one than the side's."""
        super().__init__()
        self._view, self._prepared, self._side = view, prepared, side
        self._what = what
        self._newer: Words | None = None

    def compose(self) -> ComposeResult:
        record = self._view.record
        what = {
            "reply": "Send? PUBLIC: the customer reads it",
            "note": "Save? INTERNAL note",
            None: "Do this?",
        }
        if self._prepared.read_only:
            what = dict.fromkeys(what, "Not sent, read_only: this is what would go out")
        asked = self._what if self._what and not self._prepared.read_only else what[self._side]
        title = Content.assemble(asked, " ── ", say(f"#{record.number} · {record.company or 'no company'}"))
        text = self._prepared.fix.reply or self._prepared.fix.note or ""
        hold = self.deskzero.settings.hold if self._prepared.held else 0
        later = f", {hold} s to take back" if hold else ""
        back = label("dialog.cancel")
        keep = f"{back} keep as draft · {label('review.discard')} discard" if self._side else f"{back} back"
        with Vertical(id="box", classes="dialog" if self._side is None else f"dialog -{self._side}"):
            yield Static(title, classes="dialog-title")
            with VerticalScroll(
                id="middle", can_focus=False
            ):  # however much there is, the keys stay in sight
                yield Labelled(id="lines")
                if text:
                    with VerticalScroll(id="text", can_focus=False):
                        yield Static(Content(clean(text, lines=True)))
            word = {"reply": "send", "note": "save", None: "send" if self._prepared.mails else "do it"}[
                self._side
            ]
            edit = f"{label('review.edit')} edit · " if self._side else ""
            edit += f"{label('review.own_editor')} own editor · " if self._side and not self._what else ""
            yes = "" if self._prepared.read_only else f"{label('review.send')} {word}{later} · "
            yield Static(Content(f"{yes}{edit}{keep}"), classes="dialog-keys")

    async def on_mount(self) -> None:
        self._say_lines()
        self.deskzero.saved.subscribe(self, self._saved)
        await self._look_again()  # it may have come while the text was written

    async def _saved(self, _saved: Saved) -> None:
        await self._look_again()

    async def _look_again(self) -> None:
        """Says so when the customer has written what the text does not answer."""
        view = self._view
        try:
            newest = await self.deskzero.read(
                lambda reader: reader.newest_customer_note(view.connection, view.record.ticket_id)
            )
        except CacheUnreadable:
            return  # the queue's line says it; sending compares with the PSA itself
        read = self._prepared.fix.read_up_to_id
        if newest is not None and newest.note_id != read and newest != self._newer:
            self._newer = newest
            self._say_lines()

    def _say_lines(self) -> None:
        self.query_one(Labelled).pairs = tuple(self._lines())

    def _lines(self) -> list[tuple[str, Content]]:
        record, prepared, fix = self._view.record, self._prepared, self._prepared.fix
        zone = self.deskzero.zone_of(self._view.connection)
        rows: list[tuple[str, Content]] = []
        if self._side == "reply":
            mail = (
                f" <{clean(record.contact_email)}>"
                if record.contact_email
                else " (no mail address on the ticket)"
            )
            rows.append(("To", Content.assemble(say(record.contact or "no contact"), mail)))
            if record.cc:
                rows.append(
                    ("Cc", Content.assemble(say(record.cc), ("   on the ticket, gets it too", "$quiet")))
                )
        mails = ", ".join(clean(who) for who in prepared.mails)
        rules = "What the PSA's own rules send, deskzero cannot see."
        rows.append(("By us", Content(f"1 mail, to {mails}. {rules}" if mails else f"no mail. {rules}")))
        for line in prepared.preview:
            if line.field not in ("reply (public)", "note (internal)"):  # their text stands below
                was, becomes = (
                    field_text(line.field, text, zone) or "empty" for text in (line.was, line.becomes)
                )
                rows.append((clean(line.field).replace("_", " "), Content(f"{was} → {becomes}")))
        rows += [("note that", say(remark)) for remark in prepared.remarks]
        if prepared.because:
            rows.append(("because", say(prepared.because)))
        rows.append(("Read", self._read_line(fix.read_up_to)))
        if self._newer is not None:
            at = when(self._newer.at, self.deskzero.now, self.deskzero.zone)
            words = Content.assemble("! ", say(self._newer.who), f" wrote at {at}, so this will not go out")
            rows.append(("Not read", words.stylize("bold $warning")))
        if prepared.read_only:
            rows.append(
                ("Read only", Content.styled("nothing is sent: read_only = true in the settings", "bold"))
            )
            rows += [("Would go out", say(step.request)) for step in prepared.steps]
        return rows

    def _read_line(self, read_up_to: int | None) -> Content:
        app = self.deskzero
        if read_up_to is None:
            return Content("the customer has not written")
        return Content(f"up to the customer's note of {when(read_up_to, app.now, app.zone)}")

    def action_answer(self, answer: ReviewAnswer) -> None:
        texts = {"edit": self._side is not None, "own": self._side is not None and not self._what}
        if not texts.get(answer, True) or (answer == "send" and self._prepared.read_only):
            return
        self.finish(answer)

    def action_cancel(self) -> None:
        self.finish("keep" if self._side else None)

    def action_scroll(self, by: int) -> None:
        """Down to the end of the whole, then of the text; up the other way."""
        areas = list(self.query("#middle, #text").results(VerticalScroll))
        for area in areas if by > 0 else reversed(areas):
            if (area.scroll_y < area.max_scroll_y) if by > 0 else (area.scroll_y > 0):
                area.scroll_relative(y=by, animate=False)
                return

    @work(exclusive=True, group="ask")
    async def action_discard(self) -> None:
        if self._side is None:
            return
        body = Content("The text is thrown away, the draft too.")
        if await self.app.push_screen_wait(
            Ask(Content("Discard the text?"), body, [("y", "discard it", True)])
        ):
            self.finish("discard")
