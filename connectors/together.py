"""Several requests at once, all answered or none: what a reading that has to be complete is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def together(asked: Iterable[Awaitable[T]]) -> list[T]:
    """All of them, asked at once and in order. The first error is raised, once none is under way any more."""
    import asyncio  # here: `list` and `check --offline` load connectors for their options alone

    found = await asyncio.gather(*asked, return_exceptions=True)
    done: list[T] = []
    for one in found:
        if isinstance(one, BaseException):
            raise one
        done.append(one)
    return done
