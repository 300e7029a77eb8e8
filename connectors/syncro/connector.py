"""The Syncro connector: what `connectors.contract` asks for, from the room's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING

from connectors.cards import ON_THE_CARD, without_cards
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
    Unauthorized,
    UnknownName,
    Unsupported,
)
from connectors.syncro import Options
from connectors.syncro import plan as planning
from connectors.syncro.api import Api, allowed
from connectors.syncro.choices import Lists
from connectors.syncro.read import Reader
from connectors.syncro.wire import Me
from connectors.syncro.write import Writer
from connectors.text import clean
from connectors.unknown import unknown_name

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget


class Syncro:
    """The connector. `connectors.contract.Connector` says what the verbs give."""

    psa = "syncro"
    title = "Syncro"

    def __init__(
        self,
        name: str,
        options: Options,
        token: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self.capabilities = capabilities(options)
        """Complete once `resolve` or `verify` has been called: without the right to see contacts a ticket's
        phone and mail are not known, so that an empty one means nothing."""
        self._api = Api(
            options.url, token, transport=transport, budget=budget, concurrency=self.capabilities.at_once
        )
        self._lists = Lists(self._api, options)
        self._reader = Reader(self._api, self._lists, options.system_authors)
        self._writer = Writer(self._api, self._reader)
        self._me: Me | None = None
        self._asked_contacts = False

    def __repr__(self) -> str:
        return f"<Syncro {self.name}>"

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self._api.session.requests

    async def close(self) -> None:
        """Ends the HTTP session."""
        await self._api.session.close()

    # ------------------------------------------------------------ who and where

    async def verify(self) -> Identity:
        """Proves address and token, finds whose it is, which rights are missing and which products are labour."""
        from connectors.syncro.probe import verify

        self._me = None
        self._asked_contacts = False
        me = await self.me()
        await self._learn_contacts()
        return await verify(self._api, self._lists, self._options, me, contacts=self._reader.sees_contacts)

    async def me(self) -> Me:
        """The token's user, asked for once, if it is the technician of the settings. Raises `Unauthorized`."""
        if self._me is None:
            self._me = (await self._api.get("/me")).decode(Me)
        me, wanted = self._me, self._options.technician.strip().casefold()
        if wanted and wanted not in (me.user_name.casefold(), (me.user_email or "").casefold()):
            raise Unauthorized(
                f"The token belongs to {clean(me.user_name)} and not to {clean(self._options.technician)},"
                " who is the technician.",
                hint="Use a token of that user, or set `technician` to the token's user (name or mail address).",
            )
        return me

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's user or ticket type as Syncro spells it; raises `UnknownName`, for teams `Unsupported`."""
        await self._learn_contacts()
        match scope.kind:
            case "all":
                return Resolved(scope, None, None)
            case "mine":
                me = await self.me()
                return Resolved(scope, str(me.user_id), await self._name(me))
            case "owner":
                return _found(scope, "user", [(k, n) for k, n in (await self._lists.user_names()).items()])
            case "board":
                types = (await self._lists.settings()).ticket_types
                return _found(scope, "ticket type", [(str(row.id), row.name) for row in types])
            case _:
                raise Unsupported(
                    "Syncro has no teams",
                    hint="Use mine, owner:<name>, board:<ticket type> or all as `scope`.",
                )

    async def _name(self, me: Me) -> str:
        """The technician as owners and timers name him."""
        return (await self._lists.user_names()).get(str(me.user_id), me.user_name)

    async def _learn_contacts(self) -> None:
        """Whether contacts may be seen, asked once."""
        if self._asked_contacts:
            return
        self._reader.sees_contacts = await allowed(self._api, "/contacts")
        self._asked_contacts = True
        if not self._reader.sees_contacts:
            self.capabilities = without_cards(self.capabilities, planning.NO_CARDS)

    # ------------------------------------------------------------ reading

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets. The cursor is a time of the server, less an overlap of five minutes."""
        return self._reader.tickets(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope."""
        return await self._reader.ticket_ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Tickets by id, one or two requests each and one for each contact; a 404 is "not visible"."""
        return await self._reader.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All comments, the opening text left out; one request for 100 (if Syncro gives so many), and one for the
        ticket's files where a customer's comment has no words."""
        return await self._reader.conversation(ticket_id)

    async def files(self, ticket_id: str) -> tuple[Attachment, ...]:
        """The ticket's files, which the ticket by itself lists: one request."""
        return await self._reader.files(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All timers, one request a ticket."""
        return await self._reader.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values of a field; see `connectors.syncro.choices`."""
        return await self._lists.load(kind, context)

    # ------------------------------------------------------------ writing

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The ordered steps of `fix`; see `connectors.syncro.plan`."""
        return planning.plan(fix, ticket, clear_code=self._options.clear_code)

    async def apply(self, step: Step, version: str | None) -> Applied:
        """One write. Syncro has no conditional writes: `version` is not used."""
        return await self._writer.apply(step)


def _found(scope: Scope, what: str, known: Iterable[tuple[str, str]]) -> Resolved:
    rows = list(known)
    wanted = (scope.name or "").strip().casefold()
    found = [row for row in rows if row[1].casefold() == wanted] or [row for row in rows if row[0] == wanted]
    if len(found) == 1:
        return Resolved(scope, found[0][0], found[0][1])
    if found:
        ids = ", ".join(key for key, _ in found)
        raise UnknownName(
            f"{len(found)} {what}s are called “{clean(scope.name)}”", hint=f"Name one by its id: {ids}."
        )
    raise unknown_name("Syncro", what, scope.name, [name for _, name in rows])


def capabilities(options: Options) -> Capabilities:
    """What Syncro's API can do, as known."""
    writes = set(planning.FIELDS) | ON_THE_CARD | {"custom", "entry_code"}
    absent = dict(planning.ABSENT)
    if not options.priorities:
        writes.discard("priority")
        absent["priority"] = planning.NO_PRIORITIES
    return Capabilities(
        fields=frozenset(
            {
                "contact",
                "contact_phone",
                "contact_email",
                "agreement",
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
        code_name="labour product",
        writes=frozenset(writes | {"reply", "note", "time"}),
        # A timer that had no product gets none again only where that is known to work.
        undoable=frozenset(writes if options.clear_code else writes - {"entry_code"}),
        mails=frozenset({"reply"}),
        on_the_card=ON_THE_CARD,
        absent=absent,
        # A list tells that an SLA is broken, not until when it holds; appointments come with the whole ticket alone.
        tells=frozenset({"charge", "invoices", "entered_at"}),
        note_moves_ticket=options.note_moves_ticket,
        page_size=25,
        quota=(
            Quota(
                requests=180,
                seconds=60,
                whose="address",
                established=True,
                source="published by the vendor, for each IP address",
                pause=30,
            ),
        ),
    )
