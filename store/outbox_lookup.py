"""Looks for what a POST with an unknown outcome may have made: a newer, unclaimed entry of ours with the
same content."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import Connection as Db

from connectors.contract import Connector, Conversation, NoteRecord, TimeRecord
from connectors.text import same_text
from store import cached
from store.database import Databases
from store.outbox_rows import Entry, StepEntry, claimed, made_notes
from store.settings import Connection

CLOSE_ENOUGH = 0.02
"""Hours: PSAs round time entries (Request Tracker: to the minute)."""


class Baseline(msgspec.Struct, frozen=True):
    """Ids that were there before the first attempt; what is among them is not ours."""

    notes: tuple[str, ...] = ()
    times: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """What a look-up came to. `colleague`: the same content, by somebody else, where it is not established
    under whose name our own entries appear: it may be ours."""

    outcome: Literal["ours", "absent", "colleague"]
    created_id: str | None = None


async def baseline(
    connector: Connector, step: StepEntry, ticket_id: str, conversation: Conversation | None = None
) -> Baseline:
    """The ids of notes or time entries that the ticket has now, from `conversation` where that was just
    read. Raises `ConnectorError`."""
    if step.step.creates == "time":
        entries = await connector.time_entries([ticket_id])
        return Baseline(times=tuple(entry.time_id for entry in entries.entries))
    if conversation is None:
        conversation = await connector.conversation(ticket_id)
    return Baseline(notes=tuple(note.note_id for note in conversation.notes))


async def look(
    databases: Databases, connection: Connection, connector: Connector, entry: Entry, step: StepEntry
) -> Found:
    """Reads the ticket's notes or time entries and looks for the one that `step` made. Raises
    `ConnectorError`."""
    before = msgspec.json.decode(step.baseline or "{}", type=Baseline)
    with databases.journal_reads.begin() as db:
        taken = claimed(db, entry.connection, entry.ticket_id, (entry.change, step.position))
        made = made_notes(db, entry.connection)
    with databases.cache_reads.begin() as db:
        us = _Us(db, connection, made)
    candidates: list[tuple[str, bool]]
    if step.step.creates == "time":
        entries = await connector.time_entries([entry.ticket_id])
        candidates = [
            (time.time_id, us.wrote_time(time))
            for time in entries.entries
            if time.ticket_id == entry.ticket_id
            and time.time_id not in before.times
            and time.time_id not in taken
            and _same_time(time, step)
        ]
    else:
        conversation = await connector.conversation(entry.ticket_id)
        candidates = [
            (note.note_id, us.wrote_note(note))
            for note in conversation.notes
            if note.note_id not in before.notes
            and note.note_id not in taken
            and note.speaker != "customer"
            and note.public == step.step.public
            and same_text(note.text, step.step.text or "")
        ]
    ours = [created for created, is_ours in candidates if is_ours]
    if ours:
        return Found("ours", ours[0])
    if candidates and step.step.creates == "note" and not us.is_established:
        return Found("colleague", candidates[0][0])
    return Found("absent")


class _Us:
    """Who we are at the PSA, for telling our entries from a colleague's."""

    def __init__(self, db: Db, connection: Connection, made: list[str]) -> None:
        self._id, member, name = cached.us(db, connection.name)
        self._names = {who.casefold() for who in (member, name, connection.technician) if who}
        # With a key that belongs to an API member, the PSA may put that member's name under all we write.
        self.is_established = any(
            self._is_us(author_id, author) for author_id, author in cached.authors(db, connection.name, made)
        )

    def wrote_note(self, note: NoteRecord) -> bool:
        return self._is_us(note.author_id, note.author)

    def wrote_time(self, time: TimeRecord) -> bool:
        by_id = time.member_id is not None and time.member_id == self._id
        return by_id or (time.member or "").casefold() in self._names

    def _is_us(self, author_id: str | None, author: str) -> bool:
        if author_id is not None:
            return author_id == self._id or author_id.casefold() in self._names
        return author.casefold() in self._names


def _same_time(time: TimeRecord, step: StepEntry) -> bool:
    return abs(time.hours - (step.step.hours or 0.0)) < CLOSE_ENOUGH and same_text(
        time.text, step.step.text or ""
    )
