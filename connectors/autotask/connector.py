"""The Autotask connector: what `connectors.contract` asks for, from the room's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from connectors.autotask import Options
from connectors.autotask import choices as choice_lists
from connectors.autotask import plan as planning
from connectors.autotask.api import Api
from connectors.autotask.names import Names
from connectors.autotask.read import Reader
from connectors.autotask.scope import resolve
from connectors.autotask.write import Writer
from connectors.cards import ON_THE_CARD
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

ABSENT = {
    "customer_flag": "Autotask has no flag for it: a status says that the customer has written.",
    "item": "Autotask has issue types and sub-issue types, no items.",
}


class Autotask:
    """The connector. `connectors.contract.Connector` says what the verbs give."""

    psa = "autotask"
    title = "Autotask PSA"

    def __init__(
        self,
        name: str,
        options: Options,
        secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self.capabilities = capabilities(options)
        self._api = Api(
            options.url,
            options.username,
            options.integration_code,
            secret,
            transport=transport,
            budget=budget,
            concurrency=self.capabilities.at_once,
        )
        self._names = Names(self._api)
        self._reader = Reader(self._api, self._names, options.mail_users)
        self._writer = Writer(self._api, self._names, options.technician if options.impersonate else None)

    def __repr__(self) -> str:
        return f"<Autotask {self.name}, {self._options.technician}>"

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self._api.requests

    async def close(self) -> None:
        """Ends the HTTP sessions."""
        await self._api.close()

    async def verify(self) -> Identity:
        """Proves zone and credentials, finds the technician, the missing rights and what the lists call things."""
        from connectors.autotask.probe import verify

        return await verify(self._api, self._names, self._options)

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's name as an active id; raises `UnknownName`. A board is a queue; there are no teams."""
        return await resolve(self._names, scope, self._options.technician)

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets. The cursor is a time of the server, less an overlap of five minutes."""
        return self._reader.tickets(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and the PSA's count of them."""
        return await self._reader.ticket_ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Tickets by id, 400 a request. What does not come is "not visible": Autotask does not tell the two apart."""
        return await self._reader.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes, with the summaries of time entries."""
        return await self._reader.conversation(ticket_id)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's attachments: one request for 500, and one for who sent them where that is not known."""
        return await self._reader.files(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries of those tickets that the security level shows."""
        return await self._reader.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values of a field; contacts, contracts and sites of the ticket's company."""
        return await choice_lists.load(self._api, self._names, kind, context)

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The ordered steps of `fix`; see `connectors.autotask.plan`."""
        return planning.plan(
            fix,
            ticket,
            technician=self._options.technician,
            time_text=self._options.time_text,
            replies_mail=self._options.replies_mail,
        )

    async def apply(self, step: Step, version: str | None) -> Applied:
        """One write. Autotask has no conditional writes: `version` is not used."""
        return await self._writer.apply(step)


def capabilities(options: Options) -> Capabilities:
    """What Autotask's API can do, as known."""
    fields = (
        frozenset(planning.PATHS) - {"parent"} | ON_THE_CARD | {"custom", "entry_code", "attach", "detach"}
    )
    return Capabilities(
        fields=frozenset(TICKET_FIELDS) - {"item"},
        flag=False,
        code_on_ticket=True,
        code_on_time=True,
        code_name="work type",
        writes=fields | {"reply", "note", "time"},
        undoable=fields,
        mails=frozenset({"reply"}),
        on_the_card=ON_THE_CARD,
        billable=("Billable", "NonBillable"),
        absent=dict(ABSENT),
        # Service calls and billing items are lists of their own, and a rate is the contract's: none of it is read. That
        # it is on no invoice an entry says by itself.
        tells=frozenset({"sla", "charge", "invoices", "entered_at"}),
        note_moves_ticket=options.note_moves_ticket,
        page_size=500,
        quota=(
            Quota(
                requests=10_000,
                seconds=3600,
                established=True,
                source="published; from half of it on each answer takes longer",
                pause=60,
            ),
        ),
        at_once=3,
        status_setup="Admin > Features & Settings > Service Desk (Tickets) > Task & Ticket Statuses",
    )
