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
from store.read import CacheUnreadable
from store.read_records import PANES, Row
from tui import messages
from tui.asks import Jump
from tui.big import big
from tui.messages import Saved
from tui.screens.base import Dialog
from tui.text import age, fit, say, when
from tui.widgets.columns import SECTION

if TYPE_CHECKING:
    from store.check import Verdict
    from store.sync_round import Progress

log = logging.getLogger(__name__)
WORDS = {"zero": "ZERO", "not_zero": "NOT ZERO", "cannot_tell": "CANNOT TELL"}
ROWS_A_GATE = 5
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
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,E", "cancel", "back", show=False),
        Binding("j", "step(1)", "down", show=False),
        Binding("k", "step(-1)", "up", show=False),
        Binding("w", "hand_over", "hand over", show=False),
        Binding("R", "ask", "ask again", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._verdict: Verdict | None = None
        self._rows: list[Row] = []
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
            yield Static(
                Content("Enter go to it · w hand over · R ask the PSA again · Esc back"),
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
        answer.update(Content(f"{big(WORDS['cannot_tell'])}\nCANNOT TELL, because"))
        self.query_one("#when", Static).update(Content("R asks again"))
        self._say_why([why, hint])
        self.query_one(OptionList).clear_options()

    def _say_why(self, sentences: Sequence[str]) -> None:
        why = self.query_one("#why", Static)
        lines = [Content.assemble(("! ", "bold"), say(one)) for one in sentences if one]
        why.set_class(bool(lines), "-some")
        why.update(Content("\n").join(lines))

    def _show(self, verdict: Verdict) -> None:
        kept = self._row()
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
        answer.update(Content(f"{big(WORDS[verdict.verdict])}\n{says}"))
        self._tell_age()
        extra = [f"{verdict.aged_out} past their window, never resolved"] if verdict.aged_out else []
        self._say_why([*verdict.why, *extra])
        options = self.query_one(OptionList)
        options.clear_options()
        self._shown = []
        for kind in app.settings.gates:
            self._gate(options, kind, sure=not verdict.why)
        keys = [row.key for row in self._shown]
        place = keys.index(kept.key) if kept is not None and kept.key in keys else 0
        options.highlighted = options.get_option_index(str(place)) if keys else None

    def _gate(self, options: OptionList, kind: str, *, sure: bool) -> None:
        """A gate's line and its rows. `?`: none is known, but not all could be asked."""
        app = self.deskzero
        rows = [row for row in self._rows if row.kind == kind]
        title = PANES[kind][1] if kind in PANES else kind
        if kind in SECTION:  # in the queue it stands below "Responded"
            title = f"{PANES['customer_responded'][1]} {title}"
        mark = "✗" if rows else ("✓" if sure else "?")
        options.add_option(
            Option(Content.styled(f" {mark} {fit(title, 22)} {len(rows)}", "bold"), disabled=True)
        )
        for row in rows[:ROWS_A_GATE]:
            text = row.reasons[0].text if row.reasons else ""
            ticket = f"{fit('#' + clean(row.number), 9)}{fit(clean(row.company), 18)}"
            line = fit(
                f"     {ticket} {age(app.now - row.since):>4}  {clean(text)}", max(40, options.size.width - 2)
            )
            options.add_option(Option(Content(line), id=str(len(self._shown))))
            self._shown.append(row)
        if len(rows) > ROWS_A_GATE:
            options.add_option(
                Option(Content.styled(f"     … and {len(rows) - ROWS_A_GATE} more", "dim"), disabled=True)
            )

    def _tell_age(self) -> None:
        verdict, app = self._verdict, self.deskzero
        if verdict is None:
            return
        if verdict.synced_at is None:
            text = "the PSA has never been asked"
        else:
            ago = app.now - verdict.synced_at
            old = " · too old to go by: R asks again" if ago > app.settings.max_age else ""
            text = f"asked the PSA {when(verdict.synced_at, app.now, app.zone)}, {age(ago)} ago{old}"
        outbox = "outbox empty" if verdict.outbox == 0 else f"{verdict.outbox} in the outbox"
        self.query_one("#when", Static).update(Content(f"{text} · {outbox}"))

    def _row(self) -> Row | None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            return None
        row_id = options.get_option_at_index(options.highlighted).id
        return None if row_id is None else self._shown[int(row_id)]

    def action_step(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _go(self) -> None:
        row = self._row()
        if row is not None:
            self.finish(Jump(row.connection, row.ticket_id))

    def action_hand_over(self) -> None:
        row = self._row()
        if row is not None:
            self.finish(Jump(row.connection, row.ticket_id, then="who"))
