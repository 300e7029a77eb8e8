"""Fixes at the simulated HaloPSA, through the outbox and its sender over a real socket: each write and its undo."""

# ruff: noqa: F401, F811 - fixtures of `halo_desk`

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from connectors.contract import (
    ChoiceContext,
    ConnectorError,
    Fix,
    NewTime,
    Ref,
    Rejected,
    Step,
    TicketRecord,
    Unsupported,
)
from connectors.halopsa.connector import HaloPSA
from connectors.simulators import halopsa
from store.choices import load_choices
from store.database import Databases
from store.fixes import Intent, prepare
from store.home import Home
from store.outbox import state_of, submit
from store.sender import push
from store.settings import Connection, Settings
from store.sync import refresh_tickets, sync_connection
from store.undo import undo
from tests.connectors.halo_desk import Desk, an_open, desk, opened, psa, served, world

NOW = int(time.time())


class Office:
    """A simulated Halo behind a socket, and a deskzero home that works with it."""

    def __init__(self, databases: Databases, desk: Desk, connector: HaloPSA) -> None:
        table = halopsa.settings(desk.url)
        self.databases, self.desk, self.world, self.connector = databases, desk, desk.world, connector
        self.connection = Connection(
            name="demo",
            psa="halopsa",
            technician=table["technician"],
            child_statuses=("Child Ticket",),
            responded_statuses=("Updated",),
            answered_status="Waiting Customer",
            closing_statuses=("Completed",),
        )
        self.settings = Settings(connections={"demo": self.connection})

    @staticmethod
    def now() -> int:
        return int(time.time())

    async def sync(self, **more: Any) -> Any:
        return await sync_connection(
            self.databases, self.connection, self.connector, self.settings, now=self.now, **more
        )

    async def fix(self, ticket_id: int | str, **intent: Any) -> str:
        async def choices(kind: str, context: ChoiceContext) -> Any:
            return await load_choices(self.databases, "demo", self.connector, kind, context, self.now())

        prepared = await prepare(
            self.databases,
            self.settings,
            self.connection,
            self.connector,
            Intent(**intent),
            str(ticket_id),
            now=self.now(),
            choices=choices,
        )
        return submit(
            self.databases, self.settings, self.connection, prepared, now=self.now(), immediately=True
        )

    async def push(self) -> None:
        async def skip(_: float) -> None:
            return

        async def refresh(_: str, ticket_ids: Sequence[str]) -> Mapping[str, ConnectorError]:
            return await refresh_tickets(
                self.databases, self.connection, self.connector, self.settings, ticket_ids, now=self.now
            )

        await push(
            self.databases,
            self.settings,
            {"demo": self.connector},
            self.databases.home,
            now=self.now,
            force=True,
            refresh=refresh,
            sleep=skip,
        )

    async def done(self, ticket_id: int | str, **intent: Any) -> str:
        """The fix, sent and confirmed."""
        change = await self.fix(ticket_id, **intent)
        await self.push()
        assert self.state(change) == "confirmed", state_of(self.databases, change)
        return change

    async def undone(self, change: str) -> None:
        undo(self.databases, self.settings, {"demo": self.connector}, change, now=self.now())
        await self.push()
        assert self.state(change) == "undone"

    def state(self, change: str) -> str:
        return state_of(self.databases, change).state

    def notes(self, ticket_id: int, text: str) -> int:
        return sum(note.text == text for note in self.world.notes[ticket_id])


@pytest.fixture(scope="module", autouse=True)
def few(served: Desk) -> None:
    """A queue of a dozen tickets: each test pulls it anew."""
    world = served.world
    alone = [
        t
        for t in world.tickets.values()
        if world.is_open(t) and t.contact_email and not t.parent_id and not world.children.get(t.id)
    ]
    mine = [t for t in alone if t.owner_id == world.member("jdoe").id]
    kept = [t for t in mine if t.flag][:4] + [t for t in mine if not t.flag][:6]
    kept += [t for t in mine if t.work_type_id is None and not t.flag][:2]
    for ticket in world.tickets.values():
        if ticket not in kept and ticket.owner_id == world.member("jdoe").id:
            ticket.owner_id = world.member("asmith").id


@pytest.fixture
def databases(tmp_path):
    with Databases.open(Home.at(tmp_path)) as opened_ones:
        yield opened_ones


@pytest.fixture
async def office(databases: Databases, desk: Desk) -> AsyncIterator[Office]:
    found = Office(databases, desk, opened(desk.url, charge_lookup=17, reply_outcome=16, note_outcome=7))
    await found.sync(read_all_conversations=True)
    desk.world.writes.clear()
    yield found
    await found.connector.close()


class TestThroughTheOutbox:
    async def test_a_billing_code_and_its_undo(self, office):
        key = an_open(office.world)
        before = office.world.ticket(key).work_type_id
        wanted = next(w for w in office.world.work_types.values() if w.id != before and not w.inactive)
        change = await office.done(key, billing_code=wanted.name)
        assert office.world.ticket(key).work_type_id == wanted.id
        await office.undone(change)
        assert office.world.ticket(key).work_type_id == before

    async def test_a_code_where_there_was_none_and_its_undo(self, office):
        key = an_open(office.world, work_type_id=None)
        change = await office.done(key, billing_code="On-site")
        assert office.world.ticket(key).work_type_id == office.world.work_type("On-site").id
        await office.undone(change)
        assert office.world.ticket(key).work_type_id is None

    async def test_a_reply_mails_once_and_takes_the_signal_away(self, office):
        key = an_open(office.world, flag=True)
        change = await office.done(key, reply="It works again.")
        assert office.notes(key, "It works again.") == 1 and len(office.world.mails) == 1
        assert not office.world.ticket(key).flag
        assert office.connector.requests and office.state(change) == "confirmed"

    async def test_a_seen_note_mails_nobody(self, office):
        office.world.customer_replies(key := an_open(office.world, flag=False), "Thanks!")
        await office.sync(read_all_conversations=True)
        await office.done(key, seen="only a thank you")
        assert not office.world.mails and not office.world.ticket(key).flag
        assert office.world.notes[key][-1].public is False

    async def test_an_internal_note(self, office):
        key = an_open(office.world)
        await office.done(key, note="For us.")
        assert office.notes(key, "For us.") == 1 and not office.world.mails

    async def test_time_with_its_code(self, office):
        key = an_open(office.world)
        before = set(office.world.time_of.get(key, ()))
        await office.done(key, time=0.25, billing_code="Remote Support", note="Rebooted.")
        (made,) = set(office.world.time_of[key]) - before
        entry = office.world.time[made]
        assert (entry.hours, entry.public) == (0.25, False)

    async def test_a_status_and_its_undo(self, office):
        key = an_open(office.world, flag=False)
        before = office.world.ticket(key).status_id
        change = await office.done(key, status="Waiting Vendor")
        assert office.world.statuses[office.world.ticket(key).status_id].name == "Waiting Vendor"
        await office.undone(change)
        assert office.world.ticket(key).status_id == before

    async def test_time_note_and_close_are_one_fix(self, office):
        key = an_open(office.world, flag=False)
        await office.done(key, time=0.5, billing_code="Remote Support", note="Replaced.", close=True)
        assert not office.world.is_open(office.world.ticket(key))
        office.world.reopen(key)

    @pytest.mark.parametrize("fault", ["drop-after-commit", "cut", "html"])
    async def test_a_note_whose_answer_is_lost_is_there_once(self, office, fault):
        key = an_open(office.world)
        office.desk.state.faults.next("/Actions", fault, method="POST")
        change = await office.fix(key, note=f"note, {fault}")
        await office.push()
        assert office.state(change) == "confirmed" and office.notes(key, f"note, {fault}") == 1

    async def test_time_whose_answer_is_lost_is_there_once(self, office):
        key = an_open(office.world)
        office.desk.state.faults.next("/Actions", "drop-after-commit", method="POST")
        before = len(office.world.time_of.get(key, ()))
        change = await office.fix(key, time=0.75, billing_code="On-site", note="Once.")
        await office.push()
        assert office.state(change) == "confirmed" and len(office.world.time_of[key]) == before + 1

    async def test_a_reply_that_may_have_been_lost_is_not_sent_again(self, office):
        key = an_open(office.world)
        office.desk.state.faults.next("/Actions", "drop", method="POST")
        change = await office.fix(key, reply="Did it arrive?")
        await office.push()
        assert office.state(change) == "uncertain" and not office.world.mails

    async def test_an_update_whose_answer_is_lost_is_compared(self, office):
        key = an_open(office.world)
        wanted = next(
            w for w in office.world.work_types.values() if w.id != office.world.ticket(key).work_type_id
        )
        office.desk.state.faults.next("/Tickets", "drop-after-commit", method="POST")
        change = await office.fix(key, billing_code=wanted.name)
        await office.push()
        assert office.state(change) == "confirmed" and len(office.world.writes) == 1

    async def test_a_token_that_ends_before_a_write_is_renewed_and_the_write_is_there_once(self, office):
        key = an_open(office.world)
        change = await office.fix(key, note="after the token's end")
        office.desk.state.simulator.tokens.clear()
        await office.push()
        assert office.state(change) == "confirmed" and office.notes(key, "after the token's end") == 1

    async def test_a_401_on_the_very_post_sends_it_once(self, office):
        key = an_open(office.world)
        office.desk.state.faults.next("/Actions", "401", method="POST")
        change = await office.fix(key, note="401 first")
        await office.push()
        assert office.state(change) == "confirmed" and office.notes(key, "401 first") == 1

    async def test_what_halo_refuses_is_rejected_in_its_words(self, office):
        key = an_open(office.world)
        office.world.refusals[key] = ("status", "A closure category is mandatory")
        change = await office.fix(key, close=True, note="x")
        await office.push()
        assert office.state(change) == "rejected"
        assert "closure category" in str(state_of(office.databases, change))

    async def test_a_warning_with_a_200_is_no_success(self, office):
        key = an_open(office.world)
        wanted = next(
            w for w in office.world.work_types.values() if w.id != office.world.ticket(key).work_type_id
        )
        office.desk.state.switches.warnings[key] = "Field is mandatory"
        change = await office.fix(key, billing_code=wanted.name)
        await office.push()
        assert office.state(change) == "rejected" and "mandatory" in str(state_of(office.databases, change))

    async def test_a_colleague_s_change_of_the_field_is_a_conflict(self, office):
        key = an_open(office.world)
        mine, theirs = [w for w in office.world.work_types.values() if not w.inactive][:2]
        office.world.set_field(key, "billing_code", None)
        await office.sync()
        change = await office.fix(key, billing_code=mine.name)
        office.world.set_field(key, "billing_code", theirs.name)
        await office.push()
        assert office.state(change) == "conflict" and not office.world.writes

    async def test_a_customer_s_note_in_between_stops_a_reply(self, office):
        key = an_open(office.world)
        change = await office.fix(key, reply="All done")
        office.world.customer_replies(key, "Wait!", at=office.world.now() + 60)
        await office.push()
        assert office.state(change) == "conflict" and not office.world.mails

    async def test_the_code_of_a_time_entry_and_its_undo(self, office):
        key = an_open(office.world)
        entry = office.world.log_time(key, 0.5)
        await office.sync(full=True, read_all_conversations=True)
        change = await office.done(key, billing_code="On-site", entry=str(entry.id))
        assert entry.work_type_id == office.world.work_type("On-site").id
        await office.undone(change)
        assert entry.work_type_id is None

    async def test_owner_priority_contact_agreement_and_site(self, office):
        """Each is one field of a POST, compared with the ticket read again, and put back."""
        key = an_open(office.world)
        world = office.world
        was = {
            n: getattr(world.ticket(key), n) for n in ("priority_id", "contact_id", "agreement_id", "site_id")
        }
        (ticket,) = (await office.connector.fetch([str(key)])).tickets
        company = ChoiceContext(company_id=ticket.company_id)
        for kind, name in (
            ("priority", "priority_id"),
            ("contact", "contact_id"),
            ("agreement", "agreement_id"),
            ("site", "site_id"),
        ):
            found = await office.connector.choices(kind, company)
            other = next((c for c in found if c.id != str(was[name])), None)
            if other is None:
                continue
            for value in (Ref(other.id, other.name), Ref(str(was[name]), "")):
                fix = Fix(change="c", ticket_id=str(key), fields={kind: value}, decided_at=NOW)
                await carry_out(office.connector, office.connector.plan(fix, ticket))
                assert getattr(world.ticket(key), name) == int(value.id)


# ---------------------------------------------------------------- plan and apply


async def carry_out(psa: HaloPSA, steps: tuple[Step, ...]) -> None:
    """Each step goes through JSON first, as in the journal."""
    for step in steps:
        await psa.apply(msgspec.json.decode(msgspec.json.encode(step), type=Step), None)


def ticket_of(key: int = 70101, **more: Any) -> TicketRecord:
    return TicketRecord(
        ticket_id=str(key), number=str(key), type_id="1", contact_email="ann@acme.test", **more
    )


def fix_of(key: int = 70101, **more: Any) -> Fix:
    return Fix(change="c1", ticket_id=str(key), decided_at=NOW, **more)


class TestPlan:
    def test_the_order_and_what_each_step_says_of_itself(self, psa):
        asked = fix_of(
            fields={"billing_code": Ref("5", "x"), "status": Ref("9", "Closed"), "customer_flag": False},
            entries={"310001": Ref("5", "x")},
            time=NewTime(hours=0.5, code=Ref("5", "x"), text="t"),
            note="n",
            reply="r",
        )
        steps = psa.plan(asked, ticket_of(cc="boss@acme.test"))
        assert [s.action for s in steps] == ["time", "entry", "set", "note", "reply", "set"]
        assert [s.mails for s in steps if s.mails] == [("ann@acme.test", "boss@acme.test")]
        for step in steps:
            assert step.repeatable is (step.creates is None) and (step.creates is None or not step.undoable)
        assert steps[-1].body == {"ticket": {"id": 70101, "status_id": 9}} and steps[-1].guards_reply

    def test_every_update_has_an_id_above_zero(self, psa):
        for key in ("0", "-1", "x", ""):
            with pytest.raises(Rejected):
                psa.plan(
                    Fix(change="c", ticket_id=key, fields={"status": Ref("2", "")}),
                    TicketRecord(ticket_id=key, number=key),
                )
        with pytest.raises(Rejected):
            psa.plan(fix_of(entries={"0": Ref("5", "x")}), ticket_of())

    @pytest.mark.parametrize("field", ["type", "contact_phone", "custom:Asset", "source"])
    def test_what_is_not_offered(self, psa, field):
        with pytest.raises(Unsupported):
            psa.plan(fix_of(fields={field: "x"}), ticket_of())

    def test_how_to_empty_is_known_of_few_fields(self, psa):
        with pytest.raises(Unsupported):
            psa.plan(fix_of(fields={"owner": None}), ticket_of())
        with pytest.raises(Unsupported) as caught:
            psa.plan(fix_of(fields={"parent": None}), ticket_of())
        assert "detach_parent" in caught.value.hint

    def test_capabilities_keep_their_word(self, psa):
        can = psa.capabilities
        assert can.undoable <= can.writes and can.mails <= can.writes
        assert set(can.absent).isdisjoint(can.writes)


class TestApply:
    async def test_the_signal_alone_is_the_status_that_the_type_names(self, psa, world):
        key = an_open(world, flag=True)
        (ticket,) = (await psa.fetch([str(key)])).tickets
        await carry_out(psa, psa.plan(fix_of(key, fields={"customer_flag": False}), ticket))
        (after,) = (await psa.fetch([str(key)])).tickets
        assert after.customer_flag is False and after.status == "Waiting Customer"
        await carry_out(psa, psa.plan(fix_of(key, fields={"customer_flag": True}), ticket))
        assert (await psa.fetch([str(key)])).tickets[0].customer_flag is True

    async def test_without_such_a_status_it_is_refused_with_a_way_out(self, psa, desk, world):
        desk.state.switches.forbidden = frozenset({"TicketType"})
        with pytest.raises(Rejected) as caught:
            await carry_out(
                psa, psa.plan(fix_of(an_open(world), fields={"customer_flag": False}), ticket_of())
            )
        assert "answered_status" in caught.value.hint and not world.writes

    async def test_attach_and_detach_where_it_is_known_to_work(self, desk, world):
        desk.state.switches.detach = "works"
        found = opened(desk.url, detach_parent=True)
        child = an_open(world)
        parent = next(t.id for t in world.tickets.values() if t.id != child and not t.parent_id)
        (ticket,) = (await found.fetch([str(child)])).tickets
        await carry_out(found, found.plan(fix_of(child, fields={"parent": Ref(str(parent), "")}), ticket))
        assert (await found.fetch([str(child)])).tickets[0].parent_ids == (str(parent),)
        (step,) = found.plan(fix_of(child, fields={"parent": None}), ticket)
        await carry_out(found, (step,))
        assert world.ticket(child).parent_id is None
        await found.close()

    async def test_nothing_here_makes_a_ticket(self, psa, world):
        before = set(world.tickets)
        key = an_open(world)
        (ticket,) = (await psa.fetch([str(key)])).tickets
        asked = fix_of(key, note="n", time=NewTime(hours=1, text="t"), fields={"billing_code": Ref("1", "x")})
        await carry_out(psa, psa.plan(asked, ticket))
        assert set(world.tickets) == before
