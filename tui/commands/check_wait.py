"""`deskzero check --wait`: asks until it is zero.

Between two askings only the cache is looked at. The screen's own rounds and fixes renew it, so what is cleared there is
seen here within seconds and costs no request.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.check import Verdict
    from store.desk import Desk

EVERY = 300
"""Seconds between two askings of the PSA, unless somebody says otherwise."""
LOOK = 2.0
"""Seconds between two looks at the cache."""


@dataclass(frozen=True)
class Patience:
    """How long, and how often to ask meanwhile."""

    every: float
    """Seconds between two askings of the PSA."""
    limit: float | None
    """Seconds after which the last answer is the answer; `None`: none."""


async def wait_for_zero(
    desk: Desk,
    ask: Callable[[], Awaitable[Verdict]],
    patience: Patience,
    *,
    gates: Sequence[str] | None,
    tell: Callable[[Verdict], None],
    left: Callable[[int, int], None],
) -> Verdict:
    """The first answer that is zero, or the last one when the patience is over.

    The PSA is asked at once, then as often as `patience` says, and when nothing that counts is left in the cache and
    the outbox: only an answer of the PSA's is zero. `tell` gets each answer that is another than the one before; `left`
    the number to zero in the cache, and the one before, when it changes.
    """
    from store.check import verdict

    began = asked_at = time.monotonic()
    seen = answer = await ask()
    tell(answer)
    while answer.verdict != "zero":
        sys.stdout.flush()
        if patience.limit is not None and time.monotonic() - began >= patience.limit:
            break
        await asyncio.sleep(LOOK)
        before = seen
        seen = await asyncio.to_thread(
            verdict, desk.reader, desk.settings, now=desk.now, gates=gates, asked=False
        )
        if seen.to_zero != before.to_zero:
            left(seen.to_zero, before.to_zero)
        waited_for = before.to_zero + before.outbox
        cleared = waited_for and not seen.to_zero + seen.outbox
        if cleared or time.monotonic() - asked_at >= patience.every:
            last, asked_at = answer, time.monotonic()
            seen = answer = await ask()
            if (answer.verdict, answer.why) != (last.verdict, last.why) or answer.to_zero != before.to_zero:
                tell(answer)
    return answer
