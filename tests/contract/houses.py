"""Which house stands for which PSA: every registered simulator, Request Tracker's real server, and yours.

A connector that has a simulator in `serve.SIMULATED` is in the suite by that; it is listed here only where the
default house does not fit. `DESKZERO_CONTRACT_HOUSE=module:attribute` adds a house of somebody else's: a context
manager without arguments that gives a `House`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from importlib import import_module

import msgspec

from connectors.contract import Choice, Ref, Speaker, Value
from connectors.simulators.algapsa.state import number_of, uid
from connectors.simulators.model import Note
from connectors.simulators.serve import SIMULATED
from connectors.simulators.syncro.rows import PRIORITIES, STATUSES
from tests.contract.house import CARD, House, On, Trouble, WorldHouse

Opener = Callable[[], AbstractContextManager[House]]


class AlgaPsaHouse(WorldHouse):
    ticket_path = "/tickets"
    ticket_method = "GET"
    note_path = "/tickets/{}/comments"
    owner_alone = True
    merges = "AlgaPSA does not merge tickets: it bundles them, and the bundled ones stay."

    def shown(self, key: int) -> str:
        return uid("ticket", key)

    def key(self, ticket_id: str) -> int:
        return number_of("ticket", ticket_id) or 0

    def logs_time(self, ticket_id: str, hours: float) -> str:
        return uid("entry", self.world.log_time(self.key(ticket_id), hours).id)

    def charged(self, time_id: str, field: str) -> object:
        return super().charged(str(number_of("entry", time_id)), field)

    def held(self, ticket_id: str, field: str) -> object:
        if field.startswith("entry:"):
            field = f"entry:{number_of('entry', field.removeprefix('entry:'))}"
        return self.on_card(ticket_id, field) if field in CARD else super().held(ticket_id, field)

    def trouble(self, kind: Trouble, on: On, *, times: int = 1, retry_after: int = 1) -> None:
        """A row that cannot be read is so in each of the lists that a round reads it in."""
        if kind == "wrong-type":
            self.app.state.switches.spoiled = frozenset({self.key(self.mine()[0])})
        else:
            super().trouble(kind, on, times=times, retry_after=retry_after)

    def calm(self) -> int:
        self.app.state.switches.spoiled = frozenset()
        return super().calm()


class ConnectWiseHouse(WorldHouse):
    ticket_path = "/service/tickets"
    note_path = "/service/tickets"

    def promised(self, ticket_id: str, field: str) -> object:
        """Tickets of projects are another resource of the API. Of appointments only the technician's own are read."""
        if field == "project":
            return False
        if field == "scheduled_until":
            ticket, me = self.world.ticket(self.key(ticket_id)), self.world.member(self.world.technician)
            ours = self.world.is_open(ticket) and me.id == ticket.owner_id
            if not ours and me.identifier not in ticket.dispatched:
                return None
        return super().promised(ticket_id, field)


class AutotaskHouse(WorldHouse):
    ticket_path = "/Tickets/query"
    note_path = "/Tickets/{}/Notes"
    merges = "Autotask's API does not say what was merged: it answers as for a ticket that is not there."


class HaloPsaHouse(WorldHouse):
    ticket_path = "/Tickets"
    ticket_method = "GET"
    note_path = "/Actions"
    owner_alone = True
    # Halo's pages are read in windows of half a page to a page, of which one has to end further on than the last:
    # of 2 to 4 rows none does after 12 rows, of 4 to 7 (as of 50 to 100) there always is one.
    small_page = 7

    def promised(self, ticket_id: str, field: str) -> object:
        """Halo has one date until which a ticket has to be fixed: the SLA's, which a person may change. What is closed
        is resolved, and nothing else."""
        ticket = self.world.ticket(self.key(ticket_id))
        own = {"resolve_by": ticket.required_at, "resolved_at": ticket.closed_at}
        return own[field] if field in own else super().promised(ticket_id, field)

    def in_conversation(self, note: Note) -> bool:
        """What an automation writes is a system action, and Halo is asked to leave those out."""
        return note.created_by != "Workflow"

    def other(self, ticket_id: str, field: str) -> Value:
        found = super().other(ticket_id, field)
        # A ticket names its team and has no id of it.
        return Ref(found.name, found.name) if field == "team" and isinstance(found, Ref) else found


class RevioHouse(WorldHouse):
    ticket_path = "/psac/api/v1/ticket-list"
    owner_alone = True
    merges = "Rev.io's API as known does not say what was merged: the ticket is closed there like any other."


class SyncroHouse(WorldHouse):
    ticket_path = "/tickets"
    ticket_method = "GET"
    note_path = "/tickets/{}/comment"
    owner_alone = True
    ids_from = 9_000_000
    merges = "Syncro's API does not say what was merged: it answers as for a ticket that is not there."
    without_list = {"subtype": "Syncro's API lists no problem types; it takes a text."}

    def speakers(self, note: Note) -> frozenset[Speaker]:
        """A comment names its author and has no id of a contact: only the ticket's own is told apart by name."""
        ours = self.world.ticket(note.ticket_id).contact_id
        if note.member_id is None and note.contact_id is not None and note.contact_id != ours:
            return frozenset({"unknown"})
        return super().speakers(note)

    def held(self, ticket_id: str, field: str) -> object:
        ticket = self.world.ticket(self.key(ticket_id))
        if field in CARD:
            return self.on_card(ticket_id, field)
        match field:
            case "status":
                name = self.world.statuses[ticket.status_id].name
                return STATUSES.get(name, name)
            case "priority":
                return PRIORITIES.get(ticket.priority_id)
            case "subtype" if ticket.id in self.app.state.simulator.problem_types:
                return self.app.state.simulator.problem_types[ticket.id] or None
        return super().held(ticket_id, field)

    def other(self, ticket_id: str, field: str) -> Value:
        return "Another problem" if field == "subtype" else super().other(ticket_id, field)

    def colleague_sets(self, ticket_id: str, field: str, choice: Choice) -> None:
        """The world's word for the shop's."""
        words = {
            "status": {name: ours for ours, name in STATUSES.items()},
            "priority": {name: self.world.priorities[key].name for key, name in PRIORITIES.items()},
        }
        name = words.get(field, {}).get(choice.name, choice.name)
        super().colleague_sets(ticket_id, field, msgspec.structs.replace(choice, name=name))


ADAPTERS: dict[str, type[WorldHouse]] = {
    "algapsa": AlgaPsaHouse,
    "autotask": AutotaskHouse,
    "connectwise": ConnectWiseHouse,
    "halopsa": HaloPsaHouse,
    "revio": RevioHouse,
    "syncro": SyncroHouse,
}
"""PSA -> its house, where `WorldHouse` alone is not right."""

FOREIGN = os.environ.get("DESKZERO_CONTRACT_HOUSE", "")


def simulated() -> dict[str, Opener]:
    """A house for each registered simulator, one for the example, and a foreign one under the name `foreign`."""
    found: dict[str, Opener] = {
        psa: partial(ADAPTERS.get(psa, WorldHouse).open, psa) for psa in sorted(SIMULATED)
    }
    found["cardbox"] = partial(_foreign, "cardbox.house:house")
    if FOREIGN:
        found["foreign"] = partial(_foreign, FOREIGN)
    return found


def _foreign(place: str) -> AbstractContextManager[House]:
    module, _, attribute = place.partition(":")
    found: AbstractContextManager[House] = getattr(import_module(module), attribute)()
    return found
