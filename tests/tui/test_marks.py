"""Marks: what is shown is what is hit, a preview before anything, one undo for all; and the last fix once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.read_records import ChangeView
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.together import Together
from tui.screens.writing import Writing
from tui.watch import settled_together


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


def marked(screen):
    return [row.number for row in screen.list.marks.rows]


async def test_rule_3_the_detail_shows_the_marks_and_their_count(shop):
    async with at_work(shop, "4") as (pilot, screen):
        first, second = (screen.list._rows[key] for key in screen.list.keys[:2])
        await press(pilot, "space", "space")
        assert marked(screen) == [first.number, second.number]
        shown = painted(screen)
        assert "2 MARKED · keys act on these 2, not on the cursor" in shown
        assert "Conversation" not in shown
        assert screen.row.number not in marked(screen)  # the cursor has gone down
        await press(pilot, "escape")
        assert marked(screen) == [] and "MARKED" not in painted(screen) and "Conversation" in painted(screen)


async def test_rule_3_marks_end_at_a_pane_change(shop):
    async with at_work(shop, "4") as (pilot, screen):
        await press(pilot, "space", "2")
        assert marked(screen) == []
        assert "MARKED" not in painted(screen)


async def test_rule_3_marks_that_a_filter_hides_are_told_in_words(shop):
    async with at_work(shop, "4") as (pilot, screen):
        row = screen.row
        await press(pilot, "space", "slash", *"zzz")
        assert len(screen.list) == 0 and marked(screen) == [row.number]
        assert "1 hidden by the filter" in painted(screen)


async def test_a_range_follows_the_cursor_and_its_marks_stay(shop):
    async with at_work(shop, "4") as (pilot, screen):
        numbers = [screen.list._rows[key].number for key in screen.list.keys]
        await press(pilot, "v", "j", "j")
        assert marked(screen) == numbers[:3]
        await press(pilot, "k")
        assert marked(screen) == numbers[:2]
        await press(pilot, "v", "j", "j")
        assert marked(screen) == numbers[:2]


async def test_all_and_none(shop):
    async with at_work(shop, "4") as (pilot, screen):
        await press(pilot, "asterisk")
        assert len(marked(screen)) == len(screen.list)
        await press(pilot, "asterisk")
        assert marked(screen) == []


async def test_a_code_on_all_marks_after_a_preview_and_one_undo(shop):
    async with at_work(shop, "4") as (pilot, screen):
        rows = [screen.list._rows[key] for key in screen.list.keys[:3]]
        before = [shop.codes(row.ticket_id) for row in rows]
        await press(pilot, "space", "space", "space", "b")
        await choose(pilot, "Consulting")
        await opened(pilot, Together)
        shown = "\n".join(painted(pilot.app.screen).splitlines())
        for row in rows:
            assert f"#{row.number}" in shown
        assert "3 will be changed" in shown
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Together), "Enter writes nothing"
        assert [shop.codes(row.ticket_id) for row in rows] == before
        await press(pilot, "y")
        await until(pilot, lambda: "on 3 tickets is in the PSA" in told(screen), "all three are confirmed")
        code = next(one.id for one in shop.world.work_types.values() if one.name == "Consulting")
        assert all(code in shop.codes(row.ticket_id) for row in rows)
        assert marked(screen) == []  # rule 3: marks end after a fix
        await press(pilot, "u")
        await until(
            pilot, lambda: "Taken back" in told(screen) and "on 3 tickets" in told(screen), "all are back"
        )
        assert [shop.codes(row.ticket_id) for row in rows] == before


async def test_what_is_refused_is_told_ticket_by_ticket_and_the_rest_goes(shop):
    async with at_work(shop, "4") as (pilot, screen):
        strong = [row for row in screen.list._rows.values() if row.promise and row.promise.strong]
        await press(pilot, "asterisk", "a")
        await opened(pilot, Together)
        shown = painted(pilot.app.screen)
        assert f"{len(strong)} will be changed, {len(screen.list) - len(strong)} will not" in shown
        assert "not changed: nothing strong stands after →" in shown
        await press(pilot, "y")
        await until(pilot, lambda: "in the PSA" in told(screen), "confirmed")
        assert all(int(row.promise.parts[0].value) in shop.codes(row.ticket_id) for row in strong)


async def test_rule_8_a_close_never_goes_by_marks(shop):
    async with at_work(shop, "2") as (pilot, _):
        await press(pilot, "space", "space", "s")
        await choose(pilot, "Closed")
        await opened(pilot, Together)
        assert "ticket by ticket" in painted(pilot.app.screen) or "lacks" in painted(pilot.app.screen)
        assert "0 will be changed" in painted(pilot.app.screen)
        await press(pilot, "y")
        assert isinstance(pilot.app.screen, Together)


@pytest.mark.parametrize("key", ["f", "p", "c"])
async def test_rule_8_what_goes_ticket_by_ticket_refuses_marks(shop, key):
    async with at_work(shop, "1") as (pilot, screen):
        notes = shop.notes
        await press(pilot, "space", key)
        assert "ticket by ticket" in told(screen)
        assert pilot.app.screen is screen and shop.notes == notes


async def test_rule_8_a_reply_is_to_the_cursors_ticket_never_to_the_marks(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "space")
        here = screen.row.number
        await press(pilot, "r")
        await opened(pilot, Writing)
        assert f"#{here}" in painted(pilot.app.screen)


async def test_rule_4_a_marked_row_that_sync_takes_away_stays_as_a_ghost_and_nothing_is_done_to_it(shop):
    async with at_work(shop, "4") as (pilot, screen):
        gone, other = screen.list.keys[0], screen.list.keys[1]
        await press(pilot, "space", "space", "j")
        shop.now += 300
        shop.world.reassign(gone[1], "asmith")
        await pilot.app.engine.call(lambda desk: desk.sync())
        from tui.messages import Saved

        pilot.app.saved.publish(Saved())
        await until(pilot, lambda: screen.list.left(gone), "it is a ghost")
        await press(pilot, "b")
        await choose(pilot, "Consulting")
        await opened(pilot, Together)
        assert "1 will be changed" in painted(pilot.app.screen)
        await press(pilot, "y")
        await until(pilot, lambda: "in the PSA" in told(screen), "confirmed")
        code = next(one.id for one in shop.world.work_types.values() if one.name == "Consulting")
        assert code in shop.codes(other[1]) and code not in shop.codes(gone[1])


async def test_the_last_fix_once_more_is_painted_before_it_acts(shop):
    async with at_work(shop, "4") as (pilot, screen):
        await press(pilot, "full_stop")
        assert "Nothing to repeat yet" in told(screen)
        await press(pilot, "b")
        await choose(pilot, "Consulting")
        await until(pilot, lambda: "is in the PSA" in told(screen), "the first one")
        second = screen.row
        assert ". → Consulting" in painted(screen)
        await press(pilot, "full_stop")
        await until(
            pilot, lambda: f"#{second.number}" in told(screen) and "in the PSA" in told(screen), "again"
        )
        code = next(one.id for one in shop.world.work_types.values() if one.name == "Consulting")
        assert code in shop.codes(second.ticket_id)


async def test_rule_8_neither_a_note_nor_a_close_becomes_the_last_fix(shop):
    async with at_work(shop, "4") as (pilot, screen):
        await press(pilot, "n")
        await opened(pilot, Writing)
        await press(pilot, *"hello", "escape")
        await opened(pilot, Review)
        await press(pilot, "y")
        await settle(pilot)
        assert screen.last is None


async def test_rule_10_another_companys_agreement_is_not_repeated(shop):
    async with at_work(shop, "2") as (pilot, screen):
        row = next(one for one in screen.list._rows.values() if one.promise and one.promise.of("agreement"))
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: "is in the PSA" in told(screen), "the agreement is set")
        other = next(one for one in screen.list._rows.values() if one.company_id != row.company_id)
        screen.list.go(screen.list.find(*other.key[:2]))
        await settle(pilot)
        assert ". →" not in painted(screen)
        await press(pilot, "full_stop")
        assert "belongs to another company" in told(screen)


async def test_accepting_fills_all_that_the_contacts_card_has(shop):
    async with at_work(shop, "2") as (pilot, screen):
        row = next(one for one in screen.list._rows.values() if one.promise and len(one.promise.parts) == 2)
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        assert "→ phone" in painted(screen)
        await press(pilot, "a")
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert screen.list.find(*row.key[:2]) is None
        ticket = shop.world.ticket(row.ticket_id)
        assert (ticket.contact_phone, ticket.contact_email) == tuple(part.value for part in row.promise.parts)


async def test_a_field_dialog_has_the_promised_value_first(shop):
    async with at_work(shop, "2") as (pilot, screen):
        row = next(
            one for one in screen.list._rows.values() if one.promise and one.promise.of("contact_phone")
        )
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "f")
        await opened(pilot, Picker)
        first = pilot.app.screen._shown[0]
        assert (first.key, first.group) == (row.promise.of("contact_phone").value, "suggested")


async def test_what_is_so_already_is_left_alone(shop):
    async with at_work(shop, "2") as (pilot, screen):
        status = screen.row.status
        await press(pilot, "space", "s")
        await choose(pilot, status)
        await opened(pilot, Together)
        assert "it is so already" in painted(pilot.app.screen)
        assert "0 will be changed" in painted(pilot.app.screen)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (("confirmed", "confirmed"), "on 2 tickets is in the PSA"),
        (("confirmed", "rejected"), "1 of 2 are in the PSA, 1 waits for a decision"),
        (("confirmed", "undone"), "1 of 2 are in the PSA"),
        (("confirmed", "queued"), None),
        (("rejected", "undone"), None),
    ],
)
def test_what_became_of_several_is_told_once_and_as_it_is(states, words):
    changes = [
        ChangeView(
            change=str(place), connection="acme", ticket_id="1", number="1", summary="", company=None, verb="status",
            values={"status": {"id": "1", "name": "New"}}, was={}, state=state, attempts=0, error=None, hint=None,
            detail={}, created_at=0, due_at=None, next_try_at=None, sent_at=None, confirmed_at=None, wrote=True,
            because=None, undo_of=None, undone_by=None, batch="b",
        )
        for place, state in enumerate(states)
    ]  # fmt: skip
    said = settled_together(changes, back=True)
    assert (said.text.removeprefix("status → New").lstrip(": ") if said else None) == words
