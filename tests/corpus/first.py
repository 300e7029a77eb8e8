"""Cases of the kinds that were there first: conversations, required fields, children, billing codes."""

from __future__ import annotations

import random as randoms
from collections.abc import Iterator
from typing import Any

from tests.corpus import words
from tests.corpus.case import DAY, HOUR, MAIN, NOW, Case, Planted

_CHILD = {"status": "Child Ticket"}
_YESTERDAY = NOW - DAY
"""The technician's own time is put here, so that it makes no gap in today's."""
_BILLING = {"updated_at": NOW - HOUR, "created_at": NOW - 2 * DAY}


def cases(random: randoms.Random) -> Iterator[Case]:
    """The cases of six kinds."""
    yield from _responded(random, "customer_responded")
    yield from _responded(random, "child_reply")
    yield from _after_close(random)
    yield from _fields()
    yield from _children()
    yield from _codes()


def _customer(random: randoms.Random, at: int, **more: Any) -> dict[str, Any]:
    said = random.choice(words.TALK)[0]
    return {
        "created_at": at,
        "speaker": "customer",
        "author": random.choice(words.FIRST),
        "text": said,
    } | more


def _staff(random: randoms.Random, at: int, **more: Any) -> dict[str, Any]:
    said = random.choice(words.TALK)[1]
    by = f"helper{random.randint(1, 9)}"
    return {"created_at": at, "speaker": "staff", "author": by, "author_id": by, "text": said} | more


def _responded(random: randoms.Random, kind: str) -> Iterator[Case]:
    child = kind == "child_reply"
    others = {"parent": Planted()} if child else {}

    def case(name: str, found: bool, notes: list[dict[str, Any]], **values: Any) -> Case:
        status = _CHILD if child else {}
        parents = ("parent",) if child else ()
        planted = Planted(values=status | values, notes=notes, parents=parents)
        return Case(kind, name, found, planted, dict(others))

    asked, answered = _customer(random, NOW - 4 * HOUR), _staff(random, NOW - 3 * HOUR)
    again = _customer(random, NOW - HOUR)
    yield case("the customer wrote last", True, [answered, again])
    yield case("the customer wrote, nobody ever answered", True, [asked])
    yield case("somebody who could be either wrote last", True, [answered, again | {"speaker": "unknown"}])
    yield case("answered, and the PSA's mark is still set", True, [asked, answered], customer_flag=True)
    yield case("an internal note of staff is no answer", True, [asked, answered | {"public": False}])
    yield case("an automatic reply of ours is no answer", True, [asked, answered | {"speaker": "system"}])
    up_to = "2026-11-25 10:59:59 UTC"
    stale = f"Seen, no answer needed: told on the phone (up to {up_to})"
    yield case("seen, but not that far", True, [asked, answered | {"public": False, "text": stale}])
    yield case("answered", False, [asked, answered])
    question, answer = words.TALK[0]
    at = NOW - 4 * HOUR
    once = [_customer(random, at, text=question), _staff(random, at, text=answer)]
    yield case("answered in the same second", False, once)
    yield case("an out-of-office came last", False, [asked, answered, _out_of_office(NOW - HOUR)])
    yield case("the last note by the customer is internal", False, [answered, again | {"public": False}])
    thanks = "Seen, no answer needed: only thanks (up to 2026-11-25 11:00:00 UTC)"
    yield case("seen to the last note", False, [asked, answered | {"public": False, "text": thanks}])
    yield case("nobody has said anything", False, [])


def _out_of_office(at: int) -> dict[str, Any]:
    text = "Automatic reply: Re: your ticket\n\nI am out of the office until Monday."
    return {"created_at": at, "speaker": "customer", "author": "Ann Lee", "text": text}


def _after_close(random: randoms.Random) -> Iterator[Case]:
    def case(name: str, found: bool, closed_at: int | None, notes: list[Any], **values: Any) -> Case:
        given = {"closed": True, "closed_at": closed_at, "created_at": NOW - 30 * DAY, **values}
        return Case("reply_after_close", name, found, Planted(values=given, notes=notes))

    closed = NOW - 20 * DAY
    answer = _staff(random, closed - HOUR)
    window = 14 * DAY
    yield case("wrote an hour ago", True, closed, [answer, _customer(random, NOW - HOUR)])
    yield case("wrote a second after the closing", True, NOW - DAY, [_customer(random, NOW - DAY + 1)])
    yield case("wrote as long ago as the window is", True, closed, [answer, _customer(random, NOW - window)])
    yield case("the mark is set on a closed ticket", True, closed, [answer], customer_flag=True)
    yield case(
        "wrote a second before the window", False, closed, [answer, _customer(random, NOW - window - 1)]
    )
    yield case("wrote in the second of the closing", False, NOW - DAY, [_customer(random, NOW - DAY)])
    late = [_customer(random, NOW - 2 * HOUR), _staff(random, NOW - HOUR)]
    yield case("wrote after it, and was answered", False, closed, late)
    yield case("only an automatic reply came", False, closed, [answer, _out_of_office(NOW - HOUR)])
    yield case("nobody wrote after it", False, closed, [answer])


def _fields() -> Iterator[Case]:
    managed = {"board": "Managed Services"}
    asset = {"Asset": "LT-0042"}

    def case(name: str, found: bool, custom: dict[str, str | None] | None = None, **values: Any) -> Case:
        planted = Planted(values=managed | values, custom=asset if custom is None else custom)
        return Case("missing_fields", name, found, planted)

    yield case("no phone number", True, contact_phone=None)
    yield case("the phone number is a placeholder", True, contact_phone=" N/A ")
    yield case("the phone number is white space without width", True, contact_phone="\u200b ")
    yield case("a custom field is empty", True, custom={"Asset": ""})
    yield case("a custom field that other tickets have is not there", True, custom={})
    yield Case("missing_fields", "no type, on any board", True, Planted(values={"type": None}))
    yield _agreement("the agreement ended yesterday", True, ends_on="2026-11-24")
    yield _agreement("the agreement begins tomorrow", True, starts_on="2026-11-26")
    yield _agreement("the agreement is cancelled", True, cancelled=True)
    yield _agreement("the agreement ends today", False, ends_on="2026-11-25")
    yield _agreement("the agreement begins today", False, starts_on="2026-11-25")
    yield case("everything is there", False)
    yield case("closed, without a phone number", False, closed=True, contact_phone=None)
    yield case("the PSA gives only the contact's id", False, contact=None, contact_id="77")
    other = Planted(values={"contact_phone": None})
    yield Case("missing_fields", "no phone number, on a board that needs none", False, other)


def _agreement(name: str, found: bool, **dates: Any) -> Case:
    planted = Planted(
        values={"board": "Managed Services", "agreement_id": "gold", "agreement": "Gold"},
        custom={"Asset": "LT-0042"},
    )
    card = {"kind": "agreement", "id": "gold", "name": "Gold", "company_id": "own", **dates}
    return Case("missing_fields", name, found, planted, choices=[card])


def _children() -> Iterator[Case]:
    """Closed parents have open children here: that is a kind of its own, on the parent."""
    closed = {"closed": True, "closed_at": NOW - HOUR}
    elsewhere = {"in_scope": False}

    def case(
        name: str,
        found: bool,
        parent: dict[str, Any] | None,
        *,
        values: dict[str, Any] = _CHILD,
        opens: bool = False,
    ) -> Case:
        others = {} if parent is None else {"parent": Planted(values=parent)}
        others_in = {"parent": frozenset({"children_open"})} if opens else {}
        planted = Planted(values=values, parents=tuple(others))
        return Case("orphaned", name, found, planted, others, others_in=others_in)

    yield case("a child's status, and no parent", True, None)
    yield case("a parent, and no child's status", True, {}, values={"status": "New"})
    yield case("the parent is closed", True, closed, opens=True)
    yield case("a colleague's parent is closed", True, closed | elsewhere)
    yield case("the parent was deleted", True, elsewhere | {"presence": "deleted"})
    yield case("the parent was merged away", True, elsewhere | {"presence": "merged", "merged_into": "5"})
    yield case("the parent is not for us to see", True, elsewhere | {"presence": "not_visible"})
    yield case("the parent is open", False, {})
    yield case("a colleague's parent is open", False, elsewhere)
    yield case("the child is closed too", False, closed, values={"closed": True})
    yield case("no child at all", False, None, values={})
    two = {"closed one": Planted(values=closed | elsewhere), "open one": Planted()}
    yield Case("orphaned", "one of two parents is open", False, Planted(_CHILD, parents=tuple(two)), two)
    gone = {"closed one": Planted(values=closed | elsewhere), "gone": Planted({"presence": "deleted"})}
    yield Case("orphaned", "two parents, neither is open", True, Planted(_CHILD, parents=tuple(gone)), gone)
    parent = {"child": Planted(_CHILD, parents=(MAIN,))}
    yield Case("orphaned", "a parent is no orphan", False, Planted(), parent)


def _codes() -> Iterator[Case]:
    uncoded = {"billing_code": None}

    def case(name: str, found: bool, time: list[dict[str, Any]] | None = None, **values: Any) -> Case:
        return Case("billing_code", name, found, Planted(values=_BILLING | values, time=time))

    def entry(hour: int, **more: Any) -> list[dict[str, Any]]:
        """Half an hour of the technician's, yesterday, each at another time."""
        begin = _YESTERDAY - 6 * HOUR + hour * HOUR // 2
        own = {"member": "jdoe", "started_at": begin, "ended_at": begin + HOUR // 2, "invoiced": False}
        return [own | {"billing_code": None, "billing_code_id": None, "text": "Remote session."} | more]

    window = 30 * DAY
    yield case("worked on, no code on the ticket", True, **uncoded)
    yield case("closed, no code on the ticket", True, closed=True, **uncoded)
    yield case("closed as long ago as the window is", True, **uncoded, closed=True, **_closed(window))
    yield case("an entry of the technician's has no code", True, entry(0))
    yield case("the code is white space", True, billing_code=" ", billing_code_id=" ")
    yield case("closed a second before the window", False, **uncoded, closed=True, **_closed(window + 1))
    yield case("nothing was done yet", False, [], hours=0.0, **uncoded)
    yield case("a colleague's entry has no code", False, entry(1, member="asmith"))
    yield case("the entry without a code is locked", False, entry(2, locked=True, invoiced=True))
    yield case("the entry has a code", False, entry(3, billing_code="Remote support", billing_code_id="1"))
    yield case("ticket and time have one", False)


def _closed(ago: int) -> dict[str, Any]:
    return {"closed_at": NOW - ago, "created_at": NOW - ago - DAY, "updated_at": NOW - ago}
