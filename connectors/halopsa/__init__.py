"""HaloPSA (also HaloITSM and HaloServiceDesk): one API application, as a connector.

Names of paths and fields are from the vendor's API documentation (OpenAPI file "Halo API" v2, which has no response
bodies), shapes of answers as seen in maintained clients. Nothing here was run against a vendor's tenant. What is
not established is probed by `verify()` or is an option.

What is special: a ticket in a list lacks charge rate and contract, so each one that changed is asked for by itself;
conversation and time are both "actions", with the files sent; what automations do are "system actions", which are not
read; there is no flag for "the customer has responded" but a status that the ticket's type names for it; a POST takes
a list and without an id makes a new ticket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.halopsa.connector import HaloPSA


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys."""

    url: str
    """The address in the browser: `https://acme.halopsa.com`."""
    client_id: str
    """Of the API application (Configuration > Integrations > HaloPSA API, client credentials)."""
    technician: str
    """The agent's name, as Halo shows it."""
    tenant: str = ""
    """The tenant of a hosted instance; empty: as `/api/authinfo` says."""
    auth_url: str = ""
    """The authorisation server, where it is another host than `url`; the secret goes there only if named here."""
    charge_lookup: int | None = None
    """The number of the lookup that holds the charge rates' names; probed by `verify()`."""
    reply_outcome: int | None = None
    """The action (outcome) that a reply is logged as; probed by name."""
    note_outcome: int | None = None
    """The action that an internal note is logged as; probed by name."""
    time_outcome: int | None = None
    """The action that time is logged as; `None`: the note's."""
    note_moves_ticket: bool | None = None
    """Whether an action moves the ticket's `last_update`, where somebody has found out."""
    detach_parent: bool = False
    """Whether `parent_id` 0 is known to take a parent away."""


def open_(
    name: str,
    options: Options,
    secrets: dict[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> HaloPSA:
    """A connector; no request is sent."""
    from connectors.halopsa.connector import HaloPSA  # settings are read without it

    return HaloPSA(name, options, secrets["client_secret"], transport=transport, budget=budget)


SPEC = Spec(
    psa="halopsa",
    title="HaloPSA",
    options=Options,
    secrets=("client_secret",),
    open=open_,
    help={
        "url": Help("Address", "as in the browser: https://acme.halopsa.com"),
        "client_id": Help("Client ID", "Configuration > Integrations > HaloPSA API"),
        "client_secret": Help("Client secret", "View Applications there; shown only when it is made"),
        "technician": Help("Who you are there", "your agent's name, as Halo shows it: Jordan Doe"),
    },
)
"""The places are those that several makers of integrations describe."""
