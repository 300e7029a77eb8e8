"""End of day: asks the PSA and answers ZERO, NOT ZERO or CANNOT TELL, as `deskzero check` does."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from connectors.contract import ConnectorError
from connectors.text import clean
from store.read_records import PANES, Row
from tui.asks import Jump
from tui.big import big
from tui.engine import EngineStopped
from tui.messages import Saved
from tui.screens.base import Dialog
from tui.text import age, fit, say, when

if TYPE_CHECKING:
    from store.check import Verdict

WORDS = {"zero": "ZERO", "not_zero": "NOT ZERO", "cannot_tell": "CANNOT TELL"}
ROWS_A_GATE = 5
"""So many rows of a gate are listed; the pane has the rest."""


class EndOfDay(Dialog[Jump]):
    """Every gate with its rows. Enter goes to the row, `w` hands it over, `R` asks the PSA again."""

    DEFAULT_CSS = """
    EndOfDay {
        align: center middle;
        #box { width: 108; max-width: 98%; height: auto; max-height: 94%; }
        #verdict { height: auto; padding: 0 1; text-style: bold; }
        #verdict.-zero { color: $success; }
        #verdict.-not_zero { color: $warning; }
        #verdict.-cannot_tell { color: $error; }
        #when { padding: 0 1; color: $quiet; height: 1; }
        #why { padding: 0 1; height: auto; max-height: 8; margin-top: 1; }
        OptionList { height: auto; max-height: 14; border: none; padding: 0; background: transparent; margin-top: 1; }
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
        self._asking = False

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

    async def _saved(self, saved: Saved) -> None:
        if not saved.quiet and not self._asking:
            self.action_ask()

    @work(exclusive=True, group="check")
    async def action_ask(self) -> None:
        """Syncs and reads every conversation, then asks for the verdict; all of it in the engine."""
        self._asking = True
        self.query_one("#verdict", Static).update(Content("Asking the PSA …"))
        try:
            verdict = await self.deskzero.engine.call(lambda desk: desk.check())
        except (ConnectorError, EngineStopped, OSError, ValueError) as error:
            self.query_one("#verdict", Static).update(
                Content.assemble("CANNOT TELL: ", say(str(error)), ("  R asks again", "dim"))
            )
            return
        finally:
            self._asking = False
        self._verdict = verdict
        self._rows = await self.deskzero.read(lambda reader: [row for row in reader.rows() if row.gate])
        self._show(verdict)

    def _show(self, verdict: Verdict) -> None:
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
        self.query_one("#why", Static).update(
            Content("\n").join([Content.assemble(("! ", "bold"), say(why)) for why in (*verdict.why, *extra)])
        )
        options = self.query_one(OptionList)
        options.clear_options()
        for kind in app.settings.gates:
            self._gate(options, kind)
        first = next(
            (n for n in range(options.option_count) if not options.get_option_at_index(n).disabled), None
        )
        options.highlighted = first

    def _gate(self, options: OptionList, kind: str) -> None:
        app = self.deskzero
        rows = [row for row in self._rows if row.kind == kind]
        title = PANES[kind][1] if kind in PANES else kind
        mark = "✗" if rows else "-"
        if self._verdict is not None and self._verdict.verdict == "zero":
            mark = "✓"
        options.add_option(
            Option(Content.styled(f" {mark} {fit(title, 18)} {len(rows)}", "bold"), disabled=True)
        )
        for row in rows[:ROWS_A_GATE]:
            text = row.reasons[0].text if row.reasons else ""
            ticket = f"{fit('#' + clean(row.number), 9)}{fit(clean(row.company), 18)}"
            line = fit(
                f"     {ticket} {age(app.now - row.since):>4}  {clean(text)}", max(40, options.size.width - 2)
            )
            options.add_option(Option(Content(line), id=str(self._rows.index(row))))
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
        return None if row_id is None else self._rows[int(row_id)]

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
