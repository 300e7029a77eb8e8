"""What Autotask's ids are called: picklists, resources, billing codes, companies, contacts, contracts, sites.

A ticket has ids only. Picklists, resources and billing codes have no date of change, so they are read whole and
kept for an hour; the others are asked for by id when a row names them. A contact's phone and mail stand on the
contact, so contacts are asked for again with every row.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.autotask.wire import Wire, lowered, read_row
from connectors.contract import Unreadable

if TYPE_CHECKING:
    from connectors.autotask.api import Api

KEPT = 3600.0
"""Seconds for which a list is used without asking again."""
WORK_TYPE = 1
"""`useType` of the billing codes that time and tickets have; five other kinds are not for them."""


class PickRow(Wire, frozen=True, kw_only=True):
    value: str
    """A text, also where the field is a number."""
    label: str = ""
    parent_value: str | None = None
    is_active: bool | None = None
    sort_order: int | None = None


class ResourceRow(Wire, frozen=True, kw_only=True):
    id: int
    user_name: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_active: bool | None = None
    default_service_desk_role_id: int | None = None

    @property
    def login(self) -> str:
        """How people name it: the user name, else the mail address."""
        return (self.user_name or self.email or str(self.id)).strip()

    @property
    def name(self) -> str:
        """First and last name, else the login."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.login

    def is_called(self, wanted: str) -> bool:
        """Whether `wanted` is its user name, mail address or id; exactly but for case."""
        known = (self.user_name, self.email, str(self.id))
        return wanted.strip().casefold() in {one.strip().casefold() for one in known if one}


class CodeRow(Wire, frozen=True, kw_only=True):
    id: int
    name: str = ""
    is_active: bool | None = None
    use_type: int | None = None


class CompanyRow(Wire, frozen=True, kw_only=True):
    id: int
    company_name: str = ""


class SiteRow(Wire, frozen=True, kw_only=True):
    id: int
    name: str = ""
    company_id: int | None = None
    is_active: bool | None = None


class ContactRow(Wire, frozen=True, kw_only=True):
    id: int
    first_name: str | None = None
    last_name: str | None = None
    company_id: int | None = None
    phone: str | None = None
    mobile_phone: str | None = None
    email_address: str | None = None
    is_active: bool | int | None = None
    """A number in the vendor's file, true or false in clients."""

    @property
    def shown_phone(self) -> str | None:
        """The number that a ticket shows."""
        return self.phone or self.mobile_phone or None

    @property
    def name(self) -> str:
        """First and last name."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or f"#{self.id}"


class ContractRow(Wire, frozen=True, kw_only=True):
    id: int
    contract_name: str = ""
    company_id: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    status: int | None = None


class Wanted(NamedTuple):
    """Ids that some rows name."""

    companies: set[int]
    sites: set[int]
    contracts: set[int]
    contacts: set[int]


class Names:
    """The names of one database."""

    def __init__(self, api: Api, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._read: dict[str, float] = {}
        """When a whole list was read."""
        self._picks: dict[str, dict[str, list[PickRow]]] = {}
        self.resources: dict[int, ResourceRow] = {}
        self.codes: dict[int, CodeRow] = {}
        self.contacts: dict[int, ContactRow] = {}
        self._called: dict[str, dict[int, tuple[float, str]]] = {}

    async def load(self) -> None:
        """Picklists, resources and billing codes, where they are older than an hour."""
        await self.picks("Tickets")
        if self._old("resources"):
            await self.load_resources()
        if self._old("codes"):
            wanted = {"op": "eq", "field": "useType", "value": WORK_TYPE}
            self.codes = {row.id: row for row in await self._api.rows("BillingCodes", CodeRow, wanted)}
            self._read["codes"] = self._clock()

    async def load_resources(self) -> dict[int, ResourceRow]:
        """All resources, read now."""
        self.resources = {row.id: row for row in await self._api.rows("Resources", ResourceRow)}
        self._read["resources"] = self._clock()
        return self.resources

    async def picks(self, entity: str) -> dict[str, list[PickRow]]:
        """The entity's picklists by the field's name in lower case, in the PSA's order; inactive values too."""
        if self._old(entity):
            found = await self._api.get(f"{entity}/entityInformation/fields")
            self._picks[entity] = _picklists(entity, found.get("fields"))
            self._read[entity] = self._clock()
        return self._picks[entity]

    async def of_rows(self, wanted: Wanted) -> None:
        """Asks for what the rows name; contacts always, the rest unless it was asked for within the hour."""
        now = self._clock()
        for entity, ids, shape, attribute in (
            ("Companies", wanted.companies, CompanyRow, "company_name"),
            ("CompanyLocations", wanted.sites, SiteRow, "name"),
            ("Contracts", wanted.contracts, ContractRow, "contract_name"),
        ):
            known = self._called.setdefault(entity, {})
            unknown = sorted(one for one in ids if one not in known or now - known[one][0] > KEPT)
            for row in await self._api.rows_in(entity, shape, "id", unknown):
                known[row.id] = (now, getattr(row, attribute))
            for (
                one
            ) in unknown:  # what this account may not see has a number for a name, and is not asked for again
                known.setdefault(one, (now, f"#{one}"))
        await self.of_contacts(wanted.contacts)

    async def of_contacts(self, ids: Iterable[int]) -> None:
        """Asks for the contacts."""
        for row in await self._api.rows_in("Contacts", ContactRow, "id", sorted(ids)):
            self.contacts[row.id] = row

    def label(self, field: str, value: int | None) -> str | None:
        """The label of a ticket's picklist value; a number in the row, a text in the list. One that the list does not
        have is shown as its number."""
        if value is None:
            return None
        return next((one.label for one in self._list(field) if one.value == str(value)), f"#{value}")

    def rank(self, field: str, value: int | None) -> int | None:
        """Its place in the PSA's order."""
        if value is None:
            return None
        values = [one.value for one in self._list(field)]
        return values.index(str(value)) if str(value) in values else None

    def called(self, entity: str, one: int | None) -> str | None:
        """The name of a company, site or contract."""
        if one is None:
            return None
        return self._called.get(entity, {}).get(one, (0.0, f"#{one}"))[1]

    def login(self, resource: int | None) -> str | None:
        """How people name a resource; its number where it is not visible."""
        if resource is None:
            return None
        found = self.resources.get(resource)
        return f"#{resource}" if found is None else found.login

    def code(self, one: int | None) -> str | None:
        """The name of a billing code; its number where it is none for tickets."""
        if one is None:
            return None
        found = self.codes.get(one)
        return f"#{one}" if found is None else found.name

    def _list(self, field: str) -> list[PickRow]:
        return self._picks.get("Tickets", {}).get(field.lower(), [])

    def _old(self, name: str) -> bool:
        read = self._read.get(name)
        return read is None or self._clock() - read > KEPT


def _picklists(entity: str, fields: Any) -> dict[str, list[PickRow]]:  # noqa: ANN401 - JSON
    """Raises `Unreadable`: with a list that is short nothing could be called by its name."""
    if not isinstance(fields, list):
        raise Unreadable(f"{entity}/entityInformation/fields: there is no list of fields")
    found: dict[str, list[PickRow]] = {}
    for field in fields:
        if not isinstance(field, dict):
            continue
        flat = lowered(field)
        values = flat.get("picklistvalues")
        if not isinstance(values, list) or not isinstance(flat.get("name"), str):
            continue
        rows = []
        for value in values:
            row = read_row(value, PickRow, frozenset())
            if row.value is None:
                where, problem = row.problems[0]
                raise Unreadable(f"{entity}: a value of the picklist {flat['name']}: {where}: {problem}")
            rows.append(row.value)
        found[flat["name"].lower()] = sorted(rows, key=lambda row: row.sort_order or 0)
    return found
