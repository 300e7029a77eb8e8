"""What part of the cache a screen shows: a scope within the settings' own, and in which order.

The settings decide what is pulled and what the end of the day asks. A screen may show less of that: one colleague's
tickets, one board. Nothing here reaches beyond the cache.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from store.settings import Settings

ShownKind = Literal["mine", "owner", "board", "team"]


class Shown(msgspec.Struct, frozen=True):
    """A narrower scope. `name` as the PSA spells it; an owner without a name: tickets that nobody has."""

    kind: ShownKind
    name: str = ""

    def __str__(self) -> str:
        """`mine`, `owner:asmith`, `owner:` (nobody), as the settings would write it."""
        return self.kind if self.kind == "mine" else f"{self.kind}:{self.name}"

    @property
    def one_owner(self) -> bool:
        """Whether all its tickets are one person's."""
        return self.kind in ("mine", "owner")

    def sql(self) -> tuple[str, list[str]]:
        """A condition on `v_ticket t` and its parameters. A person's are those that the PSA's own scope would give:
        owner or resource (`connectors.records.Resolved.holds`)."""
        if self.kind == "mine":
            theirs = _resource("s.member")
            return (
                "EXISTS (SELECT 1 FROM connection_state s WHERE s.connection = t.connection"
                f" AND (t.owner_id = s.member_id OR (coalesce(s.member, '') <> '' AND {theirs})))",
                [],
            )
        if self.kind == "owner" and not self.name:
            return "trim(coalesce(t.owner, '')) = ''", []
        name = self.name.casefold()
        if self.kind == "owner":
            return f"(fold(coalesce(t.owner, '')) = ? OR {_resource('?')})", [name, name]
        return f"fold(coalesce(t.{self.kind}, '')) = ?", [name]


def _resource(name: str) -> str:
    return f"instr(',' || fold(coalesce(t.resources, '')) || ',', ',' || fold({name}) || ',') > 0"


class Load(msgspec.Struct, frozen=True):
    """How much one owner, board or team has of what the cache holds."""

    shown: Shown
    open: int
    """Open tickets."""
    must: int
    """Rows that count to zero, as the panes count them."""
    ids: frozenset[tuple[str, str]] = frozenset()
    """(connection, the PSA's id) of a person under this name."""


def loads(db: sqlite3.Connection, names: Sequence[str]) -> list[Load]:
    """Every owner, board and team with tickets in the scope of these connections; the fullest first.

    A ticket counts for its owner and for each of its resources, as it would in their own queue.
    """
    marks = ", ".join("?" for _ in names)
    must = {
        (row[0], row[1]): row[2]
        for row in db.execute(
            f"SELECT connection, ticket_id, sum(gate) FROM exception WHERE connection IN ({marks})"
            " GROUP BY connection, ticket_id HAVING sum(gate)",
            list(names),
        )
    }
    rows = db.execute(
        "SELECT t.connection, t.ticket_id, t.owner, t.owner_id, t.resources, t.board, t.team, t.is_closed"
        f" FROM v_ticket t WHERE t.connection IN ({marks}) AND t.in_scope AND t.presence = 'here'",
        list(names),
    )
    found: dict[tuple[ShownKind, str], _Sum] = {}
    for connection, ticket_id, owner, owner_id, resources, board, team, closed in rows:
        people = {name.casefold(): name for name in (resources or "").split(",") if name.strip()}
        owner = (owner or "").strip()
        people[owner.casefold()] = owner
        places: list[tuple[ShownKind, str]] = [("owner", name) for name in people.values()]
        places += [("board", board)] if board else []
        places += [("team", team)] if team else []
        for kind, name in places:
            one = found.setdefault((kind, name.casefold()), _Sum(name))
            one.open += not closed
            one.must += must.get((connection, ticket_id), 0)
            if kind == "owner" and name == owner and owner_id:
                one.ids.add((connection, owner_id))
    return sorted(
        (
            Load(Shown(kind, one.name), one.open, one.must, frozenset(one.ids))
            for (kind, _), one in found.items()
            if one.open or one.must
        ),
        key=lambda one: (-one.must, -one.open, str(one.shown)),
    )


class _Sum:
    def __init__(self, name: str) -> None:
        self.name, self.open, self.must = name, 0, 0
        self.ids: set[tuple[str, str]] = set()


def narrow(settings: Settings, names: Iterable[str]) -> list[str]:
    """What the cache does not hold, a sentence each with the setting to change; empty where it holds all."""
    said = []
    for name in names:
        scope = settings.connections[name].scope
        if scope.kind == "all":
            continue
        holds = {"mine": "only your own tickets", "owner": f"only {scope.name}'s tickets"}.get(
            scope.kind, f"only the {scope.kind} {scope.name}"
        )
        said.append(
            f"The cache holds {holds} of {name}. More: scope in [connections.{name}], "
            '"team:…", "board:…" or "all".'
        )
    return said


class Order(msgspec.Struct, frozen=True):
    """One order of a list."""

    name: str
    label: str
    sql: str = ""
    """What is sorted by first, on `v_ticket t`; empty: the panes' own order."""
    group: Literal["", "company", "owner", "board"] = ""
    """Rows of one of these stand together."""


def _named(column: str) -> str:
    """By a name, case ignored, those without one last."""
    return f"(trim(coalesce(t.{column}, '')) = '') || fold(coalesce(t.{column}, ''))"


ORDERS: tuple[Order, ...] = (
    Order("oldest", "oldest first"),
    Order("priority", "most urgent priority first", "coalesce(t.priority_rank, 1000000)"),
    Order("due", "due first", "coalesce(t.due_at, 1000000000000)"),
    Order("company", "by company", _named("company"), "company"),
    Order("owner", "by owner", _named("owner"), "owner"),
    Order("board", "by board", _named("board"), "board"),
)
"""The first is what every list begins with. Within one: what counts to zero first, then the oldest."""


BY_NAME = {one.name: one for one in ORDERS}
