"""What finding looks like: filter, scope picker, a part of the scope, panes of one's own."""

from __future__ import annotations

import pytest

from store.cache_upkeep import set_state
from store.database import Databases
from tests.tui import small_day
from tests.tui.pictures import LOOKS, SIZES, Look
from tests.tui.test_finding import BOARD, OTHERS

HOSTILE = small_day.ticket(
    "70204", "Fabrikam", "Fax \x1b[31mred\x1b[0m", owner="[bold]eve[/] \x1b]0;x\x07", owner_id="9", resources=None,
    board="[@click=app.quit]Board[/]", created_at=small_day.at("24 08:30"), contact="‮evil",
)  # fmt: skip


@pytest.fixture
def board(picture, tmp_path):
    """Compares a board, in a scope that holds everybody's tickets, with its kept picture after some keys."""

    def compare(look, *keys, more=()):
        home = small_day.fill(tmp_path, (*small_day.TICKETS, *OTHERS, *more), settings=BOARD)
        with Databases.open(home, now=small_day.NOW) as databases, databases.cache.begin() as cache:
            set_state(cache, "acme", scope="all")
        return picture(look, *keys, settings=BOARD, home=home)

    return compare


class TestFinding:
    """A line that is typed, a part that is chosen, panes of one's own."""

    @SIZES
    def test_filter_help(self, board, look):
        """The line and what may be typed."""
        assert board(look, "0", "slash", *"owner:as")

    @LOOKS
    def test_filter_wrong(self, board, look):
        """A term that was not understood is told, the rest goes on."""
        assert board(look, "0", "slash", *"printer age>3")

    @SIZES
    def test_filter_empty(self, board, look):
        """An empty list through a filter is no zero."""
        assert board(look, "4", "slash", *"zzz")

    @SIZES
    def test_scope_picker(self, board, look):
        """Whose tickets, with numbers."""
        assert board(look, "at", "down", "down", "down")

    @LOOKS
    def test_part_of_the_scope(self, board, look):
        """A colleague's: header and panes name the part and the whole."""
        assert board(look, "at", *"asm", "enter", "4")

    @SIZES
    def test_saved_pane(self, board, look):
        """A pane of one's own, below the sum."""
        assert board(look, "5")

    @SIZES
    def test_by_owner(self, board, look):
        """Rows of one owner stand together."""
        assert board(look, "0", "greater_than_sign", *"by owner", "enter")

    @SIZES
    def test_who(self, board, look):
        """Everybody's load beside the name."""
        assert board(look, "0", "w")


class TestHostile:
    """Foreign text that would do harm."""

    def test_hostile_owner_in_the_list(self, board):
        """Escape sequences and markup in an owner, a board, a contact."""
        assert board(Look(), "0", "greater_than_sign", *"by board", "enter", more=(HOSTILE,))

    def test_hostile_owner_in_the_picker(self, board):
        assert board(Look(), "at", *"eve", more=(HOSTILE,))
