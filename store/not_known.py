"""Exceptions that cannot be known at a PSA, because its API does not tell what they rest on.

None of them is a zero: the panes show that they are not known, and `deskzero check` cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.contract import TELLS, Capabilities
from store.read_records import ConnectionView
from store.rules.catalogue import CATALOGUE

_SOURCES = {
    "sla": "SLA targets",
    "schedule": "appointments",
    "charge": "whether time is charged",
    "invoices": "which time is on an invoice",
    "entered_at": "when time was put in",
    "rates": "what an hour costs",
}


def told(can: Capabilities | None, what: str) -> bool:
    """Whether the PSA tells `conversations`, `time`, `sla`, …; taken for yes while nothing is known of it."""
    return can is None or (what in can.tells if what in TELLS else what not in can.not_read)


def why_not_told(can: Capabilities, what: str) -> str:
    """The sentence for what a PSA does not tell."""
    return can.not_read.get(what) or f"Its API, as known, does not tell {_SOURCES.get(what, what)}."


def not_known(can: Capabilities | None) -> dict[str, str]:
    """Kind -> why it cannot be known there, as a sentence."""
    found: dict[str, str] = {}
    if can is not None:
        for kind in CATALOGUE:
            lacks = [what for what in kind.needs if not told(can, what)]
            if lacks:
                found[kind.name] = why_not_told(can, lacks[0])
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
