"""Lint of requests: what rounds take, of one technician and of a team, against what the PSA allows."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from connectors.contract import Quota
from store.setup_records import Facts, Finding

FEWEST_NOTES = 5
"""So many customers' notes that moved their tickets, before it is said."""
STEP = 30
"""Seconds in which a better `sync.every` is named."""


class Use(msgspec.Struct, frozen=True):
    """What rounds take of one limit, with nothing done but looking."""

    quota: Quota
    team: int
    """Technicians who share the limit."""
    used: float
    """Requests in the limit's window."""
    allowed: float
    """Of the limit, what is theirs: each one's share, together at most the whole."""

    @property
    def part(self) -> float:
        """Of the whole limit, 0 to 1 or more."""
        return self.used / self.quota.requests

    @property
    def too_much(self) -> bool:
        return self.used > self.allowed


def team_of(facts: Facts) -> int:
    """How many technicians: as said, else who owns tickets in a scope that shows others', else the PSA's members."""
    if facts.team is not None:
        return facts.team
    if facts.connection.scope.kind in ("all", "board", "team") and facts.use.owners > 1:
        return facts.use.owners
    return facts.members or 1


def every(facts: Facts) -> int:
    """Seconds between two rounds: `sync.every`, or longer where the PSA has to be read whole."""
    return max(facts.settings.sync_every, facts.can.read_every or 0)


def per_hour(facts: Facts) -> float | None:
    """Requests of one technician's rounds in an hour; `None` before the second round of a process."""
    usual = facts.view.usual_requests
    return None if usual is None else usual * 3600 / every(facts)


def interval(facts: Facts) -> str:
    """What rounds go by, in words: `sync.every = 3m`."""
    own = every(facts) > facts.settings.sync_every
    return (
        f"{duration(every(facts))} between two readings" if own else f"sync.every = {duration(every(facts))}"
    )


def uses(facts: Facts) -> list[Use]:
    """For each limit. One of these credentials alone is nobody else's."""
    one = per_hour(facts)
    if one is None:
        return []
    quotas = facts.can.quota if facts.connection.quota is None else facts.connection.quota
    found = []
    for quota in quotas:
        team = 1 if quota.whose == "key" else team_of(facts)
        share = min(1.0, team * facts.connection.quota_share)
        found.append(Use(quota, team, one * team * quota.seconds / 3600, quota.requests * share))
    return found


def too_many_requests(facts: Facts) -> Iterator[Finding]:
    """Rounds that alone take more than our share of a limit: they wait, and so does everybody else there."""
    worst = max(uses(facts), key=lambda use: use.used / use.allowed, default=None)
    if worst is None or not worst.too_much:
        return
    fits = duration(math.ceil(every(facts) * worst.used / worst.allowed / STEP) * STEP)
    who = "one technician's rounds" if worst.team == 1 else f"the rounds of {worst.team} technicians"
    change = (
        f"Let {facts.table} be read less often, every {fits} (docs/settings.md)."
        if every(facts) > facts.settings.sync_every
        else f'Set every = "{fits}" in [sync].'
    )
    yield facts.wrong(
        "too_many_requests",
        f"{who} at {interval(facts)} would take {worst.used:.0f} requests {window(worst.quota.seconds)};"
        f" {worst.allowed:.0f} of {worst.quota.requests} are theirs",
        "Beyond that rounds wait for their turn: what the screen shows is older than you think, and the PSA may refuse"
        " the company's other programs.",
        f"{change} A narrower scope takes less; a larger quota_share in {facts.table} takes it from the others.",
    )


def notes_move(facts: Facts) -> Iterator[Finding]:
    """Nobody has said whether a note moves its ticket, and what was read says that it does: `check` could be cheap."""
    seen = facts.use.notes
    open_question = facts.can.note_moves_ticket is None and "note_moves_ticket" in facts.effective
    if not open_question or seen.stayed or seen.moved < FEWEST_NOTES:
        return
    yield facts.unknown(
        "notes_move",
        f"a note seems to move its ticket there: of {seen.read} tickets with notes none has one later than its last"
        f" update, and {seen.moved} were updated in the moment of a customer's note",
        "While nobody says so, `deskzero check` reads every conversation of the queue again, each time.",
        "If a colleague's internal note moves the ticket too (try one), set note_moves_ticket = true in"
        f" {facts.table}.",
    )


def duration(seconds: int) -> str:
    """As the settings write it: `90s`, `3m`, `2h`."""
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def window(seconds: int) -> str:
    """A limit's window, as it stands behind a number of requests: `a minute`, `in 5 minutes`."""
    names = {60: "a minute", 3600: "an hour", 86400: "a day"}
    if seconds in names:
        return names[seconds]
    return f"in {seconds // 60} minutes" if seconds % 60 == 0 else f"in {seconds} s"
