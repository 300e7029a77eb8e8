"""Cases of what is late: every edge of the kinds of pane 5 from both sides.

They take the connection to be in scope `all` with `jdoe` as its technician and `WAITING` among its `waiting_statuses`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.corpus.case import DAY, HOUR, MINUTE, NOW, Case, Planted

WAITING = "Waiting Customer"
SETTINGS: dict[str, dict[str, Any]] = {
    "stale": {"high_priorities": ("Critical",)},
    "owner_absent": {
        "away": (
            "away-today 2026-11-25",
            "away-week 2026-11-23..2026-11-27",
            "away-always",
            "away-over 2026-11-23..2026-11-24",
            "away-soon 2026-11-26..2026-11-30",
        )
    },
}
"""What these cases need set for everybody."""

THREE_DAYS = NOW - 5 * DAY
"""Friday 15:00: exactly three business days before Wednesday 15:00."""
ONE_DAY = NOW - DAY
TEXTS = ("Looked at it.", "On it.", "Ordered the part.", "Called back.", "Checked the logs.")


def cases(random: random.Random) -> Iterator[Case]:
    """All of them."""
    for group in (_sla, _unassigned, _stale, _waiting, _too_old, _abandoned, _absent, _reopened):
        yield from group(random)


TIMER = {"number": "1", "summary": "Paused", "company": "Acme", "started_at": NOW - HOUR, "seconds": 600}


def _case(
    kind: str, name: str, found: bool, *also: str, notes: Any = (), time: Any = None, **more: Any
) -> Case:
    # What deskzero saw and what the technician began, as the journal has it.
    rows: dict[str, list[dict[str, Any]]] = {
        "reopening": [{"seen_closed_at": at - MINUTE, "reopened_at": at} for at in more.pop("reopened", ())],
        "timer": [TIMER] if more.pop("timer", False) else [],
    }
    plain: dict[str, Any] = {"scheduled_until": None}
    if kind == "sla":
        plain |= dict.fromkeys(("respond_by", "responded_at", "resolve_by"))
    ticket = Planted(values=plain | more, notes=list(notes), time=[] if time is None else time, rows=rows)
    return Case(kind, name, found, ticket, also=frozenset(also), settings=SETTINGS)


def _note(random: random.Random, at: int, speaker: str = "staff", **more: Any) -> dict[str, Any]:
    who = {"staff": ("J. Doe", "jdoe"), "customer": ("Ann Lee", "c-1"), "system": ("Workflow", "w-1")}[
        speaker
    ]
    usual = {"created_at": at, "speaker": speaker, "public": True, "text": random.choice(TEXTS)}
    return usual | {"author": who[0], "author_id": who[1]} | more


def _worked(at: int, **more: Any) -> list[dict[str, Any]]:
    """One entry, as healthy as the usual one, but of another time."""
    usual = {
        "started_at": at - 15 * MINUTE,
        "ended_at": at,
        "entered_at": at,
        "hours": 0.25,
        "member": "asmith",
    }
    return [
        usual | {"billing_code_id": "1", "billing_code": "Remote", "charge": True, "invoiced": False} | more
    ]


# ---------------------------------------------------------------- the kinds


def _sla(random: random.Random) -> Iterator[Case]:
    opened = {"created_at": NOW - 4 * HOUR}  # 11:00; of five hours to 16:00 four are gone
    edge = NOW + HOUR
    yield _case("sla", "the resolution was due a second ago", True, **opened, resolve_by=NOW - 1)
    yield _case("sla", "the first answer is due this second", True, **opened, respond_by=NOW)
    yield _case(
        "sla", "exactly 80 % of the time to the first answer is gone", True, **opened, respond_by=edge
    )
    yield _case("sla", "exactly 80 % of the time to resolve it is gone", True, **opened, resolve_by=edge)
    yield _case(
        "sla", "breached, and the clock is held now", True, **opened, resolve_by=NOW - 1, sla_waits=True
    )
    yield _case(
        "sla", "answered late, and not resolved in time either", True,
        **opened, respond_by=NOW - 2, responded_at=NOW - 1, resolve_by=NOW - 1,
    )  # fmt: skip
    yield _case("sla", "a second less than 80 % is gone", False, **opened, respond_by=edge + 1)
    yield _case("sla", "the same of the resolution", False, **opened, resolve_by=edge + 1)
    yield _case("sla", "answered, though late", False, **opened, respond_by=NOW - 2, responded_at=NOW - 1)
    yield _case(
        "sla", "resolved, the ticket still open", False, **opened, resolve_by=NOW - 1, resolved_at=NOW - 2
    )
    yield _case("sla", "close, but the clock is held", False, **opened, resolve_by=edge, sla_waits=True)
    yield _case(
        "sla", "most of the plain time is gone, little of the business time", False,
        notes=[_note(random, NOW - HOUR)], created_at=NOW - 22 * HOUR, resolve_by=NOW + 5 * HOUR - 30 * MINUTE + DAY,
    )  # fmt: skip
    yield _case("sla", "no target at all", False, **opened)


def _unassigned(random: random.Random) -> Iterator[Case]:
    nobody: dict[str, Any] = {"owner": None, "owner_id": None, "resources": None}
    edge, kind = NOW - 20 * MINUTE, "unassigned"
    yield _case(kind, "a second more than 20 business minutes", True, **nobody, created_at=edge - 1)
    yield _case(
        kind, "the owner is white space", True, **nobody | {"owner": " \u00a0"}, created_at=NOW - HOUR
    )
    yield _case(kind, "since last night, open since 09:00", True, **nobody, created_at=NOW - 17 * HOUR)
    yield _case(
        kind, "somebody is among the resources", True, **nobody | {"resources": "asmith"}, created_at=edge - 1
    )
    yield _case(kind, "exactly 20 business minutes", False, **nobody, created_at=edge)
    yield _case(kind, "just opened", False, **nobody, created_at=NOW)
    yield _case(
        kind, "opened in the future, as the PSA's clock is ahead", False, **nobody, created_at=NOW + 5
    )
    yield _case(kind, "the owner has an id and no name", False, owner=None, owner_id="1", created_at=edge - 1)
    yield _case(kind, "somebody owns it", False, created_at=NOW - HOUR)
    yield _case(
        kind, "closed, and nobody's", False, **nobody, created_at=NOW - 2 * HOUR, closed=True, status="Closed",
        closed_at=NOW - HOUR, resolution="Restarted the spooler and printed a test page.",
    )  # fmt: skip


def _stale(random: random.Random) -> Iterator[Case]:
    kind, critical = "stale", {"priority": "Critical"}

    def still(name: str, found: bool, at: int, *also: str, **more: Any) -> Case:
        usual = {"created_at": at, "time": _worked(at)}
        return _case(kind, name, found, *also, **usual | more)

    past, high = THREE_DAYS - 1, ONE_DAY - 1
    yield still("a second more than three business days", True, past)
    yield still("a second more than one, high", True, high, **critical)
    yield still(
        "only the system wrote", True, past, notes=[_note(random, NOW - HOUR, "system", public=False)]
    )
    yield still("only the last-updated date moved", True, past, updated_at=NOW - HOUR)
    yield still("the appointment is over", True, past, scheduled_until=NOW)
    yield still("exactly three business days", False, THREE_DAYS)
    yield still("exactly one, high", False, ONE_DAY, **critical)
    yield still("two days, not high", False, NOW - 2 * DAY)
    yield still("on Saturday, which counts as Monday", False, NOW - 4 * DAY)
    yield still("an internal note since", False, past, notes=[_note(random, NOW - HOUR, public=False)])
    yield still("time since", False, past, time=_worked(NOW - HOUR))
    yield still("an appointment to come", False, past, scheduled_until=NOW + 1)
    waits = [_note(random, NOW - 47 * HOUR)]
    yield still("it waits for the customer", False, NOW - 6 * DAY, status=WAITING, notes=waits)
    asks = [_note(random, NOW - HOUR, "customer")]
    yield still("the customer wrote since", False, past, "customer_responded", notes=asks)


def _waiting(random: random.Random) -> Iterator[Case]:
    kind, opened = "waiting_too_long", NOW - 10 * DAY

    def waits(
        name: str, found: bool, *notes: dict[str, Any], also: tuple[str, ...] = (), **more: Any
    ) -> Case:
        usual = {"status": WAITING, "created_at": opened, "time": _worked(opened)}
        return _case(kind, name, found, *also, notes=notes, **usual | more)

    two, seven = NOW - 48 * HOUR, NOW - 7 * DAY
    yield waits("exactly 48 hours", True, _note(random, two))
    yield waits("exactly seven days", True, _note(random, seven))
    yield waits(
        "an internal note since does not ask", True, _note(random, two), _note(random, NOW, public=False)
    )
    yield waits("nobody ever asked", True, created_at=two)
    yield waits("the system reminded", True, _note(random, seven), _note(random, NOW - DAY, "system"))
    yield waits("a second less than 48 hours", False, _note(random, two + 1))
    yield waits("asked again an hour ago", False, _note(random, seven), _note(random, NOW - HOUR))
    answered = _note(random, NOW - 3 * DAY, "customer")
    yield waits("the customer answered", False, _note(random, seven), answered, also=("customer_responded",))
    yield waits(
        "another status, active today",
        False,
        _note(random, seven),
        status="Assigned",
        time=_worked(NOW - HOUR),
    )
    yield waits("just put to wait, never asked", False, created_at=NOW - 47 * HOUR)
    yield waits(
        "closed", False, _note(random, seven), closed=True, closed_at=NOW - HOUR,
        resolution="The customer found the cable and plugged it in.", time=_worked(NOW - HOUR),
    )  # fmt: skip


def _too_old(random: random.Random) -> Iterator[Case]:
    kind, edge = "too_old", NOW - 14 * DAY
    alive = [_note(random, NOW - HOUR)]
    yield _case(kind, "a second more than 14 days", True, notes=alive, created_at=edge - 1)
    yield _case(kind, "a quarter of a year", True, notes=alive, created_at=NOW - 90 * DAY)
    yield _case(
        kind,
        "the PSA does not say whether it is a project",
        True,
        notes=alive,
        created_at=edge - 1,
        project=None,
    )
    yield _case(kind, "exactly 14 days", False, notes=alive, created_at=edge)
    yield _case(kind, "a second less than 14 days", False, notes=alive, created_at=edge + 1)
    yield _case(kind, "a project", False, notes=alive, created_at=NOW - 90 * DAY, project=True)
    yield _case(kind, "no creation", False, notes=alive, created_at=None)
    yield _case(
        kind, "closed", False, notes=alive, created_at=NOW - 30 * DAY, closed=True, status="Closed",
        closed_at=NOW - MINUTE, resolution="Replaced the power supply of the server.",
    )  # fmt: skip


def _abandoned(random: random.Random) -> Iterator[Case]:
    kind, works = "abandoned", {"status": random.choice(("In Progress", "in progress", "Working"))}
    yield _case(kind, "nothing planned", True, **works)
    yield _case(kind, "the appointment ended a second ago", True, **works, scheduled_until=NOW - 1)
    yield _case(kind, "ended last week", True, **works, scheduled_until=NOW - 7 * DAY)
    yield _case(kind, "the status in other case", True, status="WORK IN PROGRESS")
    yield _case(kind, "the appointment ends this second", False, **works, scheduled_until=NOW)
    yield _case(kind, "planned for tomorrow", False, **works, scheduled_until=NOW + DAY)
    yield _case(kind, "a timer is on it", False, **works, timer=True)
    yield _case(kind, "not in progress", False, status="Assigned")
    yield _case(
        kind, "not in progress, an appointment is over", False, status="Assigned", scheduled_until=NOW - DAY
    )
    yield _case(kind, "it waits", False, status=WAITING)


def _absent(random: random.Random) -> Iterator[Case]:
    kind = "owner_absent"
    number = iter(range(100, 1000))

    def owned(
        name: str, found: bool, owner: str, *notes: dict[str, Any], gate: bool = True, **more: Any
    ) -> Case:
        asks = [_note(random, NOW - 10 * MINUTE, "customer")] if gate else []
        also = ("customer_responded",) if gate else ()
        return _case(
            kind, name, found, *also, notes=[*notes, *asks], **{"owner": owner, "owner_id": owner} | more
        )

    def quiet() -> str:
        """Somebody who owns nothing else."""
        return f"tech{next(number)}"

    yield owned("away today", True, "away-today")
    yield owned("away this week, the name in other case", True, "Away-Week", owner_id=None)
    yield owned("away until the entry goes", True, "away-always")
    yield owned("nobody has seen them today", True, quiet())
    who = quiet()
    yield owned(
        "their last note is exactly four business hours old",
        True,
        who,
        _note(random, NOW - 4 * HOUR, author_id=who, author=who),
    )
    who = quiet()
    yield owned(
        "they wrote yesterday",
        True,
        who,
        _note(random, NOW - DAY, author_id=who, author=who),
        created_at=NOW - DAY,
    )
    who = quiet()
    yield owned(
        "they wrote less than four hours ago",
        False,
        who,
        _note(random, NOW - 4 * HOUR + 1, author_id=who, author=who),
    )
    who = quiet()
    yield owned("their time of an hour ago", False, who, time=_worked(NOW - HOUR, member=who, member_id=who))
    who = quiet()
    yield owned(
        "an internal note", False, who, _note(random, NOW - HOUR, author_id=who, author=who, public=False)
    )
    yield owned(
        "back since today", False, "away-over", _note(random, NOW - HOUR, author_id="away-over", author="x")
    )
    yield owned(
        "away from tomorrow", False, "away-soon", _note(random, NOW - HOUR, author_id="away-soon", author="x")
    )
    yield owned("away, but nothing has to be gone", False, "away-always", gate=False)
    yield owned("the technician's own", False, "jdoe")


def _reopened(random: random.Random) -> Iterator[Case]:
    kind, edge = "reopened", NOW - 30 * DAY
    later = [NOW - DAY, NOW - random.randrange(2, 20) * DAY]
    yield _case(kind, "twice", True, reopened=later)
    yield _case(kind, "the first one exactly 30 days ago", True, reopened=[edge, NOW - DAY])
    yield _case(kind, "three times", True, reopened=[*later, NOW - 21 * DAY])
    yield _case(kind, "once", False, reopened=[NOW - DAY])
    yield _case(kind, "the first one a second more than 30 days ago", False, reopened=[edge - 1, NOW - DAY])
    yield _case(kind, "never", False)
    yield _case(kind, "twice, long ago", False, reopened=[NOW - 60 * DAY, NOW - 40 * DAY])
    yield _case(
        kind, "twice, and closed now", False, reopened=later, closed=True, status="Closed", closed_at=NOW - MINUTE,
        resolution="Replaced the cable; the customer has tried it.",
    )  # fmt: skip
