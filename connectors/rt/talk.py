"""A ticket's conversation and time in Request Tracker, out of its history.

Facts (RT 5.0.3): `Correspond` is public, `Comment` internal, `Create` the opening text; the text is not in
the history but in attachments; a ticket that one may not see, or that is not there, has an empty history
without an error; a ticket merged into another leaves its history there, with `ObjectId` naming it; time is
`TimeTaken` in minutes on any line, without a code, a lock or a beginning.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from connectors.contract import Attachment, Conversation, NoteRecord, Odd, TimeEntries, TimeRecord, Unreadable
from connectors.rt.query import both, of_ids
from connectors.rt.reads import Reads, odd, row_id
from connectors.rt.wire import Part, Transaction, message_files, message_text, number, seconds

_LINES = {"fields": "Type,Creator,Created,TimeTaken,ObjectId", "fields[Creator]": "Name"}
_AT_ONCE = 40
"""Transactions whose texts are asked for in one request; more would make an address too long for some servers."""
_REMEMBERED = 20_000


class Talk:
    """Reads conversations and time entries. Texts never change in RT: each is read once."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._texts: dict[int, str] = {}
        self._files: dict[int, tuple[Attachment, ...]] = {}

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes with their files, ordered by (created, id): one request, two for the lines not yet known (their
        texts, and which files they have), one per new author.

        Raises `NotThere` or `Forbidden` for a ticket that this account cannot see.
        """
        session = self._reads.session
        began = None
        lines: list[Transaction] = []
        odds: list[Odd] = []
        where = [("Type", "=", kind) for kind in ("Create", "Correspond", "Comment")]
        async for items, read_at in self._reads.listing(f"ticket/{ticket_id}/history", where, _LINES):
            began = read_at if began is None else began
            self._decode(items, "notes", ticket_id, lines, odds)
        if not lines and not odds:
            await session.get(f"ticket/{ticket_id}")  # says why: every ticket has its `Create`
        said = [line for line in lines if line.type != "Create" or str(line.object_id) != ticket_id]
        ids = [int(line.id) for line in said]
        texts, files = await self._words(ticket_id, ids), await self._attached(ticket_id, ids)
        notes = [
            await self._note(ticket_id, line, texts[number], files[number])
            for number, line in zip(ids, said, strict=True)
        ]
        notes.sort(key=lambda note: (note.created_at, int(note.note_id)))
        return Conversation(ticket_id, tuple(notes), began or 0, tuple(odds))

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries: one request per 50 tickets to see which have any, then one for each of those, and
        one for texts not yet known."""
        began = None
        worked: list[str] = []
        for start in range(0, len(ticket_ids), 50):
            query = both(of_ids(ticket_ids[start : start + 50]), "TimeWorked > 0")
            async for rows in self._reads.search(query):
                began = rows.began_at if began is None else began
                worked += [str(found) for item in rows.items if (found := row_id(item)) is not None]
        entries: list[TimeRecord] = []
        odds: list[Odd] = []
        for ticket_id in worked:
            timed, wrong = await self._entries(ticket_id)
            entries += timed
            odds += wrong
        return TimeEntries(tuple(ticket_ids), tuple(entries), began or 0, tuple(odds))

    # ------------------------------------------------------------ inside

    async def _entries(self, ticket_id: str) -> tuple[list[TimeRecord], list[Odd]]:
        lines: list[Transaction] = []
        odds: list[Odd] = []
        where = [("TimeTaken", ">", 0)]
        async for items, _ in self._reads.listing(f"ticket/{ticket_id}/history", where, _LINES):
            self._decode(items, "time", ticket_id, lines, odds)
        spoken = [int(line.id) for line in lines if line.type in ("Correspond", "Comment", "Create")]
        texts = await self._words(ticket_id, spoken)
        return [_entry(ticket_id, line, texts.get(int(line.id), "")) for line in lines], odds

    async def _note(
        self, ticket_id: str, line: Transaction, words: str, files: tuple[Attachment, ...]
    ) -> NoteRecord:
        login = line.creator.login
        speaker = await self._reads.speaker(login)
        user = None if speaker == "system" else await self._reads.user(login)
        public = line.type != "Comment"
        return NoteRecord(
            note_id=str(line.id),
            ticket_id=ticket_id,
            created_at=seconds(line.created) or 0,
            author=(user.real_name if user else None) or login,
            author_id=login,
            speaker=speaker,
            public=public,
            text=words,
            time_id=str(line.id) if public and (number(line.minutes) or 0) > 0 else None,
            attachments=files,
        )

    async def _words(self, ticket_id: str, ids: Sequence[int]) -> dict[int, str]:
        """The texts of those transactions."""
        missing = _not_in(self._texts, ids)
        which, fields = ("ContentType", "LIKE", "text/"), "TransactionId,ContentType,Filename,Content"
        async for parts in self._parts(ticket_id, missing, which, fields):
            self._texts.update((line, message_text(found)) for line, found in parts.items())
        return {line: self._texts[line] for line in ids}

    async def _attached(self, ticket_id: str, ids: Sequence[int]) -> dict[int, tuple[Attachment, ...]]:
        """The files of those transactions, without what is in them."""
        missing = _not_in(self._files, ids)
        which, fields = ("Filename", "!=", ""), "TransactionId,Filename,ContentLength"
        async for parts in self._parts(ticket_id, missing, which, fields):
            self._files.update((line, message_files(found)) for line, found in parts.items())
        return {line: self._files[line] for line in ids}

    async def _parts(
        self, ticket_id: str, ids: Sequence[int], which: tuple[str, str, str], fields: str
    ) -> AsyncIterator[dict[int, list[Part]]]:
        """Parts of those transactions' messages, some transactions at a time; each is answered."""
        for start in range(0, len(ids), _AT_ONCE):
            wanted = ids[start : start + _AT_ONCE]
            parts: dict[int, list[Part]] = {line: [] for line in wanted}
            where = [*(("TransactionId", "=", line) for line in wanted), which]
            listing = self._reads.listing(f"ticket/{ticket_id}/attachments", where, {"fields": fields})
            async for items, _ in listing:
                for item in items:
                    part = _part(item, ticket_id)
                    parts.setdefault(int(part.transaction), []).append(part)
            yield parts

    def _decode(
        self,
        items: Sequence[msgspec.Raw],
        stream: str,
        ticket_id: str,
        lines: list[Transaction],
        odds: list[Odd],
    ) -> None:
        for place, item in enumerate(items, 1):
            try:
                line = msgspec.json.decode(item, type=Transaction)
                int(line.id), seconds(line.created)
            except (msgspec.ValidationError, ValueError) as error:
                odds.append(odd(stream, item, f"ticket {ticket_id}, row {place}", error, ticket_id))
            else:
                lines.append(line)


def _not_in(known: dict[int, Any], ids: Sequence[int]) -> list[int]:
    """Those that are still to be asked for; a memory that has grown too large is emptied."""
    if len(known) > _REMEMBERED:
        known.clear()
    return [line for line in ids if line not in known]


def _part(item: msgspec.Raw, ticket_id: str) -> Part:
    try:
        return msgspec.json.decode(item, type=Part)
    except msgspec.ValidationError as error:
        # Without its text a note is not complete, and with it a conversation.
        raise Unreadable(f"GET /ticket/{ticket_id}/attachments: {error}") from None


def _entry(ticket_id: str, line: Transaction, words: str) -> TimeRecord:
    minutes = number(line.minutes) or 0
    ended = seconds(line.created)
    return TimeRecord(
        time_id=str(line.id),
        ticket_id=ticket_id,
        member_id=line.creator.login,
        member=line.creator.login,
        started_at=None if ended is None else ended - minutes * 60,
        ended_at=ended,
        hours=minutes / 60,
        text=words,
    )
