"""What every dialog has: closing before it acts, Esc, the way to the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar, cast

from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static, TextArea

from tui import keymap
from tui.spoken import is_spoken
from tui.widgets.announce import Announce

if TYPE_CHECKING:
    from tui.app import Deskzero

Answer = TypeVar("Answer")


class Host(Protocol):
    """What a dialog asks of the app that it opens in: the queue's or the guide's."""

    demo: bool
    """Whether the demo's frame goes around everything."""

    async def give_keys(self) -> None:
        """The dialog is there: what was typed for it goes into it."""

    def drop_keys(self) -> None:
        """What was typed for it is gone."""

    def dialog_answered(self) -> None:
        """It closes with its answer."""


class Dialog(ModalScreen[Answer | None]):
    """A question over (or in place of) the list. It answers once, and only by closing."""

    DEFAULT_CSS = """
    Dialog {
        background: $background 60%;
        .dialog {
            background: $surface;
            border: round $accent;
            padding: 0;
        }
        .dialog-title {
            height: 1; padding: 0 1; text-style: bold; color: $accent; margin-bottom: 1;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        OptionList, OptionList:focus { border: none; background: transparent; }
        .dialog-keys { height: auto; max-height: 2; padding: 0 1; color: $quiet; margin-top: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "back", tooltip="Back without doing anything", id="dialog.cancel"),
        Binding("question_mark,f1", "help", "keys", show=False, tooltip="The keys here", id="dialog.help"),
    ]

    takes_typed: ClassVar[bool] = True
    """What was typed while this opened goes into it. Not where a key sends what nobody has read yet."""
    _finished = False

    def __init_subclass__(cls, **more: bool) -> None:
        super().__init_subclass__(**more)
        keymap.know(cls.__dict__.get("BINDINGS", ()))

    @property
    def deskzero(self) -> Deskzero:
        """The queue's app, with its reader, engine, settings and clock."""
        return cast("Deskzero", self.app)

    @on(events.Mount)
    def _opened(self) -> None:
        """What was typed while this opened goes into it; the demo's frame stays around it."""
        host = cast("Host", self.app)
        self.set_class(host.demo, "-demo")
        if is_spoken(self):
            self.call_after_refresh(self._announce_title)
            for field in (*self.query(Input), *self.query(TextArea)):
                field.cursor_blink = False
        self.call_after_refresh(host.give_keys if self.takes_typed else host.drop_keys)

    async def _announce_title(self) -> None:
        """What has opened, at the top; a line that is chosen already stands there instead."""
        await self.mount(Announce())
        for title in self.query(".dialog-title, #head").results(Static):
            words = str(title.render()).replace(" ── ", ": ")
            title.update(Content(words))
            self._say_above(words)
        for options in self.query(OptionList):
            if options.highlighted is not None:
                self._say_option(options, options.highlighted)

    @on(OptionList.OptionHighlighted)
    def _announce(self, event: OptionList.OptionHighlighted) -> None:
        # What is chosen now: letters typed quickly may have filled the list anew since, with fewer lines.
        if event.option_list.highlighted is not None:
            self._say_option(event.option_list, event.option_list.highlighted)

    def _say_option(self, options: OptionList, index: int) -> None:
        """The line under the cursor in words, and its place among those that can be chosen."""
        able = [place for place, one in enumerate(options.options) if not one.disabled]
        prompt = options.get_option_at_index(index).prompt
        words = prompt.plain if isinstance(prompt, Content) else str(prompt)
        at = able.index(index) + 1 if index in able else 0
        self._say_above(f"{at} of {len(able)}: {' '.join(words.split())}")

    def _say_above(self, words: str) -> None:
        for line in self.query(Announce):
            line.say(words)

    def finish(self, answer: Answer | None) -> None:
        """Closes with this answer. A second call (two Enters in one read) does nothing."""
        if self._finished:
            return
        self._finished = True
        if answer is not None:  # after a "back" nothing follows: what is typed then is for the list
            cast("Host", self.app).dialog_answered()
        self.dismiss(answer)

    def action_cancel(self) -> None:
        self.finish(None)

    def action_help(self) -> None:
        """The keys of this dialog, over it."""
        from tui.screens.help import DialogHelp

        self.app.push_screen(DialogHelp(type(self)))


keymap.know(Dialog.BINDINGS)
