"""What is kept of a pane holds only as long as nobody can have written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.home import Home
from store.settings import Settings
from tui.pane_cache import OLDEST, Page, PaneCache, stamp
from tui.pane_list import panes_of
from tui.readings import Wanted

WANTED = Wanted(panes_of(Settings())["1"])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Databases that were written to an hour ago."""
    home = Home.at(tmp_path)
    for path in (home.cache, home.journal):
        path.write_bytes(b"some pages")
        age(path, 3600)
    return home


def age(path: Path, seconds: float) -> None:
    at = path.stat().st_mtime - seconds
    os.utime(path, (at, at))


def kept(home: Home) -> PaneCache:
    cache = PaneCache(home)
    cache.put(WANTED, Page([], False, stamp(home), 1000))
    return cache


def test_a_page_is_there_while_nothing_is_written_and_for_a_while(home: Home) -> None:
    cache = kept(home)
    assert cache.get(WANTED, 1000) is not None and cache.get(WANTED, 1000 + OLDEST) is not None
    assert cache.get(WANTED, 1001 + OLDEST) is None
    assert cache.get(WANTED, 999) is None, "the clock was put back"


@pytest.mark.parametrize("name", ["cache.db", "cache.db-wal", "journal.db", "journal.db-wal"])
def test_any_write_to_either_ends_it(home: Home, name: str) -> None:
    cache = kept(home)
    written = home.cache.with_name(name)
    with written.open("ab") as file:
        file.write(b"more")
    age(written, 60)
    assert cache.get(WANTED, 1000) is None


def test_a_log_without_anything_in_it_is_no_write(home: Home) -> None:
    """Whoever reads a database that nobody has open makes one, and takes it away again."""
    cache = kept(home)
    home.cache.with_name("cache.db-wal").touch()
    assert cache.get(WANTED, 1000) is not None
    assert stamp(home) is not None


def test_what_was_read_at_the_moment_of_a_write_is_not_kept(home: Home) -> None:
    """A second write of that moment, into the pages of the first, would change neither time nor size."""
    home.cache.write_bytes(b"some pages")
    assert stamp(home) is None
    assert kept(home).get(WANTED, 1000) is None
