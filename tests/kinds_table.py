"""The table of all kinds in docs/exceptions.md, from the catalogue: `python -m tests.kinds_table` renews it."""

from __future__ import annotations

import sys
from pathlib import Path

from store.rules.catalogue import CATALOGUE, PANES, Kind
from store.rules_view import written

PAGE = Path(__file__).resolve().parent.parent / "docs" / "exceptions.md"
BEGIN = "<!-- kinds: written by `python -m tests.kinds_table` -->"
END = "<!-- end of kinds -->"
TOLD = {
    "conversations": "conversations",
    "parents": "parents",
    "time": "time",
    "billing_codes": "billing codes",
    "sla": "SLA targets",
    "schedule": "appointments",
    "charge": "whether time is charged",
    "invoices": "invoices",
    "entered_at": "when time was put in",
    "rates": "rates",
}


def table() -> str:
    """The table's text."""
    lines = [
        "| kind | pane | it is here when | on, gate at first | rests on | its keys in `[rules.<kind>]` |"
    ]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    return "\n".join([*lines, *(_line(kind) for kind in CATALOGUE)])


def _line(kind: Kind) -> str:
    state = "on, gate" if kind.on and kind.gate else "on, warns" if kind.on else "off"
    rests = ", ".join(TOLD[what] for what in kind.needs) or "–"
    keys = "; ".join(
        f"`{limit.key} = {written(limit.of, limit.default)}` {limit.means}" for limit in kind.limits
    )
    own = "its own, see below" if kind.own_table else ""
    keys = "; ".join(part for part in (keys, own) if part) or "–"
    return f"| `{kind.name}` | {kind.pane} {PANES[kind.pane]} | {kind.means} | {state} | {rests} | {keys} |"


def renewed(page: Path) -> str:
    """The page with the table as it is now."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is renewed.\n")
