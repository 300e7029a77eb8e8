"""What a judgement comes to: violations by kind, and figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

KINDS = {
    "lost": "shown as done, and neither in the PSA nor visible as waiting, refused or given up",
    "missing": "confirmed, and not in the PSA",
    "doubled": "in the PSA more often than asked",
    "unasked": "in the PSA, and no change asked for it",
    "mailed": "a mail twice, or for something that never was to go out",
    "unread": "answered, closed or cleared over a customer's note that could have been seen",
    "buried": "a customer's note that fell into our window and that nothing shows",
    "overwritten": "a colleague's value overwritten that could have been seen",
    "mistaken": "a colleague's status or flag taken for the PSA's own reaction to our text, and overwritten",
    "late": "a late duplicate of ours put back what came after it",
    "audit": "journal, audit log and PSA disagree",
    "crashed": "a process ended by itself",
}


@dataclass
class Verdict:
    """Of one episode, or of several added up."""

    violations: list[tuple[str, str]] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    windows: list[float] = field(default_factory=list)
    """Seconds between the beginning of a comparing read and the PSA's commit."""

    def add(self, kind: str, words: str) -> None:
        assert kind in KINDS, kind
        self.violations.append((kind, words))

    @property
    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.violations}

    def __iadd__(self, other: Verdict) -> Verdict:
        self.violations += other.violations
        self.figures += other.figures
        self.windows += other.windows
        return self

    def window(self, share: float) -> float:
        """The window that this share of all writes did not exceed, in seconds."""
        ordered = sorted(self.windows)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def table(self) -> str:
        """For people."""
        count = Counter(kind for kind, _ in self.violations)
        lines = [f"{count[kind]:>8}  {kind}: {words}" for kind, words in KINDS.items()]
        lines += ["", *(f"{number:>8}  {name}" for name, number in sorted(self.figures.items()))]
        lines += [
            "",
            f"window between our read and our write: median {1000 * self.window(0.5):.0f} ms,"
            f" 99th percentile {1000 * self.window(0.99):.0f} ms, longest {1000 * self.window(1.0):.0f} ms",
        ]
        return "\n".join(lines)
