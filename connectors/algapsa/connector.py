"""The AlgaPSA connector: what `connectors.contract` asks for, from the room's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from connectors.algapsa import Options
from connectors.algapsa import plan as planning
from connectors.algapsa.api import PAGE_SIZE, Api
from connectors.algapsa.choices import Lists
from connectors.algapsa.read import Reader
from connectors.algapsa.records import BILLABLE, FREE
from connectors.algapsa.write import Writer
from connectors.cards import without_cards
from connectors.contract import (
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
    Unsupported,
)
from connectors.unknown import unknown_name

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget


class AlgaPsa:
    """The connector. `connectors.contract.Connector` says what the verbs give."""

    psa = "algapsa"
    title = "AlgaPSA"

    def __init__(
        self,
        name: str,
        options: Options,
        key: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self.capabilities = capabilities()
        """Complete once `resolve` or `verify` has been called: without the right to see contacts a ticket's phone and
        mail are not known, so that an empty one means nothing."""
        self._api = Api(
            options.url, key, transport=transport, budget=budget, concurrency=self.capabilities.at_once
        )
        self._lists = Lists(self._api)
        self._reader = Reader(self._api, self._lists)
        self._writer = Writer(self._api, self._lists)
        self._asked_contacts = False

    def __repr__(self) -> str:
        return f"<AlgaPsa {self.name}>"

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self._api.session.requests

    async def close(self) -> None:
        """Ends the HTTP session."""
        await self._api.session.close()

    # ------------------------------------------------------------ who and where

    async def verify(self) -> Identity:
        """Proves address and key, finds the technician and which rights are missing."""
        from connectors.algapsa.probe import verify

        self._asked_contacts = False
        await self._learn_contacts()
        return await verify(self._api, self._lists, await self._me())

    async def _me(self) -> tuple[str, str]:
        """The technician's user id and user name."""
        me = await self._lists.user(self._options.technician)
        self._reader.me = me[0]
        return me

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's user or board as AlgaPSA spells it; raises `UnknownName`, for teams `Unsupported`."""
        await self._learn_contacts()
        me = await self._me()
        match scope.kind:
            case "all":
                return Resolved(scope, None, None)
            case "mine":
                return Resolved(scope, *me)
            case "owner":
                return Resolved(scope, *await self._lists.user(scope.name or ""))
            case "board":
                boards = await self._lists.boards()
                wanted = (scope.name or "").strip()
                for board in boards:
                    if board.board_name.casefold() == wanted.casefold() and not board.is_inactive:
                        return Resolved(scope, board.id, board.board_name)
                raise unknown_name(
                    "AlgaPSA",
                    "active board",
                    wanted,
                    [one.board_name for one in boards if not one.is_inactive],
                )
            case _:
                raise Unsupported(
                    "AlgaPSA's API lists no tickets by team",
                    hint="Use mine, owner:<user name>, board:<name> or all as `scope`.",
                )

    async def _learn_contacts(self) -> None:
        """Whether contacts may be seen, asked once."""
        if self._asked_contacts:
            return
        from connectors.algapsa.probe import allowed

        self._lists.sees_contacts = await allowed(self._api, "/contacts")
        self._asked_contacts = True
        if not self._lists.sees_contacts:
            self.capabilities = without_cards(self.capabilities, planning.NO_CARDS)

    # ------------------------------------------------------------ reading

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets. The cursor is a time of the server, less an overlap of two minutes."""
        return self._reader.tickets(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and the server's count of them."""
        return await self._reader.ticket_ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Tickets by id, one or two requests each and one for each contact; a 404 is "not visible"."""
        return await self._reader.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All comments, the opening text left out; one request for 200."""
        return await self._reader.conversation(ticket_id)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's documents: one request."""
        return await self._reader.files(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries, one request a ticket, and what tells which of the own ones are invoiced."""
        return await self._reader.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values of a field; see `connectors.algapsa.choices`."""
        return await self._lists.load(kind, context)

    # ------------------------------------------------------------ writing

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The ordered steps of `fix`; see `connectors.algapsa.plan`."""
        return planning.plan(fix, ticket)

    async def apply(self, step: Step, version: str | None) -> Applied:
        """One write. AlgaPSA has no conditional writes: `version` is not used."""
        return await self._writer.apply(step)


def capabilities() -> Capabilities:
    """What AlgaPSA's API can do, as known."""
    undoable = frozenset(planning.FIELDS) | planning.ON_THE_CARD | {"owner", "attach", "detach"}
    return Capabilities(
        fields=frozenset(
            {
                "contact",
                "contact_phone",
                "contact_email",
                "type",
                "subtype",
                "priority",
                "site",
                "owner",
                "due_at",
            }
        ),
        flag=True,
        code_on_ticket=False,
        code_on_time=True,
        # Own entries alone say whether they are invoiced; an entry of a ticket does not say when it was put in.
        tells=frozenset({"sla", "charge", "invoices"}),
        code_name="service",
        # A time entry that had no service cannot be given none again.
        writes=undoable | {"entry_code", "reply", "note", "time"},
        undoable=undoable,
        mails=frozenset({"reply", "status"}),
        on_the_card=planning.ON_THE_CARD,
        billable=(BILLABLE, FREE),
        absent=planning.ABSENT,
        note_moves_ticket=False,
        page_size=PAGE_SIZE,
        status_setup="Settings > Ticketing > Boards > the board",
        quota=(
            Quota(
                requests=60,
                seconds=60,
                burst=120,
                whose="key",
                established=True,
                source="its source: the default for each key, which a shop can change",
            ),
        ),
    )
