"""A walk over the keyboard: wherever the keys lead, nothing breaks, and Esc leads back to the queue."""

from __future__ import annotations

import pytest

from tests.every_key import WAYS, each_key, walk


@pytest.mark.parametrize("seed", [1, 2])
async def test_keys_at_random_break_nothing(seed, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("VISUAL", "true")
    way = await walk(tmp_path / "home", seed, steps=150)
    assert len(set(way)) > 40


async def test_every_key_of_one_screen(tmp_path) -> None:
    """What `python -m tests.every_key` does for all of them."""
    assert await each_key(tmp_path / "home", "why") > 100
    assert len(WAYS) > 25
