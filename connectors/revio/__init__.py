"""Rev.io PSA (formerly Tigerpaw One): one tenant, as a connector that reads tickets and writes nothing.

The vendor's reference of the ticket API could not be read. What is used was seen in third-party code that runs against
tenants, the key exchange and its headers are in the vendor's developer portal, and nothing here was run against a
tenant. No update of a ticket, no note, no time, no parent and no list of choices is established: none is offered,
and none is guessed.

Cost in requests: the ticket list has no filter that is known, so that a round reads all of it: with n tickets in the
list 2 requests up to 500, else 2 (⌈n / 500⌉ + 1), since a list of several pages is read again until it agrees with
itself; one for a token. A ticket by id is one request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.revio.connector import Revio


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys."""

    tenant: str
    """Value of the header X-Revio-Host: `acme.psarev.io`."""
    technician: str = ""
    """Who I am, as `techAssigned` spells it in the ticket list; nothing else says who a key belongs to."""
    url: str = "https://api.psarev.io"
    """The API's address."""
    ticket_url: str = ""
    """The address of a ticket's page, with `{id}` in place of its number; empty: none is known."""
    date_zone: str = "UTC"
    """Time zone (IANA name) of dates that come without one."""
    read_every_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 15
    """Minutes between two readings of the whole list that nobody asked for."""

    def __post_init__(self) -> None:
        from zoneinfo import ZoneInfo

        if not self.tenant.strip():
            raise ValueError(
                "`tenant` is empty: the host of your Rev.io, such as acme.psarev.io, is expected"
            )
        if self.ticket_url and (
            "{id}" not in self.ticket_url or not self.ticket_url.startswith(("https://", "http://"))
        ):
            raise ValueError(
                "`ticket_url`: an address such as https://acme.psarev.io/ticket/{id} is expected,"
                f' not "{self.ticket_url}"'
            )
        try:
            ZoneInfo(self.date_zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f'`date_zone`: a time zone such as America/New_York is expected, not "{self.date_zone}"'
            ) from None


def open_(
    name: str,
    options: Options,
    secrets: dict[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> Revio:
    """A connector; no request is sent. Raises `OptionsError`."""
    from connectors.revio.connector import Revio  # settings are read without it

    return Revio(name, options, secrets["api_key"].strip(), transport=transport, budget=budget)


SPEC = Spec(
    psa="revio",
    title="Rev.io PSA",
    options=Options,
    secrets=("api_key",),
    open=open_,
    help={
        "tenant": Help("Host", "of your Rev.io, as in the browser: acme.psarev.io"),
        "api_key": Help("API key", "Admin > API Management; its maker's role applies"),
        "technician": Help("Who you are there", "your name as Tech Assigned in the ticket list"),
        "url": Help("API's address", "as it is; only a simulator has another address"),
    },
)
"""The place of keys is that of the vendor's developer portal."""
