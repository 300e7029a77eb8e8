"""What `check --offline` and `list` cost, in numbers that no busy machine changes: modules loaded, statements run."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.check import verdict
from store.home import Home
from store.read_evidence import EvidenceReader
from store.read_list import ListReader
from store.settings import Settings
from tests import large
from tests.bench.run import environment
from tests.bench.traced import statements

NOW = 1_800_000_000
HEAVY = {
    "asyncio",
    "click",
    "dataclasses",
    "httpx",
    "importlib.metadata",
    "importlib.resources",
    "inspect",
    "keyring",
    "logging",
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "subprocess",
    "tempfile",
    "textual",
    "tomlkit",
    "typing_extensions",
    "tzlocal",
}
OURS = {("check", "--offline"): 42, ("list", "--json"): 47}
"""The command's most modules of deskzero's own."""
PROGRAM = """
import json, sys
sys.argv[0] = "deskzero"
from tui.cli import run
run({arguments!r})
sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""
HOMES = (200, 500)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[Home, Settings]]:
    folder = tmp_path_factory.mktemp("counts")
    found = {}
    for tickets in HOMES:
        found[tickets] = large.make(folder / str(tickets), tickets, notes=2, now=NOW)
        with found[tickets][0].config.open("r+", encoding="utf-8") as file:
            text = file.read()
            file.seek(0)
            file.write(f'timezone = "UTC"\n{text}')
    return found


@pytest.mark.parametrize("arguments", OURS)
def test_no_more_is_loaded_than_is_needed(
    homes: dict[int, tuple[Home, Settings]], arguments: tuple[str, ...]
) -> None:
    home, _ = homes[HOMES[0]]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(arguments=list(arguments))],
        env=environment(home),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert not loaded & HEAVY
    ours = sorted(name for name in loaded if name.partition(".")[0] in ("connectors", "store", "tui"))
    assert len(ours) <= OURS[arguments], ours
    assert len(loaded) <= 180, sorted(loaded)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that are run from now on."""
    with statements(monkeypatch) as found:
        yield found


def check(home: Home, settings: Settings) -> None:
    verdict(EvidenceReader(home, settings), settings, now=NOW, asked=False)


def listed(home: Home, settings: Settings) -> None:
    assert len(ListReader(home, settings).listed(list(settings.kinds), None, now=NOW)) > 10


@pytest.mark.parametrize(("work", "most"), [(check, 24), (listed, 6)])
def test_statements_do_not_grow_with_the_tickets(
    homes: dict[int, tuple[Home, Settings]],
    ran: list[str],
    work: Callable[[Home, Settings], None],
    most: int,
) -> None:
    counts = []
    for tickets in HOMES:
        ran.clear()
        work(*homes[tickets])
        counts.append(len(ran))
    assert counts[0] == counts[1] <= most, ran


STEPS = [[how, table] for how in ("SEARCH", "SCAN") for table in ("t", "e")]
PLANNED = (
    ("the conversations not read since their change", "ticket_unread"),
    ("those not read lately", "ticket_to_read"),
    ("the numbers of the kinds", "exception_in_order"),
)


def test_check_goes_through_no_table(homes: dict[int, tuple[Home, Settings]], ran: list[str]) -> None:
    """Each count over tickets and exceptions is answered by an index alone."""
    home, settings = homes[HOMES[1]]
    check(home, settings)
    counting = [
        one for one in ran if "count(*)" in one and ("FROM ticket t" in one or "FROM exception e" in one)
    ]
    assert len(counting) == len(PLANNED)
    with closing(sqlite3.connect(home.cache)) as db:
        plans = [[row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {one}")] for one in counting]
    plans = [[step for step in plan if step.split()[:2] in STEPS] for plan in plans]
    assert all(step.startswith("SEARCH") and "COVERING INDEX" in step for plan in plans for step in plan), (
        plans
    )
    for what, index in PLANNED:
        assert any(index in step for plan in plans for step in plan), (what, plans)


def test_the_entry_point_loads_next_to_nothing(tmp_path: Path) -> None:
    """Which commands go past click is told from the words alone."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import tui.cli"],
        env=environment(Home.at(tmp_path)),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {"tui.cli", "tui.lean"} <= loaded
    assert not loaded & {*HEAVY, "msgspec", "sqlite3", "store", "connectors"}
