"""What fits the screen to its user: help, palette, first-run guide, high contrast, words for screen readers."""

from __future__ import annotations

import msgspec
import pytest
from textual.widgets import Input, TextArea

from tests.tui import small_day
from tests.tui.dialog_day import made, type_in
from tests.tui.screen import NARROW, WIDE, make_app, press, settle
from tui.messages import Saved

BOTH = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x30", "80x24"])
SMALL = pytest.mark.parametrize("size", [NARROW], ids=["80x24"])
THEMES = pytest.mark.parametrize("theme", ["deskzero-dark", "deskzero-light", "deskzero-contrast"])


@pytest.fixture
def picture(snap_compare, tmp_path, monkeypatch):
    """Compares the screen with its snapshot after these keys, or after `before(pilot)`."""
    for kind in (Input, TextArea):
        monkeypatch.setattr(kind.cursor_blink, "_default", False)

    def compare(*keys, size, theme="", before=None, plain=False, greets=False):
        settings = msgspec.structs.replace(small_day.SETTINGS, theme=theme, plain=plain)
        app = make_app(small_day.fill(tmp_path), settings, greets=greets)

        async def ready(pilot):
            await settle(pilot)
            await press(pilot, *keys)
            if before is not None:
                await before(pilot)
            await settle(pilot)

        return snap_compare(app, terminal_size=size, run_before=ready)

    return compare


class TestHelp:
    """All keys, and what is found of them."""

    @BOTH
    @THEMES
    def test_all(self, picture, size, theme):
        assert picture("question_mark", size=size, theme=theme)

    @SMALL
    def test_looked_for(self, picture, size):
        assert picture("question_mark", *"customer", size=size)

    @SMALL
    def test_of_a_dialog(self, picture, size):
        assert picture("O", "question_mark", size=size)


class TestPalette:
    """Every action with its key; the colours."""

    @BOTH
    def test_all(self, picture, size):
        assert picture("colon", size=size)

    @SMALL
    def test_colours(self, picture, size):
        assert picture("colon", *"colours", size=size)


@BOTH
@THEMES
def test_first_run(picture, size, theme):
    assert picture(size=size, theme=theme, greets=True)


@BOTH
def test_high_contrast(picture, size):
    assert picture("4", "j", size=size, theme="deskzero-contrast")


class TestWords:
    """`plain = true`: hostile text in it as it is (the first row's summary)."""

    @BOTH
    def test_the_queue(self, picture, size):
        assert picture(size=size, plain=True)

    @SMALL
    def test_marked(self, picture, size):
        assert picture("4", "space", "space", size=size, plain=True)

    @SMALL
    def test_a_held_mail(self, picture, size):
        async def before(pilot):
            await made(pilot.app.home, "70101", reply="Hi Ann, I call you at three.")
            pilot.app.saved.publish(Saved())

        assert picture(size=size, plain=True, before=before)

    @SMALL
    def test_a_picker(self, picture, size):
        assert picture("4", "b", "down", size=size, plain=True)

    @BOTH
    def test_writing(self, picture, size):
        async def before(pilot):
            await press(pilot, "r")
            await type_in(pilot, "Hello")

        assert picture(size=size, plain=True, before=before)
