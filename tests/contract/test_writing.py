"""Every write that a connector declares, and its undo, through the store; what is in the PSA says the house."""

from __future__ import annotations

import msgspec
import pytest

from connectors.contract import TICKET_FIELDS, Fix, Ref, Step, TicketRecord, Value
from store.changes import OutboxRefused, as_wanted, show_value, value_of
from store.fixes import FixRefused
from tests.contract.absent import CREATES, EXPECTED, declared, refused
from tests.contract.house import House, Worked
from tests.contract.office import CHOSEN, Office

NOT_FIELDS = {*CREATES, "entry_code", "attach", "detach", "parent", "customer_flag", "custom"}


async def test_every_field_that_is_declared_is_written_and_put_back(office: Office) -> None:
    """All in one home: what one field's way back breaks would show in the next one's."""
    can = (await office.connector()).capabilities
    problems = {}
    for place, field in enumerate(sorted(can.writes - NOT_FIELDS)):
        try:
            await _there_and_back(office, field, place)
        except Exception as error:  # noqa: BLE001 - all of them are told at the end
            problems[field] = f"{type(error).__name__}: {error}"
    assert problems == {}


async def _there_and_back(office: Office, field: str, place: int) -> None:
    mine = office.house.mine()
    for ticket_id in (mine[(place + more) % len(mine)] for more in range(len(mine))):
        ticket = await office.ticket(ticket_id)
        if (wanted := await _other(office, ticket, field)) is not None:
            break
    else:
        raise AssertionError(f"no ticket could have another {field}")
    before = office.house.held(ticket_id, field)
    change = await _submit(office, ticket, field, wanted)
    await office.push()
    assert office.state(change) == "confirmed"
    held = office.house.held(ticket_id, field)
    assert held == (wanted.name if isinstance(wanted, Ref) else wanted), f"the PSA holds {held}, not {wanted}"
    assert as_wanted(await office.ticket(ticket_id), field, wanted)
    await _undone(office, change, field)
    if field in (await office.connector()).capabilities.undoable:
        assert office.house.held(ticket_id, field) == before


async def _other(office: Office, ticket: TicketRecord, field: str) -> Value:
    """A value that the ticket does not have; `None` where there is no other."""
    if field in (await office.connector()).capabilities.on_the_card and ticket.contact_id is None:
        return None  # there is no card
    if field in CHOSEN and field not in office.house.without_list:
        found = await office.choices(field, ticket)
        return Ref(found[0].id, found[0].name) if found else None
    return office.house.other(ticket.ticket_id, field)


async def _submit(office: Office, ticket: TicketRecord, field: str, wanted: Value) -> str:
    can, one = (await office.connector()).capabilities, ticket.ticket_id
    said = wanted.id if isinstance(wanted, Ref) else show_value(wanted)
    if field == "due_at" and isinstance(wanted, int):
        said = _date(wanted)
    if (
        field in ("status", "owner", "billing_code")
        or field.startswith("custom:")
        or field in can.fields & set(TICKET_FIELDS)
    ):
        return await office.submit(one, set={field: said}, because="the contract suite")
    return await office.submit_plain(one, field, wanted)


def _date(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat()


async def _undone(office: Office, change: str, verb: str) -> None:
    """Puts it back where that is declared; else the refusal says what stays."""
    if verb in (await office.connector()).capabilities.undoable:
        done = await office.desk.undo(change)
        assert done.by is not None and done.stays == ()
        await office.push()
        assert office.state(done.by) == "confirmed"
        return
    with pytest.raises(OutboxRefused, match="stays there"):
        await office.desk.undo(change)


# ---------------------------------------------------------------- plans


async def test_a_plan_says_all_that_the_outbox_needs(office: Office) -> None:
    """Steps are journalled as JSON, found again by their content, and stopped by what the customer wrote since."""
    can, connector = (await office.connector()).capabilities, await office.connector()
    ticket = await office.ticket(office.house.mine()[0])
    seen = "Seen, no answer needed: by phone"
    fix = Fix(
        change="c",
        ticket_id=ticket.ticket_id,
        reply="It works again." if "reply" in can.writes else None,
        note=seen if "note" in can.writes else None,
        decided_at=office.desk.now,
    )
    status = (await office.choices("status", ticket))[0] if "status" in can.writes else None
    if status is not None:
        fix.fields["status"] = Ref(status.id, status.name)
        fix.was["status"] = value_of(ticket, "status")
    steps = connector.plan(fix, ticket)
    assert msgspec.json.decode(msgspec.json.encode(steps), type=tuple[Step, ...]) == steps
    assert len([step for step in steps if step.mails]) <= 1, "at most one step mails"
    for step in steps:
        assert step.ticket_id == ticket.ticket_id and step.action
        assert len(step.request.split()) >= 2, "method and path"
        assert not (step.creates and step.repeatable), (
            "an entry that may exist already is not sent again blindly"
        )
        assert not (step.creates and step.undoable) or step.creates in can.undoable
        if step.creates == "note":
            assert step.guards_reply and step.text in (fix.reply, fix.note)
            assert step.public == (step.text == fix.reply)
    texts = [step.text for step in steps if step.creates == "note"]
    assert sorted(texts) == sorted(text for text in (fix.reply, fix.note) if text)
    if status is not None:
        assert [step.sets.get("status") for step in steps if "status" in step.sets] == [fix.fields["status"]]
        assert "status" in steps[-1].sets, "the status after the texts: it may not be what hides them"


# ---------------------------------------------------------------- words and time


@declared("note")
async def test_a_note_arrives_once_and_is_internal(office: Office) -> None:
    one = office.house.mine()[0]
    change = await office.submit(one, note="Looked at the cable, 4711.")
    await office.push()
    await office.push()
    assert office.state(change) == "confirmed"
    assert [s.public for s in office.house.said(one) if s.text.strip() == "Looked at the cable, 4711."] == [
        False
    ]
    await _undone(office, change, "note")


@declared("reply")
async def test_a_reply_arrives_once_and_is_public(office: Office) -> None:
    one = office.house.mine()[0]
    office.house.customer_writes(one, "Is it fixed?")
    await office.sync()
    prepared = await office.prepare(one, reply="It is fixed, 4711.")
    assert bool(prepared.mails) <= ("reply" in (await office.connector()).capabilities.mails)
    change = await office.desk.submit(prepared, immediately=True)
    await office.push()
    await office.push()
    assert office.state(change) == "confirmed"
    (said,) = [s for s in office.house.said(one) if s.text.strip() == "It is fixed, 4711."]
    assert said.public and "staff" in said.speakers
    report = await office.sync()
    assert report.ok
    rows = office.ask("SELECT speaker, public FROM note WHERE text LIKE :t", t="It is fixed, 4711.%")
    assert rows == [("staff", 1)]


@declared("time")
async def test_time_is_logged_once(office: Office) -> None:
    can, mine = (await office.connector()).capabilities, office.house.mine()
    # A code for the time goes to a ticket without one, too, and could be put back there.
    one = next(o for o in mine if not can.code_on_ticket or office.house.held(o, "billing_code"))
    code = None
    if can.code_on_time:
        (code, *_) = await office.choices("billing_code", await office.ticket(one))
    before = office.house.worked(one)
    change = await office.submit(
        one, time=0.75, note="Replaced the cable.", billing_code=code.id if code else None
    )
    await office.push()
    await office.push()
    assert office.state(change) == "confirmed"
    after = office.house.worked(one)
    for entry in before:
        after.remove(entry)
    assert after == [Worked(0.75, office.house.technician, code.name if code else None)]
    await _undone(office, change, "time")


@declared("entry_code")
async def test_the_code_of_a_time_entry_is_set_and_put_back(office: Office) -> None:
    one = office.house.mine()[2]
    entry = office.house.logs_time(one, 0.5)
    assert entry is not None
    await office.sync(read_all=True)  # not every PSA's ticket tells of new time
    (code, *_) = await office.choices("billing_code", await office.ticket(one))
    before = office.house.held(one, f"entry:{entry}")
    change = await office.submit(one, billing_code=code.id, entry=entry)
    await office.push()
    assert office.state(change) == "confirmed"
    assert office.house.held(one, f"entry:{entry}") == code.name
    await _undone(office, change, "entry_code")
    if "entry_code" in (await office.connector()).capabilities.undoable:
        assert office.house.held(one, f"entry:{entry}") == before


# ---------------------------------------------------------------- flag, parents, custom fields


@declared("customer_flag")
async def test_the_flag_is_cleared_and_put_back(office: Office) -> None:
    house = office.house
    one = house.mine()[3]
    house.customer_writes(one, "Is it fixed?")
    house.colleague_writes(one, "It is.")
    house.raises_flag(one)
    await office.sync()
    assert (await office.ticket(one)).customer_flag is True
    change = await office.submit(one, clear_flag=True)
    await office.push()
    assert office.state(change) == "confirmed"
    assert not house.held(one, "customer_flag")
    await _undone(office, change, "customer_flag")
    if "customer_flag" in (await office.connector()).capabilities.undoable:
        assert house.held(one, "customer_flag")


@declared("attach")
async def test_a_child_finds_its_parent(office: Office) -> None:
    child, parent = office.house.family()
    change = await office.submit(child, parent=parent, because="the contract suite")
    await office.push()
    assert office.state(change) == "confirmed"
    assert office.house.held(child, "parent") == parent
    assert (await office.ticket(child)).parent_ids == (parent,)
    await _undone(office, change, "attach")
    if "attach" in (await office.connector()).capabilities.undoable:
        assert office.house.held(child, "parent") is None


@declared("detach")
async def test_a_child_leaves_its_parent(office: Office) -> None:
    child, parent = office.house.family()
    office.house.adopts(child, parent)
    await office.sync()
    change = await office.submit(child, no_parent=True)
    await office.push()
    assert office.state(change) == "confirmed"
    assert office.house.held(child, "parent") is None
    await _undone(office, change, "detach")
    if "detach" in (await office.connector()).capabilities.undoable:
        assert office.house.held(child, "parent") == parent


async def test_a_custom_field_is_written_and_put_back(office: Office) -> None:
    can, name = (await office.connector()).capabilities, office.house.custom()
    one = office.house.mine()[4]
    if "custom" not in can.writes:
        assert can.absent["custom"].rstrip().endswith(".")
        with pytest.raises(FixRefused, match="not offered"):
            await office.submit(one, set={f"custom:{name or 'Anything'}": "LT-4711"})
        return
    assert name is not None
    before = office.house.held(one, f"custom:{name}")
    change = await office.submit(one, set={f"custom:{name}": "LT-4711"})
    await office.push()
    assert office.state(change) == "confirmed"
    assert office.house.held(one, f"custom:{name}") == "LT-4711"
    await _undone(office, change, "custom")
    assert office.house.held(one, f"custom:{name}") == before


# ---------------------------------------------------------------- what is not offered


async def test_what_is_not_offered_is_refused_with_its_sentence(office: Office) -> None:
    can = (await office.connector()).capabilities
    assert set(EXPECTED) - can.writes <= set(can.absent), "each verb is offered, or it is said why not"
    for verb in sorted(set(can.absent) & set(EXPECTED)):
        await refused(office, verb)


# ---------------------------------------------------------------- other people


CHOSEN_ALIKE = ("status", "owner", "priority", "billing_code")
"""Fields with choices that a colleague can set too."""


async def _a_field(office: Office) -> str | None:
    """One of them that can be written; `None` for a PSA that takes none of them, each refused with its sentence."""
    can = (await office.connector()).capabilities
    found = next((one for one in CHOSEN_ALIKE if one in can.writes), None)
    if found is None:
        for one in CHOSEN_ALIKE:
            assert can.absent[one].rstrip().endswith(".")
        await refused(office, "status")
    return found


async def test_a_colleagues_change_of_the_same_field_is_a_conflict(office: Office) -> None:
    """Nobody's change is overwritten; "mine counts" then goes through."""
    field = await _a_field(office)
    if field is None:
        return
    one = office.house.mine()[0]
    ticket = await office.ticket(one)
    ours, theirs = (await office.choices(field, ticket))[:2]
    change = await office.submit(one, set={field: ours.id})
    office.house.colleague_sets(one, field, theirs)
    await office.push()
    assert office.state(change).startswith("conflict")
    assert office.house.held(one, field) == theirs.name
    await office.desk.retry(change)
    await office.push()
    assert office.state(change) == "confirmed"
    assert office.house.held(one, field) == ours.name


async def test_what_a_colleague_has_set_already_is_not_written(office: Office) -> None:
    field = await _a_field(office)
    if field is None:
        return
    one = office.house.mine()[0]
    (ours, *_) = await office.choices(field, await office.ticket(one))
    change = await office.submit(one, set={field: ours.id})
    office.house.colleague_sets(one, field, ours)
    await office.push()
    assert office.state(change) == "confirmed"
    with pytest.raises(OutboxRefused, match="wrote nothing"):
        await office.desk.undo(change)
    assert office.house.held(one, field) == ours.name


@declared("reply")
async def test_a_customers_newer_note_stops_a_reply(office: Office) -> None:
    one = office.house.mine()[0]
    change = await office.submit(one, reply="Dear customer, 4711.")
    office.house.customer_writes(one, "And the scanner is broken too.")
    await office.push()
    assert office.state(change).startswith("conflict")
    assert "Dear customer, 4711." not in {s.text.strip() for s in office.house.said(one)}
    await office.desk.retry(change)
    await office.push()
    assert office.state(change) == "confirmed"
    assert [s.text.strip() for s in office.house.said(one)].count("Dear customer, 4711.") == 1


async def test_a_ticket_that_is_gone_takes_no_change(office: Office, house: House) -> None:
    can, one = (await office.connector()).capabilities, house.mine()[0]
    if not can.writes:
        house.deletes(one)
        with pytest.raises(FixRefused):
            await office.submit(one, note="x")
        return
    intent = {"note": "x"} if "note" in can.writes else {"status": "x"}
    change = await office.submit(one, **intent)
    house.deletes(one)
    await office.push()
    assert not office.state(change).startswith(("confirmed", "queued", "sending"))
