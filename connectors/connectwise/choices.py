"""ConnectWise PSA's choice lists: which values a field of a ticket may take, on its board and at its company.

Paths and fields: ConnectWise developer guide and generated clients (2025.1). The same status or type name has
another id on each board. `/service/statuses` without a board is empty (field report), so boards are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connectors.connectwise.api import numbers, one_of
from connectors.connectwise.wire import Reference, Wire
from connectors.contract import Choice, ChoiceContext, Clock, Unreadable

if TYPE_CHECKING:
    from connectors.connectwise.api import Api

T = TypeVar("T", bound=msgspec.Struct)


class NamedRow(Wire, frozen=True, kw_only=True):
    id: int
    name: str


class SwitchedRow(NamedRow, frozen=True, kw_only=True):
    inactive_flag: bool | None = None


class StatusRow(NamedRow, frozen=True, kw_only=True):
    sort_order: int | None = None
    inactive: bool | None = None
    closed_status: bool | None = None
    time_entry_not_allowed: bool | None = None
    escalation_status: str | None = None


class SubTypeRow(SwitchedRow, frozen=True, kw_only=True):
    type_association_ids: list[int] | None = None


class PriorityRow(NamedRow, frozen=True, kw_only=True):
    sort_order: int | None = None


class AgreementRow(NamedRow, frozen=True, kw_only=True):
    company: Reference | None = None
    start_date: str | None = None
    end_date: str | None = None
    no_ending_date_flag: bool | None = None
    cancelled_flag: bool | None = None
    agreement_status: str | None = None


class CommunicationItem(Wire, frozen=True, kw_only=True):
    value: str | None = None
    default_flag: bool | None = None
    communication_type: str | None = None


class ContactRow(Wire, frozen=True, kw_only=True):
    id: int
    first_name: str | None = None
    last_name: str | None = None
    inactive_flag: bool | None = None
    company: Reference | None = None
    communication_items: list[CommunicationItem] | None = None


class MemberRow(Wire, frozen=True, kw_only=True):
    id: int
    identifier: str
    first_name: str | None = None
    last_name: str | None = None
    inactive_flag: bool | None = None
    time_zone: Reference | None = None

    @property
    def name(self) -> str:
        """First and last name, else the identifier."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.identifier


async def rows_of(api: Api, path: str, shape: type[T], conditions: str = "") -> list[T]:
    """All rows of a setup list. One that cannot be read is an error: a picker must not be silently short."""
    every = frozenset(field.encode_name for field in msgspec.structs.fields(shape) if field.required)
    found: list[T] = []
    async for page in api.pages(path, shape, every, conditions):
        for row in page.rows:
            if row.value is None:
                where, problem = row.problems[0]
                raise Unreadable(f"{path}: entry {row.id or '?'}: {where}: {problem}")
            found.append(row.value)
    return found


async def load(api: Api, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
    """The choices of `kind`; with `context.ids` those ids, active or not. An unknown kind gives none."""
    ids = numbers(context.ids)
    if context.ids and not ids:
        return ()
    by_id = one_of("id", ids) if ids else ""
    if kind in ("status", "type", "subtype", "item"):
        return await _of_boards(api, kind, context, by_id)
    if kind == "agreement":
        found = await _agreements(api, context, by_id)
    elif kind == "contact":
        found = await _contacts(api, context, by_id)
    elif kind == "site":
        found = await _sites(api, context, by_id)
    elif kind == "owner":
        found = await _members(api, by_id)
    elif kind == "priority":
        found = [
            Choice(kind=kind, id=str(row.id), name=row.name, position=row.sort_order or 0)
            for row in await rows_of(api, "/service/priorities", PriorityRow, by_id)
        ]
    elif kind in _FLAT:
        path, shape = _FLAT[kind]
        found = [_named(kind, row) for row in await rows_of(api, path, shape, by_id)]
    else:
        return ()
    return _sorted(found, keep=bool(ids))


_FLAT: dict[str, tuple[str, type[NamedRow]]] = {
    "billing_code": ("/time/workTypes", SwitchedRow),
    "source": ("/service/sources", NamedRow),
    "board": ("/service/boards", SwitchedRow),
    "team": ("/service/teams", NamedRow),
}


def _named(kind: str, row: NamedRow, **more: Any) -> Choice:  # noqa: ANN401 - a Choice's own fields
    return Choice(
        kind=kind,
        id=str(row.id),
        name=row.name,
        active=not getattr(row, "inactive_flag", None),
        **more,
    )


def _sorted(found: Sequence[Choice], *, keep: bool) -> tuple[Choice, ...]:
    """In the PSA's order; inactive ones are left out unless they were asked for by id."""
    shown = [choice for choice in found if keep or choice.active]
    return tuple(sorted(shown, key=lambda one: (one.board_id or "", one.position, one.name.casefold())))


async def _of_boards(api: Api, kind: str, context: ChoiceContext, by_id: str) -> tuple[Choice, ...]:
    boards = numbers([context.board_id] if context.board_id else [])
    if not boards:
        boards = [choice.id for choice in await load(api, "board", ChoiceContext())]
    found: list[Choice] = []
    for board in boards:
        base = f"/service/boards/{board}"
        if kind == "status":
            found += [_status(row, board) for row in await rows_of(api, f"{base}/statuses", StatusRow, by_id)]
        elif kind == "subtype":
            rows = await rows_of(api, f"{base}/subtypes", SubTypeRow, by_id)
            wanted = context.type_id
            found += [
                _named(kind, row, board_id=board)
                for row in rows
                if wanted is None or wanted in map(str, row.type_association_ids or ())
            ]
        else:
            switched = await rows_of(api, f"{base}/{kind}s", SwitchedRow, by_id)
            found += [_named(kind, row, board_id=board) for row in switched]
    return _sorted(found, keep=bool(by_id))


_CLOCKS: dict[str, Clock] = {
    "NotResponded": "runs",
    "Responded": "runs",
    "ResolutionPlan": "runs",
    "Resolved": "ends",
    "NoEscalation": "waits",
}
"""The words are the API description's; that the last one is "waiting, do not escalate" is how makers of reports on
ConnectWise's SLA put it."""


def _status(row: StatusRow, board: str) -> Choice:
    return Choice(
        kind="status",
        id=str(row.id),
        name=row.name,
        board_id=board,
        active=not row.inactive,
        closed=bool(row.closed_status),
        accepts_time=not row.time_entry_not_allowed,
        clock=_CLOCKS.get(row.escalation_status or ""),
        clock_words=f"escalation status {row.escalation_status}" if row.escalation_status else None,
        position=row.sort_order or 0,
    )


def _company(context: ChoiceContext) -> str:
    return one_of("company/id", numbers([context.company_id])) if context.company_id else ""


async def _agreements(api: Api, context: ChoiceContext, by_id: str) -> list[Choice]:
    """Of the company or by id. Cancelled and expired ones come too: their dates say so."""
    rows = await rows_of(api, "/finance/agreements", AgreementRow, by_id or _company(context))
    found = []
    for row in rows:
        over = row.agreement_status in ("Cancelled", "Expired", "Inactive")
        cancelled = bool(row.cancelled_flag) or row.agreement_status == "Cancelled"
        company = None if row.company is None or row.company.id is None else str(row.company.id)
        choice = Choice(
            kind="agreement",
            id=str(row.id),
            name=row.name,
            company_id=company,
            active=not (cancelled or over),
            starts_on=_day(row.start_date),
            ends_on=None if row.no_ending_date_flag else _day(row.end_date),
            cancelled=cancelled,
        )
        found.append(choice)
    return found


async def _contacts(api: Api, context: ChoiceContext, by_id: str) -> list[Choice]:
    rows = await rows_of(api, "/company/contacts", ContactRow, by_id or _company(context))
    found = []
    for row in rows:
        phone = _reach(row.communication_items, "Phone")
        email = _reach(row.communication_items, "Email")
        name = " ".join(part for part in (row.first_name, row.last_name) if part) or str(row.id)
        choice = Choice(
            kind="contact",
            id=str(row.id),
            name=name,
            company_id=None if row.company is None or row.company.id is None else str(row.company.id),
            active=not row.inactive_flag,
            phone=phone,
            email=email,
            detail=" · ".join(part for part in (phone, email) if part) or None,
        )
        found.append(choice)
    return found


def _reach(items: list[CommunicationItem] | None, kind: str) -> str | None:
    """The contact's default phone or mail address, else the first."""
    fitting = [one for one in items or () if one.communication_type == kind and (one.value or "").strip()]
    best = next((one for one in fitting if one.default_flag), fitting[0] if fitting else None)
    return None if best is None else best.value


async def _members(api: Api, by_id: str) -> list[Choice]:
    """Members by identifier, as `technician` is spelled; `detail` is the name."""
    return [
        Choice(
            kind="owner",
            id=str(row.id),
            name=row.identifier,
            detail=row.name,
            active=not row.inactive_flag,
        )
        for row in await rows_of(api, "/system/members", MemberRow, by_id)
    ]


async def _sites(api: Api, context: ChoiceContext, by_id: str) -> list[Choice]:
    """Sites exist below a company only."""
    companies = numbers([context.company_id] if context.company_id else [])
    found: list[Choice] = []
    for company in companies:
        rows = await rows_of(api, f"/company/companies/{company}/sites", SwitchedRow, by_id)
        found += [_named("site", row, company_id=company) for row in rows]
    return found


def _day(text: str | None) -> str | None:
    """`2026-12-31T00:00:00Z` -> `2026-12-31`."""
    return text[:10] if text else None
