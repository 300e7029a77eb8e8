"""Healthy tickets of every look: open and closed, young and old, in families, of the same people."""

from __future__ import annotations

import random as randoms
from collections.abc import Iterator
from typing import Any

from tests.corpus import words
from tests.corpus.case import DAY, HOUR, MINUTE, NOW, Planted

_OWNERS = ("jdoe", "asmith", "mkowalski", "lberg", "tnguyen")
_OPEN = ("New", "Assigned", "Scheduled", "Re-opened by us")
_FAMILY = 25
"""So many tickets, and one of them is a parent with children."""
_PEOPLE = 4
"""Tickets of the same contact, each about something else."""


def background(random: randoms.Random, number: int) -> Iterator[dict[str, Planted]]:
    """About so many tickets, as cases' tickets by their names: each lot has a company of its own."""
    given = 0
    while given < number:
        lot = _family(random) if given // _FAMILY % 4 == 3 else _people(random)
        given += len(lot)
        yield lot


def _family(random: randoms.Random) -> dict[str, Planted]:
    closed = random.random() < 0.4
    parent = _look(random, closed)
    lot = {"parent": Planted(values=parent)}
    for child in range(random.randint(1, 4)):
        values = _look(random, closed)
        values["status"] = "Closed" if closed else "Child Ticket"
        lot[f"child {child}"] = Planted(values=values, parents=("parent",))
    if not closed and len(lot) > 2:  # one of several children is done
        values = _look(random, True)
        lot["done"] = Planted(values=values, parents=("parent",))
    return lot


def _people(random: randoms.Random) -> dict[str, Planted]:
    """Some tickets of one contact, no two about the same."""
    subjects = random.sample(words.SUMMARIES, _PEOPLE)
    first, last = random.choice(words.FIRST), random.choice(words.LAST)
    lot = {}
    for place, subject in enumerate(subjects[: random.randint(1, _PEOPLE)]):
        values = _look(random, random.random() < 0.35)
        values |= {
            "summary": subject.format(place=random.choice(words.PLACES)),
            "contact_id": "one",
            "contact": f"{first} {last}",
            "contact_email": f"{last.lower()}@one.example",
        }
        lot[f"ticket {place}"] = Planted(values=values)
    return lot


def _look(random: randoms.Random, closed: bool) -> dict[str, Any]:
    owner = random.choice(_OWNERS)
    values: dict[str, Any] = {
        "owner": owner,
        "resources": owner,
        "priority": random.choice(("Priority 3 - Medium", "Priority 4 - Low")),
        "type": random.choice(("Hardware", "Network", "Account", "Software")),
    }
    values["priority_rank"] = int(values["priority"][9])
    if closed:
        # On a working day between 10 and 16 o'clock, so that what was written then is not written at night.
        day = random.choice((0, 1, 2, 5, 6, 7, 8, 9, 12, 13))
        values["closed_at"] = NOW - day * DAY - random.randint(5, 200) * MINUTE
        values["created_at"] = values["closed_at"] - random.randint(5 * HOUR, 6 * DAY)
        values |= {"closed": True, "status": random.choice(("Closed", "Resolved"))}
    else:
        values["created_at"] = NOW - random.randint(10 * MINUTE, 12 * DAY)
        values["status"] = random.choice(_OPEN)
    return values
