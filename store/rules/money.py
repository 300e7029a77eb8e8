"""The rules on time and who pays for it: `unbilled` and `out_of_scope`."""

from __future__ import annotations

from collections.abc import Iterator

from store.rules.own import in_window, left_window, offers
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found
from store.settings_records import AgreementScope

AT = "coalesce({e}.started_at, {e}.ended_at, {e}.entered_at)"
"""When an entry's work was, as far as it is told."""

_UNBILLED = """
WITH asked AS (SELECT t.ticket_id FROM v_ticket t WHERE {tickets_here} AND {in_window})
SELECT e.ticket_id, e.time_id, e.hours, {at} AS at, e.billable
  FROM v_time e JOIN asked t ON t.ticket_id = e.ticket_id
 WHERE {time_here} AND e.charge AND NOT e.invoiced AND e.hours > 0 AND {at} <= {cut}
"""


def unbilled(asked: Asked) -> Iterator[Found]:
    """Entries that are to be paid, on no invoice, and old enough. No fix makes an invoice: only the PSA clears them."""
    kind = "unbilled"
    if kind not in asked.settings.kinds:
        return
    binds = Binds(asked)
    sql = _UNBILLED.format(
        tickets_here=binds.queue(),
        in_window=in_window(binds, asked, asked.limit(kind, "window")),
        time_here=binds.here("e"),
        at=AT.format(e="e"),
        cut=binds.one(asked.now - asked.limit(kind, "after")),
    )
    for row in asked.rows(sql, binds):
        yield Found(
            kind=kind,
            ticket_id=row["ticket_id"],
            code="not_invoiced",
            time_entry_id=row["time_id"],
            since=row["at"],
            gate=asked.gates(kind),
            hours=row["hours"],
            data={"at": row["at"]} | ({"billable": row["billable"]} if row["billable"] else {}),
            clears=False,
        )


_OUT_OF_SCOPE = """
WITH asked AS (
    SELECT t.ticket_id, t.agreement, t.agreement_id, t.board, t.type, t.billing_code
    FROM v_ticket t WHERE {tickets_here} AND {in_window} AND {has_agreement}
),
entry AS (
    SELECT e.ticket_id, e.time_id, e.hours, {at} AS at, e.locked, t.agreement, t.board, t.type,
           NOT {uncoded} AS own_code, CASE WHEN {uncoded} THEN t.billing_code ELSE e.billing_code END AS code
    FROM v_time e JOIN asked t ON t.ticket_id = e.ticket_id
    WHERE {time_here} AND e.charge IS NOT TRUE AND e.invoiced IS NOT TRUE AND e.hours > 0
)
SELECT * FROM (
    SELECT e.*, CASE WHEN {by_code} THEN 'code' WHEN {by_board} THEN 'board' WHEN {by_type} THEN 'type' END AS by_what
    FROM entry e) e
 WHERE e.by_what IS NOT NULL
"""


def out_of_scope(asked: Asked) -> Iterator[Found]:
    """Entries that the agreement does not cover, and that nobody marked to be paid."""
    kind = "out_of_scope"
    if kind not in asked.settings.kinds or not asked.rules.agreements:
        return
    binds = Binds(asked)
    sql = _OUT_OF_SCOPE.format(
        tickets_here=binds.queue(),
        in_window=in_window(binds, asked, asked.limit(kind, "window")),
        has_agreement=f"NOT ({binds.empty('t.agreement')} AND {binds.empty('t.agreement_id')})",
        time_here=binds.here("e"),
        at=AT.format(e="e"),
        uncoded=f"({binds.empty('e.billing_code')} AND {binds.empty('e.billing_code_id')})",
        by_code=_excluded(binds, asked.rules.agreements, "codes", "e.code"),
        by_board=_excluded(binds, asked.rules.agreements, "boards", "e.board"),
        by_type=_excluded(binds, asked.rules.agreements, "types", "e.type"),
    )
    for row in asked.rows(sql, binds):
        by = row["by_what"]
        changes = {"code": "entry_code" if row["own_code"] else "billing_code"}.get(by, by)
        yield Found(
            kind=kind,
            ticket_id=row["ticket_id"],
            code="not_covered",
            time_entry_id=row["time_id"],
            since=row["at"],
            gate=asked.gates(kind),
            hours=row["hours"],
            data={"by": by, "value": row[by], "agreement": row["agreement"], "at": row["at"]},
            seen_as=(kind, "not_covered", row["time_id"]),
            clears=not row["locked"] and offers(asked, changes),
        )


def _excluded(binds: Binds, scopes: tuple[AgreementScope, ...], key: str, column: str) -> str:
    """The entry's agreement does not cover what it has in this column."""
    ways = []
    for scope in scopes:
        if names := getattr(scope, key):
            held = binds.same(f"coalesce({column}, '')", names)
            ways.append(held if scope.name == "*" else f"({binds.same(_NAME, [scope.name])} AND {held})")
    return f"({' OR '.join(ways)})" if ways else "FALSE"


_NAME = "coalesce(e.agreement, '')"


def _find(asked: Asked) -> Iterator[Found]:
    yield from unbilled(asked)
    yield from out_of_scope(asked)


def _passed(asked: Asked, before: int) -> Iterator[str]:
    for kind in ("unbilled", "out_of_scope"):
        if kind in asked.settings.kinds:
            yield from left_window(asked, before, asked.limit(kind, "window"))
    if "unbilled" in asked.settings.kinds:
        yield from _grown_old(asked, before)


def _grown_old(asked: Asked, before: int) -> Iterator[str]:
    """Tickets with an entry that has become old enough meanwhile."""
    binds = Binds(asked)
    after = asked.limit("unbilled", "after")
    since, until = binds.one(before - after), binds.one(asked.now - after)
    # In the words of the index `time_by_start`.
    for null, at in (("", "e.started_at"), (" AND e.started_at + 0 IS NULL", AT.format(e="e"))):
        sql = (
            f"SELECT e.ticket_id FROM v_time e WHERE {binds.here('e')}{null}"
            f" AND {at} + 0 > {since} AND {at} + 0 <= {until}"
        )
        yield from (row["ticket_id"] for row in asked.rows(sql, binds))


RULES = (Rule(kinds=("unbilled", "out_of_scope"), find=_find, passed=_passed),)
