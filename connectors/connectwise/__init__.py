"""ConnectWise PSA (Manage): one account, as a connector.

Facts are from the ConnectWise developer guide unless marked otherwise; nothing here was run against a
vendor's tenant. What is not established is probed by `verify()` or is an option: the form of dates, whether a
note moves the ticket's date, whether a parent can be taken away.

Cost in requests: one look-up of the address per process; an incremental pull takes one per 1,000 changed
tickets, one for dispatch assignments (scopes `mine` and `owner`) and one per 100 tickets known only by them;
`ticket_ids` two per 1,000; a conversation two; time entries one per 100 tickets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.connectwise.connector import ConnectWise

DateForm = Literal["utc-z", "naive", "date-only"]
"""How a server wants dates in conditions; sources disagree, so it is probed."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys."""

    url: str
    """The address of the PSA's login page: `https://na.myconnectwise.net`, or the on-premise host."""
    company: str
    """The company id that one types at the login."""
    client_id: str
    """Of the integration; every shop asks for its own at the vendor's developer site."""
    public_key: str
    technician: str
    """Member identifier (login); the keys do not say whose they are."""
    date_form: DateForm = "utc-z"
    """How dates are written in conditions; probed by `verify()`."""
    note_moves_ticket: bool | None = None
    """Whether a note moves the ticket's last-updated date, where somebody has found out."""
    detach_parent: bool = False
    """Whether taking a parent away by PATCH is known to work."""


def open_(
    name: str,
    options: Options,
    secrets: dict[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> ConnectWise:
    """A connector; no request is sent."""
    from connectors.connectwise.connector import ConnectWise  # settings are read without it

    return ConnectWise(name, options, secrets["private_key"], transport=transport, budget=budget)


SPEC = Spec(
    psa="connectwise",
    title="ConnectWise PSA",
    options=Options,
    secrets=("private_key",),
    open=open_,
    help={
        "url": Help("Address", "of the login page: https://na.myconnectwise.net"),
        "company": Help("Company", "what you type as Company at the login"),
        "public_key": Help("Public key", "your name > My Account > API Keys"),
        "private_key": Help("Private key", "beside the public key; shown only when it is made"),
        "client_id": Help("Client ID", "developer.connectwise.com > ClientID, your own"),
        "technician": Help("Who you are there", "your member identifier (login)"),
    },
)
"""The places are as in the vendor's developer guide; keys can be an API member's too (System > Members)."""
