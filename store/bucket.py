"""How many requests may go: token buckets with a reserve, and the PSA's own "wait". Arithmetic alone.

For each limit that the PSA is known to keep there is a bucket. It holds at most half of what the limit allows at
once, and fills at our share of the limit; never so that in any window of the limit more could go than the whole
company is allowed. The last part of a full bucket is the reserve: only a person's fix may use it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from connectors.budget import GO, Turn
from connectors.contract import Quota

RESERVE = 0.2
"""Of a full bucket …"""
LEAST_RESERVE = 10
"""… and so many requests at least, where that is not more than half of it."""
LONGEST_QUIET = 3600.0
"""Seconds. A PSA that asks for more is asked once again after an hour."""
JUMP = 2.0
"""Seconds that the clock may seem to go back (two processes read it); more: somebody has set it."""
DUST = 1e-6
"""What adding up fractions may lose of a token."""


class Bucket(msgspec.Struct):
    """What one limit leaves us. Times are UTC seconds."""

    quota: Quota
    capacity: float
    refill: float
    """Tokens a second."""
    reserve: float
    tokens: float
    at: float
    """When `tokens` was true."""

    def level(self, now: float) -> float:
        """Tokens at `now`. A clock that was set back neither takes any nor keeps any from coming later."""
        return min(self.capacity, self.tokens + max(0.0, now - self.at) * self.refill)

    def used(self, now: float) -> float:
        """The part of a full bucket that is used up, 0 to 1."""
        return 1.0 - max(0.0, self.level(now)) / self.capacity

    def wait(self, now: float, *, personal: bool) -> float:
        """Seconds until one request may go; 0: now."""
        missing = 1.0 + (0.0 if personal else self.reserve) - self.level(now)
        return missing / self.refill if missing > DUST else 0.0

    def forward(self, now: float) -> None:
        """Brings it to `now`."""
        if now >= self.at or self.at - now > JUMP:
            self.tokens, self.at = self.level(now), now


class State(msgspec.Struct):
    """All that is kept of one connection's budget. Times are UTC seconds."""

    buckets: list[Bucket] = []
    quiet_from: float = 0.0
    quiet_until: float = 0.0
    """The PSA told us to send nothing until then."""
    waits_until: float = 0.0
    """Somebody was told to wait until then."""

    def used(self, now: float) -> float:
        """The part of our share that is used up at `now`, 0 to 1; of several limits the one used most."""
        return max((one.used(now) for one in self.buckets), default=0.0)

    def waits_for(self, now: float) -> float:
        """Seconds for which somebody waits, for the PSA or for our share."""
        left = self.waits_until - now
        return max(self.quiet_for(now), left if left <= LONGEST_QUIET else 0.0)

    def fit(self, quotas: Iterable[Quota], share: float, now: float) -> None:
        """Buckets for these limits: what is known of each is kept, a new one is full."""
        known = {(one.quota.requests, one.quota.seconds): one for one in self.buckets}
        self.buckets = [
            fitted(quota, share, now, known.get((quota.requests, quota.seconds))) for quota in quotas
        ]

    def quiet_for(self, now: float) -> float:
        """Seconds for which the PSA does not want to hear from us. A clock that was set back does not make it
        longer than it was."""
        if now < self.quiet_from - JUMP:
            return max(0.0, self.quiet_until - self.quiet_from)
        return max(0.0, self.quiet_until - now)

    def hush(self, seconds: float | None, now: float) -> None:
        """The PSA wants no request for `seconds`; `None`: the longest pause that its limits name."""
        if seconds is None:
            seconds = max((float(one.quota.pause) for one in self.buckets), default=1.0)
        left = self.quiet_for(now)
        self.quiet_from, self.quiet_until = now, now + max(left, min(seconds, LONGEST_QUIET))

    def take(self, now: float, *, personal: bool) -> Turn:
        """One request out of every bucket, if all have one and the PSA is willing."""
        left = self.quiet_for(now)
        if left > 0:
            if now < self.quiet_from - JUMP:
                self.quiet_from, self.quiet_until = now, now + left
            self.waits_until = now + left
            return Turn(left, asked=True)
        for one in self.buckets:
            one.forward(now)
        wait = max((one.wait(now, personal=personal) for one in self.buckets), default=0.0)
        if wait > 0:
            self.waits_until = now + wait
            return Turn(wait)
        for one in self.buckets:
            one.tokens -= 1.0
        return GO


def fitted(quota: Quota, share: float, now: float, before: Bucket | None = None) -> Bucket:
    """A bucket for our `share` (above 0, at most 1) of a limit, with the tokens that there were `before`."""
    most, ours = float(quota.most), share * quota.requests
    capacity = max(1.0, most / 10, min(most / 2, most - ours))
    refill = min(ours, max(most - capacity, most / 10)) / quota.seconds
    reserve = min(capacity / 2, capacity - 1, max(RESERVE * capacity, LEAST_RESERVE))
    tokens = capacity if before is None else min(capacity, before.tokens)
    return Bucket(quota, capacity, refill, reserve, tokens, now if before is None else before.at)
