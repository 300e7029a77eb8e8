"""AlgaPSA's lists: what a field can be set to, and the names that rows have by id only. Remembered for a while."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from connectors.algapsa.wire import (
    BoardRow,
    CardRow,
    CategoryRow,
    ContactRow,
    LocationRow,
    PriorityRow,
    ServiceRow,
    StatusRow,
    UserRow,
    is_id,
)
from connectors.contract import Choice, ChoiceContext, Forbidden, NotThere, UnknownName
from connectors.rows import read_row
from connectors.text import clean
from connectors.together import together
from connectors.unknown import unknown_name

if TYPE_CHECKING:
    from connectors.algapsa.api import Api

T = TypeVar("T")

FRESH = 60.0
"""Seconds for which a list that a person picks from is not asked for again."""
NAMES = 900.0
"""Seconds for which the names of users are not."""
CONTACT_FRESH = 3600.0
"""Seconds for which a client's contacts, their phones and mails, are not asked for again in a round."""
CARD_FRESH = 5.0
"""The same for a contact where tickets are asked for by id, perhaps to compare before and after a write."""


class Lists:
    """The lists of one server, as the key may see them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._kept: dict[str, tuple[float, Any]] = {}
        self._cards: dict[str, tuple[float, ContactRow | None]] = {}
        """Contacts read one by one, and when."""
        self._sites: dict[str, str] = {}
        self._without_sites: set[str] = set()
        self.sees_users = True
        """Set with every look: without the right users have no names but those in rows."""
        self.sees_contacts = True
        """Set by the connector once it has found out."""

    async def load(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """The choices of `kind`; with `context.ids` those, active or not. A kind that AlgaPSA has not: none."""
        found = await self._kind(kind, context)
        ids = context.ids
        wanted = [choice for choice in found if (choice.id in ids if ids else choice.active)]
        return tuple(sorted(wanted, key=lambda one: (one.position, one.name.casefold())))

    async def _kind(self, kind: str, context: ChoiceContext) -> list[Choice]:
        match kind:
            case "status":
                return await self._statuses(context)
            case "board":
                return [
                    Choice(kind=kind, id=row.id, name=row.board_name, active=not row.is_inactive)
                    for row in await self.boards()
                ]
            case "owner":
                return [
                    Choice(kind=kind, id=row.id, name=row.username, detail=row.name, active=row.works_here)
                    for row in await self._users()
                ]
            case "priority":
                rows = await self._bare("/tickets/priorities", PriorityRow)
                return [Choice(kind=kind, id=row.id, name=row.priority_name) for row in rows]
            case "type" | "subtype":
                return await self._categories(kind, context)
            case "billing_code":
                return await self._services(context)
            case "contact":
                return await self._contacts(context)
            case "site":
                return await self._locations(context)
        return []

    # ------------------------------------------------------------ names

    async def users(self) -> dict[str, UserRow]:
        """User id -> user; empty where the key may not read users."""

        async def ask() -> dict[str, UserRow]:
            try:
                found = {row.id: row for row in await self._users()}
            except Forbidden:
                found = {}
            self.sees_users = bool(found)
            return found

        return await self._remember("users by id", NAMES, ask)

    async def user(self, wanted: str) -> tuple[str, str]:
        """Id and user name of the active user with that user name, mail address or id. Raises `UnknownName`; where
        users may not be read, an id is taken as it is and for anything else that raises `Forbidden`."""
        key = wanted.strip().casefold()
        try:
            rows = await self._users()
        except Forbidden as error:
            if is_id(key):
                return key, key
            error.hint = (
                "The key's user may not read users, so name the technician by his user id (`technician`); AlgaPSA"
                " shows it in the address of his profile, and as `created_by` of his comments in the API."
            )
            raise
        tries: tuple[Callable[[UserRow], str | None], ...] = (
            lambda row: row.username,
            lambda row: row.email,
            lambda row: row.id,
        )
        for tell in tries:
            found = [row for row in rows if key and (tell(row) or "").casefold() == key]
            here = [row for row in found if row.works_here]
            if len(here) > 1:
                ids = ", ".join(row.id for row in here)
                raise UnknownName(
                    f"{len(here)} users are called “{clean(wanted)}”", hint=f"Name one by id: {ids}."
                )
            if here:
                return here[0].id, here[0].username
            if found:
                raise UnknownName(
                    f"the user “{clean(wanted)}” is inactive in AlgaPSA, or a customer's portal user",
                    hint="Set `technician` or `scope` to somebody who works here.",
                )
        raise unknown_name("AlgaPSA", "active user", wanted, [row.username for row in rows if row.works_here])

    async def _users(self) -> list[UserRow]:
        return await self._remember("users", NAMES, lambda: self._api.rows_of("/users", UserRow))

    async def boards(self) -> list[BoardRow]:
        """All boards."""
        return await self._remember("boards", FRESH, lambda: self._api.rows_of("/boards", BoardRow))

    async def contacts(
        self, people: Iterable[tuple[str, str]], *, now: bool = False
    ) -> dict[str, ContactRow | None]:
        """Contacts by id, for pairs of client and contact: one request for each client not lately asked, one more for
        a contact that is not among his; `None` for one that is not there (any more). `now`: one request for each
        contact that was not read a moment ago."""
        if not self.sees_contacts:
            return {}
        if now:
            ids = sorted({contact for _, contact in people})
            found = await together(self._contact(one, CARD_FRESH) for one in ids)
            return dict(zip(ids, found, strict=True))
        wanted = {contact: client for client, contact in people}
        clients = sorted(set(wanted.values()))
        lists = await together(self._contacts_of(client, CONTACT_FRESH) for client in clients)
        known: dict[str, ContactRow | None] = {row.id: row for rows in lists for row in rows}
        others = sorted(wanted.keys() - known.keys())
        found = await together(self._contact(one, CONTACT_FRESH) for one in others)
        known |= zip(others, found, strict=True)
        return {one: known[one] for one in wanted}

    async def _contacts_of(self, client: str, seconds: float) -> list[ContactRow]:
        async def ask() -> list[ContactRow]:
            try:
                return await self._api.rows_of("/contacts", ContactRow, {"client_id": client})
            except (NotThere, Forbidden):
                return []

        name = f"contacts of {client}"
        rows: list[ContactRow] = await self._remember(name, seconds, ask)
        read = self._kept[name][0]
        later = {key: card for key, (at, card) in self._cards.items() if at > read}
        return [later.get(row.id) or row for row in rows]

    async def _contact(self, key: str, seconds: float) -> ContactRow | None:
        kept = self._cards.get(key)
        asked = time.monotonic()
        if kept is not None and asked - kept[0] <= seconds:
            return kept[1]
        try:
            raw = await self._api.data(f"/contacts/{key}", msgspec.Raw)
        except (NotThere, Forbidden):
            found: ContactRow | None = None
        else:
            found = read_row(raw, ContactRow, frozenset({"contact_name_id"})).value
        self._cards[key] = (asked, found)
        return found

    async def card(self, key: str) -> CardRow:
        """A contact with all of his numbers, read now. Raises `NotThere`, `Forbidden`, `Unreadable`."""
        asked = time.monotonic()
        card = await self._api.data(f"/contacts/{key}", CardRow)
        self._cards[key] = (asked, card)
        return card

    def forget_contact(self, key: str) -> None:
        """Something was written to the contact's card: nothing remembered of it counts."""
        self._cards.pop(key, None)
        for name in [name for name in self._kept if name.startswith("contacts of ")]:
            del self._kept[name]

    async def sites(self, places: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Location id -> name, for pairs of client and location. A client is asked again only for a location that is
        not known of him; where locations may not be read there are no names."""
        wanted = {location: client for client, location in places}
        for client in sorted({wanted[one] for one in wanted if one not in self._sites} - self._without_sites):
            try:
                for row in await self._bare(f"/clients/{client}/locations", LocationRow):
                    self._sites[row.id] = row.name
            except (Forbidden, NotThere):
                self._without_sites.add(client)
        return {one: self._sites[one] for one in wanted if one in self._sites}

    async def _remember(self, name: str, seconds: float, ask: Callable[[], Awaitable[T]]) -> T:
        kept = self._kept.get(name)
        if kept is None or time.monotonic() - kept[0] > seconds:
            kept = self._kept[name] = (time.monotonic(), await ask())
        found: T = kept[1]
        return found

    async def _bare(
        self, path: str, shape: type[msgspec.Struct], params: dict[str, str] | None = None
    ) -> list[Any]:
        """A list that comes whole, without pages."""

        async def ask() -> list[Any]:
            return await self._api.data(path, list[shape], params)  # type: ignore[valid-type]

        return await self._remember(f"{path} {params}", FRESH, ask)

    # ------------------------------------------------------------ kinds

    async def _statuses(self, context: ChoiceContext) -> list[Choice]:
        """Statuses belong to a board each."""
        params = {} if context.board_id is None else {"board_id": context.board_id}
        return [
            Choice(
                kind="status",
                id=row.id,
                name=row.name,
                board_id=row.board_id,
                closed=bool(row.is_closed),
                position=row.order_number or 0,
            )
            for row in await self._bare("/tickets/statuses", StatusRow, params)
        ]

    async def _categories(self, kind: str, context: ChoiceContext) -> list[Choice]:
        """Categories are types, their children subtypes: of the ticket's type where one is given."""
        if context.board_id is None and not context.ids:
            return []
        params = {} if context.board_id is None else {"board_id": context.board_id}
        rows: list[CategoryRow] = await self._remember(
            f"categories {params}",
            FRESH,
            lambda: self._api.rows_of("/categories/ticket", CategoryRow, params),
        )
        return [
            Choice(kind=kind, id=row.id, name=row.category_name, board_id=row.board_id)
            for row in rows
            if (row.parent_category is None) == (kind == "type")
            and (kind == "type" or context.type_id in (None, row.parent_category) or row.id in context.ids)
        ]

    async def _services(self, context: ChoiceContext) -> list[Choice]:
        """Services are the billing codes. One that is asked for by id may be inactive."""
        rows: list[ServiceRow] = await self._remember(
            "services", FRESH, lambda: self._api.rows_of("/services", ServiceRow, {"is_active": "true"})
        )
        known = {row.id: row for row in rows}
        for one in context.ids:
            if one not in known and is_id(one):
                try:
                    known[one] = await self._api.data(f"/services/{one}", ServiceRow)
                except NotThere:
                    continue
        return [
            Choice(kind="billing_code", id=row.id, name=row.service_name, active=row.is_active is not False)
            for row in known.values()
        ]

    async def _contacts(self, context: ChoiceContext) -> list[Choice]:
        if context.company_id is None:
            found = await together(self._contact(one, FRESH) for one in context.ids if is_id(one))
            rows = [row for row in found if row is not None]
        else:
            rows = await self._contacts_of(context.company_id, FRESH)
        return [
            Choice(
                kind="contact",
                id=row.id,
                name=row.full_name or row.id,
                company_id=row.client_id,
                active=not row.is_inactive,
                phone=row.default_phone_number or None,
                email=row.email or None,
                detail=" · ".join(part for part in (row.default_phone_number, row.email) if part) or None,
            )
            for row in rows
        ]

    async def _locations(self, context: ChoiceContext) -> list[Choice]:
        if context.company_id is None:
            return []
        rows: list[LocationRow] = await self._bare(f"/clients/{context.company_id}/locations", LocationRow)
        return [
            Choice(
                kind="site",
                id=row.id,
                name=row.name,
                company_id=context.company_id,
                active=row.is_active is not False,
            )
            for row in rows
        ]
