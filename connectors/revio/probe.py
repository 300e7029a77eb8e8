"""What is found out about a tenant by asking: who is named there, its statuses and dates, what a round costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.contract import Identity
from connectors.text import clean

if TYPE_CHECKING:
    from connectors.revio import Options
    from connectors.revio.api import Api
    from connectors.revio.read import Reader, Reading


async def verify(api: Api, reader: Reader, options: Options, key: str) -> Identity:
    """Who we are there, by reading the whole list, and what is to be known of it."""
    reading = await reader.read()
    name = reader.named(key, options.technician)
    await _by_id(reader, reading)
    return Identity(
        member_id=key,
        member=name,
        name=name,
        version="API v1",
        clock_ahead=api.session.clock_ahead,
        notes=tuple(_notes(reader, reading, options, key, name)),
    )


async def _by_id(reader: Reader, reading: Reading) -> None:
    """Whether a ticket by itself can be had here."""
    first = next(iter(reading.tickets), None)
    if first is not None and reader.by_id is None:
        await reader.fetch([first])


def _notes(reader: Reader, reading: Reading, options: Options, key: str, name: str) -> list[str]:
    pages = "1 page" if reading.pages == 1 else f"{reading.pages} pages"
    notes = [
        f"The ticket list has no filter that is known: a round reads all {len(reading.tickets)} tickets on {pages}, by"
        f" itself every {options.read_every_minutes} minutes at most (read_every_minutes).",
        f"It names technicians by name alone: tickets of anybody else who is called “{clean(name)}” are in this queue"
        " too.",
    ]
    spelled = reader.technicians[key]
    if len(spelled) > 1:
        shown = ", ".join(f"“{clean(one)}”" for one in spelled)
        notes.append(f"The name is spelled in {len(spelled)} ways there, which count as one: {shown}.")
    listed = clean(", ".join(sorted(reader.statuses)))
    notes.append(
        f"Statuses seen: {listed}. Those that say that a customer has responded belong into responded_statuses: nothing"
        " else shows it."
    )
    if reading.two_statuses:
        notes.append("Tickets have both a ticketStatus and a ticketState; the ticketStatus counts.")
    if not any(ticket.closed for ticket in reading.tickets.values()):
        notes.append(
            "No ticket in the list has a closing date: either it has open ones alone, or what is closed there is to be"
            " known by its status (closed_statuses)."
        )
    if reading.zoneless:
        notes.append(
            f"Its dates do not say their time zone; they are read as {options.date_zone} (date_zone)."
        )
    if reader.by_id is False:
        notes.append("A ticket by itself cannot be had here: tickets are looked up in the list.")
    if not options.ticket_url:
        notes.append("Without ticket_url a ticket's page cannot be opened from here.")
    notes.append(
        "Its API as known tells no conversations, time, billing codes, parents, contacts and agreements, and takes no"
        " change: this connection is read-only, and `deskzero check` cannot tell that it is zero."
    )
    return notes
