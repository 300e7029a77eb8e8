"""The guide of `deskzero connect` for a test: on a home of its own, beside a simulated PSA on a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from store.home import Home
from tests.tui.screen import painted, until
from tui.commands.connect_command import command
from tui.connect.app import ConnectApp
from tui.connect.course import Course
from tui.connect.fields import Field
from tui.connect.given import Given
from tui.connect.guide import STEPS, Guide
from tui.connect.step import Step


def make_guide(folder: Path, *words: str) -> ConnectApp:
    """The app as the command line would begin it; an Enter counts at once."""
    context = command.make_context("connect", list(words))
    name, psa = context.params.pop("name"), context.params.pop("psa")
    home = Home.at(folder)
    given = Given(home.config, context.params)
    return ConnectApp(Course.begin(home, given, name, psa), settling=0.0)


class Walk:
    """A person at the guide."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot = pilot

    @property
    def app(self) -> ConnectApp:
        assert isinstance(self.pilot.app, ConnectApp)
        return self.pilot.app

    @property
    def guide(self) -> Guide:
        return self.app.guide

    @property
    def text(self) -> str:
        """What is painted now."""
        return painted(self.app.screen)  # type: ignore[arg-type]

    def field(self, key: str) -> Input:
        """The line of one answer."""
        (found,) = [one for one in self.guide.query(Field) if one.question.key == key]
        return found.query_one(Input)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def choose(self, psa: str) -> None:
        """The cursor to a PSA of the list, by the keys."""
        options = self.guide.query_one(OptionList)
        for _ in range(options.option_count):
            at = options.highlighted
            if at is not None and options.get_option_at_index(at).id == psa:
                return
            await self.press("down")
        raise AssertionError(f"{psa} is not in the list")

    async def take(self, psa: str) -> None:
        """Takes a PSA of the list."""
        await self.choose(psa)
        await self.press("enter")

    async def fill(self, **values: str) -> None:
        """Puts the cursor on a line and writes over what is there, as a paste does."""
        for key, value in values.items():
            line = self.field(key)
            line.focus()
            line.value = ""
            line.insert_text_at_cursor(value)
            await self.pilot.pause()

    async def last_line(self) -> None:
        """The cursor to the last line, where Enter goes on."""
        self.guide.query_one("Tick").focus()
        await self.pilot.pause()

    async def at(self, kind: type[Step], holds: Callable[[str], bool] | str = "") -> str:
        """Waits for a step, and for what it says."""
        check = holds if callable(holds) else (lambda text: holds in text)
        place = STEPS.index(kind)
        await until(
            self.pilot, lambda: self.guide.at == place and check(self.text), f"{kind.__name__}: {holds}", 20.0
        )
        return self.text


@asynccontextmanager
async def guided(app: ConnectApp, size: tuple[int, int] = (120, 30)) -> AsyncIterator[Walk]:
    """The guide on a screen."""
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield Walk(pilot)
