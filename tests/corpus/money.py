"""Planted cases of the exceptions on time and money.

The cases of `time_gap` are one technician's day: they follow each other, and `jdoe` has no other entries today.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.corpus.case import DAY, HOUR, MINUTE, NOW, Case, Planted

ME, ME_ID = "jdoe", "7"
DONE = (
    "Replaced the fuser, printed ten pages, all clean.",
    "Rebuilt the mail profile and tested sending.",
    "New switch port, the phone registers again.",
)
LONG_AGO = NOW - 40 * DAY


def cases(random: random.Random) -> Iterator[Case]:
    """All of pane 6; names and texts vary with `random`, edges do not."""
    yield from undocumented(random)
    yield from unlogged(random)
    yield from unbilled(random)
    yield from out_of_scope(random)
    yield from project_in_disguise(random)
    yield from repeated_fix(random)
    yield from time_gap(random)
    yield from billing_question(random)


def note(
    text: str, at: int, *, author: str = ME, author_id: str | None = ME_ID, **more: Any
) -> dict[str, Any]:
    return {
        "created_at": at,
        "speaker": "staff",
        "public": False,
        "text": text,
        "author": author,
        "author_id": author_id,
    } | more


def entry(begins: int, length: int = HOUR, **more: Any) -> dict[str, Any]:
    """An hour of a colleague's with a code, so that it stands in nobody's day."""
    return {
        "member": "asmith",
        "member_id": "8",
        "started_at": begins,
        "ended_at": begins + length,
        "hours": length / 3600,
        "billing_code": "Support",
    } | more


def closed(at: int = NOW - HOUR, **more: Any) -> dict[str, Any]:
    return {"closed": True, "status": "Closed", "closed_at": at, "closed_by": ME} | more


def undocumented(random: random.Random) -> Iterator[Case]:
    kind, said = "undocumented", random.choice(DONE)
    edge = NOW - 30 * DAY

    def case(name: str, found: bool, values: dict[str, Any], *notes: dict[str, Any], **more: Any) -> Case:
        # The healthy resolution and the healthy entry's text would say it.
        silent = {"time": [entry(NOW - DAY, text="")]} | more
        return Case(kind, name, found, Planted({"resolution": None} | values, list(notes), **silent))

    def wrote(text: str, **more: Any) -> dict[str, Any]:
        return note(text, NOW - HOUR, **more)

    yield case("closed without a word", True, closed())
    yield case(
        "closed with a generic word",
        True,
        closed(),
        wrote(random.choice(("Fixed.", "DONE!", "ok", "Resolved"))),
    )
    yield case("19 characters", True, closed(), wrote("x" * 19 + " ..."))
    yield case(
        "only a seen note",
        True,
        closed(),
        wrote("Seen, no answer needed: thanks only, all is well", seen=True),
    )
    yield case(
        "only the customer says it",
        True,
        closed(),
        wrote(said, speaker="customer", author="Ann", author_id=None),
    )
    yield case("closed exactly 30 days ago", True, closed(edge))
    yield case("20 characters", False, closed(), wrote("x" * 20))
    yield case("a public note says it", False, closed(), wrote(said, public=True))
    yield case("a colleague's note says it", False, closed(), wrote(said, author="asmith", author_id="8"))
    yield case("the resolution says it", False, closed(resolution=said))
    yield case("a time entry says it", False, closed(), time=[entry(NOW - DAY, text=said)])
    yield case("closed 30 days and a second ago", False, closed(edge - 1))
    yield case("still open", False, {})


def unlogged(random: random.Random) -> Iterator[Case]:
    kind, said = "unlogged", random.choice(DONE)
    midnight = NOW - 15 * HOUR
    empty: dict[str, Any] = {"hours": None}

    def case(name: str, found: bool, values: dict[str, Any], *notes: dict[str, Any], **more: Any) -> Case:
        return Case(kind, name, found, Planted(empty | values, list(notes), **({"time": []} | more)))

    yield case("closed without time", True, closed(resolution=said))
    yield case("a note of today's first second", True, {}, note(said, midnight))
    yield case("a public answer of today", True, {}, note(said, NOW - HOUR, public=True))
    yield case("0 hours on the ticket", True, closed(resolution=said, hours=0.0))
    yield case("a note of yesterday's last second", False, {}, note(said, midnight - 1))
    yield case(
        "a colleague's note of today", False, {}, note(said, NOW - HOUR, author="asmith", author_id="8")
    )
    yield case("his name and a colleague's id", False, {}, note(said, NOW - HOUR, author_id="8"))
    yield case("a hand-over of today", False, {}, note("Hand-over (Aisha): out of time", NOW - HOUR))
    yield case("hours on the ticket", False, closed(resolution=said, hours=0.25))
    yield case("an entry of 0 hours", False, closed(resolution=said), time=[entry(NOW - DAY, hours=0.0)])
    yield case("closed 30 days and a second ago", False, closed(NOW - 30 * DAY - 1, resolution=said))


def unbilled(random: random.Random) -> Iterator[Case]:
    edge, length = NOW - 30 * DAY, random.choice((HOUR, 90 * MINUTE))
    old = {"created_at": NOW - 50 * DAY}

    def case(name: str, found: bool, begins: int, values: dict[str, Any] | None = None, **more: Any) -> Case:
        one = entry(begins, length, **({"charge": True, "invoiced": False} | more))
        planted = Planted(old | (values or {}), time=[one])
        also = frozenset() if planted.values.get("closed") else frozenset({"too_old"})
        return Case("unbilled", name, found, planted, also=also)

    said = {"resolution": random.choice(DONE)}
    yield case("begun exactly 30 days ago", True, edge)
    yield case("begun 40 days ago, a colleague's", True, LONG_AGO)
    yield case("approved, and on no invoice", True, LONG_AGO, locked=True)
    yield case("begun 30 days ago less a second", False, edge + 1)
    yield case("on an invoice", False, LONG_AGO, invoiced=True)
    yield case("whether on an invoice is not told", False, LONG_AGO, invoiced=None)
    yield case("not to be paid", False, LONG_AGO, charge=False)
    yield case("whether to be paid is not said", False, LONG_AGO, charge=None)
    yield case("of no hours", False, LONG_AGO, hours=0.0)
    yield case(
        "closed 180 days and a second ago", False, NOW - 190 * DAY, closed(NOW - 180 * DAY - 1, **said)
    )


def out_of_scope(random: random.Random) -> Iterator[Case]:
    name = random.choice(("Gold", "Managed Desk"))
    agreement = [
        {"name": name, "codes": ["Project Work"], "types": ["Move"]},
        {"name": "*", "boards": ["Building sites"]},
    ]
    settings = {"out_of_scope": {"agreement": agreement}}

    def case(what: str, found: bool, values: dict[str, Any], **more: Any) -> Case:
        one = entry(NOW - DAY, **({"charge": None, "invoiced": False} | more))
        planted = Planted({"agreement": name, "agreement_id": "a1"} | values, time=[one])
        return Case("out_of_scope", what, found, planted, settings=settings)

    project = {"billing_code": "Project Work"}
    yield case("a code that it excludes", True, {}, **project)
    yield case("the same in capitals, marked as free", True, {}, billing_code="PROJECT WORK", charge=False)
    yield case("a type that it excludes", True, {"type": "Move"})
    yield case(
        "a board that every agreement excludes", True, {"agreement": "Silver", "board": "Building sites"}
    )
    yield case("the same code under another agreement", False, {"agreement": "Silver"}, **project)
    yield case("marked to be paid", False, {}, charge=True, **project)
    yield case("on an invoice", False, {}, invoiced=True, **project)
    yield case("no agreement", False, {"agreement": None, "agreement_id": None, "board": "Building sites"})
    yield case("a code that is covered", False, {})
    yield case("a code that only begins like it", False, {}, billing_code="Project Work 2")


def project_in_disguise(random: random.Random) -> Iterator[Case]:
    days = NOW - random.randint(2, 6) * DAY

    def case(name: str, found: bool, *time: dict[str, Any], **values: Any) -> Case:
        return Case("project_in_disguise", name, found, Planted(values, time=list(time)))

    def by(*who: str) -> list[dict[str, Any]]:
        some = enumerate(who)
        return [
            entry(days + place * HOUR, 30 * MINUTE, member=one, member_id=f"id-{one}") for place, one in some
        ]

    yield case("exactly 4 h", True, entry(days, 4 * HOUR))
    yield case("4 h on the ticket itself", True, entry(days), hours=4.0)
    yield case("three technicians", True, *by("ann", "bob", "cem"))
    yield case("five entries", True, *by(*["ann"] * 5))
    yield case("a minute less than 4 h", False, entry(days, 4 * HOUR - MINUTE))
    yield case("two technicians", False, *by("ann", "bob", "ann"))
    yield case("four entries", False, *by(*["ann"] * 4))
    yield case("it is a project", False, entry(days, 8 * HOUR), project=True)
    yield case("closed", False, entry(days, 8 * HOUR), **closed(resolution=random.choice(DONE)))


def repeated_fix(random: random.Random) -> Iterator[Case]:
    edge = NOW - 30 * DAY
    type = random.choice(("Password", "Printer queue"))
    free = {"charge": False, "invoiced": False}

    def case(name: str, found: bool, last: dict[str, Any], **values: Any) -> Case:
        """Four short ones on another ticket of a company of its own, and the last one here."""
        company = {"company": f"Repeat {name}", "company_id": f"repeat-{name}", "type": type}
        four = [entry(NOW - DAY - place * HOUR, 15 * MINUTE, **free) for place in range(4)]
        others = {"before": Planted(dict(company), time=four)}
        return Case("repeated_fix", name, found, Planted(company | values, time=[free | last]), others=others)

    fifth = entry(NOW - 2 * HOUR, 15 * MINUTE)
    yield case("five of 15 min", True, fifth)
    yield case(
        "the fifth by somebody else, marked as nothing", True, fifth | {"charge": None, "member": "bob"}
    )
    yield case("closed since", True, fifth, **closed(resolution=random.choice(DONE)))
    yield case("the fifth of 15 min and a second", False, fifth | {"hours": (15 * MINUTE + 1) / 3600})
    yield case("the fifth to be paid", False, fifth | {"charge": True})
    yield case("the fifth on an invoice", False, fifth | {"invoiced": True})
    yield case("the fifth of another type", False, fifth, type="Hardware")
    yield case("the fifth of another company", False, fifth, company_id="repeat-other", company="Other")
    yield case("the fifth 30 days and a second ago", False, entry(edge - 1, 15 * MINUTE))


def time_gap(random: random.Random) -> Iterator[Case]:
    """One day from 07:00 on: each entry follows the one before by the seconds given (negative: an overlap)."""
    day: tuple[tuple[str, bool, int, dict[str, Any]], ...] = (
        # name, found, seconds from the entry before to this one, more
        ("the day's first entry", False, 0, {}),
        ("15 min without time after it", True, 0, {}),
        ("a second less than 15 min after it", False, 15 * MINUTE, {}),
        ("the next one at once", False, 15 * MINUTE - 1, {}),
        ("covers the last minute of the one before", True, -MINUTE, {}),
        ("covers its last 59 s", False, -59, {}),
        ("an hour without time after it", True, 0, {}),
        ("put in at once", False, HOUR, {"entered_at": NOW}),
        ("the day's last entry", False, 0, {}),
    )
    at = NOW - 8 * HOUR
    length = 30 * MINUTE + random.randrange(5) * MINUTE
    for name, found, before, more in day:
        at += before
        mine = entry(at, length, member=ME, member_id=ME_ID, **more)
        yield Case("time_gap", name, found, Planted({}, time=[mine]))
        at += length
    for name, found, entered_at, who in (
        ("put in a business day and a second later", True, NOW, ME),
        ("put in a business day later to the second", False, NOW - 1, ME),
        ("a colleague's, put in late", False, NOW, "asmith"),
    ):
        id = ME_ID if who == ME else "8"
        late = entry(NOW - DAY - HOUR - 1, member=who, member_id=id, entered_at=entered_at)
        yield Case("time_gap", name, found, Planted({"created_at": NOW - 3 * DAY}, time=[late]))


def billing_question(random: random.Random) -> Iterator[Case]:
    asked = f"Question to billing ({random.choice(('Pat Kim', 'Office'))}): is it covered?"
    due = NOW - 2 * DAY
    old = {"created_at": NOW - 3 * DAY, "billing_code": None, "billing_code_id": None}
    uncoded = frozenset({"billing_code"})

    def case(
        name: str, found: bool, *notes: dict[str, Any], also: frozenset[str] = uncoded, **values: Any
    ) -> Case:
        return Case("billing_question", name, found, Planted(old | values, list(notes)), also=also)

    yield case("asked exactly two business days ago", True, note(asked, due))
    yield case("the asker wrote again", True, note(asked, due), note("Anyone?", due + HOUR))
    yield case(
        "answered, then asked anew",
        True,
        note(asked, due - HOUR),
        note("No.", due - 60, author="Pat"),
        note(asked, due),
    )
    yield case("asked two business days ago less a second", False, note(asked, due + 1))
    yield case(
        "answered by somebody else",
        False,
        note(asked, due),
        note("It is.", NOW - HOUR, author="Pat", author_id="9"),
    )
    yield case("asked again an hour ago", False, note(asked, due), note(asked, NOW - HOUR))
    yield case(
        "the code is set",
        False,
        note(asked, due),
        also=frozenset(),
        billing_code="Support",
        billing_code_id="1",
    )
    yield case("only talks of a question", False, note("A question to billing is needed here.", due))
