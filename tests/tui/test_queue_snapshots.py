"""What the queue looks like: one picture for each thing that must be seen."""

from __future__ import annotations

from tests.tui import small_day
from tests.tui.pictures import LOOKS, SIZES, Look


class TestPanes:
    """The four panes and all open tickets."""

    @LOOKS
    def test_responded(self, picture, look):
        """Who waits, with the last words; children and closed ones tagged; Japanese in line."""
        assert picture(look, "j")

    @SIZES
    def test_missing(self, picture, look):
        """The fields that are missing."""
        assert picture(look, "2")

    @SIZES
    def test_orphaned(self, picture, look):
        """The parent, its state and who closed it."""
        assert picture(look, "3")

    @SIZES
    def test_billing_code(self, picture, look):
        """Hours; the gate row first with its dot."""
        assert picture(look, "4")

    @SIZES
    def test_all_open(self, picture, look):
        """Status, and the panes in which a ticket is."""
        assert picture(look, "0")

    @LOOKS
    def test_open_ticket(self, picture, look):
        """Everything about one ticket in the list's place."""
        assert picture(look, "4", "enter")

    @SIZES
    def test_files_of_a_conversation(self, picture, look):
        """Files below the note that they came with; those of the ticket at their time."""
        assert picture(look, "j", "j")

    @SIZES
    def test_filter(self, picture, look):
        """The filter's line, and what it hides said in words."""
        assert picture(look, "slash", *"contoso")

    @SIZES
    def test_filtered_empty(self, picture, look):
        """Never "zero"."""
        assert picture(look, "slash", *"nobody")


class TestColours:
    """Nothing rests on colour alone."""

    def test_without_colour(self, picture, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")
        assert picture(Look(), "4", "j")


class TestStates:
    """What the header and the lines say when not all is well."""

    @LOOKS
    def test_offline(self, picture, look):
        """The header never lies."""

        async def offline(pilot):
            _state(pilot, error_kind="unreachable", error="no answer", since_down=small_day.at("26 13:05"))

        assert picture(look, before=offline)

    def test_credentials_refused(self, picture):
        async def refused(pilot):
            _state(pilot, error_kind="unauthorized", error="401", since_down=small_day.at("26 13:05"))

        assert picture(Look(), before=refused)

    @LOOKS
    def test_zero(self, picture, look, tmp_path):
        """An empty pane says what zero means there and when it was so."""
        assert picture(look, "3", home=small_day.fill(tmp_path, small_day.TICKETS[-1:]))


def _state(pilot, **values):
    from store.cache_upkeep import set_state
    from store.database import Databases
    from tui.messages import Saved

    with Databases.open(pilot.app.home, now=small_day.NOW) as databases, databases.cache.begin() as cache:
        set_state(cache, "acme", **values)
    pilot.app.saved.publish(Saved())
