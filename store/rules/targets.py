"""The rule on the SLA's targets: `sla`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

import msgspec

from store.business_time import Hours
from store.rules.rule import Rule
from store.rules.sql import Asked, Binds, Found

_UNMET = """
SELECT t.ticket_id, t.created_at, t.sla_waits,
       CASE WHEN t.responded_at IS NULL THEN t.respond_by END AS respond_by,
       CASE WHEN t.resolved_at IS NULL THEN t.resolve_by END AS resolve_by
  FROM v_ticket t
 WHERE {queue} AND NOT t.is_closed
   AND ((t.respond_by IS NOT NULL AND t.responded_at IS NULL)
        OR (t.resolve_by IS NOT NULL AND t.resolved_at IS NULL))
"""

_CLEARED_BY = {"respond": frozenset({"reply", "status"}), "resolve": frozenset({"status"})}
"""Target -> writes, any of which the PSA takes for having met it."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """One target that is not met."""

    ticket_id: str
    what: str
    """`respond` or `resolve`."""
    by: int
    close: int | None
    """From when on it is close; `None`: it is not told before it is breached."""
    held: bool
    """The SLA's clock does not run."""


def sla(asked: Asked) -> Iterator[Found]:
    """A reason for each target that is breached or close."""
    offers = asked.capabilities
    for one in _targets(asked):
        if one.by <= asked.now:
            code, since = f"{one.what}_breached", one.by
        elif one.close is not None and one.close <= asked.now:
            code, since = f"{one.what}_soon", one.close
        else:
            continue
        data = {"by": one.by} | ({"held": True} if one.held else {})
        if code.endswith("_soon"):
            data["share"] = asked.limit("sla", "warn_at")
        yield Found(
            kind="sla",
            ticket_id=one.ticket_id,
            code=code,
            since=since,
            gate=asked.gates("sla"),
            data=data,
            clears=offers is None or bool(offers.writes & _CLEARED_BY[one.what]),
        )


def _targets(asked: Asked) -> Iterator[Target]:
    """The targets of open tickets that are not met (50,000 of them: a second)."""
    binds = Binds(asked)
    # As it is written in the settings: 0.55 is not quite that as a float, and the edge has to be exact.
    share = Fraction(str(asked.limit("sla", "warn_at")))
    hours = asked.connection.hours
    for row in asked.rows(_UNMET.format(queue=binds.queue()), binds):
        held = bool(row["sla_waits"])
        for what in ("respond", "resolve"):
            by = row[f"{what}_by"]
            if by is not None:
                close = None if held else _close(hours, row["created_at"], by, share)
                yield Target(row["ticket_id"], what, by, close, held)


def _close(hours: Hours, created: int | None, by: int, share: Fraction) -> int | None:
    """When so much of the business time from opening to target was gone; `None` where there is none."""
    total = 0 if created is None else hours.between(created, by)
    return None if created is None or not total else hours.ahead(created, ceil(share * total))


def _due(asked: Asked) -> Iterator[tuple[str, int]]:
    """When a target comes close, or passes."""
    for one in _targets(asked):
        yield from ((one.ticket_id, at) for at in (one.close, one.by) if at is not None and at > asked.now)


RULES = (Rule(kinds=("sla",), find=sla, due=_due),)
