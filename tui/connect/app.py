"""The guided screen of `deskzero connect`: an app of its own, which ends before the queue opens."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from store.home import Home
from store.log import start_log
from tui import themes
from tui.connect.course import Course, Ended
from tui.connect.given import Given
from tui.connect.guide import SETTLING, Guide
from tui.engine import Engine

if TYPE_CHECKING:
    from store.desk import Desk


class ConnectApp(App[Ended]):
    """Holds the guide, and the engine for the first sync."""

    TITLE = "deskzero connect"
    CSS_PATH = "../readable.tcss"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    ConnectApp.-plain OptionList > .option-list--option-highlighted { text-style: bold underline; }
    ConnectApp.-plain Input:focus { text-style: underline; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Leave", show=False, priority=True, id="connect.quit"),
        Binding("ctrl+c", "leave", "Leave", show=False, priority=True, id="connect.how_to_quit"),
    ]
    demo = False

    def __init__(self, course: Course, *, settling: float = SETTLING) -> None:
        """With `settling` 0 an Enter counts as soon as a step is there."""
        plain = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        self.course = course
        self.guide = Guide(course, settling=settling)
        self.engine: Engine | None = None
        themes.use(self)
        self.set_class(plain, "-plain")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.ours_for(self.current_theme)

    def get_default_screen(self) -> Guide:
        return self.guide

    def start_engine(self) -> Engine:
        """A new engine on the settings as they are now saved, which syncs only when it is asked to."""

        def open_desk() -> Desk:
            from store.desk import Desk
            from store.settings import load

            course = self.course
            secrets = {course.connection.name: course.facts.secrets} if course.unkept else None
            return Desk(course.home, load(course.home.config), secrets=secrets)

        self.engine = Engine(open_desk, self.post_message, sync_every=3600, syncs=False)
        return self.engine

    async def stop_engine(self) -> None:
        """Ends what the engine does, after what is being sent."""
        engine, self.engine = self.engine, None
        if engine is not None:
            await engine.stop()

    async def end(self, *, opens_queue: bool) -> None:
        """Closes the guide. Without a saved connection there is nothing to tell."""
        await self.stop_engine()
        course = self.course
        if not course.saved:
            self.exit(None)
            return
        name = course.connection.name
        self.exit(Ended(name, course.facts.secrets, course.unkept, opens_queue))

    async def on_unmount(self) -> None:
        await self.stop_engine()

    # ------------------------------------------------------------ what dialogs ask for

    async def give_keys(self) -> None:
        """Nothing is kept for a dialog here: it opens at once."""

    def drop_keys(self) -> None:
        """As above."""

    def dialog_answered(self) -> None:
        """As above."""

    def action_leave(self) -> None:
        """In the question whether to leave it is no answer."""
        if self.screen is self.guide:
            self.guide.action_leave()


def guide(home: Home, given: Given, name: str | None, psa: str | None) -> Ended | None:
    """Runs the guide in this terminal; `None` when it was left before anything was saved.

    Raises `SettingsError` for settings that cannot be read, `Problem` for options that do not fit.
    """
    start_log(home.log)
    course = Course.begin(home, given, name, psa)
    return ConnectApp(course).run()
