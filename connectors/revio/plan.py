"""What Rev.io's API is not known to take, which is everything: the words for it.

An update of a ticket, a note, time, a parent, closing: no source establishes a request for any of them. deskzero
never tries one out on a live tenant.
"""

from __future__ import annotations

from connectors.contract import TICKET_FIELDS, Fix, Step, TicketRecord, Unsupported

TITLE = "Rev.io PSA"
VERBS = (
    "reply",
    "note",
    "time",
    "entry_code",
    "attach",
    "detach",
    "custom",
    "customer_flag",
    "billing_code",
    "status",
    "summary",
    "cc",
    "team",
    "board",
    "company",
    *TICKET_FIELDS,
)

NOT_READ = {
    "conversations": f"{TITLE}: its API as known does not tell what is said on a ticket; only a status named in"
    " `responded_statuses` shows that a customer waits.",
    "time": f"{TITLE}: its API as known does not tell time entries.",
    "parents": f"{TITLE}: its API as known does not tell which ticket belongs to which.",
    "billing_codes": f"{TITLE}: its API as known does not tell billing codes.",
}
"""What the API is not known to tell."""


def absent(ticket_url: str) -> dict[str, str]:
    """Every verb, with what to do instead."""
    instead = (
        "`o` opens the ticket there."
        if ticket_url
        else "do it there (`o` opens the ticket once the connection has a `ticket_url`)."
    )
    return dict.fromkeys(VERBS, f"{TITLE}: not offered by its API as known; {instead}")


def plan(fix: Fix, ticket: TicketRecord, ticket_url: str) -> tuple[Step, ...]:
    """No steps: raises `Unsupported` for whatever is asked for."""
    words = absent(ticket_url)
    for name in fix.fields:
        raise Unsupported(
            f"{TITLE}: `{name}` cannot be set through its API as known", hint=words["status"], field=name
        )
    if fix.entries or fix.time or fix.reply is not None or fix.note is not None:
        raise Unsupported(f"{TITLE}: nothing can be written through its API as known", hint=words["note"])
    return ()
