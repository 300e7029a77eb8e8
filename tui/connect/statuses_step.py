"""Step 4: what the shop's statuses mean: guessed from their names, confirmed here."""

from __future__ import annotations

from typing import ClassVar, get_args

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from connectors.text import clean
from store.status_meanings import MEANINGS, Meaning, Status, answered
from tui.connect.course import ANSWERED
from tui.connect.keeping import sets_status
from tui.connect.step import BACK, Step
from tui.text import fit
from tui.widgets.key_bar import Entry

ORDER: tuple[Meaning | None, ...] = (None, *get_args(Meaning))
"""As Space goes through them."""
LEGEND = "c child · r responded · w waiting · d closing · x closed · n nothing special"
BECOMES = "becomes this when a customer who has responded is answered"


class StatusesStep(Step):
    """A line for each status. A letter says what it means; nothing is taken that one has not seen."""

    label = "What statuses mean"
    short = "Statuses"

    DEFAULT_CSS = """
    StatusesStep OptionList { height: 1fr; }
    StatusesStep .head { height: auto; }
    StatusesStep .legend { height: auto; margin-bottom: 1; color: $text-muted; }
    StatusesStep .foot { height: 3; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "mean('child')", "child", show=False),
        Binding("r", "mean('responded')", "responded", show=False),
        Binding("w", "mean('waiting')", "waiting", show=False),
        Binding("d", "mean('closing')", "closing", show=False),
        Binding("x", "mean('closed')", "closed", show=False),
        Binding("n,backspace,delete", "mean('')", "nothing", show=False),
        Binding("space", "turn", "the next meaning", show=False),
        Binding("a", "answered", "answered", show=False),
        Binding("j", "move(1)", "down", show=False),
        Binding("k", "move(-1)", "up", show=False),
    ]

    @property
    def keys(self) -> tuple[Entry, ...]:
        return (BACK, ("Space", "next meaning"), ("a", "answered"), ("Enter", "confirm"))

    def compose(self) -> ComposeResult:
        yield Static(classes="head")
        yield Static(classes="legend")
        yield OptionList(markup=False)
        yield Static(classes="foot")

    @property
    def statuses(self) -> tuple[Status, ...]:
        return self.course.facts.proof.statuses

    async def enter(self) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(status)) for status in self.statuses])
        head = "What do they mean? Letters say it; what is guessed from a name is marked."
        if not self.statuses:
            head = (
                f"{self.course.facts.proof.trouble or 'No statuses were found.'} What they mean can be"
                " written into config.toml later (child_statuses, responded_statuses …); what is there stays."
            )
        self.query_one(".head", Static).update(Content(clean(head)))
        self.query_one(".legend", Static).update(Content(LEGEND))
        options.highlighted = 0 if self.statuses else None
        options.focus()
        self._explain()

    def on_resize(self) -> None:
        if self.course.proven is not None:
            self._repaint()

    # ------------------------------------------------------------ painting

    def _line(self, status: Status) -> Content:
        course = self.course
        room = max(50, self.size.width - 4)
        name = max(18, min(34, room - 46))
        meaning = course.meanings.get(status.name)
        said = meaning or ("closes there" if status.closes else "–")
        guess = "guess" if status.name in course.guessed and meaning else ""
        answer = "← answered" if status.name == course.answered else ""
        style = "bold" if meaning else "$quiet"
        return Content.assemble(
            fit(f" {clean(status.name)}", name),
            " ",
            (fit(said, 13), style),
            (fit(guess, 6), "$quiet"),
            (fit(answer, 11), "bold"),
            (fit(self._boards(status), max(0, room - name - 31)), "$quiet"),
        )

    def _boards(self, status: Status) -> str:
        every = {board for one in self.statuses for board in one.boards}
        if len(every) < 2:
            return ""
        on = status.boards
        if len(on) == len(every):
            return f"all {len(on)} boards"
        return on[0] if len(on) == 1 else f"{len(on)} of {len(every)} boards"

    def _repaint(self) -> None:
        options = self.query_one(OptionList)
        for place, status in enumerate(self.statuses[: options.option_count]):
            options.replace_option_prompt_at_index(place, self._line(status))
        self._explain()

    def on_option_list_option_highlighted(self) -> None:
        self._explain()

    def _explain(self) -> None:
        """What is said of the status under the cursor, in a sentence."""
        status = self._here()
        foot = self.query_one(".foot", Static)
        if status is None:
            foot.update(Content(""))
            return
        meaning = self.course.meanings.get(status.name)
        says = f"it {MEANINGS[meaning]}" if meaning else "nothing special"
        if status.closes:
            says = "the PSA itself says that it closes" + (f"; {says}" if meaning else "")
        if status.name == self.course.answered:
            says += f"; a responded status {BECOMES}"
        boards = f"On {', '.join(status.boards)}." if status.boards else ""
        foot.update(Content.assemble((f"{clean(status.name)}: ", "bold"), f"{says}. {clean(boards)}"))

    # ------------------------------------------------------------ saying what one means

    def _here(self) -> Status | None:
        place = self.query_one(OptionList).highlighted
        return None if place is None or place >= len(self.statuses) else self.statuses[place]

    def action_mean(self, meaning: str) -> None:
        status = self._here()
        if status is None:
            return
        self._set(status, next((one for one in ORDER if one == meaning), None))

    def action_turn(self) -> None:
        status = self._here()
        if status is not None:
            place = ORDER.index(self.course.meanings.get(status.name))
            self._set(status, ORDER[(place + 1) % len(ORDER)])

    def _set(self, status: Status, meaning: Meaning | None) -> None:
        course = self.course
        course.guessed -= {status.name}
        course.touched.add(status.name)
        if meaning is None:
            course.meanings.pop(status.name, None)
        else:
            course.meanings[status.name] = meaning
        there = [one.name for one in self.statuses]
        course.meanings = {name: course.meanings[name] for name in there if name in course.meanings}
        can = course.facts.proof.capabilities
        if course.answered is None and ANSWERED not in course.touched and sets_status(can):
            course.answered = answered(course.meanings)
        self._repaint()

    def action_answered(self) -> None:
        """The cursor's status is what a responded one becomes; pressed again: none is."""
        status = self._here()
        if status is None:
            return
        if not sets_status(self.course.facts.proof.capabilities):
            self.guide.say("This PSA's API sets no status: answering a customer leaves it as it is.")
            return
        if status.closes:
            self.guide.say(f"{status.name} closes: answering a customer does not close the ticket.")
            return
        self.guide.say("")
        self.course.touched.add(ANSWERED)
        self.course.answered = None if self.course.answered == status.name else status.name
        self._repaint()

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()
