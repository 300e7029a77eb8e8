"""What is found out about an AlgaPSA key by asking: whose it is, its rights, what stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.algapsa.wire import EntryRow, TicketTime, TimeRow, is_id
from connectors.contract import Forbidden, Identity, NotThere, Unauthorized
from connectors.rows import read_row
from connectors.text import clean

if TYPE_CHECKING:
    from connectors.algapsa.api import Api
    from connectors.algapsa.choices import Lists

RIGHTS = (
    ("owner, who wrote what", "user: read", "/users"),
    ("contact, contact_phone, contact_email", "contact: read", "/contacts"),
    ("type, subtype", "ticket_settings: read", "/categories/ticket"),
    ("time, entry_code", "service: read", "/services"),
    ("time, entry_code", "timeentry: read", "/time-entries"),
)
"""Verbs, the right as AlgaPSA calls it, and a list that needs it."""


async def verify(api: Api, lists: Lists, me: tuple[str, str]) -> Identity:
    """Who we are and what is missing. Raises what says that the key cannot be used at all, and `Unauthorized` where it
    is somebody else's than the technician's."""
    await api.get("/tickets", {"limit": "1"})
    missing = []
    for verb, right, path in RIGHTS:
        if not await allowed(api, path):
            missing.append((verb, right))
    user_id, login = me
    user = (await lists.users()).get(user_id)
    notes = [
        "A customer's answer moves a ticket's response state and not its date: every round reads the scope's own"
        " tickets again, and `deskzero check` every conversation.",
        "The response state is read and cannot be set through the API: a ticket that you answered here keeps it.",
    ]
    if not lists.sees_users:
        notes.append(
            "The key may not read users: colleagues have no names but those on tickets, and who is neither contact nor"
            " colleague by the comment itself is unknown."
        )
    owned = hidden = None
    if ("time, entry_code", "timeentry: read") not in missing:
        owned, hidden = await _whose(api, user_id)
        if owned is False:
            raise Unauthorized(
                f"The API key is not {clean(login)}'s: time that {clean(login)} logged is somebody else's to it.",
                hint="Use a key of the technician, or set `technician` to the key's user: what is written is his.",
            )
        if owned is None:
            notes.append(
                "Whose the key is could not be seen: the technician has logged no time on a ticket yet."
            )
    if owned is None:
        notes.append("Whose the key is could not be seen: the technician has logged no time on a ticket yet.")
    if hidden:
        notes.append(
            "Time of others may be hidden from this key: it is shown as one locked entry with all its hours."
        )
    return Identity(
        member_id=user_id,
        member=login,
        name=user.name if user else login,
        version="API v1",
        clock_ahead=api.session.clock_ahead,
        missing=tuple(missing),
        notes=tuple(notes),
        writes_as=login if owned else None,
    )


async def allowed(api: Api, path: str) -> bool:
    """Whether a list may be read."""
    try:
        await api.get(path, {"limit": "1"})
    except Forbidden:
        return False
    return True


async def _whose(api: Api, user_id: str) -> tuple[bool | None, bool | None]:
    """Whether the technician's newest time on a ticket is the key's own, and whether others' time there is hidden;
    `None` where nothing tells. There is no call that says whose a key is (seen on a running server)."""
    params = {
        "user_id": user_id,
        "sort": "start_time",
        "order": "desc",
        "limit": "1",
        "work_item_type": "ticket",
    }
    newest = next(iter(await api.data("/time-entries", list[TimeRow], params)), None)
    if newest is None or newest.work_item_id is None or not is_id(newest.work_item_id):
        return None, None
    try:
        said = await api.data(f"/tickets/{newest.work_item_id}/time-entries", TicketTime)
    except (NotThere, Forbidden):
        return None, None
    for raw in said.entries:
        row = read_row(raw, EntryRow, frozenset({"entry_id", "is_own"}))
        if row.key == newest.id and row.value is not None:
            return row.value.is_own, said.hidden > 0
    return None, said.hidden > 0
