"""Autotask PSA (REST v1.0): one database, as a connector.

Facts are from the vendor's developer help and its Swagger file unless marked otherwise; nothing here was run
against a tenant. The traps: an unknown field in a PATCH is a 200 and nothing has happened, so every write is
read back; a 500 means anything, also "not allowed", so its `errors` are read first; a low security level is an
empty list and no error; ids of picklists are texts in the list and numbers in the row.

A ticket has no phone and no mail of its own: they are its contact's, and are changed below the contact's company.

What is not established is a setting: whether a note moves the ticket (`note_moves_ticket`), whether a public
note is mailed (`replies_mail`), whether we may write in the technician's name (`impersonate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from connectors.contract import Help, Spec

if TYPE_CHECKING:
    import httpx

    from connectors.autotask.connector import Autotask
    from connectors.budget import Budget

LOOK_UP = "https://webservices.autotask.net"
"""Where anybody may ask for a user's zone."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys."""

    username: str
    """The API user's name, a mail address; its security level has to be "API User (API-only)"."""
    integration_code: str
    """The tracking identifier of the integration, from the API user's page."""
    technician: str
    """Who I am there: user name or mail address of a resource. The API user is somebody else."""
    url: str = LOOK_UP
    """Where the zone is looked up; only addresses of the vendor's, or this machine."""
    impersonate: bool = False
    """Whether writes carry the technician's name; the resource's licence and level have to allow it."""
    replies_mail: bool = False
    """Whether the shop's workflow rules mail a public note to the contact; the API itself mails nobody."""
    time_text: Literal["internal", "summary"] = "internal"
    """Where a new time entry's text goes: the customer may read a summary."""
    mail_users: tuple[str, ...] = ()
    """Resources (user names) that bring customers' mail in: who wrote such a note is not known."""
    note_moves_ticket: bool | None = None
    """Whether a note moves one of the ticket's two dates, where somebody has found out."""


def open_(
    name: str,
    options: Options,
    secrets: dict[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> Autotask:
    """A connector; no request is sent. Raises `OptionsError`."""
    from connectors.autotask.connector import Autotask  # settings are read without it

    return Autotask(name, options, secrets["secret"], transport=transport, budget=budget)


SPEC = Spec(
    psa="autotask",
    title="Autotask PSA",
    options=Options,
    secrets=("secret",),
    open=open_,
    help={
        "username": Help("Username (Key)", "Admin > Resources/Users (HR) > the API user"),
        "secret": Help("Password (Secret)", "beside the username; shown only when it is made"),
        "integration_code": Help("Tracking identifier", "same page: API Tracking Identifier, custom"),
        "technician": Help("Who you are there", "user name or mail address of your own resource"),
        "url": Help("Zone look-up", "as it is; only a simulator has another address"),
    },
)
"""The places are those of the vendor's online help (Adding or editing an API user)."""
