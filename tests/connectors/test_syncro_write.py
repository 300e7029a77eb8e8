"""Fixes at the simulated Syncro: what is planned, what the sender makes of it over a real socket, what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from connectors.contract import Fix, NewTime, Ref, Rejected, TicketRecord, Unsupported
from connectors.simulators.world import World
from connectors.syncro.plan import FIELDS, plan
from store.changes import OutboxRefused
from store.database import Databases
from store.fixes import FixRefused
from store.home import Home
from tests.connectors.syncro_desk import Office, key, served

TICKET = TicketRecord(ticket_id="9070101", number="70101", contact="Ann Lee", contact_email="ann@lee.test")


@pytest.fixture
def world() -> World:
    """A small desk: the technician has six tickets, so that each test's first round is short."""
    world = World(seed=3, tickets=76, speed=0)
    kept = [open_one(world), open_one(world, board_id=1)]
    kept += [t for t in world.tickets.values() if t.owner_id == 101 and world.is_open(t)][:5]
    for ticket in world.tickets.values():
        if ticket.owner_id == 101 and ticket not in kept:
            ticket.owner_id = 102
    return world


@pytest.fixture
def place(world: World) -> Iterator[tuple[Any, str]]:
    with served(world) as found:
        yield found


@pytest.fixture
async def office(place: tuple[Any, str], tmp_path: Any) -> AsyncIterator[Office]:
    with Databases.open(Home.at(tmp_path / "home")) as databases:
        office = Office(databases, *place)
        await office.sync()
        yield office
        await office.connector.close()


def open_one(world: World, **wanted: Any) -> Any:
    me = world.member("jdoe").id
    return next(
        t
        for t in world.tickets.values()
        if world.is_open(t)
        and t.owner_id == me
        and t.contact_id
        and t.parent_id is None
        and not t.flag
        and world.answered(t.id)
        and all(getattr(t, name) == value for name, value in wanted.items())
    )


def status(world: World, ticket: Any) -> str:
    return world.statuses[world.tickets[ticket.id].status_id].name


def fix(**more: Any) -> Fix:
    return Fix(change="c1", ticket_id=TICKET.ticket_id, decided_at=1_795_183_200, **more)


class TestPlan:
    def test_time_and_codes_first_then_fields_texts_and_the_status_last(self):
        asked = fix(
            reply="Done.",
            note="Cable.",
            time=NewTime(hours=0.5, code=Ref("1", "Remote Support"), text="Cable"),
            entries={"7": Ref("2", "On-site")},
            fields={"status": Ref("Resolved", "Resolved"), "owner": Ref("102", "Aisha Smith")},
        )
        steps = plan(asked, TICKET, clear_code=False)
        assert [step.request for step in steps] == [
            "POST /tickets/9070101/timer_entry",
            "PUT /tickets/9070101/update_timer_entry",
            "PUT /tickets/9070101",
            "POST /tickets/9070101/comment",
            "POST /tickets/9070101/comment",
            "PUT /tickets/9070101",
        ]
        assert steps[2].body["fields"] == {"user_id": 102}
        assert steps[5].body["fields"] == {"status": "Resolved"}
        assert [step.mails for step in steps] == [(), (), (), (), ("ann@lee.test",), ()]
        assert [step.guards_reply for step in steps] == [False, False, False, False, True, True]
        assert [step.repeatable for step in steps] == [False, True, True, False, False, True]
        assert [step.undoable for step in steps] == [False, False, True, False, False, True]

    def test_an_internal_note_asks_for_no_mail(self):
        (step,) = plan(fix(note="Us."), TICKET, clear_code=False)
        assert step.body == {"subject": "Update", "body": "Us.", "hidden": True, "do_not_email": True}

    @pytest.mark.parametrize(
        "fields", [{"parent": Ref("1", "")}, {"customer_flag": False}, {"agreement": Ref("1", "Gold")}]
    )
    def test_what_the_api_does_not_take_is_refused_in_words(self, fields):
        with pytest.raises(Unsupported) as error:
            plan(fix(fields=fields), TICKET, clear_code=False)
        assert "Syncro" in error.value.hint

    def test_what_cannot_be_said_is_refused(self):
        for asked in (fix(time=NewTime(hours=0.001)), fix(time=NewTime(hours=1, billable="Billable"))):
            with pytest.raises(Unsupported):
                plan(asked, TICKET, clear_code=False)
        with pytest.raises(Unsupported, match="not established"):
            plan(fix(entries={"7": None}), TICKET, clear_code=False)
        assert plan(fix(entries={"7": None}), TICKET, clear_code=True)[0].undoable
        with pytest.raises(Rejected):
            plan(fix(fields={"owner": "Aisha"}), TICKET, clear_code=False)


class TestSent:
    async def test_a_reply_is_mailed_once_and_takes_the_status_along(self, office, world):
        ticket = open_one(world, board_id=1)
        world.set_field(ticket.id, "status", "Customer Responded")
        world.customer_replies(ticket.id, "Still broken?")
        await office.sync()
        change = await office.fix(key(ticket.id), reply="It works again.")
        await office.push()
        assert office.state(change) == "confirmed"
        notes = [note for note in world.notes[ticket.id] if note.text == "It works again."]
        assert [note.public for note in notes] == [True]
        assert [mail.to for mail in world.mails] == [(world.contacts[ticket.contact_id].email,)]
        assert status(world, ticket) == "Waiting Customer"
        assert not ticket.flag

    async def test_a_note_is_internal_and_mails_nobody(self, office, world):
        ticket = open_one(world)
        change = await office.fix(key(ticket.id), note="For us.")
        await office.push()
        assert office.state(change) == "confirmed"
        assert not world.notes[ticket.id][-1].public and not world.mails

    async def test_time_with_a_code_and_the_close(self, office, world):
        ticket = open_one(world)
        change = await office.fix(
            key(ticket.id), time=0.75, note="Cable.", billing_code="On-site", close=True
        )
        await office.push()
        assert office.state(change) == "confirmed"
        entry = world.time[world.time_of[ticket.id][-1]]
        assert (entry.hours, entry.work_type_id) == (0.75, world.work_type("On-site").id)
        assert entry.member_id == world.member("jdoe").id
        assert status(world, ticket) == ">Closed"

    async def test_a_status_and_its_undo(self, office, world):
        ticket = open_one(world)
        before = status(world, ticket)
        change = await office.fix(key(ticket.id), status="Waiting for Parts")
        await office.push()
        assert (office.state(change), status(world, ticket)) == ("confirmed", "Waiting Vendor")
        await office.put_back(change)
        assert (office.state(change), status(world, ticket)) == ("undone", before)

    @pytest.mark.parametrize(
        ("field", "value", "read"),
        [
            ("owner", "Aisha Smith", lambda w, t: w.members[t.owner_id].name),
            ("priority", "0 Urgent", lambda w, t: {1: "0 Urgent"}.get(t.priority_id)),
        ],
    )
    async def test_a_field_and_its_undo(self, office, world, field, value, read):
        ticket = open_one(world)
        before = (ticket.owner_id, ticket.priority_id)
        change = await office.fix(key(ticket.id), set={field: value})
        await office.push()
        assert office.state(change) == "confirmed" and read(world, ticket) == value
        await office.put_back(change)
        assert (ticket.owner_id, ticket.priority_id) == before

    async def test_a_contact_a_type_and_a_problem_type_and_their_undo(self, office, world):
        ticket = open_one(world)
        contact = next(
            c
            for c in world.contacts.values()
            if c.company_id == ticket.company_id and c.id != ticket.contact_id and not c.inactive
        )
        kind = next(
            t
            for t in world.types.values()
            if t.board_id == ticket.board_id and t.name != world.types[ticket.type_id].name
        )
        before = (ticket.contact_id, ticket.type_id)
        change = await office.fix(
            key(ticket.id), set={"contact": contact.name, "type": kind.name, "subtype": "Odd noise"}
        )
        await office.push()
        assert office.state(change) == "confirmed"
        assert (ticket.contact_id, ticket.type_id) == (contact.id, kind.id)
        await office.put_back(change)
        assert office.state(change) == "undone"
        assert (ticket.contact_id, ticket.type_id) == before

    async def test_a_custom_field_leaves_the_others_as_they_are(self, office, world):
        ticket = open_one(world)
        ticket.custom = {"PO": "", "Asset": "A-1"}
        world.touch(ticket, "asmith")
        await office.sync()
        change = await office.fix(key(ticket.id), set={"custom:PO": "4711"})
        await office.push()
        assert office.state(change) == "confirmed"
        assert ticket.custom == {"PO": "4711", "Asset": "A-1"}

    async def test_the_code_of_a_timer_keeps_its_user_and_goes_back_where_there_was_one(self, office, world):
        ticket = open_one(world)
        mine = world.log_time(ticket.id, 0.5, work_type="On-site")
        colleague = world.log_time(ticket.id, 0.25, member="asmith", work_type="On-site")
        await office.sync()
        for entry in (mine, colleague):
            change = await office.fix(key(ticket.id), billing_code="Consulting", entry=str(entry.id))
            await office.push()
            assert office.state(change) == "confirmed"
            assert entry.work_type_id == world.work_type("Consulting").id
        assert colleague.member_id == world.member("asmith").id, "named, else it would become ours"
        await office.put_back(change)
        assert colleague.work_type_id == world.work_type("On-site").id

    async def test_an_uncoded_timer_gets_its_code_and_that_cannot_be_undone(self, office, world):
        ticket = open_one(world)
        entry = world.log_time(ticket.id, 0.5)
        await office.sync()
        change = await office.fix(key(ticket.id), billing_code="Consulting", entry=str(entry.id))
        await office.push()
        assert office.state(change) == "confirmed"
        with pytest.raises(OutboxRefused):
            await office.put_back(change)

    async def test_a_flag_alone_is_not_offered(self, office, world):
        ticket = open_one(world)
        world.customer_replies(ticket.id, "Thanks!")
        await office.sync()
        with pytest.raises((FixRefused, Unsupported)):
            await office.fix(key(ticket.id), clear_flag=True)


class TestTrouble:
    @pytest.mark.parametrize("kind", ["drop-after-commit", "cut"])
    async def test_a_lost_answer_is_looked_up_and_nothing_is_doubled(self, office, place, world, kind):
        ticket = open_one(world)
        place[0].state.faults.next("/tickets", kind, method="POST")
        change = await office.fix(key(ticket.id), reply="Once only.")
        await office.push()
        assert office.state(change) == "confirmed"
        assert [n.text for n in world.notes[ticket.id]].count("Once only.") == 1

    async def test_lost_time_is_found_and_not_logged_twice(self, office, place, world):
        ticket = open_one(world)
        count = len(world.time_of.get(ticket.id, ()))
        place[0].state.faults.next("/tickets", "drop-after-commit", method="POST")
        change = await office.fix(key(ticket.id), time=0.5, note="Cable.")
        await office.push()
        assert office.state(change) == "confirmed"
        assert len(world.time_of[ticket.id]) == count + 1

    async def test_a_note_that_never_arrived_is_sent_again(self, office, place, world):
        ticket = open_one(world)
        place[0].state.faults.next("/tickets", "drop", method="POST")
        change = await office.fix(key(ticket.id), note="Second try.")
        await office.push()
        assert office.state(change) == "confirmed"
        assert [n.text for n in world.notes[ticket.id]].count("Second try.") == 1

    async def test_a_lost_update_is_compared(self, office, place, world):
        ticket = open_one(world)
        place[0].state.faults.next("/tickets", "drop-after-commit", method="PUT")
        change = await office.fix(key(ticket.id), status="Waiting for Parts")
        await office.push()
        assert (office.state(change), status(world, ticket)) == ("confirmed", "Waiting Vendor")
        assert len([w for w in world.writes if w.method == "PUT"]) == 1

    async def test_a_refusal_comes_in_the_psas_words(self, office, world):
        ticket = open_one(world)
        world.refusals[ticket.id] = ("status", "Worksheet must be complete")
        change = await office.fix(key(ticket.id), status="Waiting for Parts")
        await office.push()
        assert office.state(change) == "rejected"

    async def test_a_missing_right_is_a_refusal_and_not_a_wrong_token(self, office, place, world):
        ticket = open_one(world)
        place[0].state.switches.denied = frozenset({"write"})
        change = await office.fix(key(ticket.id), status="Waiting for Parts")
        await office.push()
        assert office.state(change) == "rejected"

    async def test_somebody_elses_status_is_a_conflict(self, office, world):
        ticket = open_one(world)
        change = await office.fix(key(ticket.id), status="Waiting for Parts")
        world.set_field(ticket.id, "status", "Completed")
        await office.push()
        assert (office.state(change), status(world, ticket)) == ("conflict", "Completed")

    async def test_a_customer_who_wrote_meanwhile_stops_a_reply(self, office, world):
        ticket = open_one(world)
        change = await office.fix(key(ticket.id), reply="All fine now.")
        world.customer_replies(ticket.id, "It broke again!")
        await office.push()
        assert office.state(change) == "conflict" and not world.mails

    async def test_a_200_that_changed_nothing_is_not_taken_for_done(self, office, place, world, monkeypatch):
        """What Syncro does not know it leaves out without a word."""
        ticket = open_one(world)
        monkeypatch.setitem(FIELDS, "priority", "urgency")
        before = ticket.priority_id
        change = await office.fix(key(ticket.id), set={"priority": "0 Urgent"})
        await office.push()
        assert (office.state(change), ticket.priority_id) == ("rejected", before)
