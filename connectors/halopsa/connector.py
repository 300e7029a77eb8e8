"""The HaloPSA connector: what `connectors.contract` asks for, from the room's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from connectors.contract import (
    TICKET_FIELDS,
    Applied,
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
from connectors.halopsa import Options
from connectors.halopsa import plan as planning
from connectors.halopsa.api import PAGE_SIZE, Api
from connectors.halopsa.lookups import Lookups
from connectors.halopsa.read import Reader
from connectors.halopsa.scope import resolve
from connectors.halopsa.write import Writer

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget

NO_PHONE = "Halo keeps phone numbers with the contact, not on the ticket: change it there."


class HaloPSA:
    """The connector. `connectors.contract.Connector` says what the verbs give."""

    psa = "halopsa"
    title = "HaloPSA"

    def __init__(
        self,
        name: str,
        options: Options,
        client_secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self.capabilities = capabilities(options)
        self._api = Api(
            options.url,
            (options.client_id, client_secret),
            tenant=options.tenant,
            auth_url=options.auth_url,
            transport=transport,
            budget=budget,
            concurrency=self.capabilities.at_once,
        )
        self._lookups = Lookups(self._api, options.charge_lookup)
        self._reader = Reader(self._api, self._lookups)
        self._writer = Writer(self._api, self._reader, self._lookups, options)

    def __repr__(self) -> str:
        return f"<HaloPSA {self.name}, {self._options.technician}>"

    @property
    def requests(self) -> int:
        """Requests sent so far, retries and those for tokens included."""
        return self._api.requests

    async def close(self) -> None:
        """Ends the HTTP sessions."""
        await self._api.close()

    async def verify(self) -> Identity:
        """Proves address and credentials, finds the technician, missing permissions, and what has to be probed."""
        from connectors.halopsa.probe import verify

        return await verify(self._api, self._lookups, self._options)

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's name as an active agent or team; raises `UnknownName` that lists near names."""
        return await resolve(self._lookups, scope, self._options.technician)

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets. The cursor is a time of the server, less an overlap of five minutes."""
        return self._reader.tickets(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and the PSA's count of them."""
        return await self._reader.ticket_ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Whole tickets by id. What is merged away is a tombstone; a 404 is "not visible"."""
        return await self._reader.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All actions with a text; the opening text left out."""
        return await self._reader.conversation(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All actions with time on them."""
        return await self._reader.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values of a field."""
        return await self._lookups.choices(kind, context)

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The ordered steps of `fix`; see `connectors.halopsa.plan`."""
        return planning.plan(fix, ticket, detach=self._options.detach_parent)

    async def apply(self, step: Step, version: str | None) -> Applied:
        """One write. Halo has no conditional writes that are established: `version` is not used."""
        return await self._writer.apply(step)


def capabilities(options: Options) -> Capabilities:
    """What HaloPSA's API can do, as known."""
    detach: frozenset[str] = frozenset({"detach"}) if options.detach_parent else frozenset()
    attach = frozenset({"attach"}) if options.detach_parent else frozenset[str]()
    fields = (frozenset(planning.FIELDS) - {"parent"}) | {"customer_flag", "entry_code"}
    absent = {"type": planning.NO_TYPE, "custom": planning.NO_CUSTOM, "contact_phone": NO_PHONE}
    return Capabilities(
        fields=frozenset(TICKET_FIELDS) - {"contact_phone", "source"},
        flag=True,
        code_on_ticket=True,
        code_on_time=True,
        code_name="charge rate",
        writes=fields | {"reply", "note", "time", "attach"} | detach,
        undoable=fields | attach | detach,
        mails=frozenset({"reply"}),
        billable=("Billable", "NonBillable"),
        absent=absent if detach else absent | {"detach": planning.NO_DETACH},
        # Of appointments a row has the next one alone; what an hour costs is in lists of rates by contract.
        tells=frozenset({"sla", "charge", "invoices", "entered_at"}),
        note_moves_ticket=options.note_moves_ticket,
        page_size=PAGE_SIZE,
        quota=(Quota(requests=300, seconds=300, source="users' reports of the refusal's text", pause=60),),
        status_setup="Configuration > Tickets > Statuses",
    )
