"""What `verify()` asks ConnectWise PSA: who we are, what we may, which form of dates it understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.connectwise import DateForm
from connectors.connectwise.api import query_of, right_for
from connectors.connectwise.dates import FORMS, sample, understood
from connectors.connectwise.scope import member
from connectors.connectwise.wire import Wire
from connectors.contract import Forbidden, Identity, Unauthorized

if TYPE_CHECKING:
    from connectors.connectwise import Options
    from connectors.connectwise.api import Api

_READS = (
    ("tickets assigned by schedule", "/schedule/entries"),
    ("time entries", "/time/entries"),
    ("boards and statuses", "/service/boards"),
    ("priorities", "/service/priorities"),
    ("sources", "/service/sources"),
    ("work types", "/time/workTypes"),
    ("agreements", "/finance/agreements"),
    ("contacts", "/company/contacts"),
)
"""What deskzero reads besides tickets and members."""


class _SystemInfo(Wire, frozen=True, kw_only=True):
    version: str | None = None
    server_time_zone: str | None = None


async def verify(api: Api, options: Options) -> Identity:
    """Real requests: reach, credentials, the technician, rights (read only), dates.

    `/system/info` is said to answer without credentials (field report), so the count of tickets proves them.
    Raises what the first three say; missing rights and odd dates are in the answer.
    """
    answer = await api.get("/system/info")
    info = answer.decode(_SystemInfo)
    await api.count("/service/tickets")
    who = await member(api, options.technician)
    zone = who.time_zone.name if who.time_zone is not None else None
    said, form = await _dates(api, options.date_form)
    return Identity(
        member_id=str(who.id),
        member=who.identifier,
        name=who.name,
        version=info.version or (await api.info()).version or "unknown",
        clock_ahead=round(api.session.clock_ahead, 1),
        timezone=zone or info.server_time_zone,
        missing=await _missing(api),
        notes=(said, *_not_established(options)),
        found={"date_form": form} if form is not None and form != options.date_form else {},
    )


async def _missing(api: Api) -> tuple[tuple[str, str], ...]:
    """(what cannot be read, the right for it) for each list that answers 403."""
    found = []
    for verb, path in _READS:
        try:
            await api.get(path, query_of(fields="id", pageSize="1"))
        except (Forbidden, Unauthorized):  # the address and the keys are proven by now
            found.append((verb, right_for(path)))
    return tuple(found)


async def _dates(api: Api, configured: DateForm) -> tuple[str, DateForm | None]:
    """Which form of dates the server takes and understands: a sentence, and the form if one is established."""
    ticket = await sample(api)
    if ticket is None:
        return "There is no ticket to try dates on: the form of dates is not established.", None
    if await understood(api, configured, ticket):
        return f"Dates in the form {configured} are understood.", configured
    for form in FORMS:
        if form != configured and await understood(api, form, ticket):
            return f'Dates in the form {configured} are not understood: set date_form = "{form}".', form
    return "No form of dates is understood: changes cannot be read one after the other.", None


def _not_established(options: Options) -> tuple[str, ...]:
    notes = ["ConnectWise does not say whose keys these are: notes carry the name of the keys' member."]
    if options.note_moves_ticket is None:
        notes.append(
            "Whether a note moves a ticket's last-updated date is not established: conversations are read more often"
            " (note_moves_ticket = true or false once it is known)."
        )
    if not options.detach_parent:
        notes.append(
            "Taking a ticket from its parent is not offered (detach_parent = true once it is known to work)."
        )
    notes.append("Rights to write cannot be tried without writing: ConnectWise's refusal would be shown.")
    return tuple(notes)
