"""The connector to Request Tracker 5 (REST 2, token).

RT has no "customer responded" flag and no billing code of its own: the first follows from the conversation,
the second is a custom field that the settings name. Facts are of RT 5.0.3 (Debian 12), seen on a running server
or read in its source. The traps: a refused change is a 200 with a sentence, so every write is read back; dates
in queries are in the user's zone; `If-Match` works on PUT only, a POST with it is always refused.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from connectors import OptionsError
from connectors.contract import (
    Applied,
    Capabilities,
    Choice,
    ChoiceContext,
    Conflict,
    ConnectorError,
    Conversation,
    Fetched,
    Fix,
    Forbidden,
    Identity,
    IdList,
    NotThere,
    NotVisible,
    Odd,
    Page,
    Rejected,
    Resolved,
    Scope,
    Spec,
    Step,
    TicketRecord,
    TimeEntries,
    Tombstone,
    Unauthorized,
    UnknownName,
    Unreadable,
    Unsupported,
    Value,
)
from connectors.rt_choices import Choices
from connectors.rt_plan import plan, wanted_parents, word
from connectors.rt_query import CLOSED, OPEN, both, named_zone, of_ids, of_scope
from connectors.rt_reads import Reads, Rows, odd, row_id
from connectors.rt_talk import Talk
from connectors.rt_wire import FIELDS, MAPPED, Ticket, User, lenient_seconds, number, text, to_ticket
from connectors.text import clean, same_text

if TYPE_CHECKING:
    import httpx

    from connectors.http import Session

_OVERLAP = 30
"""Seconds by which a cursor lies before the newest change seen: a change is dated when its request begins,
and seen when that ends."""
_WITH_VERSION = 5
"""Up to so many ids are fetched one by one, which gives their conflict token; more are searched for."""


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An RT connection's own keys."""

    url: str
    """RT's address for people; the API is below it."""
    technician: str = ""
    """The user whom the token belongs to; empty: whoever it is."""
    fields: dict[str, str] = {}
    """Canonical field -> the custom field that holds it."""
    staff: tuple[str, ...] = ()
    """User names, or mail domains like `@msp.example`, that are staff although not privileged in RT."""


class RequestTracker:
    """One account in one Request Tracker."""

    psa = "rt"
    title = "Request Tracker"

    def __init__(self, options: Options, token: str, session: Session) -> None:
        self._options = options
        self._session = session
        self._url = _web_address(options.url)
        self._reads = Reads(session, token, options.staff)
        self._talk = Talk(self._reads)
        self._choices = Choices(self._reads, options.fields)
        self.capabilities = _capabilities(options.fields)

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
            missing=tuple(await self._missing(me.name)),
            notes=tuple(notes),
        )

    async def resolve(self, scope: Scope) -> Resolved:
        """The scope's owner or queue as RT spells it; raises `UnknownName`."""
        match scope.kind:
            case "all":
                return Resolved(scope, None, None)
            case "mine":
                me = await self._own_user()
                return Resolved(scope, me.name, me.name)
            case "owner":
                user = await self._reads.user(scope.name or "")
                if user is None or str(user.disabled or 0) == "1":
                    raise UnknownName(
                        f"Request Tracker has no active user “{clean(scope.name)}”.",
                        hint="Scopes name users as RT's field Username has them.",
                    )
                return Resolved(scope, user.name, user.name)
            case "board":
                return await self._queue(scope)
            case _:
                raise Unsupported("Request Tracker has no teams; use board:<queue> or owner:<name>.")

    # ------------------------------------------------------------ tickets

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages of tickets as the contract says; cost: 2 + one per 100 tickets, with `since` one per 100.

        A cursor is a UTC time. The last page has the new one.
        """
        zone = await self._reads.zone()
        if since is None:
            of = of_scope(scope)
            closed = both(of, CLOSED, f"LastUpdated >= '{zone.text(closed_after)}'")
            searches: list[tuple[str, bool | None]] = [(both(of, OPEN), False), (closed, True)]
        else:
            searches = [(f"LastUpdated > '{zone.text(_moment(since))}'", None)]
        firsts = await asyncio.gather(*(self._reads.page(query, FIELDS) for query, _ in searches))
        expected = sum(rows.total for rows in firsts)
        began = min(rows.began_at for rows in firsts)
        newest = 0
        for (query, known), first in zip(searches, firsts, strict=True):
            async for rows in self._reads.search(query, FIELDS, first):
                page = await self._page(rows, expected, known)
                newest = max(newest, *(ticket.updated_at or 0 for ticket in page.tickets), 0)
                yield page
        server = int(began + self._session.clock_ahead)
        reached = min(newest or server, server) - _OVERLAP
        if since is not None:
            reached = max(reached, _moment(since))
        stamp = datetime.fromtimestamp(reached, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield Page((), cursor=stamp, read_at=began, expected=expected)

    async def ticket_ids(self, scope: Resolved) -> IdList:
        """The ids now open in the scope, and RT's own count of them; one request per 100."""
        found: set[str] = set()
        count = None
        async for rows in self._reads.search(both(of_scope(scope), OPEN)):
            count = rows.total if count is None else count
            for place, item in enumerate(rows.items, 1):
                ticket_id = row_id(item)
                if ticket_id is None:
                    raise Unreadable(f"GET /tickets: row {place} has no id")
                found.add(str(ticket_id))
        return IdList(frozenset(found), count or 0)

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        """Those tickets. Up to 5 come with their conflict token (two requests for one ticket); of more, those
        that a search finds come without, and only the others are asked for one by one: RT's searches find
        neither deleted nor merged tickets."""
        ids = list(dict.fromkeys(ids))
        alive: dict[str, str | None] = {}
        gone: list[Tombstone] = []
        hidden: list[NotVisible] = []
        tickets: dict[str, TicketRecord] = {}
        odds: list[Odd] = []
        began: list[int] = []
        if len(ids) > _WITH_VERSION:
            began.append(await self._find(dict.fromkeys(ids), tickets, odds))
        known = set(tickets) | {wrong.ticket_id for wrong in odds}
        asked = [one for one in ids if one not in known]
        for one, answer in zip(asked, await asyncio.gather(*map(self._one, asked)), strict=True):
            if isinstance(answer, Tombstone):
                gone.append(answer)
            elif isinstance(answer, NotVisible):
                hidden.append(answer)
            else:
                alive[one] = answer[0]
                began.append(answer[1])
        if alive:
            began.append(await self._find(alive, tickets, odds))
        settled = set(tickets) | {wrong.ticket_id for wrong in odds}
        hidden += [NotVisible(one) for one in alive if one not in settled]  # left between the two requests
        return Fetched(
            tuple(tickets[one] for one in ids if one in tickets),
            tuple(gone),
            tuple(hidden),
            tuple(odds),
            min(began, default=int(datetime.now(UTC).timestamp())),
        )

    async def conversation(self, ticket_id: str) -> Conversation:
        """All notes of the ticket; usually two requests, or one when nothing was said since the last time."""
        return await self._talk.conversation(ticket_id)

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        """All time entries: one request per 50 tickets, and one or two per ticket that has any."""
        return await self._talk.time_entries(ticket_ids)

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """Valid values (see `rt_choices`). Raises `NotThere` for a mapped custom field that is not shown."""
        return await self._choices.of(kind, context)

    # ------------------------------------------------------------ writing

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """The steps of a fix, one field or text each (see `rt_plan`)."""
        return plan(fix, ticket, self._options.fields)

    async def apply(self, step: Step, version: str | None) -> Applied:
        """Carries out one step and reads the ticket back.

        Raises `Rejected` with RT's own words when a field is not as asked (RT answers 200 then), `Conflict`
        when the ticket is not in `version` any more. For a PUT RT checks that itself; for a text, where RT
        cannot (RT 5.0.3 answers 412 to every POST with `If-Match`), it is compared just before.
        """
        path = f"ticket/{int(step.ticket_id)}"
        if step.creates:
            if version is not None and _bare(version) != _bare(await self._version(path)):
                raise Conflict(
                    f"{step.request}: the ticket has changed since it was read",
                    hint="Read it again and compare.",
                )
            return await self._say(step, path)
        now = version or await self._version(path)
        answer = await self._session.send(
            "PUT", path, json=step.body, headers={"If-Match": f'"{_bare(now)}"'}
        )
        said = _sentences(answer.body)
        ticket = await self._reread(step.ticket_id)
        for field, wanted in step.sets.items():
            if not _is_as_asked(ticket, field, wanted, self._options.fields):
                words = (
                    said or "nothing: RT does not know the field here, or the right to change it is missing"
                )
                raise Rejected(
                    f"Request Tracker did not set {field.replace('_', ' ')}; it said: {words}", field=field
                )
        return Applied(ticket, said=said)

    async def _say(self, step: Step, path: str) -> Applied:
        """A reply, a note or time. Once RT has taken it, nothing below may look as if it had not."""
        answer = await self._session.send("POST", f"{path}/{step.action}", json=step.body)
        made = re.search(r"/transaction/(\d+)$", answer.headers.get("Location", ""))
        said = _sentences(answer.body)
        try:
            ticket = await self._reread(step.ticket_id)
        except ConnectorError:
            ticket = None  # the caller reads it again
        return Applied(ticket, created_id=made[1] if made else None, said=said)

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

    async def _page(self, rows: Rows, expected: int | None, closed: bool | None) -> Page:
        """A page's records; `closed` is what the search itself says of all of them."""
        tickets, odds = [], []
        for place, item in enumerate(rows.items, 1):
            try:
                wire = msgspec.json.decode(item, type=Ticket)
                if closed is not None:
                    self._reads.closed[wire.role] = closed
                shut = await self._reads.is_closed(wire) if closed is None else closed
                tickets.append(to_ticket(wire, self._options.fields, self._url, closed=shut))
            except (msgspec.ValidationError, ValueError) as error:
                odds.append(odd("tickets", item, f"page read at {rows.began_at}, row {place}", error))
            else:
                self._learn_phones(wire)
        return Page(tuple(tickets), tuple(odds), read_at=rows.began_at, expected=expected)

    def _learn_phones(self, wire: Ticket) -> None:
        """Whether contacts' phones are shown (right AdminUsers): if not, an empty one means nothing."""
        if not wire.requestors or "contact_phone" in self._options.fields:
            return
        fields = self.capabilities.fields - {"contact_phone"}
        if wire.requestors[0].disabled not in (None, ""):
            fields |= {"contact_phone"}
        if fields != self.capabilities.fields:
            self.capabilities = msgspec.structs.replace(self.capabilities, fields=fields)

    async def _one(self, ticket_id: str) -> Tombstone | NotVisible | tuple[str | None, int]:
        """What became of an id: gone, not visible, or its conflict token and when that was read."""
        try:
            answer = await self._session.get(f"ticket/{int(ticket_id)}")
        except (NotThere, Forbidden):
            return NotVisible(ticket_id)
        head = answer.decode(_Head)
        if str(head.id) != ticket_id:
            return Tombstone(ticket_id, "merged", str(head.id))
        if head.status == "deleted":
            return Tombstone(ticket_id, "deleted")
        return answer.headers.get("ETag"), answer.began_at

    async def _find(
        self, ids: Mapping[str, str | None], tickets: dict[str, TicketRecord], odds: list[Odd]
    ) -> int:
        """Searches for those ids, 50 at a time, and adds what is found; when that began."""
        began = []
        wanted = list(ids)
        for start in range(0, len(wanted), 50):
            async for rows in self._reads.search(of_ids(wanted[start : start + 50]), FIELDS):
                began.append(rows.began_at)
                page = await self._page(rows, None, None)
                odds += page.odd
                for ticket in page.tickets:
                    version = ids[ticket.ticket_id]
                    tickets[ticket.ticket_id] = msgspec.structs.replace(ticket, version=version)
        return min(began)

    async def _version(self, path: str) -> str | None:
        return (await self._session.get(path)).headers.get("ETag")

    async def _reread(self, ticket_id: str) -> TicketRecord:
        """The ticket after a write. Deleted or gone: the write's outcome cannot be told."""
        found = await self.fetch([ticket_id])
        if not found.tickets:
            raise Unreadable(f"GET /ticket/{ticket_id}: the ticket cannot be read back after the change")
        return found.tickets[0]

    async def _missing(self, name: str) -> list[tuple[str, str]]:
        """(verb, right) as far as RT shows them: in what it offers for the ticket last changed."""
        missing = []
        for field, custom in self._options.fields.items():
            if problem := await self._choices.problem_with(custom):
                missing.append((field, problem))
        answer = await self._session.get(
            "tickets",
            {"query": OPEN, "orderby": "LastUpdated", "order": "DESC", "per_page": "1", **FIELDS},
        )
        rows = answer.decode(_Tickets).items
        if rows:
            refs = {link.ref for link in rows[0].links}
            rights = (("reply", "correspond", "ReplyToTicket"), ("note", "comment", "CommentOnTicket"))
            missing += [(verb, right) for verb, ref, right in rights if ref not in refs]
            if "lifecycle" not in refs:
                missing.append(("status", "ModifyTicket"))
            self._learn_phones(rows[0])
            if "contact_phone" not in self.capabilities.fields:
                missing.append(("contact_phone", "AdminUsers, to see phone numbers; or name a custom field"))
        return missing


class _Version(msgspec.Struct, frozen=True):
    version: str = msgspec.field(name="Version")


class _Head(msgspec.Struct, frozen=True):
    id: str | int
    status: str = msgspec.field(name="Status")


class _Tickets(msgspec.Struct, frozen=True):
    items: list[Ticket]


def _capabilities(fields: Mapping[str, str]) -> Capabilities:
    mapped = set(fields)
    own = {"contact", "contact_phone", "contact_email", "priority", "owner", "due_at"}
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
        note_moves_ticket=True,
        conditional_write=True,
        page_size=100,
        settling=2.0,
    )


def _is_as_asked(ticket: TicketRecord, field: str, wanted: Value, fields: Mapping[str, str]) -> bool:
    """Whether the ticket read back has what a step set."""
    if field == "parent":
        return set(wanted_parents(wanted)) == set(ticket.parent_ids)
    if field == "due_at":
        return (ticket.due_at or 0) == (number(wanted) or 0)
    if field == "owner":
        asked = word(wanted) or "Nobody"
        return (ticket.owner or "Nobody").casefold() == asked.casefold()
    name = field.removeprefix("custom:")
    # A field that is named in `fields` is in the record under its canonical name.
    canonical = next((key for key, custom in fields.items() if custom == name), None)
    if field.startswith("custom:"):
        have = getattr(ticket, canonical) if canonical else ticket.custom.get(name)
    else:
        have = getattr(ticket, field)
    return same_text((have or "").casefold(), (word(wanted) or "").casefold())


def _sentences(body: bytes) -> str:
    """What RT says to a write: sentences for people, in the user's language."""
    try:
        said = msgspec.json.decode(body, type=list[Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unreadable("Request Tracker answered a change with something that is not its own.") from None
    return clean(" ".join(str(sentence) for sentence in said))


def _explain(status: int, body: bytes) -> tuple[str, str | None]:
    """The words of a refusal: `{"message": "…"}`, without the place in RT's source."""
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", None
    return re.sub(r" at /\S+ line \d+\.?\s*$", "", text(said.get("message")) or ""), None


def _moment(cursor: str) -> int:
    at = lenient_seconds(cursor)
    if at is None:
        raise Unreadable(f"the cursor “{clean(cursor)}” is not a time", hint="Run `deskzero sync --full`.")
    return at


def _bare(etag: str | None) -> str:
    return (etag or "").removeprefix("W/").strip('"')


def _web_address(url: str) -> str:
    return url.strip().rstrip("/").removesuffix("/REST/2.0")


def _open(
    name: str,
    options: Options,
    secrets: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
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
    )
    return RequestTracker(options, token, session)


SPEC = Spec(psa="rt", title="Request Tracker", options=Options, secrets=("token",), open=_open)
