"""Finding rows: the filter as it is typed, panes of one's own, a part of the scope, orders, loads."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager

import msgspec
import pytest

from connectors.contract import Scope
from store.cache_upkeep import set_state
from store.database import Databases
from store.read import Reader
from store.saved_panes import SavedPane
from tests.tui import small_day
from tests.tui.screen import NARROW, WIDE, make_app, painted, press, settle
from tests.tui.small_day import at, ticket
from tui.loads import load_hint, with_loads
from tui.screens.palette import Palette
from tui.screens.picker import Picker
from tui.widgets.filter_line import FilterLine
from tui.widgets.status_line import StatusLine

ACME = small_day.SETTINGS.connections["acme"]
BOARD = msgspec.structs.replace(
    small_day.SETTINGS,
    connections={"acme": msgspec.structs.replace(ACME, scope=Scope("all"))},
    panes=(
        SavedPane(name="Contoso", filter="company:contoso", kind="billing_code", key="5"),
        SavedPane(name="Old", filter="age>1d", key="6"),
        SavedPane(name="Empty", filter="company:nobody"),
    ),
)
OTHERS = (
    ticket("70201", "Acme", "Badge reader beeps", owner="asmith", owner_id="8", resources="asmith",
           billing_code=None, billing_code_id=None, status="Completed", closed=True, closed_at=at("26 09:00"),
           created_at=at("24 08:00"), board="Projects", priority_rank=1),
    ticket("70202", "Northwind", "Rack moved", owner="asmith", owner_id="8", resources="asmith",
           created_at=at("25 08:00"), board="Projects", team="Blue"),
    ticket("70203", "Fabrikam", "Nobody took [bold]this[/bold] [/foo]", owner=None, owner_id=None, resources=None,
           created_at=at("23 08:00")),
)  # fmt: skip


@asynccontextmanager
async def board(folder, *, size=WIDE, settings=BOARD):
    """The small day with colleagues, in a scope that holds everybody's tickets."""
    home = small_day.fill(folder, (*small_day.TICKETS, *OTHERS), settings=settings)
    with Databases.open(home, now=small_day.NOW) as databases, databases.cache.begin() as cache:
        set_state(cache, "acme", scope=str(settings.connections["acme"].scope))
    app = make_app(home, settings)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot, app.queue


def numbers(screen):
    return [key[1] for key in screen.list.keys]


def told(screen):
    return screen.query_one(StatusLine).said.text


async def pick(pilot, key, typed):
    """Opens a picker with a key and takes what is typed."""
    await press(pilot, key)
    assert isinstance(pilot.app.screen, Picker)
    await press(pilot, *typed, "enter")


# ---------------------------------------------------------------- the filter


async def test_the_filter_works_as_one_types_and_enter_keeps_it(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0", "slash", *"owner:asm")
        assert numbers(screen) == ["70202"]
        assert "filter owner:asm · 1 shown" in painted(screen)
        await press(pilot, "enter")
        assert pilot.app.focused is screen.list
        assert numbers(screen) == ["70202"]
        await press(pilot, "escape")
        assert len(numbers(screen)) > 5


async def test_a_wrong_term_is_told_below_the_line_and_the_rest_goes_on(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0", "slash")
        assert "company: status:" in painted(screen), "what may be typed"
        await press(pilot, *"rack age>3")
        shown = painted(screen)
        assert 'left out: age wants a duration such as 3d, 4h or 30m, not "3"' in shown
        assert "1 left out" in shown
        assert numbers(screen) == ["70202"]
        await press(pilot, "d")
        assert "left out" not in painted(screen)
        assert numbers(screen) == []


async def test_a_filtered_empty_pane_says_so_and_is_never_zero(tmp_path):
    """Rule 13: a filtered-empty pane says so; the numbers of panes and header stay."""
    async with board(tmp_path) as (pilot, screen):
        before = screen.standing.to_zero
        await press(pilot, "4", "slash", *"nothing-like-it")
        shown = painted(screen)
        assert "Nothing here matches “nothing-like-it”." in shown
        assert "behind the filter" in shown
        assert f"● {before} to zero" in shown
        assert "Nothing worked on lacks" not in shown


async def test_marks_that_a_filter_hides_are_told(tmp_path):
    """Rule 3: marks that a filter hides are told in words."""
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0", "space", "slash", *"owner:asm")
        assert "1 hidden by the filter" in painted(screen)


# ---------------------------------------------------------------- panes of one's own


async def test_a_saved_pane_has_its_numbers_and_is_not_in_the_sum(tmp_path):
    """Rule 13: the header is the sum of the four panes; panes of one's own count the same rows again."""
    async with board(tmp_path) as (pilot, screen):
        saved = {one.pane.name: (one.must, one.later) for one in screen.counts.saved}
        reader = Reader(screen.deskzero.home, BOARD)
        rows = reader.rows(["billing_code"], text="company:contoso")
        must = sum(row.gate for row in rows)
        assert must and saved["Contoso"] == (must, len(rows) - must)
        assert screen.standing.to_zero == sum(pane.must for pane in reader.panes())
        await press(pilot, "5")
        assert numbers(screen) == [row.ticket_id for row in rows]
        assert f"5 Contoso · {must} must, {len(rows) - must} later" in painted(screen)
        await press(pilot, "6")
        assert f"6 Old · {len(numbers(screen))}" in painted(screen)


async def test_a_saved_pane_takes_a_filter_of_its_own_and_says_when_nothing_matches_it(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "5", "slash", *"new laptop")
        assert numbers(screen) == ["70140"]
        await press(pilot, "escape")
        assert len(numbers(screen)) == 2
        await pick(pilot, "colon", "pane empty")
        shown = painted(screen)
        assert "Nothing matches this pane's filter: company:nobody" in shown
        assert "So it was at" in shown, "every zero has its time"


async def test_tab_goes_through_the_panes_of_ones_own(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "4", "tab")
        assert screen.pane == "5"
        await press(pilot, "tab", "tab")
        assert screen.pane == "0", "the empty one is passed over"
        await press(pilot, "9")
        assert screen.pane == "0"
        assert "[[panes]]" in told(screen)


# ---------------------------------------------------------------- the scope


async def test_a_part_of_the_scope_has_its_own_sum_and_names_the_whole(tmp_path):
    """Rule 13: the header is the sum of the must column; a part at zero is not the day's zero."""
    async with board(tmp_path) as (pilot, screen):
        whole = screen.standing.to_zero
        await pick(pilot, "at", "asmith")
        part = sum(one.must for one in screen.counts.panes)
        shown = painted(screen)
        assert 0 < part < whole
        assert f"● {part} of {whole} to zero" in shown
        assert f"of {whole}" in shown.split("to zero", 2)[2]
        assert "shows asmith's, of all" in shown
        assert "E and check still ask for all" in told(screen)
        await press(pilot, "0")
        assert numbers(screen) == ["70202"]
        await pick(pilot, "at", "nobody")
        assert numbers(screen) == ["70203"]
        shown = painted(screen)
        assert f"● 0 of {whole} to zero" in shown
        assert "○" not in shown, "no zero while the whole is none"
        await press(pilot, "4")
        assert "Nothing of nobody's is here." in painted(screen)
        assert "in the rest of the scope: @ shows it" in painted(screen)
        await pick(pilot, "at", "all that")
        assert f"● {whole} to zero" in painted(screen)


async def test_the_evening_s_question_does_not_follow_the_scope_shown(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        evidence = screen.deskzero.reader.evidence(now=small_day.NOW)
        await pick(pilot, "at", "nobody")
        assert screen.deskzero.reader.evidence(now=small_day.NOW) == evidence
        assert screen.standing.whole == sum(one.must for one in evidence.panes)


async def test_owners_are_a_column_only_where_they_may_be_several(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0")
        assert "nobody" in painted(screen) and "asmith" in painted(screen)
        await pick(pilot, "at", "asmith")
        assert screen.look.more == ""
        await pick(pilot, "at", "projects")
        assert screen.look.more == "owner"


async def test_a_scope_of_ones_own_says_what_the_cache_does_not_hold(tmp_path):
    mine = msgspec.structs.replace(BOARD, connections={"acme": ACME})
    async with board(tmp_path, settings=mine) as (pilot, screen):
        assert screen.look.more == ""
        await press(pilot, "at")
        said = " ".join(painted(pilot.app.screen).replace("│", " ").split())
        assert "The cache holds only your own tickets of acme." in said
        assert "scope in [connections.acme]" in said
        await press(pilot, "escape")
        assert screen.shown is None


async def test_going_to_a_ticket_outside_the_part_shown_shows_all_again(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await pick(pilot, "at", "asmith")
        await pick(pilot, "colon", "#70151")
        assert screen.row.number == "70151"
        assert screen.shown is None
        assert "all of it is shown again" in told(screen)


# ---------------------------------------------------------------- orders


async def test_orders_group_and_stand_still_while_the_cursor_is_in_the_pane(tmp_path):
    """Rule 4: another order is made once, by its key; what a sync brings does not sort again."""
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0")
        under = screen.row.key
        await pick(pilot, "greater_than_sign", "by owner")
        owners = [screen.list._rows[key].owner for key in screen.list.keys]
        assert owners == sorted(owners, key=lambda name: (name is None, name))
        assert screen.row.key == under, "the cursor stays on its ticket"
        assert "by owner" in painted(screen)
        order = numbers(screen)
        from tests.tui.test_queue_screen import changed

        changed(screen, t70202={"owner": "zed"})
        await settle(pilot)
        assert numbers(screen) == order


@pytest.mark.parametrize(
    ("typed", "first"), [("urgent", "70203"), ("by board", "70203"), ("by company", "70171")]
)
async def test_every_order_is_there(tmp_path, typed, first):
    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0")
        await pick(pilot, "greater_than_sign", typed)
        await press(pilot, "g")
        assert numbers(screen)[0] == first


# ---------------------------------------------------------------- typed in the palette, and loads


async def test_filter_scope_pane_and_sort_can_be_typed(tmp_path):
    async with board(tmp_path) as (pilot, screen):
        await pick(pilot, "colon", "filter owner:asmith")
        assert screen.filter == "owner:asmith"
        assert screen.query_one(FilterLine).is_open
        await press(pilot, "escape")
        await pick(pilot, "colon", "scope asm")
        assert str(screen.shown) == "owner:asmith"
        await pick(pilot, "colon", "pane old")
        assert screen.pane == "6"
        await pick(pilot, "colon", "sort by comp")
        assert screen.order.name == "company"


async def test_a_wrong_filter_is_told_in_the_palette_before_it_is_taken(tmp_path):
    async with board(tmp_path) as (pilot, _):
        await press(pilot, "colon", *"filter age>3")
        assert isinstance(pilot.app.screen, Palette)
        assert "Left out: age wants a duration" in painted(pilot.app.screen)


async def test_who_shows_everybody_s_load(tmp_path):
    async with board(tmp_path) as (pilot, _):
        await press(pilot, "0", "w")
        assert "Ada Smith · 1 open, 1 to zero" in painted(pilot.app.screen)


def test_nothing_is_said_of_loads_that_the_cache_does_not_hold(tmp_path):
    home = small_day.fill(tmp_path, (*small_day.TICKETS, *OTHERS), settings=BOARD)
    loads = Reader(home, BOARD).loads()
    from tui.asks import Item

    items = [Item("8", "asmith", "Ada Smith"), Item("99", "new", "")]
    assert with_loads(items, loads, "acme", Scope("mine")) == items
    assert "not known" in load_hint("acme", Scope("mine"))
    assert [one.detail for one in with_loads(items, loads, "acme", Scope("all"))] == [
        "Ada Smith · 1 open, 1 to zero", "nothing open",
    ]  # fmt: skip
    assert load_hint("acme", Scope("all")) == ""
    assert "board Help alone" in load_hint("acme", Scope("board", "Help"))


async def test_the_strip_of_a_narrow_screen_shows_one_pane_of_ones_own(tmp_path):
    async with board(tmp_path, size=NARROW) as (pilot, screen):
        strip = painted(screen).splitlines()[1]
        assert "5 Conto…" in strip and "0 All" in strip
        await press(pilot, "6")
        assert "6 Old" in painted(screen).splitlines()[1]


async def test_a_reader_hears_panes_of_ones_own_and_the_part_that_is_shown(tmp_path):
    spoken = msgspec.structs.replace(BOARD, plain=True)
    async with board(tmp_path, settings=spoken) as (pilot, screen):
        await press(pilot, "6")
        words = " ".join(painted(screen).split())
        assert f"1 of {len(screen.list)} in Old." in words
        await pick(pilot, "W", "asmith")
        words = " ".join(painted(screen).split())
        assert "1 of 8 to zero" in words
        assert "shows asmith's, of all" in words


async def test_letters_of_a_filter_do_not_wait_for_the_list_of_the_one_before(tmp_path, monkeypatch):
    """Typing stays ahead of a slow reading, only the newest filter is read to the end, and a key of the list waits."""
    from tui import readings
    from tui.screens import queue_rows

    read: list[str] = []

    def slow(wanted, reader, **more):
        time.sleep(0.4)
        read.append(wanted.filter)
        return readings.rows_of(wanted, reader, **more)

    async with board(tmp_path) as (pilot, screen):
        await press(pilot, "0", "slash")
        monkeypatch.setattr(queue_rows, "rows_of", slow)
        began = time.monotonic()
        for letter in "owner:asm":
            await pilot.press(letter)
        assert screen.filter_line.input.value == "owner:asm"
        assert time.monotonic() - began < 3.0, "nine letters, nine readings of 0.4 s in a row"
        await pilot.press("enter")
        await pilot.press("y")
        await settle(pilot)
        assert len(read) < 9
        assert read[-1] == "owner:asm"
        assert numbers(screen) == ["70202"]
        assert "Copied 70202" in told(screen), "y copied a row of this list, not of the one before"
