"""The day's gate: what a signature stands for, and what counts again after it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from store import sign_offs
from store.database import Databases
from store.day_gate import Standing, day_of, standing
from store.fixes import Intent
from store.overrides import Override, keep, since, week_begins
from store.read import Reader
from store.sign_offs import Signed
from tests.tui.small_shop import Shop


@pytest.fixture
async def shop(tmp_path: Path) -> Shop:
    """A shop that has just been read, everything about it known."""
    shop = Shop(tmp_path / "home")
    await ask(shop)
    return shop


async def ask(shop: Shop, *, sends: bool = True) -> None:
    async with shop.desk() as desk:
        await desk.sync(read_all=True, force=True, sends=sends)


def stands(shop: Shop, gates: list[str] | None = None, *, later: int = 0) -> Standing:
    reader = Reader(shop.home, shop.settings, lambda: shop.now)
    return standing(reader, shop.settings, shop.home, now=int(shop.now) + later, gates=gates, asked=True)


def sign(shop: Shop, to: str = "asmith", *, doubts: tuple[str, ...] = (), leave_out: int = 0) -> Signed:
    rows = [row for row in Reader(shop.home, shop.settings).rows() if row.gate]
    left = tuple((row.connection, row.number, row.kind or "", to, "tomorrow") for row in rows[leave_out:])
    day = day_of(int(shop.now), shop.settings)
    one = Signed(day, int(shop.now), "jdoe", "not_zero", left, doubts)
    sign_offs.sign(shop.home, one)
    return one


async def test_without_a_signature_it_is_what_check_says(shop: Shop) -> None:
    found = stands(shop)
    assert found.verdict == found.answer.verdict == "not_zero"
    assert (found.signed, found.left, found.came_up) == (None, 0, {})


async def test_a_signed_day_passes_and_the_answer_stays_what_it_is(shop: Shop) -> None:
    signed = sign(shop)
    found = stands(shop)
    assert found.verdict == "signed_off"
    assert found.answer.verdict == "not_zero"
    assert found.left == found.to_others == len(signed.rows) > 1


async def test_rows_that_stay_with_oneself_are_not_left_to_others(shop: Shop) -> None:
    sign(shop, to="jdoe")
    found = stands(shop)
    assert (found.verdict, found.to_others) == ("signed_off", 0)
    assert found.left > 1


async def test_what_was_not_signed_counts_again(shop: Shop) -> None:
    rows = [row for row in Reader(shop.home, shop.settings).rows() if row.gate]
    sign(shop, leave_out=1)
    found = stands(shop)
    assert found.verdict == "not_zero"
    assert found.came_up == {rows[0].kind: 1}
    assert found.left == len(rows) - 1


async def test_a_reply_after_the_signature_counts_again(shop: Shop) -> None:
    sign(shop)
    mine = [one for one in shop.world.tickets.values() if shop.world.assigned(one, "jdoe")]
    quiet = next(one for one in mine if shop.world.is_open(one) and not one.flag)
    shop.now += 60
    shop.world.customer_replies(quiet.id, "Hello?")
    await ask(shop)
    found = stands(shop)
    assert found.verdict == "not_zero"
    assert sum(found.came_up.values()) == 1


async def test_the_next_day_needs_a_signature_of_its_own(shop: Shop) -> None:
    sign(shop)
    assert stands(shop, later=86_400).verdict == "not_zero"


async def test_a_doubt_that_was_not_signed_keeps_the_day_open(shop: Shop) -> None:
    sign(shop)
    found = stands(
        shop, later=3600
    )  # of the same day; the last reading is older than `check.max_age` by then
    assert day_of(int(shop.now) + 3600, shop.settings) == day_of(int(shop.now), shop.settings)
    assert found.verdict == "cannot_tell"
    assert found.new_doubts == found.answer.why[: found.answer.doubts] != ()
    sign(shop, doubts=found.new_doubts)
    assert stands(shop, later=3600).verdict == "signed_off"


async def test_of_other_gates_the_rows_are_those_that_count_there(shop: Shop) -> None:
    shop.settings = msgspec.structs.replace(shop.settings, gates=("orphaned",))
    await ask(shop)
    every = stands(shop).answer.counts
    for kinds in (["orphaned"], ["billing_code"], ["customer_responded", "orphaned"]):
        found = stands(shop, kinds)
        assert found.answer.to_zero == sum(found.answer.counts[kind].must for kind in kinds) > 0, kinds
    sign(shop)
    assert stands(shop, ["orphaned"]).left == every["orphaned"].must
    other = stands(shop, ["billing_code"])
    assert other.came_up == {"billing_code": other.answer.to_zero}


async def test_rows_and_numbers_of_two_moments_let_nothing_pass(shop: Shop, monkeypatch) -> None:
    sign(shop)
    rows = Reader.rows
    monkeypatch.setattr(Reader, "rows", lambda self, *a, **k: rows(self, *a, **k)[1:])
    assert stands(shop).verdict == "not_zero"


async def test_what_waits_in_the_outbox_is_never_signed_away(shop: Shop) -> None:
    async with shop.desk() as desk:
        row = next(row for row in desk.reader.rows() if row.gate)
        await desk.submit(await desk.prepare(row.connection, row.ticket_id, Intent(note="Hand-over")))
    waits = stands(shop).answer.why
    assert [one for one in waits if one.startswith("Outbox: ")]
    sign(shop, doubts=waits)
    found = stands(shop)
    assert (found.verdict, len(found.new_doubts)) == ("cannot_tell", 1)
    shop.now += shop.settings.hold + 1
    await ask(shop)
    found = stands(shop)
    assert found.answer.outbox == 0
    assert not [one for one in found.new_doubts if one.startswith("Outbox: ")]
    sign(shop, doubts=found.new_doubts)
    assert stands(shop).verdict == "signed_off"


async def test_a_round_that_only_reads_leaves_what_waits_alone(shop: Shop) -> None:
    async with shop.desk() as desk:
        row = next(row for row in desk.reader.rows(("billing_code",)) if row.gate)
        intent = Intent(set={"owner": "asmith"})
        prepared = await desk.prepare(row.connection, row.ticket_id, intent, read_up_to="cache")
        await desk.submit(prepared)
    before = len(shop.world.writes)
    await ask(shop, sends=False)
    (waiting,) = Reader(shop.home, shop.settings).changes()
    assert (waiting.state, len(shop.world.writes)) == ("queued", before)
    await ask(shop)
    assert len(shop.world.writes) > before, "the same round with sending does send"


# ---------------------------------------------------------------- reasons


NOW = 1_795_710_000
ONE = Override(NOW, "jdoe", "joe", "2026-11-26", "cannot_tell", 0, ("a", "b"), "the PSA is down", "Pat")


def test_reasons_are_kept_and_listed_from_a_moment_on(databases: Databases) -> None:
    earlier = replace(ONE, at=NOW - 10, verdict="not_zero", to_zero=3, approved_by="")
    keep(databases.home, ONE)
    keep(databases.home, earlier)
    assert since(databases.home, 0) == [earlier, ONE]
    assert since(databases.home, NOW - 9) == [ONE]
    assert since(databases.home, NOW + 1) == []


def test_a_reason_that_cannot_be_kept_is_an_error_and_none_are_listed(tmp_path: Path) -> None:
    from store.home import Home

    home = Home.at(tmp_path / "home")
    home.make()
    assert since(home, 0) == []
    with pytest.raises(sqlite3.OperationalError):
        keep(home, ONE)


def test_the_week_begins_on_monday_in_the_technicians_zone_also_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day in ("2026-10-19", "2026-10-25", "2026-10-26", "2026-11-01"):
        now = datetime.fromisoformat(f"{day} 23:30").replace(tzinfo=berlin)
        begins = datetime.fromtimestamp(week_begins(int(now.timestamp()), "Europe/Berlin"), berlin)
        assert (begins.weekday(), begins.hour, begins.minute) == (0, 0, 0)
        assert 0 <= (now.date() - begins.date()).days < 7
    assert week_begins(NOW, "Pacific/Kiritimati") != week_begins(NOW, "America/Los_Angeles")


def test_a_journal_without_the_doubts_is_still_read(databases: Databases) -> None:
    one = Signed("2026-11-26", NOW, "jdoe", "not_zero", (("acme", "1", "orphaned", "asmith", "why"),))
    sign_offs.sign(databases.home, one)
    with closing(sqlite3.connect(databases.home.journal)) as journal:
        journal.execute("ALTER TABLE sign_off DROP COLUMN doubts")
    assert sign_offs.of_day(databases.home, "2026-11-26") == one
