"""`//` while writing: the picker, what goes in, and what never leaves; and the text in one's own editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened
from tui.own_editor import EditorFailed, command
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.writing import Writing


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "home")
    shop.home.snippets.mkdir()
    (shop.home.snippets / "thanks.txt").write_text("Hello {contact.first_name}, done.", encoding="utf-8")
    (shop.home.snippets / "broken.txt").write_text("Hello {contact.nickname}", encoding="utf-8")
    (shop.home.snippets / "secret.note.txt").write_text("For colleagues", encoding="utf-8")
    return shop


def text_of(pilot) -> str:
    return pilot.app.screen.query_one("#edit").text


async def test_two_slashes_open_it_and_its_fields_are_filled_in(shop):
    async with at_work(shop, "1") as (pilot, screen):
        first = (screen.row.contact or "").split()[0]
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, "slash", "slash")
        await opened(pilot, Picker)
        assert f"Hello {first}, done." in painted(pilot.app.screen) or "thanks" in painted(pilot.app.screen)
        assert "secret" not in painted(pilot.app.screen), (
            "rule 7: a text for colleagues is not offered for a reply"
        )
        await choose(pilot, "thanks")
        await until(pilot, lambda: isinstance(pilot.app.screen, Writing), "back")
        assert text_of(pilot) == f"Hello {first}, done."


async def test_not_in_an_address_and_given_up_it_is_typed(shop):
    async with at_work(shop, "1") as (pilot, _):
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, *"https:", "slash", "slash", "x")
        assert isinstance(pilot.app.screen, Writing) and text_of(pilot) == "https://x"
        await press(pilot, "space", "slash", "slash")
        await opened(pilot, Picker)
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, Writing), "back")
        await settle(pilot)
        assert text_of(pilot) == "https://x //"


async def test_a_field_that_nothing_fills_never_leaves(shop):
    async with at_work(shop, "1") as (pilot, _):
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, "f2")
        await choose(pilot, "broken")
        await until(pilot, lambda: isinstance(pilot.app.screen, Writing), "back")
        await press(pilot, "escape")
        await until(pilot, lambda: "is not filled in" in painted(pilot.app.screen), "it says why")
        assert isinstance(pilot.app.screen, Writing) and "{contact.nickname}" in text_of(pilot)
        assert not shop.world.mails


async def test_in_ones_own_editor_and_back_into_the_review(shop, monkeypatch):
    monkeypatch.setattr("tui.flows_text.edited", lambda _app, text: f"{text} And more.")
    async with at_work(shop, "1") as (pilot, _):
        await press(pilot, "n")
        await opened(pilot, Writing)
        await press(pilot, *"Called", "escape")
        await opened(pilot, Review)
        await press(pilot, "v")
        await until(pilot, lambda: "Called And more." in painted(pilot.app.screen), "the text came back")
        assert isinstance(pilot.app.screen, Review)


async def test_an_editor_that_fails_loses_nothing(shop, monkeypatch):
    def fails(_app, _text):
        raise EditorFailed("vim ended with 1. The text is as it was.")

    monkeypatch.setattr("tui.flows_text.edited", fails)
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "n")
        await opened(pilot, Writing)
        await press(pilot, *"Called", "escape")
        await opened(pilot, Review)
        await press(pilot, "v")
        await until(pilot, lambda: "ended with 1" in screen.status.said.text, "it says why")
        await opened(pilot, Review)
        assert "Called" in painted(pilot.app.screen)


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"VISUAL": "code --wait"}, ["code", "--wait"]),
        ({"EDITOR": "nano"}, ["nano"]),
        ({"VISUAL": " ", "EDITOR": "vi"}, ["vi"]),
    ],
)
def test_which_editor(environment, words):
    assert command(environment) == words
