"""A month's sample of closed tickets: nobody chooses it, it can be drawn again, and it stays."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from store import samples
from store.database import Databases
from store.home import Home
from store.samples import SampleRefused
from tests.tui import small_day

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 20, 12, 0, tzinfo=BERLIN).timestamp())


def moment(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=BERLIN).timestamp())  # type: ignore[arg-type]


def closed(number: int, at: int | None, **more) -> object:
    return small_day.ticket(
        str(number), "Acme", f"Ticket {number}", closed=True, status="Completed", closed_at=at, **more
    )


def fill(databases: Databases, tickets: list[object]) -> None:
    with Session(databases.cache) as session, session.begin():
        session.add_all(tickets)


@pytest.fixture
def october(databases: Databases) -> Home:
    fill(databases, [closed(number, moment(2026, 10, 1 + number % 28, 9, 0)) for number in range(100, 160)])
    return databases.home


def draw(home: Home, month: str = "2026-10", *, size: int = 10, seed: str | None = None, now: int = NOW):
    return samples.draw(home, "acme", month, size=size, seed=seed, zone=BERLIN, now=now)


def test_the_same_tickets_whatever_else_is_in_the_cache(october: Home, databases: Databases) -> None:
    first = [one.ticket_id for one in draw(october)]
    assert len(set(first)) == 10
    with databases.journal.begin() as db:
        db.exec_driver_sql("DELETE FROM audit_sample")
    fill(databases, [closed(900, moment(2026, 9, 5, 9, 0)), closed(901, None)])
    assert [one.ticket_id for one in draw(october)] == first


def test_another_seed_draws_others(october: Home, databases: Databases) -> None:
    plain = {one.ticket_id for one in draw(october)}
    with databases.journal.begin() as db:
        db.exec_driver_sql("DELETE FROM audit_sample")
    assert {one.ticket_id for one in draw(october, seed="7")} != plain


def test_every_ticket_can_be_drawn(october: Home, databases: Databases) -> None:
    """No ticket is left out or comes too often: 40 samples of 10 from 60 reach nearly all of them."""
    seen: dict[str, int] = {}
    for seed in range(40):
        for one in draw(october, seed=str(seed)):
            seen[one.ticket_id] = seen.get(one.ticket_id, 0) + 1
        with databases.journal.begin() as db:
            db.exec_driver_sql("DELETE FROM audit_sample")
    assert len(seen) >= 58
    assert max(seen.values()) <= 16


def test_it_stays_as_it_was_drawn(october: Home, databases: Databases) -> None:
    first = draw(october, size=5, seed="7")
    with databases.cache.begin() as db:
        db.exec_driver_sql("DELETE FROM ticket")
    fill(databases, [closed(number, moment(2026, 10, 3, 9, 0)) for number in range(300, 360)])
    assert draw(october, size=5) == first
    assert draw(october, size=3) == first, "a smaller size takes nothing away"
    more = draw(october, size=8)
    assert more[:5] == first and len(more) == 8
    with pytest.raises(SampleRefused, match="drawn with --seed 7"):
        draw(october, seed="8")


def test_a_sample_without_a_seed_is_not_drawn_again_with_one(october: Home) -> None:
    draw(october)
    with pytest.raises(SampleRefused, match="drawn without --seed"):
        draw(october, seed="8")


def test_the_month_is_the_connections_to_the_second(databases: Databases) -> None:
    begins, ends = moment(2026, 10, 1), moment(2026, 11, 1)
    fill(
        databases,
        [closed(number, at) for number, at in enumerate((begins - 1, begins, ends - 1, ends, None))],
    )
    assert sorted(one.ticket_id for one in draw(databases.home)) == ["1", "2"]


def test_only_closed_tickets_of_the_scope(databases: Databases) -> None:
    at = moment(2026, 10, 5, 9, 0)
    fill(
        databases,
        [
            closed(1, at),
            closed(2, at, in_scope=False),
            closed(3, at, presence="deleted"),
            small_day.ticket("4", "Acme", "open", closed_at=at),
        ],
    )
    assert [one.ticket_id for one in draw(databases.home)] == ["1"]


def test_a_month_that_has_not_begun(october: Home) -> None:
    with pytest.raises(SampleRefused, match="2026-12 has not begun"):
        draw(october, "2026-12")
    assert draw(october, "2026-11") == []


def test_what_came_out(october: Home) -> None:
    first, second, *_ = draw(october)
    samples.audited(october, first, "fine", now=NOW)
    samples.audited(october, second, "mistake", now=NOW + 5)
    states = {one.ticket_id: (one.state, one.audited_at) for one in samples.of_month(october, "2026-10")}
    assert states.pop(first.ticket_id) == ("fine", NOW)
    assert states.pop(second.ticket_id) == ("mistake", NOW + 5)
    assert set(states.values()) == {("open", None)}
    (found,) = samples.of_ticket(october, "acme", first.ticket_id)
    assert found.state == "fine"


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (moment(2026, 11, 20), "2026-10"),
        (moment(2026, 1, 1), "2025-12"),
        (moment(2026, 3, 1) - 1, "2026-01"),
    ],
)
def test_the_last_month_that_is_over(at: int, month: str) -> None:
    assert samples.month_before(at, BERLIN) == month


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-10", "2026-1", "0000-01", "October", ""])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="a month such as 2026-10 is expected"):
        samples.month_of(text)
