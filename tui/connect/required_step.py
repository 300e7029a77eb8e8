"""Step 5: the fields that no ticket may lack."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui.connect.course import REQUIRED
from tui.connect.keeping import requirable
from tui.connect.step import BACK, Step
from tui.screens.fields import label
from tui.text import fit
from tui.widgets.key_bar import Entry

CELLS = 24


class RequiredStep(Step):
    """A line for each field that this PSA has; those that are required already are ticked."""

    label = "Required fields"
    short = "Fields"

    DEFAULT_CSS = """
    RequiredStep OptionList { height: 1fr; }
    RequiredStep .head { height: auto; margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "required or not", show=False),
        Binding("j", "move(1)", "down", show=False),
        Binding("k", "move(-1)", "up", show=False),
    ]

    @property
    def keys(self) -> tuple[Entry, ...]:
        return (BACK, ("Space", "required or not"), ("Enter", "save, and the first sync"))

    def compose(self) -> ComposeResult:
        yield Static(
            Content("Which fields may no ticket lack? One that is empty puts the ticket under Missing."),
            classes="head",
        )
        yield OptionList(markup=False)

    @property
    def _fields(self) -> tuple[str, ...]:
        return requirable(self.course.facts.proof.capabilities, also=self.course.required)

    async def enter(self) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._line(field)) for field in self._fields])
        options.highlighted = 0 if self._fields else None
        options.focus()

    def _line(self, field: str) -> Content:
        on = field in self.course.required
        writes = self.course.facts.proof.capabilities.writes
        fixable = ("custom" if field.startswith("custom:") else field) in writes
        where = "" if fixable else "filled in in the PSA: its API does not set it"
        return Content.assemble(
            (f" [{'x' if on else ' '}] {fit(label(field), CELLS)}", "bold" if on else ""), (where, "$quiet")
        )

    def action_tick(self) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            return
        fields = self._fields
        field = fields[options.highlighted]
        self.course.touched.add(REQUIRED)
        wanted = set(self.course.required) ^ {field}
        # A custom field that is let go stays in the list until the step is left: it could not be ticked again.
        self.course.required = tuple(one for one in fields if one in wanted)
        if field in self._fields:
            options.replace_option_prompt_at_index(options.highlighted, self._line(field))

    def action_move(self, by: int) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if by > 0 else options.action_cursor_up()
