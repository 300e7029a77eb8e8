"""The rules on what was written down: `undocumented` and `unlogged`."""

from __future__ import annotations

from collections.abc import Iterator

from store.rules.own import in_window, left_window, offers, own_note, says, technician, today
from store.rules.rule import Rule
from store.rules.sql import BLANK, Asked, Binds, Found

EDGES = BLANK + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»„“”‘’‚‹›…–—·•、。"
"""White space and punctuation: what does not count at a text's ends."""

_UNDOCUMENTED = """
WITH asked AS (
    SELECT t.ticket_id, t.closed_at, t.closed_by, t.resolution,
           coalesce(t.closed_at, t.updated_at, t.created_at) AS since
    FROM v_ticket t WHERE {tickets_here} AND t.is_closed AND {in_window}
),
word AS (
    SELECT t.ticket_id, trim(coalesce(t.resolution, ''), {edges}) AS said FROM asked t
    UNION ALL
    SELECT n.ticket_id, trim(n.text, {edges}) FROM v_note n JOIN asked t ON t.ticket_id = n.ticket_id
     WHERE {notes_here} AND {says}
    UNION ALL
    SELECT e.ticket_id, trim(e.text, {edges}) FROM v_time e JOIN asked t ON t.ticket_id = e.ticket_id
     WHERE {time_here}
),
longest AS (
    SELECT ticket_id, said, row_number() OVER (PARTITION BY ticket_id ORDER BY length(said) DESC, said) AS place
    FROM word
)
SELECT t.ticket_id, t.since, t.closed_at, t.closed_by, l.said
  FROM asked t JOIN longest l ON l.ticket_id = t.ticket_id AND l.place = 1
 WHERE t.ticket_id NOT IN (SELECT ticket_id FROM word WHERE length(said) >= {least} AND NOT {generic})
"""


def undocumented(asked: Asked) -> Iterator[Found]:
    """Closed tickets of which no text says how they were solved."""
    kind = "undocumented"
    if kind not in asked.settings.kinds:
        return
    binds = Binds(asked)
    sql = _UNDOCUMENTED.format(
        tickets_here=binds.queue(),
        notes_here=binds.here("n"),
        time_here=binds.here("e"),
        in_window=in_window(binds, asked, asked.limit(kind, "window")),
        edges=binds.one(EDGES),
        says=says(binds),
        least=binds.one(asked.limit(kind, "least")),
        generic=binds.same("said", [text.strip(EDGES) for text in asked.limit(kind, "generic")]),
    )
    for row in asked.rows(sql, binds):
        data = {name: row[name] for name in ("closed_at", "closed_by") if row[name] is not None}
        if row["said"]:
            data["said"] = row["said"][:60]
        yield Found(
            kind=kind,
            ticket_id=row["ticket_id"],
            code="says_nothing" if row["said"] else "nothing_written",
            since=row["since"],
            gate=asked.gates(kind),
            data=data,
            clears=offers(asked, "note", "reply", "time"),
        )


_UNLOGGED = """
WITH worked AS (  -- the technician's own words of today
    SELECT n.ticket_id, min(n.created_at) AS at FROM v_note n
    WHERE {notes_here} AND n.created_at >= {begins} AND n.created_at < {ends} AND {own}
    GROUP BY n.ticket_id
),
asked AS (
    SELECT t.ticket_id, t.is_closed AND {in_window} AS closed_here, t.closed_at, t.closed_by,
           coalesce(t.closed_at, t.updated_at, t.created_at) AS since
    FROM v_ticket t WHERE {tickets_here} AND coalesce(t.hours, 0) <= 0
     AND NOT EXISTS (SELECT 1 FROM v_time e WHERE e.connection = t.connection AND e.ticket_id = t.ticket_id)
)
SELECT t.ticket_id, 'closed_without_time' AS code, t.since, t.closed_at, t.closed_by
  FROM asked t WHERE t.closed_here
UNION ALL
SELECT t.ticket_id, 'worked_without_time', w.at, NULL, NULL
  FROM asked t JOIN worked w ON w.ticket_id = t.ticket_id
"""


def unlogged(asked: Asked) -> Iterator[Found]:
    """Tickets that were closed, or worked on today, and have no time."""
    kind = "unlogged"
    if kind not in asked.settings.kinds:
        return
    binds = Binds(asked)
    begins, ends = today(asked)
    sql = _UNLOGGED.format(
        tickets_here=binds.queue(),
        notes_here=binds.here("n"),
        in_window=in_window(binds, asked, asked.limit(kind, "window")),
        # A row that the day's end took away was not put right by it: it is `aged_out`.
        begins=binds.one(begins if asked.windows else 0),
        ends=binds.one(ends),
        own=own_note(binds, technician(asked)),
    )
    for row in asked.rows(sql, binds):
        data = {name: row[name] for name in ("closed_at", "closed_by") if row[name] is not None}
        if row["code"] == "worked_without_time":
            data = {"at": row["since"]}
        yield Found(
            kind=kind,
            ticket_id=row["ticket_id"],
            code=row["code"],
            since=row["since"],
            gate=asked.gates(kind),
            data=data,
            clears=offers(asked, "time"),
        )


def _find(asked: Asked) -> Iterator[Found]:
    yield from undocumented(asked)
    yield from unlogged(asked)


def _passed(asked: Asked, before: int) -> Iterator[str]:
    for kind in ("undocumented", "unlogged"):
        if kind in asked.settings.kinds:
            yield from left_window(asked, before, asked.limit(kind, "window"))


RULES = (Rule(kinds=("undocumented", "unlogged"), find=_find, passed=_passed),)
