"""The RT connector: what `connectors.contract` asks for, from the room's parts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from connectors import OptionsError
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
    Resolved,
    Scope,
    Step,
    TicketRecord,
    TimeEntries,
    Unauthorized,
    UnknownName,
    Unsupported,
)
from connectors.rt import Options
from connectors.rt.choices import Choices
from connectors.rt.plan import plan
from connectors.rt.query import OPEN, named_zone
from connectors.rt.reads import Reads
from connectors.rt.talk import Talk
from connectors.rt.tickets import Tickets
from connectors.rt.wire import FIELDS, MAPPED, Ticket, User, text
from connectors.rt.write import Writes
from connectors.text import clean

if TYPE_CHECKING:
    import httpx

    from connectors.budget import Budget
    from connectors.http import Session


class RequestTracker:
    """One account in one Request Tracker."""

    psa = "rt"
    title = "Request Tracker"

    def __init__(self, options: Options, token: str, session: Session) -> None:
        self._options = options
        self._session = session
        self._reads = Reads(session, token, options.staff)
        self._tickets = Tickets(self._reads, options.fields, _web_address(options.url))
        self._talk = Talk(self._reads)
        self._choices = Choices(self._reads, options.fields)
        self._writes = Writes(self._reads, self._tickets, options.fields)
        self.capabilities = _capabilities(options.fields)
        """Complete once `resolve` or `verify` has been called: see `_learn_rights`."""

    @property
    def requests(self) -> int:
        """Requests sent so far, retries included."""
        return self._session.requests

    async def close(self) -> None:
        """Ends the HTTP session."""
        await self._session.close()

    # ------------------------------------------------------------ who and where

    async def verify(self) -> Identity:
        """Proves address and token, finds our user, how dates have to be written, and which rights are missing."""
        version = (await self._session.get("rt")).decode(_Version).version
        me = await self._own_user()
        await self._reads.zone()
        notes = []
        if me.timezone is None:
            notes.append(
                "The token's user has no time zone of his own in RT, so each run finds out the server's "
                "(a few requests); setting one in RT spares that."
            )
        elif named_zone(me.timezone) is None:
            notes.append(
                f"RT's time zone “{clean(me.timezone)}” is not known here; its offset was found by asking."
            )
        if str(me.privileged) != "1":
            notes.append(f"{clean(me.name)} is not a privileged user in RT and may see next to nothing.")
        return Identity(
            member_id=me.name,
            member=me.name,
            name=me.real_name or me.name,
            version=version,
            clock_ahead=self._session.clock_ahead,
            timezone=me.timezone,
            writes_as=me.name,
            missing=tuple(await self._missing()),
            notes=tuple(notes),
        )

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's owner or queue as RT spells it; raises `UnknownName`."""
        await self._learn_rights()
        match scope.kind:
            case "all":
                return Resolved(scope, None, None)
            case "mine":
                me = await self._own_user()
                return Resolved(scope, me.name, me.name)
            case "owner":
                user = await self._reads.user(scope.name or "")
                if (
                    user is None
                    or str(user.disabled or 0) == "1"
                    or await self._reads.speaker(user.name) != "staff"
                ):
                    raise UnknownName(
                        f"Request Tracker has no active user “{clean(scope.name)}” who could own tickets.",
                        hint="Scopes name users as RT's field Username has them.",
                    )
                return Resolved(scope, user.name, user.name)
            case "board":
                return await self._queue(scope)
            case _:
                raise Unsupported("Request Tracker has no teams; use board:<queue> or owner:<name>.")

    # ------------------------------------------------------------ reading

    def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets; cost: 2 requests + one per 100 tickets, with `since` one per 100."""
        return self._tickets.stream(scope, since, closed_after)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and RT's own count of them; one request per 100."""
        return await self._tickets.ids(scope)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Those tickets; up to 5 with their conflict token (two requests for one ticket)."""
        return await self._tickets.fetch(ids)

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes of the ticket with their files; usually three requests, or one when nothing was said since the last
        time."""
        return await self._talk.conversation(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries: one request per 50 tickets, and one or two per ticket that has any."""
        return await self._talk.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values (see `connectors.rt.choices`). Raises `NotThere` for a mapped custom field that is not shown."""
        return await self._choices.of(kind, context)

    # ------------------------------------------------------------ writing

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The steps of a fix, one field or text each (see `connectors.rt.plan`)."""
        return plan(fix, ticket, self._options.fields)

    async def apply(self, step: Step, version: str | None) -> Applied:
        """Carries out one step and reads the ticket back. Raises `Rejected` with RT's own words when a field
        is not as asked, `Conflict` when the ticket is not in `version` any more."""
        return await self._writes.apply(step, version)

    # ------------------------------------------------------------ inside

    async def _own_user(self) -> User:
        """The token's user, if it is the technician of the settings. Raises `Unauthorized`."""
        me = await self._reads.me()
        wanted = self._options.technician
        if wanted and wanted.casefold() != me.name.casefold():
            raise Unauthorized(
                f"The token belongs to {clean(me.name)} and not to {clean(wanted)}, who is the technician.",
                hint="Use a token of that user, or set `technician` to the token's user.",
            )
        return me

    async def _learn_rights(self) -> None:
        """Contacts' phone numbers are shown with the right AdminUsers only. Without it an empty one means
        nothing, so that tickets have no `contact_phone`, unless a custom field holds it."""
        if await self._reads.sees_phones():
            fields = self.capabilities.fields | {"contact_phone"}
            self.capabilities = msgspec.structs.replace(self.capabilities, fields=fields)

    async def _queue(self, scope: Scope) -> Resolved:
        wanted = (scope.name or "").casefold()
        names = []
        async for queue in self._choices.queues():
            if queue.name.casefold() == wanted and str(queue.disabled or 0) != "1":
                return Resolved(scope, str(queue.id), queue.name)
            names.append(queue.name)
        raise UnknownName(
            f"Request Tracker has no active queue “{clean(scope.name)}” that this account may see.",
            hint=f"It sees: {clean(', '.join(sorted(names)))}."
            if names
            else "It sees no queue: right SeeQueue.",
        )

    async def _missing(self) -> list[tuple[str, str]]:
        """(verb, right) as far as RT shows them: in what it offers for the ticket last changed."""
        await self._learn_rights()
        missing = await self._choices.problems()
        answer = await self._session.get(
            "tickets",
            {"query": OPEN, "orderby": "LastUpdated", "order": "DESC", "per_page": "1", **FIELDS},
        )
        for ticket in answer.decode(_Tickets).items:
            offered = {link.ref for link in ticket.links}
            rights = [("reply", "correspond", "ReplyToTicket"), ("note", "comment", "CommentOnTicket")]
            if text(ticket.queue.lifecycle) == "default":  # others need not offer any move
                rights.append(("status", "lifecycle", "ModifyTicket"))
            missing += [(verb, right) for verb, offer, right in rights if offer not in offered]
        if "contact_phone" not in self.capabilities.fields:
            missing.append(("contact_phone", "AdminUsers (it shows people's phone numbers)"))
        return missing


class _Version(msgspec.Struct, frozen=True):
    version: str = msgspec.field(name="Version")


class _Tickets(msgspec.Struct, frozen=True):
    items: list[Ticket]


def _capabilities(fields: Mapping[str, str]) -> Capabilities:
    mapped = set(fields)
    own = {"contact", "contact_email", "priority", "owner", "due_at"}
    can_set = {"status", "owner", "due_at", "custom", "parent", *mapped}
    return Capabilities(
        fields=frozenset(own | mapped - {"billing_code"}),
        flag=False,
        code_on_ticket="billing_code" in mapped,
        code_on_time=False,
        code_name=fields.get("billing_code", "billing code"),
        writes=frozenset(can_set | {"reply", "note", "time", "attach", "detach"}),
        undoable=frozenset(can_set | {"attach", "detach"}),
        # Seen with RT's own default rules: a new owner and a resolved ticket's requestor are told.
        mails=frozenset({"reply", "status", "owner"}),
        absent={
            "customer_flag": "Request Tracker has no such flag: the conversation alone tells who has the last word.",
            "entry_code": "Request Tracker has no billing codes on time; the code is on the ticket.",
            **(
                {}
                if "billing_code" in mapped
                else {
                    "billing_code": "No custom field is named as `billing_code` in the connection's `fields`."
                }
            ),
        },
        # `tells` nothing: time has one moment, that of its transaction, and neither charge nor invoice; whether Due and
        # Starts are a person's or an SLA's is not told apart.
        note_moves_ticket=True,
        conditional_write=True,
        page_size=100,
        settling=2.0,
        statuses_listed=False,
        status_setup="Admin > Lifecycles",
    )


def _explain(status: int, body: bytes) -> tuple[str, str | None]:
    """The words of a refusal: `{"message": "…"}`, without the place in RT's source."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    return re.sub(r" at /\S+ line \d+\.?\s*$", "", text(said.get("message")) or ""), None


def _web_address(url: str) -> str:
    return url.strip().rstrip("/").removesuffix("/REST/2.0")


def open_rt(
    name: str,
    options: Options,
    secrets: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> RequestTracker:
    """Opens the connection `name`; no request is sent. Raises `OptionsError`."""
    from connectors.http import Session  # httpx: not before the first paint

    for field in options.fields:
        if field not in MAPPED:
            raise OptionsError("fields", f"keys out of {', '.join(MAPPED)}, not {field}")
    token = secrets["token"].strip()
    session = Session(
        f"{_web_address(options.url)}/REST/2.0",
        {"Authorization": f"token {token}"},
        secrets=(token,),
        transport=transport,
        explain=_explain,
        budget=budget,
        concurrency=_capabilities(options.fields).at_once,
    )
    return RequestTracker(options, token, session)
