"""Scopes at HaloPSA: their names as active agents and teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.contract import ChoiceContext, Resolved, Scope, UnknownName
from connectors.unknown import unknown_name

if TYPE_CHECKING:
    from connectors.halopsa.lookups import AgentRow, Lookups


async def resolve(lookups: Lookups, scope: Scope, technician: str) -> Resolved:
    """The scope's name as an active agent or team; raises `UnknownName` that lists near names.

    `board:` and `team:` are the same here: Halo's teams. Tickets carry a team's name and no id of it.
    """
    if scope.kind == "all":
        return Resolved(scope, None, None)
    if scope.kind in ("mine", "owner"):
        who = await agent(lookups, technician if scope.kind == "mine" else scope.name or "")
        return Resolved(scope, str(who.id), who.name)
    wanted = (scope.name or "").strip()
    teams = await lookups.choices("team", ChoiceContext())
    found = next((team for team in teams if team.name.casefold() == wanted.casefold()), None)
    if found is None:
        raise unknown_name("HaloPSA", "active team", wanted, [team.name for team in teams])
    return Resolved(scope, found.id, found.name)


async def agent(lookups: Lookups, wanted: str) -> AgentRow:
    """The active agent with that name, mail address or id. Raises `UnknownName`."""
    rows = [row for row in await lookups.agents() if row.id > 0]
    key = wanted.strip().casefold()
    found = [row for row in rows if row.name.casefold() == key]
    found = found or [row for row in rows if key and (row.email or "").casefold() == key]
    found = found or [row for row in rows if str(row.id) == key]
    active = [row for row in found if not row.isdisabled]
    if len(active) > 1:
        ids = ", ".join(str(row.id) for row in active)
        raise UnknownName(f"{len(active)} agents are called “{wanted}”", hint=f"Name one by its id: {ids}.")
    if active:
        return active[0]
    if found:
        raise UnknownName(
            f"the agent “{found[0].name}” is disabled in HaloPSA",
            hint="Set `technician` or `scope` to somebody who is active.",
        )
    raise unknown_name("HaloPSA", "active agent", wanted, [row.name for row in rows if not row.isdisabled])
