"""A documented ticket as the beginning of an article for the knowledge base; the note that an undocumented one lacks.

Both hold only what is on the ticket: nothing is concluded and nothing made up. The article leaves the ticket, so
personal data is taken out of it (`store.redaction`); the note stays on the ticket, so names stay in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from connectors.text import clean
from store.asked import parse_question
from store.mail_fold import parts
from store.mistakes import is_lesson
from store.read_day import parse_handed
from store.read_records import NoteView, TicketView
from store.redaction import Redactor
from store.rules.catalogue import title_of
from store.settings import Rules

KIND = "undocumented"
SOLUTION = "{ticket.solution}"
"""What a technician has to write in its place: a text with a field that nothing fills does not go on to its review."""
SHORT = 200
"""Characters of somebody's words in a note."""
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|hallo|liebe[r]?|moin|guten (?:tag|morgen)|bonjour|hola|good (?:morning|afternoon|evening))\b"
    r"[^.!?:\n]{0,40}[,!.]?",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"^(\s*)([#>=+*-])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody of staff wrote, in a note or on a time entry; their own words alone."""

    at: int | None
    who: str
    text: str


class NotDocumented(Exception):
    """The ticket gives no article; `lacks` says why, in sentences without their ends."""

    def __init__(self, number: str, lacks: Sequence[str]) -> None:
        super().__init__(f"#{number} is not documented well enough for an article: {'; '.join(lacks)}")
        self.lacks = tuple(lacks)


def own_words(text: str, earlier: Sequence[str] = ()) -> str:
    """A note's own words: no quotes, no copies of earlier mails, no signature, no greeting alone on its line."""
    text = clean(text, lines=True)
    lines = [line for part in parts(text, earlier) if part.kind == "words" for line in part.lines]
    kept = [line.rstrip() for line in lines if not _GREETING.fullmatch(line.strip())]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def staff_words(view: TicketView) -> list[Said]:
    """What staff wrote, oldest first: notes and the texts of time entries, each once. What deskzero's own notes say (no
    answer needed, hand-over, question to billing, lesson) is no work on the ticket."""
    found: list[Said] = []
    earlier: list[str] = []
    for note in view.notes:
        if note.speaker == "staff" and not _ours(note):
            found.append(Said(note.at, clean(note.author), own_words(note.text, tuple(earlier))))
        earlier.append(clean(note.text, lines=True))
    noted = {note.time_id for note in view.notes if note.time_id}
    for entry in view.time:
        if entry.time_id not in noted:
            found.append(Said(entry.started_at, clean(entry.member), own_words(entry.text)))
    found.sort(key=lambda one: one.at or 0)
    seen: set[str] = set()
    kept = []
    for one in found:
        flat = " ".join(one.text.split())
        if flat and flat not in seen:
            seen.add(flat)
            kept.append(one)
    return kept


def opening(view: TicketView) -> NoteView | None:
    """The customer's first note with words in it."""
    return next(
        (note for note in view.notes if note.speaker in ("customer", "unknown") and own_words(note.text)),
        None,
    )


def says_something(text: str | None, rules: Rules) -> bool:
    """Whether a text tells how something was solved: long enough and none of those that say nothing, as
    `[rules.undocumented]` has it."""
    limits = rules.of(KIND).limits
    flat = " ".join((text or "").split())
    generic = {" ".join(one.casefold().split()).strip(" .!") for one in limits["generic"]}
    return len(flat) >= limits["least"] and flat.casefold().strip(" .!") not in generic


def lacks(view: TicketView, rules: Rules) -> list[str]:
    """What keeps a ticket from being an article, in sentences without their ends; empty: nothing."""
    least = rules.of(KIND).limits["least"]
    found = []
    if not view.closed:
        found.append("it is open, so how it is solved is not known yet")
    if view.notes_read_at is None:
        found.append("its conversation has not been read from the PSA")
    elif not says_something(view.record.resolution, rules) and not any(
        says_something(one.text, rules) for one in staff_words(view)
    ):
        found.append(f"no resolution, note or time entry of staff has {least} characters that say something")
    return found


# ---------------------------------------------------------------- the article


def article(view: TicketView, rules: Rules) -> str:
    """The article in Markdown, without personal data as far as the rules can tell. Raises `NotDocumented`."""
    record = view.record
    if missing := lacks(view, rules):
        raise NotDocumented(clean(record.number), missing)
    redact = redactor(view)
    said = staff_words(view)
    resolution = clean(record.resolution or "", lines=True).strip()
    if not says_something(resolution, rules):
        last = max(place for place, one in enumerate(said) if says_something(one.text, rules))
        resolution = said.pop(last).text
    first = opening(view)
    title = _line(redact(clean(record.summary))) or "(no title)"
    symptoms = _quoted(redact(own_words(first.text))) if first is not None else ""
    if not symptoms:
        symptoms = "The customer's own words are not on the ticket: the title is all that is known."
    steps = [_item(number, redact(one.text)) for number, one in enumerate(said, 1)]
    where = (
        ("Board", record.board), ("Type", record.type), ("Subtype", record.subtype), ("Item", record.item),
        ("Priority", record.priority),
    )  # fmt: skip
    environment = [f"- {name}: {_line(redact(clean(value)))}" for name, value in where if value]
    body = [
        "## Symptoms", symptoms,
        "## Environment", "\n".join(environment) or "Nothing is known of it.",
        "## Steps", "\n".join(steps) or "Nothing but the resolution is written down.",
        "## Resolution", _plain(redact(resolution)),
        "## Time it took", "\n".join(_took(view)),
        "## Related kinds of exception", "\n".join(f"- {name}" for name in _kinds(view)) or "It was in none.",
    ]  # fmt: skip
    taken = redact.said()
    head = (
        f"Taken out by rules: {taken}." if taken else "The rules found no personal data to take out."
    ) + " They know patterns and the names on the ticket, nothing more: read it before others do."
    return "\n\n".join([f"# {title}", f"> {head}", *body]) + "\n"


def redactor(view: TicketView) -> Redactor:
    """One that knows the names on this ticket."""
    record = view.record
    mails = [record.contact_email, *(record.cc or "").split(",")]
    domains = [mail.rpartition("@")[2].strip().rstrip(">") for mail in mails if mail and "@" in mail]
    customers = [note.author for note in view.notes if note.speaker in ("customer", "unknown")]
    colleagues = [note.author for note in view.notes if note.speaker == "staff"]
    colleagues += [entry.member or "" for entry in view.time]
    colleagues += [record.owner or "", record.closed_by or "", *(record.resources or "").split(",")]
    numbers = [record.contact_phone] if record.contact_phone else []
    return Redactor(
        people=[record.contact, *customers, *numbers],
        staff=colleagues,
        companies=[record.company, record.site],
        domains=domains,
    )


def _took(view: TicketView) -> list[str]:
    record = view.record
    lines = []
    entries = len(view.time)
    worked = sum(entry.hours for entry in view.time) if entries else record.hours
    if worked:
        among = f" in {entries} time {'entry' if entries == 1 else 'entries'}" if entries else ""
        lines.append(f"- {worked:.2f} h of work{among}")
    if (
        record.created_at is not None
        and record.closed_at is not None
        and record.closed_at >= record.created_at
    ):
        lines.append(f"- {_span(record.closed_at - record.created_at)} from opened to closed")
    return lines or ["Not known."]


def _kinds(view: TicketView) -> list[str]:
    found = [one.kind for one in view.history] + [row.kind for row in view.exceptions if row.kind is not None]
    return [clean(title_of(kind)) for kind in dict.fromkeys(found)]


def _span(seconds: int) -> str:
    minutes = seconds // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    amounts = ((days, "day"), (hours, "hour"), (minutes % 60 if not days else 0, "minute"))
    words = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in amounts if count]
    return " ".join(words) or "less than a minute"


# Foreign text in Markdown: it must stay text. No tag, no picture, no link, no heading comes from it.


def _plain(text: str) -> str:
    text = text.replace("<", "&lt;").replace("![", "!\\[").replace("](", "]\\(")
    return _MARKUP.sub(r"\1\\\2", text)


def _line(text: str) -> str:
    return _plain(" ".join(text.split()))


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _plain(text).split("\n")) if text else ""


def _item(number: int, text: str) -> str:
    front = f"{number}. "
    return front + _plain(text).replace("\n", "\n" + " " * len(front))


# ---------------------------------------------------------------- the note that is missing


def note_from_facts(view: TicketView, zone: tzinfo = UTC) -> str:
    """Who reported what and when, what staff wrote, time and how it ended, as the ticket says it. Times in `zone`."""
    record = view.record
    first = opening(view)
    lines = []
    if first is not None:
        of = f" ({clean(record.company)})" if record.company else ""
        who = clean(first.author) or clean(record.contact) or "the customer"
        lines.append(f"Reported by {who}{of}, {_at(first.at, zone)}: {_short(own_words(first.text))}")
    else:
        whose = " for " + clean(record.contact) if record.contact else ""
        when = f", {_at(record.created_at, zone)}" if record.created_at is not None else ""
        lines.append(f"Opened{whose}{when}: {_short(clean(record.summary))}")
    for one in staff_words(view):
        when = f"{_at(one.at, zone)} " if one.at is not None else ""
        lines.append(f"{when}{one.who or 'staff'}: {_short(one.text)}")
    if view.time:
        by: dict[str, float] = {}
        for entry in view.time:
            by[clean(entry.member) or "not told"] = (
                by.get(clean(entry.member) or "not told", 0.0) + entry.hours
            )
        people = ", ".join(f"{who} {worked:.2f} h" for who, worked in by.items())
        lines.append(f"Time: {people}.")
    if view.closed:
        when = f" {_at(record.closed_at, zone)}" if record.closed_at is not None else ""
        who = f" by {clean(record.closed_by)}" if record.closed_by else ""
        lines.append(f"Closed{when}{who}, status {clean(record.status)}.")
    else:
        lines.append(f"Open, status {clean(record.status)}.")
    return "\n".join(lines)


def proposal(view: TicketView, zone: tzinfo = UTC) -> str:
    """The facts, and the place for what no fact says: how it was solved. It does not leave with that place empty."""
    return f"{note_from_facts(view, zone)}\nHow it was solved: {SOLUTION}"


def _ours(note: NoteView) -> bool:
    text = note.text
    return bool(note.seen or parse_handed(text) or parse_question(text) or is_lesson(text))


def _at(at: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHORT else flat[: SHORT - 1].rstrip() + "…"
