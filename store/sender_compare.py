"""The PSA's side of a step: what is there now, compared with what was on the screen and what is wanted."""

from __future__ import annotations

import msgspec

from connectors.contract import Connector, Conversation, TicketRecord, Value
from connectors.text import clean, same_reach
from store import cached
from store.changes import (
    ConflictDetail,
    FieldConflict,
    NoteConflict,
    as_wanted,
    same_value,
    show_field,
    value_of,
)
from store.database import Databases
from store.note_reading import classifier
from store.outbox_rows import Entry, StepEntry
from store.seen import parse_seen
from store.settings import Connection, Settings


class Halt(Exception):
    """A change goes no further for now. `state` is the one it is left in."""

    def __init__(
        self,
        state: str,
        message: str,
        *,
        hint: str = "",
        kind: str = "",
        detail: ConflictDetail | None = None,
        retry_after: float | None = None,
        stops: bool = False,
    ) -> None:
        super().__init__(message)
        self.state = state
        self.hint = hint
        self.kind = kind
        self.detail = detail
        self.retry_after = retry_after
        self.stops = stops
        """Nothing more is sent on this connection in this push."""


class PsaSide:
    """Reads one connection's PSA and compares. All methods raise `ConnectorError` for what cannot be read."""

    def __init__(
        self, databases: Databases, settings: Settings, connection: Connection, connector: Connector
    ) -> None:
        self._databases = databases
        self._connection = connection
        self._connector = connector
        self._classify = classifier(settings.rules.auto_reply)

    async def ticket(self, entry: Entry) -> TicketRecord:
        answer = await self._connector.fetch([entry.ticket_id])
        for ticket in answer.tickets:
            if ticket.ticket_id == entry.ticket_id:
                _same_ticket(entry, ticket)
                return ticket
        named = f"#{clean(entry.number)}"
        hint = f"`deskzero outbox --drop {entry.change}` gives it up, `--retry {entry.change}` asks again."
        for gone in answer.gone:
            into = f" into #{clean(gone.merged_into)}" if gone.merged_into else ""
            raise Halt("rejected", f"{named} was {gone.why}{into} in the PSA.", hint=hint, kind="not_there")
        for odd in answer.odd:
            raise Halt("queued", f"{named} could not be read: {clean(odd.path)} {clean(odd.problem)}")
        words = f"{named} is not there, or not for us to see."
        raise Halt("rejected", words, hint=hint, kind="not_there")

    async def must_write(
        self, entry: Entry, step: StepEntry, ticket: TicketRecord
    ) -> tuple[bool, Conversation | None]:
        """Whether the step has something to write, and the conversation if it was read for that. Raises
        `Halt` for what somebody else has changed or the customer has written.

        What later steps will set is compared too, and before the first step the conversation is read if a
        later one could bury a reply: what stops one of them shall stop all before anything has gone out.
        The conversation is read after the ticket: with a conditional write, a note that comes between the
        two is either seen here or makes the write fail. One that comes while the server writes is asked for
        afterwards (`StepSender.unseen`).
        """
        later = [one for one in entry.steps if one.position > step.position and not one.over]
        self._same_contact(entry, [step, *later], ticket)
        different, conflicts = await self._compare(entry, step, ticket)
        if step.step.creates is None and not different and not conflicts:
            return False, None
        for one in later:
            if one.step.entry_id is None:
                conflicts += (await self._compare(entry, one, ticket))[1]
        _raise(entry, conflicts)
        first = not any(one.state == "done" for one in entry.steps)
        if not could_bury(step) and not (first and any(could_bury(one) for one in later)):
            return True, None
        conversation = await self._connector.conversation(entry.ticket_id)
        self.read_up_to(entry, conversation)
        return True, conversation

    def _alike(self, field: str, left: Value, right: Value) -> bool:
        """Whether the PSA holds in `left` what was written as `right`. Of what is on a contact's card that is what it
        reaches, for cards keep numbers and addresses in a form of their own."""
        if field not in self._connector.capabilities.on_the_card:
            return same_value(left, right)
        return same_value(left, right) or same_reach(field, show_field(field, left), show_field(field, right))

    def _same_contact(self, entry: Entry, steps: list[StepEntry], ticket: TicketRecord) -> None:
        """Raises `Halt` where a step would write to the card of somebody who is not the ticket's contact any more."""
        on_the_card = self._connector.capabilities.on_the_card
        if ticket.contact_id == entry.ticket.contact_id or not any(
            on_the_card & one.step.sets.keys() for one in steps
        ):
            return
        raise Halt(
            "rejected",
            f"The contact of #{clean(entry.number)} is not {clean(entry.ticket.contact)} any more, whose card was to be"
            " changed; nothing was sent.",
            hint=f"`deskzero outbox --drop {entry.change}`, then look at the ticket anew.",
            kind="rejected",
        )

    async def different(self, entry: Entry, step: StepEntry, ticket: TicketRecord) -> bool:
        """Whether some field of the step is not yet as wanted. Raises `Halt` for a conflict."""
        different, conflicts = await self._compare(entry, step, ticket)
        _raise(entry, conflicts)
        return different

    async def _compare(
        self, entry: Entry, step: StepEntry, ticket: TicketRecord
    ) -> tuple[bool, list[FieldConflict]]:
        """Whether some field is not as wanted; and those that are not as they were either."""
        plan, conflicts, different = step.step, [], False
        ours = _written_before(entry, step)
        for field, wanted in plan.sets.items():
            theirs: Value
            if plan.entry_id is not None:
                theirs = await self.entry_code(entry, plan.entry_id)
                fits = same_value(theirs, wanted)
            else:
                theirs = value_of(ticket, field)
                fits = as_wanted(ticket, field, wanted)
            if fits:
                continue
            different = True
            known = field in plan.was or (plan.entry_id is None and field in entry.fix.was)
            was = plan.was.get(field, None if plan.entry_id else entry.fix.was.get(field))
            if not known or self._alike(field, theirs, ours.get(field, was)):
                continue
            on_ticket = plan.entry_id is None
            after_us = on_ticket and self._ours_was_last(entry, ticket)
            if after_us and field == "status" and self._reacts(ticket):
                continue
            told = on_ticket and not after_us
            conflicts.append(
                FieldConflict(
                    field=field,
                    mine=wanted,
                    theirs=theirs,
                    was=was,
                    who=ticket.updated_by if told else None,
                    when=ticket.updated_at if told else None,
                    entry_id=plan.entry_id,
                )
            )
        return different, conflicts

    async def entry_code(self, entry: Entry, time_id: str) -> Value:
        answer = await self._connector.time_entries([entry.ticket_id])
        for time in answer.entries:
            if time.time_id != time_id:
                continue
            code = value_of(
                TicketRecord(
                    ticket_id="",
                    number="",
                    billing_code_id=time.billing_code_id,
                    billing_code=time.billing_code,
                ),
                "billing_code",
            )
            if time.locked:
                raise Halt(
                    "rejected", f"Time entry {clean(time_id)} is invoiced or approved and cannot be changed."
                )
            return code
        raise Halt("rejected", f"Time entry {clean(time_id)} is no longer on #{clean(entry.number)}.")

    def _ours_was_last(self, entry: Entry, ticket: TicketRecord) -> bool:
        """Whether the last to touch the ticket was ourselves, with a note or time of an earlier step: then the
        ticket does not say who else has changed it in the moment before."""
        if not any(one.state == "done" and one.step.creates for one in entry.steps):
            return False
        with self._databases.cache_reads.begin() as db:
            us = cached.us(db, self._connection.name)
        names = {name.casefold() for name in (*us, self._connection.technician) if name}
        return ticket.updated_by is not None and ticket.updated_by.casefold() in names

    def _reacts(self, ticket: TicketRecord) -> bool:
        """Whether the PSA's own rules may have set this status because of what we have just added.

        Where a note cannot come after a colleague's change unseen (a conditional write, a version compared just
        before), nobody else can have. Elsewhere only the statuses that the settings name are taken for the PSA's
        doing: a colleague's change in the moment between our reading and our note would look the same.
        """
        if self._connector.capabilities.conditional_write:
            return True
        named = {status.casefold() for status in self._connection.reaction_statuses}
        return ticket.status.casefold() in named

    def read_up_to(self, entry: Entry, conversation: Conversation) -> None:
        """Raises `Halt` for a customer's note that was not on the screen when the fix was decided."""
        fix = entry.fix
        newer = [
            note
            for note in conversation.notes
            if note.public
            and self._classify(note.speaker, note.text) in ("customer", "unknown")
            and (
                fix.read_up_to is None
                or cached.note_key(note.created_at, note.note_id)
                > cached.note_key(fix.read_up_to, fix.read_up_to_id or "")
            )
        ]
        shown = [
            NoteConflict(note_id=note.note_id, created_at=note.created_at, author=note.author, text=note.text)
            for note in newer
        ]
        if not shown:
            shown = self._unreadable(entry, conversation)
        if not shown:
            return
        shown.sort(key=lambda note: cached.note_key(note.created_at, note.note_id))
        latest = shown[-1]
        if len(shown) > 1:
            # "Mine" means that all of them were read: so all of them are shown.
            words = "\n\n".join(f"{note.author}: {note.text}" for note in shown)
            latest = msgspec.structs.replace(latest, text=words)
        raise Halt(
            "conflict",
            f"{clean(latest.author) or 'The customer'} wrote on #{clean(entry.number)} after what you had read; "
            "nothing was sent.",
            hint=f"Read it (`deskzero show {clean(entry.number)}`), then `deskzero outbox --retry {entry.change}`"
            f" or `--drop {entry.change}`.",
            kind="conflict",
            detail=ConflictDetail(note=latest),
        )

    def _unreadable(self, entry: Entry, conversation: Conversation) -> list[NoteConflict]:
        """Notes that could not be read and that nobody has been told of yet: any may be the customer's."""
        with self._databases.cache_reads.begin() as db:
            told = cached.quarantined(db, entry.connection, entry.ticket_id)
        return [
            NoteConflict(note_id=odd.record_id, created_at=0, author="", text=f"{odd.path}: {odd.problem}")
            for odd in conversation.odd
            if odd.record_id not in told
        ]

    async def wrong(self, entry: Entry, step: StepEntry, ticket: TicketRecord) -> list[str]:
        wrong = []
        for field, wanted in step.step.sets.items():
            if step.step.entry_id is not None:
                is_now = await self.entry_code(entry, step.step.entry_id)
                fits = same_value(is_now, wanted)
            else:
                is_now = value_of(ticket, field)
                fits = as_wanted(ticket, field, wanted) or self._alike(field, is_now, wanted)
            if not fits:
                wrong.append(
                    f'{field.replace("_", " ")} is "{clean(show_field(field, is_now))}" and not '
                    f'"{clean(show_field(field, wanted))}"'
                )
        return wrong


def _same_ticket(entry: Entry, ticket: TicketRecord) -> None:
    """Raises `Halt` where the id names another ticket than the one that was on the screen: the connection
    now leads to another PSA (a test system before, another company's)."""
    created = entry.ticket.created_at
    if created is None or ticket.created_at is None or ticket.created_at == created:
        return
    raise Halt(
        "rejected",
        f"#{clean(entry.number)} is another ticket there than the one that this was decided on"
        f" ({show_field('created_at', ticket.created_at)} instead of {show_field('created_at', created)}).",
        hint="Has the connection's address been changed? `deskzero outbox --drop"
        f" {entry.change}` gives it up.",
        kind="not_there",
    )


def _raise(entry: Entry, conflicts: list[FieldConflict]) -> None:
    if not conflicts:
        return
    first = conflicts[0]
    who = f" by {clean(first.who)}" if first.who else ""
    rule = ""
    if first.field == "status" and any(one.state == "done" and one.step.creates for one in entry.steps):
        rule = (
            " If the PSA's own rules set it after a text, name it in `reaction_statuses` of the connection."
        )
    raise Halt(
        "conflict",
        f"{first.field.replace('_', ' ')} of #{clean(entry.number)} was changed{who}: "
        f'"{clean(show_field(first.field, first.theirs)) or "empty"}" instead of '
        f'"{clean(show_field(first.field, first.was)) or "empty"}".',
        hint=f"`deskzero outbox --retry {entry.change}` sets yours, `--drop {entry.change}` leaves theirs."
        + rule,
        kind="conflict",
        detail=ConflictDetail(fields=tuple(conflicts)),
    )


def could_bury(step: StepEntry) -> bool:
    """What the customer reads, a seen note, a status, a cleared flag (EXCEPTIONS, "Never bury a reply")."""
    plan = step.step
    return (
        plan.guards_reply
        or plan.public
        or "status" in plan.sets
        or ("customer_flag" in plan.sets and not plan.sets["customer_flag"])
        or (plan.creates == "note" and parse_seen(plan.text or "")[0])
    )


def _written_before(entry: Entry, step: StepEntry) -> dict[str, Value]:
    """What earlier steps of the same change have set."""
    done = [one for one in entry.steps if one.position < step.position and one.state == "done"]
    return {field: value for one in done for field, value in one.step.sets.items() if not one.step.entry_id}
