"""Fixes at the simulated ConnectWise PSA: what is planned, what is sent, what the PSA then says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from connectors import open_connector
from connectors.connectwise.connector import ConnectWise
from connectors.contract import (
    Applied,
    ChoiceContext,
    Fix,
    NewTime,
    NotThere,
    Ref,
    Rejected,
    Step,
    Throttled,
    TicketRecord,
    Unreachable,
    Unreadable,
    Unsupported,
)
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World

NOW = int(time.time())


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, object, str]]:
    app = simulator(World(7, 80, speed=0), detach="works")
    with run_in_thread(app) as url:
        yield app.state.world, app, url


@pytest.fixture
def world(served) -> World:
    served[0].writes.clear()
    served[0].mails.clear()
    served[1].state.faults.clear()
    return served[0]


@pytest.fixture
def faults(served):
    return served[1].state.faults


def connector(url: str, **more) -> ConnectWise:
    settings = demo_settings(url=url)
    own = ("url", "company", "client_id", "public_key", "technician")
    return open_connector("connectwise", "demo", {key: settings[key] for key in own} | more, demo_secrets())


@pytest.fixture
async def psa(served) -> AsyncIterator[ConnectWise]:
    opened = connector(served[2])
    yield opened
    await opened.close()


@pytest.fixture
async def ticket(psa, world) -> TicketRecord:
    """An open ticket of the technician's, no parent, with a contact that has a mail address."""
    return await read(psa, open_ones(world)[0])


def open_ones(world: World) -> list[int]:
    return [
        t.id
        for t in world.tickets.values()
        if world.is_open(t)
        and t.owner_id == 101
        and t.contact_email
        and t.parent_id is None
        and not world.children.get(t.id)
        and not world.statuses[t.status_id].no_time
    ]


async def read(psa: ConnectWise, ticket_id: int | str) -> TicketRecord:
    return (await psa.fetch([str(ticket_id)])).tickets[0]


def fix(ticket: TicketRecord, **more) -> Fix:
    return Fix(change="c1", ticket_id=ticket.ticket_id, decided_at=NOW, **more)


async def status(psa: ConnectWise, ticket: TicketRecord, name: str) -> Ref:
    found = await psa.choices("status", ChoiceContext(board_id=ticket.board_id))
    return next(Ref(choice.id, choice.name) for choice in found if choice.name.lstrip(">") == name)


async def code(psa: ConnectWise) -> Ref:
    found = (await psa.choices("billing_code", ChoiceContext()))[0]
    return Ref(found.id, found.name)


async def carry_out(psa: ConnectWise, steps: tuple[Step, ...]) -> list[Applied]:
    """Each step goes through JSON first, as in the journal."""
    again = [msgspec.json.decode(msgspec.json.encode(step), type=Step) for step in steps]
    return [await psa.apply(step, None) for step in again]


class TestPlan:
    """The order of requests, and what each says about itself."""

    async def test_a_reply_goes_before_status_and_flag_which_share_one_request(self, psa, ticket):
        asked = fix(
            ticket,
            reply="Done.",
            fields={"status": await status(psa, ticket, "Waiting Customer"), "customer_flag": False},
        )
        note, patch = psa.plan(asked, ticket)
        assert (note.action, patch.action) == ("note", "patch")
        assert note.guards_reply and patch.guards_reply
        assert note.mails == (ticket.contact_email,) and patch.mails == ()
        assert not note.repeatable and not note.undoable and patch.repeatable and patch.undoable
        assert [op["path"] for op in patch.body["operations"]] == ["status", "customerUpdatedFlag"]

    async def test_several_fields_are_one_request(self, psa, ticket):
        asked = fix(
            ticket, fields={"billing_code": await code(psa), "contact_phone": "555", "customer_flag": False}
        )
        (patch,) = psa.plan(asked, ticket)
        assert len(patch.body["operations"]) == 3 and set(patch.sets) == set(asked.fields)

    async def test_time_then_code_then_text_then_status(self, psa, ticket):
        closed = await status(psa, ticket, "Closed")
        asked = fix(
            ticket,
            fields={"status": closed, "billing_code": await code(psa)},
            time=NewTime(hours=0.5, code=await code(psa)),
            entries={"310000": await code(psa)},
            reply="Done.",
        )
        steps = psa.plan(asked, ticket)
        assert [step.action for step in steps] == ["time", "entry", "patch", "note", "patch"]
        assert set(steps[-1].sets) == {"status"}
        assert sum(bool(step.mails) for step in steps) == 1

    async def test_a_closed_ticket_gets_its_new_status_before_time(self, psa, ticket):
        closed = msgspec.structs.replace(ticket, closed=True)
        asked = fix(
            ticket, fields={"status": await status(psa, ticket, "In Progress")}, time=NewTime(hours=1)
        )
        assert [step.action for step in psa.plan(asked, closed)] == ["patch", "time"]

    async def test_an_internal_note_mails_nobody_and_a_seen_note_guards(self, psa, ticket):
        (plain,) = psa.plan(fix(ticket, note="Called him"), ticket)
        (seen,) = psa.plan(fix(ticket, note="Seen, no answer needed: thanks (up to …)"), ticket)
        assert plain.mails == seen.mails == () and not plain.public
        assert not plain.guards_reply and seen.guards_reply

    async def test_addresses_in_copy_are_named(self, psa, ticket):
        copied = msgspec.structs.replace(ticket, cc="boss@x.test,it@x.test")
        (note,) = psa.plan(fix(ticket, reply="Hi"), copied)
        assert note.mails == (ticket.contact_email, "boss@x.test", "it@x.test")

    async def test_a_parent_is_not_taken_away_unless_that_is_known_to_work(self, psa, ticket):
        with pytest.raises(Unsupported) as caught:
            psa.plan(fix(ticket, fields={"parent": None}), ticket)
        assert "detach_parent" in caught.value.hint
        assert "detach" in psa.capabilities.absent and "detach" not in psa.capabilities.writes

    async def test_a_field_that_cannot_be_set_is_named(self, psa, ticket):
        with pytest.raises(Unsupported, match="board"):
            psa.plan(fix(ticket, fields={"board": Ref("1", "Help Desk")}), ticket)

    async def test_a_name_is_not_taken_for_a_reference(self, psa, ticket):
        with pytest.raises(Rejected, match="status"):
            psa.plan(fix(ticket, fields={"status": "Closed"}), ticket)

    async def test_everything_that_can_be_written_can_be_planned(self, psa, ticket):
        verbs = {"reply", "note", "time", "attach", "detach", "entry_code", "custom"}
        for name in psa.capabilities.writes - verbs:
            value = {"customer_flag": False, "due_at": NOW}.get(name, Ref("1", "x"))
            assert psa.plan(fix(ticket, fields={name: value}), ticket)


class TestApply:
    """What arrives at the PSA, and what it answers."""

    async def test_fields_are_set_and_the_answer_is_the_ticket(self, psa, ticket, world):
        billing, waiting = await code(psa), await status(psa, ticket, "Waiting Customer")
        world.tickets[int(ticket.ticket_id)].flag = True
        asked = fix(ticket, fields={"billing_code": billing, "status": waiting, "customer_flag": False})
        (said,) = await carry_out(psa, psa.plan(asked, ticket))
        assert said.ticket == await read(psa, ticket.ticket_id)
        assert (said.ticket.billing_code_id, said.ticket.status_id) == (billing.id, waiting.id)
        assert said.ticket.customer_flag is False

    async def test_every_kind_of_field(self, psa, ticket, world):
        context = ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id)
        fields = {}
        for name in ("agreement", "type", "priority", "site", "source", "owner", "contact"):
            found = await psa.choices(name, context)
            fields[name] = Ref(found[-1].id, found[-1].name)
        types = fields.pop("type")
        fields |= {"type": types, "subtype": None, "item": None}
        fields |= {
            "contact_phone": "0123",
            "contact_email": "new@x.test",
            "due_at": NOW,
            "summary": "New words",
        }
        (said,) = await carry_out(psa, psa.plan(fix(ticket, fields=fields), ticket))
        now = await read(psa, ticket.ticket_id)
        assert said.ticket == now
        for name, value in fields.items():
            got = getattr(now, name)
            assert got == (value.name if isinstance(value, Ref) else value), name
        await carry_out(psa, psa.plan(fix(ticket, fields={"owner": Ref("101", "jdoe")}), ticket))

    async def test_a_field_is_emptied(self, psa, ticket, world):
        world.set_field(ticket.ticket_id, "billing_code", next(iter(world.work_types.values())).name)
        (said,) = await carry_out(psa, psa.plan(fix(ticket, fields={"billing_code": None}), ticket))
        assert said.ticket.billing_code_id is None and world.ticket(ticket.ticket_id).work_type_id is None

    async def test_a_reply_mails_once_and_is_the_newest_note(self, psa, ticket, world):
        (said,) = await carry_out(psa, psa.plan(fix(ticket, reply="Fixed it.\nRegards"), ticket))
        newest = (await psa.conversation(ticket.ticket_id)).notes[-1]
        assert newest.note_id == said.created_id
        assert (newest.speaker, newest.public, newest.author_id) == ("staff", True, "101")
        assert len(world.mails) == 1 and world.mails[0].to[0] == ticket.contact_email

    async def test_an_internal_note_mails_nobody(self, psa, ticket, world):
        await carry_out(psa, psa.plan(fix(ticket, note="Only for us"), ticket))
        newest = (await psa.conversation(ticket.ticket_id)).notes[-1]
        assert newest.text == "Only for us" and not newest.public and not world.mails

    async def test_time_is_logged_for_the_technician_and_ends_when_it_was_decided(self, psa, ticket, world):
        billing = await code(psa)
        asked = fix(ticket, time=NewTime(hours=0.75, code=billing, text="Replaced it", billable="NoCharge"))
        (said,) = await carry_out(psa, psa.plan(asked, ticket))
        entries = (await psa.time_entries([ticket.ticket_id])).entries
        entry = next(entry for entry in entries if entry.time_id == said.created_id)
        assert (entry.hours, entry.member, entry.billing_code_id) == (0.75, "jdoe", billing.id)
        assert (entry.ended_at, entry.text, entry.billable) == (NOW, "Replaced it", "NoCharge")
        assert not world.mails
        assert all(
            note.time_id != said.created_id for note in (await psa.conversation(ticket.ticket_id)).notes
        )

    async def test_an_entry_gets_its_code(self, psa, ticket, world):
        entry = world.log_time(ticket.ticket_id, 0.5)
        billing = await code(psa)
        await carry_out(psa, psa.plan(fix(ticket, entries={str(entry.id): billing}), ticket))
        assert str(world.time[entry.id].work_type_id) == billing.id

    async def test_a_child_is_attached_and_taken_away_again(self, psa, ticket, world, served):
        parent = open_ones(world)[1]
        asked = fix(ticket, fields={"parent": Ref(str(parent), str(parent))})
        (step,) = psa.plan(asked, ticket)
        assert not step.undoable
        (said,) = await carry_out(psa, (step,))
        assert said.said and (await read(psa, ticket.ticket_id)).parent_ids == (str(parent),)
        other = connector(served[2], detach_parent=True)
        (step,) = other.plan(fix(ticket, fields={"parent": None}), ticket)
        (said,) = await carry_out(other, (step,))
        await other.close()
        assert said.ticket.parent_ids == ()

    async def test_custom_fields_are_sent_whole(self, psa, world):
        real = next((t for t in world.tickets.values() if t.custom), None)
        if real is None:
            real = world.tickets[open_ones(world)[0]]
            real.custom |= {"Asset": "A-1", "Room": "12"}
        ticket = await read(psa, real.id)
        name = next(iter(real.custom))
        others = {key: value for key, value in real.custom.items() if key != name}
        (said,) = await carry_out(psa, psa.plan(fix(ticket, fields={f"custom:{name}": "Changed"}), ticket))
        assert said.ticket.custom[name] == "Changed"
        assert {key: value for key, value in real.custom.items() if key != name} == others
        with pytest.raises(Rejected, match="no custom field") as caught:
            await carry_out(psa, psa.plan(fix(ticket, fields={"custom:Nope": "x"}), ticket))
        assert caught.value.field == "custom:Nope"

    async def test_a_refusal_comes_in_the_psas_words_with_the_field(self, psa, ticket, world):
        with pytest.raises(Rejected) as caught:
            await carry_out(psa, psa.plan(fix(ticket, fields={"status": Ref("999999", "x")}), ticket))
        assert caught.value.field == "status" and "999999" in str(caught.value)
        with pytest.raises(Rejected) as caught:
            await carry_out(psa, psa.plan(fix(ticket, fields={"summary": "x" * 101}), ticket))
        assert "maximum length" in str(caught.value) and caught.value.field == "summary"

    async def test_a_locked_entry_is_refused(self, psa, ticket, world):
        entry = world.log_time(ticket.ticket_id, 0.5)
        entry.invoice = "INV-1"
        with pytest.raises(Rejected, match="cannot be changed"):
            await carry_out(psa, psa.plan(fix(ticket, entries={str(entry.id): await code(psa)}), ticket))

    async def test_a_ticket_that_is_gone(self, psa, world):
        gone = open_ones(world)[-1]
        ticket = await read(psa, gone)
        world.delete(gone)
        for asked in (fix(ticket, reply="Hi"), fix(ticket, fields={"customer_flag": False})):
            with pytest.raises(NotThere):
                await carry_out(psa, psa.plan(asked, ticket))


class TestUnknownOutcome:
    """A request whose answer is lost is told apart from one that never arrived."""

    async def test_a_post_that_broke_after_it_was_done_is_not_repeated(self, psa, ticket, world, faults):
        faults.next(f"/service/tickets/{ticket.ticket_id}/notes", "drop-after-commit", method="POST")
        with pytest.raises(Unreachable) as caught:
            await carry_out(psa, psa.plan(fix(ticket, reply="Once only"), ticket))
        assert caught.value.sent is True
        texts = [note.text for note in world.notes[int(ticket.ticket_id)]]
        assert texts.count("Once only") == 1 and len(world.mails) == 1

    async def test_an_update_that_broke_is_left_to_who_compares(self, psa, ticket, world, faults):
        """Sent again without reading, it would undo what a colleague has done since."""
        faults.next(f"/service/tickets/{ticket.ticket_id}", "drop-after-commit", method="PATCH")
        asked = fix(ticket, fields={"contact_phone": "0999"})
        with pytest.raises(Unreachable) as caught:
            await carry_out(psa, psa.plan(asked, ticket))
        assert caught.value.sent is True
        assert (await read(psa, ticket.ticket_id)).contact_phone == "0999"
        assert len(world.writes) == 1

    async def test_a_throttled_post_was_not_carried_out(self, psa, ticket, world, faults):
        faults.next("/time/entries", "429", method="POST", retry_after=1)
        with pytest.raises(Throttled):
            await carry_out(psa, psa.plan(fix(ticket, time=NewTime(hours=1)), ticket))
        assert not world.writes

    async def test_a_web_page_after_a_write_is_unreadable(self, psa, ticket, world, faults):
        faults.next(f"/service/tickets/{ticket.ticket_id}/notes", "html", method="POST")
        with pytest.raises(Unreadable):
            await carry_out(psa, psa.plan(fix(ticket, note="x"), ticket))
