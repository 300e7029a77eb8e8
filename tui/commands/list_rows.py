"""What `deskzero list` does once its words are understood; without click."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from connectors.text import clean
from tui.commands.out import echo, now, say, say_encoded, settings_of
from tui.problem import Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.read_list import Listed, ListReader
    from store.settings import Settings

COLUMNS: tuple[str, ...] = (
    "kind",
    "connection",
    "ticket_id",
    "number",
    "summary",
    "company",
    "board",
    "status",
    "owner",
)
COLUMNS += ("parent_id", "since", "gate", "url", "reasons")


def list_rows(
    home: Home,
    kinds: Iterable[str],
    *,
    as_json: bool = False,
    as_csv: bool = False,
    connection: str | None = None,
) -> None:
    """Prints the exceptions of these kinds, of all that are looked for when none is named."""
    if as_json and as_csv:
        raise Problem("--json and --csv were both given", "Give one of them.")
    settings = settings_of(home, connection=connection)
    wanted = checked_kinds(kinds, settings, home)
    from store.read_list import ListReader, listed_json

    reader = ListReader(home, settings)
    rows = reader.listed(wanted, connection, now=now())
    if as_json:
        say_encoded(listed_json(rows))
    elif as_csv:
        echo(_csv(rows), nl=False)
    else:
        _tell(reader, wanted, connection, rows)


def _tell(reader: ListReader, wanted: list[str], connection: str | None, rows: list[Listed]) -> None:
    from tui.plain import not_known_lines, row_lines, rule_problem_lines, state_line

    for view in reader.states():
        if connection in (None, view.connection):
            say(state_line(view, reader.settings, now()))
    for line in not_known_lines(reader, wanted, connection):
        say(line)
    for line in rule_problem_lines(reader, connection):
        say(line)
    for kind in wanted:
        lines = list(row_lines((row for row in rows if row.kind == kind), now=now()))
        if lines:
            say(kind)
            echo("\n".join(lines))


def checked_kinds(kinds: Iterable[str], settings: Settings, home: Home) -> list[str]:
    """The kinds in the panes' order; all that are looked for when none is named. Raises `Problem` for any other."""
    from store.settings import KINDS
    from store.toml_table import meant

    on = settings.kinds
    for kind in kinds:
        if kind not in on and kind in KINDS:
            raise Problem(
                f"{kind} is switched off",
                f"Write on = true below [rules.{kind}] in {home.config} to look for it.",
            )
        wrong = next((one for one in settings.rules.custom_problems if one.kind == kind), None)
        if wrong is not None:
            raise Problem(
                f'our rule "{wrong.name}" ({home.config}, line {wrong.line}) is switched off: {wrong.problem}',
                wrong.hint,
            )
        if kind not in on:
            raise Problem(
                f"unknown kind {kind}", meant(kind, [*on, *(kind for kind in KINDS if kind not in on)])
            )
    return [kind for kind in on if kind in kinds or not kinds]


def _csv(rows: Iterable[Listed]) -> str:
    import csv
    import io

    from store.read_list import listed_json

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in msgspec.json.decode(listed_json(list(rows))):
        reasons = "; ".join(reason["text"] for reason in row["reasons"])
        values = row | {"reasons": reasons, "gate": "true" if row["gate"] else "false"}
        writer.writerow([_cell(values[column]) for column in COLUMNS])
    return text.getvalue()


def _cell(value: object) -> str:
    """A spreadsheet runs a cell that begins like a formula, and a customer may have written it."""
    text = "" if value is None else clean(str(value))
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
