"""A house: a PSA for the contract suite, with what its people do there and what it holds, in the PSA's own state.

The suite knows no wire format. It asks the connector, and compares with what the house says; a house never asks
the connector. `WorldHouse` is right for a simulator over `connectors.simulators.world`; a subclass says what
differs, in as few lines as possible.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import httpx
import pytest

from connectors.contract import Choice, Ref, Speaker, Value
from connectors.simulators import owed, serve
from connectors.simulators.model import Member, Note, TimeEntry
from connectors.simulators.world import World

Trouble = Literal["429", "401", "html", "cut", "drop-after-commit", "wrong-type"]
On = Literal["tickets", "notes"]


class Said(NamedTuple):
    """A note as the PSA holds it."""

    text: str
    speakers: frozenset[Speaker]
    """What a connector may call its author."""
    public: bool


class Worked(NamedTuple):
    """A time entry as the PSA holds it."""

    hours: float
    member: str
    code: str | None


class House(ABC):
    """One PSA, running. All ids are the connector's (strings)."""

    psa: str
    technician: str
    transport: httpx.AsyncBaseTransport | None = None
    """Between connector and PSA, where the house needs one (a real server answers no order for trouble)."""
    merges: str | None = None
    """Why tickets cannot be merged in this PSA; `None`: they can."""
    never_shown: dict[str, str] = {}
    """Of `capabilities.fields`, those that no ticket of this house has, each with the reason."""
    empties: tuple[str, ...] = ()
    """Names of choices that stand for an empty field (Request Tracker's user Nobody)."""
    without_files: str | None = None
    """Why this PSA's API does not say which files were sent; `None`: it does."""
    without_list: dict[str, str] = {}
    """Fields that are written as plain text, each with the reason why there are no choices."""
    small_page = 4
    """Rows of a page where small pages are wanted."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The connection's table in `config.toml`, `psa` included."""

    @abstractmethod
    def secrets(self) -> dict[str, str]:
        """Its secrets."""

    @abstractmethod
    def trouble(self, kind: Trouble, on: On, *, times: int = 1, retry_after: int = 1) -> None:
        """What the next requests meet: reads of ticket lists, or the request that makes a note."""

    @abstractmethod
    def calm(self) -> int:
        """Ends ordered trouble; how many orders were still waiting."""

    @abstractmethod
    def mine(self) -> list[str]:
        """The technician's open tickets, at least ten, of which some have a contact with a mail address."""

    @abstractmethod
    def customer_writes(self, ticket_id: str, text: str) -> None: ...

    @abstractmethod
    def customer_sends(self, ticket_id: str, name: str, size: int, *, words: str = "") -> None:
        """The customer answers with a file; without `words` it is all that is said."""

    @abstractmethod
    def colleague_writes(self, ticket_id: str, text: str, *, public: bool = True) -> None: ...

    @abstractmethod
    def automation_writes(self, ticket_id: str, text: str) -> bool:
        """A note by nobody; false where this PSA has no such thing."""

    @abstractmethod
    def logs_time(self, ticket_id: str, hours: float) -> str | None:
        """The technician logs time in the PSA, without a billing code; the entry's id where it has one."""

    @abstractmethod
    def changes(self, ticket_id: str, *, seconds_ago: int = 0) -> None:
        """Something of the ticket changes, so that its last-updated is now, or then."""

    @abstractmethod
    def colleague_sets(self, ticket_id: str, field: str, choice: Choice) -> None: ...

    @abstractmethod
    def raises_flag(self, ticket_id: str) -> None:
        """The ticket's own "customer responded" flag is set, and nobody wrote."""

    @abstractmethod
    def closes(self, ticket_id: str) -> None: ...

    @abstractmethod
    def deletes(self, ticket_id: str) -> None: ...

    @abstractmethod
    def merge_into(self, ticket_id: str, into: str) -> None: ...

    @abstractmethod
    def adopts(self, child: str, parent: str | None) -> None:
        """A colleague attaches the ticket, or takes it away from its parent."""

    @abstractmethod
    def family(self) -> tuple[str, str]:
        """Two open tickets of mine without parent or children, of one company: a child to be, a parent to be."""

    @abstractmethod
    def said(self, ticket_id: str) -> list[Said]:
        """The conversation without the opening text, oldest first."""

    @abstractmethod
    def worked(self, ticket_id: str) -> list[Worked]: ...

    @abstractmethod
    def held(self, ticket_id: str, field: str) -> object:
        """What the PSA holds in a canonical field (`custom:<name>` too): a name, a text, a time, `None` for empty.
        Of `parent` the parent's id; of `entry:<id>` that time entry's code by name."""

    @abstractmethod
    def other(self, ticket_id: str, field: str) -> Value:
        """Another value for a field without choices, in the connector's terms; `None`: none is known."""

    def promised(self, ticket_id: str, field: str) -> object:
        """What the PSA holds in a field of `tests.contract.test_told`; asked where the connector tells it."""
        raise NotImplementedError

    def charged(self, time_id: str, field: str) -> object:
        """The same of a time entry."""
        raise NotImplementedError

    def of_one_contact(self) -> list[str]:
        """Open tickets of mine, two at least, that show one contact's card; asked where a connector writes to it."""
        raise NotImplementedError

    def colleague_sets_card(self, ticket_id: str, field: str, value: str) -> None:
        """A colleague changes the card of the ticket's contact; asked where a connector writes to it."""
        raise NotImplementedError

    @abstractmethod
    def custom(self) -> str | None:
        """A custom text field that every ticket of mine has; `None`: this PSA has none."""

    def small_pages(self, patch: pytest.MonkeyPatch) -> bool:
        """Makes the connector ask for small pages, so that few tickets are many; whether it could."""
        import sys

        found = False
        for name, module in list(sys.modules.items()):
            if not name.startswith(self.room()):
                continue
            for constant in ("PAGE_SIZE", "PER_PAGE", "_PAGE_SIZE", "_PER_PAGE", "PAGE"):
                if isinstance(getattr(module, constant, None), int):
                    patch.setattr(module, constant, self.small_page)
                    found = True
        return found

    def room(self) -> str:
        """The package that the connector lives in."""
        import connectors

        return connectors.spec(self.psa).options.__module__


class WorldHouse(House):
    """A simulator over a world, on a socket. Right as it is where nothing says otherwise."""

    ticket_path = "/"
    """What the path of a request for a list of tickets begins with, as the simulator's faults are ordered."""
    note_path = "/"
    """The same for the request that makes a note; `{}` stands for any one part."""
    ids_from = 0
    """What the PSA's ids of tickets are above the world's, where its API has other ids than people see."""
    owner_alone = False
    """A ticket of this PSA has one technician: whoever else is assigned in the world is nobody there."""
    ticket_method: str | None = None
    note_method: str | None = "POST"

    def __init__(self, psa: str, world: World, app: Any, url: str) -> None:
        self.psa, self.world, self.app, self.url = psa, world, app, url
        self.technician = world.technician
        me, said = world.member(world.technician), self.settings().get("technician")
        # As the simulator's own settings name the technician, so the PSA names everybody.
        self.named_by = next(
            (n for n in ("identifier", "name", "email") if getattr(me, n) == said), "identifier"
        )
        self.technician = self.login(me)

    @classmethod
    @contextmanager
    def open(cls, psa: str) -> Iterator[WorldHouse]:
        """Serves a small world that stands still but for what the tests do."""
        world = World(3, 30, speed=0.0)
        app = serve.make_app(psa, world)
        with serve.run_in_thread(app) as url:
            yield cls(psa, world, app, url)

    def settings(self) -> dict[str, Any]:
        return serve.demo_settings(self.psa, self.url)

    def secrets(self) -> dict[str, str]:
        return serve.demo_secrets(self.psa)

    def trouble(self, kind: Trouble, on: On, *, times: int = 1, retry_after: int = 1) -> None:
        path, method = (
            (self.ticket_path, self.ticket_method) if on == "tickets" else (self.note_path, self.note_method)
        )
        self.app.state.faults.next(path, kind, times=times, method=method, retry_after=retry_after)

    def calm(self) -> int:
        left: int = self.app.state.faults.clear()
        return left

    def shown(self, key: int) -> str:
        """The connector's id of a ticket of the world."""
        return str(key + self.ids_from)

    def key(self, ticket_id: str) -> int:
        """The world's id of a ticket."""
        return int(ticket_id) - self.ids_from

    # ------------------------------------------------------------ what people do

    def mine(self) -> list[str]:
        world = self.world
        found = [t for t in world.tickets.values() if world.is_open(t) and self._shown(t)]
        me = world.member(world.technician)
        if self.owner_alone:
            return [self.shown(t.id) for t in found if t.owner_id == me.id]
        return [self.shown(t.id) for t in found if world.assigned(t, world.technician)]

    def _shown(self, ticket: Any) -> bool:
        """Whether the PSA's ticket list has it (ConnectWise: project tickets are another resource)."""
        return True

    def customer_writes(self, ticket_id: str, text: str) -> None:
        self.world.customer_replies(self.key(ticket_id), text)

    def customer_sends(self, ticket_id: str, name: str, size: int, *, words: str = "") -> None:
        self.world.customer_replies(self.key(ticket_id), words, files=((name, size),))

    def colleague_writes(self, ticket_id: str, text: str, *, public: bool = True) -> None:
        self.world.staff_note(self.key(ticket_id), text, public=public)

    def automation_writes(self, ticket_id: str, text: str) -> bool:
        self.world.unknown_note(self.key(ticket_id), text, created_by="Workflow")
        return True

    def logs_time(self, ticket_id: str, hours: float) -> str | None:
        return str(self.world.log_time(self.key(ticket_id), hours).id)

    def changes(self, ticket_id: str, *, seconds_ago: int = 0) -> None:
        world = self.world
        with world.lock:
            ticket = world.ticket(self.key(ticket_id))
            ticket.priority_id = next(one for one in world.priorities if one != ticket.priority_id)
            ticket.updated = min(ticket.updated, world.now() - seconds_ago)
            world.touch(ticket, "asmith", world.now() - seconds_ago)

    def login(self, member: Member) -> str:
        """A member as the PSA's connector names technicians and owners."""
        return str(getattr(member, self.named_by))

    def colleague_sets(self, ticket_id: str, field: str, choice: Choice) -> None:
        value = choice.name
        if field == "owner":
            value = next(m.identifier for m in self.world.members.values() if self.login(m) == choice.name)
        self.world.set_field(self.key(ticket_id), field, value)

    def raises_flag(self, ticket_id: str) -> None:
        self.world.set_field(self.key(ticket_id), "customer_flag", True)

    def closes(self, ticket_id: str) -> None:
        self.world.close(self.key(ticket_id))

    def deletes(self, ticket_id: str) -> None:
        self.world.delete(self.key(ticket_id))

    def merge_into(self, ticket_id: str, into: str) -> None:
        self.world.merge(self.key(ticket_id), self.key(into))

    def adopts(self, child: str, parent: str | None) -> None:
        self.world.set_field(self.key(child), "parent", None if parent is None else self.key(parent))

    def family(self) -> tuple[str, str]:
        world = self.world
        seen: dict[int, str] = {}
        for one in self.mine():
            ticket = world.ticket(self.key(one))
            if ticket.parent_id is not None or world.children.get(ticket.id):
                continue
            if world.statuses[ticket.status_id].name == "Child Ticket":
                continue
            if ticket.company_id in seen:
                return one, seen[ticket.company_id]
            seen[ticket.company_id] = one
        raise AssertionError("the world has no two tickets of mine at one company")

    # ------------------------------------------------------------ what the PSA holds

    def said(self, ticket_id: str) -> list[Said]:
        notes = sorted(self.world.notes[self.key(ticket_id)], key=lambda note: (note.at, note.id))
        return [
            Said(self.words(note.text), self.speakers(note), note.public)
            for note in notes
            if not note.issue and self.in_conversation(note)
        ]

    def in_conversation(self, note: Note) -> bool:
        """Whether the PSA has the note among what is said on the ticket."""
        return True

    def words(self, text: str) -> str:
        """A note's text as the connector should give it."""
        return text

    def speakers(self, note: Note) -> frozenset[Speaker]:
        """What a connector may call a note's author."""
        if note.member_id is not None:
            return frozenset({"staff"})
        if note.contact_id is not None:
            return frozenset({"customer"})
        return frozenset({"system", "unknown"})

    def worked(self, ticket_id: str) -> list[Worked]:
        world = self.world
        return [self._worked(world.time[one]) for one in world.time_of.get(self.key(ticket_id), ())]

    def _worked(self, entry: TimeEntry) -> Worked:
        code = self.world.work_types.get(entry.work_type_id or 0)
        member = self.login(self.world.members[entry.member_id])
        return Worked(round(entry.hours, 2), member, code.name if code else None)

    def held(self, ticket_id: str, field: str) -> object:
        world = self.world
        if field.startswith("entry:"):
            return self._worked(world.time[int(field.removeprefix("entry:"))]).code
        ticket = world.ticket(self.key(ticket_id))
        if field.startswith("custom:"):
            return ticket.custom.get(field.removeprefix("custom:")) or None
        if field in _ATTRIBUTES:
            return getattr(ticket, _ATTRIBUTES[field]) or None
        if field == "parent":
            return None if ticket.parent_id is None else self.shown(ticket.parent_id)
        if field == "customer_flag":
            return ticket.flag
        table, attribute = _TABLES[field]
        row = getattr(world, table).get(getattr(ticket, attribute))
        if isinstance(row, Member):
            return self.login(row)
        return None if row is None else row.name

    def promised(self, ticket_id: str, field: str) -> object:
        world, ticket = self.world, self.world.ticket(self.key(ticket_id))
        match field:
            case "respond_by" | "resolve_by":
                return getattr(ticket, field)
            case "responded_at":
                return owed.responded_at(world, ticket)
            case "resolved_at":
                return owed.resolved_at(world, ticket)
            case "sla_waits":
                return owed.waits(world, ticket)
            case "scheduled_until":
                return ticket.appointment and ticket.appointment[1]
            case "project":
                return owed.project_of(world, ticket) is not None
            case "resolution":
                return owed.resolution(world, ticket)
        raise KeyError(field)

    def charged(self, time_id: str, field: str) -> object:
        entry = self.world.time[int(time_id)]
        return {
            "charge": owed.charged(entry),
            "invoiced": entry.invoice is not None,
            "entered_at": entry.entered or entry.end,
            "rate": owed.rate(self.world, entry),
        }[field]

    def on_card(self, ticket_id: str, field: str) -> object:
        """A field of the ticket's contact, where a ticket has none of its own."""
        contact = self.world.contacts.get(self.world.ticket(self.key(ticket_id)).contact_id or 0)
        return None if contact is None else getattr(contact, CARD[field]) or None

    def of_one_contact(self) -> list[str]:
        """Open tickets of mine, two at least, of one contact whose card says in the PSA what all of them say."""
        seen: dict[tuple[int | None, str, str], list[str]] = {}
        for one in self.mine():
            ticket = self.world.ticket(self.key(one))
            contact = self.world.contacts.get(ticket.contact_id or 0)
            if contact and (contact.phone, contact.email) == (ticket.contact_phone, ticket.contact_email):
                seen.setdefault((contact.id, contact.phone, contact.email), []).append(one)
        return max(seen.values(), key=len)

    def colleague_sets_card(self, ticket_id: str, field: str, value: str) -> None:
        """A colleague changes the card of the ticket's contact."""
        contact = self.world.ticket(self.key(ticket_id)).contact_id
        assert contact is not None
        self.world.set_card(contact, **{CARD[field]: value})

    def other(self, ticket_id: str, field: str) -> Value:
        if field == "due_at":
            return self.world.start - self.world.start % 86400 + 10 * 86400
        if field == "team":
            held = self.held(ticket_id, "team")
            row = next(t for t in self.world.teams.values() if t.name != held)
            return Ref(str(row.id), row.name)
        return {
            "contact_phone": "555 0199",
            "contact_email": "other.address@contract.test",
            "cc": "copy@contract.test",
            "summary": "Another summary",
        }.get(field)

    def custom(self) -> str | None:
        return "Asset Tag"


CARD = {"contact_phone": "phone", "contact_email": "email"}
"""Field of a ticket -> what a contact's card calls it."""
_ATTRIBUTES = {
    "contact_phone": "contact_phone",
    "contact_email": "contact_email",
    "cc": "cc",
    "summary": "summary",
    "due_at": "required_at",
}
_TABLES = {
    "status": ("statuses", "status_id"),
    "owner": ("members", "owner_id"),
    "billing_code": ("work_types", "work_type_id"),
    "contact": ("contacts", "contact_id"),
    "agreement": ("agreements", "agreement_id"),
    "type": ("types", "type_id"),
    "subtype": ("subtypes", "subtype_id"),
    "item": ("items", "item_id"),
    "priority": ("priorities", "priority_id"),
    "site": ("sites", "site_id"),
    "source": ("sources", "source_id"),
    "team": ("teams", "team_id"),
    "board": ("boards", "board_id"),
}
