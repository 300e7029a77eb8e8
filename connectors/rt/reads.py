"""Reading Request Tracker over one HTTP session: pages, users, what a status means, zones.

Paging facts (RT 5.0.3, seen and read in its source): a collection drops rows that the account may not see
*after* it has cut the page, so a page that is not full is no end where rows can be hidden. Ticket searches
filter in SQL and say `next_page`; histories say neither total nor next page, so they are asked for with
conditions under which RT hides nothing within a page, and end with the first page that is not full.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as quote_path

import msgspec

from connectors.contract import Forbidden, NotThere, Odd, Speaker, Unauthorized, Unreadable
from connectors.rt.query import ANY_ZONE, CLOSED, OPEN, Zone, at_offset, both, named_zone, near_offset, quote
from connectors.rt.wire import NOBODY, SYSTEM, Listing, Ticket, User, seconds

if TYPE_CHECKING:
    from connectors.http import Session

PER_PAGE = 100
"""More is silently 100."""

_WEST, _STEP = -12 * 3600, 2 * 3600
"""Offsets from UTC go from 12 hours west to 14 hours east."""

_DEFAULT_CLOSED = frozenset({"resolved", "rejected", "deleted"})
"""Inactive in the lifecycle that RT comes with; used only while nothing better is known."""


class Rows(msgspec.Struct, frozen=True):
    """Part of a ticket search."""

    items: list[msgspec.Raw]
    total: int
    began_at: int
    more: bool = False


class Reads:
    """What the parts of the connector share: the session, and what was learned through it."""

    def __init__(self, session: Session, token: str, staff: Sequence[str]) -> None:
        self.session = session
        self._token = token
        self._staff = frozenset(name.casefold() for name in staff)
        self._users: dict[str, User | None] = {}
        self._me: User | None = None
        self._zone: Zone | None = None
        self.closed: dict[tuple[str, str], bool] = {}
        """(lifecycle, status) -> whether it closes, as RT's own searches said."""

    # ------------------------------------------------------------ tickets

    async def search(
        self, query: str, params: Mapping[str, str] | None = None, first: Rows | None = None
    ) -> AsyncIterator[Rows]:
        """All tickets of a search, by ascending id: each page asks for ids above the last one seen, so that
        tickets that come and go between the pages push nothing over a page's edge. `first`: the first page,
        already read."""
        last, page = 0, 1
        while True:
            rows = first or await self.page(query, params, above=last, page=page)
            first = None
            yield rows
            if not rows.more:
                return
            ids = [found for item in rows.items if (found := row_id(item)) is not None]
            last, page = (max(ids), 1) if ids else (last, page + 1)

    async def page(
        self, query: str, params: Mapping[str, str] | None = None, *, above: int = 0, page: int = 1
    ) -> Rows:
        """One page of a search, of the tickets with an id above `above`."""
        answer = await self.session.get(
            "tickets",
            {
                "query": both(f"id > {above}", f"({query})" if query else ""),
                "orderby": "id",
                "order": "ASC",
                "per_page": str(PER_PAGE),
                "page": str(page),
                **(params or {}),
            },
        )
        found = answer.decode(Listing)
        return Rows(found.items, _total(found), answer.began_at, found.next_page is not None)

    async def count(self, query: str) -> int:
        """How many tickets match, as RT counts them."""
        answer = await self.session.get("tickets", {"query": query, "per_page": "1"})
        return _total(answer.decode(Listing))

    # ------------------------------------------------------------ other collections

    async def listing(
        self, path: str, where: Sequence[tuple[str, str, Any]], params: Mapping[str, str]
    ) -> AsyncIterator[tuple[list[msgspec.Raw], int]]:
        """Pages of a collection by ascending id, each with when its request began.

        `where`: (field, operator, value); several on one field are alternatives, different fields must all
        hold. Nothing that `where` lets through may be hidden from the account (see above)."""
        limits = [
            {"field": field, "operator": operator, "value": value, "entry_aggregator": "OR"}
            for field, operator, value in where
        ]
        page = 1
        while True:
            query = {"query": json.dumps(limits)} if limits else {}
            answer = await self.session.get(
                path, {**query, "orderby": "id", "per_page": str(PER_PAGE), "page": str(page), **params}
            )
            items = answer.decode(Listing).items
            yield items, answer.began_at
            if len(items) < PER_PAGE:
                return
            page += 1

    # ------------------------------------------------------------ users

    async def me(self) -> User:
        """The token's user: RT has no "who am I", but a token's second part is its user's id.

        Raises `Unauthorized` where the token is refused or has another form.
        """
        if self._me is None:
            number = self._token.split("-")[1:2]
            if not number or not number[0].isdigit():
                raise Unauthorized(
                    "the token is not one of Request Tracker's, which look like 1-27-29441367f08e…",
                    hint="Make one in RT: Logged in as … > Settings > Auth Tokens.",
                )
            self._me = (await self.session.get(f"user/{number[0]}")).decode(User)
        return self._me

    async def user(self, name: str) -> User | None:
        """A user by name, remembered; `None` when RT does not show him."""
        if name not in self._users:
            try:
                answer = await self.session.get(f"user/{quote_path(name, safe='@')}")
                self._users[name] = answer.decode(User)
            except (NotThere, Forbidden):
                self._users[name] = None
        return self._users[name]

    def is_staff(self, name: str) -> bool:
        """Whether the settings (`staff`) count that user, or everybody of that mail domain, as staff."""
        who = name.casefold()
        return who in self._staff or ("@" in who and f"@{who.rpartition('@')[2]}" in self._staff)

    async def sees_phones(self) -> bool:
        """Whether users' private fields are shown to this account; told by RT's own user, whom all may see."""
        user = await self.user(SYSTEM)
        return user is not None and user.disabled is not None

    async def speaker(self, name: str) -> Speaker:
        """Who it is that wrote: privileged users are staff, the others customers, RT itself the system."""
        if name == SYSTEM:
            return "system"
        if self.is_staff(name):
            return "staff"
        user = None if name == NOBODY else await self.user(name)
        if user is None or user.privileged is None:
            return "unknown"
        return "staff" if str(user.privileged) == "1" else "customer"

    # ------------------------------------------------------------ what a status means

    async def is_closed(self, ticket: Ticket) -> bool:
        """Whether the ticket's status is inactive in its queue's lifecycle: learned from searches, else asked."""
        role = ticket.role
        if role not in self.closed:
            lifecycle, status = role
            which = both(f"Lifecycle={quote(lifecycle)}" if lifecycle else "", f"Status={quote(status)}")
            if await self.count(both(which, CLOSED)):
                self.closed[role] = True
            elif await self.count(both(which, OPEN)):
                self.closed[role] = False
            else:  # deleted ones are in no search; or the ticket has just moved on
                return status in _DEFAULT_CLOSED
        return self.closed[role]

    def closes(self, lifecycle: str, status: str) -> bool:
        """Whether a status closes, as far as known without asking."""
        return self.closed.get((lifecycle, status), status in _DEFAULT_CLOSED)

    # ------------------------------------------------------------ zones

    async def zone(self) -> Zone:
        """How RT reads dates in queries of this token: in the user's zone, else in the server's, which is
        found out by asking for a ticket whose creation is known."""
        if self._zone is None:
            self._zone = named_zone((await self.me()).timezone) or await self._probed()
        return self._zone

    async def _probed(self) -> Zone:
        """The server's offset, to two hours, by bisection (5 requests); any zone, where no ticket is seen.

        What it is read as too early costs at most a page or two."""
        answer = await self.session.get(
            "tickets",
            {"query": "id > 0", "orderby": "id", "order": "DESC", "per_page": "1", "fields": "Created"},
        )
        items = answer.decode(Listing).items
        if not items:
            return ANY_ZONE
        row = msgspec.json.decode(items[0], type=dict[str, Any])
        created = seconds(str(row["Created"]))
        if created is None:
            return ANY_ZONE
        low, high = (
            0,
            13,
        )  # the first step at which "created later" is false: then it is not less than the offset
        while low < high:
            middle = (low + high) // 2
            shown = at_offset(created, _WEST + middle * _STEP)
            later = await self.count(f"id={int(row['id'])} AND Created > '{shown}'")
            low, high = (middle + 1, high) if later else (low, middle)
        return near_offset(_WEST + (low - 1) * _STEP)


def _total(found: Listing) -> int:
    if found.total is None:
        raise Unreadable(
            "Request Tracker does not say how many tickets there are, and its lists may have gaps",
            hint="Its setting UseSQLForACLChecks is off, and the account does not have ShowTicket everywhere.",
        )
    return found.total


def row_id(item: msgspec.Raw) -> int | None:
    """The id of a row whose rest may be odd."""
    try:
        return int(msgspec.json.decode(item, type=_Id).id)
    except (msgspec.DecodeError, ValueError):
        return None


class _Id(msgspec.Struct, frozen=True):
    id: str | int


def odd(stream: str, item: msgspec.Raw, place: str, error: Exception, ticket_id: str | None = None) -> Odd:
    """A record that could not be read, for the quarantine. `place` names it where it has no id."""
    problem, _, path = str(error).partition(" - at ")
    found = row_id(item)
    return Odd(
        stream=stream,
        record_id=place if found is None else str(found),
        path=path.strip("`") or "$",
        problem=problem,
        ticket_id=ticket_id or (str(found) if found is not None and stream == "tickets" else None),
    )
