"""Exceptions that cannot be known at a PSA, because its API does not tell what they rest on.

None of them is a zero: the panes show that they are not known, and `deskzero check` cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.contract import Capabilities
from store.read_records import ConnectionView

RESTS_ON: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("conversations", ("customer_responded", "child_reply", "reply_after_close")),
    ("parents", ("orphaned",)),
    ("billing_codes", ("billing_code",)),
    ("time", ("billing_code",)),
)
"""What a connector may declare as `not_read`, and the kinds that are not known without it."""


def told(can: Capabilities | None, what: str) -> bool:
    """Whether the PSA tells `conversations`, `time`, …; taken for yes while nothing is known of it."""
    return can is None or what not in can.not_read


def not_known(can: Capabilities | None) -> dict[str, str]:
    """Kind -> why it cannot be known there, as a sentence."""
    found: dict[str, str] = {}
    for what, kinds in RESTS_ON:
        if not told(can, what) and can is not None:
            for kind in kinds:
                found.setdefault(kind, can.not_read[what])
    return found


def by_connection(states: Iterable[ConnectionView], kinds: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """Connection -> sentence -> those of these kinds that it is about, in their order."""
    wanted = list(kinds)
    found: dict[str, dict[str, list[str]]] = {}
    for state in states:
        lost = not_known(state.capabilities)
        for kind in wanted:
            if kind in lost:
                found.setdefault(state.connection, {}).setdefault(lost[kind], []).append(kind)
    return found
