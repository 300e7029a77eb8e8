"""What the store's tests share: a home in a temporary folder and its open databases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.database import Databases
from store.home import Home
from tests.store.sync_bench import Bench

NOW = 1_795_183_200
"""2026-11-20 14:00:00 UTC, a Friday: the tests' "now" unless they say otherwise."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


@pytest.fixture
def databases(home: Home) -> Iterator[Databases]:
    """Both databases, new and empty."""
    with Databases.open(home, now=NOW) as opened:
        yield opened


@pytest.fixture
def bench(databases: Databases) -> Bench:
    """A connection to the PSA in memory, not yet synced."""
    return Bench(databases)


@pytest.fixture(scope="module")
def opened() -> Iterator[Databases]:
    """Databases for many examples: each example empties them."""
    with tempfile.TemporaryDirectory() as folder, Databases.open(Home.at(folder), now=NOW) as databases:
        yield databases
