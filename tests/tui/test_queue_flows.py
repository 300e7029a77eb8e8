"""From a key to the PSA: the flows of the queue against a simulated ConnectWise PSA, with the real store between."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from store import drafts, outbox
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.screens.confirm import Ask
from tui.screens.outbox import Outbox
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.writing import Writing
from tui.widgets.status_line import StatusLine


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def test_a_billing_code_goes_out_is_confirmed_and_taken_back(shop):
    async with at_work(shop, "4") as (pilot, screen):
        row, before = screen.row, len(screen.list)
        following = screen.list.keys[1][1]
        await press(pilot, "b")
        await choose(pilot, "after hours")
        await until(pilot, lambda: len(screen.list) == before - 1, "the row leaves")
        assert screen.row.ticket_id == following
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert told(screen) == f"#{row.number} billing code → After Hours is in the PSA"
        assert screen.query_one(StatusLine).said.key == "u undo"
        after_hours = shop.world.work_type("After Hours").id
        assert after_hours in shop.codes(row.ticket_id)
        await press(pilot, "u")
        await until(pilot, lambda: "is in the PSA again" in told(screen), "taken back")
        await until(
            pilot, lambda: screen.row is not None and screen.row.key == row.key, "cursor on its ticket"
        )


async def test_a_reply_is_reviewed_held_and_withdrawn(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = screen.row
        notes = shop.notes
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, *"Done.", "escape")
        await opened(pilot, Review)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Review)
        await press(pilot, "y")
        await until(pilot, lambda: bool(screen.standing.held), "held")
        assert shop.notes == notes
        await until(pilot, lambda: screen.list.find(*row.key[:2]) is None, "the row leaves")
        await press(pilot, "u")
        await until(pilot, lambda: not screen.standing.held, "withdrawn")
        assert "nothing was sent" in told(screen)
        await until(
            pilot, lambda: screen.row is not None and screen.row.key == row.key, "cursor on its ticket"
        )
        assert shop.notes == notes


async def test_what_is_typed_while_the_editor_opens_is_kept(shop):
    async with at_work(shop, "1") as (pilot, screen):
        app, row = pilot.app, screen.row
        for key in ("r", "f", "b", "1"):
            app.post_message(_key(key))
        await opened(pilot, Writing)
        await until(pilot, lambda: app.screen.query_one("#edit").text == "fb1", "the text is in the editor")
        await press(pilot, "escape")
        await opened(pilot, Review)
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is screen, "back on the queue")
        assert drafts.load(shop.home, row.connection, row.ticket_id, "reply") == "fb1"
        assert "Kept as a draft" in told(screen)


async def test_a_customer_who_writes_meanwhile_stops_the_reply(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = screen.row
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, *"Done.", "escape")
        await opened(pilot, Review)
        shop.now += 5
        shop.world.customer_replies(row.ticket_id, "Wait, one more thing!")
        notes = shop.notes
        await press(pilot, "y")
        await until(pilot, lambda: bool(screen.standing.held), "held")
        shop.now += 60
        await until(pilot, lambda: bool(screen.standing.stuck), "a conflict")
        assert "conflict" in told(screen)
        assert shop.notes == notes
        assert pilot.app.screen is screen


async def test_no_answer_needed_takes_a_reason_and_clears_the_row(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = next(
            one for one in screen.list._rows.values() if one.kind == "customer_responded" and one.last_words
        )
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "c")
        await choose(pilot, "thanks")
        await until(pilot, lambda: screen.list.find(*row.key[:2]) is None, "the row leaves")
        shop.now += 60
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        texts = [note.text for note in shop.world.notes[int(row.ticket_id)]]
        assert any(text.startswith("Seen, no answer needed: Thanks only") for text in texts)


async def test_two_enters_set_one_code(shop):
    async with at_work(shop, "4") as (pilot, screen):
        await press(pilot, "b")
        await opened(pilot, Picker)
        await press(pilot, *"after", "space", *"hours")
        for _ in range(2):
            pilot.app.post_message(_key("enter"))
        await until(pilot, lambda: pilot.app.screen is screen, "closed")
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        changes = await pilot.app.read(lambda reader: reader.changes(True))
        assert len(changes) == 1
        assert not screen.has_class("-ticket")


async def hold_a_reply(pilot, screen):
    """Answers the row under the cursor; the mail is held."""
    await press(pilot, "r")
    await opened(pilot, Writing)
    await press(pilot, *"Done.", "escape")
    await opened(pilot, Review)
    await press(pilot, "y")
    await until(pilot, lambda: bool(screen.standing.held), "held")


async def test_quitting_with_a_mail_held_asks_and_can_send_it_now(shop):
    async with at_work(shop, "1") as (pilot, screen):
        notes = shop.notes
        await hold_a_reply(pilot, screen)
        await press(pilot, "q")
        await opened(pilot, Ask)
        await press(pilot, "enter", "escape", "ctrl+q")
        await opened(pilot, Ask)
        assert shop.notes == notes
        await press(pilot, "s")  # the clock stands still: nobody waits for the hold to end
        await until(pilot, lambda: pilot.app.return_code == 0, "quits")
        assert shop.notes == notes + 1


async def test_quitting_with_a_mail_that_gets_stuck_does_not_quit(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = screen.row
        await hold_a_reply(pilot, screen)
        shop.world.customer_replies(row.ticket_id, "Wait, one more thing!")
        notes = shop.notes
        await press(pilot, "q")
        await opened(pilot, Ask)
        await press(pilot, "s")
        await until(pilot, lambda: "conflict" in told(screen), "says why")
        assert pilot.app.return_code is None
        assert shop.notes == notes


async def test_quitting_may_withdraw_what_is_held_and_names_the_draft_that_it_becomes(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row, notes = screen.row, shop.notes
        await hold_a_reply(pilot, screen)
        await press(pilot, "q")
        await opened(pilot, Ask)
        await press(pilot, "w")
        await until(pilot, lambda: "1 draft is kept and not sent" in painted(pilot.app.screen), "asks")
        assert f"#{row.number} {row.company} · reply: Done." in painted(pilot.app.screen)
        await press(pilot, "q")
        await until(pilot, lambda: pilot.app.return_code == 0, "quits")
        assert shop.notes == notes
        assert drafts.load(shop.home, row.connection, row.ticket_id, "reply") == "Done."


async def test_quitting_names_what_was_written_and_not_sent(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = screen.row
        drafts.save(shop.home, *row.key[:2], "note", "Looked at the\nswitch.", now=int(shop.now))
        drafts.save(shop.home, "gone", "7", "note", "of a connection that is no more", now=1)
        await press(pilot, "j", "q")
        await opened(pilot, Ask)
        assert "1 draft is kept and not sent" in painted(pilot.app.screen)
        assert "note: Looked at the switch." in painted(pilot.app.screen)
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        await press(pilot, "q", "g")
        await until(pilot, lambda: screen.row is not None and screen.row.key == row.key, "its ticket")
        assert pilot.app.return_code is None
        await press(pilot, "q")
        await opened(pilot, Ask)
        await press(pilot, "q")
        await until(pilot, lambda: pilot.app.return_code == 0, "quits")


async def test_what_is_held_can_be_let_go_in_the_outbox(shop):
    async with at_work(shop, "1") as (pilot, screen):
        notes = shop.notes
        await hold_a_reply(pilot, screen)
        await press(pilot, "O")
        await opened(pilot, Outbox)
        await press(pilot, "t")
        await until(pilot, lambda: shop.notes == notes + 1, "sent, although the clock stands still")
        assert isinstance(pilot.app.screen, Outbox)


async def test_a_sync_by_itself_moves_neither_cursor_nor_focus(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "j", "j")
        here, focus = screen.row.key, screen.focused
        other = next(key for key in screen.list.keys if key != here)
        shop.now += 300
        shop.world.reassign(other[1], "asmith")
        await pilot.app.engine.call(lambda desk: desk.sync())
        from tui.messages import Saved

        pilot.app.saved.publish(Saved())
        await until(pilot, lambda: screen.list.find(*other[:2]) is None, "the other row is gone")
        assert screen.row.key == here
        assert screen.focused is focus
        assert pilot.app.screen is screen


def _key(key):
    from textual import events

    return events.Key(key, key if len(key) == 1 else "\r")


async def test_a_strong_suggestion_is_taken_with_one_key_and_taken_back(shop):
    async with at_work(shop, "4") as (pilot, screen):
        strong = [row for row in screen.list._rows.values() if row.promise and row.promise.strong]
        row = strong[0]
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert f"billing code → {row.promise.label}" in told(screen)
        assert int(row.promise.parts[0].value) in shop.codes(row.ticket_id)
        await press(pilot, "u")
        await until(pilot, lambda: "is in the PSA again" in told(screen), "taken back")
        assert int(row.promise.parts[0].value) not in shop.codes(row.ticket_id)


async def test_a_weak_suggestion_opens_the_picker_and_writes_nothing(shop):
    async with at_work(shop, "4") as (pilot, screen):
        row = next(one for one in screen.list._rows.values() if one.promise and not one.promise.strong)
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        before = shop.codes(row.ticket_id)
        await press(pilot, "a")
        await opened(pilot, Picker)
        first = pilot.app.screen._shown[0]
        assert (first.key, first.group) == (row.promise.parts[0].value, "suggested")
        assert row.promise.parts[0].because in first.detail
        await press(pilot, "escape")
        assert shop.codes(row.ticket_id) == before


async def test_without_a_suggestion_a_says_so(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "a")
        assert "Nothing is suggested" in told(screen)
        assert pilot.app.screen is screen


async def test_a_row_is_marked_as_soon_as_its_fix_is_durable(shop, monkeypatch):
    """Before the rules have looked at it: they may have much to look at."""
    laid = threading.Event()
    lay = outbox.lay

    def late(*given):
        assert laid.wait(30.0)
        lay(*given)

    monkeypatch.setattr(outbox, "lay", late)
    async with at_work(shop, "4") as (pilot, screen):
        row = next(one for one in screen.list._rows.values() if one.promise and one.promise.strong)
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "a")
        await until(pilot, lambda: screen.row.pending, "the row is marked")
        assert "▌ ↑ #" in painted(screen)
        assert [change.number for change in await pilot.app.read(lambda reader: reader.changes())] == [
            row.number
        ]
        laid.set()
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
