"""A full disk at every moment of a fix's life: reported before it is claimed, and never lost once it went out.

The error is SQLite's own: `PRAGMA max_page_count` makes a database as full as its disk could.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from connectors.contract import Applied
from connectors.simulators.world import World
from store import drafts, journal_small
from store.database import CannotWrite, Databases
from store.sender_journal import StepJournal
from tests.store.test_outbox_simulator import Office, SlowNotes, served, world

__all__ = ["served", "world"]

FILL = "x" * 100_000


@pytest.fixture
async def office(
    databases: Databases, world: World, served: tuple[Any, SlowNotes, str]
) -> AsyncIterator[Office]:
    office = Office(databases, world, *served)
    await office.sync()
    yield office
    await office.connector.close()


class Disk:
    """Makes a database full, and roomy again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pages = 1 << 30
        event.listen(engine, "begin", self._limit)

    def _limit(self, connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {self._pages}")

    def fill(self) -> None:
        """Not a page more from now on; what is free inside is used up first."""
        with self._engine.connect() as connection:
            # A page count below what is there means: what is there.
            self._pages = 1
            connection.exec_driver_sql("PRAGMA max_page_count = 1")

    def make_room(self) -> None:
        self._pages = 1 << 30


@pytest.fixture
def journal_disk(office: Office) -> Disk:
    return Disk(office.databases.journal)


def changes(office: Office) -> list[tuple[str, str]]:
    with office.databases.journal_reads.begin() as db:
        return [(row.change, row.state) for row in db.exec_driver_sql("SELECT change, state FROM change")]


async def test_a_fix_that_cannot_be_kept_is_not_claimed(office: Office, journal_disk: Disk) -> None:
    ticket_id = office.ticket()
    journal_disk.fill()
    with pytest.raises(CannotWrite, match="disk is full") as caught:
        await office.fix(ticket_id, note="Disk replaced." + FILL)
    assert "free space" in caught.value.hint
    assert "INSERT" not in str(caught.value)
    assert "Disk replaced" not in str(caught.value)
    assert changes(office) == []
    with office.databases.cache_reads.begin() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM ticket_overlay").scalar_one() == 0
    journal_disk.make_room()
    change = await office.fix(ticket_id, note="Disk replaced.")
    await office.push()
    assert (office.state(change), office.notes(ticket_id, "Disk replaced.")) == ("confirmed", 1)


@contextmanager
def full_in(name: str, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """While that part of the sender works, the disk is full: what it writes is made too large to fit."""
    met: list[str] = []
    work: Callable[..., Any] = getattr(StepJournal, name)

    def one(self: StepJournal, entry: Any, step: Any, *more: Any) -> Any:
        met.append(name)
        step.baseline = (step.baseline or "{}") + " " * 200_000 if name == "begin" else step.baseline
        more = tuple(
            Applied(created_id=m.created_id, said=FILL) if isinstance(m, Applied) else m for m in more
        )
        disk.fill()
        try:
            return work(self, entry, step, *more)
        finally:
            disk.make_room()

    monkeypatch.setattr(StepJournal, name, one)
    yield met
    monkeypatch.setattr(StepJournal, name, work)


async def test_before_a_request_nothing_goes_out(
    office: Office, journal_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_id = office.ticket()
    change = await office.fix(ticket_id, reply="It works again.")
    with (
        full_in("begin", journal_disk, monkeypatch) as met,
        pytest.raises(CannotWrite, match="disk is full"),
    ):
        await office.push()
    assert met
    assert office.state(change) == "queued"
    assert office.notes(ticket_id, "It works again.") == 0
    await office.push()
    assert (office.state(change), office.notes(ticket_id, "It works again.")) == ("confirmed", 1)


@pytest.mark.parametrize("side", ["reply", "note"])
async def test_after_an_answer_it_is_looked_up_and_never_doubled(
    office: Office, journal_disk: Disk, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    ticket_id = office.ticket()
    change = await office.fix(ticket_id, **{side: "It works again."})
    with (
        full_in("answered", journal_disk, monkeypatch) as met,
        pytest.raises(CannotWrite, match="disk is full"),
    ):
        await office.push()
    assert met
    assert office.notes(ticket_id, "It works again.") == 1, "the request went out"
    assert office.state(change) == "sending", "never lost, never taken back"
    await office.push()
    assert (office.state(change), office.notes(ticket_id, "It works again.")) == ("confirmed", 1)


async def test_a_field_whose_answer_could_not_be_kept_is_confirmed_later(
    office: Office, journal_disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket_id = office.ticket("billing_code")
    change = await office.fix(ticket_id, billing_code="Remote Support")
    with full_in("answered", journal_disk, monkeypatch), pytest.raises(CannotWrite):
        await office.push()
    assert office.state(change) == "sending"
    await office.push()
    assert office.state(change) == "confirmed"
    paths = [write.path for write in office.world.writes]
    assert len(paths) == len(set(paths)), "nothing was written twice"
    office.undo(change)
    await office.push()
    assert office.world.ticket(ticket_id).work_type_id is None, "it was ours, so it can be taken back"


async def test_a_full_cache_is_told_by_the_round_and_keeps_what_is_there(office: Office) -> None:
    disk = Disk(office.databases.cache)
    before = office.ticket()
    disk.fill()
    office.world.customer_replies(before, FILL)
    with pytest.raises(CannotWrite, match=r"disk is full: .*cache\.db"):
        await office.sync()
    assert office.ticket() == before
    disk.make_room()
    await office.sync()


async def test_a_full_cache_does_not_unmake_a_fix(office: Office) -> None:
    """It stands in the journal and is sent; only what shows it waits for room."""
    disk = Disk(office.databases.cache)
    ticket_id = office.ticket()
    disk.fill()
    change = await office.fix(ticket_id, note="Disk replaced." + FILL)
    assert office.state(change) == "queued"
    disk.make_room()
    await office.push()
    assert office.state(change) == "confirmed"


def test_a_draft_that_cannot_be_kept_says_so(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = journal_small._open

    def small(home: Any) -> Any:
        db = opened(home)
        db.execute("PRAGMA max_page_count = 1")
        return db

    monkeypatch.setattr(journal_small, "_open", small)
    with pytest.raises(CannotWrite, match="disk is full"):
        drafts.save(databases.home, "acme", "1", "reply", "dear customer" + FILL, now=5)
    assert drafts.every(databases.home) == []
