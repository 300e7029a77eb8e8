"""Writing to Syncro: one step is one write. Nothing is repeated here; what was written is read again by the sender,
for Syncro leaves out without a word what it does not take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.cards import first_number, refuse_changed
from connectors.contract import Applied, NotThere, Rejected, Step, Unsupported
from connectors.rows import read_row
from connectors.syncro.wire import TIMER_STRICT, TimerRow, Wire

if TYPE_CHECKING:
    from connectors.http import Answer
    from connectors.syncro.api import Api
    from connectors.syncro.read import Reader
    from connectors.syncro.wire import Detail


CARD = (
    "customer_id",
    "name",
    "address1",
    "address2",
    "city",
    "state",
    "zip",
    "email",
    "phone",
    "mobile",
    "notes",
)
"""What the PUT of a contact takes and the contact tells (vendor's OpenAPI file, where `name` is required)."""
TITLE = "title"
"""Taken like the others, and told among the contact's `properties` (seen in a maintained client)."""


class _Id(Wire, frozen=True, kw_only=True):
    id: int


class _Comment(Wire, frozen=True, kw_only=True):
    comment: _Id


class Writer:
    """Carries out the steps that `connectors.syncro.plan` made."""

    def __init__(self, api: Api, reader: Reader) -> None:
        self._api = api
        self._reader = reader

    async def apply(self, step: Step) -> Applied:
        """One write; custom fields and a timer's user are read before it. Raises what the PSA says.

        No answer holds a whole ticket (the mark, the contract and the parent are in lists only), so that
        `Applied.ticket` stays empty and the caller reads it."""
        match step.action:
            case "put":
                return await self._put(step)
            case "card":
                return await self._card(step)
            case "timer":
                return await self._timer(step)
            case "comment":
                answer = await self._send(step, step.body)
                return Applied(created_id=str(answer.decode(_Comment).comment.id))
            case "time":
                answer = await self._send(step, step.body)
                return Applied(created_id=str(answer.decode(_Id).id))
        raise Unsupported(f"Syncro: no such step: {step.action}")

    async def _send(self, step: Step, body: object) -> Answer:
        """Goes out once, updates too: Syncro has no conditional write, so that whoever sends one again has to
        read and compare again first."""
        method, _, path = step.request.partition(" ")
        return await self._api.send(method, path, json=body)

    async def _put(self, step: Step) -> Applied:
        body = dict(step.body["fields"])
        if step.body["custom"]:
            body["properties"] = await self._properties(step)
        await self._send(step, body)
        return Applied()

    async def _properties(self, step: Step) -> dict[str, object]:
        """All custom fields with the new values in them: whether the rest would stay is not established."""
        known = dict((await self._detail(step)).properties or {})
        for name, value in step.body["custom"].items():
            if name not in known:
                raise Rejected(
                    f"Syncro: ticket {step.ticket_id} has no custom field “{name}”",
                    hint="Its ticket type has other custom fields; names are case-sensitive.",
                    field=f"custom:{name}",
                )
            known[name] = value
        return known

    async def _card(self, step: Step) -> Applied:
        """The contact's card with the new values in it, read just before. All of it is sent that is known: whether the
        rest would stay is not established (a maintained client sends parts). Right: Customers - Edit."""
        key, fields = int(step.body["contact"]), step.body["fields"]
        card, whole = await self._reader.card(key)
        body = {name: whole[name] for name in CARD if whole.get(name) is not None}
        if (title := (whole.get("properties") or {}).get(TITLE)) is not None:
            body[TITLE] = title
        for field, wanted in fields.items():
            refuse_changed(step, field, card.shown_phone if field == "contact_phone" else card.email)
            if field == "contact_phone":
                body["phone"] = first_number(wanted, card.phone, card.mobile, "Syncro") or ""
            else:
                body["email"] = str(wanted or "")
        try:
            await self._send(step, body)
        finally:
            self._reader.forget_contact(key)
        return Applied()

    async def _timer(self, step: Step) -> Applied:
        """The timer's user goes back with it: left out, it would become ours (vendor's OpenAPI file)."""
        wanted = step.body["timer_entry_id"]
        for raw in (await self._detail(step)).ticket_timers:
            row = read_row(raw, TimerRow, TIMER_STRICT)
            if row.id == wanted and row.value is not None:
                body = {**step.body}
                if row.value.user_id is not None:
                    body["user_id"] = row.value.user_id
                await self._send(step, body)
                return Applied()
        raise Rejected(f"Syncro: timer {wanted} is not on ticket {step.ticket_id} any more", field="time")

    async def _detail(self, step: Step) -> Detail:
        found = await self._reader.detail(step.ticket_id)
        if found is None:
            raise NotThere(f"Syncro: ticket {step.ticket_id} is not there, or not for us to see")
        return found
