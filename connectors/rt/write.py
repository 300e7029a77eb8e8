"""Carrying out a step in Request Tracker, and telling whether it was done.

A refused change is a 200 with a sentence for people, or with `[]`: so the ticket is read back and compared.
`If-Match` works on PUT; every POST with it is answered 412, whatever it says (RT 5.0.3: a message has no ETag).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors.contract import (
    Applied,
    Conflict,
    ConnectorError,
    Rejected,
    Step,
    TicketRecord,
    Unreadable,
    Value,
)
from connectors.rt.plan import wanted_parents, word
from connectors.rt.reads import Reads
from connectors.rt.tickets import Tickets
from connectors.rt.wire import number
from connectors.text import clean, same_text


class Writes:
    """Applies steps; `fields` maps canonical fields to custom fields."""

    def __init__(self, reads: Reads, tickets: Tickets, fields: Mapping[str, str]) -> None:
        self._session = reads.session
        self._tickets = tickets
        self._fields = fields

    async def apply(self, step: Step, version: str | None) -> Applied:
        """Carries out one step and reads the ticket back.

        Raises `Rejected` with RT's own words when a field is not as asked (RT answers 200 then), `Conflict`
        when the ticket is not in `version` any more. For a PUT RT checks that itself; for a text, where RT
        cannot (RT 5.0.3 answers 412 to every POST with `If-Match`), it is compared just before.
        """
        path = f"ticket/{int(step.ticket_id)}"
        if step.creates:
            if version is not None and _bare(version) != _bare(await self._version(path)):
                raise Conflict(
                    f"{step.request}: the ticket has changed since it was read",
                    hint="Read it again and compare.",
                )
            return await self._say(step, path)
        now = version or await self._version(path)
        match = {"If-Match": f'"{_bare(now)}"'} if now else {}
        answer = await self._session.send("PUT", path, json=step.body, headers=match)
        said = _sentences(answer.body)
        try:
            ticket = await self._tickets.one(step.ticket_id)
        except ConnectorError:
            return Applied(said=said)  # RT has taken the request: the caller reads the ticket again
        for field, wanted in step.sets.items():
            if not _is_as_asked(ticket, field, wanted, self._fields):
                words = (
                    said or "nothing: RT does not know the field here, or the right to change it is missing"
                )
                raise Rejected(
                    f"Request Tracker did not set {field.replace('_', ' ')}; it said: {words}", field=field
                )
        return Applied(ticket, said=said)

    async def _say(self, step: Step, path: str) -> Applied:
        """A reply, a note or time. Once RT has taken it, nothing below may look as if it had not."""
        answer = await self._session.send("POST", f"{path}/{step.action}", json=step.body)
        made = re.search(r"/transaction/(\d+)$", answer.headers.get("location", ""))
        said = _sentences(answer.body)
        try:
            ticket = await self._tickets.one(step.ticket_id)
        except ConnectorError:
            ticket = None  # the caller reads it again
        return Applied(ticket, created_id=made[1] if made else None, said=said)

    async def _version(self, path: str) -> str | None:
        return (await self._session.get(path)).headers.get("etag")


def _is_as_asked(ticket: TicketRecord, field: str, wanted: Value, fields: Mapping[str, str]) -> bool:
    """Whether the ticket read back has what a step set."""
    if field == "parent":
        return set(wanted_parents(wanted)) == set(ticket.parent_ids)
    if field == "due_at":
        return (ticket.due_at or 0) == (number(wanted) or 0)
    if field == "owner":
        asked = word(wanted) or "Nobody"
        return (ticket.owner or "Nobody").casefold() == asked.casefold()
    name = field.removeprefix("custom:")
    # A field that is named in `fields` is in the record under its canonical name.
    canonical = next((key for key, custom in fields.items() if custom == name), None)
    if field.startswith("custom:"):
        have = getattr(ticket, canonical) if canonical else ticket.custom.get(name)
    else:
        have = getattr(ticket, field)
    return same_text((have or "").casefold(), (word(wanted) or "").casefold())


def _sentences(body: bytes) -> str:
    """What RT says to a write: sentences for people, in the user's language."""
    try:
        said = msgspec.json.decode(body, type=list[Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreadable("Request Tracker answered a change with something that is not its own.") from None
    return clean(" ".join(str(sentence) for sentence in said))


def _bare(etag: str | None) -> str:
    return (etag or "").removeprefix("W/").strip('"')
