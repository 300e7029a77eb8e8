"""The words of a condition that a company wrote: what cannot be one, and its parts.

Reads SQL only as far as strings, comments, names and brackets go, as SQLite's own tokenizer does
(https://sqlite.org/src/file/src/tokenize.c); what it means is SQLite's to say (`store.rules.custom_sql`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from store.rules.documented import VALUES

LONGEST = 10_000
"""Characters of a condition."""

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\f\r]+)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<text>'(?:[^']|'')*')
    | (?P<number>[0-9][0-9A-Za-z_.]*|\.[0-9][0-9A-Za-z_]*)
    | (?P<name>[A-Za-z_\x80-\U0010ffff][0-9A-Za-z_$\x80-\U0010ffff]*)
    | (?P<value>[:@$?\#][0-9A-Za-z_:$]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(msgspec.Struct, frozen=True):
    """One word of it. `at`: where it begins in the text."""

    kind: str
    text: str
    at: int


class NoCondition(ValueError):
    """It cannot be a condition. `hint` says what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


def tokens(where: str) -> Iterator[Token]:
    """The words, without space and comments."""
    for found in _TOKEN.finditer(where):
        kind = found.lastgroup or "sign"
        if kind not in ("space", "comment"):
            yield Token(kind, found[0], found.start())


def look(where: str) -> None:
    """Raises `NoCondition` for what could be more than one condition in a pair of brackets, or would be a lie."""
    if len(where) > LONGEST:
        raise NoCondition(f"is longer than {LONGEST} characters", "Make it shorter, or two rules of it.")
    depth = 0
    for place, token in enumerate(list(tokens(where))):
        problem = hint = ""
        if token.text == "(":
            depth += 1
        elif token.text == ")":
            depth -= 1
            if depth < 0:
                problem, hint = "closes a bracket that it has not opened", "Count the brackets."
        elif token.text == ";":
            problem, hint = "holds a semicolon", "A rule is one condition, without a semicolon."
        elif token.text.lower() == "'now'":
            problem, hint = "asks the machine's clock with 'now'", "Write :now, which is the evaluation's."
        elif token.text == "\0":
            problem, hint = "holds a NUL character", "Remove it."
        elif token.text == "'":
            problem, hint = "opens a text with ' that does not end", "A ' within a text is written twice."
        elif token.text in ('"', "`", "["):
            problem = f"holds {token.text}"
            hint = "Texts stand in single quotes; names of columns need no quotes."
        elif token.text == "/" and where[token.at : token.at + 2] == "/*":
            problem, hint = (
                "opens a comment with /* that does not end",
                "End it with */, or begin it with --.",
            )
        elif token.kind == "value" and (token.text[0] != ":" or token.text[1:] not in VALUES):
            problem = f"names {token.text}, which is nothing"
            hint = f"There are {', '.join(f':{name}' for name in VALUES)}."
        elif place == 0 and token.text.upper() in ("SELECT", "WITH", "VALUES"):
            problem = "is a whole statement"
            hint = "Write what would stand behind WHERE; a sub-select stands in brackets."
        if problem:
            raise NoCondition(problem, hint)
    if depth:
        raise NoCondition("leaves a bracket open", "Count the brackets.")


def parts(where: str) -> list[str]:
    """The conditions that all have to hold: split at each AND that stands in no bracket and belongs to no BETWEEN.

    One with an OR beside them is left whole: AND binds tighter.
    """
    found: list[str] = []
    depth = between = begin = 0
    for token in tokens(where):
        word = token.text.upper() if token.kind == "name" else token.text
        if word in ("(", "CASE"):
            depth += 1
        elif word in (")", "END"):
            depth -= 1
        elif depth:
            continue
        elif word == "OR":
            return [where.strip()]
        elif word == "BETWEEN":
            between += 1
        elif word == "AND" and between:
            between -= 1
        elif word == "AND":
            found.append(where[begin : token.at])
            begin = token.at + len(token.text)
    found.append(where[begin:])
    return [one.strip() for one in found]


def columns(part: str, known: frozenset[str]) -> list[str]:
    """The columns of `t` that a part names, in its order."""
    words = list(tokens(part))
    found = [
        words[place + 2].text
        for place in range(len(words) - 2)
        if words[place].text.lower() == "t"
        and words[place + 1].text == "."
        and words[place + 2].text in known
    ]
    return list(dict.fromkeys(found))
