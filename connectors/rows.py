"""Reads rows of JSON leniently: one that cannot be used goes into quarantine, and the page goes on.

A row is strict on its id and on what gates rest on; elsewhere a field of the wrong kind is taken over where its
meaning is plain (a number for a text), else left empty and reported as `Odd`, while the rest is delivered.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from connectors.contract import Odd

if TYPE_CHECKING:
    from connectors.answers import Answer

R = TypeVar("R", bound=msgspec.Struct)
Problem = tuple[str, str]
"""Path in the row, and what is wrong there."""


class Row(NamedTuple):
    """A row of a page: the id where it could be read, the typed row where it is usable, its problems."""

    id: int | None
    value: Any
    problems: list[Problem]
    key: str | None = None
    """The id as text; where a PSA's ids are texts, the only one."""


def read_row(raw: msgspec.Raw, shape: type[R], strict: frozenset[str]) -> Row:
    """One row, leniently; `value` is `None` when the id or another strict field cannot be read."""
    try:
        value = msgspec.json.decode(raw, type=shape)
        return _row(getattr(value, "id", None), value, [])
    except msgspec.ValidationError:
        return _read_slowly(raw, shape, strict)


def read_rows(answer: Answer, shape: type[R], strict: frozenset[str]) -> list[Row]:
    """The rows of a page: decoded all at once, and one by one only where one of them cannot be read as it should.

    Raises `Unreadable` where the answer is no list."""
    try:
        values: list[Any] = msgspec.json.decode(answer.body, type=list[shape])  # type: ignore[valid-type]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return [read_row(raw, shape, strict) for raw in answer.decode(list[msgspec.Raw])]
    if _is_numbered(shape):  # nearly every page, and ten thousand ids a round
        return [Row(value.id, value, [], str(value.id)) for value in values]
    return [_row(getattr(value, "id", None), value, []) for value in values]


@cache
def _is_numbered(shape: type[msgspec.Struct]) -> bool:
    """Whether its id is a number wherever a row of it can be read."""
    return any(field.name == "id" and field.type is int for field in msgspec.structs.fields(shape))


def _read_slowly(raw: msgspec.Raw, shape: type[R], strict: frozenset[str]) -> Row:
    data = msgspec.json.decode(raw)
    if not isinstance(data, dict):
        return Row(None, None, [("$", "expected an object")])
    return read_fields(data, shape, strict)


def read_fields(data: dict[str, Any], shape: type[R], strict: frozenset[str] | None) -> Row:
    """One row that is decoded already, field by field. `strict` `None`: every field that the shape requires."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    usable = True
    for field in msgspec.structs.fields(shape):
        name = field.encode_name
        needed = field.required if strict is None else name in strict
        if data.get(name) is None:
            if field.required:
                problems.append((f"$.{name}", "is missing"))
                usable = False
            continue
        try:
            found[field.name] = _convert(data[name], field.type, lenient=not needed)
        except msgspec.ValidationError as error:
            problems.append(_told(str(error), name))
            usable = usable and not needed
    return _row(found.get("id"), shape(**found) if usable else None, problems)


def _row(row_id: object, value: object, problems: list[Problem]) -> Row:
    if isinstance(row_id, int):
        return Row(row_id, value, problems, str(row_id))
    return Row(None, value, problems, row_id or None if isinstance(row_id, str) else None)


def _convert(value: object, kind: Any, *, lenient: bool) -> Any:  # noqa: ANN401 - types as values
    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        if not lenient:
            raise
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                return msgspec.convert(str(value), type=kind)
            except msgspec.ValidationError:
                return msgspec.convert(value, type=kind, strict=False)
        return msgspec.convert(value, type=kind, strict=False)


def _told(words: str, name: str) -> Problem:
    """msgspec's sentence as (path, problem)."""
    problem, _, path = words.partition(" - at `$")
    return f"$.{name}{path.rstrip('`')}", problem.replace("`", "")


def odd_of(row: Row, stream: str, place: str, ticket_id: str | None = None) -> tuple[Odd, ...]:
    """The row's problems for the quarantine; `place` names it when its id cannot be read."""
    record = row.key or place
    whose = ticket_id if ticket_id is not None else (row.key if stream == "tickets" and row.id != 0 else None)
    return tuple(Odd(stream, record, path, problem, whose) for path, problem in row.problems)


def seconds(text: str | None, path: str, problems: list[Problem], zone: tzinfo = UTC) -> int | None:
    """`2026-11-20T14:05:11Z` as UTC seconds (without a zone it is `zone`'s); what is no date becomes a problem."""
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
        return int((when if when.tzinfo else when.replace(tzinfo=zone)).timestamp())
    except (ValueError, OverflowError):
        problems.append((path, f"expected a date, got “{text[:40]}”"))
        return None
