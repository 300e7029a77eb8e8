"""Asking billing instead of guessing: the picker's last entry, a note in the PSA, and the row that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.screens.picker import Picker


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "home")
    from store.settings import load

    with shop.home.config.open("a", encoding="utf-8") as config:
        config.write('\n[billing]\npeople = ["Pat Kim"]\n')
    shop.settings = load(shop.home.config)
    return shop


async def test_the_last_entry_asks_and_the_row_stays_marked_as_asked(shop):
    async with at_work(shop, "4") as (pilot, screen):
        row, codes = screen.row, shop.codes(screen.row.ticket_id)
        await press(pilot, "b")
        await opened(pilot, Picker)
        assert pilot.app.screen._shown[-1].label == "Ask billing …"
        await choose(pilot, "ask billing")
        await until(pilot, lambda: "Ask Pat Kim" in painted(pilot.app.screen), "the question is asked for")
        await choose(pilot, "covered")
        shop.now += 11  # held, like every text
        await until(pilot, lambda: "is in the PSA" in told(screen), "the note is in the PSA")
        notes = shop.world.notes[int(row.ticket_id)]
        assert [note.text for note in notes if note.text.startswith("Question to billing")] == [
            "Question to billing (Pat Kim): Is this covered by the agreement?"
        ]
        assert shop.codes(row.ticket_id) == codes
        await until(
            pilot,
            lambda: screen.list.find(*row.key[:2]) is not None and "asked Pat Kim" in painted(screen),
            "asked",
        )
        assert "Pat Kim was asked" in painted(screen)


async def test_the_answer_is_shown_and_an_unanswered_question_grows_overdue(shop):
    async with at_work(shop, "4") as (pilot, screen):
        row = screen.row
        shop.now += 60
        shop.world.staff_note(
            row.ticket_id, "Question to billing (Pat Kim): Covered?", public=False, member="jdoe"
        )
        await pilot.app.engine.call(lambda desk: desk.sync(force=True))
        from tui.messages import Saved

        pilot.app.saved.publish(Saved())
        await until(pilot, lambda: "asked Pat Kim" in painted(screen), "asked")
        shop.now += 5 * 86400
        pilot.app.saved.publish(Saved())
        await until(pilot, lambda: "OVERDUE Pat Kim 5d" in painted(screen), "overdue")
        shop.world.staff_note(row.ticket_id, "Yes, use On-site.", public=False, member="asmith")
        await pilot.app.engine.call(lambda desk: desk.sync(force=True))
        pilot.app.saved.publish(Saved())
        await settle(pilot)
        await until(pilot, lambda: "answered by" in painted(screen), "answered")
        assert "Yes, use On-site." in painted(screen)
