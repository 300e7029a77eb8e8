"""What a connector reads: who we are, tickets under change, what became of ids, conversations, time, choices."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from connectors.contract import (
    TICKET_FIELDS,
    Choice,
    ChoiceContext,
    Connector,
    ListsFiles,
    NotThere,
    Ref,
    Scope,
    Unauthorized,
    UnknownName,
    Unsupported,
)
from store.changes import value_of
from tests.contract.absent import reads
from tests.contract.house import House
from tests.contract.office import CHOSEN, context, opened, pull

LATE = 15
"""Seconds by which a change may become visible late, at least: every connector's overlap covers it."""


# ---------------------------------------------------------------- who we are


async def test_verify_says_who_we_are(house: House, connector: Connector) -> None:
    me = await connector.verify()
    assert me.member.casefold() == house.technician.casefold()
    assert me.member_id and me.name and me.version
    assert abs(me.clock_ahead) < 120
    assert all(verb and right for verb, right in me.missing)
    assert connector.requests > 0


async def test_mine_is_the_technician(house: House, connector: Connector) -> None:
    found = await connector.resolve(Scope("mine"))
    assert (found.name or "").casefold() == house.technician.casefold()
    assert found.id
    named = await connector.resolve(Scope("owner", house.technician))
    assert named.id == found.id


@pytest.mark.parametrize("kind", ["owner", "board", "team"])
async def test_a_name_that_does_not_exist_is_never_an_empty_queue(
    house: House, connector: Connector, kind
) -> None:
    for name in ("No Such Name 4711", house.technician[:-1] if kind == "owner" else "No"):
        with pytest.raises((UnknownName, Unsupported)) as refused:
            await connector.resolve(Scope(kind, name))
        if isinstance(refused.value, Unsupported):
            assert kind != "owner", "every PSA has technicians"
        assert str(refused.value).strip()


async def test_a_technician_that_does_not_exist_is_refused(house: House, tmp_path: Path) -> None:
    class Other(type(house)):  # type: ignore[misc]
        def settings(self):
            return {**house.settings(), "technician": "nobody4711"}

    other = object.__new__(Other)
    other.__dict__.update(house.__dict__)
    connector = opened(other, tmp_path / "other")
    try:
        with pytest.raises((UnknownName, Unauthorized)):
            await connector.resolve(Scope("mine"))
    finally:
        await connector.close()


# ---------------------------------------------------------------- tickets


async def test_the_open_tickets_are_the_psas(house: House, connector: Connector) -> None:
    tickets, _, _ = await pull(connector)
    assert {one for one, ticket in tickets.items() if not ticket.closed} == set(house.mine())
    listed = await connector.ticket_ids(await connector.resolve(Scope("mine")))
    assert listed.ids == frozenset(house.mine())
    assert listed.count == len(listed.ids)
    assert all(ticket.number and ticket.summary and ticket.status for ticket in tickets.values())
    assert all(ticket.created_at and ticket.updated_at for ticket in tickets.values())


async def test_every_ticket_is_delivered_while_tickets_move(
    house: House, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered ones close, so that the rows behind them move up a page; others change, so that they move to
    its end. Whoever counts pages by number misses tickets."""
    resolved = await connector.resolve(Scope("mine"))
    small = house.small_pages(monkeypatch)
    wanted = set(house.mine())
    delivered: dict[str, str] = {}
    closed: set[str] = set()
    pages = 0
    cursor = None
    async for page in connector.tickets(resolved, None, int(time.time()) + 3600):
        pages += 1
        fresh = [ticket.ticket_id for ticket in page.tickets if ticket.ticket_id in wanted - closed]
        delivered |= dict.fromkeys(fresh, "")
        for one in fresh[:2]:
            if len(closed) < len(wanted) // 3:
                house.closes(one)
                closed.add(one)
        for one in sorted(wanted - closed - set(delivered))[:1]:
            house.changes(one)
        cursor = page.cursor or cursor
    assert cursor
    assert not small or pages > 2
    assert closed
    after, _, _ = await pull(connector, cursor)
    assert wanted - set(delivered) - set(after) == set()
    assert all(after[one].closed for one in closed), "what closed meanwhile is told by the next round"


async def test_every_change_is_delivered_while_tickets_move(
    house: House, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delivered ones change again, so that in an order by change the rows behind them move up a page."""
    _, cursor, _ = await pull(connector)
    small = house.small_pages(monkeypatch)
    wanted = set(house.mine())
    for one in sorted(wanted):
        house.changes(one)
    delivered: set[str] = set()
    pages = 0
    async for page in connector.tickets(await connector.resolve(Scope("mine")), cursor, 0):
        pages += 1
        fresh = {ticket.ticket_id for ticket in page.tickets} & wanted - delivered
        delivered |= fresh
        for one in sorted(fresh)[:3]:
            house.changes(one)
        assert pages < 200, "a stream comes to its end although tickets go on changing"
    assert not small or pages > 2
    assert wanted - delivered == set()


async def test_what_changes_is_delivered_and_the_overlap_again(house: House, connector: Connector) -> None:
    first, second, late = house.mine()[:3]
    _, cursor, _ = await pull(connector)
    house.changes(first)
    tickets, cursor, _ = await pull(connector, cursor)
    assert first in tickets
    house.changes(second)
    tickets, cursor, _ = await pull(connector, cursor)
    assert {first, second} <= set(tickets), "the overlap is read again"
    house.changes(late, seconds_ago=LATE)
    tickets, _, _ = await pull(connector, cursor)
    assert late in tickets, "a change that became visible late is not missed"


async def test_a_ticket_that_was_handed_over_is_told(house: House, connector: Connector) -> None:
    """Incremental rounds tell every change, whoever owns the ticket now."""
    one = house.mine()[0]
    if "owner" not in connector.capabilities.writes:
        assert connector.capabilities.absent["owner"]
    _, cursor, _ = await pull(connector)
    ticket = (await connector.fetch([one])).tickets[0]
    colleague = next(
        choice
        for choice in await connector.choices("owner", context(ticket))
        if choice.name.casefold() != house.technician.casefold() and choice.name not in house.empties
    )
    house.colleague_sets(one, "owner", colleague)
    tickets, _, _ = await pull(connector, cursor)
    assert (tickets[one].owner or "").casefold() == colleague.name.casefold()
    resolved = await connector.resolve(Scope("mine"))
    assert not resolved.holds(tickets[one])
    assert one not in (await connector.ticket_ids(resolved)).ids


async def test_every_id_is_found_in_exactly_one_way(house: House, connector: Connector) -> None:
    alive, deleted, merged, into = house.mine()[:4]
    house.deletes(deleted)
    asked = [alive, deleted, "999999999"]
    if house.merges is None:
        house.merge_into(merged, into)
        asked.append(merged)
    fetched = await connector.fetch(asked)
    ways = [
        *(ticket.ticket_id for ticket in fetched.tickets),
        *(stone.ticket_id for stone in fetched.gone),
        *(hidden.ticket_id for hidden in fetched.not_visible),
    ]
    assert Counter(ways) == Counter(asked)
    assert fetched.odd == ()
    assert [ticket.ticket_id for ticket in fetched.tickets if ticket.merged_into is None] == [alive]
    assert "999999999" in {hidden.ticket_id for hidden in fetched.not_visible} | {
        stone.ticket_id for stone in fetched.gone if stone.why == "deleted"
    }
    if house.merges is not None:
        assert house.merges.endswith("."), "why tickets cannot be merged is a sentence"
        return
    stones = {stone.ticket_id: (stone.why, stone.merged_into) for stone in fetched.gone}
    records = {ticket.ticket_id: ("merged", ticket.merged_into) for ticket in fetched.tickets}
    assert (stones.get(merged) or records[merged]) == ("merged", into)


async def test_fetching_many_is_fetching_each(house: House, connector: Connector) -> None:
    mine = house.mine()
    fetched = await connector.fetch(mine)
    assert {ticket.ticket_id for ticket in fetched.tickets} == set(mine)
    assert await connector.fetch([]) is not None


async def test_every_field_that_is_declared_is_read(house: House, connector: Connector) -> None:
    tickets, _, _ = await pull(connector)
    for field in sorted(connector.capabilities.fields & set(TICKET_FIELDS)):
        shown = any(value_of(ticket, field) not in (None, "") for ticket in tickets.values())
        reason = house.never_shown.get(field, "")
        assert shown != bool(reason), f"{field}: {'shown although' if shown else 'never shown,'} {reason!r}"


# ---------------------------------------------------------------- conversations and time


@reads("conversations")
async def test_a_conversation_is_complete_in_order_and_the_speakers_are_told_apart(
    house: House, connector: Connector
) -> None:
    one = house.mine()[0]
    house.customer_writes(one, "It is broken again, 4711.")
    house.colleague_writes(one, "I look into it, 4712.")
    house.colleague_writes(one, "Between us: the old switch, 4713.", public=False)
    house.automation_writes(one, "This ticket was escalated, 4714.")
    for ticket_id in house.mine():
        found = await connector.conversation(ticket_id)
        assert found.ticket_id == ticket_id
        assert found.odd == ()
        assert all(note.ticket_id == ticket_id for note in found.notes)
        keys = [(note.created_at, note.note_id) for note in found.notes]
        assert [at for at, _ in keys] == sorted(at for at, _ in keys)
        assert len(set(keys)) == len(keys)
        notes = [note for note in found.notes if note.time_id is None]
        shown = [note for note in found.notes if note.time_id is not None]
        assert all(note.public and note.speaker == "staff" for note in shown), "time that the customer sees"
        wanted = house.said(ticket_id)
        # Within one second nothing says which came first.
        assert Counter((n.text.strip(), n.public) for n in notes) == Counter(
            (s.text.strip(), s.public) for s in wanted
        )
        allowed = {(s.text.strip(), s.public): s.speakers for s in wanted}
        for note in notes:
            assert note.speaker in allowed[note.text.strip(), note.public], note
            assert note.speaker == "system" or note.speaker == "unknown" or note.author


@reads("conversations")
async def test_an_answer_that_is_only_a_picture_is_not_empty(house: House, connector: Connector) -> None:
    """The file is named, with its size: at its note, or at the ticket where the PSA does not say at which."""
    one = house.mine()[0]
    before = {note.note_id for note in (await connector.conversation(one)).notes}
    house.customer_sends(one, "screen.png", 51_234)
    found = await connector.conversation(one)
    (note,) = [note for note in found.notes if note.note_id not in before]
    assert note.speaker in ("customer", "unknown") and note.public and not note.text.strip()
    if house.without_files:
        assert not note.attachments and not found.files
        return
    (file,) = note.attachments or [one for one in found.files if one.name == "screen.png"]
    assert (file.name, file.size) == ("screen.png", 51_234)
    assert note.attachments or file.added_at is not None, "a file of the ticket stands at its time"
    assert not found.files_problem


@reads("conversations")
async def test_a_file_that_came_with_words_is_named_or_can_be_listed(
    house: House, connector: Connector
) -> None:
    """A conversation whose words say enough may leave the files to a listing of their own, and says that it did."""
    one = house.mine()[2]
    house.customer_sends(one, "error log.txt", 2_048, words="The log is attached.")
    found = await connector.conversation(one)
    (note,) = [note for note in found.notes if note.text.strip() == "The log is attached."]
    named = (*note.attachments, *found.files)
    if not found.files_asked:
        assert isinstance(connector, ListsFiles) and found.files == () and not found.files_problem
        named = await connector.files(one)
        assert await connector.files(one) == named, "listing changes nothing"
    if house.without_files:
        assert named == ()
        return
    (file,) = [one for one in named if one.name == "error log.txt"]
    assert file.size == 2_048
    assert note.attachments or file.added_at is not None, "a file of the ticket stands at its time"


@reads("conversations")
async def test_files_of_what_can_be_no_ticket_are_not_an_empty_list(
    house: House, connector: Connector
) -> None:
    if not isinstance(connector, ListsFiles):
        assert (await connector.conversation(house.mine()[0])).files_asked, "nobody else names its files"
        return
    with pytest.raises(NotThere):
        await connector.files("../companies/1")


@reads("conversations")
async def test_many_notes_are_all_there(
    house: House, connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = house.mine()[1]
    await connector.conversation(one)
    house.small_pages(monkeypatch)
    for number in range(11):
        house.colleague_writes(one, f"Remark {number} of many.", public=False)
    texts = [note.text.strip() for note in (await connector.conversation(one)).notes]
    assert {f"Remark {number} of many." for number in range(11)} <= set(texts)


@reads("time")
async def test_time_entries_are_complete(house: House, connector: Connector) -> None:
    mine = house.mine()
    house.logs_time(mine[0], 0.5)
    house.logs_time(mine[1], 1.25)
    found = await connector.time_entries(mine)
    assert set(found.ticket_ids) == set(mine)
    assert found.odd == ()
    assert len({entry.time_id for entry in found.entries}) == len(found.entries)
    codes = connector.capabilities.code_on_time
    for one in mine:
        read = Counter(
            (round(entry.hours, 2), (entry.member or "").casefold(), entry.billing_code if codes else None)
            for entry in found.entries
            if entry.ticket_id == one
        )
        held = Counter(
            (entry.hours, entry.member.casefold(), entry.code if codes else None)
            for entry in house.worked(one)
        )
        assert read == held


# ---------------------------------------------------------------- choices


def kinds(connector: Connector) -> list[str]:
    can = connector.capabilities
    asked = {"status", "owner", "board"} | (can.fields & set(CHOSEN))
    if can.code_on_ticket or can.code_on_time:
        asked.add("billing_code")
    codes = {"entry_code", "time"} & can.writes and can.code_on_time
    return sorted(
        kind for kind in asked & set(CHOSEN) if kind in can.writes or (kind == "billing_code" and codes)
    )


async def test_every_field_that_can_be_set_has_its_choices(house: House, connector: Connector) -> None:
    tickets, _, _ = await pull(connector)
    mine = [tickets[one] for one in house.mine()]
    for kind in kinds(connector):
        reason = house.without_list.get(kind, "")
        ticket = next((one for one in mine if value_of(one, kind) is not None), mine[0])
        found = await connector.choices(kind, context(ticket))
        assert bool(found) != bool(reason), f"{kind}: {found} {reason!r}"
        if not found:
            continue
        _sound(kind, found)
        has = value_of(ticket, kind)
        if isinstance(has, Ref) and kind != "agreement":
            names = {choice.name for choice in found} | {choice.id for choice in found}
            assert {has.id, has.name} & names, f"{kind}: {has} is none of {names}"
        named = found[0]
        again = await connector.choices(kind, ChoiceContext(**_fields(context(ticket)), ids=(named.id,)))
        assert named.id in {choice.id for choice in again}


def _fields(given: ChoiceContext) -> dict[str, str | None]:
    return {"board_id": given.board_id, "company_id": given.company_id, "type_id": given.type_id}


def _sound(kind: str, found: tuple[Choice, ...]) -> None:
    assert all(choice.kind == kind and choice.id and choice.name for choice in found)
    assert len({choice.id for choice in found}) == len(found)
    assert all(choice.active for choice in found), f"{kind}: inactive ones are given by id only"
    if kind == "status":
        assert any(choice.closed for choice in found) and not all(choice.closed for choice in found)


async def test_a_kind_that_nobody_has_gives_nothing(connector: Connector) -> None:
    assert await connector.choices("phase_of_the_moon", ChoiceContext()) == ()
