"""Filters as typed: what they mean, what is said of a wrong term, and the SQL against a plain reading in Python."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from store.database import Databases
from store.filter_words import Filter, Term
from store.home import Home
from store.models import ExceptionRow, Ticket
from store.read import ALL_OPEN, Reader
from store.settings import Connection, Settings

NOW = 1_795_000_000
DAY = 86_400
ACME = Settings(
    connections={"acme": Connection(name="acme", psa="connectwise", technician="jdoe", options={"url": "x"})}
)


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("", ()),
        ("Printer ÜBER", (Term("word", "printer"), Term("word", "über"))),
        ('company:"Contoso Ltd"', (Term("company", "contoso ltd"),)),
        ('Status:"In Progress" x', (Term("status", "in progress"), Term("word", "x"))),
        ('"in progress"', (Term("word", "in progress"),)),
        ('"company:acme"', (Term("word", "company:acme"),)),
        ('"-"x', (Term("word", "-x"),)),
        ("-printer", (Term("word", "printer", negated=True),)),
        ("-status:new", (Term("status", "new", negated=True),)),
        ('-"in progress"', (Term("word", "in progress", negated=True),)),
        ("-", ()),
        ("age>3d", (Term("age", 3 * DAY, ">"),)),
        ("AGE<=4H", (Term("age", 4 * 3600, "<="),)),
        ("-age<30m", (Term("age", 1800, "<", True),)),
        ("hours>1", (Term("hours", 1.0, ">"),)),
        ("hours<0,5", (Term("hours", 0.5, "<"),)),
        ("is:must -is:later", (Term("is", "must"), Term("is", "later", negated=True))),
        ("re:invoice 10:30 http://x", tuple(Term("word", w) for w in ("re:invoice", "10:30", "http://x"))),
        ("average>3", (Term("word", "average>3"),)),
    ],
)
def test_what_is_typed_is_read(typed, terms):
    assert Filter.of(typed) == Filter(terms)


@pytest.mark.parametrize(
    "typed", ["status:", "company:", "age>", "hours<", "is:", "age", "-", "-status:", 'owner:""']
)
def test_what_is_not_finished_is_no_mistake(typed):
    found = Filter.of(typed)
    assert found.problems == ()
    assert all(term.field == "word" for term in found.terms)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("age>3", 'age wants a duration such as 3d, 4h or 30m, not "3"'),
        ("age:3d", "age wants > or < and a duration such as 3d, 4h or 30m"),
        ("hours>many", 'hours wants a number such as 1.5, not "many"'),
        ("hours>nan", 'hours wants a number such as 1.5, not "nan"'),
        ("is:mine", 'is: knows must, later, unassigned, not "mine"'),
        ("compny:acme", "there is no compny: (did you mean company:?)"),
        ("hour:3", "there is no hour: (did you mean hours>?)"),
    ],
)
def test_a_wrong_term_is_told_and_the_rest_goes_on(typed, said):
    found = Filter.of(f"printer {typed} board:help")
    assert found.problems == (said,)
    assert found.terms == (Term("word", "printer"), Term("board", "help"))


def test_an_open_quote_is_known():
    assert Filter.of('status:"in pro').open_quote
    assert not Filter.of('status:"in progress"').open_quote


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_without_an_error(typed):
    Filter.of(typed)


# ---------------------------------------------------------------- against a plain reading


class Line(NamedTuple):
    """A ticket and, if `kind`, its row: what the plain reading looks at."""

    ticket: dict[str, Any]
    must: bool | None
    """`None`: no exception."""
    age: int


Check = Callable[[Line], bool]
TEXTS = ("", "Acme", "Contoso Ltd", "ÜBER straße", "100% 'x' --", "a_b", "New", "In Progress")
FIELDS = ("company", "status", "owner", "board", "team", "type", "priority", "contact", "number")
PARTS = ("acme", "CONTOSO L", "über", "STRASSE", "%", "'x'", "_", "in prog", "e")


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    made = []
    for number in range(draw(st.integers(1, 6))):
        age = draw(st.sampled_from((60, 3600, 4 * 3600, DAY, 3 * DAY, 9 * DAY)))
        words = {name: draw(st.sampled_from(TEXTS)) for name in (*FIELDS, "summary")}
        ticket = {
            **words, "company": words["company"] or None, "owner": words["owner"] or None,
            "team": words["team"] or None, "number": f"70{number}", "hours": draw(st.sampled_from((None, 0.5, 2.0))),
        }  # fmt: skip
        made.append(Line(ticket, draw(st.sampled_from((None, False, True))), age))
    return made


def has(value: Any, part: str) -> bool:
    return part.casefold() in (value or "").casefold()


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, Check]:
    """A term as a person types it, and what it means."""
    typed: str
    check: Check
    kind = draw(st.sampled_from(("word", "field", "age", "hours", "is")))
    if kind == "word":
        part = draw(st.sampled_from(PARTS))
        typed = f'"{part}"'

        def check(line: Line, part: str = part) -> bool:
            return any(
                has(line.ticket[n], part) for n in ("number", "summary", "company", "contact", "status")
            )
    elif kind == "field":
        part, name = draw(st.sampled_from(PARTS)), draw(st.sampled_from(FIELDS))
        typed = f'{name}:"{part}"'

        def check(line: Line, part: str = part, name: str = name) -> bool:
            return has(line.ticket[name], part)
    elif kind == "age":
        limit, older = draw(st.sampled_from((1, 4, 24, 72))), draw(st.booleans())
        typed = f"age{'>' if older else '<'}{limit}h"

        def check(line: Line, limit: int = limit * 3600, older: bool = older) -> bool:
            return line.age > limit if older else line.age < limit
    elif kind == "hours":
        least = draw(st.sampled_from((0.0, 0.5, 1.0)))
        typed = f"hours>={least}"

        def check(line: Line, least: float = least) -> bool:
            return (line.ticket["hours"] or 0.0) >= least
    else:
        what = draw(st.sampled_from(("must", "later", "unassigned")))
        typed = f"is:{what}"

        def check(line: Line, what: str = what) -> bool:
            return {"must": line.must is True, "later": line.must is False}.get(
                what, not line.ticket["owner"]
            )

    if draw(st.booleans()):
        return f"-{typed}", lambda line: not check(line)
    return typed, check


@pytest.fixture(scope="module")
def opened() -> Iterator[tuple[Databases, Reader]]:
    with tempfile.TemporaryDirectory() as folder, Databases.open(Home.at(folder), now=NOW) as databases:
        yield databases, Reader(databases.home, ACME, clock=lambda: NOW)


def put(databases: Databases, made: list[Line]) -> None:
    with Session(databases.cache) as session, session.begin():
        for table in ("ticket", "exception"):
            session.execute(sql(f"DELETE FROM {table}"))
        for line in made:
            number = line.ticket["number"]
            session.add(
                Ticket(
                    connection="acme",
                    ticket_id=number,
                    in_scope=True,
                    created_at=NOW - line.age,
                    **line.ticket,
                )
            )
            if line.must is not None:
                session.add(
                    ExceptionRow(
                        connection="acme", ticket_id=number, kind="orphaned", gate=line.must, psa_only=False,
                        since=NOW - line.age,
                    )
                )  # fmt: skip


@given(made=lines(), wanted=st.lists(conditions(), max_size=3))
@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_lists_hold_what_a_plain_reading_finds(opened, made, wanted):
    databases, reader = opened
    put(databases, made)
    typed = " ".join(part for part, _ in wanted)
    fits = [line for line in made if all(check(line) for _, check in wanted)]
    numbers = sorted(line.ticket["number"] for line in fits)
    assert sorted(row.number for row in reader.rows([ALL_OPEN], text=typed)) == numbers
    rows = [line for line in fits if line.must is not None]
    assert sorted(row.number for row in reader.rows(["orphaned"], text=typed)) == sorted(
        line.ticket["number"] for line in rows
    )
    assert reader.count(["orphaned"], text=typed) == len(rows)
    must = sum(line.must is True for line in rows)
    assert reader.numbers(["orphaned"], text=typed) == (must, len(rows) - must)
