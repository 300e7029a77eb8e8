"""Handing over and signing off: each row its own taker and reason, in the PSA; nothing vanishes by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import sign_offs
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened
from tui.screens.end_of_day import EndOfDay
from tui.screens.sign_off import SignOff


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "home")
    for ids in shop.world.planted.values():  # one customer who waits is left, so that a day can be ended here
        for one in ids:
            if (
                one in shop.world.tickets
                and one not in shop.world.planted["customer_responded/last_word_customer"][:1]
            ):
                shop.world.reassign(one, "asmith")
                shop.world.tickets[one].resources = ("asmith",)
    return shop


async def asked(pilot) -> EndOfDay:
    await press(pilot, "E")
    await opened(pilot, EndOfDay)
    screen = pilot.app.screen
    await until(pilot, lambda: screen._verdict is not None and not screen._asking, "the PSA was asked")
    await settle(pilot)
    return screen


async def test_rule_15_a_hand_over_is_an_internal_note_in_the_psa_and_the_owner(shop):
    async with at_work(shop, "1") as (pilot, _):
        screen = await asked(pilot)
        (row,) = screen._rows
        await press(pilot, "w")
        await choose(pilot, "asmith")
        await choose(pilot, "Out of time")
        await until(pilot, lambda: "on its way to the PSA" in painted(screen), "said")
        notes = shop.world.notes[int(row.ticket_id)]
        shop.now += 11
        await until(
            pilot, lambda: any("Hand-over (asmith): Out of time" in note.text for note in notes), "sent"
        )
        assert shop.world.assigned(shop.world.ticket(row.ticket_id), "asmith")
        note = next(note for note in shop.world.notes[int(row.ticket_id)] if "Hand-over" in note.text)
        assert not note.public


async def test_it_is_not_signed_while_a_row_has_no_taker(shop):
    async with at_work(shop, "1") as (pilot, _):
        screen = await asked(pilot)
        await press(pilot, "G", "end", "enter")
        await until(
            pilot, lambda: "each row left needs who takes it and why" in painted(screen), "refused in words"
        )
        assert pilot.app.screen is screen
        assert sign_offs.of_day(shop.home, "2026-11-26") is None


async def test_signed_after_a_review_and_only_by_y(shop):
    async with at_work(shop, "1") as (pilot, _):
        screen = await asked(pilot)
        await press(pilot, "w")
        await choose(pilot, "stays with me")
        await choose(pilot, "Agreed")
        await until(
            pilot, lambda: "→ jdoe: Agreed" in painted(screen) or "→ Jordan" in painted(screen), "taken"
        )
        await press(pilot, "end", "enter")
        await opened(pilot, SignOff)
        assert "Agreed with the customer by phone" in painted(pilot.app.screen)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, SignOff)
        await press(pilot, "y")
        await until(pilot, lambda: "Signed off with 1 handed over" in painted(screen), "signed")
        from tui.flows_day import EndingDay

        signed = sign_offs.of_day(shop.home, EndingDay(pilot.app).today)
        assert signed is not None and signed.verdict == "not_zero" and len(signed.rows) == 1
        verdict = screen._verdict
        assert verdict is not None and verdict.doubts == 1, "the hand-over is still in the outbox"
        assert signed.doubts == verdict.why[:1]


async def test_the_whole_of_it_as_text(shop, monkeypatch):
    async with at_work(shop, "1") as (pilot, _):
        screen = await asked(pilot)
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await press(pilot, "y")
        (text,) = copied
        assert f"#{screen._rows[0].number} {screen._rows[0].company}" in text
        assert "NOT ZERO, 1 to go" in text
