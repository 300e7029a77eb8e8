"""What a key costs, counted: lines painted, statements run, rows held. The same for 1,000 and 10,000 rows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from store.home import Home
from store.settings import load
from tests import large
from tests.bench.traced import statements
from tests.tui import small_day
from tests.tui.screen import make_app, press, settle
from tui.pane_cache import COARSE, stamp
from tui.screens.queue_view import QueueView
from tui.widgets.frame import FramedScroll
from tui.widgets.row_window import KEPT, WINDOW
from tui.widgets.ticket_list import TicketList

SIZES = (1_000, 10_000)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Home]:
    """A home with so many tickets, all of them open. Read only."""
    return {rows: filled(tmp_path_factory.mktemp("keys"), rows) for rows in SIZES}


def filled(folder: Path, rows: int) -> Home:
    return large.make(folder, rows, notes=0, closed=0, now=small_day.NOW)[0]


@asynccontextmanager
async def opened(home: Home, rows: int) -> AsyncIterator[tuple[Pilot[Any], QueueView]]:
    """The queue with so many tickets, all of them in "All open", which is shown."""
    # It was filled a moment ago: what is read now would not be kept. Time passes by itself.
    while stamp(home) is None:  # noqa: ASYNC110
        await asyncio.sleep(COARSE)
    app = make_app(home, load(home.config))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "0")
        assert len(app.queue.list) == rows
        yield pilot, app.queue


@contextmanager
def lines_painted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Which lines of the list are painted."""
    painted: list[int] = []
    render = FramedScroll.render_line

    def counted(self: FramedScroll, y: int) -> Any:
        if isinstance(self, TicketList):
            painted.append(y)
        return render(self, y)

    with monkeypatch.context() as patched:
        patched.setattr(FramedScroll, "render_line", counted)
        yield painted


@pytest.mark.parametrize("rows", SIZES)
async def test_a_key_paints_and_asks_the_same_in_lists_of_any_length(homes, monkeypatch, rows):
    async with opened(homes[rows], rows) as (pilot, screen):
        height = screen.list.size.height
        await press(pilot, "down")
        with lines_painted(monkeypatch) as painted:
            await press(pilot, "down")
        assert sorted(painted) == [1, 2]  # the line that the cursor left, and its own
        with lines_painted(monkeypatch) as painted:
            await press(pilot, "pagedown")
        assert len(painted) <= height
        before = screen.list.reading
        with statements(monkeypatch) as asked:
            await press(pilot, "up")
        of_lists = [
            query for query in asked if "ORDER BY sorted" in query or ("LIMIT" in query and "since" in query)
        ]
        assert of_lists == []
        assert 0 < len(asked) < 45  # the ticket's detail alone
        assert screen.list.reading == before


@contextmanager
def calls(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> Iterator[list[str]]:
    """How often a method is called."""
    called: list[str] = []
    real = getattr(owner, name)

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        called.append(name)
        return real(self, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, counted)
        yield called


async def test_a_letter_of_the_filter_lays_nothing_out_anew(homes, monkeypatch):
    async with opened(homes[1_000], 1_000) as (pilot, screen):
        await press(pilot, "slash", "p")
        ticket = screen.row.key
        with calls(monkeypatch, Screen, "_refresh_layout") as laid_out:
            await press(pilot, "r")
        assert (screen.filter, screen.row.key, laid_out) == ("pr", ticket, [])


@pytest.mark.parametrize("rows", SIZES)
async def test_another_pane_that_was_read_is_there_without_a_statement(homes, monkeypatch, rows):
    async with opened(homes[rows], rows) as (pilot, screen):
        await press(pilot, "4")
        with statements(monkeypatch) as asked:
            screen.show_pane("0")
            assert (screen.list.pane, screen.row is not None, asked) == ("0", True, [])
        await settle(pilot)
        assert len(screen.list) == rows


async def test_so_many_rows_are_held_and_no_more(homes):
    async with opened(homes[10_000], 10_000) as (pilot, screen):
        for _ in range(20):
            for _ in range(10):
                screen.list.move_page(1)
            await settle(pilot)
            assert screen.row is not None
        screen.list.move_end(1)
        await settle(pilot)
        assert screen.row is not None and screen.row.number == "70001"
        assert len(screen.list._rows) <= KEPT + 2 * WINDOW + 1
        assert len(screen.list._rows) + len(screen.list._window.unread) == 10_000


async def test_marks_are_on_rows_that_were_not_held(homes):
    async with opened(homes[1_000], 1_000) as (pilot, screen):
        assert len(screen.list._rows) < 1_000
        await press(pilot, "v", "G")
        assert len(screen.list.marks) == 1_000
        await press(pilot, "escape", "asterisk")
        assert len(screen.list.marks) == 1_000


async def test_a_page_that_was_kept_is_read_again_after_any_write(tmp_path):
    async with opened(filled(tmp_path, 1_000), 1_000) as (pilot, screen):
        await press(pilot, "4")
        wanted = screen.wanted._replace(pane=screen.all_panes["0"])
        assert screen.kept.get(wanted, screen.deskzero.now) is not None
        with sqlite3.connect(screen.deskzero.home.cache) as db:  # another process
            db.execute("UPDATE ticket SET summary = 'Another' WHERE ticket_id = '71000'")
        assert screen.kept.get(wanted, screen.deskzero.now) is None
        await press(pilot, "0")
        assert screen.row is not None and screen.row.summary == "Another"
