"""End of day: asks the PSA and answers ZERO, NOT ZERO or CANNOT TELL, as `deskzero check` does."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from connectors.text import clean
from store import sign_offs
from store.read import CacheUnreadable
from store.read_day import Day
from store.read_records import Row
from store.sign_offs import Signed
from tui import messages
from tui.asks import Jump
from tui.big import big
from tui.day_lines import answered_line, gap_line, gate_title, handed_over, row_words, time_line
from tui.engine import EngineStopped
from tui.flows_day import EndingDay
from tui.keymap import label
from tui.messages import Saved
from tui.orders import Refused
from tui.screens.base import Dialog
from tui.text import age, fit, say, when

if TYPE_CHECKING:
    from store.check import Verdict
    from store.sync_round import Progress

log = logging.getLogger(__name__)
WORDS = {"zero": "ZERO", "not_zero": "NOT ZERO", "cannot_tell": "CANNOT TELL"}
SIGN = "sign"
"""Id of the last line."""
ROWS_A_GATE = 200
"""So many rows of a gate are listed; the pane has the rest."""


class EndOfDay(Dialog[Jump]):
    """Every gate with its rows. Enter goes to the row, `w` hands it over, `R` asks the PSA again."""

    DEFAULT_CSS = """
    EndOfDay {
        align: center middle;
        #box { width: 108; max-width: 98%; height: 94%; max-height: 36; }
        #verdict { height: auto; padding: 0 1; text-style: bold; }
        #verdict.-zero { color: $success; }
        #verdict.-not_zero { color: $warning; }
        #verdict.-cannot_tell { color: $error; }
        #when { padding: 0 1; color: $quiet; height: 1; }
        #why { padding: 0 1; height: auto; max-height: 25vh; margin-top: 1; display: none; }
        #why.-some { display: block; }
        OptionList { height: 1fr; min-height: 3; padding: 0; margin-top: 1; }
        #said { height: auto; padding: 0 1; color: $warning; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,E", "cancel", "back", show=False, id="end_of_day.close"),
        Binding("j", "step(1)", "down", show=False, id="end_of_day.down"),
        Binding("k", "step(-1)", "up", show=False, id="end_of_day.up"),
        Binding("w", "hand_over", "hand over", show=False, id="end_of_day.hand_over"),
        Binding("R", "ask", "ask again", show=False, id="end_of_day.ask"),
        Binding("y", "copy", "copy as text", show=False, id="end_of_day.copy"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._verdict: Verdict | None = None
        self._rows: list[Row] = []
        self._day: Day | None = None
        self._signed: Signed | None = None
        self._shown: list[Row] = []
        """Those with a line of their own, in its order."""
        self._asking = False
        self._asked = False
        """The PSA was asked from here; what is shown may have been read from the cache since."""

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(Content(f"End of day · {self._today()}"), classes="dialog-title")
            yield Static(id="verdict")
            yield Static(id="when")
            yield Static(id="why")
            yield OptionList(markup=False)
            yield Static(id="said")
            yield Static(
                Content(
                    f"Enter go to it · {label('end_of_day.hand_over')} hand over · "
                    f"{label('end_of_day.copy')} copy as text · {label('end_of_day.ask')} ask the PSA again · "
                    f"{label('dialog.cancel')} back"
                ),
                classes="dialog-keys",
            )

    def _today(self) -> str:
        today = datetime.fromtimestamp(self.deskzero.now, self.deskzero.zone)
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        return f"{names[today.weekday()]} {today:%Y-%m-%d %H:%M}"

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.deskzero.saved.subscribe(self, self._saved)
        self.set_interval(1.0, self._tell_age)
        self.action_ask()

    def _saved(self, _saved: Saved) -> None:
        if self._verdict is not None and not self._asking:
            self._look_again()

    @work(exclusive=True, group="check")
    async def action_ask(self) -> None:
        """Syncs and reads every conversation, then asks for the verdict; all of it in the engine."""
        if self._asking:
            return
        self._asking = True
        self.query_one("#verdict", Static).update(Content("Asking the PSA …"))
        try:
            verdict = await self.deskzero.engine.call(lambda desk: desk.check(progress=self._progress))
            await self._read_rows()
        except Exception as error:  # whatever it was: it is not known whether it is zero
            log.error("the end-of-day check failed", exc_info=error)
            self._cannot_tell(str(error) or type(error).__name__, getattr(error, "hint", ""))
            return
        finally:
            self._asking = False
        self._asked = True
        self._show(verdict)
        self.deskzero.saved.publish(Saved())  # the queue behind shows what was read just now

    @work(exclusive=True, group="look")
    async def _look_again(self) -> None:
        """Something was sent or synced: the answer by the same code, from the cache."""
        from store.check import verdict

        app = self.deskzero
        try:
            answer = await app.read(
                lambda reader: verdict(reader, app.settings, now=app.now, asked=self._asked)
            )
            await self._read_rows()
        except CacheUnreadable as error:
            self._cannot_tell(str(error), "")
            return
        if not self._asking:
            self._show(answer)

    async def _read_rows(self) -> None:
        self._rows = await self.deskzero.read(lambda reader: [row for row in reader.rows() if row.gate])
        self._day = await self.deskzero.read(lambda reader: reader.day())
        today = EndingDay(self.deskzero).today
        self._signed = await self.deskzero.read(lambda _: sign_offs.of_day(self.deskzero.home, today))

    def _progress(self, progress: Progress) -> None:
        """Called in the engine's thread."""
        self.post_message(messages.SyncProgress(progress.connection, progress.done, progress.total))

    @on(messages.SyncProgress)
    def _so_far(self, message: messages.SyncProgress) -> None:
        message.stop()
        if self._asking:
            of = f" of {message.expected}" if message.expected else ""
            text = f"Asking the PSA … {clean(message.connection)} {message.done}{of}"
            self.query_one("#verdict", Static).update(Content(text))

    def _cannot_tell(self, why: str, hint: str) -> None:
        self._verdict, self._rows = None, []
        answer = self.query_one("#verdict", Static)
        answer.set_classes("-cannot_tell")
        answer.update(Content(f"{self._large('cannot_tell')}CANNOT TELL, because"))
        self.query_one("#when", Static).update(Content(f"{label('end_of_day.ask')} asks again"))
        self._say_why([why, hint])
        self.query_one(OptionList).clear_options()

    def _large(self, verdict: str) -> str:
        """The answer in large letters; a screen reader has the words that follow."""
        return "" if self.deskzero.spoken else f"{big(WORDS[verdict])}\n"

    def _say_why(self, sentences: Sequence[str]) -> None:
        why = self.query_one("#why", Static)
        lines = [Content.assemble(("! ", "bold"), say(one)) for one in sentences if one]
        why.set_class(bool(lines), "-some")
        why.update(Content("\n").join(lines))

    def _show(self, verdict: Verdict) -> None:
        kept = self._highlighted()
        self._verdict = verdict
        app = self.deskzero
        answer = self.query_one("#verdict", Static)
        answer.set_classes(f"-{verdict.verdict}")
        at = when(verdict.synced_at or app.now, app.now, app.zone)
        says = {
            "zero": f"ZERO at {at}. Nothing fell through. Good night.",
            "not_zero": f"NOT ZERO, {verdict.to_zero} to go",
            "cannot_tell": "CANNOT TELL, because",
        }[verdict.verdict]
        answer.update(Content(f"{self._large(verdict.verdict)}{says}"))
        self._tell_age()
        extra = [f"{verdict.aged_out} past their window, never resolved"] if verdict.aged_out else []
        self._say_why([*verdict.why, *extra])
        options = self.query_one(OptionList)
        options.clear_options()
        self._shown = []
        for kind in app.settings.counted:
            self._gate(options, kind, sure=not verdict.why)
        self._below(options)
        ids = [options.get_option_at_index(place).id for place in range(options.option_count)]
        able = [place for place, one in enumerate(ids) if one is not None]
        options.highlighted = ids.index(kept) if kept in ids and kept is not None else able[0]

    def _gate(self, options: OptionList, kind: str, *, sure: bool) -> None:
        """A gate's line and its rows. `?`: none is known, but not all could be asked."""
        app = self.deskzero
        rows = [row for row in self._rows if row.kind == kind]
        mark = "✗" if rows else ("✓" if sure else "?")
        options.add_option(
            Option(Content.styled(f" {mark} {fit(gate_title(kind), 22)} {len(rows)}", "bold"), disabled=True)
        )
        if kind == "customer_responded" and self._day is not None:
            options.add_option(
                Option(Content.styled(f"     {answered_line(self._day)}", "$quiet"), disabled=True)
            )
        for row in rows[:ROWS_A_GATE]:
            text = row.reasons[0].text if row.reasons else ""
            if self._day is not None and (words := row_words(row, self._day, app.now, app.zone)):
                text = f"{words} · {text}"
            ticket = f"{fit('#' + clean(row.number), 9)}{fit(clean(row.company), 18)}"
            line = fit(
                f"     {ticket} {age(app.now - row.since):>4}  {clean(text)}", max(40, options.size.width - 2)
            )
            options.add_option(Option(Content(line), id=":".join(map(str, row.key))))
            self._shown.append(row)
        if len(rows) > ROWS_A_GATE:
            options.add_option(
                Option(Content.styled(f"     … and {len(rows) - ROWS_A_GATE} more", "$quiet"), disabled=True)
            )

    def _below(self, options: OptionList) -> None:
        """Time, its gaps, and the signature."""
        day, app = self._day, self.deskzero
        if day is None:
            return
        mark = "!" if day.gaps else ("✓" if day.time_known else "?")
        options.add_option(Option(Content.styled(f" {mark} {time_line(day)}", "bold"), disabled=True))
        for place, gap in enumerate(day.gaps):
            options.add_option(
                Option(
                    Content(f"     {gap_line(gap, app.zone)}"), id=f"gap:{place}", disabled=not gap.touched
                )
            )
        taken = sum((row.connection, row.ticket_id) in day.left for row in self._rows)
        words = (
            f"{taken} of {len(self._rows)} rows left have a taker and a reason"
            if self._rows
            else "nothing is left"
        )
        if self._signed is not None:
            words = (
                f"signed {when(self._signed.at, app.now, app.zone)} by {clean(self._signed.who)} · {words}"
            )
        options.add_option(Option(Content.styled(f" Sign off · {words}", "bold"), id=SIGN))

    def _tell_age(self) -> None:
        verdict, app = self._verdict, self.deskzero
        if verdict is None:
            return
        if verdict.synced_at is None:
            text = "the PSA has never been asked"
        else:
            ago = app.now - verdict.synced_at
            old = (
                f" · too old to go by: {label('end_of_day.ask')} asks again"
                if ago > app.settings.max_age
                else ""
            )
            text = f"asked the PSA {when(verdict.synced_at, app.now, app.zone)}, {age(ago)} ago{old}"
        outbox = "outbox empty" if verdict.outbox == 0 else f"{verdict.outbox} in the outbox"
        self.query_one("#when", Static).update(Content(f"{text} · {outbox}"))

    def _highlighted(self) -> str | None:
        """The id of the line under the cursor."""
        options = self.query_one(OptionList)
        return None if options.highlighted is None else options.get_option_at_index(options.highlighted).id

    def _row(self) -> Row | None:
        here = self._highlighted()
        return next((row for row in self._shown if ":".join(map(str, row.key)) == here), None)

    def action_step(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _go(self) -> None:
        row, here = self._row(), self._highlighted() or ""
        if row is not None:
            self.finish(Jump(row.connection, row.ticket_id))
        elif here == SIGN:
            self._sign_off()
        elif here.startswith("gap:") and self._day is not None:
            connection, ticket_id, _ = self._day.gaps[int(here.removeprefix("gap:"))].touched[0]
            self.finish(Jump(connection, ticket_id, then="log_time"))

    @work(exclusive=True, group="ask")
    async def action_hand_over(self) -> None:
        """`w`: who takes this row and why; an internal note says so in the PSA."""
        row = self._row()
        if row is None:
            self._tell(f"{label('end_of_day.hand_over')} hands a row over: choose one.")
            return
        try:
            self._tell(await EndingDay(self.deskzero).hand_over(row))
        except (Refused, EngineStopped, CacheUnreadable) as error:
            self._tell(f"{error} {getattr(error, 'hint', '')}".strip())
        self._look_again()

    @work(exclusive=True, group="ask")
    async def _sign_off(self) -> None:
        verdict, day = self._verdict, self._day
        if verdict is None or day is None:
            return
        words = WORDS[verdict.verdict] + (f", {verdict.to_zero} left" if verdict.to_zero else "")
        self._tell(await EndingDay(self.deskzero).sign_off(verdict, words, self._rows, day))
        self._look_again()

    def action_copy(self) -> None:
        """`y`: all of it as text, for whoever comes next."""
        verdict, day, app = self._verdict, self._day, self.deskzero
        if verdict is None or day is None:
            return
        title = f"End of day {self._today()}: {WORDS[verdict.verdict]}, {verdict.to_zero} to go"
        app.copy_to_clipboard(handed_over(self._rows, day, title=title, now=app.now, zone=app.zone))
        self._tell("Copied as text.")

    def _tell(self, text: str) -> None:
        self.query_one("#said", Static).update(Content(text))
