"""Which fault a request meets: probabilities per class of request, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

READS = {
    "drop-before": 0.006,
    "drop-after": 0.006,
    "429": 0.003,
    "429-after": 0.001,
    "500": 0.004,
    "503": 0.003,
    "reset": 0.005,
    "cut": 0.004,
    "again": 0.02,
    "slow-before": 0.004,
    "slow-after": 0.003,
}
WRITES = {
    "drop-before": 0.025,
    "drop-after": 0.03,
    "late": 0.03,
    "429": 0.01,
    "429-after": 0.004,
    "500": 0.01,
    "503": 0.01,
    "500-after": 0.015,
    "reset": 0.015,
    "cut": 0.015,
    "hang": 0.006,
    "slow-before": 0.015,
    "slow-after": 0.01,
}
"""`429-after`: with `Retry-After`. `hang`: delivered after the client has given up, within the settling time.
`late`: the client's side ends now, the request is delivered within the settling time. `later`: after it; never
among these, it runs apart. `again`: an answer that was served before."""


@dataclass(frozen=True)
class Odds:
    """Probability by kind of fault, for reads and for writes."""

    reads: dict[str, float] = field(default_factory=lambda: dict(READS))
    writes: dict[str, float] = field(default_factory=lambda: dict(WRITES))

    @classmethod
    def none(cls) -> Odds:
        """No faults at all."""
        return cls({}, {})

    def but(self, *, reads: dict[str, float] | None = None, writes: dict[str, float] | None = None) -> Odds:
        """The same with some changed."""
        return replace(self, reads=self.reads | (reads or {}), writes=self.writes | (writes or {}))

    def draw(self, rng: random.Random, *, write: bool) -> str:
        """A kind of fault; mostly none, the empty string."""
        left = rng.random()
        for kind, odds in (self.writes if write else self.reads).items():
            left -= odds
            if left < 0:
                return kind
        return ""
