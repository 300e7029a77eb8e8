"""Scopes at Autotask: their names as active ids, and the conditions that bring their tickets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from connectors.autotask.api import Filter, any_of, batches, where
from connectors.contract import Resolved, Scope, UnknownName
from connectors.unknown import unknown_name

if TYPE_CHECKING:
    from connectors.autotask.names import Names, ResourceRow


async def resolve(names: Names, scope: Scope, technician: str) -> Resolved:
    """The scope's name as an active id; raises `UnknownName` that lists near names. A board is a queue."""
    match scope.kind:
        case "all":
            return Resolved(scope, None, None)
        case "mine" | "owner":
            await names.load_resources()
            who = resource(names.resources.values(), technician if scope.kind == "mine" else scope.name or "")
            return Resolved(scope, str(who.id), who.login)
        case "team":
            raise UnknownName(
                "Autotask has no teams of tickets",
                hint="Set `scope` to mine, owner:<name>, board:<queue> or all.",
            )
        case "board":
            queues = (await names.picks("Tickets")).get("queueid", [])
            wanted = (scope.name or "").strip()
            found = [one for one in queues if one.label.casefold() == wanted.casefold()]
            found = found or [one for one in queues if one.value == wanted]
            active = [one for one in found if one.is_active is not False]
            if len(active) == 1:
                return Resolved(scope, active[0].value, active[0].label)
            if active:
                ids = ", ".join(one.value for one in active)
                raise UnknownName(
                    f"{len(active)} queues are called “{wanted}”",
                    hint=f"Name the one you mean by its id in `scope`: {ids}.",
                )
            if found:
                raise UnknownName(
                    f"the queue “{wanted}” is inactive in Autotask", hint="Set `scope` to an active one."
                )
            raise unknown_name(
                "Autotask",
                "active queue",
                wanted,
                [one.label for one in queues if one.is_active is not False],
            )


def resource(known: Iterable[ResourceRow], wanted: str) -> ResourceRow:
    """The active resource with that user name, mail address or id. Raises `UnknownName`."""
    everybody = list(known)
    found = [one for one in everybody if one.is_called(wanted)]
    active = [one for one in found if one.is_active is not False]
    if len(active) == 1:
        return active[0]
    if active:
        ids = ", ".join(str(one.id) for one in active)
        raise UnknownName(
            f"{len(active)} resources are called “{wanted}”", hint=f"Name one by its id: {ids}."
        )
    if found:
        raise UnknownName(
            f"the resource “{found[0].login}” is inactive in Autotask",
            hint="Set `technician` or `scope` to somebody who is active.",
        )
    if not everybody:
        raise UnknownName(
            "Autotask shows no resources at all",
            hint="A security level that is too low gives empty lists: the API user needs “API User (API-only)”.",
        )
    raise unknown_name(
        "Autotask", "active resource", wanted, [one.login for one in everybody if one.is_active is not False]
    )


def conditions(scope: Resolved, secondary: Iterable[int]) -> list[Filter | None]:
    """Conditions each of which brings a part of the scope's tickets, all of them together every one; `None` brings all.
    `secondary`: tickets that the resource has besides the first one assigned."""
    match scope.scope.kind:
        case "all":
            return [None]
        case "board":
            return [where("eq", "queueID", int(scope.id or 0))]
        case _:
            first = where("eq", "assignedResourceID", int(scope.id or 0))
            parts = batches(sorted(secondary))
            if not parts:
                return [first]
            head = any_of(first, where("in", "id", parts[0]))
            return [head, *(where("in", "id", part) for part in parts[1:])]
