"""What `verify()` asks HaloPSA: who we are, what we may, and what no documentation establishes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from connectors.contract import ChoiceContext, Forbidden, Identity, NotThere, UnknownName, Unreadable
from connectors.halopsa.read import understood
from connectors.halopsa.scope import agent
from connectors.halopsa.wire import TicketRow, seconds

if TYPE_CHECKING:
    from connectors.halopsa import Options
    from connectors.halopsa.api import Api
    from connectors.halopsa.lookups import AgentRow, Lookups

_LISTS = (
    ("statuses", "Status", "status"),
    ("teams", "Team", "team"),
    ("priorities", "Priority", "priority"),
    ("ticket types", "TicketType", "type"),
)
_PAGED = (("agreements", "ClientContract"), ("contacts", "Users"), ("sites", "Site"))
_OUTCOMES = {
    "reply_outcome": re.compile(
        r"(e-?mail|reply to|respond to|update) (end[ -])?(user|customer|client)", re.I
    ),
    "note_outcome": re.compile(r"(private|internal) note", re.I),
}


class _Me(msgspec.Struct, frozen=True):
    id: int = 0
    name: str = ""


class _Tickets(msgspec.Struct, frozen=True):
    tickets: list[TicketRow] = []


class _Named(msgspec.Struct, frozen=True):
    id: int
    name: str = msgspec.field(default="", name="outcome")


async def verify(api: Api, lookups: Lookups, options: Options) -> Identity:
    """Real requests: reach, credentials, the technician, rights (read only), dates, charge rates, outcomes."""
    sample = (
        await api.get(
            "/Tickets",
            {"pageinate": "true", "page_size": "1", "page_no": "1", "order": "id", "orderdesc": "true"},
        )
    ).decode(_Tickets)
    who = await agent(lookups, options.technician)
    acts_as, acting = await _acting(api, who)
    notes = [acting, await _dates(api, sample.tickets)]
    missing = await _missing(api, lookups)
    found: dict[str, str] = {}
    try:
        number = await lookups.find_charges()
        if options.charge_lookup is None:
            found["charge_lookup"] = str(number)
        await lookups.charges()
    except UnknownName as error:
        notes.append(f"{error}: {error.hint}")
    except (Forbidden, NotThere):
        missing.append(("billing codes", "permission to read “Lookup”"))
    more, told = await _outcomes(api, options)
    found |= more
    notes += told
    for row in sample.tickets:
        await lookups.ticket_type(row.tickettype_id or 0)
    if lookups.without_types:
        missing.append(("the status that says the customer responded", "permission to read “TicketType”"))
    if options.note_moves_ticket is None:
        notes.append(
            "Whether an action moves a ticket's last update is not established: conversations are read more often"
            " (note_moves_ticket = true or false once it is known)."
        )
    if not options.detach_parent:
        notes.append(
            "Taking a ticket from its parent is not offered (detach_parent = true once it is known to work)."
        )
    notes.append("Rights to write cannot be tried without writing: Halo's refusal would be shown.")
    return Identity(
        member_id=str(who.id),
        member=who.name,
        name=who.name,
        version="unknown (its API does not say)",
        clock_ahead=round(api.session.clock_ahead, 1),
        timezone="UTC",
        writes_as=acts_as,
        missing=tuple(missing),
        notes=tuple(note for note in notes if note),
        found=found,
    )


async def _acting(api: Api, who: AgentRow) -> tuple[str | None, str]:
    """As whom the application writes, and the sentence on it where there is one to say."""
    try:
        me = (await api.get("/Agent/me")).decode(_Me)
    except (Forbidden, NotThere, Unreadable):
        return None, "Halo does not say as which agent this API application acts: set one at the application."
    if me.id != who.id:
        said = f"What deskzero writes carries the name of “{me.name}”, the agent of the API application."
        return me.name, said
    return who.name, ""


async def _dates(api: Api, tickets: list[TicketRow]) -> str:
    for row in tickets:
        when = seconds(row.last_update, "$.last_update", [])
        if when is not None:
            good = await understood(api, when, str(row.id))
            return (
                "“Changed since” is understood in UTC."
                if good
                else "“Changed since” is not understood in UTC: changes cannot be read one after the other."
            )
    return "There is no ticket to try dates on."


async def _missing(api: Api, lookups: Lookups) -> list[tuple[str, str]]:
    """(what cannot be read, the permission for it) for each list that answers 403."""
    found = []
    for what, area, kind in _LISTS:
        try:
            await lookups.choices(kind, ChoiceContext())
        except (Forbidden, NotThere):
            found.append((what, f"permission to read “{area}”"))
    for what, area in _PAGED:
        try:
            await api.get(f"/{area}", {"pageinate": "true", "page_size": "1", "page_no": "1"})
        except (Forbidden, NotThere):
            found.append((what, f"permission to read “{area}”"))
    return found


async def _outcomes(api: Api, options: Options) -> tuple[dict[str, str], list[str]]:
    """The actions that replies and notes are logged as, by name, where they are not set."""
    wanted = {key: one for key, one in _OUTCOMES.items() if getattr(options, key) is None}
    if not wanted:
        return {}, []
    try:
        rows = [msgspec.json.decode(raw, type=_Named) for raw in await api.listed("/Outcome", "outcomes")]
    except (Forbidden, NotThere, msgspec.ValidationError):
        rows = []
    found, notes = {}, []
    for key, pattern in wanted.items():
        fitting = [row for row in rows if pattern.fullmatch(row.name.strip())]
        if len(fitting) == 1:
            found[key] = str(fitting[0].id)
        else:
            notes.append(
                f"Which of Halo's actions deskzero should log as is not clear: set `{key}`, if Halo refuses to be"
                " written to without."
            )
    return found, notes
