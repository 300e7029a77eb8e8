"""AlgaPSA (open source, self-hosted or the vendor's cloud): one API key, as a connector.

Facts are from a running Community Edition (1.4.7) and from reading the server's source, as marked where they matter;
its published OpenAPI file is wrong about time entries and about the shape of answers, and was not used. Whether the
vendor's cloud differs is not established.

What shapes this room: a customer's answer moves nothing but the ticket's `response_state` (read in the source), so
every round also reads the scope's own tickets again; `response_state` cannot be written; what the server does not
know it ignores and answers 200; what it answers to a change of status is stale, so everything written is read back.

A ticket's phone and mail are its contact's. The contact's PUT is strict and partial, replaces the list of numbers as a
whole, wants a type for each and one default, needs the right `contact: update`, and takes another first mail address
only in exchange for an additional one (all read in the source of August 2026, not tried).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.algapsa.connector import AlgaPsa
    from connectors.budget import Budget


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys."""

    url: str
    """As in the browser: `https://psa.example.com`."""
    technician: str
    """User name, mail address or user id of the user whom the key belongs to. The API does not say whose a key is;
    a key without the right to read users needs the user id."""


def open_(
    name: str,
    options: Options,
    secrets: dict[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> AlgaPsa:
    """A connector; no request is sent. Raises `OptionsError`."""
    from connectors.algapsa.connector import AlgaPsa  # settings are read without it

    return AlgaPsa(name, options, secrets["api_key"].strip(), transport=transport, budget=budget)


SPEC = Spec(
    psa="algapsa",
    title="AlgaPSA",
    options=Options,
    secrets=("api_key",),
    quota_share=0.5,  # the limit is the key's; with a tenth of it `check` would outlast its own reading
    open=open_,
    help={
        "url": Help("Address", "as in the browser: https://psa.example.com"),
        "api_key": Help("API key", "your picture > Profile > API Keys; it has your rights"),
        "technician": Help("Who you are there", "your user name or mail address (else your user id)"),
    },
)
"""The place of the keys is that of the server's source."""
