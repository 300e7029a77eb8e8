"""A part of the scope: whose rows it shows, that its numbers add up, and how much everybody has."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from connectors.contract import Scope
from store.database import Databases
from store.models import ConnectionState, ExceptionRow, Ticket
from store.read import ALL_OPEN, Reader
from store.settings import Connection, Settings
from store.shown import BY_NAME, Shown, narrow
from tests.store.conftest import NOW

SETTINGS = Settings(
    connections={
        "acme": Connection(name="acme", psa="connectwise", technician="jdoe", scope=Scope("all")),
        "desk": Connection(name="desk", psa="rt", technician="tess"),
        "old": Connection(name="old", psa="rt", technician="tess", scope=Scope("board", "Help")),
    }
)
# number: owner, owner's id, resources, board, company, priority, must, later
WORLD = {
    "1": ("jdoe", "7", "jdoe", "Help", "Zeta", 1, ("orphaned",), ("missing_fields",)),
    "2": ("asmith", "8", "asmith,jdoe", "Help", "acme", 3, ("orphaned",), ()),
    "3": ("asmith", "8", "", "Projects", "Beta", 2, (), ("missing_fields",)),
    "4": (None, None, None, "Projects", None, None, (), ()),
    "5": ("jdoerr", "9", "jdoerr", None, "Alpha", 2, ("billing_code",), ()),
}


@pytest.fixture
def reader(databases: Databases) -> Reader:
    with Session(databases.cache) as session, session.begin():
        session.add(ConnectionState(connection="acme", psa="connectwise", member_id="7", member="JDoe"))
        for number, (owner, owner_id, resources, board, company, rank, must, later) in WORLD.items():
            session.add(
                Ticket(
                    connection="acme", ticket_id=number, number=number, in_scope=True, owner=owner, team="Blue",
                    owner_id=owner_id, resources=resources, board=board, company=company, priority_rank=rank,
                    created_at=NOW - int(number), status="New",
                )
            )  # fmt: skip
            for kind in (*must, *later):
                session.add(
                    ExceptionRow(connection="acme", ticket_id=number, kind=kind, since=NOW, gate=kind in must)
                )
    return Reader(databases.home, SETTINGS, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (None, "12345"),
        (Shown("mine"), "12"),
        (Shown("owner", "JDoe"), "12"),
        (Shown("owner", "asmith"), "23"),
        (Shown("owner", "jdoerr"), "5"),
        (Shown("owner"), "4"),
        (Shown("board", "help"), "12"),
        (Shown("team", "Blue"), "12345"),
        (Shown("team", "Red"), ""),
    ],
)
def test_a_scope_shows_whose_tickets_the_psas_own_would_give(reader, shown, found):
    rows = reader.rows([ALL_OPEN], shown=shown)
    assert sorted(row.ticket_id for row in rows) == list(found)
    assert reader.count([ALL_OPEN], shown=shown) == len(found)


@pytest.mark.parametrize("shown", [Shown("mine"), Shown("owner", "asmith"), Shown("board", "Projects")])
def test_the_numbers_are_those_of_the_rows(reader, shown):
    """Rule 13: the numbers of the panes are the rows that stand there."""
    for pane in reader.panes(shown=shown):
        rows = reader.rows([pane.kind], shown=shown)
        must = sum(row.gate for row in rows)
        assert (pane.must, pane.later) == (must, len(rows) - must)


def test_what_is_asked_at_the_end_of_the_day_stays_what_the_settings_say(reader):
    before = reader.evidence(now=NOW)
    reader.rows(shown=Shown("owner", "asmith"))
    assert reader.evidence(now=NOW) == before
    assert sum(one.must for one in before.panes) == reader.to_zero() == 3


def test_everybody_s_load_is_what_their_scope_would_show(reader):
    loads = reader.loads()
    assert {str(one.shown) for one in loads} == {
        "owner:jdoe", "owner:asmith", "owner:jdoerr", "owner:", "board:Help", "board:Projects", "team:Blue",
    }  # fmt: skip
    for one in loads:
        panes = reader.panes(shown=one.shown)
        assert one.open == panes[-1].later, one
        assert one.must == sum(pane.must for pane in panes), one
    by_name = {str(one.shown): one for one in loads}
    assert by_name["owner:asmith"].ids == {("acme", "8")}
    assert loads[0].must == max(one.must for one in loads)


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("oldest", "54321"),
        ("priority", "15324"),
        ("company", "25314"),
        ("owner", "32154"),
        ("board", "21435"),
    ],
)
def test_orders(reader, order, found):
    rows = reader.rows([ALL_OPEN], order=BY_NAME[order])
    assert "".join(row.ticket_id for row in rows) == found


def test_what_the_cache_does_not_hold_names_the_setting():
    said = narrow(SETTINGS, SETTINGS.connections)
    assert said == [
        "The cache holds only your own tickets of desk. More: scope in [connections.desk], "
        '"team:…", "board:…" or "all".',
        'The cache holds only the board Help of old. More: scope in [connections.old], "team:…", "board:…" or "all".',
    ]
