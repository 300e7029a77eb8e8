"""The ConnectWise connector: what `connectors.contract` asks for, from the room's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from connectors.connectwise import Options
from connectors.connectwise import choices as choice_lists
from connectors.connectwise import plan as planning
from connectors.connectwise.api import Api
from connectors.connectwise.read import Reader, TimeAhead
from connectors.connectwise.scope import resolve
from connectors.connectwise.write import Writer
from connectors.contract import (
    TICKET_FIELDS,
    Applied,
    Attachment,
    Capabilities,
    Choice,
    ChoiceContext,
    Conversation,
    Fetched,
    Fix,
    Identity,
    IdList,
    Page,
    Quota,
    Resolved,
    Scope,
    Step,
    TicketRecord,
    TimeEntries,
)

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget

TOLD = frozenset({"sla", "schedule", "charge", "invoices", "entered_at", "rates"})
"""The schedule is a technician's (`resolve`). Where the fields are known from: `wire`, `records`, `dispatch`."""


class ConnectWise:
    """The connector. `connectors.contract.Connector` says what the verbs give."""

    psa = "connectwise"
    title = "ConnectWise PSA"

    def __init__(
        self,
        name: str,
        options: Options,
        private_key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self.capabilities = capabilities(options)
        self._api = Api(
            options.url,
            options.company,
            options.client_id,
            (options.public_key, private_key),
            transport=transport,
            budget=budget,
            concurrency=self.capabilities.at_once,
        )
        self._reader = Reader(self._api, options.date_form)
        self._writer = Writer(self._api, self._reader)
        self._no_time: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<ConnectWise {self.name}, {self._options.technician}>"

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self._api.requests

    async def close(self) -> None:
        """Ends the HTTP sessions."""
        await self._api.close()

    async def verify(self) -> Identity:
        """Proves address and credentials, finds the technician, the missing rights and the form of dates."""
        from connectors.connectwise.probe import verify

        return await verify(self._api, self._options)

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's name as an active id; raises `UnknownName` that lists near names. Schedule entries are read of a
        technician (`Dispatch`): in other scopes nothing is told of appointments."""
        tells = TOLD if scope.kind in ("mine", "owner") else TOLD - {"schedule"}
        tells -= {"sla"} if self._api.without else set()
        self.capabilities = msgspec.structs.replace(self.capabilities, tells=tells)
        return await resolve(self._api, scope, self._options.technician)

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets. The cursor is a time of the server, less an overlap of five minutes."""
        return self._reader.tickets(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and the PSA's count less what only a substring match brought."""
        return await self._reader.ticket_ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Tickets by id, about 100 a request. What is merged away is a tombstone; a 404 is "not visible"."""
        return await self._reader.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes, with the time entries that the PSA shows to the customer; the opening text left out."""
        return await self._reader.conversation(ticket_id)

    async def read_ahead(self, ticket_ids: Sequence[str]) -> TimeAhead:
        """The time entries of those tickets, about 100 tickets a request."""
        return await self._reader.read_ahead(ticket_ids)

    async def conversation_with(self, ticket_id: str, ahead: TimeAhead) -> Conversation:
        """As `conversation`, without asking for the time."""
        return await self._reader.conversation(ticket_id, ahead)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's documents: one request."""
        return await self._reader.files(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries of those tickets."""
        return await self._reader.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values of a field on the ticket's board and at its company."""
        found = await choice_lists.load(self._api, kind, context)
        if kind == "status":
            refusing = {choice.id for choice in found if not choice.accepts_time}
            self._no_time = (self._no_time - {choice.id for choice in found}) | refusing
        return found

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The ordered steps of `fix`; see `connectors.connectwise.plan`."""
        return planning.plan(
            fix,
            ticket,
            technician=self._options.technician,
            detach=self._options.detach_parent,
            no_time=self._no_time,
        )

    async def apply(self, step: Step, version: str | None) -> Applied:
        """One write. ConnectWise has no conditional writes: `version` is not used."""
        return await self._writer.apply(step)


def capabilities(options: Options) -> Capabilities:
    """What ConnectWise's API can do, as known."""
    detach: frozenset[str] = frozenset({"detach"}) if options.detach_parent else frozenset()
    attach = frozenset({"attach"}) if options.detach_parent else frozenset[str]()
    fields = frozenset(planning.PATHS) | {"custom", "entry_code"}
    absent = {} if detach else {"detach": planning.NO_DETACH}
    return Capabilities(
        fields=frozenset(TICKET_FIELDS),
        flag=True,
        code_on_ticket=True,
        code_on_time=True,
        code_name="work type",
        writes=fields | {"reply", "note", "time", "attach"} | detach,
        undoable=fields | attach | detach,
        mails=frozenset({"reply"}),
        billable=("Billable", "DoNotBill", "NoCharge"),
        absent=absent,
        tells=TOLD,
        note_moves_ticket=options.note_moves_ticket,
        page_size=1000,
        quota=(Quota(requests=1000, seconds=60, source="where throttling is said to begin; not published"),),
        status_setup="System > Setup Tables > Service Board > the board > Statuses",
    )
