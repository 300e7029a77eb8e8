"""How much everybody has, beside their name in the picker of `w`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from connectors.contract import Scope
from store.shown import Load
from tui.asks import Item

TELLS_OTHERS = ("all", "board", "team")
"""Scopes whose cache holds more than one person's tickets."""


def with_loads(items: Sequence[Item], loads: Sequence[Load], connection: str, scope: Scope) -> list[Item]:
    """Owners with the open tickets and the rows to zero that the cache holds of each. With a scope of one person's
    tickets nothing is known of the others, and nothing is said."""
    if scope.kind not in TELLS_OTHERS:
        return list(items)
    people = [load for load in loads if load.shown.kind == "owner"]
    by_id = {key: load for load in people for key in load.ids}
    by_name = {load.shown.name.casefold(): load for load in people}
    told = []
    for item in items:
        load = by_id.get((connection, item.key)) or by_name.get(item.label.casefold())
        amount = f"{load.open} open, {load.must} to zero" if load is not None else "nothing open"
        told.append(replace(item, detail=f"{item.detail} · {amount}" if item.detail else amount))
    return told


def load_hint(connection: str, scope: Scope) -> str:
    """Of what the numbers are, or why there are none."""
    if scope.kind == "all":
        return ""
    if scope.kind in TELLS_OTHERS:
        return f"The numbers are of the {scope.kind} {scope.name} alone: that is what the cache holds."
    whose = "your own" if scope.kind == "mine" else f"{scope.name}'s"
    return (
        f"How much others have is not known: the cache holds only {whose} tickets "
        f"(scope in [connections.{connection}])."
    )
