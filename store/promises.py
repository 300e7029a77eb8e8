"""What stands behind `→` on a row: what one key would do to it, and what that rests on.

Beside billing codes (`store.suggestions`) these are facts of the PSA that the ticket lacks: the phone number and the
mail address of its contact's card, the company's one active agreement, a child's status for a ticket that has a
parent, the flag after somebody has answered. The same cache gives the same promises. What this PSA's API does not
take is not promised; what belongs to another company never is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from connectors.contract import Capabilities
from store.promise import Part, Promise
from store.read_states import capabilities_of
from store.settings import Connection, Settings
from store.suggestions_read import Histories

Key = tuple[str, str]
ByKey = Callable[[str, Sequence[Key]], Iterator[sqlite3.Row]]
"""Runs a query whose `{keys}` stands for "is one of these tickets"."""
Need = tuple[str, str, str, tuple[str, ...]]
"""Connection, ticket id, kind, and what its reasons are about: fields for `missing_fields`, else their codes."""

_CARD = {"contact_phone": "phone", "contact_email": "email"}


class Promises:
    """Makes promises for rows. One lives as long as its reader: histories are kept from round to round."""

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        """`now`: UTC seconds, for agreements that end."""
        self._settings = settings
        self._now = now
        self._histories = Histories()

    def of(
        self, db: sqlite3.Connection, needs: Iterable[Need], by_key: ByKey
    ) -> dict[tuple[str, str, str], Promise]:
        """(connection, ticket id, kind) -> its promise, for those that have one."""
        found: dict[tuple[str, str, str], Promise] = {}
        for name, some in groupby(sorted(needs), lambda need: need[0]):
            connection = self._settings.connections.get(name)
            if connection is None:
                continue
            row = db.execute(
                "SELECT capabilities FROM connection_state WHERE connection = ?", (name,)
            ).fetchone()
            can = capabilities_of(row[0]) if row is not None else None
            if can is not None and can.writes:
                one = _OfConnection(db, connection, can, by_key, int(self._now()))
                found |= one.promises(list(some), self._codes)
        return found

    def code_of(self, db: sqlite3.Connection, connection: str, ticket_id: str) -> Part | None:
        """The suggested code of one ticket, whether or not it lacks one."""
        found = self._codes(db, connection, [ticket_id]).get(ticket_id)
        return None if found is None else found.parts[0]

    def _codes(self, db: sqlite3.Connection, connection: str, ids: Sequence[str]) -> dict[str, Promise]:
        count, share = self._settings.strong_count, self._settings.strong_share
        said = self._histories.suggestions(db, connection, ids, count=count, share=share)
        return {
            ticket_id: Promise(
                (Part("billing_code", one.code.id, one.code.name, one.because, one.strength, one.agree, one.alike),)
            )
            for ticket_id, one in said.items()
        }  # fmt: skip


class _OfConnection:
    """The promises of one connection's rows, from few queries."""

    def __init__(
        self, db: sqlite3.Connection, connection: Connection, can: Capabilities, by_key: ByKey, now: int
    ) -> None:
        self.db, self.connection, self.can, self.by_key = db, connection, can, by_key
        self.today = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")

    def promises(
        self, needs: list[Need], codes: Callable[[sqlite3.Connection, str, Sequence[str]], dict[str, Promise]]
    ) -> dict[tuple[str, str, str], Promise]:
        name = self.connection.name
        found: dict[tuple[str, str, str], Promise] = {}
        coded = [ticket_id for _, ticket_id, kind, _ in needs if kind == "billing_code"]
        if coded and self.can.writes & {"billing_code", "entry_code"}:
            for ticket_id, promise in codes(self.db, name, coded).items():
                found[name, ticket_id, "billing_code"] = promise
        others = [need for need in needs if need[2] != "billing_code"]
        lacking = {need[1]: need[3] for need in others if need[2] == "missing_fields"}
        for ticket_id, parts in self._fields(lacking).items():
            found[name, ticket_id, "missing_fields"] = Promise(parts)
        children = [need[1] for need in others if need[2] == "orphaned" and need[3] == ("not_child_status",)]
        for ticket_id, part in self._child_statuses(children).items():
            found[name, ticket_id, "orphaned"] = Promise((part,))
        if self.can.writes & {"customer_flag", "status"}:
            for _, ticket_id, kind, about in others:
                if "flag_set_answered" in about:
                    part = Part("clear_flag", "", "clear the flag", "a colleague or you answered")
                    found[name, ticket_id, kind] = Promise((part,))
        return found

    # ------------------------------------------------------------ missing fields

    def _fields(self, lacking: dict[str, tuple[str, ...]]) -> dict[str, tuple[Part, ...]]:
        """What the contact's card and the company's agreements have for tickets that lack it."""
        keys = [(self.connection.name, ticket_id) for ticket_id in lacking]
        tickets = [] if not keys else list(
            self.by_key(
                "SELECT connection, ticket_id, company_id, contact_id, contact_email FROM v_ticket WHERE {keys}",
                keys,
            )
        )  # fmt: skip
        cards = self._cards([row["contact_id"] for row in tickets if row["contact_id"]])
        wanting = {row["company_id"] for row in tickets if "agreement" in lacking[row["ticket_id"]]} - {None}
        agreements = self._only_agreements(wanting)
        found: dict[str, tuple[Part, ...]] = {}
        for row in tickets:
            parts = []
            for field in lacking[row["ticket_id"]]:
                if field not in self.can.writes or field not in self.can.fields:
                    continue
                if field in self.can.on_the_card:
                    continue  # what the ticket lacks is what the card lacks: there is nothing to suggest it from
                part = None
                if field in _CARD:
                    contact, company = row["contact_id"] or "", row["company_id"] or ""
                    card = cards.get((contact, company), cards.get((contact, "")))
                    value = card[_CARD[field]] if card is not None else None
                    part = Part(field, value, value, "contact card") if value else None
                elif field == "agreement" and row["company_id"] in agreements:
                    id, label = agreements[row["company_id"]]
                    part = Part(field, id, label, "the only active one")
                if part is not None:
                    parts.append(part)
            if parts:
                found[row["ticket_id"]] = tuple(parts)
        return found

    def _cards(self, ids: Sequence[str]) -> dict[tuple[str, str], sqlite3.Row]:
        """(contact, company) -> the card: that of another company's contact is not the ticket's. Company "": the PSA
        does not say whose."""
        found = {}
        for some in _chunks(list(dict.fromkeys(ids))):
            for row in self.db.execute(
                "SELECT id, company_id, phone, email FROM choice WHERE connection = ? AND kind = 'contact'"
                f" AND active AND id IN ({_marks(some)})",
                [self.connection.name, *some],
            ):
                found[row["id"], row["company_id"]] = row
        return found

    def _only_agreements(self, companies: set[Any]) -> dict[str, tuple[str, str]]:
        """Company -> id and name of its agreement, where exactly one is active today."""
        valid: dict[str, list[tuple[str, str]]] = {}
        for some in _chunks(sorted(companies)):
            for row in self.db.execute(
                "SELECT id, name, company_id, ends_on, starts_on FROM choice WHERE connection = ?"
                f" AND kind = 'agreement' AND active AND NOT cancelled AND company_id IN ({_marks(some)})",
                [self.connection.name, *some],
            ):
                begun = not row["starts_on"] or row["starts_on"][:10] <= self.today
                if begun and (not row["ends_on"] or row["ends_on"][:10] >= self.today):
                    valid.setdefault(row["company_id"], []).append((row["id"], row["name"]))
        return {company: found[0] for company, found in valid.items() if len(found) == 1}

    # ------------------------------------------------------------ children

    def _child_statuses(self, ids: list[str]) -> dict[str, Part]:
        """The first child status of the settings that the ticket's board has and that does not close."""
        if not ids or "status" not in self.can.writes:
            return {}
        closing = {name.casefold() for name in self.connection.closed_statuses}
        names = [name.casefold() for name in self.connection.child_statuses]
        by_board: dict[str, dict[str, tuple[str, str]]] = {}
        for row in self.db.execute(
            "SELECT id, name, board_id FROM choice WHERE connection = ? AND kind = 'status' AND active AND NOT closed",
            [self.connection.name],
        ):
            if row["name"].casefold() in names and row["name"].casefold() not in closing:
                by_board.setdefault(row["board_id"], {})[row["name"].casefold()] = (row["id"], row["name"])
        found = {}
        keys = [(self.connection.name, ticket_id) for ticket_id in ids]
        for row in self.by_key("SELECT connection, ticket_id, board_id FROM v_ticket WHERE {keys}", keys):
            there = by_board.get("", {}) | by_board.get(row["board_id"] or "", {})
            first = next((there[name] for name in names if name in there), None)
            if first is not None:
                found[row["ticket_id"]] = Part("status", first[0], first[1], "it has a parent")
        return found


def _chunks(values: list[Any], size: int = 400) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)
