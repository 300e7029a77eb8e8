"""Valid values of fields in Request Tracker.

RT has no call for most of them (5.0.3): statuses are put together from tickets of the queue and the moves
they offer, possible owners from people who own tickets and from the mail domain of the token's user.
A select field's values are its own; a free one gives what is used on the queue's recent tickets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from connectors.contract import Choice, ChoiceContext, Forbidden, NotThere
from connectors.rt.reads import PER_PAGE, Reads
from connectors.rt.wire import FIELDS, NOBODY, Named, Ticket, text

_DELETED = "deleted"
"""Deleting a ticket is not a fix; it is not offered."""


class _Field(msgspec.Struct, frozen=True):
    id: str | int
    name: str


class _QueuePage(msgspec.Struct, frozen=True):
    fields: list[_Field] = msgspec.field(name="TicketCustomFields", default_factory=list)


class _Value(msgspec.Struct, frozen=True):
    """A value as RT's source has it in some answers; in others it is the name alone."""

    name: str | None = None


class _FieldPage(msgspec.Struct, frozen=True):
    values: list[str | _Value] | None = msgspec.field(name="Values", default=None)


class _Queue(msgspec.Struct, frozen=True):
    id: str | int
    name: str = msgspec.field(name="Name")
    lifecycle: Any = msgspec.field(name="Lifecycle", default=None)
    disabled: Any = msgspec.field(name="Disabled", default=0)


class Choices:
    """Asks RT for choices; nothing is remembered here."""

    def __init__(self, reads: Reads, fields: Mapping[str, str]) -> None:
        self._reads = reads
        self._fields = fields

    async def of(self, kind: str, context: ChoiceContext) -> tuple[Choice, ...]:
        """The choices of `kind`; an empty tuple for a kind that RT does not have here."""
        match kind:
            case "board":
                found = await self._boards()
            case "status":
                found = await self._statuses(context)
            case "owner":
                found = await self._owners(context)
            case _ if kind in self._fields:
                found = await self._values(kind, self._fields[kind], context)
            case _:
                return ()
        return tuple(choice for choice in found if not context.ids or choice.id in context.ids)

    # ------------------------------------------------------------ kinds

    async def _boards(self) -> list[Choice]:
        found = [Choice(kind="board", id=str(queue.id), name=queue.name) async for queue in self.queues()]
        return sorted(found, key=lambda choice: choice.name.casefold())

    async def queues(self) -> AsyncIterator[_Queue]:
        """The queues that the account may see, active ones."""
        page = 1
        while True:
            answer = await self._reads.session.get(
                "queues/all",
                {"fields": "Name,Lifecycle,Disabled", "per_page": str(PER_PAGE), "page": str(page)},
            )
            items = answer.decode(_Queues).items
            for queue in items:
                yield queue
            # Queues may be hidden within a page: only an empty one is the end where RT names no total.
            if not items:
                return
            page += 1

    async def _statuses(self, context: ChoiceContext) -> list[Choice]:
        """Statuses of the board's recent tickets, and those that these can be moved to."""
        names: dict[str, str] = {}
        for ticket in await self._recent(context):
            lifecycle = text(ticket.queue.lifecycle) or ""
            await self._reads.is_closed(ticket)
            for name in (ticket.status, *(link.to for link in ticket.links if link.ref == "lifecycle")):
                if name and name != _DELETED:
                    names.setdefault(name, lifecycle)
        return [
            Choice(
                kind="status",
                id=name,
                name=name,
                board_id=context.board_id,
                closed=self._reads.closes(lifecycle, name),
                position=position,
            )
            for position, (name, lifecycle) in enumerate(names.items())
        ]

    async def _owners(self, context: ChoiceContext) -> list[Choice]:
        import asyncio  # here: `list` and `check --offline` load this module for its options alone

        if context.ids:
            names = list(context.ids)
        else:
            names = [NOBODY, (await self._reads.me()).name]
            names += [ticket.owner.login for ticket in await self._recent(context)]
            names += [user.login async for user in self._colleagues()]
        users = {name: self._reads.user(name) for name in dict.fromkeys(names) if name != NOBODY}
        known = await asyncio.gather(*users.values())
        found = (
            [Choice(kind="owner", id=NOBODY, name=NOBODY, detail="nobody owns it")] if NOBODY in names else []
        )
        for name, user in zip(users, known, strict=True):
            if user is None or not (str(user.privileged) == "1" or self._reads.is_staff(name)):
                continue
            active = str(user.disabled or 0) != "1"
            if active or context.ids:
                detail = user.real_name or user.email
                found.append(
                    Choice(kind="owner", id=name, name=name, active=active, detail=detail, email=user.email)
                )
        return found

    async def _colleagues(self) -> AsyncIterator[Named]:
        """Users of our own mail domain."""
        domain = ((await self._reads.me()).email or "").rpartition("@")[2]
        if not domain:
            return
        params = {"fields": "Name,EmailAddress"}
        where = [("EmailAddress", "ENDSWITH", f"@{domain}")]
        async for items, _ in self._reads.listing("users", where, params):
            for item in items:
                yield msgspec.json.decode(item, type=Named)

    async def _values(self, kind: str, name: str, context: ChoiceContext) -> list[Choice]:
        """A select field's values. Of a free field, and of one whose page the account may not read, those that
        are used: valid ones, though perhaps not all."""
        field = await self.field(name, context.board_id)
        try:
            answer = await self._reads.session.get(f"customfield/{field.id}")
            names = [
                value if isinstance(value, str) else value.name
                for value in answer.decode(_FieldPage).values or ()
            ]
            values = [name for name in names if name]
        except Forbidden:
            values = []
        if not values:
            used = [
                text(value)
                for ticket in await self._recent(context)
                for custom in ticket.fields
                if custom.name == name
                for value in custom.values
            ]
            values = sorted({value for value in used if value})
        board = context.board_id if kind in ("billing_code", "type", "subtype", "item") else None
        return [
            Choice(kind=kind, id=value, name=value, board_id=board, position=position)
            for position, value in enumerate(values)
        ]

    # ------------------------------------------------------------ shared

    async def field(self, name: str, board_id: str | None) -> _Field:
        """The custom field of that name on a queue, or on any. Raises `NotThere`."""
        found = (await self._named({name}, board_id)).get(name)
        if found is None:
            where = "on this queue" if board_id else "on any queue"
            raise NotThere(
                f"Request Tracker shows no custom field “{name}” {where}.",
                hint="Check its name in the connection's `fields`; the account needs the right SeeCustomField.",
            )
        return found

    async def problems(self) -> list[tuple[str, str]]:
        """(canonical field, right) for the custom fields of the settings that are not shown, or not fully."""
        found = await self._named(set(self._fields.values()), None)
        problems = []
        for canonical, name in self._fields.items():
            if name not in found:
                problems.append((canonical, f"SeeCustomField (or the custom field “{name}” itself)"))
                continue
            try:
                await self._reads.session.get(f"customfield/{found[name].id}")
            except Forbidden:
                problems.append((canonical, f"SeeCustomField for all queues (for the choices of “{name}”)"))
        return problems

    async def _named(self, names: set[str], board_id: str | None) -> dict[str, _Field]:
        """Custom fields by name: of a queue, or of as many queues as it takes to find them all."""
        boards = [board_id] if board_id else [str(queue.id) async for queue in self.queues()]
        found: dict[str, _Field] = {}
        for board in boards:
            # Not `/queue/N/customfields`: that is empty where the right is given on the queue alone.
            queue = (await self._reads.session.get(f"queue/{int(board)}")).decode(_QueuePage)
            found |= {field.name: field for field in queue.fields if field.name in names}
            if found.keys() == names:
                break
        return found

    async def _recent(self, context: ChoiceContext) -> list[Ticket]:
        """The 100 tickets last changed, of the board if there is one."""
        answer = await self._reads.session.get(
            "tickets",
            {
                "query": f"Queue={int(context.board_id)}" if context.board_id else "id > 0",
                "orderby": "LastUpdated",
                "order": "DESC",
                "per_page": str(PER_PAGE),
                **FIELDS,
            },
        )
        found = []
        for item in answer.decode(_Items).items:
            try:
                found.append(msgspec.json.decode(item, type=Ticket))
            except msgspec.ValidationError:
                continue  # it is in quarantine, where the stream of tickets put it
        return found


class _Items(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw]


class _Queues(msgspec.Struct, frozen=True):
    items: list[_Queue]
