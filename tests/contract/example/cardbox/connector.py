"""The connector to Card Box: what `connectors.contract.Connector` asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from cardbox import Options
from cardbox.wire import Me, Member, Note, Rows, Status, Ticket, Time, sorted_out
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
    NotThere,
    NotVisible,
    Odd,
    Page,
    Quota,
    Ref,
    Resolved,
    Scope,
    Step,
    TicketRecord,
    TimeEntries,
    Tombstone,
    UnknownName,
    Unreadable,
    Unsupported,
    buries_reply,
)
from connectors.http import Session

OVERLAP = 60
"""Seconds that every round reads again: a change may become visible after a later one."""
PAGE_SIZE = 100

CAPABILITIES = Capabilities(
    fields=frozenset({"contact", "contact_email", "priority", "owner"}),
    flag=False,
    code_on_ticket=False,
    code_on_time=False,
    code_name="billing code",
    writes=frozenset({"status", "owner", "reply", "note"}),
    undoable=frozenset({"status", "owner"}),
    mails=frozenset({"reply"}),
    absent={
        "customer_flag": "Card Box has no such flag: the conversation tells who has the last word.",
        "billing_code": "Card Box bills from its own desk: tickets have no billing code.",
        "entry_code": "Card Box bills from its own desk: time has no billing code.",
        "time": "Card Box's API reads time and takes none.",
        "attach": "Card Box has no parents.",
        "detach": "Card Box has no parents.",
        "custom": "Card Box has no custom fields.",
    },
    note_moves_ticket=True,
    page_size=PAGE_SIZE,
    quota=(Quota(requests=600, seconds=60, source="its manual, chapter 7", established=True),),
    settling=1.0,
)


class CardBox:
    """One account in one Card Box."""

    psa = "cardbox"
    title = "Card Box"
    capabilities = CAPABILITIES

    def __init__(self, name: str, options: Options, token: str, **more: Any) -> None:
        self.name, self._technician, self._url = name, options.technician, options.url.rstrip("/")
        # Retries, time-outs, errors, the budget and redaction are the session's.
        self._http = Session(
            self._url,
            {"Authorization": f"Bearer {token}"},
            secrets=(token,),
            concurrency=CAPABILITIES.at_once,
            **more,
        )

    @property
    def requests(self) -> int:
        return self._http.requests

    async def close(self) -> None:
        await self._http.close()

    # ------------------------------------------------------------ who

    async def verify(self) -> Identity:
        me = (await self._http.get("me")).decode(Me)
        await self._member(self._technician)
        return Identity(me.login, me.login, me.name, me.version, self._http.clock_ahead)

    async def resolve(self, scope: Scope) -> Resolved:
        match scope.kind:
            case "all":
                return Resolved(scope, None, None)
            case "mine" | "owner":
                login = await self._member(scope.name or self._technician)
                return Resolved(scope, login, login)
        raise Unsupported("Card Box has no boards and no teams; use mine, owner:<name> or all.")

    async def _member(self, name: str) -> str:
        for member in await self._list("members", Member):
            if member.active and member.login.casefold() == name.casefold():
                return str(member.login)
        raise UnknownName(f"Card Box has no active user “{name}”.", hint="Logins are as Card Box shows them.")

    # ------------------------------------------------------------ reading

    async def tickets(self, scope: Resolved, since: str | None, closed_after: int) -> AsyncIterator[Page]:
        """Pages by id, so that rows which move or leave meanwhile cannot hide others."""
        query = (
            {"changed_after": since} if since else {"owner": scope.id or "", "alive_after": str(closed_after)}
        )
        after, cursor = 0, ""
        while True:
            answer = await self._http.get("tickets", {**query, "after": str(after), "limit": str(PAGE_SIZE)})
            page = answer.decode(Rows)
            # The server's clock when the first page was made: nothing that changes later is before it.
            cursor = cursor or str(page.now - OVERLAP)
            rows, odd = sorted_out(page.rows, Ticket, "tickets", f"page after {after}")
            last = len(page.rows) < PAGE_SIZE
            found = tuple(row.record(self._url) for row in rows)
            yield Page(found, tuple(odd), cursor if last else None, answer.began_at)
            if last:
                return
            after = max(
                [row.id for row in rows] + [int(one.record_id) for one in odd if one.record_id.isdigit()]
            )

    async def ticket_ids(self, scope: Resolved) -> IdList:
        ids = {
            ticket.ticket_id
            async for page in self.tickets(scope, None, 2**40)
            for ticket in page.tickets
            if not ticket.closed
        }
        return IdList(frozenset(ids), len(ids))

    async def fetch(self, ids: Sequence[str]) -> Fetched:
        tickets: list[TicketRecord] = []
        gone: list[Tombstone] = []
        hidden: list[NotVisible] = []
        odd: list[Odd] = []
        for one in dict.fromkeys(ids):
            try:
                raw = (await self._http.get(f"tickets/{one}")).decode(msgspec.Raw)
            except NotThere:
                hidden.append(NotVisible(one))
                continue
            rows, bad = sorted_out([raw], Ticket, "tickets", f"ticket {one}")
            odd += bad
            for row in rows:
                record = row.record(self._url)
                if record.merged_into is None:
                    tickets.append(record)
                else:
                    gone.append(Tombstone(one, "merged", record.merged_into))
        return Fetched(tuple(tickets), tuple(gone), tuple(hidden), tuple(odd))

    async def conversation(self, ticket_id: str) -> Conversation:
        answer = await self._http.get(f"tickets/{ticket_id}/notes")
        rows, odd = sorted_out(answer.decode(Rows).rows, Note, "notes", f"ticket {ticket_id}")
        notes = sorted((row.record() for row in rows), key=lambda note: (note.created_at, int(note.note_id)))
        return Conversation(ticket_id, tuple(notes), answer.began_at, tuple(odd))

    async def time_entries(self, ticket_ids: Sequence[str]) -> TimeEntries:
        entries, odd, read_at = [], list[Odd](), 0
        for one in ticket_ids:
            answer = await self._http.get(f"tickets/{one}/time")
            rows, bad = sorted_out(answer.decode(Rows).rows, Time, "time", f"ticket {one}")
            entries += [row.record() for row in rows]
            odd += bad
            read_at = read_at or answer.began_at
        return TimeEntries(tuple(ticket_ids), tuple(entries), read_at, tuple(odd))

    async def choices(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        found: list[Choice] = []
        if kind == "status":
            for row in await self._list("statuses", Status):
                choice = Choice(
                    kind=kind, id=str(row.id), name=row.name, closed=row.closed, board_id=str(row.board)
                )
                found += [choice] if context.board_id in (None, choice.board_id) else []
        elif kind == "owner":
            found = [
                Choice(kind=kind, id=row.login, name=row.login, detail=row.name, active=row.active)
                for row in await self._list("members", Member)
            ]
        wanted = set(context.ids)
        return tuple(one for one in found if (one.id in wanted if wanted else one.active))

    async def _list(self, path: str, shape: Any) -> list[Any]:
        answer = await self._http.get(path)
        rows, odd = sorted_out(answer.decode(Rows).rows, shape, path, path)
        if odd:
            raise Unreadable(f"{answer.where}: {odd[0].path}: {odd[0].problem}")
        return rows

    # ------------------------------------------------------------ writing

    def plan(self, fix: Fix, ticket: TicketRecord) -> tuple[Step, ...]:
        """Owner, words, and last the status: what may be refused before what cannot be taken back."""
        for field in fix.fields:
            if field not in ("status", "owner"):
                raise Unsupported(f"Card Box cannot set {field}.", field=field)
        if fix.time is not None or fix.entries:
            raise Unsupported(CAPABILITIES.absent["time"])
        steps = [self._set(fix, "owner")] if "owner" in fix.fields else []
        if fix.note is not None:
            steps.append(self._say(ticket, fix.note, public=False))
        if fix.reply is not None:
            steps.append(self._say(ticket, fix.reply, public=True))
        return (*steps, *([self._set(fix, "status")] if "status" in fix.fields else []))

    def _set(self, fix: Fix, field: str) -> Step:
        value = fix.fields[field]
        return Step(
            action="put",
            ticket_id=fix.ticket_id,
            request=f"PUT /tickets/{fix.ticket_id}",
            body={field: value.id if isinstance(value, Ref) else value},
            sets={field: value},
            was={field: fix.was.get(field)},
            guards_reply=field == "status",
        )

    def _say(self, ticket: TicketRecord, text: str, *, public: bool) -> Step:
        return Step(
            action="note",
            ticket_id=ticket.ticket_id,
            request=f"POST /tickets/{ticket.ticket_id}/notes",
            body={"text": text, "public": public},
            creates="note",
            text=text,
            public=public,
            repeatable=False,
            undoable=False,
            mails=(ticket.contact_email,) if public and ticket.contact_email else (),
            guards_reply=buries_reply(text, public=public),
        )

    async def apply(self, step: Step, version: str | None) -> Applied:
        method, _, path = step.request.partition(" ")
        answer = await self._http.send(method, path, json=step.body)
        if step.action == "note":
            return Applied(created_id=str(answer.decode(Note).id))
        return Applied(ticket=answer.decode(Ticket).record(self._url))
