"""The tables of docs/rules.md, from the program itself: `python -m tests.rules_page` renews them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from store.rules.catalogue import BY_NAME
from store.rules.documented import FUNCTIONS, OF_SQLITE, VALUES, VIEWS
from store.rules_view import PLAN

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"


def values() -> Iterator[str]:
    yield "| in a condition | is |"
    yield "| --- | --- |"
    for name, means in VALUES.items():
        yield f"| `:{name}` | {means} |"
    for means in FUNCTIONS.values():
        call, _, rest = means.partition(": ")
        yield f"| {call} | {rest} |"
    yield f"| of SQLite | {', '.join(f'`{name}`' for name in sorted(OF_SQLITE))} |"


def views() -> Iterator[str]:
    for place, view in enumerate(VIEWS):
        if place:
            yield ""
        yield f"**`{view.name}`**: {view.means}"
        yield ""
        yield "| column | is | means |"
        yield "| --- | --- | --- |"
        for column in view.columns:
            yield f"| `{column.name}` | {column.of} | {column.means} |"


def plan() -> Iterator[str]:
    for number, kind in enumerate(PLAN, 1):
        yield f"{number}. `{kind}`: {BY_NAME[kind].means}"


PARTS = {"values": values, "views": views, "plan": plan}


def renewed(text: str) -> str:
    """The page with its tables as the program has them. Raises `ValueError` where their place is missing."""
    for name, lines in PARTS.items():
        first, last = f"<!-- {name}: written by `python -m tests.rules_page` -->", f"<!-- end of {name} -->"
        before, begin, rest = text.partition(first)
        _, end, after = rest.partition(last)
        if not begin or not end:
            raise ValueError(f"no place for {name}: {first} … {last}")
        text = f"{before}{first}\n\n" + "\n".join(lines()) + f"\n\n{last}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
