"""Starts the screen for a test: frozen clock, one size, no background; waits for workers in place of sleeping."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from store.home import Home
from store.settings import Settings
from tests.tui import small_day
from tui.app import Deskzero
from tui.screens.queue import QueueScreen

WIDE, NARROW = (120, 30), (80, 24)
WAITING_FOR_A_PERSON = ("flow", "look", "leave", "keys", "ask", "outbox")


def make_app(home: Home, settings: Settings = small_day.SETTINGS, **more: Any) -> Deskzero:
    """The app on this home at the small day's time; keys act at once."""
    more = {"clock": lambda: small_day.NOW, "background": False, "burst_window": 0.0} | more
    return Deskzero(home, settings, **more)


async def settle(pilot: Pilot[Any]) -> None:
    """Until nothing that was asked for is under way. Flows that wait for a person's answer do not count."""
    for _ in range(200):
        await pilot.pause()
        busy = [
            worker
            for worker in pilot.app.workers
            if not worker.is_finished and worker.group not in WAITING_FOR_A_PERSON
        ]
        if not busy and not pilot.app.typing:
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("workers did not come to an end")


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Keys one by one, as a person would."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def until(pilot: Pilot[Any], holds: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Waits for something that the engine's thread brings about."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"did not happen: {what}")


@asynccontextmanager
async def running(
    folder: Path, *, size: tuple[int, int] = WIDE, **more: Any
) -> AsyncIterator[tuple[Pilot[Any], QueueScreen]]:
    """The small day on the screen."""
    app = make_app(small_day.fill(folder), **more)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot, app.queue


def painted(screen: QueueScreen) -> str:
    """The screen as text, line by line."""
    width, height = screen.size
    return "\n".join(
        "".join(segment.text for segment in strip).rstrip() for strip in screen._compositor.render_strips()
    )[: (width + 1) * height * 2]
