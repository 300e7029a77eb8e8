"""Snoozes: out of sight with a reason, never what counts, back as soon as anything changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import snoozes
from store.read import Reader
from store.snoozes import NotHidden, Snooze
from tests.tui.small_shop import Shop


@pytest.fixture
async def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path / "home")
    await shop.pull()
    return shop


def reader(shop: Shop, *, hides: bool = True) -> Reader:
    return Reader(shop.home, shop.settings, lambda: shop.now, hides=hides)


def hide(shop: Shop, number: str | None = None, hours: int = 4) -> tuple[str, str, str]:
    """Hides the first row of missing fields (or this one)."""
    row = next(row for row in reader(shop).rows(("missing_fields",)) if number in (None, row.number))
    looks = reader(shop).stands_for(row)
    until = int(shop.now) + hours * 3600
    one = Snooze(row.connection, row.ticket_id, row.kind or "", "waits", int(shop.now), until, looks)
    snoozes.hide(shop.home, one, most=3, who="jdoe")
    return row.connection, row.ticket_id, row.kind or ""


def shown(shop: Shop, *, hides: bool = True) -> set[str]:
    return {row.ticket_id for row in reader(shop, hides=hides).rows(("missing_fields",))}


async def test_it_is_out_of_the_list_and_counted_apart(shop: Shop) -> None:
    before = shown(shop)
    _, ticket_id, _ = hide(shop)
    assert shown(shop) == before - {ticket_id}
    assert reader(shop).count(("missing_fields",)) == len(before) - 1
    pane = next(one for one in reader(shop).panes() if one.kind == "missing_fields")
    assert (pane.later, pane.hidden) == (len(before) - 1, 1)
    assert [one.reason for one, _ in reader(shop).hidden()] == ["waits"]


async def test_commands_and_the_end_of_day_see_it_all_the_same(shop: Shop) -> None:
    before = shown(shop, hides=False)
    evidence = reader(shop).evidence(now=int(shop.now)).panes
    hide(shop)
    assert shown(shop, hides=False) == before
    assert reader(shop).evidence(now=int(shop.now)).panes == evidence


async def test_it_is_back_when_its_time_is_over(shop: Shop) -> None:
    before = shown(shop)
    hide(shop, hours=1)
    shop.now += 3599
    assert shown(shop) != before
    shop.now += 1
    assert shown(shop) == before


async def test_it_is_back_when_somebody_brings_it_back(shop: Shop) -> None:
    before = shown(shop)
    snoozes.bring_back(shop.home, hide(shop))
    assert shown(shop) == before


@pytest.mark.parametrize("change", ["note", "field", "nothing"])
async def test_it_is_back_as_soon_as_anything_changes(shop: Shop, change: str) -> None:
    _, ticket_id, _ = hide(shop)
    shop.now += 60
    if change == "note":
        shop.world.customer_replies(ticket_id, "Any news?")
    elif change == "field":
        shop.world.set_field(int(ticket_id), "summary", "Another summary")
    await shop.pull()
    assert (ticket_id in shown(shop)) is (change != "nothing")


async def test_what_counts_to_zero_is_never_hidden(shop: Shop) -> None:
    row = next(row for row in reader(shop).rows(("customer_responded",)) if row.gate)
    with pytest.raises(NotHidden, match="counts to zero"):
        reader(shop).stands_for(row)


async def test_what_has_begun_to_count_is_shown_again(shop: Shop) -> None:
    """Also where a snooze was kept for it: a gate row is never out of sight."""
    row = next(row for row in reader(shop).rows(("customer_responded",)) if row.gate)
    key = (row.connection, row.ticket_id, row.kind or "")
    with reader(shop)._cache() as db:
        assert db is not None
        looks = snoozes._looks(db, *key)
    snoozes.hide(shop.home, Snooze(*key, "by hand", int(shop.now), int(shop.now) + 999, looks), most=0)
    assert row.key in {one.key for one in reader(shop).rows(("customer_responded",))}


async def test_another_kind_of_the_same_ticket_stays_in_sight(shop: Shop) -> None:
    _, ticket_id, _ = hide(shop)
    assert ticket_id in {row.ticket_id for row in reader(shop).rows(("open",))}


async def test_reading_never_opens_the_journal_to_write(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists can be read on a disk that is full or read-only: what is hidden and what runs is read like the rest."""
    before = shown(shop)
    _, ticket_id, _ = hide(shop)

    def opened(_home: object) -> None:
        raise AssertionError("the journal was opened to write")

    monkeypatch.setattr("store.journal_small._open", opened)
    assert shown(shop) == before - {ticket_id}
    assert reader(shop).timers() == []
    assert [one.ticket_id for one, _ in reader(shop).hidden()] == [ticket_id]
