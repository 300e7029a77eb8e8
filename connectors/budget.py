"""Whose requests are how urgent: what an HTTP session asks before it sends, and for whom it sends.

A session asks a `Budget` for a turn before every request, and tells it what the PSA says about its limits. For
whom a request is goes with the task (a context variable), so that connectors need not know: whatever is sent
inside `personal()` is on behalf of a person's fix and may use the reserve. This module needs the standard library
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol

__all__ = ["GO", "STALE", "Budget", "Turn", "Urgency", "personal", "spare", "tell", "told", "urgency"]


STALE = 1.0
"""Seconds that a write may wait for its turn after what it was compared with was read."""


class Turn(NamedTuple):
    """Whether a request may go now."""

    wait: float = 0.0
    """Seconds after which to ask again; 0: it may go, and has been counted."""
    asked: bool = False
    """The PSA itself told us to wait; else our share is used up."""


GO = Turn()


class Budget(Protocol):
    """How many requests one connection may send. Both verbs are quick and never fail."""

    def take(self, *, personal: bool) -> Turn:
        """Counts one request if it may go now. `personal`: it may use the reserve."""

    def quiet(self, seconds: float | None) -> None:
        """The PSA said that nothing should be sent for so long; `None`: it did not say how long."""


class Urgency(NamedTuple):
    """For whom a request is, and how long it may wait for its turn."""

    personal: bool = False
    patience: float | None = None
    """Seconds; `None`: as long as it takes."""


_urgency: ContextVar[Urgency] = ContextVar("urgency", default=Urgency())  # noqa: B039 - a tuple
_teller: ContextVar[Callable[[Turn], None] | None] = ContextVar("teller", default=None)


def urgency() -> Urgency:
    """For whom this task works."""
    return _urgency.get()


@contextmanager
def personal(patience: float = 20.0) -> Iterator[None]:
    """What is sent in here is for a person's fix: it may use the reserve, and waits `patience` seconds at most."""
    with _set(Urgency(True, patience)):
        yield


@contextmanager
def spare() -> Iterator[None]:
    """What is sent in here can just as well be left: it goes when its turn is now, without the reserve."""
    with _set(Urgency(False, 0.0)):
        yield


@contextmanager
def _set(value: Urgency) -> Iterator[None]:
    before = _urgency.set(value)
    try:
        yield
    finally:
        _urgency.reset(before)


@contextmanager
def told(tell: Callable[[Turn], None]) -> Iterator[None]:
    """While this lasts, `tell` hears of every wait of the tasks started in here, about once a second each."""
    before = _teller.set(tell)
    try:
        yield
    finally:
        _teller.reset(before)


def tell(turn: Turn) -> None:
    """Somebody waits: says so to whoever wants to know."""
    if (teller := _teller.get()) is not None:
        teller(turn)
