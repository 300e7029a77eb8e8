"""`[[rules.custom]]`: the company's own rules. A wrong one is named with its line and left out; the others go on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from store.kind_settings import day, excludes
from store.settings_records import KINDS, CustomProblem, CustomRule
from store.toml_table import SettingsError, Table

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TOKENS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|'
    + r"'''.*?'{3,5}"
    + r'|"(?:\\.|[^"\\\n])*"'
    + r"|'[^'\n]*'|#[^\n]*|\n|[\[\]]|[^\n]",
    re.DOTALL,
)
_HEADER = re.compile(
    r"""\[\[[ \t]*(?:rules|"rules"|'rules')[ \t]*\.[ \t]*(?:custom|"custom"|'custom')[ \t]*\]\]"""
)


def custom_rules(rules: Table, text: str) -> tuple[tuple[CustomRule, ...], tuple[CustomProblem, ...]]:
    """The rules that can be used, and what is wrong with the others. `text`: the file's, for the lines.

    Raises `SettingsError` only where `rules.custom` is no list of tables.
    """
    rows = rules.tables("custom")
    lines = list(header_lines(text))
    if len(lines) != len(rows):  # an inline array: TOML's reader does not say where its tables stand
        lines = [0] * len(rows)
    found: list[CustomRule] = []
    problems: list[CustomProblem] = []
    taken: dict[str, int] = {}
    for number, (row, line) in enumerate(zip(rows, lines, strict=True), 1):
        try:
            rule = _rule(row, line, taken)
        except SettingsError as error:
            problems.append(_problem(row.data, number, line, error))
        else:
            found.append(rule)
        name = row.data.get("name")
        if isinstance(name, str):
            taken.setdefault(name, line)
    return tuple(found), tuple(problems)


def _rule(row: Table, line: int, taken: dict[str, int]) -> CustomRule:
    from store.rules.custom_sql import problem

    name = row.text("name", expected="a name such as vip_waiting")
    if not _NAME.fullmatch(name):
        raise row.error("name", f'"{name}" is no name', "Use a to z, 0 to 9, - and _.")
    if name in KINDS:
        raise row.error("name", f'"{name}" is a kind that deskzero has', "Rename it.")
    if name in taken:
        where = f" in line {taken[name]}" if taken[name] else ""
        raise row.error("name", f'there is a rule "{name}"{where} already', "Rename one of them.")
    rule = CustomRule(
        name=name,
        means=row.text("means", expected="a sentence that says why a ticket is here"),
        where=row.text("where", expected="a condition in SQL over v_ticket t"),
        on=row.flag("on", True),
        gate=row.flag("gate", False),
        exclude=excludes(row),
        sop=row.optional("sop", expected="a text or an address") or "",
        review=day(row, "review"),
        line=line,
    )
    row.finish()
    if (wrong := problem(rule.where)) is not None:
        raise row.error("where", *wrong)
    return rule


def _problem(data: dict[str, Any], number: int, line: int, error: SettingsError) -> CustomProblem:
    name = data.get("name")
    return CustomProblem(
        name=name if isinstance(name, str) and name.strip() else f"number {number}",
        line=line,
        problem=f"{error.key}: {error.problem}" if error.key else error.problem,
        hint=error.hint,
        # Whatever is not said clearly counts: a gate that is written wrongly must not pass for none.
        counts=data.get("gate", False) is not False and data.get("on", True) is not False,
        off=data.get("on", True) is False,
    )


def header_lines(text: str) -> Iterator[int]:
    """The lines of the headings `[[rules.custom]]`, from 1; what stands in strings and comments is none."""
    line, depth, fresh = 1, 0, True
    place = 0
    while place < len(text):
        if fresh and depth == 0 and (heading := _HEADER.match(text, place)):
            yield line
            place, fresh = heading.end(), False
            continue
        token = _TOKENS.match(text, place)
        assert token is not None, "the last alternative takes any character"
        word = token[0]
        if word == "\n":
            fresh = True
        elif not word.isspace():
            fresh = False
        depth += (word == "[") - (word == "]")
        line += word.count("\n")
        place = token.end()
