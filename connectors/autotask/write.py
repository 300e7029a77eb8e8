"""Writing to Autotask: one step is one write, sent once.

The answer is an id and proves nothing: a field that the API does not know is left out with a 200. So there is never a
ticket in what `apply` gives, and whoever sends a step reads the ticket again and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.autotask.api import where
from connectors.autotask.names import ContactRow
from connectors.autotask.scope import resource
from connectors.autotask.wire import Wire, lowered
from connectors.cards import first_number, refuse_changed
from connectors.contract import Applied, NotThere, Rejected, Step, Unsupported

if TYPE_CHECKING:
    from connectors.autotask.api import Api
    from connectors.autotask.names import Names
    from connectors.http import Answer


class _RoleRow(Wire, frozen=True, kw_only=True):
    id: int
    role_id: int
    is_active: bool | None = None
    is_default: bool | None = None


class Writer:
    """Carries out the steps that `connectors.autotask.plan` made. `impersonate`: the technician in whose name."""

    def __init__(self, api: Api, names: Names, impersonate: str | None) -> None:
        self._api = api
        self._names = names
        self._impersonate = impersonate

    async def apply(self, step: Step) -> Applied:
        """One write; the role of whoever is assigned or works is read before it. Raises what the PSA says."""
        match step.action:
            case "patch":
                body = dict(step.body)
                if body.get("assignedResourceID") is not None:
                    body["assignedResourceRoleID"] = await self._role(body["assignedResourceID"])
                await self._send(step, body)
                return Applied()
            case "card":
                return await self._card(step)
            case "entry":
                await self._send(step, step.body)
                return Applied()
            case "note":
                return _created(await self._send(step, step.body))
            case "time":
                who = await self._resource(step.body["technician"])
                entry = {**step.body["entry"], "resourceID": who, "roleID": await self._role(who)}
                return _created(await self._send(step, entry))
        raise Unsupported(f"Autotask: no such step: {step.action}")

    async def _card(self, step: Step) -> Applied:
        """What changes on the contact's card, which is read just before. Whether `null` empties a text is inferred: a
        200 that did nothing is seen when the ticket is read again."""
        key, fields = int(step.body["contact"]), step.body["fields"]
        (card,) = await self._api.rows_in("Contacts", ContactRow, "id", [key]) or [None]
        if card is None:
            raise NotThere(f"Autotask: contact {key} is not there, or not for us to see")
        if step.request != f"PATCH /Companies/{card.company_id}/Contacts":
            raise Rejected(
                f"Autotask: {card.name} is a contact of another company than the ticket's",
                hint="Change the card in Autotask, or set another contact.",
                field="contact",
            )
        body: dict[str, Any] = {"id": key}
        for field, wanted in fields.items():
            refuse_changed(step, field, card.shown_phone if field == "contact_phone" else card.email_address)
            if field == "contact_phone":
                body["phone"] = first_number(wanted, card.phone, card.mobile_phone, "Autotask")
            else:
                body["emailAddress"] = str(wanted) if wanted else None
        await self._send(step, body)
        return Applied()

    async def _send(self, step: Step, body: dict[str, Any]) -> Answer:
        method, _, path = step.request.partition(" ")
        headers = {}
        if self._impersonate is not None:
            headers["ImpersonationResourceId"] = str(await self._resource(self._impersonate))
        return await self._api.send(method, path.lstrip("/"), json=body, headers=headers)

    async def _resource(self, technician: str) -> int:
        """The technician's id."""
        if not self._names.resources:
            await self._names.load_resources()
        return resource(self._names.resources.values(), technician).id

    async def _role(self, who: int) -> int:
        """The role in which somebody works on tickets: the default one, else the first that is active."""
        if not self._names.resources:
            await self._names.load_resources()
        known = self._names.resources.get(who)
        if known is not None and known.default_service_desk_role_id is not None:
            return known.default_service_desk_role_id
        rows = await self._api.rows("ResourceServiceDeskRoles", _RoleRow, where("eq", "resourceID", who))
        usable = sorted(
            (one for one in rows if one.is_active is not False), key=lambda one: not one.is_default
        )
        if not usable:
            raise Rejected(
                f"Autotask: {self._names.login(who)} has no role at the service desk",
                hint="Give the resource a role under Service Desk in Autotask.",
                field="owner",
            )
        role: int = usable[0].role_id
        return role


def _created(answer: Answer) -> Applied:
    """`{"itemId": 456}`; without one the sender looks for what it made."""
    created = lowered(answer.decode(dict[str, Any])).get("itemid")
    return Applied(created_id=None if created is None else str(created))
