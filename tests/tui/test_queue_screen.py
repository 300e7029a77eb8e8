"""The queue on the screen: numbers that add up, an order that stands still, keys that do not write by themselves."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC

import msgspec
import pytest
from rich.cells import cell_len
from sqlalchemy.orm import Session

from store.database import Databases
from store.models import Ticket
from store.read import Reader
from tests.tui import small_day
from tests.tui.screen import NARROW, make_app, painted, press, running, settle
from tests.tui.small_day import NOW, ticket
from tui.messages import Saved, SyncEnded
from tui.widgets.columns import Look, cells, shape
from tui.widgets.key_bar import KeyBar, key_line
from tui.widgets.status_line import StatusLine

HEAVY = ("sqlmodel", "sqlalchemy", "httpx", "keyring", "starlette")


def changed(screen, done=None, **tickets):
    """Somebody changes tickets in the PSA and a sync brings them: the rules run, the screen reads again."""
    home = screen.deskzero.home
    with Databases.open(home, now=NOW) as databases:
        with Session(databases.cache) as session, session.begin():
            for number, values in tickets.items():
                row = session.get(Ticket, ("acme", number.removeprefix("t")))
                for name, value in values.items():
                    setattr(row, name, value)
        small_day.evaluate(databases)
    screen.deskzero.saved.publish(Saved(done=frozenset() if done is None else frozenset({done})))


def numbers(screen):
    return [key[1] for key in screen.list.keys]


def told(screen):
    return screen.query_one(StatusLine).said.text


def test_the_first_paint_needs_nothing_heavy():
    code = (
        f"import sys, tui.app, tui.screens.queue;print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_header_is_the_sum_of_the_must_column(tmp_path):
    async with running(tmp_path) as (_, screen):
        must = sum(one.must for one in Reader(screen.deskzero.home, small_day.SETTINGS).panes())
        assert screen.standing.to_zero == must == 7
        assert "● 7 to zero" in painted(screen)
        assert "5 must, 0 later" in painted(screen)


async def test_panes_by_number_and_the_next_one_that_is_not_empty(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "4")
        assert screen.pane == "4"
        assert numbers(screen)[0] == "70140"
        await press(pilot, "tab")
        assert screen.pane == "0"
        await press(pilot, "tab")
        assert screen.pane == "1"
        await press(pilot, "shift+tab", "shift+tab")
        assert screen.pane == "4"


async def test_moving_stops_at_both_ends(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "k")
        assert screen.list.cursor == 0
        await press(pilot, "j", "down")
        assert screen.list.cursor == 2
        await press(pilot, "up", "pagedown", "home", "end")
        assert screen.list.cursor == len(screen.list) - 1
        await press(pilot, "j")
        assert screen.list.cursor == len(screen.list) - 1
        await press(pilot, "g")
        assert screen.list.cursor == 0


async def test_the_detail_follows_the_cursor(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "j")
        assert screen.row.number == screen.view.record.number == "70101"
        assert "Could somebody look at it together with me?" in painted(screen)


async def test_a_row_that_sync_takes_away_stays_as_a_ghost_until_the_cursor_leaves(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "j")
        order = numbers(screen)
        changed(screen, t70101={"owner": "asmith", "in_scope": False})
        await settle(pilot)
        assert numbers(screen) == order
        assert screen.list.is_ghost
        assert "left the queue: asmith has it now" in painted(screen)
        await press(pilot, "r")
        assert screen.deskzero.screen is screen
        assert "only movement" in told(screen)
        await press(pilot, "j")
        assert numbers(screen) == [number for number in order if number != "70101"]
        assert screen.row.number == order[2]


async def test_new_rows_come_at_the_end_and_the_cursor_stays_on_its_ticket(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "4", "j", "j")
        here, order = screen.row.number, numbers(screen)
        changed(
            screen,
            t70166={"billing_code": None, "billing_code_id": None, "created_at": NOW - 90 * 86400},
            t70123={"billing_code": "On-site", "billing_code_id": "2", "owner": "jdoe"},
        )
        with closing(sqlite3.connect(screen.deskzero.home.cache)) as cache, cache:
            cache.execute("DELETE FROM exception WHERE kind = 'billing_code' AND ticket_id = '70123'")
        screen.deskzero.saved.publish(Saved())
        await settle(pilot)
        assert screen.row.number == here
        assert numbers(screen) == [number for number in order if number != "70123"] + ["70166"]
        assert "1 new ↓" in painted(screen)
        await press(pilot, "G")
        assert "new ↓" not in painted(screen)
        await press(pilot, "3", "4")
        assert numbers(screen).index("70166") == 1


async def test_a_row_that_was_fixed_here_leaves_at_once_and_the_cursor_is_on_the_next(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "4", "j")
        order = numbers(screen)
        changed(screen, ("acme", "70123"), t70123={"owner": "asmith", "in_scope": False})
        screen.deskzero.saved.publish(Saved())  # a sync comes in between
        await settle(pilot)
        assert numbers(screen) == [number for number in order if number != "70123"]
        assert screen.row.number == order[2]
        assert not screen.list.is_ghost


async def test_enter_opens_and_esc_goes_back_and_nothing_is_written(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        before = screen.deskzero.home.journal.read_bytes()
        await press(pilot, "enter")
        assert "Board" in painted(screen)
        assert "oldest first" not in painted(screen)
        await press(pilot, "escape")
        assert "oldest first" in painted(screen)
        await press(pilot, "enter", "enter", "escape", "escape")
        assert screen.deskzero.screen is screen
        assert screen.deskzero.home.journal.read_bytes() == before


async def test_a_filter_works_as_one_types_and_never_claims_zero(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "slash", *"acme")
        assert numbers(screen) == ["70101"]
        await press(pilot, *"zz")
        assert numbers(screen) == []
        assert "Nothing here matches “acmezz”" in painted(screen)
        assert "5 tickets are behind the filter" in painted(screen)
        assert "● 7 to zero" in painted(screen)
        await press(pilot, "escape")
        assert len(screen.list) == 5
        assert screen.focused is screen.list


async def test_enter_in_the_filter_goes_to_the_list_and_keeps_it(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "slash", *"contoso", "enter")
        assert screen.focused is screen.list
        assert numbers(screen) == ["70119", "70140"]
        await press(pilot, "j")
        assert screen.row.number == "70140"
        await press(pilot, "escape")
        assert len(screen.list) == 5
        assert screen.row.number == "70140"


async def test_an_empty_pane_says_what_zero_means_and_when(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        with closing(sqlite3.connect(screen.deskzero.home.cache)) as cache, cache:
            cache.execute("DELETE FROM exception WHERE kind = 'orphaned'")
        screen.deskzero.saved.publish(Saved())
        await press(pilot, "3")
        text = painted(screen)
        assert "Every child has an open parent." in text
        assert "So it was at 14:32." in text


async def test_markup_in_a_summary_is_text(tmp_path):
    async with running(tmp_path, size=(140, 30)) as (_, screen):
        assert "Teams: no sound since [bold]Monday[/bold] [/" in painted(screen)


async def test_a_paste_over_the_list_does_nothing_and_says_so(tmp_path):
    from textual import events

    async with running(tmp_path) as (pilot, screen):
        screen.deskzero.post_message(events.Paste("fbcrx\ny"))
        await settle(pilot)
        assert screen.deskzero.screen is screen
        assert "Pasted text was ignored" in told(screen)


async def test_a_key_that_does_nothing_here_says_why(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "2", "c")
        assert "nothing to answer" in told(screen)
        await press(pilot, "0")
        screen.list.go(screen.list.find("acme", "70166"))
        await press(pilot, "f")
        assert screen.deskzero.screen is screen
        assert "nothing to fix" in told(screen)


async def test_what_the_psa_cannot_do_is_not_offered_and_said_in_its_words(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        without = msgspec.structs.replace(
            small_day.CAN, writes=small_day.CAN.writes - {"owner"}, absent={"owner": "Its API has no owners."}
        )
        with closing(sqlite3.connect(screen.deskzero.home.cache)) as cache, cache:
            cache.execute(
                "UPDATE connection_state SET capabilities = ?", (msgspec.json.encode(without).decode(),)
            )
        screen.deskzero.saved.publish(Saved())
        await settle(pilot)
        assert ("w", "who") not in screen.query_one(KeyBar).entries
        await press(pilot, "w")
        assert told(screen) == "Its API has no owners."


async def test_at_80_columns_a_strip_takes_the_place_of_the_panes(tmp_path):
    async with running(tmp_path, size=NARROW) as (_, screen):
        lines = painted(screen).splitlines()
        assert "▌1 Resp 5●▐│ 2 Miss 3 │ 3 Orph 1● │ 4 Code 1● 4 │ 0 All 12" in lines[1]
        assert all(cell_len(line) <= 80 for line in lines)
        assert lines[-1].endswith("? all keys")


def test_the_key_bar_has_whole_words_only_and_help_at_the_right():
    entries = [(letter, "word") for letter in "abcdefgh"] + [("?", "all keys")]
    line = key_line(entries, 40).plain
    assert cell_len(line) == 40
    assert line.rstrip().endswith("? all keys")
    assert line.count("word") == 3


@pytest.mark.parametrize("width", [60, 78, 91, 160])
@pytest.mark.parametrize("pane", ["0", "1", "2", "3", "4"])
def test_columns_stay_in_line_whatever_is_in_them(tmp_path, width, pane):
    odd = ticket("7", "Northwind", "\x1b[31m赤い\u200b\u202e" + "長い" * 80)
    odd.company = "株式会社" * 9
    home = small_day.fill(tmp_path, [*small_day.TICKETS, odd])
    rows = Reader(home, small_day.SETTINGS, lambda: NOW).rows(["open"])
    form = shape(Look(pane), width, rows)
    starts = set()
    for row in rows:
        made = cells(row, Look(pane), form, NOW, UTC)
        starts.add(tuple(cell_len("".join(text for text, _ in made[:count])) for count in (1, 3, 5, 7, 8)))
        assert cell_len("".join(text for text, _ in made)) == width - 4
        assert "\x1b" not in "".join(text for text, _ in made)
    assert len(starts) == 1


async def test_ten_thousand_rows_are_no_reason_to_wait(tmp_path):
    many = [
        ticket(str(number), "Acme", f"Ticket {number}", billing_code=None, billing_code_id=None)
        for number in range(100_000, 110_000)
    ]
    home = small_day.fill(tmp_path, many)
    from tests.tui.screen import make_app

    app = make_app(home)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        screen = app.queue
        assert len(screen.list) == 10_000
        await press(pilot, "G")
        assert screen.row.number == "109999"
        assert "#109999" in painted(screen)


async def test_who_asks_is_told_which_connection_could_not_be_asked(tmp_path):
    async with running(tmp_path) as (_, screen):
        screen.told(SyncEnded(True, unasked=("north",)))
        assert "Could not ask north" in told(screen)
        screen.told(SyncEnded(True))
        assert "this is how it stands" in told(screen)


def test_the_connection_is_a_column_where_there_are_several(tmp_path):
    home = small_day.fill(tmp_path)
    rows = Reader(home, small_day.SETTINGS, lambda: NOW).rows(["open"])
    alone = shape(Look("0"), 91, rows)
    assert alone.connection == 0
    other = msgspec.structs.replace(rows[0], connection="northwind-managed", number="T20261121.0134")
    both = shape(Look("0"), 91, [*rows, other])
    line = "".join(text for text, _ in cells(other, Look("0"), both, NOW, UTC))
    assert line.startswith("northwi… #T20261121.0134 ") and cell_len(line) == 87


async def test_one_connection_alone_says_so_and_shows_its_own(tmp_path):
    home = small_day.fill(tmp_path)
    settings = msgspec.structs.replace(
        small_day.SETTINGS,
        connections=small_day.SETTINGS.connections
        | {"north": msgspec.structs.replace(small_day.SETTINGS.connections["acme"], name="north")},
    )
    every = Reader(home, settings, lambda: NOW).to_zero()
    for only, found in (("acme", every), ("north", 0)):
        app = make_app(home, settings=settings, only=only)
        async with app.run_test(size=(120, 30)) as pilot:
            await settle(pilot)
            assert f"{only} alone, of acme + north" in painted(app.screen)
            assert app.screen.counts.to_zero == found == app.screen.standing.to_zero
            assert {row.connection for row in app.screen.list._rows.values()} == (
                {"acme"} if found else set()
            )
