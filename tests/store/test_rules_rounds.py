"""Rounds over a shop in which every kind finds something give what evaluating everything gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from store.database import Databases
from store.rules.catalogue import CATALOGUE
from store.rules.evaluate import evaluate, evaluate_changes
from tests import large_kinds
from tests.large import HOUR, NAME
from tests.large_kinds import NOW

TICKETS = 1_500
SHOP = large_kinds.Shop(TICKETS // 10, TICKETS - TICKETS // 10)

_TAKEN_BACK = (
    "DELETE FROM note WHERE created_at > :today AND note_sort % 3 = 0",
    "DELETE FROM time_entry WHERE started_at > :today AND ticket_id % 4 = 1",
    "UPDATE ticket SET owner = 'tech 2', owner_id = '2', row_hash = 'o' WHERE ticket_id % 17 = 2",
    "DELETE FROM ticket_parent WHERE ticket_id % 40 = 0",
    "INSERT INTO ticket_parent SELECT connection, ticket_id, '70001' FROM ticket WHERE ticket_id % 151 = 3",
    "UPDATE ticket SET closed = 1, closed_at = :now - 60, row_hash = 'c' WHERE ticket_id % 23 = 5",
    "UPDATE ticket SET contact_id = '1-1', company_id = '1', row_hash = 'w' WHERE ticket_id % 19 = 7",
    "DELETE FROM ticket WHERE ticket_id % 97 = 11",
)
"""What a sync may find besides: gone, moved, of somebody else."""


def test_every_kind_finds_something_and_rounds_give_what_everything_gives(tmp_path: Path) -> None:
    home, settings = large_kinds.make(tmp_path, TICKETS)
    with Databases.open(home, now=NOW) as databases:
        places = [
            0,
            300,
            600,
            HOUR,
            2 * HOUR,
            2 * HOUR + 60,
            4 * HOUR,
            5 * HOUR,
            6 * HOUR,
            7 * HOUR,
            8 * HOUR,
        ]
        for place, after in enumerate(places):
            now = NOW + after
            with databases.cache.begin() as cache:
                if place:
                    large_kinds.change(cache, SHOP, place, now=now, many=20)
                if 3 <= place < 3 + len(_TAKEN_BACK):
                    _take_back(cache, _TAKEN_BACK[place - 3], now)
                evaluate_changes(
                    cache, databases.journal, settings, now=now, connection=NAME, everything=False
                )
            found = _published(databases)
            if not place:
                assert {kind for kind, *_ in found["exception"]} == {kind.name for kind in CATALOGUE}
            elif place % 2 or place > 8:
                evaluate(databases.cache, databases.journal, settings, now=now, connections=[NAME])
                assert found == _published(databases), f"round {place}"


def _take_back(cache: Connection, sql: str, now: int) -> None:
    names = {name: value for name, value in (("today", NOW - 6 * HOUR), ("now", now)) if f":{name}" in sql}
    assert cache.execute(text(sql), names).rowcount > 0, sql


def _published(databases: Databases) -> dict[str, list[Any]]:
    sql = {
        "exception": "SELECT kind, ticket_id, since, gate, psa_only FROM exception",
        "reason": "SELECT kind, ticket_id, code, field, time_entry_id, since, gate, hours, data FROM reason",
    }
    with databases.cache_reads.connect() as cache:
        return {name: sorted(map(tuple, cache.execute(text(one)))) for name, one in sql.items()}
