"""What stands before a fix: the close guard, and a parent that may be one."""

from __future__ import annotations

from typing import Literal

import msgspec

from connectors.contract import Connector, ConnectorError, Ref, TicketRecord
from connectors.text import clean
from store import cached
from store.fix_draft import FixDraft
from store.fix_names import FixRefused


class Guard(msgspec.Struct, frozen=True):
    """One thing that has to be so before deskzero closes a ticket."""

    name: Literal["code", "time", "text", "answer", "children"]
    lacks: str = ""
    """What is missing, in a word or two; empty: nothing."""

    @property
    def ok(self) -> bool:
        return not self.lacks


def close_guards(draft: FixDraft, *, answers: bool) -> tuple[Guard, ...]:
    """What a close looks at, whether or not this fix closes. Only what this PSA has is asked for: a code where it has
    codes, hours where it has time.

    `answers`: the fix answers the customer or says that no answer is needed.
    """
    can, ticket = draft.connector.capabilities, draft.ticket
    with draft.databases.cache_reads.begin() as db:
        entries = cached.time_entries(db, draft.connection.name, ticket.ticket_id)
        words = cached.staff_has_written(db, draft.connection.name, ticket.ticket_id)
        unanswered = cached.last_word_is_customers(db, draft.connection.name, ticket.ticket_id)
        children = cached.open_children(db, draft.connection.name, ticket.ticket_id)
    found = []
    if can.code_on_ticket or can.code_on_time:
        code = draft.fields.get("billing_code") or ticket.billing_code_id or ticket.billing_code
        lacks = [f"a {can.code_name}"] if can.code_on_ticket and not code else []
        uncoded = [e for e in draft.own_uncoded() if not e.locked and not draft.entries.get(e.time_id)]
        fresh = draft.time is not None and draft.time.code is None
        if can.code_on_time and (uncoded or fresh):
            lacks.append(f"a {can.code_name} on {len(uncoded) + fresh} of your time entries")
        found.append(Guard("code", "; ".join(lacks)))
    if "time" in can.writes or ticket.hours is not None:
        hours = (ticket.hours or 0) > 0 or any(entry.hours > 0 for entry in entries)
        found.append(Guard("time", "" if hours or draft.time is not None else "time"))
    said = draft.reply or draft.note or (draft.time.text if draft.time else "")
    found.append(Guard("text", "" if words or said else "a text that says what was done"))
    found.append(
        Guard("answer", "an answer to the customer's last note" if unanswered and not answers else "")
    )
    named = ", ".join(f"#{clean(child)}" for child in children[:5])
    found.append(Guard("children", f"an end of its open children ({named})" if children else ""))
    return tuple(found)


def missing_for_close(draft: FixDraft, *, answers: bool) -> list[str]:
    """What a close would leave undone, each in a word or two; nothing for a fix that does not close."""
    if draft.closing is None:
        return []
    return [guard.lacks for guard in close_guards(draft, answers=answers) if not guard.ok]


async def choose_parent(draft: FixDraft, said: str, because: str | None) -> None:
    """The parent that `said` names: in the cache, else asked for by id. It is another open ticket of the
    same company, not below this one; a closed one or another company's needs a reason."""
    draft.offered("attach")
    parent, closed = await _find_parent(draft, said)
    named = f"#{clean(parent.number)}"
    if parent.ticket_id == draft.ticket.ticket_id:
        raise FixRefused(f"{named} cannot be its own parent.")
    if parent.ticket_id in _below(draft):
        raise FixRefused(f"{named} is a child of {draft.named} already.")
    if parent.company_id != draft.ticket.company_id and not because:
        raise FixRefused(
            f"{named} belongs to {clean(parent.company) or 'no company'}, {draft.named} to "
            f"{clean(draft.ticket.company) or 'no company'}.",
            hint="If that is meant, say so with --because REASON.",
        )
    if closed and not because:
        raise FixRefused(
            f"{named} is closed ({clean(parent.status)}): its child would be an orphan.",
            hint="Choose an open parent, or say why with --because REASON.",
        )
    draft.fields["parent"] = Ref(parent.ticket_id, parent.number)
    draft.verbs.append("parent")


async def _find_parent(draft: FixDraft, said: str) -> tuple[TicketRecord, bool]:
    name = draft.connection.name
    with draft.databases.cache_reads.begin() as db:
        ids = cached.find_ticket(db, name, said)
        if len(ids) > 1:
            raise FixRefused(
                f'"{clean(said)}" is more than one ticket.', candidates=[f"id:{clean(one)}" for one in ids]
            )
        found = cached.ticket(db, name, ids[0]) if ids else None
    if found is not None and found.presence == "here":
        return found.record, found.closed
    wanted = ids[0] if ids else said.strip().removeprefix("#").removeprefix("id:")
    return await _ask_parent(draft, draft.connector, wanted)


async def _ask_parent(draft: FixDraft, connector: Connector, wanted: str) -> tuple[TicketRecord, bool]:
    try:
        answer = await connector.fetch([wanted])
    except ConnectorError as error:
        raise FixRefused(
            f"#{clean(wanted)} is not in the cache, and {connector.title} did not say: {clean(str(error))}",
            hint=error.hint,
        ) from error
    if not answer.tickets:
        raise FixRefused(f"{connector.title} has no ticket #{clean(wanted)} that we may see.")
    record = answer.tickets[0]
    named = {status.casefold() for status in draft.connection.closed_statuses}
    return record, record.closed or record.status.casefold() in named


def _below(draft: FixDraft) -> set[str]:
    """The ids of all tickets under this one, as far as the cache knows."""
    with draft.databases.cache_reads.begin() as db:
        return cached.descendants(db, draft.connection.name, draft.ticket.ticket_id)
