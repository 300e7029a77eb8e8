"""Writing to HaloPSA: one step is one POST of a list with one object. Nothing is repeated here.

What comes back is said to be the object (seen in maintained clients) and may be incomplete, so it proves nothing:
whoever sent the step reads the ticket again and compares. `_warning` on it is Halo's own word about what it did not do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from connectors.contract import Applied, Rejected, Step, Unreadable, Unsupported
from connectors.text import clean

if TYPE_CHECKING:
    from connectors.halopsa import Options
    from connectors.halopsa.api import Api
    from connectors.halopsa.lookups import Lookups
    from connectors.halopsa.read import Reader


class _Object(msgspec.Struct, frozen=True):
    id: int
    warning: str | None = msgspec.field(default=None, name="_warning")


class Writer:
    """Carries out the steps that `connectors.halopsa.plan` made."""

    def __init__(self, api: Api, reader: Reader, lookups: Lookups, options: Options) -> None:
        self._api = api
        self._reader = reader
        self._lookups = lookups
        note = options.note_outcome
        time = options.time_outcome if options.time_outcome is not None else note
        self._outcomes = {"reply": options.reply_outcome, "note": note, "time": time}

    async def apply(self, step: Step) -> Applied:
        """One write. Raises what the PSA says."""
        self._reader.forget(step.ticket_id)
        try:
            if step.action == "set":
                return await self._set(step)
            if step.action == "entry":
                return self._same(step, await self._post("/Actions", step.body["action"]), updates=True)
            if step.action in self._outcomes:
                return await self._action(step)
        finally:
            self._reader.forget(step.ticket_id)
        raise Unsupported(f"HaloPSA: no such step: {step.action}")

    async def _set(self, step: Step) -> Applied:
        changes = dict(step.body["ticket"])
        if (signal := step.body.get("signal")) is not None:
            changes["status_id"] = await self._signal(signal)
        return self._same(step, await self._post("/Tickets", changes), updates=True)

    async def _signal(self, signal: dict[str, Any]) -> int:
        """The status that the ticket's type sets after the customer, or after an agent, has written."""
        text = str(signal["type"])
        row = await self._lookups.ticket_type(int(text)) if text.isdigit() else None
        found = None
        if row is not None:
            found = row.statusafteruserupdate if signal["set"] else row.statusaftertechupdate
        if found is None or found <= 0:
            raise Rejected(
                "HaloPSA: the ticket's type names no status for after an agent's answer",
                hint="Name the new status (`--status`), or set `answered_status` in the settings.",
                field="customer_flag",
            )
        return found

    async def _action(self, step: Step) -> Applied:
        action = dict(step.body["action"])
        if (outcome := self._outcomes[step.action]) is not None:
            action["outcome_id"] = outcome
        return self._same(step, await self._post("/Actions", action), updates=False)

    async def _post(self, path: str, body: dict[str, Any]) -> tuple[int, _Object]:
        """The id that was sent (0: something new) and the object that came back."""
        answer = await self._api.post(path, [body])
        one = answer.body.lstrip()[:1] != b"["
        rows = [answer.decode(_Object)] if one else answer.decode(list[_Object])
        if len(rows) != 1:
            raise Unreadable(f"{answer.where}: {len(rows)} objects came back for one")
        return int(body.get("id", 0)), rows[0]

    def _same(self, step: Step, sent: tuple[int, _Object], *, updates: bool) -> Applied:
        key, made = sent
        said = clean(made.warning)
        if not updates:
            return Applied(created_id=str(made.id) if made.id > 0 else None, said=said)
        if made.id != key:
            raise Unreadable(f"{step.request}: object {made.id} came back instead of {key}")
        return Applied(said=said)
