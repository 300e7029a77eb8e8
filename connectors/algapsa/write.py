"""Writing to AlgaPSA: one step is one write. Nothing is repeated here.

What the server answers proves nothing: it drops fields that it does not know, and after a change of status tells the
old `is_closed` and `closed_at`. So `Applied.ticket` stays empty and whoever sent the step reads the ticket again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.algapsa.records import note_name
from connectors.algapsa.wire import Bundle, Wire
from connectors.contract import Applied, Rejected, Step, Unsupported

if TYPE_CHECKING:
    from connectors.algapsa.api import Api

COPIES = "sync_updates"
"""A bundle in which the master's answers are copied to the children, and so to their customers."""


class _Comment(Wire, frozen=True, kw_only=True):
    comment_id: str
    created_at: str


class _Entry(Wire, frozen=True, kw_only=True):
    entry_id: str


class Writer:
    """Carries out the steps that `connectors.algapsa.plan` made."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def apply(self, step: Step) -> Applied:
        """One write; what kind of bundle the parent has is read before it. Raises what the PSA says."""
        method, _, path = step.request.partition(" ")
        match step.action:
            case "put" | "assign" | "entry":
                await self._api.send(method, path, json=step.body)
                return Applied()
            case "detach":
                await self._api.send(method, path)
                return Applied()
            case "attach":
                return await self._attach(step, path)
            case "comment":
                answer = await self._api.send(method, path, json=step.body)
                made = self._api.unpacked(answer, _Comment)
                return Applied(created_id=note_name(made.comment_id, made.created_at))
            case "time":
                return await self._time(step, path)
        raise Unsupported(f"AlgaPSA: no such step: {step.action}")

    async def _attach(self, step: Step, path: str) -> Applied:
        """Makes a bundle, or joins the one that is there: making it anew would set its mode for all its tickets (read
        in the source)."""
        bundle = await self._api.data(path, Bundle)
        if bundle.role != "master":
            await self._api.send("POST", path, json=step.body)
            return Applied()
        if bundle.settings is not None and bundle.settings.mode == COPIES:
            raise Rejected(
                "AlgaPSA: this bundle copies the parent's answers to its children, whose customers would get them.",
                hint="Set the bundle to “link only” in AlgaPSA, or attach the ticket there.",
                field="parent",
            )
        await self._api.send(
            "POST", f"{path}/children", json={"child_ticket_ids": step.body["child_ticket_ids"]}
        )
        return Applied()

    async def _time(self, step: Step, path: str) -> Applied:
        try:
            answer = await self._api.send("POST", path, json=step.body)
        except Rejected as error:
            if "overlap" in str(error).casefold():
                error.hint = (
                    "You have time logged in these minutes already: give another start, or fewer hours."
                )
            elif "time period" in str(error).casefold():
                error.hint = "Somebody has to open a time period for this day in AlgaPSA first."
            raise
        return Applied(created_id=self._api.unpacked(answer, _Entry).entry_id)
