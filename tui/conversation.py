"""The conversation of a ticket as text for the screen: who, when, customer and staff apart without colour alone."""

from __future__ import annotations

from datetime import tzinfo

from textual.content import Content

from connectors.text import clean
from store.read_records import NoteView, TicketView
from tui.text import when

MARKS = {"customer": "▸ customer", "unknown": "? unknown", "staff": "staff", "system": "auto"}
"""Behind a name: who is speaking, in a word."""


def conversation(view: TicketView, now: int, zone: tzinfo) -> Content:
    """All notes, the newest at the bottom; the technician's own waiting ones are marked."""
    if view.notes_read_at is None:
        return Content.styled("The conversation has not been read yet.", "dim")
    if not view.notes:
        return Content.styled("Nobody has said anything since it was opened.", "dim")
    return Content("\n").join([note(entry, now, zone) for entry in view.notes])


def note(entry: NoteView, now: int, zone: tzinfo) -> Content:
    """One note: a head line, then the text, indented."""
    side = "" if entry.public else " · INTERNAL"
    ours = " · not in the PSA yet" if entry.ours else ""
    timed = " · time entry" if entry.time_id else ""
    style = "bold $customer" if entry.speaker in ("customer", "unknown") else "bold"
    head = Content.assemble(
        (f"{when(entry.at, now, zone)}  ", "$quiet"),
        (clean(entry.author) or "somebody", style),
        (f"  {MARKS.get(entry.speaker, entry.speaker)}{side}{timed}{ours}", "$quiet"),
    )
    text = clean(entry.text, lines=True).strip()
    body = "\n".join(f"  {line}" for line in text.splitlines())
    return Content.assemble(head, "\n", Content.styled(body, "" if entry.public else "$quiet"))
