"""What fits the screen to its user: help, palette, first-run guide, high contrast, words for screen readers."""

from __future__ import annotations

import msgspec

from tests.tui import small_day
from tests.tui.dialog_day import made, type_in
from tests.tui.pictures import CONTRAST, LOOKS, LOOKS_AND_CONTRAST, SIZES, SMALL, looks, taken_in
from tests.tui.screen import press
from tui.messages import Saved

PLAIN = msgspec.structs.replace(small_day.SETTINGS, plain=True)


class TestHelp:
    """All keys, and what is found of them."""

    @LOOKS_AND_CONTRAST
    def test_all(self, picture, look):
        assert picture(look, "question_mark")

    @SMALL
    def test_looked_for(self, picture, look):
        assert picture(look, "question_mark", *"customer")

    @LOOKS
    def test_of_a_dialog(self, picture, look):
        assert picture(look, "O", "question_mark")


class TestPalette:
    """Every action with its key; the colours."""

    @LOOKS
    def test_all(self, picture, look):
        assert picture(look, "colon")

    @SMALL
    def test_colours(self, picture, look):
        assert picture(look, "colon", *"colours")


@LOOKS_AND_CONTRAST
def test_first_run(picture, look):
    assert picture(look, greets=True)


@taken_in(looks(CONTRAST), ids=lambda look: look.measure)
def test_high_contrast(picture, look):
    assert picture(look, "4", "j")


class TestWords:
    """`plain = true`: hostile text in it as it is (the first row's summary)."""

    @SIZES
    def test_the_queue(self, picture, look):
        assert picture(look, settings=PLAIN)

    @SMALL
    def test_marked(self, picture, look):
        assert picture(look, "4", "space", "space", settings=PLAIN)

    @SMALL
    def test_a_held_mail(self, picture, look):
        async def before(pilot):
            await made(pilot.app.home, "70101", reply="Hi Ann, I call you at three.")
            pilot.app.saved.publish(Saved())

        assert picture(look, settings=PLAIN, before=before)

    @SMALL
    def test_a_picker(self, picture, look):
        assert picture(look, "4", "b", "down", settings=PLAIN)

    @SIZES
    def test_writing(self, picture, look):
        async def before(pilot):
            await press(pilot, "r")
            await type_in(pilot, "Hello")

        assert picture(look, settings=PLAIN, before=before)
