"""The `conditions` grammar of ConnectWise lists: parsed once, then asked of each row.

Source: ConnectWise developer guide (operators, strings in quotes, dates in brackets, `/` for references,
`*` as wildcard, `[[]` for a literal bracket). `%` as wildcard is from field reports. Text compares without
case, as the vendor's database does (our inference). A missing value makes a comparison false, as in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]
Predicate = Callable[[Row], bool]


class BadCondition(Exception):
    """The vendor would answer 400. `field` is set for an unknown or unfilterable field."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Moment(str):
    """A date as written between brackets."""


_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<date>\[[^\[\]]*\])
    | (?P<number>-?\d+(?:\.\d+)?(?![\w/]))
    | (?P<op><=|>=|!=|<>|=|<|>)
    | (?P<punct>[(),])
    | (?P<word>[A-Za-z_][\w/]*)
    )""",
    re.VERBOSE,
)

INFO = frozenset({"lastUpdated", "updatedBy", "dateEntered", "enteredBy"})
"""Parts of `_info` that lists filter and sort by without naming it."""


def parse(text: str, fields: Collection[str], date_forms: Collection[str]) -> Predicate:
    """The predicate that `conditions=` asks for; raises `BadCondition`.

    `fields` are the names that may be filtered on (first part of a path). `date_forms` are those of `utc-z`,
    `naive` and `date-only` that this server understands: a date in another form matches nothing.
    """
    parser = _Parser(_tokens(text), fields, date_forms)
    try:
        predicate = parser.either()
    except RecursionError:
        raise BadCondition("conditions are nested too deeply") from None
    if parser.peek() is not None:
        raise BadCondition(f"unexpected '{parser.peek()[1]}' in conditions")  # type: ignore[index]
    return predicate


def moment(text: str, date_forms: Collection[str]) -> float | None:
    """UTC seconds of a date literal; `None` for a form this server takes but does not understand."""
    raw = text.strip()
    zoned = raw.endswith(("Z", "z")) or re.search(r"[+-]\d\d:\d\d$", raw) is not None
    form = "utc-z" if zoned else ("date-only" if len(raw) == 10 else "naive")
    if form not in date_forms:
        return None
    bare = raw[:-1] if raw.endswith(("Z", "z")) else raw
    try:
        when = datetime.fromisoformat(bare)
    except ValueError:
        raise BadCondition(f"'{raw}' is not a date") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadCondition(f"conditions cannot be read at '{text[at : at + 20]}'")
        kind = match.lastgroup or ""
        found.append((kind, match.group(kind)))
        at = match.end()
    return found


def value_of(row: Row, path: tuple[str, ...]) -> object:
    """The value under a reference path, `None` where any part is absent; dates of `_info` also by their name."""
    if path[0] in INFO and path[0] not in row:
        path = ("_info", *path)
    value: object = row
    for part in path:
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value


class _Parser:
    def __init__(
        self, tokens: list[tuple[str, str]], fields: Collection[str], forms: Collection[str]
    ) -> None:
        self._tokens = tokens
        self._at = 0
        self._fields = fields
        self._forms = forms

    def peek(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _word(self, *words: str) -> bool:
        token = self.peek()
        if token is not None and token[0] in ("word", "punct") and token[1].lower() in words:
            self._at += 1
            return True
        return False

    def _take(self, what: str) -> tuple[str, str]:
        token = self.peek()
        if token is None:
            raise BadCondition(f"conditions end where {what} was expected")
        self._at += 1
        return token

    def either(self) -> Predicate:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _both(self) -> Predicate:
        parts = [self._one()]
        while self._word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _one(self) -> Predicate:
        if self._word("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._word("("):
            inner = self.either()
            if not self._word(")"):
                raise BadCondition("a bracket is not closed in conditions")
            return inner
        kind, name = self._take("a field")
        if kind != "word":
            raise BadCondition(f"'{name}' is not a field")
        path = tuple(name.split("/"))
        if path[0] not in self._fields:
            raise BadCondition(f"'{name}' is not a valid field to search on", name)
        return self._comparison(path)

    def _comparison(self, path: tuple[str, ...]) -> Predicate:
        negated = self._word("not")
        kind, operator = self._take("an operator")
        word = operator.lower()
        if kind == "word" and word == "in":
            test = self._in(path)
        elif kind == "word" and word in ("contains", "like"):
            test = self._like(path, self._literal(), whole=word == "like")
        elif kind == "op" and not negated:
            test = self._compare(path, "!=" if operator == "<>" else operator, self._literal())
        else:
            raise BadCondition(f"'{operator}' is not an operator")
        return (lambda row: not test(row)) if negated else test

    def _literal(self) -> object:
        kind, text = self._take("a value")
        match kind:
            case "string":
                return re.sub(r"\\(.)", r"\1", text[1:-1])
            case "date":
                return Moment(text[1:-1])
            case "number":
                return float(text) if "." in text else int(text)
        word = text.lower()
        if kind == "word" and word in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[word]
        raise BadCondition(f"'{text}' is not a value")

    def _in(self, path: tuple[str, ...]) -> Predicate:
        if not self._word("("):
            raise BadCondition("'in' wants a list in brackets")
        values = [_plain(self._literal())]
        while self._word(","):
            values.append(_plain(self._literal()))
        if not self._word(")"):
            raise BadCondition("a list is not closed in conditions")
        wanted = frozenset(values)
        return lambda row: _plain(value_of(row, path)) in wanted

    def _like(self, path: tuple[str, ...], literal: object, *, whole: bool) -> Predicate:
        if not isinstance(literal, str):
            raise BadCondition("'contains' and 'like' want a text")
        pattern = "".join(
            "\\[" if piece == "[[]" else ".*" if piece in "*%" else re.escape(piece)
            for piece in re.findall(r"\[\[\]|.", literal, re.DOTALL)
        )
        matcher = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        find = matcher.fullmatch if whole else matcher.search

        def test(row: Row) -> bool:
            value = value_of(row, path)
            return isinstance(value, str) and find(value) is not None

        return test

    def _compare(self, path: tuple[str, ...], operator: str, literal: object) -> Predicate:
        if literal is None:
            if operator not in ("=", "!="):
                raise BadCondition("null can only be compared with = and !=")
            return lambda row: (value_of(row, path) is None) is (operator == "=")
        if isinstance(literal, Moment):
            when = moment(literal, self._forms)
            return lambda row: when is not None and _holds(_seconds(value_of(row, path)), operator, when)
        wanted = _plain(literal)
        return lambda row: _holds(_plain(value_of(row, path)), operator, wanted)


def _plain(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


def _seconds(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _holds(left: object, operator: str, right: object) -> bool:
    if left is None:
        return False
    if operator in ("=", "!="):
        return (left == right) is (operator == "=")
    low = high = False
    if isinstance(left, str) and isinstance(right, str):
        low, high = left < right, left > right
    elif isinstance(left, int | float) and isinstance(right, int | float):
        low, high = bool(left < right), bool(left > right)
    else:
        return False
    return {"<": low, "<=": not high, ">": high, ">=": not low}[operator]
