"""The Rev.io PSA connector: what `connectors.contract` asks for, as far as its API is known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from connectors.contract import (
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
    UnknownName,
    Unsupported,
)
from connectors.revio import Options
from connectors.revio import plan as planning
from connectors.revio.api import PAGE_SIZE, Api
from connectors.revio.read import Reader
from connectors.revio.records import key_of_name

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget


class Revio:
    """The connector. `connectors.contract.Connector` says what the verbs give."""

    psa = "revio"
    title = planning.TITLE

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
        self.capabilities = capabilities(options)
        self._api = Api(
            options.url,
            options.tenant,
            key,
            transport=transport,
            budget=budget,
            concurrency=self.capabilities.at_once,
        )
        self._reader = Reader(self._api, options)

    def __repr__(self) -> str:
        return f"<Revio {self.name}>"

    @property
    def requests(self) -> int:
        """Requests sent so far, retries and those for tokens included."""
        return self._api.requests

    async def close(self) -> None:
        """Ends the HTTP sessions."""
        await self._api.close()

    # ------------------------------------------------------------ who and where

    async def verify(self) -> Identity:
        """Proves address, key and tenant by reading the list, and finds the technician in it."""
        from connectors.revio.probe import verify

        return await verify(self._api, self._reader, self._options, self._me())

    def _me(self) -> str:
        """The technician's key. Raises `UnknownName`: no request tells whose an API key is."""
        key = key_of_name(self._options.technician)
        if not key:
            raise UnknownName(
                "Rev.io PSA does not say whose an API key is, and `technician` is empty",
                hint="Set `technician` to your name as Rev.io shows it on tickets.",
            )
        return key

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's technician as the list spells the name. Raises `UnknownName`, for boards and teams
        `Unsupported`."""
        match scope.kind:
            case "all":
                return Resolved(scope, None, None)
            case "mine":
                key, name = self._me(), self._options.technician
            case "owner":
                key, name = key_of_name(scope.name or ""), scope.name or ""
            case _:
                raise Unsupported(
                    f"Rev.io PSA's API as known does not tell a ticket's {scope.kind}",
                    hint="Use mine, owner:<name> or all as `scope`.",
                )
        if key not in self._reader.technicians:
            await self._reader.latest()
        return Resolved(scope, key, self._reader.named(key, name))

    # ------------------------------------------------------------ reading

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets, out of one reading of the whole list. The cursor is a time, less five minutes."""
        return self._reader.tickets(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope; within a minute after `tickets` out of the same reading."""
        return await self._reader.ticket_ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Tickets by id, a request each; where the tenant does not give them so, out of the list."""
        return await self._reader.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """Raises `Unsupported`: no request for notes is established."""
        _not_told("conversations")

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """Raises `Unsupported`: no request for time is established."""
        _not_told("time")

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """No list of choices is established: of technicians and statuses those that tickets have are given, so that
        names in the settings can be chosen from them."""
        if kind not in ("owner", "status"):
            return ()
        await self._reader.learned()
        if kind == "owner":
            found = {key: (names[0], False) for key, names in self._reader.technicians.items()}
        else:
            found = {name: (name, closed) for name, closed in self._reader.statuses.items()}
        return tuple(
            Choice(kind=kind, id=key, name=name, closed=closed, position=place)
            for place, (key, (name, closed)) in enumerate(sorted(found.items()))
            if not context.ids or key in context.ids
        )

    # ------------------------------------------------------------ writing

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """Raises `Unsupported`; see `connectors.revio.plan`."""
        return planning.plan(fix, ticket, self._options.ticket_url)

    async def apply(self, step: Step, version: str | None) -> Applied:
        """Raises `Unsupported`: nothing is ever sent."""
        raise Unsupported(f"{self.title}: nothing can be written through its API as known")


def _not_told(what: str) -> NoReturn:
    raise Unsupported(planning.NOT_READ[what])


def capabilities(options: Options) -> Capabilities:
    """What Rev.io's API can do, as known."""
    return Capabilities(
        fields=frozenset({"type", "priority", "owner", "company"}),
        flag=False,
        code_on_ticket=False,
        code_on_time=False,
        code_name="billing code",
        writes=frozenset(),
        undoable=frozenset(),
        absent=planning.absent(options.ticket_url),
        not_read=dict(planning.NOT_READ),
        read_every=options.read_every_minutes * 60,
        page_size=PAGE_SIZE,
        at_once=2,
        statuses_listed=False,
        quota=(
            Quota(
                requests=60,
                seconds=60,
                whose="key",
                source="prudent; nothing is published",
                pause=60,
            ),
        ),
    )
