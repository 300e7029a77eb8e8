"""Syncro's choice lists: most come with one call of the ticket settings, which is remembered for a minute."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from connectors.contract import Choice, ChoiceContext, NotThere, UnknownName
from connectors.syncro.api import rows_of
from connectors.syncro.records import CLOSED, rank
from connectors.syncro.wire import ContactRow, Contract, NamedId, Product, ProductAnswer, TicketSettings, Wire

if TYPE_CHECKING:
    from connectors.syncro import Options
    from connectors.syncro.api import Api

FRESH = 60.0
"""Seconds for which the ticket settings are not asked for again."""
NAMES = 900.0
"""Seconds for which the names of users and products are not."""
INVOICED = "invoiced"
"""Set by invoicing: not a status that a person chooses."""


class Lists:
    """The lists of one account."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api = api
        self._options = options
        self._kept: dict[str, tuple[float, Any]] = {}

    async def load(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """The choices of `kind`; with `context.ids` those, active or not. A kind that Syncro has not: none."""
        match kind:
            case "status":
                found = await self._statuses()
            case "board" | "type":
                found = [_named(kind, row) for row in (await self.settings()).ticket_types]
            case "owner":
                found = [
                    Choice(kind=kind, id=key, name=name) for key, name in (await self.user_names()).items()
                ]
            case "priority":
                found = [
                    Choice(kind=kind, id=name, name=name, position=place if (n := rank(name)) is None else n)
                    for place, name in enumerate(self._options.priorities)
                ]
            case "billing_code":
                found = await self._codes(context)
            case "contact":
                found = await self._contacts(context)
            case "agreement":
                found = await self._contracts(context)
            case _:
                return ()
        ids = context.ids
        wanted = [choice for choice in found if (choice.id in ids if ids else choice.active)]
        return tuple(sorted(wanted, key=lambda one: (one.position, one.name.casefold())))

    # ------------------------------------------------------------ remembered

    async def settings(self) -> TicketSettings:
        """`/tickets/settings`."""

        async def ask() -> TicketSettings:
            return (await self._api.get("/tickets/settings")).decode(TicketSettings)

        found: TicketSettings = await self._remember("settings", FRESH, ask)
        return found

    async def user_names(self) -> dict[str, str]:
        """User id -> name. Two of one name get their id behind it, so that a name is one person."""

        async def ask() -> dict[str, str]:
            answer = await self._api.get("/users")
            rows = answer.decode(_Users).users
            twice = Counter(name.casefold() for _, name in rows)
            return {
                str(key): name if twice[name.casefold()] == 1 else f"{name} ({key})" for key, name in rows
            }

        found: dict[str, str] = await self._remember("users", NAMES, ask)
        return found

    async def code_names(self, ids: set[str]) -> dict[str, str]:
        """Product id -> name, for those that can be found."""
        if not ids:
            return {}
        known = {choice.id: choice.name for choice in await self._products()}
        for one in sorted(ids - known.keys()):
            product = await self._product(one)
            if product is not None:
                known[one] = product.name
        return known

    async def _remember(self, name: str, seconds: float, ask: Any) -> Any:  # noqa: ANN401 - what `ask` gives
        kept = self._kept.get(name)
        if kept is None or time.monotonic() - kept[0] > seconds:
            kept = self._kept[name] = (time.monotonic(), await ask())
        return kept[1]

    # ------------------------------------------------------------ kinds

    async def _statuses(self) -> list[Choice]:
        """A status is its name, case and all; there are no ids."""
        names = dict.fromkeys((await self.settings()).ticket_status_list)
        return [
            Choice(
                kind="status",
                id=name,
                name=name,
                closed=name.casefold() in CLOSED,
                active=name.casefold() != INVOICED,
                position=place,
            )
            for place, name in enumerate(names)
        ]

    async def _codes(self, context: ChoiceContext) -> list[Choice]:
        if context.ids:
            found = {choice.id: choice for choice in await self._products()}
            for one in context.ids:
                product = None if one in found else await self._product(one)
                if product is not None:
                    found[one] = _product(product)
            return list(found.values())
        return [choice for choice in await self._products() if choice.active]

    async def _products(self) -> list[Choice]:
        async def ask() -> list[Choice]:
            category = await self._category()
            params = {} if category is None else {"category_id": category}
            return [
                _product(row) for row in await rows_of(self._api, "/products", "products", Product, params)
            ]

        found: list[Choice] = await self._remember("products", NAMES, ask)
        return found

    async def _product(self, key: str) -> Product | None:
        if not key.isdecimal():
            return None

        async def ask() -> Product | None:
            try:
                return (await self._api.get(f"/products/{key}")).decode(ProductAnswer).product
            except NotThere:
                return None

        found: Product | None = await self._remember(f"product {key}", NAMES, ask)
        return found

    async def categories(self) -> list[NamedId]:
        """Product categories; which of them is labour, a setting says."""
        return (await self._api.get("/products/categories")).decode(_Categories).categories

    async def _category(self) -> str | None:
        """Id of the category with the labour products; raises `UnknownName`."""
        wanted = self._options.labour_category.strip()
        if not wanted:
            return None
        rows = await self.categories()
        for row in rows:
            if row.name.casefold() == wanted.casefold() or str(row.id) == wanted:
                return str(row.id)
        raise UnknownName(
            f"Syncro has no product category “{wanted}”",
            hint=f"Set `labour_category` to one of: {', '.join(sorted(row.name for row in rows)) or 'none'}.",
        )

    async def _contacts(self, context: ChoiceContext) -> list[Choice]:
        if context.company_id is None and not context.ids:
            return []
        params = {} if context.company_id is None else {"customer_id": context.company_id}
        rows = await rows_of(self._api, "/contacts", "contacts", ContactRow, params)
        return [
            Choice(
                kind="contact",
                id=str(row.id),
                name=row.name or str(row.id),
                company_id=None if row.customer_id is None else str(row.customer_id),
                phone=row.phone or row.mobile or None,
                email=row.email or None,
                detail=" · ".join(part for part in (row.phone or row.mobile, row.email) if part) or None,
            )
            for row in rows
        ]

    async def _contracts(self, context: ChoiceContext) -> list[Choice]:
        """Contracts are listed for all customers at once. One that applies to all is everybody's."""

        async def ask() -> list[Contract]:
            return await rows_of(self._api, "/contracts", "contracts", Contract)

        rows: list[Contract] = await self._remember("contracts", FRESH, ask)
        return [
            Choice(
                kind="agreement",
                id=str(row.id),
                name=row.name or str(row.id),
                company_id=company,
                starts_on=row.start_date[:10] if row.start_date else None,
                ends_on=row.end_date[:10] if row.end_date else None,
            )
            for row in rows
            if (company := context.company_id if row.apply_to_all else _company(row)) == context.company_id
            or context.ids
            or context.company_id is None
        ]


class _Users(Wire, frozen=True, kw_only=True):
    """Rows are pairs."""

    users: list[tuple[int, str]]


class _Categories(Wire, frozen=True, kw_only=True):
    categories: list[NamedId]


def _named(kind: str, row: NamedId) -> Choice:
    return Choice(kind=kind, id=str(row.id), name=row.name)


def _product(row: Product) -> Choice:
    return Choice(kind="billing_code", id=str(row.id), name=row.name, active=not row.disabled)


def _company(row: Contract) -> str | None:
    return None if row.customer_id is None else str(row.customer_id)
