"""What customers and technicians say to each other: `talk.toml` as records, and the special texts."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(slots=True, frozen=True)
class Topic:
    """One sort of request, with the conversation that belongs to it. `{first}` is the customer."""

    type: str
    subtype: str
    item: str
    code: str
    """The work type that usually belongs to it."""
    subjects: tuple[str, ...]
    opening: str
    said: tuple[tuple[str, str], ...]
    """(customer, staff) in turns."""
    done: str
    """The time entry's text."""
    later: tuple[str, ...]
    """What the customer writes afterwards, in order."""


_FILE = re.compile(r"\{file: (\S+) (\d+)\}")


def with_files(line: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """A customer's line, and the files sent with it: `See here. {file: error.png 184320}`."""
    return _FILE.sub("", line).strip(), tuple((name, int(size)) for name, size in _FILE.findall(line))


def _topic(table: dict[str, Any]) -> Topic:
    lines = table.pop("said")
    return Topic(
        said=tuple(zip(lines[::2], lines[1::2], strict=True)),
        subjects=tuple(table.pop("subjects")),
        later=tuple(table.pop("later")),
        **table,
    )


_TALK = tomllib.loads(Path(__file__).with_name("talk.toml").read_text(encoding="utf-8"))

TOPICS: tuple[Topic, ...] = tuple(_topic(table) for table in _TALK["topics"])
THANKS: tuple[str, ...] = tuple(_TALK["thanks"])
QUESTIONS: tuple[str, ...] = tuple(_TALK["questions"])
NUDGES: tuple[str, ...] = tuple(_TALK["nudges"])
INTERNAL: tuple[str, ...] = tuple(_TALK["internal"])

AUTO_REPLY = (
    "Automatic reply: I am out of the office until Monday. In urgent cases please contact our reception. "
    "Your message is not forwarded."
)
WORKFLOW = "Workflow rule 'Remind owner after 24 h' has run."
SEEN = "Seen, no answer needed: only a thank you. (up to {until})"

HOSTILE_SUMMARY = (
    "[bold]Screen[/bold] says [/foo] and [@click=app.quit]click[/] "
    "\x1b[31mred\x1b[0m \u202etxet\u202c 画面が真っ暗"
)
HOSTILE_TEXT = "\r\n".join(
    (
        "[bold red]Help[/] [/foo] [@click=app.quit]press here[/]",
        "\x1b]0;owned\x07\x1b[2J\x1b[1;1Hcursor moved \x9b31m C1 \u200bzero\u200bwidth",
        "\u202eright to left\u202c 打印机坏了，请帮忙。プリンターが動きません。",
        "الطابعة لا تعمل 🖨️ ﷽ e\u0301 \ufeff",
    )
)
