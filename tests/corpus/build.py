"""Puts the cases of all groups, and a background of healthy tickets, into one real cache."""

from __future__ import annotations

import importlib
import importlib.util
import random as randoms
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import insert
from sqlmodel import SQLModel

from store.database import Databases
from store.journal_models import JournalTable
from store.models import (
    CacheTable,
    ChoiceRow,
    ConnectionState,
    Note,
    StatusRole,
    Ticket,
    TicketCustom,
    TicketParent,
    TimeEntry,
)
from store.settings import Settings
from tests.corpus import healthy
from tests.corpus.background import background
from tests.corpus.case import MAIN, NOW, Case, Group, Planted

GROUPS = ("first", "late", "money", "mixed")
"""Modules of cases beside this one."""

SHARED = "acme"
"""The connection in which cases stand beside each other and among the background."""

ALONE = ("owner_absent",)
"""Kinds that look at a person's whole day: each of their cases has a connection of its own."""

OF_ONE_DAY = ("time_gap",)
"""Kinds whose cases are one day of the technician's: together they have a connection of their own."""

FIRST_NUMBER = 1_000_000


@dataclass
class Corpus:
    """What was put where, and what is to come of it."""

    settings: Settings
    cases: list[tuple[Case, str, dict[str, str]]] = field(default_factory=list)
    """A case, its connection, and its tickets' ids by their names."""
    healthy: list[str] = field(default_factory=list)
    """Ids of the background, all of `SHARED`."""


def gathered(seed: int) -> tuple[list[Case], list[str]]:
    """The cases of all groups that there are, and the names of the groups that are missing."""
    cases: list[Case] = []
    missing = []
    for name in GROUPS:
        if importlib.util.find_spec(f"tests.corpus.{name}") is None:
            missing.append(name)
            continue
        group: Group = importlib.import_module(f"tests.corpus.{name}")
        cases += group.cases(randoms.Random(f"{seed}:{name}"))
    return cases, missing


def build(databases: Databases, cases: Iterable[Case], *, seed: int, healthy_tickets: int) -> Corpus:
    """Fills the empty databases. Raises `ValueError` for a case that names a ticket or column that there is not."""
    cases = list(cases)
    random = randoms.Random(f"{seed}:healthy")
    limits: dict[str, dict[str, Any]] = {}
    for case in cases:
        for kind, wanted in case.settings.items():
            for key, value in wanted.items():
                if limits.setdefault(kind, {}).setdefault(key, value) != value:
                    raise ValueError(
                        f"Cases want rules.{kind}.{key} set to two values; the last is {case.name}."
                    )
    places = [_place(case, place) for place, case in enumerate(cases)]
    corpus = Corpus(healthy.shop([SHARED, *sorted(set(places) - {SHARED})], limits))
    rows = Rows()
    number = FIRST_NUMBER
    for place, (case, connection) in enumerate(zip(cases, places, strict=True)):
        if MAIN in case.others:
            raise ValueError(f'{case.name}: "{MAIN}" is the case\'s own ticket.')
        # The case's own ticket comes last: of two of one moment it is the younger one by its id.
        tickets = {**case.others, MAIN: case.ticket}
        ids = {name: str(number + step) for step, name in enumerate(tickets)}
        number += len(tickets)
        for name, planted in tickets.items():
            rows.ticket(connection, planted, ids, name, place, random)
        for choice in case.choices:
            rows.choice(connection, choice, place)
        corpus.cases.append((case, connection, ids))
    for planted in background(random, healthy_tickets):
        ids = {name: str(number + step) for step, name in enumerate(planted)}
        number += len(planted)
        for name, one in planted.items():
            rows.ticket(SHARED, one, ids, name, number, random)
        corpus.healthy += ids.values()
    for connection in corpus.settings.connections.values():
        rows.connection(connection.name)
    rows.put(databases)
    return corpus


def _place(case: Case, number: int) -> str:
    if case.kind in ALONE:
        return f"case-{number}"
    return case.kind.replace("_", "-") if case.kind in OF_ONE_DAY else SHARED


class Rows:
    """Rows by table, complete with the tables' defaults."""

    def __init__(self) -> None:
        tables = (CacheTable, JournalTable)
        self._models: dict[str, type[SQLModel]] = {
            mapper.class_.__tablename__: mapper.class_
            for base in tables
            for mapper in base._sa_registry.mappers
        }
        self._rows: dict[str, dict[Any, dict[str, Any]]] = {}
        self._tickets: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, model: type[SQLModel], row: dict[str, Any]) -> None:
        """A row; the first one with its key stays."""
        fields = model.model_fields
        if strange := set(row) - set(fields):
            raise ValueError(f"{model.__tablename__} has no column {', '.join(sorted(strange))}.")
        whole = {name: info.default for name, info in fields.items() if not info.is_required()} | row
        if lacks := set(fields) - set(whole):
            raise ValueError(f"A row of {model.__tablename__} lacks {', '.join(sorted(lacks))}.")
        table = model.__table__  # type: ignore[attr-defined]
        key = tuple(whole[column.name] for column in table.primary_key)
        self._rows.setdefault(str(model.__tablename__), {}).setdefault(key, whole)

    def ticket(
        self,
        connection: str,
        planted: Planted,
        ids: dict[str, str],
        name: str,
        case: int,
        random: randoms.Random,
    ) -> None:
        """A ticket with all that hangs on it. Ids of companies, contacts … are the case's own."""
        if strange := [parent for parent in planted.parents if parent not in ids]:
            raise ValueError(f"There is no ticket {strange[0]} in the case of {ids}.")
        row = healthy.ticket(planted, int(ids[name]), case, random)
        about = {"connection": connection, "ticket_id": ids[name]}
        for choice in healthy.choices(row, planted.values):
            self.choice(connection, choice, case)
        for note in healthy.notes(planted, row, random):
            self.add(Note, about | note)
        for entry in healthy.time(planted, row):
            self.add(TimeEntry, about | entry)
        for field_name, value in planted.custom.items():
            self.add(TicketCustom, {**about, "name": field_name, "value": value})
        for parent in planted.parents:
            self.add(TicketParent, {**about, "parent_id": ids[parent]})
        for table, further in planted.rows.items():
            for one in further:
                fields = self._models[table].model_fields
                self.add(self._models[table], {k: v for k, v in about.items() if k in fields} | one)
        for key in ("company_id", *(f"{kind}_id" for kind in healthy.OF_A_COMPANY)):
            row[key] = _own(row[key], case)
        row["parent_id"] = None
        row["connection"] = connection
        self.add(Ticket, row)
        self._tickets[connection, ids[name]] = next(reversed(self._rows["ticket"].values()))

    def choice(self, connection: str, choice: dict[str, Any], case: int) -> None:
        """A choice as a case or a healthy ticket has it."""
        row = {"connection": connection, **choice}
        if row["kind"] in healthy.OF_A_COMPANY:
            row |= {"id": _own(row["id"], case), "company_id": _own(row.get("company_id"), case) or ""}
        self.add(ChoiceRow, row)

    def connection(self, name: str) -> None:
        """What the shop's settings and its PSA make of a connection."""
        for role in ("child", "responded", "closing", "waiting"):
            for status in healthy.STATUSES[f"{role}_statuses"]:
                self.add(StatusRole, {"connection": name, "role": role, "status": status.casefold()})
        offers = msgspec.json.encode(healthy.CAPABILITIES).decode()
        self.add(
            ConnectionState,
            {
                "connection": name,
                "member": healthy.ME,
                "member_id": "7",
                "capabilities": offers,
                "synced_at": NOW,
            },
        )

    def put(self, databases: Databases) -> None:
        """All rows into the tables."""
        self._choose_parents()
        cache = {model.__tablename__ for model in self._models.values() if issubclass(model, CacheTable)}
        with databases.cache.begin() as into_cache, databases.journal.begin() as into_journal:
            for table, rows in self._rows.items():
                into = into_cache if table in cache else into_journal
                into.execute(insert(self._models[table]), list(rows.values()))

    def _choose_parents(self) -> None:
        """`parent_id`: the lowest open parent, else the lowest."""
        links: dict[tuple[str, str], list[str]] = {}
        for row in self._rows.get("ticket_parent", {}).values():
            links.setdefault((row["connection"], row["ticket_id"]), []).append(row["parent_id"])
        for (connection, id), parents in links.items():
            known = [(parent, self._tickets[connection, parent]) for parent in parents]
            opened = [parent for parent, row in known if not row["closed"] and row["presence"] == "here"]
            self._tickets[connection, id]["parent_id"] = min(opened or parents, key=int)


def _own(id: str | None, case: int) -> str | None:
    """An id that is the case's own; nothing stays nothing."""
    return f"{id}.{case}" if id else id
