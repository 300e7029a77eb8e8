"""Wrapping up: one form, one change, one undo; the close guard beside it; and opening a closed ticket again."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import drafts
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.flows_wrap import DRAFT
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.work_form import WorkForm


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def form(pilot, screen, shop, *, waits: bool = True):
    """Opens the form on a ticket whose customer waits (or not)."""
    row = next(
        row
        for row in screen.list._rows.values()
        if not row.closed and (row.kind == "customer_responded") is waits and row.hours
    )
    screen.list.go(screen.list.find(*row.key[:2]))
    await settle(pilot)
    await press(pilot, "x")
    await opened(pilot, WorkForm)
    return row


async def guards(pilot, words: str) -> None:
    await until(pilot, lambda: words in " ".join(painted(pilot.app.screen).split()), words)


async def test_time_code_text_and_status_are_one_change_in_the_psa(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = await form(pilot, screen, shop)
        entries = len(shop.world.time_of.get(int(row.ticket_id), []))
        await press(pilot, *".25", "tab", "tab", "tab", *"Policy applied", "tab", "tab", "right")
        await guards(pilot, "ok answer")
        assert shop.world.is_open(shop.world.ticket(row.ticket_id)), "the form itself writes nothing"
        await press(pilot, "escape")
        await opened(pilot, Review)
        shown = painted(pilot.app.screen)
        assert "Wrap up? INTERNAL" in shown and "0.25 h" in shown and "Policy applied" in shown
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Review), "Enter writes nothing"
        await press(pilot, "y")
        shop.now += 11
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        ticket = shop.world.ticket(row.ticket_id)
        assert not shop.world.is_open(ticket)
        made = [shop.world.time[one] for one in shop.world.time_of[ticket.id]]
        assert len(made) == entries + 1
        assert (made[-1].hours, made[-1].text) == (0.25, "Policy applied")
        assert made[-1].work_type_id == ticket.work_type_id
        mine = [change for change in screen.standing.changes if change.ticket_id == row.ticket_id]
        assert len(mine) <= 1  # one entry of the journal


async def test_rule_12_it_is_not_closed_with_an_unanswered_note_unless_a_reason_is_given(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = await form(pilot, screen, shop)
        await guards(pilot, "NO an answer to the customer's last note")
        await press(pilot, "tab", "tab", "tab", *"Done", "escape")
        await opened(pilot, Picker)
        assert "lacks an answer" in " ".join(painted(pilot.app.screen).split())
        await press(pilot, "escape")
        await opened(pilot, WorkForm)  # nothing is lost: back in the form
        assert shop.world.is_open(shop.world.ticket(row.ticket_id))
        await press(pilot, "tab", "tab", "tab", ".", "escape")
        await opened(pilot, Picker)
        await press(pilot, *"He is on holiday", "enter")
        await opened(pilot, Review)
        assert "He is on holiday" in " ".join(painted(pilot.app.screen).split())


async def test_esc_leads_out_of_a_form_that_must_not_close(shop):
    """Without a reason the form is there again to be mended; Esc once more leaves it, and keeps the text."""
    async with at_work(shop, "1") as (pilot, screen):
        row = await form(pilot, screen, shop)
        await press(pilot, "tab", "tab", "tab", *"Half done", "escape")
        await opened(pilot, Picker)
        await press(pilot, "escape")
        await opened(pilot, WorkForm)
        await guards(pilot, "Esc once more gives it up")
        await press(pilot, "tab", "tab", "tab", "!", "escape")
        await opened(pilot, Picker)
        await press(pilot, "escape")
        await opened(pilot, WorkForm)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen, "left")
        assert "The text is kept, x goes on." in told(screen)
        assert drafts.load(shop.home, row.connection, row.ticket_id, DRAFT) == "Half done!"
        assert shop.world.is_open(shop.world.ticket(row.ticket_id))


async def test_the_guards_are_those_that_a_close_is_refused_for(shop):
    """Rule 12: one source for what the form says and what is refused."""
    async with at_work(shop, "1") as (pilot, screen):
        row = next(row for row in screen.list._rows.values() if not row.closed)

        async def ask(desk):
            from store.fixes import FixRefused, Intent

            said = await desk.guards(row.connection, row.ticket_id, Intent(close=True))
            with pytest.raises(FixRefused) as refused:
                await desk.prepare(row.connection, row.ticket_id, Intent(close=True))
            return [guard.lacks for guard in said if not guard.ok], str(refused.value)

        lacks, refused = await pilot.app.engine.call(ask)
        assert lacks
        assert refused.endswith(f"it lacks {'; '.join(lacks)}.")


async def test_rule_9_a_newer_note_stops_it(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = await form(pilot, screen, shop)
        await press(pilot, "tab", "tab", "tab", *"Done", "tab", "tab", "right", "escape")
        await opened(pilot, Review)
        shop.now += 5
        shop.world.customer_replies(row.ticket_id, "Stop, it broke again!")
        await press(pilot, "y")
        shop.now += 11
        await until(pilot, lambda: "conflict" in told(screen) or "wrote" in told(screen), "stopped")
        assert shop.world.is_open(shop.world.ticket(row.ticket_id))


async def test_what_is_no_time_is_said_and_esc_never_loses_the_text(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = await form(pilot, screen, shop)
        await press(pilot, *"soon", "tab", "tab", "tab", *"Half a text", "escape")
        assert isinstance(pilot.app.screen, WorkForm)
        assert "is no time" in painted(pilot.app.screen)
        await press(pilot, "escape")
        await settle(pilot)
        assert pilot.app.screen is screen
        assert drafts.load(shop.home, row.connection, row.ticket_id, "done") == "Half a text"
        await press(pilot, "x")
        await opened(pilot, WorkForm)
        assert "Half a text" in painted(pilot.app.screen)


async def test_a_reply_with_the_text_is_public_and_says_so(shop):
    async with at_work(shop, "1") as (pilot, screen):
        row = await form(pilot, screen, shop)
        mails = len(shop.world.mails)
        await press(pilot, "tab", "tab", "tab", *"All done", "tab", "tab", "left")
        await guards(pilot, "ok answer")
        await press(pilot, "escape")
        await opened(pilot, Review)
        assert "PUBLIC: the customer reads it" in painted(pilot.app.screen)
        await press(pilot, "y")
        shop.now += 11
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert len(shop.world.mails) == mails + 1
        assert not shop.world.is_open(shop.world.ticket(row.ticket_id))


async def test_rule_8_it_is_for_one_ticket_never_for_marks(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "space", "x")
        assert "ticket by ticket" in told(screen) and pilot.app.screen is screen


async def test_x_capital_opens_again_through_a_review_and_not_by_itself(shop):
    """Rule 2: a capital never writes by itself."""
    async with at_work(shop, "1") as (pilot, screen):
        row = next(row for row in screen.list._rows.values() if row.closed)
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "X")
        await choose(pilot, "In Progress")
        await opened(pilot, Review)
        assert not shop.world.is_open(shop.world.ticket(row.ticket_id))
        await press(pilot, "y")
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert shop.world.is_open(shop.world.ticket(row.ticket_id))


async def test_an_open_ticket_is_not_opened_again(shop):
    async with at_work(shop, "2") as (pilot, screen):
        await press(pilot, "X")
        await until(pilot, lambda: "is open" in told(screen), "says so")
        assert pilot.app.screen is screen
