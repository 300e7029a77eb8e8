"""What is typed into a filter, read: words, `company:acme`, `age>3d`, `is:must`, each with `-` in front for "not".

A term that says nothing usable is told in words and left out; the others go on. What nobody has finished typing
(`status:`, `age>`) is left out without a word. Nothing typed becomes SQL: values travel as parameters.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from store.toml_table import near, seconds

__all__ = ["FIELDS", "MARKS", "Filter", "Subject", "Term", "add_functions"]

FIELDS = (
    "company",
    "status",
    "owner",
    "board",
    "team",
    "type",
    "priority",
    "contact",
    "number",
    "connection",
)
"""What stands before a colon: the value must be somewhere in that field, case ignored."""
MARKS = ("must", "later", "unassigned")
"""What stands behind `is:`."""
_MEASURES = {"age": "a duration such as 3d, 4h or 30m", "hours": "a number such as 1.5"}
_MEASURED = re.compile(r"(age|hours)(<=|>=|<|>)(.*)", re.IGNORECASE | re.DOTALL)
_HAYSTACK = " || char(10) || ".join(
    f"coalesce(t.{name}, '')" for name in ("number", "summary", "company", "contact", "status")
)
"""Where words are looked for."""

Measure = Literal["<", "<=", ">", ">="]


class Term(msgspec.Struct, frozen=True):
    """One condition. `field`: `word`, one of `FIELDS`, `age`, `hours` or `is`."""

    field: str
    value: str | float
    """Case-folded text; for `age` seconds, for `hours` hours."""
    compare: Measure | None = None
    negated: bool = False


class Subject(NamedTuple):
    """How the rows that a filter is put on are called in SQL, beside `v_ticket t`."""

    since: str
    must: str
    listed: str
    """Whether it is an exception at all."""
    hours: str


class Filter(msgspec.Struct, frozen=True):
    """All terms must hold. `problems`: what was not understood, a sentence each."""

    terms: tuple[Term, ...] = ()
    problems: tuple[str, ...] = ()
    open_quote: bool = False
    """A double quote was begun and not ended."""

    @classmethod
    def of(cls, text: str) -> Filter:
        """Reads what was typed; never fails."""
        terms, problems, open_quote = [], [], False
        for token in _tokens(text):
            open_quote = token.open
            found = _term(token)
            if isinstance(found, Term):
                terms.append(found)
            elif found is not None:
                problems.append(found)
        return cls(tuple(terms), tuple(dict.fromkeys(problems)), open_quote)

    def sql(self, subject: Subject, now: int) -> tuple[str, list[str | float]]:
        """A condition on `v_ticket t` and its parameters; empty for no filter. `now`: UTC seconds."""
        parts: list[str] = []
        values: list[str | float] = []
        if words := [term.value for term in self.terms if term.field == "word" and not term.negated]:
            # All words in one call: folding a ticket's text is what costs (10,000 tickets: 60 ms).
            parts.append(f"all_in({_HAYSTACK}{', ?' * len(words)})")
            values += words
        for term in self.terms:
            if term.field == "word" and not term.negated:
                continue
            condition, *more = _condition(term, subject, now)
            parts.append(f"NOT ({condition})" if term.negated else f"({condition})")
            values += more
        return " AND ".join(parts), values


def add_functions(db: sqlite3.Connection) -> None:
    """What the conditions call: `fold(text)`, and `all_in(text, word, …)` for folded words."""
    db.create_function("fold", 1, lambda text: (text or "").casefold(), deterministic=True)
    db.create_function("all_in", -1, _all_in, deterministic=True)


def _all_in(text: str, *words: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


class _Token(NamedTuple):
    text: str
    quoted_from: int
    """Where the first quoted letter stands; behind the end where none is."""
    open: bool = False

    def plain(self, place: int) -> bool:
        """Whether what stands there was typed outside quotes."""
        return 0 <= place < self.quoted_from


def _tokens(text: str) -> Iterator[_Token]:
    """Words; double quotes hold several together (`status:"in progress"`) and take letters as they are."""
    word, quoted, begun, first = "", False, False, -1
    for letter in text:
        if letter == '"':
            quoted, begun = not quoted, True
            first = len(word) if first < 0 else first
        elif letter.isspace() and not quoted:
            if word:
                yield _Token(word, first if begun else len(word))
            word, begun, first = "", False, -1
        else:
            word += letter
    if word or quoted:
        yield _Token(word, first if begun else len(word), quoted)


def _term(token: _Token) -> Term | str | None:
    """The term, what is wrong with it, or nothing yet."""
    negated = token.text.startswith("-") and token.plain(0)
    if negated:
        token = token._replace(text=token.text[1:], quoted_from=token.quoted_from - 1)
    text = token.text
    if not text:
        return None
    measured = _MEASURED.fullmatch(text)
    if measured and token.plain(measured.start(2)):
        return _measured(measured[1].casefold(), measured[2], measured[3].strip(), negated)
    name, colon, value = text.partition(":")
    name, value = name.casefold(), value.strip()
    if not colon or not token.plain(len(name)):
        return Term("word", text.casefold(), negated=negated)
    if name in _MEASURES:
        return f"{name} wants > or < and {_MEASURES[name]}" if value else None
    if name == "is":
        return _mark(value.casefold(), negated)
    if name in FIELDS:
        return Term(name, value.casefold(), negated=negated) if value else None
    if value and (close := _field_like(name)):
        return f"there is no {name}: (did you mean {close}?)"
    return Term("word", text.casefold(), negated=negated)


def _field_like(name: str) -> str:
    """The field that a misspelt name is most like; empty for what is simply a word with a colon."""
    if not name.isalpha() or len(name) < 3:
        return ""
    close = near(name, (*FIELDS, *_MEASURES))
    return "" if close is None else f"{close}>" if close in _MEASURES else f"{close}:"


def _measured(name: str, compare: str, value: str, negated: bool) -> Term | str | None:
    if not value:
        return None
    number = seconds(value.casefold()) if name == "age" else _number(value)
    if number is None:
        return f'{name} wants {_MEASURES[name]}, not "{value}"'
    return Term(name, number, _compare(compare), negated)


def _compare(text: str) -> Measure:
    found: dict[str, Measure] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return found[text]


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _mark(value: str, negated: bool) -> Term | str | None:
    if not value:
        return None
    if value not in MARKS:
        return f'is: knows {", ".join(MARKS)}, not "{value}"'
    return Term("is", value, negated=negated)


def _condition(term: Term, subject: Subject, now: int) -> tuple[str, *tuple[str | float, ...]]:
    """SQL that is never NULL, so that "not" holds for what is empty."""
    match term.field:
        case "word":
            return f"all_in({_HAYSTACK}, ?)", term.value
        case "age":
            return f"? - {subject.since} {term.compare} ?", now, term.value
        case "hours":
            return f"{subject.hours} {term.compare} ?", term.value
        case "is":
            return (_IS[str(term.value)].format(must=subject.must, listed=subject.listed),)
        case field:
            return f"instr(fold(coalesce(t.{field}, '')), ?) > 0", term.value


_IS = {
    "must": "{must}",
    "later": "{listed} AND NOT {must}",
    "unassigned": "trim(coalesce(t.owner, '')) = ''",
}
