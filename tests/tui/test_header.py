"""The first line never lies: what it says in each state, in exactly the width that there is."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from connectors.contract import Quota
from store.bucket import State
from store.budget import SharedBudget
from store.read_records import ChangeView, ConnectionView
from tests.tui.screen import painted, running, settle
from tests.tui.small_day import NOW, ZONE, at
from tui import messages
from tui.standing import Standing
from tui.widgets.header import header_line, sync_state
from tui.widgets.status_line import held_line


def connection(**values):
    known = {
        "connection": "acme",
        "psa": "connectwise",
        "title": "ConnectWise PSA",
        "scope": "mine",
        "member": "jdoe",
    }
    return ConnectionView(**(known | {"synced_at": NOW - 60} | values))


def change(state, **values):
    known = dict.fromkeys(ChangeView.__struct_fields__)
    known |= {
        "change": "c1",
        "connection": "acme",
        "ticket_id": "7",
        "number": "7",
        "summary": "",
        "company": "Acme",
    }
    known |= {
        "verb": "reply",
        "values": {},
        "was": {},
        "state": state,
        "attempts": 0,
        "detail": {},
        "wrote": False,
    }
    return ChangeView(**(known | {"created_at": NOW} | values))


DOWN = {"error": "no answer", "since_down": at("26 13:05")}
STATES = [
    (Standing((connection(),)), "synced 14:32, ok"),
    (Standing((connection(synced_at=at("25 18:00")),)), "synced Wed 18:00, ok"),
    (Standing((connection(synced_at=None),)), "not synced yet"),
    (Standing((connection(error_kind="unreachable", **DOWN),)), "offline since 13:05 (!)"),
    (Standing((connection(error_kind="unreadable", **DOWN),)), "sync fails since 13:05 (!)"),
    (Standing((connection(error_kind="unauthorized", **DOWN),)), "credentials refused (!)"),
    (Standing((connection(),), syncing=(3, 12)), "↻ syncing 3/12"),
    (Standing((connection(),), syncing=(0, None)), "↻ syncing …"),
    (Standing((connection(error_kind="unauthorized", **DOWN),), syncing=(3, 12)), "credentials refused (!)"),
    (
        Standing((connection(), connection(connection="desk", error_kind="unreachable", **DOWN))),
        "desk offline since 13:05 (!)",
    ),
    (Standing((connection(), connection(connection="desk", synced_at=at("26 14:00")))), "synced 14:00, ok"),
]


@pytest.mark.parametrize(("standing", "words"), STATES)
def test_how_far_it_can_be_believed(standing, words):
    assert sync_state(standing, NOW, ZONE).plain == words
    assert words in header_line(standing, NOW, ZONE, 120).plain


@pytest.mark.parametrize("width", [60, 78, 80, 100, 118, 120, 200])
@pytest.mark.parametrize("demo", [True, False])
def test_it_fits_and_keeps_what_matters_most(width, demo):
    changes = (change("queued"), change("queued", change="c2"), change("held", change="c3", due_at=NOW + 7))
    standing = Standing((connection(member="山田花子の長い名前"),), changes, to_zero=7)
    line = header_line(standing, NOW, ZONE, width, demo=demo).plain
    assert cell_len(line) == width
    assert "synced" in line
    if width >= 78:
        assert "● 7 to zero  14:33" in line
        assert "held 7 s" in line
    if width >= 118:
        assert "↑ 2 waiting" in line


def spent(part: float) -> State:
    """A budget of which so much is used, and that hardly fills again."""
    state = State()
    state.fit((Quota(requests=1000, seconds=3600),), 0.1, NOW)
    state.buckets[0].tokens *= 1 - part
    return state


def waiting(seconds: float, *, asked: bool) -> State:
    state = spent(0.9)
    if asked:
        state.hush(seconds, NOW)
    else:
        state.waits_until = NOW + seconds
    return state


@pytest.mark.parametrize(
    ("state", "long", "short"),
    [
        (State(), "", ""),
        (spent(0.0), "", ""),
        (spent(0.69), "", ""),
        (spent(0.83), "requests 83 %", "req 83 %"),
        (spent(1.0), "requests 100 %", "req 100 %"),
        (waiting(40, asked=True), "requests: waits 40 s", "req: waits 40 s"),
        (waiting(12, asked=False), "requests: waits 12 s", "req: waits 12 s"),
        (waiting(0.4, asked=False), "requests 90 %", "req 90 %"),
    ],
)
def test_what_is_used_of_the_requests_shows_when_it_matters(state, long, short):
    standing = Standing((connection(),), to_zero=7, budgets={"acme": state})
    for width, words in ((120, long), (80, short)):
        line = header_line(standing, NOW, ZONE, width).plain
        assert cell_len(line) == width
        if words:
            assert f"{words}   ● 7 to zero" in line
        else:
            assert line == header_line(Standing((connection(),), to_zero=7), NOW, ZONE, width).plain


def test_it_counts_down_by_itself():
    standing = Standing((connection(),), budgets={"acme": waiting(40, asked=True)})
    assert "waits 31 s" in header_line(standing, NOW + 9, ZONE, 120).plain
    assert "requests 90 %" in header_line(standing, NOW + 41, ZONE, 120).plain
    assert "req" not in header_line(standing, NOW + 4 * 3600, ZONE, 120).plain


def test_of_several_the_worst_is_named():
    standing = Standing(
        (connection(), connection(connection="desk")), budgets={"acme": spent(0.75), "desk": spent(0.9)}
    )
    assert "desk requests 90 %" in header_line(standing, NOW, ZONE, 130).plain


@pytest.mark.parametrize("width", [60, 78, 80, 99])
def test_what_needs_a_person_goes_before_it_where_it_is_narrow(width):
    changes = (change("queued"), change("held", due_at=NOW + 7), change("conflict", change="c3"))
    states = (connection(error_kind="unauthorized", **DOWN),)
    plain = header_line(Standing(states, changes, to_zero=7), NOW, ZONE, width).plain
    line = header_line(
        Standing(states, changes, to_zero=7, budgets={"acme": waiting(40, asked=True)}), NOW, ZONE, width
    ).plain
    assert cell_len(line) == width
    assert "req" not in line or ("credentials refused (!)" in line and "● 7 to zero  14:33" in line)
    if "req" not in line:
        assert line == plain


async def test_on_the_screen_it_comes_from_the_file_that_all_processes_share(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        assert "req" not in painted(screen).splitlines()[0]
        screen.told(messages.SyncStarted(False))
        other = SharedBudget(screen.deskzero.home.budget, "acme", 0.1, clock=lambda: NOW)
        other.quiet(40)
        screen._tick()
        await settle(pilot)
        assert "requests: waits 40 s" in painted(screen).splitlines()[0]
        other.close()
        other.path.write_bytes(b"nothing" * 1000)
        screen._tick()
        await settle(pilot)
        assert "req" not in painted(screen).splitlines()[0]


def test_zero_and_not_yet_known_look_different():
    assert "○ 0 to zero" in header_line(Standing((connection(),), to_zero=0), NOW, ZONE, 100).plain
    assert "● … to zero" in header_line(Standing((connection(),)), NOW, ZONE, 100).plain


def test_the_held_line_counts_down_and_names_the_key():
    """It tells of the one that `u` takes back: the last one made."""
    held = (change("held", due_at=NOW + 7), change("held", change="c2", due_at=NOW + 9))
    assert held_line(held, NOW).plain == "✉ reply #7 Acme leaves in 9 s (+1) · u takes it back "
    assert "leaves now" in held_line(held[:1], NOW + 8).plain
    assert held_line((), NOW).plain == ""
