"""HaloPSA's lists: charge rates, statuses, ticket types, and the choices of a ticket's fields.

Which lists are bare and which wrapped is as seen in maintained clients. Lists are kept for minutes, what a ticket
type says for a day: every technician's request counts against 300 in 5 minutes.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connectors.contract import Choice, ChoiceContext, Clock, Forbidden, NotThere, UnknownName, Unreadable
from connectors.halopsa.api import numbers
from connectors.halopsa.wire import CLOSED, Names, positive
from connectors.rows import read_row

if TYPE_CHECKING:
    from connectors.halopsa.api import Api

T = TypeVar("T", bound=msgspec.Struct)

LISTS = 600.0
CONTRACTS = 1800.0
TYPES = 86400.0
"""Seconds for which lists, contracts (all of them, where no company is named) and ticket types are kept."""
LOOKUP_TYPES = "11"
"""The lookup that lists the lookups (vendor's API documentation)."""
CLOCKS: dict[str, Clock] = {"hold": "waits", "removehold": "runs", "none": "keeps"}
"""`slaaction` of a status, as users saw it in `GET /Status` (field report; the API description has no list of values).
It only informs."""
CHARGES = re.compile(r"charge ?(rate|type)s?", re.IGNORECASE)


class LookupRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    inactive: bool | None = None


class StatusRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    sequence: int | None = None
    slaaction: str | None = None


class TypeRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str | None = None
    statusafteruserupdate: int | None = None
    statusaftertechupdate: int | None = None


class AgentRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    email: str | None = None
    isdisabled: bool | None = None


class PriorityRow(msgspec.Struct, frozen=True, kw_only=True):
    priorityid: int
    name: str
    ishidden: bool | None = None


class ContractRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    ref: str | None = None
    client_id: float | None = None
    start_date: str | None = None
    end_date: str | None = None
    active: bool | None = None


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    client_id: float | None = None
    emailaddress: str | None = None
    phonenumber_preferred: str | None = None
    inactive: bool | None = None


class SiteRow(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str
    client_id: float | None = None
    inactive: bool | None = None


class Lookups:
    """The lists of one instance."""

    def __init__(self, api: Api, charge_lookup: int | None) -> None:
        self._api = api
        self.charge_lookup = charge_lookup
        self._kept: dict[str, tuple[float, Any]] = {}
        self._locks: dict[str, Any] = {}
        self.without_types: str = ""
        """Why ticket types cannot be read, if so."""

    async def names(self, types: Iterable[int]) -> Names:
        """What the records of tickets with those types need."""
        responded = {}
        for one in dict.fromkeys(types):
            row = await self.ticket_type(one)
            if row is not None and (row.statusafteruserupdate or 0) > 0:
                responded[one] = row.statusafteruserupdate or 0
        statuses = {row.id: row.name for row in await self.statuses()}
        return Names(await self.charge_names(), statuses, responded)

    async def charge_names(self) -> dict[str, str]:
        """Charge rate -> name, inactive ones too."""
        return {str(row.id): row.name for row in await self.charges()}

    async def charges(self) -> list[LookupRow]:
        """The charge rates. Raises `UnknownName` where the lookup that holds them cannot be told."""
        number = await self.find_charges()
        return await self._list("/Lookup", "lookup", LookupRow, {"lookupid": str(number)})

    async def find_charges(self) -> int:
        """The number of the lookup that holds the charge rates: as set, else the one that is called so."""
        if self.charge_lookup is None:
            rows = await self._list("/Lookup", "lookup", LookupRow, {"lookupid": LOOKUP_TYPES})
            found = [row for row in rows if CHARGES.fullmatch(row.name.strip())]
            if len(found) != 1:
                raise UnknownName(
                    f"HaloPSA: {len(found)} lookups are called like charge rates, which one is not known",
                    hint="Set `charge_lookup` to the number of the one with the charge rates.",
                )
            self.charge_lookup = found[0].id
        return self.charge_lookup

    async def statuses(self) -> list[StatusRow]:
        """All statuses; which of them a ticket type allows is the PSA's to say."""
        return await self._list("/Status", "statuses", StatusRow)

    async def ticket_type(self, type_id: int) -> TypeRow | None:
        """The ticket type with its rules; `None` where it may not be read."""
        if type_id <= 0:
            return None

        async def ask() -> TypeRow | None:
            try:
                answer = await self._api.get(f"/TicketType/{type_id}", {"includedetails": "true"})
                return answer.decode(TypeRow)
            except (Forbidden, NotThere) as error:
                self.without_types = str(error)
                return None

        found: TypeRow | None = await self._keep(f"type {type_id}", TYPES, ask)
        return found

    async def agents(self) -> list[AgentRow]:
        """All agents, disabled ones too."""
        return await self._list("/Agent", "agents", AgentRow, {"includedisabled": "true"})

    async def _list(
        self, path: str, name: str, shape: type[T], query: dict[str, str] | None = None
    ) -> list[T]:
        async def ask() -> list[T]:
            return [_usable(raw, shape, path) for raw in await self._api.listed(path, name, query)]

        found: list[T] = await self._keep(f"{path} {query}", LISTS, ask)
        return found

    async def _keep(self, key: str, age: float, ask: Any) -> Any:  # noqa: ANN401 - any list
        import asyncio

        async with self._locks.setdefault(key, asyncio.Lock()):
            until, value = self._kept.get(key, (0.0, None))
            if time.monotonic() >= until:
                value = await ask()
                self._kept[key] = (time.monotonic() + age, value)
            return value

    # ------------------------------------------------------------ choices

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """See the contract. A kind that Halo does not have gives none."""
        wanted = set(numbers(context.ids)) if kind not in ("board", "team") else set(context.ids)
        if context.ids and not wanted:
            return ()
        found = await self._choices(kind, context)
        kept = [one for one in found if (one.id in wanted if wanted else one.active)]
        return tuple(sorted(kept, key=lambda one: (one.position, one.name.casefold())))

    async def _choices(self, kind: str, context: ChoiceContext) -> list[Choice]:
        match kind:
            case "status":
                return [
                    Choice(
                        kind=kind,
                        id=str(row.id),
                        name=row.name,
                        closed=row.id == CLOSED,
                        position=row.sequence or 0,
                        clock=CLOCKS.get((row.slaaction or "").strip().casefold()),
                        clock_words=f"SLA action {row.slaaction}" if row.slaaction else None,
                    )
                    for row in await self.statuses()
                ]
            case "billing_code":
                return [
                    Choice(kind=kind, id=str(row.id), name=row.name, active=not row.inactive)
                    for row in await self.charges()
                ]
            case "owner":
                return [
                    Choice(
                        kind=kind, id=str(row.id), name=row.name, active=not row.isdisabled, detail=row.email
                    )
                    for row in await self.agents()
                    if row.id > 0
                ]
            case "board" | "team":
                rows = await self._list("/Team", "teams", LookupRow)
                return [
                    Choice(kind=kind, id=row.name, name=row.name, active=not row.inactive) for row in rows
                ]
            case "type":
                types = await self._list("/TicketType", "tickettypes", LookupRow)
                return [Choice(kind=kind, id=str(row.id), name=row.name) for row in types]
            case "priority":
                return self._priorities(await self._list("/Priority", "priorities", PriorityRow))
            case "agreement":
                return await self._agreements(context)
            case "contact":
                return await self._contacts(context)
            case "site":
                return await self._sites(context)
        return []

    def _priorities(self, rows: Sequence[PriorityRow]) -> list[Choice]:
        """One for each number: the list repeats them for each SLA."""
        found: dict[int, Choice] = {}
        for row in rows:
            number = row.priorityid
            made = Choice(
                kind="priority", id=str(number), name=row.name, active=not row.ishidden, position=number
            )
            found.setdefault(number, made)
        return list(found.values())

    async def _agreements(self, context: ChoiceContext) -> list[Choice]:
        rows = await self._paged(
            "/ClientContract", "contracts", ContractRow, context, {"includeinactive": "true"}
        )
        return [
            Choice(
                kind="agreement",
                id=str(row.id),
                name=row.ref or str(row.id),
                company_id=positive(row.client_id),
                active=row.active is not False,
                cancelled=row.active is False,
                starts_on=_day(row.start_date),
                ends_on=_day(row.end_date),
            )
            for row in rows
        ]

    async def _contacts(self, context: ChoiceContext) -> list[Choice]:
        rows = await self._paged("/Users", "users", UserRow, context, {"includeinactive": "true"})
        return [
            Choice(
                kind="contact",
                id=str(row.id),
                name=row.name,
                company_id=positive(row.client_id) or context.company_id,
                active=not row.inactive,
                phone=row.phonenumber_preferred or None,
                email=row.emailaddress or None,
                detail=" · ".join(part for part in (row.phonenumber_preferred, row.emailaddress) if part)
                or None,
            )
            for row in rows
        ]

    async def _sites(self, context: ChoiceContext) -> list[Choice]:
        rows = await self._paged("/Site", "sites", SiteRow, context, {"includeinactive": "true"})
        return [
            Choice(
                kind="site",
                id=str(row.id),
                name=row.name,
                company_id=positive(row.client_id) or context.company_id,
                active=not row.inactive,
            )
            for row in rows
        ]

    async def _paged(
        self, path: str, name: str, shape: type[T], context: ChoiceContext, query: dict[str, str]
    ) -> list[T]:
        """All rows of the context's company; without one, of all. A row that cannot be read is an error.

        Contracts and sites are few: all are read at once, which costs less than once for each company."""
        company = numbers([context.company_id]) if context.company_id else []
        if context.company_id and not company:
            return []
        if path != "/Users":
            everywhere = await self._pages(path, name, shape, query, CONTRACTS)
            return [
                row
                for row in everywhere
                if not company or positive(getattr(row, "client_id", None)) == company[0]
            ]
        query = query | ({"client_id": company[0]} if company else {})
        return await self._pages(path, name, shape, query, LISTS)

    async def _pages(
        self, path: str, name: str, shape: type[T], query: dict[str, str], age: float
    ) -> list[T]:
        every = frozenset(field.encode_name for field in msgspec.structs.fields(shape) if field.required)

        async def ask() -> list[T]:
            found: list[T] = []
            async for page in self._api.pages(path, name, shape, every, query):
                for row in page.rows:
                    if row.value is None:
                        where, problem = row.problems[0]
                        raise Unreadable(f"{path}: entry {row.id or '?'}: {where}: {problem}")
                    found.append(row.value)
            return found

        rows: list[T] = await self._keep(f"{path} {query}", age, ask)
        return rows


def _usable(raw: msgspec.Raw, shape: type[T], path: str) -> T:
    every = frozenset(field.encode_name for field in msgspec.structs.fields(shape) if field.required)
    row = read_row(raw, shape, every)
    if row.value is None:
        where, problem = row.problems[0]
        raise Unreadable(f"{path}: entry {row.id or '?'}: {where}: {problem}")
    found: T = row.value
    return found


def _day(text: str | None) -> str | None:
    """`2026-12-31T00:00:00` -> `2026-12-31`; empty for 1900 and 0001."""
    return text[:10] if text and text[:4] > "1900" else None
