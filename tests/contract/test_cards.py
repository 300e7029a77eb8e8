"""Fields that a ticket has from its contact's card: a write changes the card, for all of the contact's tickets.

Where a PSA has phone and mail on the ticket, or takes neither, the tests see that nothing is told of a card.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from connectors.contract import Fix, Ref, TicketRecord, Unsupported, Value
from store.changes import OutboxRefused, value_of
from tests.contract.office import Office

Test = Callable[[Office, str], Awaitable[None]]


def each_field(test: Test) -> Callable[[Office], Awaitable[None]]:
    """The test for each field on the card; where there is none, that a fix of such a field tells of no card."""

    async def either(office: Office) -> None:
        can = (await office.connector()).capabilities
        for field in sorted(can.on_the_card):
            await test(office, field)
        for field in sorted({"contact_phone", "contact_email"} & can.writes - can.on_the_card):
            one = office.house.mine()[0]
            prepared = await office.prepare(one, set={field: "x@y.test"})
            assert not prepared.on_the_card and not prepared.remarks
        if not {"contact_phone", "contact_email"} & can.writes:
            assert not can.on_the_card

    either.__name__, either.__doc__ = test.__name__, test.__doc__
    return either


def wanted(office: Office, one: str, field: str) -> str:
    found = office.house.other(one, field)
    assert isinstance(found, str)
    return found


def cached(office: Office, field: str, ids: list[str]) -> set[object]:
    """What the cache's PSA rows say, without any round after the change."""
    marks = ", ".join(f"'{one}'" for one in ids)
    return {row[0] for row in office.ask(f"SELECT {field} FROM ticket WHERE ticket_id IN ({marks})")}


@each_field
async def test_a_card_is_told_of_and_holds_for_all_tickets(office: Office, field: str) -> None:
    house = office.house
    await office.sync()
    one, *others = house.of_one_contact()
    before, new = house.held(one, field), wanted(office, one, field)
    assert others and cached(office, field, [one, *others]) == {before}
    prepared = await office.prepare(one, set={field: new})
    assert prepared.on_the_card
    (told,) = prepared.remarks
    assert str(prepared.ticket.contact) in told and "all tickets" in told
    change = await office.desk.submit(prepared, immediately=True)
    await office.push()
    assert office.state(change) == "confirmed"
    assert house.held(one, field) == new
    assert cached(office, field, [one, *others]) == {new}, "the others are read again, without a round"
    done = await office.desk.undo(change)
    await office.push()
    assert done.by is not None and office.state(done.by) == "confirmed"
    assert house.held(one, field) == before
    assert cached(office, field, [one, *others]) == {before}


@each_field
async def test_the_second_of_a_contacts_tickets_writes_nothing(office: Office, field: str) -> None:
    house = office.house
    await office.sync()
    ids = house.of_one_contact()[:3]
    before, new = house.held(ids[0], field), wanted(office, ids[0], field)
    prepared = [await office.prepare(one, set={field: new}) for one in ids]
    changes = await office.desk.submit_together(prepared)
    await office.push()
    assert [office.state(one) for one in changes] == ["confirmed"] * len(ids)
    wrote = sorted(view.wrote for view in office.desk.reader.changes(all=True) if view.change in changes)
    assert wrote == [False] * (len(ids) - 1) + [True]
    assert house.held(ids[0], field) == new
    await office.desk.undo(changes[-1])
    await office.push()
    assert house.held(ids[0], field) == before
    assert cached(office, field, ids) == {before}


@each_field
async def test_a_card_that_a_colleague_has_changed_is_a_conflict(office: Office, field: str) -> None:
    house = office.house
    await office.sync()
    one = house.of_one_contact()[0]
    before, new = house.held(one, field), wanted(office, one, field)
    theirs = "555 0177" if field == "contact_phone" else "their.address@contract.test"
    change = await office.submit(one, set={field: new})
    house.colleague_sets_card(one, field, theirs)
    await office.push()
    assert office.state(change).startswith("conflict")
    assert house.held(one, field) == theirs
    await office.desk.retry(change)
    await office.push()
    assert office.state(change) == "confirmed"
    assert house.held(one, field) == new
    house.colleague_sets_card(one, field, str(before))


@each_field
async def test_without_a_contact_there_is_no_card(office: Office, field: str) -> None:
    connector = await office.connector()
    ticket = await office.ticket(office.house.of_one_contact()[0])
    alone = msgspec.structs.replace(ticket, contact_id=None, contact=None)
    base = Fix(change="c", ticket_id=ticket.ticket_id, fields={field: "x@y.test"}, was={field: None})
    with pytest.raises(Unsupported, match="no contact") as refused:
        connector.plan(base, alone)
    assert "contact first" in refused.value.hint
    both = msgspec.structs.replace(base, fields={**base.fields, "contact": Ref("1", "Somebody")})
    with pytest.raises(Unsupported, match="contact changes too"):
        connector.plan(both, ticket)


@each_field
async def test_a_ticket_that_has_another_contact_by_then_leaves_both_cards_alone(
    office: Office, field: str
) -> None:
    house = office.house
    await office.sync()
    one = house.of_one_contact()[0]
    ticket = await office.ticket(one)
    before, own = house.held(one, field), value_of(ticket, "contact")
    (other, *_) = await office.choices("contact", ticket)
    change = await office.submit(one, set={field: wanted(office, one, field)})
    await _moves(office, ticket, Ref(other.id, other.name))
    theirs = house.held(one, field)
    await office.push()
    assert office.state(change).startswith("rejected") and str(ticket.contact) in office.state(change)
    assert house.held(one, field) == theirs, "the card of the new contact"
    await _moves(office, ticket, own)
    assert house.held(one, field) == before, "the card of the old one"
    await office.desk.drop(change)


@each_field
async def test_a_card_is_not_put_back_from_a_ticket_of_somebody_else(office: Office, field: str) -> None:
    house = office.house
    await office.sync()
    one = house.of_one_contact()[0]
    ticket = await office.ticket(one)
    before, own = house.held(one, field), value_of(ticket, "contact")
    change = await office.submit(one, set={field: wanted(office, one, field)})
    await office.push()
    (other, *_) = await office.choices("contact", ticket)
    await _moves(office, ticket, Ref(other.id, other.name))
    await office.sync()
    with pytest.raises(OutboxRefused, match="another contact now"):
        await office.desk.undo(change)
    await _moves(office, ticket, own)
    await office.sync()
    await office.desk.undo(change)
    await office.push()
    assert house.held(one, field) == before


async def _moves(office: Office, ticket: TicketRecord, contact: Value) -> None:
    """A colleague sets another contact."""
    connector = await office.connector()
    fix = Fix(change="c", ticket_id=ticket.ticket_id, fields={"contact": contact})
    for step in connector.plan(fix, ticket):
        await connector.apply(step, None)
