"""The first-run guide: once, one screen, any key leaves and does nothing else."""

from __future__ import annotations

import sqlite3

import pytest

from store.screen_state import recall, remember
from tests.tui import small_day
from tests.tui.screen import make_app, painted, press, running, settle
from tui.screens.first_run import SEEN, FirstRun


def greeted(folder, *, size=(80, 24), **more):
    return running(folder, size=size, greets=True, **more)


async def test_it_comes_once_and_is_remembered(tmp_path):
    async with greeted(tmp_path) as (pilot, screen):
        assert isinstance(pilot.app.screen, FirstRun)
        await press(pilot, "x")
        assert pilot.app.screen is screen
        home = pilot.app.home
    assert recall(home, SEEN) is True
    app = make_app(home, greets=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert app.screen is app.queue


async def test_it_does_not_come_by_itself(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        assert pilot.app.screen is screen


async def test_all_of_it_is_seen_in_80x24(tmp_path):
    async with greeted(tmp_path) as (pilot, _):
        text = painted(pilot.app.screen)
        for words in ("● … to zero", "Enter and Esc never write", "Any key begins", "all keys", "10 s"):
            assert words in text


@pytest.mark.parametrize(
    "key", ["r", "f", "escape", "enter", "question_mark", "q", "u", "4", "ctrl+c", "ctrl+q"]
)
async def test_any_key_leaves_and_does_nothing_else(tmp_path, key):
    """Rule 5: the key that leaves the guide is not the key of the list below it."""
    async with greeted(tmp_path) as (pilot, screen):
        pane = screen.pane
        await press(pilot, key)
        assert pilot.app.screen is screen
        assert screen.pane == pane
        assert not screen.has_class("-ticket")
        assert pilot.app.is_running


async def test_a_journal_that_cannot_be_written_is_said(tmp_path, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("store.screen_state.remember", full)
    async with greeted(tmp_path) as (pilot, screen):
        await press(pilot, "x")
        assert "The guide will come again: database or disk is full" in " ".join(painted(screen).split())


def test_what_is_remembered_is_replaced(tmp_path):
    home = small_day.fill(tmp_path)
    assert recall(home, "left") is None
    remember(home, "left", {"at": 5})
    remember(home, "left", {"at": 6})
    assert recall(home, "left") == {"at": 6}
