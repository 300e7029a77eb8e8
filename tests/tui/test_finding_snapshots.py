"""What finding looks like, at both sizes: filter, scope picker, a part of the scope, panes of one's own."""

from __future__ import annotations

import pytest

from store.cache_upkeep import set_state
from store.database import Databases
from tests.tui import small_day
from tests.tui.screen import NARROW, WIDE, make_app, settle
from tests.tui.test_finding import BOARD, OTHERS

HOSTILE = small_day.ticket(
    "70204", "Fabrikam", "Fax \x1b[31mred\x1b[0m", owner="[bold]eve[/] \x1b]0;x\x07", owner_id="9", resources=None,
    board="[@click=app.quit]Board[/]", created_at=small_day.at("24 08:30"), contact="‮evil",
)  # fmt: skip


@pytest.fixture
def picture(snap_compare, tmp_path):
    """Compares a board on the screen after some keys with its snapshot."""

    def compare(*keys, size=WIDE, theme=None, more=()):
        home = small_day.fill(tmp_path, (*small_day.TICKETS, *OTHERS, *more), settings=BOARD)
        with Databases.open(home, now=small_day.NOW) as databases, databases.cache.begin() as cache:
            set_state(cache, "acme", scope="all")
        app = make_app(home, BOARD)
        if theme is not None:
            app.theme = theme

        async def ready(pilot):
            await settle(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)

        return snap_compare(app, terminal_size=size, run_before=ready)

    return compare


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x30", "80x24"])
class TestFinding:
    """Dark, both sizes."""

    def test_filter_help(self, picture, size):
        """The line and what may be typed."""
        assert picture("0", "slash", *"owner:as", size=size)

    def test_filter_wrong(self, picture, size):
        """A term that was not understood is told, the rest goes on."""
        assert picture("0", "slash", *"printer age>3", size=size)

    def test_filter_empty(self, picture, size):
        """An empty list through a filter is no zero."""
        assert picture("4", "slash", *"zzz", size=size)

    def test_scope_picker(self, picture, size):
        """Whose tickets, with numbers."""
        assert picture("at", "down", "down", "down", size=size)

    def test_part_of_the_scope(self, picture, size):
        """A colleague's: header and panes name the part and the whole."""
        assert picture("at", *"asm", "enter", "4", size=size)

    def test_saved_pane(self, picture, size):
        """A pane of one's own, below the sum."""
        assert picture("5", size=size)

    def test_by_owner(self, picture, size):
        """Rows of one owner stand together."""
        assert picture("0", "greater_than_sign", *"by owner", "enter", size=size)

    def test_who(self, picture, size):
        """Everybody's load beside the name."""
        assert picture("0", "w", size=size)


class TestOtherwise:
    """Light, and foreign text that would do harm."""

    def test_filter_light(self, picture):
        assert picture("0", "slash", *"printer age>3", theme="deskzero-light")

    def test_part_light(self, picture):
        assert picture("at", *"asm", "enter", theme="deskzero-light")

    def test_hostile_owner_in_the_list(self, picture):
        """Escape sequences and markup in an owner, a board, a contact."""
        assert picture("0", "greater_than_sign", *"by board", "enter", more=(HOSTILE,))

    def test_hostile_owner_in_the_picker(self, picture):
        assert picture("at", *"eve", more=(HOSTILE,))
