"""Snippets: texts that are written again and again, with fields that the ticket fills in.

They come from `[snippets]` in the settings and from files (`*.md`, `*.txt`) in the folder `snippets` beside them:
`greeting.txt` for both sides, `greeting.reply.txt` for replies alone, `escalate.note.md` for internal notes alone. A
field such as `{contact.first_name}` that the ticket cannot fill stays as it is, in sight, and such a text never leaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from connectors.contract import TicketRecord
from connectors.text import clean

Side = Literal["reply", "note"]
FOLDER = "snippets"
LARGEST = 100_000
"""Bytes of a file that is still taken for a snippet."""
FIELDS = (
    "contact.name", "contact.first_name", "contact.phone", "contact.email", "ticket.number", "ticket.summary",
    "ticket.status", "company", "agreement", "me", "today",
)  # fmt: skip
"""All fields there are."""
_FIELD = re.compile(r"\{((?:contact|ticket)\.[a-z_]*|company|agreement|me|today)\}")
"""What is taken for a field: also one that is misspelt behind `contact.` or `ticket.`, but no other braces."""


class Snippet(msgspec.Struct, frozen=True):
    """One text."""

    name: str
    text: str
    side: Side | None = None
    """`None`: for both."""


def load(folder: Path, settings: Mapping[str, str]) -> tuple[list[Snippet], list[str]]:
    """All snippets by name, and what could not be read, in sentences. `settings`: `[snippets]`; a file of the same name
    and side comes after it."""
    found = [Snippet(name, text) for name, text in settings.items()]
    problems = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix not in (".md", ".txt") or not path.is_file():
            continue
        try:
            if path.stat().st_size > LARGEST:
                problems.append(f"{path} is too large for a snippet ({LARGEST // 1000} kB at most).")
                continue
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path} cannot be read: {error}")
            continue
        name, dot, side = path.stem.rpartition(".")
        if dot and side in ("reply", "note"):
            found.append(Snippet(name, text.rstrip("\n"), side))  # type: ignore[arg-type]  # just looked at
        else:
            found.append(Snippet(path.stem, text.rstrip("\n")))
    return sorted(found, key=lambda one: (one.name.casefold(), one.side or "")), problems


def fields(record: TicketRecord, me: str, now: datetime) -> dict[str, str]:
    """What the ticket fills in; only what it has. `now`: in the technician's zone."""
    known = {
        "contact.name": record.contact,
        "contact.first_name": first_name(record.contact or ""),
        "contact.phone": record.contact_phone,
        "contact.email": record.contact_email,
        "ticket.number": record.number,
        "ticket.summary": record.summary,
        "ticket.status": record.status,
        "company": record.company,
        "agreement": record.agreement,
        "me": me,
        "today": now.strftime("%Y-%m-%d"),
    }
    return {name: clean(value) for name, value in known.items() if value and clean(value)}


def first_name(name: str) -> str:
    """`Maria` of `Maria Lee` and of `Lee, Maria`."""
    last, comma, first = name.partition(",")
    words = (first if comma and first.strip() else last).split()
    return words[0] if words else ""


def fill(text: str, known: Mapping[str, str]) -> str:
    """The text with its fields filled in; one that is not known stays as it is."""
    return _FIELD.sub(lambda found: known.get(found[1], found[0]), text)


def unfilled(texts: Iterable[str | None]) -> list[str]:
    """The fields that still stand in these texts, each once: `{contact.first_name}`."""
    return list(dict.fromkeys(found[0] for text in texts if text for found in _FIELD.finditer(text)))
