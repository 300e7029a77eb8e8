"""Scopes at ConnectWise PSA: their names as active ids, and what to ask for to get their tickets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.connectwise.api import quoted
from connectors.connectwise.choices import MemberRow, NamedRow, SwitchedRow, rows_of
from connectors.contract import Resolved, Scope, UnknownName
from connectors.unknown import unknown_name

if TYPE_CHECKING:
    from connectors.connectwise.api import Api


async def resolve(api: Api, scope: Scope, technician: str) -> Resolved:
    """The scope's name as an active id; raises `UnknownName` that lists near names. A board or team may also be
    named by its id."""
    match scope.kind:
        case "all":
            return Resolved(scope, None, None)
        case "mine" | "owner":
            who = await member(api, technician if scope.kind == "mine" else scope.name or "")
            return Resolved(scope, str(who.id), who.identifier)
        case "board":
            boards = await rows_of(api, "/service/boards", SwitchedRow)
            return _named(scope, "board", boards, [row for row in boards if not row.inactive_flag])
        case "team":
            teams = await rows_of(api, "/service/teams", NamedRow)
            return _named(scope, "team", teams, teams)


async def member(api: Api, identifier: str) -> MemberRow:
    """The active member with that identifier, exactly but for case. Raises `UnknownName`."""
    rows = await rows_of(api, "/system/members", MemberRow, f"identifier={quoted(identifier)}")
    found = next((row for row in rows if row.identifier.casefold() == identifier.casefold()), None)
    if found is None:
        everybody = await rows_of(api, "/system/members", MemberRow)
        active = [row.identifier for row in everybody if not row.inactive_flag]
        raise unknown_name("ConnectWise", "active member", identifier, active)
    if found.inactive_flag:
        raise UnknownName(
            f"the member “{found.identifier}” is inactive in ConnectWise",
            hint="Set `technician` or `scope` to somebody who is active.",
        )
    return found


def condition(scope: Resolved) -> str:
    """Conditions that bring the scope's tickets, and perhaps a few more: `resources contains` is a substring
    match (inferred), so `Resolved.holds` decides afterwards. Empty for all."""
    match scope.scope.kind:
        case "all":
            return ""
        case "board" | "team" as kind:
            return f"{kind}/id={scope.id}"
        case _:
            return f"(owner/id={scope.id} or resources contains {quoted(scope.name or '')})"


def _named(
    scope: Scope, what: str, rows: Iterable[NamedRow | SwitchedRow], active: Iterable[NamedRow | SwitchedRow]
) -> Resolved:
    wanted = (scope.name or "").strip()
    usable = list(active)
    found = [row for row in usable if row.name.casefold() == wanted.casefold()]
    found = found or [row for row in usable if str(row.id) == wanted]
    if len(found) == 1:
        return Resolved(scope, str(found[0].id), found[0].name)
    if found:
        ids = ", ".join(str(row.id) for row in found)
        raise UnknownName(
            f"{len(found)} {what}s are called “{wanted}”",
            hint=f"Name the one you mean by its id in `scope`: {ids}.",
        )
    if any(row.name.casefold() == wanted.casefold() for row in rows):
        raise UnknownName(
            f"the {what} “{wanted}” is inactive in ConnectWise", hint="Set `scope` to an active one."
        )
    raise unknown_name("ConnectWise", f"active {what}", wanted, [row.name for row in usable])
