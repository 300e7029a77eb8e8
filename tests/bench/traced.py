"""What is asked of the databases while something is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store import read_open


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements of readers, as they are run."""
    asked: list[str] = []
    begun = read_open.begun

    def traced(path: Path) -> sqlite3.Connection:
        db = begun(path)
        db.set_trace_callback(asked.append)
        return db

    with monkeypatch.context() as patched:
        patched.setattr(read_open, "begun", traced)
        yield asked
