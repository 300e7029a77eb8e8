"""What `verify()` asks Autotask: who we are, what we may, and what a security level that is too low would hide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.autotask.api import after
from connectors.autotask.plan import INTERNAL, NOTE
from connectors.autotask.records import COMPLETE, EVERYBODY
from connectors.autotask.scope import resource
from connectors.contract import Forbidden, Identity, Rejected, Unauthorized

if TYPE_CHECKING:
    from connectors.autotask import Options
    from connectors.autotask.api import Api
    from connectors.autotask.names import Names

_READS = (
    ("time entries", "TimeEntries", "Timesheets: view others' time entries"),
    ("conversations", "TicketNotes", "Service Desk > Ticket Notes: view"),
    ("tickets assigned besides", "TicketSecondaryResources", "Service Desk > Tickets: view all"),
    ("work types", "BillingCodes", "Admin: billing codes"),
    ("contracts", "Contracts", "Contracts: view all"),
    ("contacts", "Contacts", "CRM > Contacts: view all"),
    ("companies", "Companies", "CRM > Companies: view all"),
    ("sites", "CompanyLocations", "CRM > Companies: view all"),
)
"""What deskzero reads besides tickets and resources, and the right of a security level as its screens put it."""


async def verify(api: Api, names: Names, options: Options) -> Identity:
    """Real requests: the zone, credentials, the technician, the lists, rights (read only). Raises what the first three
    say."""
    zone = await api.zone()
    threshold = await api.get("ThresholdInformation")
    await names.load_resources()
    who = resource(names.resources.values(), options.technician)
    missing, notes = [], []
    for verb, entity, right in _READS:
        try:
            if not await api.count(entity, after(-1)):
                notes.append(
                    f"Autotask shows no {verb} at all: there are none, or the security level hides them."
                )
        except (Forbidden, Unauthorized, Rejected):  # the address and the credentials are proven by now
            missing.append((verb, right))
    if not await api.count("Tickets"):
        notes.append(
            "Autotask shows no tickets at all: a security level that is too low gives empty lists instead of errors."
            " The API user needs “API User (API-only)”."
        )
    notes += _used(threshold)
    notes += await _labels(names)
    notes += _not_established(options)
    return Identity(
        member_id=str(who.id),
        member=who.login,
        name=who.name,
        version=f"REST v1.0, zone {zone.name}",
        clock_ahead=round(api.clock_ahead, 1),
        timezone="UTC",
        missing=tuple(missing),
        notes=tuple(notes),
    )


def _used(threshold: dict[str, object]) -> list[str]:
    most, used = threshold.get("externalrequestthreshold"), threshold.get("currenttimeframerequestcount")
    if not isinstance(most, int) or not isinstance(used, int) or most <= 0:
        return ["Autotask did not say how many of the company's requests are used."]
    said = f"{used} of the company's {most} requests of this hour are used."
    return [said + " From half of them on Autotask answers more slowly." if used * 2 >= most else said]


async def _labels(names: Names) -> list[str]:
    """Whether the numbers that we write and read by mean here what they mean elsewhere."""
    notes = []
    status = (await names.picks("Tickets")).get("status", [])
    closing = next((one for one in status if one.value == str(COMPLETE)), None)
    if closing is None:
        notes.append(
            f"There is no status {COMPLETE} (Complete) here: name your closing ones in `closed_statuses`."
        )
    else:
        notes.append(f"Status “{closing.label}” closes; name others that do in `closed_statuses`.")
    lists = await names.picks("TicketNotes")
    for field, values, what in (
        ("publish", (EVERYBODY, INTERNAL), "public and internal notes"),
        ("notetype", (NOTE,), "notes"),
    ):
        known = {one.value: one for one in lists.get(field, [])}
        for value in values:
            one = known.get(str(value))
            if one is None or one.is_active is False:
                notes.append(
                    f"{what.capitalize()}: the value {value} of {field} is not offered here; they may be refused."
                )
    told = {one.value: one.label for one in lists.get("publish", [])}
    if str(EVERYBODY) in told:
        notes.append(f"Replies are published to “{told[str(EVERYBODY)]}”: see that customers are among them.")
    return notes


def _not_established(options: Options) -> list[str]:
    notes = []
    if not options.impersonate:
        notes.append(
            "Notes carry the API user's name (impersonate = true once the resource is known to be allowed it)."
        )
    if not options.replies_mail:
        notes.append(
            "The API mails nobody: whether a reply is mailed is up to your workflow rules"
            " (replies_mail = true if they do)."
        )
    if options.note_moves_ticket is None:
        notes.append(
            "Whether a note moves a ticket's dates is not established: conversations are read more often"
            " (note_moves_ticket = true or false once it is known)."
        )
    notes.append("Rights to write cannot be tried without writing: Autotask's refusal would be shown.")
    return notes
