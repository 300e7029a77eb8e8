"""What is found out about a Syncro account by asking: rights, the labour category, what stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.contract import Forbidden, Identity
from connectors.syncro.api import rows_of
from connectors.syncro.wire import Product
from connectors.text import clean

if TYPE_CHECKING:
    from connectors.syncro import Options
    from connectors.syncro.api import Api
    from connectors.syncro.choices import Lists
    from connectors.syncro.wire import Me

LABOUR = ("labor", "labour")
"""How a category of labour products is likely to be called: proposed by `connect`, not assumed."""


async def verify(api: Api, lists: Lists, options: Options, me: Me, *, contacts: bool) -> Identity:
    """Who we are and what is missing. Raises what says that the account cannot be used at all."""
    settings = await lists.settings()
    await api.get("/tickets", {"mine": "true", "page": "1"})
    missing = [
        (verb, right)
        for group, kind, verb, right in (
            ("ticket", "read", "tickets", "Tickets - List/Search"),
            ("ticket", "write", "reply, note, time, status", "Tickets - Edit"),
            ("customer", "write", "change of a contact's card", "Customers - Edit"),
        )
        if me.permissions.get(group, {}).get(kind) is False
    ]
    if not contacts:
        missing.append(("contact_phone, contact_email", "Customers - View Detail"))
    notes: list[str] = []
    found: dict[str, str] = {}
    try:
        if options.labour_category:
            await lists.code_names({"0"})
        else:
            names = [row.name for row in await lists.categories()]
            likely = [name for name in names if any(word in name.casefold() for word in LABOUR)]
            if len(likely) == 1:
                found["labour_category"] = likely[0]
                notes.append(
                    f'The product category “{clean(likely[0])}” seems to be labour: labour_category = "…".'
                )
            else:
                listed = clean(", ".join(sorted(names))) or "none"
                notes.append(f"Every product is offered as labour; labour_category narrows it ({listed}).")
            await rows_of(api, "/products", "products", Product)
    except Forbidden:
        missing.append(("time with a labour product", "Products: list"))
    if options.note_moves_ticket is None:
        notes.append(
            "Whether a comment moves a ticket's last-updated date is not established: conversations are read more"
            " often (note_moves_ticket = true or false once it is known)."
        )
    notes.append(
        "How Syncro takes away its “customer reply” mark is not established: it is read, never written."
    )
    if not settings.ticket_types:
        notes.append("There are no ticket types here: `board:` and `type` mean nothing.")
    member = (await lists.user_names()).get(str(me.user_id), me.user_name)
    return Identity(
        member_id=str(me.user_id),
        member=member,
        name=me.user_name,
        version="API v1",
        clock_ahead=api.session.clock_ahead,
        writes_as=member,
        missing=tuple(missing),
        notes=tuple(notes),
        found=found,
    )
