"""Rules of the screen that no single flow owns: what never writes, what is taken back first, what is there offline.

The others stand with what they are about: `grep -rn "rule_[0-9]*\\|Rule [0-9]*" tests`.
"""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from connectors.simulators.serve import demo_secrets, demo_transport
from store.desk import Desk
from store.read import Reader
from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.keys import QUEUE
from tui.messages import Saved
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.undo_list import UndoList
from tui.screens.writing import Writing


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def test_rule_1_enter_and_esc_never_write_in_lists_and_tickets(shop):
    async with at_work(shop, "1") as (pilot, screen):
        writes = len(shop.world.writes)
        for pane in "12340":
            await press(pilot, pane)
            for _ in range(3):
                await press(pilot, "enter", "enter", "escape", "j", "enter", "escape", "escape")
        assert pilot.app.screen is screen
        assert len(shop.world.writes) == writes
        changes = await pilot.app.read(lambda reader: reader.changes(True))
        assert changes == []


async def test_rules_1_and_2_no_key_by_itself_writes_more_than_the_promise_that_is_painted(shop):
    """Every key of the queue once, on a row without a promise, each followed by Esc: nothing is in the outbox."""
    async with at_work(shop, "1") as (pilot, screen):
        row = next(row for row in screen.list._rows.values() if row.promise is None and not row.closed)
        writes = len(shop.world.writes)
        for key in QUEUE:
            if key.action in ("leave", "browser") or key.key.startswith(("q", "ctrl")):
                continue
            screen.list.let_go()
            await screen.jump(row.connection, row.ticket_id, quiet=True)
            await settle(pilot)
            await press(pilot, key.key.split(",")[0])
            await pilot.pause(0.05)
            for _ in range(4):
                await press(pilot, "escape")
            await settle(pilot)
        changes = await pilot.app.read(lambda reader: reader.changes(True))
        assert [change.verb for change in changes] == []
        assert len(shop.world.writes) == writes


@pytest.mark.flaky(reruns=2)  # the mail is held by the clock of a busy machine
async def test_rule_11_u_takes_the_held_mail_first_then_the_last_change(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, *"On my way", "escape")
        await opened(pilot, Review)
        await press(pilot, "y")
        await settle(pilot)
        await press(pilot, "4", "b")
        await choose(pilot, "Consulting")
        await until(pilot, lambda: "billing code" in told(screen), "a code was set after the mail")
        await press(pilot, "u")
        await until(pilot, lambda: "withdrawn" in told(screen), "the mail, which can still be taken back")
        assert not shop.world.mails
        await press(pilot, "u")
        await until(pilot, lambda: "Consulting" in told(screen) or "again" in told(screen), "then the code")


async def test_rule_11_what_is_older_than_ten_minutes_is_asked_about(shop):
    async with at_work(shop, "4") as (pilot, screen):
        codes = shop.codes(screen.row.ticket_id)
        ticket = screen.row.ticket_id
        await press(pilot, "b")
        await choose(pilot, "Consulting")
        await until(pilot, lambda: "is in the PSA" in told(screen), "set")
        shop.now += 601
        await press(pilot, "u")
        await opened(pilot, UndoList)
        await press(pilot, "escape")
        assert shop.codes(ticket) != codes, "nothing was taken back without an answer"


async def test_rule_14_offline_everything_that_a_fix_chooses_from_is_there_with_its_age(shop):
    """Conversations, contacts, agreements, codes, statuses of every queued ticket are cached."""
    await shop.pull()
    reader = Reader(shop.home, shop.settings, lambda: shop.now)
    for row in reader.rows(("open",)):
        view = reader.ticket(row.connection, row.ticket_id)
        assert view is not None and view.notes_read_at is not None, row.number
        for kind in ("status", "billing_code", "owner"):
            assert reader.choices("demo", kind, board_id=row.board_id), (row.number, kind)
            assert reader.choices_read_at("demo", kind, board_id=row.board_id)
        if row.company_id is not None:
            assert reader.choices("demo", "contact", company_id=row.company_id), row.number
            assert reader.choices_read_at("demo", "agreement", company_id=row.company_id) is not None, (
                row.number
            )


class Line(httpx.AsyncBaseTransport):
    """The network to the PSA, which can be cut."""

    def __init__(self, shop: Shop) -> None:
        self._psa = demo_transport(shop.world, shop.psa)
        self.cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("the network is gone")
        return await self._psa.handle_async_request(request)


async def test_rule_14_a_picker_opens_offline_and_says_how_old_its_values_are(shop):
    line = Line(shop)

    def desk() -> Desk:
        secrets = {"demo": demo_secrets(shop.psa)}
        return Desk(
            shop.home, shop.settings, transports={"demo": line}, secrets=secrets, clock=lambda: shop.now
        )

    async with at_work(shop, "4", open_desk=desk) as (pilot, screen):
        line.cut = True
        await pilot.app.engine.call(lambda desk: desk.sync(force=True))
        pilot.app.saved.publish(Saved())
        await settle(pilot)
        assert "offline since" in painted(screen)
        await press(pilot, "b")
        await opened(pilot, Picker)
        assert "These values are of" in " ".join(painted(pilot.app.screen).split())
