"""Writing to the simulated AlgaPSA, through the store's outbox and straight."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.algapsa import plan as planning
from connectors.algapsa.connector import AlgaPsa, capabilities
from connectors.contract import (
    ChoiceContext,
    Fix,
    NewTime,
    Ref,
    Rejected,
    Step,
    TicketRecord,
    Unsupported,
)
from connectors.simulators.algapsa.state import Switches, uid
from connectors.simulators.world import World
from store.database import Databases
from store.fixes import FixRefused
from store.home import Home
from store.read import Reader
from tests.connectors.alga_desk import Office, connector, key, served

NOW = 1_795_168_830  # 10:00:30


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Any, str]]:
    with served(World(9, 60, speed=0)) as found:
        yield found


@pytest.fixture
async def office(place: tuple[Any, str], tmp_path: Path) -> AsyncIterator[Office]:
    databases = Databases.open(Home.at(tmp_path))
    desk = Office(databases, *place)
    await desk.sync(read_all_conversations=True)
    yield desk
    await desk.connector.close()
    databases.close()
    place[0].state.faults.clear()
    place[0].state.world.refusals.clear()
    for name, value in ((n, getattr(Switches(), n)) for n in Switches.__slots__):
        setattr(place[0].state.switches, name, value)


@pytest.fixture
def psa() -> Iterator[AlgaPsa]:
    yield connector("http://127.0.0.1:9")


def some(world: World, *, at: int = 0, **has: Any) -> Any:
    """An open ticket of the technician's in no bundle, with a contact."""
    me = world.member("jdoe").id
    return [
        t
        for t in world.tickets.values()
        if world.is_open(t)
        and t.owner_id == me
        and t.contact_id
        and t.parent_id is None
        and not any(other.parent_id == t.id for other in world.tickets.values())
        and all(getattr(t, name) == value for name, value in has.items())
    ][at]


def record(**more: Any) -> TicketRecord:
    return TicketRecord(
        **{"ticket_id": key(70101), "number": "TIC70101", "contact_email": "ann@acme.test", **more}
    )


def fix(**more: Any) -> Fix:
    return Fix(**{"change": "c", "ticket_id": key(70101), "decided_at": NOW, **more})


def status(number: int) -> Ref:
    return Ref(uid("status", number), "Waiting")


def bodies(app: Any) -> list[tuple[str, Any]]:
    """What was written, and forgets it."""
    found = [(f"{one.method} {one.path}", one.body) for one in app.state.requests if one.method != "GET"]
    app.state.requests.clear()
    return found


class TestPlan:
    def test_a_reply_with_a_status_asks_for_one_mail(self, psa):
        steps = psa.plan(
            fix(
                reply="Done.",
                note="By phone.",
                fields={"status": status(503), "type": Ref(uid("category", 1), "x")},
            ),
            record(),
        )
        assert [step.action for step in steps] == ["put", "comment", "comment", "put"]
        quiet = [step.body.get("suppressContactNotifications") is True for step in steps]
        assert quiet == [True, True, False, True], "all but the reply are silent"
        assert [step.mails for step in steps] == [(), (), ("ann@acme.test",), ()]
        assert "status" in steps[-1].sets and steps[-1].guards_reply

    def test_a_status_alone_tells_the_contact_as_the_shop_has_set_it(self, psa):
        (step,) = psa.plan(fix(fields={"status": status(503)}), record())
        assert step.body == {"status_id": uid("status", 503)}

    def test_another_field_alone_is_silent(self, psa):
        (step,) = psa.plan(fix(fields={"priority": Ref(uid("priority", 1), "High")}), record())
        assert step.body["suppressContactNotifications"] is True
        assert "suppressInternalNotifications" not in step.body

    def test_nobody_as_owner_goes_by_the_one_address_that_takes_null(self, psa):
        (step,) = psa.plan(
            fix(fields={"owner": None}, was={"owner": Ref(uid("user", 101), "jdoe")}), record()
        )
        assert step.request == f"PUT /tickets/{key(70101)}/assignment"
        assert step.body["assigned_to"] is None and step.undoable

    @pytest.mark.parametrize("field", ["priority", "type", "subtype", "site", "status"])
    def test_what_cannot_be_emptied_is_refused_before_anything_goes_out(self, psa, field):
        with pytest.raises(Unsupported, match="cannot be emptied"):
            psa.plan(fix(fields={field: None}), record())

    def test_what_had_nothing_before_cannot_be_put_back(self, psa):
        given = {"type": Ref(uid("category", 1), "x")}
        (step,) = psa.plan(fix(fields=given, was={"type": None}), record())
        assert not step.undoable
        (step,) = psa.plan(fix(fields=given, was={"type": Ref(uid("category", 2), "y")}), record())
        assert step.undoable
        (step,) = psa.plan(
            fix(fields={"contact": Ref(uid("contact", 1), "x")}, was={"contact": None}), record()
        )
        assert step.undoable

    def test_time_is_whole_minutes_with_a_service(self, psa):
        code = Ref(uid("service", 1), "Remote Support")
        (step,) = psa.plan(fix(time=NewTime(hours=0.5, code=code, text="Cable")), record())
        assert step.body["start_time"] == "2026-11-20T09:30:00.000Z"
        assert step.body["end_time"] == "2026-11-20T10:00:00.000Z"
        assert step.body["is_billable"] is True and not step.repeatable
        (step,) = psa.plan(fix(time=NewTime(hours=0.5, code=code, billable="not billable")), record())
        assert step.body["is_billable"] is False
        with pytest.raises(Rejected, match="service"):
            psa.plan(fix(time=NewTime(hours=0.5)), record())
        with pytest.raises(Unsupported, match="minute"):
            psa.plan(fix(time=NewTime(hours=0.001, code=code)), record())
        with pytest.raises(Rejected, match="billable"):
            psa.plan(fix(time=NewTime(hours=1, code=code, billable="Maybe")), record())

    def test_a_code_cannot_be_taken_away_so_one_that_was_none_is_not_put_back(self, psa):
        entry, code = uid("entry", 1), Ref(uid("service", 1), "Remote Support")
        (step,) = psa.plan(fix(entries={entry: code}, entries_was={entry: None}), record())
        assert not step.undoable
        (step,) = psa.plan(
            fix(entries={entry: code}, entries_was={entry: Ref(uid("service", 2), "x")}), record()
        )
        assert step.undoable
        with pytest.raises(Unsupported, match="not taken away"):
            psa.plan(fix(entries={entry: None}, entries_was={entry: code}), record())

    def test_another_parent_is_out_of_the_one_and_into_the_other(self, psa):
        old, new = Ref(key(70102), ""), Ref(key(70103), "")
        steps = psa.plan(fix(fields={"parent": new}, was={"parent": old}), record(parent_ids=(key(70102),)))
        assert [step.request for step in steps] == [
            f"DELETE /tickets/{key(70102)}/bundle/children/{key(70101)}",
            f"POST /tickets/{key(70103)}/bundle",
        ]
        assert steps[1].body["mode"] == "link_only"
        assert [step.sets["parent"] for step in steps] == [None, new]
        assert [step.was["parent"] for step in steps] == [old, None]

    def test_what_is_no_id_gets_into_no_address(self, psa):
        with pytest.raises(Rejected, match="no id"):
            psa.plan(fix(fields={"status": Ref("../users", "x")}), record())
        with pytest.raises(Rejected, match="no id"):
            psa.plan(fix(note="x"), record(ticket_id="70101/../1"))

    def test_a_text_or_title_too_long_is_refused_before_anything_goes_out(self, psa):
        with pytest.raises(Rejected, match="5000"):
            psa.plan(fix(reply="x" * 5001, fields={"status": status(503)}), record())
        for title in ("x" * 256, ""):
            with pytest.raises(Rejected, match="title"):
                psa.plan(fix(fields={"summary": title}), record())

    @pytest.mark.parametrize(
        "field", ["customer_flag", "billing_code", "due_at", "custom:Asset Tag", "agreement"]
    )
    def test_what_the_api_drops_is_never_sent(self, psa, field):
        with pytest.raises(Unsupported) as told:
            psa.plan(fix(fields={field: "x"}), record())
        assert told.value.hint == planning.ABSENT.get(field.partition(":")[0], "")

    def test_every_absent_verb_has_its_sentence(self):
        can = capabilities()
        assert not set(can.absent) & can.writes
        assert {"customer_flag", "billing_code", "custom"} <= set(can.absent)


class TestTicket:
    async def test_fields_are_written_read_back_and_put_back(self, office):
        world, app = office.world, office.app
        there = some(world)
        other = next(p for p in world.priorities.values() if p.id != there.priority_id)
        before = there.priority_id
        app.state.requests.clear()
        change = await office.fix(key(there.id), set={"priority": other.name})
        await office.push()
        assert office.state(change) == "confirmed" and there.priority_id == other.id
        assert await office.put_back(change) == "confirmed" and there.priority_id == before

    async def test_a_stale_answer_to_a_close_does_not_fool(self, office):
        there = some(office.world)
        change = await office.fix(key(there.id), status=">Closed", because="tested")
        await office.push()
        assert office.state(change) == "confirmed"
        assert not office.world.is_open(there)
        assert office.ask(f"SELECT closed FROM ticket WHERE ticket_id = '{key(there.id)}'") == [(1,)]
        assert await office.put_back(change) == "confirmed"
        assert office.world.is_open(there)

    async def test_a_board_that_forbids_the_close_is_told_in_its_words(self, office):
        office.app.state.switches.close_rules = frozenset({"resolution_comment", "time_entry"})
        there = some(office.world)
        office.world.time_of[there.id] = []
        change = await office.fix(key(there.id), status=">Closed", because="tested")
        await office.push()
        assert office.state(change) == "rejected"
        view = _change(office, change)
        assert "close rules not satisfied" in view.error and "resolution comment is required" in view.error
        assert "At least one time entry" in view.error
        assert office.world.is_open(there)

    async def test_the_owner_is_nobody_and_back(self, office):
        there = some(office.world)
        change = await office.fix(key(there.id), owner="asmith")
        await office.push()
        assert office.state(change) == "confirmed" and there.owner_id == 102
        assert await office.put_back(change) == "confirmed" and there.owner_id == 101

    async def test_a_reply_with_a_status_mails_once(self, office):
        world, there = office.world, some(office.world)
        world.customer_replies(there.id, "Is it fixed?")
        await office.sync()
        world.mails.clear()
        change = await office.fix(key(there.id), reply="It is fixed.", status="Waiting Customer")
        await office.push()
        assert office.state(change) == "confirmed"
        assert [mail.text for mail in world.mails] == ["It is fixed."]
        (ticket,) = (await office.connector.fetch([key(there.id)])).tickets
        assert ticket.customer_flag is True, "an answer by the API does not clear the state"
        rows = office.ask(
            f"SELECT speaker FROM note WHERE ticket_id = '{key(there.id)}' AND text = 'It is fixed.'"
        )
        assert rows == [("staff",)], "made with a key its author type is unknown"

    async def test_a_flag_that_stays_is_no_gate(self, office):
        """Answered is answered; what only AlgaPSA itself can clear is listed apart."""
        world, there = office.world, some(office.world, at=1)
        world.customer_replies(there.id, "And now?")
        await office.sync()
        assert _row(office, there.id).gate
        await office.fix(key(there.id), reply="Now.")
        await office.push()
        await office.sync(read_all_conversations=True)
        row = _row(office, there.id)
        assert row.psa_only and not row.gate
        with pytest.raises(FixRefused) as told:
            await office.fix(key(there.id), clear_flag=True)
        assert "response state" in told.value.hint

    async def test_what_the_server_drops_is_rejected_and_not_confirmed(self, office, monkeypatch):
        """An unknown field is a 200: nothing is believed that was not read back."""
        there = some(office.world)
        monkeypatch.setitem(planning.FIELDS, "priority", "priorty_id")
        other = next(p for p in office.world.priorities.values() if p.id != there.priority_id)
        change = await office.fix(key(there.id), set={"priority": other.name})
        await office.push()
        assert office.state(change) == "rejected"

    async def test_a_right_that_is_missing_is_told(self, office):
        there = some(office.world)
        change = await office.fix(key(there.id), note="Looked at it.")
        office.app.state.switches.denied = frozenset({"write"})
        await office.push()
        assert office.state(change) == "rejected"


def _change(office: Office, change: str) -> Any:
    """How the outbox shows it."""
    reader = Reader(office.databases.home, office.settings)
    return next(one for one in reader.changes(all=True) if one.change == change)


def _row(office: Office, number: int) -> Any:
    """The ticket's row in the first pane."""
    rows = Reader(office.databases.home, office.settings).rows(("customer_responded",))
    return next(row for row in rows if row.ticket_id == key(number))


class TestBundles:
    async def test_a_new_bundle_only_links_and_ends_with_its_last_child(self, office):
        world, app = office.world, office.app
        child, parent = some(world, at=2), some(world, at=3)
        app.state.requests.clear()
        change = await office.fix(key(child.id), parent=key(parent.id), because="tested")
        await office.push()
        assert office.state(change) == "confirmed" and child.parent_id == parent.id
        assert app.state.simulator.modes[parent.id] == "link_only"
        assert [what for what, _ in bodies(app)] == [f"POST /tickets/{key(parent.id)}/bundle"]
        assert await office.put_back(change) == "confirmed" and child.parent_id is None

    async def test_a_bundle_that_is_there_is_joined_and_keeps_its_mode(self, office):
        world, app = office.world, office.app
        first, child, parent = some(world, at=4), some(world, at=5), some(world, at=6)
        world.set_field(first.id, "parent", parent.id)
        app.state.simulator.modes[parent.id] = "link_only"
        await office.sync()
        app.state.requests.clear()
        change = await office.fix(key(child.id), parent=key(parent.id), because="tested")
        await office.push()
        assert office.state(change) == "confirmed"
        assert [what for what, _ in bodies(app)] == [f"POST /tickets/{key(parent.id)}/bundle/children"]
        for one in (first, child):
            world.set_field(one.id, "parent", None)

    async def test_a_bundle_that_copies_answers_to_its_children_is_not_joined(self, office):
        world = office.world
        first, child, parent = some(world, at=4), some(world, at=5), some(world, at=6)
        world.set_field(first.id, "parent", parent.id)
        office.app.state.simulator.modes.pop(parent.id, None)
        await office.sync()
        change = await office.fix(key(child.id), parent=key(parent.id), because="tested")
        await office.push()
        assert office.state(change) == "rejected" and child.parent_id is None
        view = _change(office, change)
        assert "copies the parent's answers" in view.error
        world.set_field(first.id, "parent", None)

    async def test_nesting_is_refused_in_the_servers_words(self, office):
        world = office.world
        child, parent, above = some(world, at=4), some(world, at=5), some(world, at=6)
        world.set_field(parent.id, "parent", above.id)
        step = Step(
            action="attach",
            ticket_id=key(child.id),
            request=f"POST /tickets/{key(parent.id)}/bundle",
            body={"child_ticket_ids": [key(child.id)], "mode": "link_only"},
        )
        with pytest.raises(Rejected, match="child ticket as the master"):
            await office.connector.apply(step, None)
        world.set_field(parent.id, "parent", None)


class TestTime:
    async def test_it_is_logged_with_its_service(self, office):
        world, there = office.world, some(office.world, at=7)
        before = set(world.time)
        change = await office.fix(key(there.id), time=0.25, note="Cable.", billing_code="Remote Support")
        await office.push()
        assert office.state(change) == "confirmed"
        (made,) = [world.time[one] for one in set(world.time) - before]
        assert (made.hours, made.text, made.member_id) == (0.25, "Cable.", 101)
        assert world.work_types[made.work_type_id].name == "Remote Support"
        again = await office.fix(key(there.id), time=0.25, note="Again.", billing_code="Remote Support")
        await office.push()
        assert office.state(again) == "rejected", "the same minutes"
        view = _change(office, again)
        assert "overlaps" in view.error and "another start" in view.hint

    async def test_no_time_period_is_told_with_what_to_do(self, office):
        office.app.state.switches.period = False
        there = some(office.world, at=8)
        change = await office.fix(
            key(there.id), time=0.25, started_at=office.now() - 90_000, billing_code="Remote Support"
        )
        await office.push()
        assert office.state(change) == "rejected"
        view = _change(office, change)
        assert "No time period" in view.error and "open a time period" in view.hint

    async def test_invoiced_time_is_ours_to_refuse_for_the_server_takes_it(self, office):
        world, there = office.world, some(office.world, at=9)
        entry = world.log_time(there.id, 0.5)
        await office.sync(read_all_conversations=True)
        change = await office.fix(key(there.id), billing_code="On-site", entry=uid("entry", entry.id))
        entry.invoice = "INV-1"
        await office.push()
        assert office.state(change) == "rejected" and entry.work_type_id is None
        await office.sync(read_all_conversations=True)
        with pytest.raises(FixRefused, match="invoiced or approved"):
            await office.fix(key(there.id), billing_code="On-site", entry=uid("entry", entry.id))

    async def test_a_colleagues_entry_is_refused_in_the_servers_words(self, office):
        world, there = office.world, some(office.world, at=9)
        entry = world.log_time(there.id, 0.5, member="asmith")
        await office.sync(read_all_conversations=True)
        change = await office.fix(key(there.id), billing_code="On-site", entry=uid("entry", entry.id))
        await office.push()
        assert office.state(change) == "rejected" and entry.work_type_id is None

    async def test_a_lost_answer_to_a_comment_is_found_by_its_text(self, office):
        there = some(office.world)
        office.app.state.faults.next("/tickets/{}/comments", "drop-after-commit", method="POST")
        change = await office.fix(key(there.id), note="Looked at the cable, 4711.")
        await office.push()
        assert office.state(change) == "confirmed"
        assert [n.text for n in office.world.notes[there.id]].count("Looked at the cable, 4711.") == 1


async def test_choices_of_a_ticket_fit_it(office):
    there = some(office.world)
    (ticket,) = (await office.connector.fetch([key(there.id)])).tickets
    found = await office.connector.choices(
        "contact", ChoiceContext(board_id=ticket.board_id, company_id=ticket.company_id)
    )
    assert ticket.contact in {one.name for one in found}
    assert all(one.active for one in found)
