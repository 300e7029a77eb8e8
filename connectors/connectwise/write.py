"""Writing to ConnectWise PSA: one step is one write. Nothing is repeated here but what a step allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connectors.connectwise.scope import member
from connectors.connectwise.wire import TICKET_STRICT, TicketRow, Wire
from connectors.contract import Applied, Rejected, Step, Unreadable, Unsupported
from connectors.rows import read_row

if TYPE_CHECKING:
    from connectors.connectwise.api import Api
    from connectors.connectwise.read import Reader
    from connectors.http import Answer


class _Created(Wire, frozen=True, kw_only=True):
    id: int


class _Success(Wire, frozen=True, kw_only=True):
    success: bool | None = None
    message: str | None = None


class _Custom(Wire, frozen=True, kw_only=True):
    custom_fields: list[dict[str, Any]] | None = None


class Writer:
    """Carries out the steps that `connectors.connectwise.plan` made."""

    def __init__(self, api: Api, reader: Reader) -> None:
        self._api = api
        self._reader = reader
        self._member_ids: dict[str, int] = {}

    async def apply(self, step: Step) -> Applied:
        """One write; custom fields and the technician's id are read before it. Raises what the PSA says."""
        match step.action:
            case "patch":
                return await self._patch(step)
            case "entry":
                await self._send(step, step.body["operations"])
                return Applied()
            case "note":
                return _created(await self._send(step, step.body["note"]))
            case "time":
                return await self._time(step)
            case "attach":
                return await self._attach(step)
        raise Unsupported(f"ConnectWise: no such step: {step.action}")

    async def _send(self, step: Step, body: object) -> Answer:
        """Goes out once, updates too: ConnectWise has no conditional write, so that whoever sends one again
        has to read and compare again first."""
        method, _, path = step.request.partition(" ")
        return await self._api.send(method, path, json=body)

    async def _patch(self, step: Step) -> Applied:
        """The answer is the whole ticket as it now is; a 200 is no proof, so the caller compares."""
        operations = list(step.body["operations"])
        if step.body.get("custom"):
            operations.append(await self._custom(step))
        answer = await self._send(step, operations)
        row = read_row(answer.decode(msgspec.Raw), TicketRow, TICKET_STRICT)
        if row.value is None:
            where, problem = row.problems[0]
            raise Unreadable(f"{answer.where}: the ticket in the answer cannot be read: {where}: {problem}")
        return Applied(ticket=self._reader.record(row, await self._api.site()))

    async def _custom(self, step: Step) -> dict[str, Any]:
        """The operation for custom fields: the whole array goes back, with the new values in it."""
        answer = await self._api.get(f"/service/tickets/{step.ticket_id}", "fields=customFields")
        fields = answer.decode(_Custom).custom_fields or []
        known = {field.get("caption"): field for field in fields}
        for caption, value in step.body["custom"].items():
            if caption not in known:
                raise Rejected(
                    f"ConnectWise: ticket {step.ticket_id} has no custom field “{caption}”",
                    hint="Its board shows other custom fields; names are case-sensitive.",
                    field=f"custom:{caption}",
                )
            known[caption]["value"] = value
        return {"op": "replace", "path": "customFields", "value": fields}

    async def _time(self, step: Step) -> Applied:
        who = step.body["member"]
        if who not in self._member_ids:
            self._member_ids[who] = (await member(self._api, who)).id
        entry = {**step.body["entry"], "member": {"id": self._member_ids[who]}}
        return _created(await self._send(step, entry))

    async def _attach(self, step: Step) -> Applied:
        """`{"success": false, "message"}` comes with a 200."""
        answer = await self._send(step, step.body)
        said = answer.decode(_Success)
        if said.success is False:
            raise Rejected(
                f"{answer.where}: {said.message or 'the ticket was not attached'}",
                hint="ConnectWise did not take it; its own words are above.",
                field="parent",
            )
        return Applied(said=said.message or "")


def _created(answer: Answer) -> Applied:
    return Applied(created_id=str(answer.decode(_Created).id))
