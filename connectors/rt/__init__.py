"""The connector to Request Tracker 5 (REST 2, token).

RT has no "customer responded" flag and no billing code of its own: the first follows from the conversation,
the second is a custom field that the settings name. Facts are of RT 5.0.3 (Debian 12), seen on a running server
or read in its source. The traps: a refused change is a 200 with a sentence, so every write is read back; dates
in queries are in the user's zone; `If-Match` works on PUT only, a POST with it is always refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.rt.connector import RequestTracker


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An RT connection's own keys."""

    url: str
    """RT's address for people; the API is below it."""
    technician: str = ""
    """The user whom the token belongs to; empty: whoever it is."""
    fields: dict[str, str] = {}
    """Canonical field -> the custom field that holds it."""
    staff: tuple[str, ...] = ()
    """User names, or mail domains like `@msp.example`, that are staff although not privileged in RT."""


def open_(
    name: str,
    options: Options,
    secrets: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> RequestTracker:
    """A connector; no request is sent. Raises `OptionsError`."""
    from connectors.rt.connector import open_rt  # settings are read without it

    return open_rt(name, options, secrets, transport=transport, budget=budget)


SPEC = Spec(
    psa="rt",
    title="Request Tracker",
    options=Options,
    secrets=("token",),
    open=open_,
    help={
        "url": Help("Address", "as in the browser: https://rt.example.com"),
        "token": Help("Auth token", "Logged in as … > Settings > Auth Tokens"),
        "technician": Help("Who you are there", "your user name; empty: whose token it is"),
        "fields.billing_code": Help("Billing code field", "custom field that holds the code; empty: none"),
        "fields.company": Help("Company field", "custom field that names the customer; empty: none"),
    },
)
"""The menu is that of RT 5; custom fields are the shop's own."""
