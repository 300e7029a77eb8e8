"""What the queue looks like, at both sizes: one picture for each thing that must be seen."""

from __future__ import annotations

import pytest

from tests.tui import small_day
from tests.tui.screen import NARROW, WIDE, make_app, settle


@pytest.fixture
def picture(snap_compare, tmp_path):
    """Compares the small day on the screen after some keys with its snapshot."""

    def compare(*keys, size=WIDE, theme=None, before=None, tickets=small_day.TICKETS):
        app = make_app(small_day.fill(tmp_path, tickets))
        if theme is not None:
            app.theme = theme

        async def ready(pilot):
            await settle(pilot)
            if before is not None:
                await before(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)

        return snap_compare(app, terminal_size=size, run_before=ready)

    return compare


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x30", "80x24"])
class TestPanes:
    """The four panes and all open tickets, dark."""

    def test_responded(self, picture, size):
        """Who waits, with the last words; children and closed ones tagged; Japanese in line."""
        assert picture("j", size=size)

    def test_missing(self, picture, size):
        """The fields that are missing."""
        assert picture("2", size=size)

    def test_orphaned(self, picture, size):
        """The parent, its state and who closed it."""
        assert picture("3", size=size)

    def test_billing_code(self, picture, size):
        """Hours; the gate row first with its dot."""
        assert picture("4", size=size)

    def test_all_open(self, picture, size):
        """Status, and the panes in which a ticket is."""
        assert picture("0", size=size)

    def test_open_ticket(self, picture, size):
        """Everything about one ticket in the list's place."""
        assert picture("4", "enter", size=size)

    def test_files_of_a_conversation(self, picture, size):
        """Files below the note that they came with; those of the ticket at their time."""
        assert picture("j", "j", size=size)

    def test_filter(self, picture, size):
        """The filter's line, and what it hides said in words."""
        assert picture("slash", *"contoso", size=size)

    def test_filtered_empty(self, picture, size):
        """Never "zero"."""
        assert picture("slash", *"nobody", size=size)


class TestColours:
    """Nothing rests on colour alone."""

    def test_light(self, picture):
        assert picture("j", theme="deskzero-light")

    def test_without_colour(self, picture, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")
        assert picture("4", "j")


class TestStates:
    """What the header and the lines say when not all is well."""

    @pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x30", "80x24"])
    def test_offline(self, picture, size):
        """The header never lies."""

        async def offline(pilot):
            _state(pilot, error_kind="unreachable", error="no answer", since_down=small_day.at("26 13:05"))

        assert picture(before=offline, size=size)

    def test_credentials_refused(self, picture):
        async def refused(pilot):
            _state(pilot, error_kind="unauthorized", error="401", since_down=small_day.at("26 13:05"))

        assert picture(before=refused)

    def test_zero(self, picture):
        """An empty pane says what zero means there and when it was so."""
        assert picture("3", tickets=small_day.TICKETS[-1:])


def _state(pilot, **values):
    from store.cache_upkeep import set_state
    from store.database import Databases
    from tui.messages import Saved

    with Databases.open(pilot.app.home, now=small_day.NOW) as databases, databases.cache.begin() as cache:
        set_state(cache, "acme", **values)
    pilot.app.saved.publish(Saved())
