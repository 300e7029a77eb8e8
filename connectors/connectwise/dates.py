"""Whether a ConnectWise PSA understands our dates in conditions, proven on a real ticket.

The form is disputed between the vendor's guide, a maintained client and a field report, and a form that the
server takes but reads in another zone would lose changes without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connectors.connectwise import DateForm
from connectors.connectwise.api import moment, query_of
from connectors.connectwise.wire import RowInfo, Wire
from connectors.contract import Rejected
from connectors.rows import read_row, seconds

if TYPE_CHECKING:
    from connectors.connectwise.api import Api

TICKETS = "/service/tickets"
FORMS: tuple[DateForm, ...] = ("utc-z", "naive", "date-only")


class Sample(Wire, frozen=True, kw_only=True):
    """A ticket and when it changed."""

    id: int
    info: RowInfo | None = msgspec.field(default=None, name="_info")


async def sample(api: Api) -> Sample | None:
    """One of the newest tickets, or `None` where there is none with a date that can be read."""
    answer = await api.get(TICKETS, query_of(fields="id,_info", orderBy="id desc", pageSize="10"))
    rows = [read_row(raw, Sample, frozenset({"id"})).value for raw in answer.decode(list[msgspec.Raw])]
    return next((row for row in rows if row is not None and _changed(row) is not None), None)


async def understood(api: Api, form: DateForm, ticket: Sample) -> bool:
    """Whether the ticket is found just before its last change and not just after it."""
    changed = _changed(ticket) or 0
    margin = 3 * 86400 if form == "date-only" else 120
    try:
        before = await api.count(TICKETS, f"id={ticket.id} and lastUpdated>{moment(changed - margin, form)}")
        after = await api.count(TICKETS, f"id={ticket.id} and lastUpdated>{moment(changed + margin, form)}")
    except Rejected:
        return False
    return before == 1 and after == 0


def _changed(ticket: Sample) -> int | None:
    return seconds(ticket.info.last_updated if ticket.info else None, "$._info.lastUpdated", [])
