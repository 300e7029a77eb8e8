"""Keeps the valid values of fields, so that pickers and names on the command line work offline."""

from __future__ import annotations

import logging

import msgspec
from sqlalchemy import Connection as Cache

from connectors.contract import (
    Choice,
    ChoiceContext,
    Connector,
    ConnectorError,
    Forbidden,
    NotThere,
    Rejected,
    Unreadable,
    Unsupported,
)
from store.cache_upkeep import mark
from store.cache_writes import upsert
from store.database import Databases
from store.models import ChoiceRow
from store.queue_sql import CLOSED_ROLE, PLAIN
from store.sync_round import Round

log = logging.getLogger(__name__)

DAY = 86400
HOUR = 3600

MOST_BOARDS = 40
"""Statuses are read a board at a time; beyond so many boards the rest is read when a picker asks."""

ALONE = ("priority", "source")
OF_A_COMPANY = ("contact", "agreement", "site")
"""What a fix can choose from, read ahead so that it can also be chosen without network."""
MOST_COMPANIES = 1000
MOST_A_ROUND = 120
"""Lists read in one round; on a board of thousands the rest follows in the next ones."""

_COLUMNS = tuple(ChoiceRow.model_fields)
_UPSERT = upsert("choice", _COLUMNS, ("connection", "kind", "id", "board_id", "company_id"))


async def load_choices(
    databases: Databases,
    connection: str,
    connector: Connector,
    kind: str,
    context: ChoiceContext,
    now: int,
) -> list[Choice]:
    """Asks the PSA for the valid values of `kind` in the context, and keeps them.

    Raises `ConnectorError`; the cache then still has what it had. `now`: UTC seconds, kept as their age.
    """
    found = await connector.choices(kind, context)
    with databases.cache.begin() as cache:
        store_choices(cache, connection, kind, context, found, read_at=now)
    return list(found)


def store_choices(
    cache: Cache,
    connection: str,
    kind: str,
    context: ChoiceContext,
    choices: tuple[Choice, ...],
    *,
    read_at: int,
) -> None:
    """Keeps an answer. What was offered in this context before and is not in it now becomes inactive.

    It is not deleted: tickets still carry it, and its name and dates are still wanted.
    """
    if not context.ids:
        cache.exec_driver_sql(
            "UPDATE choice SET active = 0 WHERE connection = ? AND kind = ?"
            " AND board_id IN ('', ?) AND company_id IN ('', ?)",
            (connection, kind, context.board_id or "", context.company_id or ""),
        )
    rows = []
    known = _read_lately(cache, connection, kind, read_at - DAY) if context.ids else {}
    for choice in choices:
        row = msgspec.structs.asdict(choice)
        row.update(
            connection=connection,
            kind=kind,
            board_id=choice.board_id or "",
            company_id=choice.company_id or "",
            read_at=read_at,
        )
        values = {name: row[name] for name in _COLUMNS if name != "read_at"}
        if known.get((choice.id, row["board_id"], row["company_id"])) != values:
            rows.append(row)
    if rows:
        cache.exec_driver_sql(_UPSERT, rows)


def _read_lately(
    cache: Cache, connection: str, kind: str, since: int
) -> dict[tuple[str, str, str], dict[str, object]]:
    """The choices of a kind that were written lately, without the moment: what is the same needs no writing."""
    found = cache.exec_driver_sql(
        f"SELECT {', '.join(_COLUMNS)} FROM choice WHERE connection = ? AND kind = ? AND read_at > ?",
        (connection, kind, since),
    ).mappings()
    return {
        (row["id"], row["board_id"], row["company_id"]): {
            name: row[name] for name in _COLUMNS if name != "read_at"
        }
        for row in found
    }


async def keep_choices(round: Round) -> None:
    """Reads what is older than a day, and the agreements in use (their end makes an exception) every round.

    Cost: ceil(agreements / ids per request) a round. Once a day a request for each list: billing codes, members,
    priorities, sources, per board its statuses and types, per company with an open ticket its contacts,
    agreements and sites. What this account may not read becomes a remark.
    """
    can = round.connector.capabilities
    if "agreement" in can.fields:
        ids = _agreements(round)
        if ids:
            await _read(round, "agreement", ChoiceContext(ids=ids))
    asked = [("owner", ChoiceContext())]
    if can.code_on_ticket or can.code_on_time:
        asked.append(("billing_code", ChoiceContext()))
    boards, companies = _boards(round), _companies(round)
    asked += [("status", ChoiceContext(board_id=board)) for board in boards]
    offered = can.fields & can.writes
    asked += [(kind, ChoiceContext()) for kind in ALONE if kind in offered]
    asked += [("type", ChoiceContext(board_id=board)) for board in boards if "type" in offered]
    asked += [
        (kind, ChoiceContext(company_id=company))
        for company in companies
        for kind in OF_A_COMPANY
        if kind in offered
    ]
    fresh = _fresh(round)
    due = [(kind, context) for kind, context in asked if _mark_name(kind, context) not in fresh]
    due = due[:MOST_A_ROUND]
    for done, (kind, context) in enumerate(due):
        round.progress("choices", done, len(due), f"Reading the {kind.replace('_', ' ')} list")
        read = await _read(round, kind, context)
        # A list that may not be read is asked for again in an hour, not in every round.
        saved_at = round.began if read else round.began - DAY + HOUR
        with round.databases.cache.begin() as cache:
            mark(cache, round.name, _mark_name(kind, context), "", saved_at)


async def _read(round: Round, kind: str, context: ChoiceContext) -> bool:
    try:
        await load_choices(round.databases, round.name, round.connector, kind, context, round.now())
    except (Forbidden, NotThere, Rejected, Unreadable, Unsupported) as error:
        _remark(round, kind, error)
        return False
    return True


def _remark(round: Round, kind: str, error: ConnectorError) -> None:
    said = f"The {kind.replace('_', ' ')} list of {round.name} could not be read: {error}"
    log.warning("%s", said)
    round.remarks.append(said)


def _mark_name(kind: str, context: ChoiceContext) -> str:
    return f"choices:{kind}:{context.board_id or ''}:{context.company_id or ''}"


def _fresh(round: Round) -> set[str]:
    """The marks of the lists that were read within a day."""
    sql = "SELECT name FROM stream WHERE connection = ? AND name LIKE 'choices:%' AND saved_at > ?"
    with round.databases.cache_reads.connect() as cache:
        return set(cache.exec_driver_sql(sql, (round.name, round.began - DAY)).scalars())


_IN_USE = (
    "SELECT DISTINCT agreement_id FROM ("
    "SELECT connection, status_key, agreement_id FROM ticket t INDEXED BY ticket_open"
    f" WHERE connection = :connection AND in_scope AND NOT closed AND {PLAIN}"
    " UNION ALL SELECT connection, status_key, agreement_id FROM ticket_overlay"
    " WHERE connection = :connection AND in_scope AND NOT closed) t"
    f" WHERE agreement_id IS NOT NULL AND NOT {CLOSED_ROLE}"
    " ORDER BY agreement_id"
)
"""As `v_ticket` tells it. The index is named, for without statistics SQLite takes one that leads through the closed
tickets too."""


def _agreements(round: Round) -> tuple[str, ...]:
    with round.databases.cache_reads.connect() as cache:
        return tuple(cache.exec_driver_sql(_IN_USE, {"connection": round.name}).scalars())


def _boards(round: Round) -> list[str]:
    with round.databases.cache_reads.connect() as cache:
        return list(
            cache.exec_driver_sql(
                "SELECT board_id FROM ticket INDEXED BY ticket_open WHERE connection = ? AND in_scope AND NOT closed"
                " AND board_id IS NOT NULL GROUP BY board_id ORDER BY count(*) DESC, board_id LIMIT ?",
                (round.name, MOST_BOARDS),
            ).scalars()
        )


def _companies(round: Round) -> list[str]:
    """Those with an open ticket in the scope, the busiest first."""
    with round.databases.cache_reads.connect() as cache:
        return list(
            cache.exec_driver_sql(
                "SELECT company_id FROM ticket INDEXED BY ticket_open WHERE connection = ? AND in_scope AND NOT closed"
                " AND company_id IS NOT NULL GROUP BY company_id ORDER BY count(*) DESC, company_id LIMIT ?",
                (round.name, MOST_COMPANIES),
            ).scalars()
        )
