"""What the tests from outside share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop of a test's own, synced once; mail is held for a second only."""
    with open_shop(tmp_path, '\n[outbox]\nhold = "4s"\n') as made:
        yield made
