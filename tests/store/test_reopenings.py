"""What deskzero keeps of tickets that were closed and come in open again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, text

from store.cache_writes import store_tickets
from store.database import CannotWrite, Databases
from store.models import StatusRole, TicketOverlay
from store.reopenings import keep
from store.settings import Settings
from tests.store.sync_bench import Bench
from tests.store.test_cache_writes import MINE, TICKET, put
from tests.store.test_retention import DAY


def kept(databases: Databases) -> list[tuple[str, int, int]]:
    with databases.journal_reads.connect() as journal:
        rows = journal.execute(
            text("SELECT ticket_id, seen_closed_at, reopened_at FROM reopening ORDER BY 3")
        )
        return [tuple(row) for row in rows]


async def test_a_round_that_brings_a_closed_ticket_as_open_keeps_it_once(bench: Bench) -> None:
    bench.psa.add("1", status="New")
    await bench.good()
    bench.psa.change("1", status="Closed", closed=True, closed_at=bench.psa.clock)
    await bench.good()
    assert kept(bench.databases) == []
    bench.psa.change("1", status="New", closed=False, closed_at=None)
    await bench.good()
    ((ticket, seen, at),) = kept(bench.databases)
    assert ticket == "1" and seen < at == bench.psa.clock
    await bench.good(full=True)
    assert len(kept(bench.databases)) == 1


async def test_a_ticket_that_is_read_by_id_counts_too(bench: Bench) -> None:
    bench.psa.add("1", status="Closed", closed=True, closed_at=bench.psa.clock)
    await bench.good()
    bench.psa.change("1", status="New", closed=False, closed_at=None)
    await bench.refresh("1")
    assert [one[0] for one in kept(bench.databases)] == ["1"]
    await bench.good()
    assert len(kept(bench.databases)) == 1


async def test_what_is_kept_outlives_the_cache_and_is_not_found_twice(bench: Bench) -> None:
    bench.psa.add("1", status="Closed", closed=True, closed_at=bench.psa.clock)
    await bench.good()
    bench.psa.change("1", status="New", closed=False, closed_at=None)
    await bench.good()
    bench.databases.renew_cache(bench.psa.clock)
    await bench.good()
    assert len(kept(bench.databases)) == 1


def test_a_status_of_the_settings_closes_as_well(databases: Databases) -> None:
    with databases.cache.begin() as cache:
        cache.execute(insert(StatusRole), [{"connection": "acme", "role": "closed", "status": "done"}])
    put(databases, replace(TICKET, status="Done"), read_at=1000)
    stored = put(databases, replace(TICKET, status="Closed", closed=True), read_at=1010)
    assert stored.reopened == [], "closed one way and closed the other"
    (found,) = put(databases, replace(TICKET, status="New"), read_at=1020).reopened
    assert (found.ticket_id, found.seen_closed_at, found.reopened_at) == ("1", 1010, 1020)


def test_an_older_answer_reopens_nothing(databases: Databases) -> None:
    put(databases, replace(TICKET, closed=True), read_at=1010)
    assert put(databases, TICKET, read_at=1000).reopened == []


def test_a_cache_that_is_lost_after_the_journal_was_written_counts_it_once(databases: Databases) -> None:
    put(databases, replace(TICKET, closed=True), read_at=1000)
    for read_at in (1010, 1020):
        cache = databases.cache.connect()
        transaction = cache.begin()
        stored = store_tickets(cache, "acme", [TICKET], read_at=read_at, scope=MINE)
        keep(databases, "acme", stored.reopened)
        transaction.rollback() if read_at == 1010 else transaction.commit()
        cache.close()
    assert kept(databases) == [("1", 1000, 1010)]


def test_an_open_change_of_ours_counts_only_as_the_psa_has_it(databases: Databases) -> None:
    put(databases, TICKET, read_at=1000)
    with databases.cache.begin() as cache:  # we close it; the PSA still says that it is open
        row = cache.execute(text("SELECT * FROM ticket")).mappings().one()
        cache.execute(insert(TicketOverlay), [dict(row) | {"closed": True}])
    assert put(databases, replace(TICKET, summary="Other"), read_at=1010).reopened == []


def test_a_journal_that_cannot_be_written_keeps_the_cache_as_it_was(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(databases, replace(TICKET, closed=True), read_at=1000)

    def full(*_: object) -> None:
        raise CannotWrite("The disk is full.", hint="Free some space.")

    with pytest.raises(CannotWrite), databases.cache.begin() as cache:
        stored = store_tickets(cache, "acme", [TICKET], read_at=1010, scope=MINE)
        assert len(stored.reopened) == 1
        monkeypatch.setattr(databases.journal, "begin", full)
        keep(databases, "acme", stored.reopened)
    with databases.cache_reads.connect() as cache:
        assert cache.execute(text("SELECT closed FROM ticket")).scalar_one() == 1


async def test_it_goes_with_the_retention(bench: Bench) -> None:
    with bench.databases.journal.begin() as journal:
        for at in (bench.psa.clock, bench.psa.clock - 100 * DAY):
            journal.exec_driver_sql("INSERT INTO reopening VALUES ('acme', '1', ?, ?)", (at - 1, at))
            journal.exec_driver_sql("INSERT INTO reopening VALUES ('gone', '1', ?, ?)", (at - 1, at))
    bench.settings = Settings(connections=bench.settings.connections, retention=90 * DAY)
    await bench.good(full=True)
    with bench.databases.journal_reads.connect() as journal:
        left = journal.execute(text("SELECT connection, count(*) FROM reopening GROUP BY 1 ORDER BY 1")).all()
    assert [tuple(row) for row in left] == [("acme", 1), ("gone", 1)]
