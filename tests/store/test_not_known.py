"""A PSA that does not tell conversations, parents and codes: nothing of that is a zero, and it is read less often."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.contract import TELLS, Capabilities
from connectors.simulators.serve import demo_secrets, demo_settings
from connectors.simulators.world import World
from store.check import verdict
from store.desk import Desk
from store.due import is_due, next_reading
from store.fixes import FixRefused, Intent
from store.home import Home
from store.not_known import by_connection, not_known, told
from store.read_records import ConnectionView
from store.settings import load
from store.settings_save import save_connection
from tests.connectors.revio_desk import LIST, ours, served

CAN = Capabilities(
    fields=frozenset({"type"}),
    flag=False,
    code_on_ticket=False,
    code_on_time=False,
    code_name="code",
    writes=frozenset(),
    undoable=frozenset(),
)
EVERYTHING = replace(CAN, tells=frozenset(TELLS))


class Clock:
    """Seconds since 1970, and some more."""

    ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Shop:
    """A deskzero home at a simulated Rev.io."""

    def __init__(self, app: Any, url: str, folder: Path, **more: Any) -> None:
        self.app, self.world, self.clock = app, app.state.world, Clock()
        home = Home.at(folder)
        table = demo_settings("revio", url) | {"read_every_minutes": 15, "quota": "none"} | more
        save_connection(home.config, "desk", {"psa": "revio", **table})
        self.desk = Desk(home, load(home.config), secrets={"desk": demo_secrets("revio")}, clock=self.clock)

    async def sync(self, **how: Any) -> list[Any]:
        return await self.desk.sync(**how)

    def readings(self) -> int:
        """Requests for the list, and forgets them."""
        found = sum(one.path == LIST for one in self.app.state.requests)
        self.app.state.requests.clear()
        return found


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    with served(World(5, 100, speed=0)) as (app, url):
        found = Shop(app, url, tmp_path)
        (report,) = await found.sync(force=True)
        assert report.ok, report.error
        found.readings()
        yield found
        await found.desk.close()


class TestKinds:
    def test_what_is_told_is_known(self):
        assert not_known(EVERYTHING) == {} and not_known(None) == {}
        assert told(None, "conversations") and told(CAN, "conversations")

    @pytest.mark.parametrize(
        ("what", "lost"),
        [
            (
                "conversations",
                {"customer_responded", "child_reply", "reply_after_close", "stale", "waiting_too_long"}
                | {"undocumented", "unlogged", "crossed", "billing_question", "owner_absent"},
            ),
            ("parents", {"orphaned", "children_open"}),
            ("billing_codes", {"billing_code"}),
            (
                "time",
                {"billing_code", "unlogged", "unbilled", "out_of_scope", "project_in_disguise"}
                | {"repeated_fix", "time_gap"},
            ),
        ],
    )
    def test_what_rests_on_what(self, what, lost):
        can = replace(EVERYTHING, not_read={what: "It does not say."})
        assert not_known(can) == dict.fromkeys(lost, "It does not say.")
        state = ConnectionView(connection="a", psa="x", capabilities=can)
        assert by_connection([state], ["missing_fields"]) == {}
        assert set(by_connection([state], lost)["a"]["It does not say."]) == lost

    def test_what_a_connector_does_not_say_that_it_tells_is_not_known(self):
        assert not_known(CAN) == {
            "sla": "Its API, as known, does not tell SLA targets.",
            "abandoned": "Its API, as known, does not tell appointments.",
            "unbilled": "Its API, as known, does not tell whether time is charged.",
            "out_of_scope": "Its API, as known, does not tell whether time is charged.",
            "repeated_fix": "Its API, as known, does not tell whether time is charged.",
        }


class TestRules:
    async def test_a_status_is_the_only_signal_and_says_so(self, shop):
        world = shop.world
        one = world.ticket(sorted(ours(world))[0])
        world.set_field(one.id, "status", "Waiting Customer")
        board = next(b for b in world.boards.values() if b.reply_status)
        one.board_id = board.id
        world.set_status(one, world.status(board.id, board.reply_status), "asmith")
        await shop.sync(force=True)
        (row,) = [
            row for row in shop.desk.reader.rows(["customer_responded"]) if row.ticket_id == str(one.id)
        ]
        assert row.psa_only and not row.gate
        assert [reason.code for reason in row.reasons] == ["flag_set"]
        assert "not known from this PSA" in row.reasons[0].text and "no note" not in row.reasons[0].text

    async def test_a_childs_status_does_not_make_an_orphan_where_parents_are_not_told(self, shop):
        assert any(row.status == "Child Ticket" for row in shop.desk.reader.rows(["open"])), (
            "the world has some"
        )
        assert shop.desk.reader.rows(["orphaned"]) == []
        assert shop.desk.reader.rows(["billing_code"]) == []

    async def test_required_fields_that_it_has_not_are_named_and_the_others_looked_at(self, shop):
        (state,) = shop.desk.reader.states()
        assert set(state.missing_fields) == {"contact", "contact_phone", "contact_email", "agreement"}
        one = shop.world.ticket(sorted(ours(shop.world))[0])
        one.type_id = None
        await shop.sync(force=True)
        found = {row.ticket_id: row for row in shop.desk.reader.rows(["missing_fields"])}
        assert [reason.field for reason in found[str(one.id)].reasons] == ["type"]


class TestVerdict:
    async def test_it_cannot_be_told_and_each_kind_is_named(self, shop):
        answer = await shop.desk.check()
        assert answer.verdict == "cannot_tell" and answer.to_zero == 0
        assert [sentence.partition(" cannot be known")[0] for sentence in answer.why] == [
            "desk: customer_responded, child_reply and reply_after_close",
            "desk: orphaned",
            "desk: billing_code",
        ]
        assert all("Rev.io PSA: its API as known does not tell" in sentence for sentence in answer.why)

    async def test_no_conversation_counts_as_unread(self, shop):
        (known,) = shop.desk.reader.evidence(now=shop.desk.now).connections
        assert (known.unread, known.not_lately) == (0, 0) and known.any_open == bool(ours(shop.world))

    @pytest.mark.parametrize("kind", ["customer_responded", "orphaned", "billing_code"])
    async def test_one_kind_alone_is_enough(self, shop, kind):
        assert (await shop.desk.check(gates=[kind])).verdict == "cannot_tell"

    async def test_what_does_not_count_is_no_doubt(self, shop):
        answer = verdict(
            shop.desk.reader, shop.desk.settings, now=shop.desk.now, gates=["missing_fields"], asked=True
        )
        assert (answer.verdict, answer.why) == ("zero", ())


class TestFixes:
    @pytest.mark.parametrize(
        "intent",
        [
            Intent(billing_code="x"),
            Intent(billing_code="x", entry="1"),
            Intent(set={"contact": "x"}),
            Intent(set={"type": "x"}),
            Intent(status="New"),
            Intent(owner="Aisha Smith"),
            Intent(parent="1"),
            Intent(no_parent=True),
            Intent(reply="x"),
            Intent(note="x"),
            Intent(seen="x"),
            Intent(clear_flag=True),
            Intent(time=1.0),
            Intent(close=True),
        ],
    )
    async def test_every_option_is_refused_with_the_sentence(self, shop, intent):
        with pytest.raises(FixRefused) as refused:
            await shop.desk.prepare("desk", sorted(ours(shop.world))[0], intent)
        assert "not offered by its API as known" in str(refused.value)
        assert refused.value.hint == (
            "Rev.io PSA: not offered by its API as known; `o` opens the ticket there."
        )
        assert shop.readings() == 0


class TestDue:
    async def test_a_round_that_nobody_asked_for_leaves_it_alone_until_it_is_due(self, shop):
        assert await shop.sync() == [] and shop.readings() == 0
        shop.clock.ahead = 14 * 60
        assert await shop.sync() == []
        shop.clock.ahead = 15 * 60 + 1
        assert len(await shop.sync()) == 1 and shop.readings() == 2
        assert await shop.sync() == []

    async def test_a_person_is_not_kept_waiting(self, shop):
        assert len(await shop.sync(force=True)) == 1 and shop.readings() == 2
        await shop.desk.check()
        assert shop.readings() == 2

    async def test_one_that_failed_is_tried_again_at_once(self, shop):
        shop.app.state.faults.next(LIST, "403", times=10)
        assert not (await shop.sync(force=True))[0].ok
        shop.app.state.faults.clear()
        assert (await shop.sync())[0].ok

    @pytest.mark.parametrize(
        ("state", "due"),
        [
            ({}, True),
            ({"synced_at": 1000}, False),
            ({"synced_at": 1000, "error": "x"}, True),
            ({"synced_at": 5000}, True),  # the clock was set back
            ({"synced_at": 100}, True),
        ],
    )
    def test_when_it_is_due(self, state, due):
        view = ConnectionView(connection="a", psa="x", capabilities=replace(CAN, read_every=900), **state)
        assert is_due(view, 1500) is due
        plain = ConnectionView(connection="a", psa="x", capabilities=CAN, **state)
        assert is_due(plain, 1500) and next_reading(plain) is None
