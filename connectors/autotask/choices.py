"""Autotask's choice lists: which values a field of a ticket may take, and for which company."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.autotask.api import numbers, where
from connectors.autotask.names import (
    WORK_TYPE,
    CodeRow,
    ContactRow,
    ContractRow,
    PickRow,
    SiteRow,
)
from connectors.autotask.records import COMPLETE
from connectors.autotask.wire import Wire
from connectors.contract import Choice, ChoiceContext

if TYPE_CHECKING:
    from connectors.autotask.api import Api
    from connectors.autotask.names import Names

PICKLISTS = {
    "status": "status",
    "priority": "priority",
    "type": "issuetype",
    "subtype": "subissuetype",
    "source": "source",
    "board": "queueid",
}
"""Kind -> the ticket's field whose picklist it is. None belongs to a queue; subtypes belong to a type."""


async def load(api: Api, names: Names, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
    """The choices of `kind`; with `context.ids` those ids, active or not. An unknown kind gives none."""
    if context.ids and not numbers(context.ids):
        return ()
    if kind in PICKLISTS:
        found = _picked(kind, (await names.picks("Tickets")).get(PICKLISTS[kind], []), context)
    elif kind == "owner":
        found = await _owners(api, names, context)
    elif kind == "billing_code":
        found = await _codes(api, context)
    elif kind == "contact":
        found = await _contacts(api, context)
    elif kind == "site":
        found = await _sites(api, context)
    elif kind == "agreement":
        found = await _contracts(api, names, context)
    else:
        return ()
    shown = [one for one in found if context.ids or one.active or kind == "agreement"]
    return tuple(sorted(shown, key=lambda one: (one.position, one.name.casefold())))


def _picked(kind: str, values: Sequence[PickRow], context: ChoiceContext) -> list[Choice]:
    """The status Complete closes; that a status refuses time is not known of Autotask."""
    return [
        Choice(
            kind=kind,
            id=one.value,
            name=one.label,
            active=one.is_active is not False,
            closed=kind == "status" and one.value == str(COMPLETE),
            position=place,
        )
        for place, one in enumerate(values)
        if (not context.ids or one.value in context.ids)
        and (kind != "subtype" or context.type_id is None or one.parent_value == context.type_id)
    ]


class _DeskRole(Wire, frozen=True, kw_only=True):
    id: int
    resource_id: int
    is_active: bool | None = None


async def _owners(api: Api, names: Names, context: ChoiceContext) -> list[Choice]:
    """Resources by user name, as `technician` is spelled; `detail` is the name. Who has no role at the service desk
    (an API user, say) cannot own a ticket: Autotask refuses an owner without one."""
    roles = [] if context.ids else await api.rows("ResourceServiceDeskRoles", _DeskRole, where("gt", "id", 0))
    able = {one.resource_id for one in roles if one.is_active is not False}
    return [
        Choice(
            kind="owner",
            id=str(one.id),
            name=one.login,
            detail=one.name,
            email=one.email,
            active=one.is_active is not False,
        )
        for one in (await names.load_resources()).values()
        if str(one.id) in context.ids
        or (not context.ids and (one.id in able or one.default_service_desk_role_id is not None))
    ]


async def _codes(api: Api, context: ChoiceContext) -> list[Choice]:
    """Work types: the other kinds of billing codes are not for tickets and time."""
    return [
        Choice(kind="billing_code", id=str(one.id), name=one.name, active=one.is_active is not False)
        for one in await api.rows("BillingCodes", CodeRow, where("eq", "useType", WORK_TYPE))
        if not context.ids or str(one.id) in context.ids
    ]


async def _contacts(api: Api, context: ChoiceContext) -> list[Choice]:
    found = []
    for one in await _whose(api, "Contacts", ContactRow, context):
        phone = one.phone or one.mobile_phone
        detail = " · ".join(part for part in (phone, one.email_address) if part) or None
        found.append(
            Choice(
                kind="contact",
                id=str(one.id),
                name=one.name,
                company_id=_id(one.company_id),
                active=one.is_active is None or bool(one.is_active),
                phone=phone,
                email=one.email_address,
                detail=detail,
            )
        )
    return found


async def _sites(api: Api, context: ChoiceContext) -> list[Choice]:
    return [
        Choice(
            kind="site",
            id=str(one.id),
            name=one.name,
            company_id=_id(one.company_id),
            active=one.is_active is not False,
        )
        for one in await _whose(api, "CompanyLocations", SiteRow, context)
    ]


async def _contracts(api: Api, names: Names, context: ChoiceContext) -> list[Choice]:
    """With their dates. Which status means "active" is told by its label; without such a label only the dates count."""
    labels = (await names.picks("Contracts")).get("status", [])
    active = {one.value for one in labels if one.label.strip().casefold() == "active"}
    found = []
    for one in await _whose(api, "Contracts", ContractRow, context):
        over = bool(active) and one.status is not None and str(one.status) not in active
        found.append(
            Choice(
                kind="agreement",
                id=str(one.id),
                name=one.contract_name,
                company_id=_id(one.company_id),
                active=not over,
                cancelled=over,
                starts_on=one.start_date[:10] if one.start_date else None,
                ends_on=one.end_date[:10] if one.end_date else None,
            )
        )
    return found


async def _whose(api: Api, entity: str, shape: type[msgspec.Struct], context: ChoiceContext) -> list[Any]:
    """Those with the ids (400 a request), else the company's, else all."""
    if context.ids:
        return await api.rows_in(entity, shape, "id", numbers(context.ids))
    companies = numbers([context.company_id] if context.company_id else [])
    wanted = [where("eq", "companyID", companies[0])] if companies else []
    return await api.rows(entity, shape, *wanted)


def _id(number: int | None) -> str | None:
    return None if number is None else str(number)
