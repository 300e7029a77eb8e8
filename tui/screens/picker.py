"""The picker: type to filter, ↑ ↓ to choose, a preview of what will change, Enter to answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from connectors.text import clean
from tui.asks import Item
from tui.keymap import label, labels
from tui.screens.base import Dialog
from tui.text import fit

SUGGESTED = "suggested"
"""The group whose first item is preselected; nothing else is."""
WIDEST = 90
SIDES_AND_SCROLLBAR = 4


class Picker(Dialog[Item]):
    """One of `items`, or what was typed. Closes before it answers; never writes."""

    DEFAULT_CSS = """
    Picker {
        align: center middle;
        #box { width: 90; max-width: 96%; height: auto; max-height: 90%; }
        Input { border: none; height: 1; padding: 0 1; background: $boost; }
        Input:focus { border: none; }
        OptionList { height: auto; max-height: 40vh; padding: 0; scrollbar-gutter: stable; }
        #preview { height: auto; max-height: 5; padding: 0 1; margin: 1 0; color: $text; }
        #hint { padding: 0 1; color: $quiet; }
        .dialog-keys { dock: bottom; margin: 0; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", "next", show=False, id="picker.next"),
        Binding("up", "step(-1)", "previous", show=False, id="picker.previous"),
        Binding("pagedown", "step(10)", "page down", show=False, id="picker.page_down"),
        Binding("pageup", "step(-10)", "page up", show=False, id="picker.page_up"),
        Binding("tab", "step(1)", "next", show=False, id="picker.next_tab"),
        Binding("shift+tab", "step(-1)", "previous", show=False, id="picker.previous_tab"),
    ]

    def __init__(
        self,
        title: Content,
        items: Sequence[Item],
        *,
        preview: Callable[[Item], Content] | None = None,
        hint: str = "",
        free: str = "",
    ) -> None:
        super().__init__()
        self._title, self._items, self._preview = title, list(items), preview
        self._hint, self._free = hint, free
        self._shown: list[Item] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="box", classes="dialog"):
            yield Static(self._title, classes="dialog-title")
            yield Input(placeholder="type to filter" + (f", or {self._free}" if self._free else ""))
            if self._hint:
                yield Static(Content(self._hint), id="hint")
            yield OptionList(markup=False)
            yield Static(id="preview")
            keys = f"{labels('picker.previous', 'picker.next')} choose · Enter take it · {label('dialog.cancel')} back"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()
        self._fill("")

    @on(Input.Changed)
    def _filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def _fill(self, typed: str) -> None:
        words = typed.casefold().split()
        self._shown = self.matching(typed)
        self._paint(headings=not words)
        wanted = bool(words) or bool(self._shown and self._shown[0].group == SUGGESTED)
        self.query_one(OptionList).highlighted = self._first_enabled() if wanted and self._shown else None
        self._show_preview()

    def matching(self, typed: str) -> list[Item]:
        """The items with all the words typed, best first, then what was typed itself."""
        words = typed.casefold().split()
        found = [item for item in self._items if all(word in _haystack(item) for word in words)]
        # Matches at the beginning of the name come first: "rem" means Remote Support before On-site remake.
        if words:
            found.sort(key=lambda item: not clean(item.label).casefold().startswith(words[0]))
        free = self._typed_item(typed, found)
        return found if free is None else [*found, free]

    def _paint(self, *, headings: bool) -> None:
        """The lines of what is shown, as wide as the list is."""
        options = self.query_one(OptionList)
        options.clear_options()
        room = self._room
        group = ""
        for position, item in enumerate(self._shown):
            if headings and item.group and item.group != group:
                options.add_option(Option(Content.styled(f"  {clean(item.group)}", "$quiet"), disabled=True))
            group = item.group
            options.add_option(Option(_line(item, room), id=str(position)))

    @property
    def _room(self) -> int:
        """Cells for a line; before the first layout what the box will leave."""
        laid_out = self.query_one(OptionList).scrollable_content_region.width
        return laid_out or max(20, min(WIDEST, self.app.size.width * 96 // 100) - SIDES_AND_SCROLLBAR)

    def on_resize(self) -> None:
        self.call_after_refresh(self._repaint)

    def _repaint(self) -> None:
        options = self.query_one(OptionList)
        highlighted = options.highlighted
        self._paint(headings=not self.query_one(Input).value.split())
        options.highlighted = highlighted

    def _typed_item(self, typed: str, found: Sequence[Item]) -> Item | None:
        text = typed.strip()
        if not self._free or not text or any(clean(i.label).casefold() == text.casefold() for i in found):
            return None
        return Item(key="", label=text, detail=self._free)

    def _first_enabled(self) -> int | None:
        options = self.query_one(OptionList)
        return next(
            (n for n in range(options.option_count) if not options.get_option_at_index(n).disabled), None
        )

    def action_step(self, by: int) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            options.highlighted = self._first_enabled()
        else:
            for _ in range(abs(by)):
                options.action_cursor_down() if by > 0 else options.action_cursor_up()
        self._show_preview()

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        self._show_preview()

    def _chosen(self) -> Item | None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            return None
        option_id = options.get_option_at_index(options.highlighted).id
        return None if option_id is None else self._shown[int(option_id)]

    def _show_preview(self) -> None:
        chosen = self._chosen()
        preview = self.query_one("#preview", Static)
        if chosen is None:
            preview.update(Content.styled(self._nothing_chosen(), "$quiet"))
        elif self._preview is not None:
            preview.update(self._preview(chosen))
        else:
            preview.update(Content(clean(chosen.label)))

    def _nothing_chosen(self) -> str:
        if self._shown:
            return f"Nothing chosen yet: {label('picker.next')} or type."
        if self._items or self.query_one(Input).value.strip():
            return "Nothing matches."
        return "Type it, then Enter." if self._free else "There is nothing to choose from."

    @on(Input.Submitted)
    def _enter(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.finish(chosen)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        # A click chooses and shows the preview; Enter answers.
        event.stop()
        self._show_preview()

    def on_paste(self, event: events.Paste) -> None:
        """A paste into the filter is text, nothing else."""
        event.stop()


def _haystack(item: Item) -> str:
    return clean(f"{item.label} {item.detail} {item.key}").casefold()


def _line(item: Item, room: int) -> Content:
    """One line of `room` cells: the label at the left, the detail dim at the right."""
    label, detail = clean(item.label), clean(item.detail)
    if not detail:
        return Content(f" {fit(label, room - 2)} ")
    right = min(cell_len(detail), max(room - cell_len(label) - 4, room * 2 // 5))
    return Content.assemble(
        f" {fit(label, room - right - 4)}  ", (fit(detail, right, right=True), "$quiet"), " "
    )
