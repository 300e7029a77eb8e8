"""The technician's day: answers, hand-overs, time and the gaps in it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import sign_offs
from store.business_time import Hours
from store.fixes import Intent
from store.read import Reader
from store.read_day import _gaps, _next_shift, handed_text, parse_handed
from store.settings import load, parse
from store.sign_offs import Signed
from tests.tui.small_shop import Shop

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Hours(zone="Europe/Berlin")


@pytest.fixture
async def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "home")
    await shop.pull()
    return shop


def reader(shop: Shop) -> Reader:
    return Reader(shop.home, shop.settings, lambda: shop.now)


async def fix(shop: Shop, number: int, **wanted: object) -> str:
    """A fix on the n-th customer who waits; gives the ticket's id."""
    row = reader(shop).rows(("customer_responded",))[number]
    desk = shop.desk()
    try:
        prepared = await desk.prepare(row.connection, row.ticket_id, Intent(**wanted))  # type: ignore[arg-type]
        await desk.submit(prepared)
    finally:
        await desk.close()
    return row.ticket_id


async def test_answers_and_what_needed_none_are_told_apart(shop: Shop) -> None:
    await fix(shop, 0, reply="On my way.")
    await fix(shop, 0, seen="Thanks only")
    await fix(shop, 0, seen="Thanks only")
    await fix(shop, 0, seen="Answered by phone")
    day = reader(shop).day()
    assert day.answered == 1 and day.median is not None and day.median > 0
    assert day.seen == (("thanks only", 2), ("answered by phone", 1))


async def test_what_was_taken_back_is_not_counted(shop: Shop) -> None:
    await fix(shop, 0, reply="On my way.")
    desk = shop.desk()
    await desk.undo()
    await desk.close()
    assert reader(shop).day().answered == 0


async def test_yesterdays_answers_are_not_todays(shop: Shop) -> None:
    await fix(shop, 0, reply="On my way.")
    shop.now += 86400
    assert reader(shop).day().answered == 0


async def test_a_hand_over_is_a_note_in_the_psa_and_known_by_it(shop: Shop) -> None:
    ticket = await fix(shop, 0, note=handed_text("Aisha (night)", "Out of time today"))
    left = reader(shop).day().left
    assert [(key, one.to, one.why) for key, one in left.items()] == [
        (("demo", ticket), "Aisha night", "Out of time today")
    ]


@given(st.text(), st.text())
def test_what_was_handed_over_is_read_again(to: str, why: str) -> None:
    found = parse_handed(handed_text(to, why + "x"))
    assert found is not None and "".join(found[1].split()) == "".join(f"{why}x".split())


async def test_his_own_time_of_today_and_the_gaps_in_the_shift(shop: Shop) -> None:
    shop.home.config.write_text(
        shop.home.config.read_text(encoding="utf-8") + '\n[day]\nshift = "09:00-17:00"\n', encoding="utf-8"
    )
    shop.settings = load(shop.home.config)
    here = datetime.fromtimestamp(shop.now + 86400, BERLIN)
    shop.now = here.replace(hour=12, minute=0, second=0).timestamp()
    ticket = reader(shop).rows(("customer_responded",))[0].ticket_id
    shop.world.log_time(ticket, 1.0)
    await shop.pull()
    day = reader(shop).day()
    assert day.time_known and day.hours >= 1.0
    spans = [(one.begins, one.ends) for one in day.gaps if not one.overlap]
    nine = int(here.replace(hour=9, minute=0, second=0, microsecond=0).timestamp())
    assert spans and spans[0][0] >= nine and all(end <= shop.now for _, end in spans)


def test_a_gap_names_what_was_touched_in_it_and_an_overlap_is_one() -> None:
    spans = [(0, 3600, 1.0), (7200, 10800, 1.0), (9000, 12000, 0.8)]
    gaps = _gaps(spans, None, 20000, 900, [(5000, ("acme", "1", "70001")), (8000, ("acme", "2", "70002"))])
    assert [(one.begins, one.ends, one.overlap) for one in gaps] == [(3600, 7200, False), (9000, 10800, True)]
    assert gaps[0].touched == (("acme", "1", "70001"),)


def test_short_stretches_are_no_gaps_and_the_rest_of_the_shift_is_not_due_yet() -> None:
    spans = [(0, 3600, 1.0), (4000, 7200, 0.9)]
    assert _gaps(spans, (0, 30000), 7200 + 899, 900, []) == ()
    (late,) = _gaps(spans, (0, 30000), 7200 + 901, 900, [])
    assert (late.begins, late.ends) == (7200, 8101)


@given(st.lists(st.tuples(st.integers(0, 80_000), st.integers(60, 9000)), max_size=8))
def test_gaps_and_entries_never_cover_the_same_time(entries: list[tuple[int, int]]) -> None:
    spans = [(begin, begin + length, length / 3600) for begin, length in entries]
    for gap in _gaps(spans, (9 * 3600, 17 * 3600), 86_400, 900, []):
        if not gap.overlap:
            assert all(end <= gap.begins or begin >= gap.ends for begin, end, _ in spans)


@pytest.mark.parametrize(
    ("hours", "shift", "expected"),
    [
        (Hours(), (8 * 60, 17 * 60), datetime(2026, 11, 30, 8, 0, tzinfo=BERLIN)),
        (Hours(), None, datetime(2026, 11, 30, 9, 0, tzinfo=BERLIN)),
        (Hours(holidays=("2026-11-30",)), (8 * 60, 17 * 60), datetime(2026, 12, 1, 8, 0, tzinfo=BERLIN)),
        (Hours(week=((),) * 5 + (((450, 720),), ())), None, datetime(2026, 11, 28, 7, 30, tzinfo=BERLIN)),
    ],
)
def test_the_next_shift_is_on_the_next_business_day(
    hours: Hours, shift: tuple[int, int] | None, expected: datetime
) -> None:
    friday = datetime(2026, 11, 27, 16, 0, tzinfo=BERLIN)
    assert datetime.fromtimestamp(_next_shift(friday, shift, hours, BERLIN), BERLIN) == expected


def test_the_next_shift_after_the_clocks_have_changed() -> None:
    friday = datetime(2026, 10, 23, 16, 0, tzinfo=BERLIN)
    assert (
        _next_shift(friday, None, Hours(), BERLIN) == datetime(2026, 10, 26, 9, 0, tzinfo=BERLIN).timestamp()
    )


def configured(shop: Shop, text: str) -> Reader:
    """A reader with more in the settings."""
    beside = shop.home.config.read_text(encoding="utf-8")
    return Reader(shop.home, parse(f"{beside}\n{text}", shop.home.config), lambda: shop.now)


async def test_the_next_shift_of_the_settings_holidays(shop: Shop) -> None:
    plain = reader(shop).day().next_shift
    holiday = datetime.fromtimestamp(plain, BERLIN).date()
    later = configured(shop, f'[hours]\nholidays = ["{holiday}"]').day().next_shift
    assert later == OFFICE.days_ahead(plain, 1)


async def test_a_question_is_overdue_by_the_hours_of_its_connection(shop: Shop) -> None:
    ticket = reader(shop).rows(("billing_code",))[0].ticket_id
    shop.world.staff_note(ticket, "Question to billing (Pat Kim): Covered?", public=False, member="jdoe")
    asked_at = int(shop.now)
    await shop.pull()
    shop.now = OFFICE.days_ahead(asked_at, 2)
    holiday = datetime.fromtimestamp(shop.now, BERLIN).date()

    def stands(text: str) -> str:
        (row,) = (row for row in configured(shop, text).rows(("billing_code",)) if row.ticket_id == ticket)
        assert row.asked is not None
        return row.asked.state

    assert stands("") == "overdue"
    assert stands(f'[hours]\nholidays = ["{holiday}"]') == "asked"
    assert stands(f'[connections.demo.hours]\nholidays = ["{holiday}"]') == "asked"
    assert stands(f'[hours]\nholidays = ["{holiday}"]\n[connections.demo.hours]\nholidays = []') == "overdue"


async def test_a_signature_is_kept(shop: Shop) -> None:
    assert sign_offs.of_day(shop.home, "2026-11-20") is None
    one = Signed(
        "2026-11-20", int(shop.now), "jdoe", "not_zero", (("demo", "70001", "orphaned", "asmith", "why"),)
    )
    sign_offs.sign(shop.home, one)
    assert sign_offs.of_day(shop.home, "2026-11-20") == one
    assert sign_offs.of_day(shop.home, "2026-11-21") is None
