"""A PSA that takes nothing and does not tell all (Rev.io): no dead key, and nothing unknown looks like zero."""

from __future__ import annotations

import pytest

from store.read import Reader
from tests.tui.screen import painted, press, until
from tests.tui.small_shop import Shop, at_work, opened, told
from tui.plain import print_queue
from tui.screens.end_of_day import EndOfDay
from tui.screens.why import Why

SENTENCE = "Rev.io PSA: not offered by its API as known; `o` opens the ticket there."


@pytest.fixture
def shop(tmp_path):
    found = Shop(tmp_path / "home", psa="revio")
    me = found.world.member("jdoe").id
    board = next(b for b in found.world.boards.values() if b.reply_status)
    ticket = next(t for t in found.world.tickets.values() if found.world.is_open(t) and t.owner_id == me)
    ticket.board_id = board.id
    found.world.set_status(ticket, found.world.status(board.id, board.reply_status), "asmith")
    return found


@pytest.mark.parametrize("pane", ["1", "0"])
async def test_every_key_that_writes_says_why_it_does_not(shop, pane):
    async with at_work(shop, pane) as (pilot, screen):
        for key in ("r", "n", "c", "b", "p", "e", "s", "w", "f"):
            screen.tell("")
            await press(pilot, key)
            await until(pilot, lambda: bool(told(screen)), f"{key} says something")
            assert told(screen) == SENTENCE, key
            assert pilot.app.screen is screen
        assert await pilot.app.read(lambda reader: reader.changes(True)) == []
        assert shop.world.writes == []


async def test_o_opens_the_ticket_there(shop):
    async with at_work(shop, "1") as (pilot, screen):
        assert "o open in PSA" in painted(screen)
        opened_urls = []
        pilot.app.open_url = opened_urls.append
        await press(pilot, "o")
        assert opened_urls == [f"https://riverside.psarev.io/ticket/{screen.row.ticket_id}"]


async def test_without_an_address_o_says_so(tmp_path):
    shop = Shop(tmp_path / "home", psa="revio", ticket_url="")
    async with at_work(shop, "0") as (pilot, screen):
        await press(pilot, "o")
        assert "gave no address" in told(screen)
        await press(pilot, "r")
        await until(pilot, lambda: "ticket_url" in told(screen), "what to do is said")


async def test_what_is_not_known_is_no_zero(shop):
    async with at_work(shop, "3") as (pilot, screen):
        text = painted(screen)
        assert "? 0 known to zero" in text and "○ 0 to zero" not in text
        assert "3 Orphaned · ? must" in text
        assert "Nothing is known of this kind here; that is no zero." in text
        assert "does not tell which ticket belongs" in text
        assert "Every child has an open parent" not in text
        lines = [line[:28] for line in text.splitlines()]
        for name in ("1 Responded", "on children", "after close", "3 Orphaned", "4 Billing code"):
            (line,) = [line for line in lines if name in line]
            assert "?" in line, line
        assert "2 Missing        0" in text, "what is known is told as ever"
        await press(pilot, "1")
        text = painted(screen)
        assert "what was said is not known from this PSA" in text
        assert "Not known. Rev.io PSA: its API as known does not tell what is said" in text.replace("│\n", "")
        assert "has not been read yet" not in text
        assert "Contact   not known from this PSA" in text and "nobody" not in text


async def test_a_narrow_screen_says_it_too(shop):
    async with at_work(shop, "4") as (pilot, screen):
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "4 Code ?" in painted(screen), "the strip")


async def test_the_end_of_the_day_cannot_be_told(shop):
    async with at_work(shop, "1") as (pilot, _screen):
        await press(pilot, "E")
        await opened(pilot, EndOfDay)
        await until(pilot, lambda: "CANNOT TELL" in painted(pilot.app.screen), "the answer")
        text = painted(pilot.app.screen)
        assert "orphaned cannot be known" in text and "✓" not in text
        await press(pilot, "escape", "i")
        await opened(pilot, Why)
        text = painted(pilot.app.screen)
        assert "o opens it in the PSA" in text and "r reply" not in text
        assert "conversation read not possible" in text


async def test_the_plain_queue_says_it(shop, capsys):
    await shop.pull()
    print_queue(shop.home, shop.settings, now=int(shop.now))
    text = capsys.readouterr().out
    assert "0 to zero, but of demo not all can be known" in text
    assert "demo: orphaned not known, which is no zero." in text
    assert "3 Orphaned · ? must, 0 later" in text and "2 Missing · 0 must" in text
    assert "only in the PSA itself: https://riverside.psarev.io/ticket/" in text
    assert Reader(shop.home, shop.settings).to_zero() == 0
