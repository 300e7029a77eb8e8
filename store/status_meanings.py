"""What the statuses of a shop mean: which setting each goes into, and what its name suggests.

The names are the shop's own, so that a guess is only ever a proposal for a person. The patterns are made from the
names that ConnectWise, Autotask, HaloPSA, Syncro and Request Tracker come with, as their documentation and clients
spell them; a name that could mean two things gets no guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

Meaning = Literal["child", "responded", "waiting", "closing", "closed"]

MEANINGS: dict[Meaning, str] = {
    "child": "marks a child ticket: its parent is worked on",
    "responded": "says that the customer has written",
    "waiting": "waits for the customer",
    "closing": "says that the work is done, before somebody closes",
    "closed": "counts as closed although the PSA itself does not close",
}
"""What can be said of a status, in the order of the settings, in words that complete "this status …"."""

_CUSTOMER = r"(customer|client|user|requestor|requester|contact)s?"
_WORDS: tuple[tuple[Meaning, str], ...] = (
    ("child", r"\bchild\b"),
    (
        "waiting",
        rf"\b(a?waiting|pending|hold)\b.*\b{_CUSTOMER}\b"
        rf"|\b(a?waiting|pending)\b.*\b(reply|response|feedback)\b"
        rf"|\bwith {_CUSTOMER}\b|^a?waiting$|^stalled$",
    ),
    (
        "responded",
        rf"\b{_CUSTOMER}\b.*\b(respon(ded|se)|repl(y|ied)|updated?|note added|answered)\b"
        rf"|\b(respon(ded|se)|repl(y|ied)|updated?|answer(ed)?)\b.*\b{_CUSTOMER}\b"
        r"|^(updated?|responded|replied|repl(y|ied) received|new (reply|response))$|^re-?opened$",
    ),
    ("closing", r"\b(completed?|resolved|solved|done|finished)\b|^ready to (close|invoice|bill)\b"),
    ("closed", r"^(closed|cancell?ed|rejected|duplicate|merged)\b"),
)
"""The first that fits counts: "Waiting for customer's reply" waits, and says nothing of one that has come."""
_DENIED = re.compile(r"\b(no|not|non|never|without)\b", re.IGNORECASE)


class Status(msgspec.Struct, frozen=True):
    """One status by its name: the settings know names, so that one on several boards is one here."""

    name: str
    boards: tuple[str, ...] = ()
    """Names of the boards that have it; empty: it holds everywhere."""
    closes: bool = False
    """The PSA's own closed marker, on every board that has it."""


def guess(status: Status) -> Meaning | None:
    """What the name suggests; `None` where it suggests nothing, or the PSA itself says that it closes."""
    name = re.sub(r"^\W+|\W+$", "", " ".join(status.name.split()))
    if status.closes or _DENIED.search(name):
        return None
    return next((meaning for meaning, words in _WORDS if re.search(words, name, re.IGNORECASE)), None)


def guesses(statuses: Iterable[Status]) -> dict[str, Meaning]:
    """Name -> what it suggests, for those that suggest something."""
    found = {status.name: guess(status) for status in statuses}
    return {name: meaning for name, meaning in found.items() if meaning is not None}


def answered(meanings: Mapping[str, Meaning]) -> str | None:
    """What a responded status becomes when it is answered: the first that waits, if there is a responded one."""
    if "responded" not in meanings.values():
        return None
    return next((name for name, meaning in meanings.items() if meaning == "waiting"), None)


def settings_key(meaning: Meaning) -> str:
    """The connection's key that holds statuses of this meaning."""
    return f"{meaning}_statuses"


def as_settings(meanings: Mapping[str, Meaning]) -> dict[str, list[str]]:
    """The connection's keys, each with the names that have this meaning; those without a name are left out."""
    found = {
        settings_key(meaning): [name for name, means in meanings.items() if means == meaning]
        for meaning in MEANINGS
    }
    return {key: names for key, names in found.items() if names}


def from_settings(table: Mapping[str, Sequence[str]], statuses: Iterable[Status]) -> dict[str, Meaning]:
    """The reverse, for the statuses that there are; case does not count. The first key that names one counts."""
    named: dict[str, Meaning] = {}
    for meaning in MEANINGS:
        for name in table.get(settings_key(meaning), ()):
            named.setdefault(name.casefold(), meaning)
    return {
        status.name: named[status.name.casefold()] for status in statuses if status.name.casefold() in named
    }
