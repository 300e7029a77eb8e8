"""Autotask's queries: filters, pages by id, counts; and what is silently taken or refused.

Sources: vendor's documentation on operators and limits, maintained clients on paging. A body whose filter has
another name is a broad, successful search (field report).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from connectors.simulators.autotask.rows import Row
from connectors.simulators.autotask.state import Refusal

MOST = 500


def lowered(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal("The request body is not a JSON object.")
    return {str(name).lower(): value for name, value in body.items()}


def matching(entity: str, rows: list[Row], body: object) -> list[Row]:
    """The rows that the body's filter lets through, by id."""
    filters = lowered(body).get("filter")
    if filters is None:
        return rows
    if not isinstance(filters, list) or not filters:
        raise Refusal("The filter is empty.")
    if _conditions(filters) > MOST:
        raise Refusal("The query has more than 500 OR conditions.")
    if sum(bool(one.get("udf")) for one in filters if isinstance(one, dict)) > 1:
        raise Refusal("Only one user-defined field can be queried at a time.")
    known = {name.lower() for row in rows[:1] for name in row}
    flat = [(row, {name.lower(): value for name, value in row.items()}) for row in rows]
    return [row for row, values in flat if all(_holds(entity, one, values, known) for one in filters)]


def tickets_of(body: object) -> set[int] | None:
    """The tickets to which the body's filter keeps, where one of its conditions says so; but for that row by row it is
    matched all the same."""
    for one in lowered(body).get("filter") or ():
        if isinstance(one, dict) and str(one.get("field")).lower() == "ticketid":
            value = one.get("value")
            if one.get("op") == "eq" and isinstance(value, int):
                return {value}
            if one.get("op") == "in" and isinstance(value, list):
                return {key for key in value if isinstance(key, int)}
    return None


def page(entity: str, found: list[Row], body: object, url: str) -> dict[str, Any]:
    """One page; `requestCount` echoes the limit, not the total."""
    given = lowered(body)
    asked = given.get("maxrecords")
    size = asked if isinstance(asked, int) and 1 <= asked <= MOST else MOST
    only = given.get("includefields")
    if only and len(found) > MOST and "id" not in {str(one).lower() for one in only}:
        raise Refusal("IncludeFields must contain id when more than 500 rows match.")
    shown = found[:size]
    if only:
        names = {str(one).lower() for one in only}
        shown = [{name: value for name, value in row.items() if name.lower() in names} for row in shown]
    more = len(found) > size
    details = {
        "count": len(shown),
        "requestCount": size,
        "prevPageUrl": None,
        "nextPageUrl": f"{url}/next?paging=opaque" if more else None,
    }
    return {"items": shown, "pageDetails": details}


def _conditions(filters: list[Any]) -> int:
    """OR conditions: those of groups, and each value of an `in`."""
    count = 0
    for one in filters:
        if not isinstance(one, dict):
            continue
        if isinstance(one.get("value"), list):
            count += len(one["value"])
        if isinstance(one.get("items"), list):
            count += _conditions(one["items"]) + (len(one["items"]) if one.get("op") == "or" else 0)
    return count


def _holds(entity: str, node: Any, row: Row, known: set[str]) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(node, dict):
        raise Refusal("A filter is not an object.")
    op = str(node.get("op", "")).lower()
    if op in ("and", "or"):
        items = node.get("items")
        if not isinstance(items, list) or not items:
            raise Refusal(f"The group {op} has no items.")
        results = [_holds(entity, one, row, known) for one in items]
        return all(results) if op == "and" else any(results)
    field = str(node.get("field", "")).lower()
    if field not in known:
        raise Refusal(f"Unable to find {node.get('field')} in the {entity} Entity.")
    if field == "lastactivitypersontype":
        raise Refusal("The field lastActivityPersonType is not queryable.")
    test = _OPERATORS.get(op)
    if test is None:
        raise Refusal(f"{node.get('op')} is not a valid operator.")
    return test(_plain(row.get(field)), _plain(node.get("value")))


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Dates as numbers, so that `…Z` and `….03Z` compare; texts without case."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        if len(value) >= 10 and value[:4].isdigit() and value[4] == "-":
            try:
                when = datetime.fromisoformat(value)
                return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
            except ValueError:
                pass  # a text that only looks like a date
        return value.casefold()
    return value


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:  # noqa: ANN401
        if left is None or right is None:
            return False
        try:
            return test(left, right)
        except TypeError:
            raise Refusal("The value of a filter has the wrong type.") from None

    return compare


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "noteq": lambda left, right: left != right,
    "gt": _ordered(lambda left, right: left > right),
    "gte": _ordered(lambda left, right: left >= right),
    "lt": _ordered(lambda left, right: left < right),
    "lte": _ordered(lambda left, right: left <= right),
    "beginswith": lambda left, right: str(left or "").startswith(str(right)),
    "endswith": lambda left, right: str(left or "").endswith(str(right)),
    "contains": lambda left, right: str(right) in str(left or ""),
    "exist": lambda left, _: left is not None,
    "notexist": lambda left, _: left is None,
    "in": lambda left, right: left in (right or []),
    "notin": lambda left, right: left not in (right or []),
}
