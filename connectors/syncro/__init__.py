"""Syncro (Syncro MSP): one account, as a connector.

Facts are from the vendor's API documentation and OpenAPI file unless marked otherwise; nothing here was run
against a vendor's tenant. What is not established is probed, is an option, or is not offered: how the
"customer reply" mark is cleared, whether a comment moves the ticket's date, which products are labour, whether a
timer's product can be taken away again, writing a parent or a contract.

A ticket's phone and mail are its contact's, who is changed by a PUT that requires a name and the right Customers - Edit
(vendor's OpenAPI file); whether what is left out of it stays is not established, so all that is known is sent.

Files are known of the ticket as a whole: a ticket by itself lists them (vendor's OpenAPI file; how one looks is as seen
in a client of RepairShopr, the vendor's other product with the same API), a comment does not.

Cost in requests, with L(n) = ⌈n / 25⌉ up to one page and twice that beyond (a list of several pages is read again
until it agrees with itself): a pull of what changed is L(changed), `ticket_ids` L(open), a conversation 1 (2 where a
customer's comment has no words: the files), time entries one for each ticket, a ticket by id 1 or 2, and 1 for its
contact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.syncro.connector import Syncro


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys."""

    url: str
    """The shop's address: `https://acme.syncromsp.com`."""
    technician: str = ""
    """Name or mail address of the user whom the token belongs to; empty: whoever it is."""
    labour_category: str = ""
    """The product category (name or id) whose products are labour; empty: every product is offered."""
    priorities: tuple[str, ...] = ()
    """The shop's priorities as Syncro spells them, most urgent first: its API does not list them."""
    system_authors: tuple[str, ...] = ()
    """What the field `tech` says on comments of automation, where nobody of staff wrote them."""
    note_moves_ticket: bool | None = None
    """Whether a comment or timer moves the ticket's last-updated date, where somebody has found out."""
    clear_code: bool = False
    """Whether taking a timer's product away (`null`) is known to work."""


def open_(
    name: str,
    options: Options,
    secrets: dict[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> Syncro:
    """A connector; no request is sent. Raises `OptionsError`."""
    from connectors.syncro.connector import Syncro  # settings are read without it

    return Syncro(name, options, secrets["token"].strip(), transport=transport, budget=budget)


SPEC = Spec(
    psa="syncro",
    title="Syncro",
    options=Options,
    secrets=("token",),
    open=open_,
    help={
        "url": Help("Address", "as in the browser: https://acme.syncromsp.com"),
        "token": Help("API token", "your name > Profile/Password > API Tokens > New Token"),
        "technician": Help("Who you are there", "your name or mail address; empty: whose token it is"),
        "labour_category": Help("Labour category", "of the products that are labour; empty: any product"),
    },
)
"""The places are those of the vendor's documentation (API Tokens)."""
