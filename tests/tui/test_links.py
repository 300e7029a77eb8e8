"""Links of a conversation and what can be copied: shown in full before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, opened, told
from tui.links import addresses, oddities
from tui.screens.picker import Picker


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://example.test/a?b=c#d, please.", ["https://example.test/a?b=c#d"]),
        ("(https://example.test/x_(y)) and http://b.test.", ["https://example.test/x_(y)", "http://b.test"]),
        ("javascript:alert(1) file:///etc/passwd ftp://x.test https://", []),
        ('<https://a.test> "https://a.test" HTTPS://A.test/', ["https://a.test", "HTTPS://A.test/"]),
        ("no link", []),
    ],
)
def test_addresses_in_a_text(text, found):
    assert addresses(text) == found


@pytest.mark.parametrize(
    ("url", "words"),
    [("https://a.test", ""), ("http://a.test", "not encrypted"), ("https://bank.test@evil.test/", "goes to evil.test"),
     ("https://раураl.test", "several alphabets"), ("https://xn--80ak6aa92e.test", "several alphabets")],
)  # fmt: skip
def test_what_is_odd_about_one_is_said(url, words):
    assert words in oddities(url) and bool(words) == bool(oddities(url))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def test_o_in_the_open_ticket_lists_them_and_opens_the_chosen_one(shop, monkeypatch):
    waits = shop.world.planted["customer_responded/last_word_customer"][0]
    shop.world.customer_replies(waits, "Look at https://bank.test@evil.test/login and https://docs.test/a.")
    async with at_work(shop, "1") as (pilot, screen):
        went: list[str] = []
        monkeypatch.setattr(pilot.app, "open_url", lambda url, **_: went.append(url))
        screen.list.go(screen.list.find("demo", str(waits)))
        await settle(pilot)
        await press(pilot, "enter", "o")
        await opened(pilot, Picker)
        assert went == [], "nothing is opened before it is chosen"
        await press(pilot, *"login")
        assert "goes to evil.test" in painted(pilot.app.screen)
        await press(pilot, "enter")
        await until(pilot, lambda: went == ["https://bank.test@evil.test/login"], "opened")


async def test_copying_a_phone_number(shop, monkeypatch):
    async with at_work(shop, "1") as (pilot, screen):
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await press(pilot, "Y")
        await opened(pilot, Picker)
        await press(pilot, *"phone", "enter")
        await until(pilot, lambda: copied != [], "copied")
        assert copied == [screen.view.record.contact_phone]
        assert "Copied" in told(screen)
