"""Reading a real Request Tracker 5."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.contract import (
    ChoiceContext,
    Forbidden,
    NotThere,
    NotVisible,
    Scope,
    Tombstone,
    Unauthorized,
    UnknownName,
    Unsupported,
)
from tests.connectors.rt_desk import desk, one, pull
from tests.servers.rt import RtServer

DAY = 86400


async def test_says_who_we_are_and_what_we_may_not(rt_server: RtServer) -> None:
    rt_server.create_ticket()
    async with desk(rt_server) as connector:
        found = await connector.verify()
        assert (found.member_id, found.member, found.name) == ("tess", "tess", "Tess Gray")
        assert found.version.startswith("5.") and found.timezone == "Europe/Berlin"
        assert abs(found.clock_ahead) < 5
        assert dict(found.missing).keys() == {"contact_phone"}
        assert "contact_phone" not in connector.capabilities.fields
    async with desk(rt_server, "lena") as connector:
        missing = dict((await connector.verify()).missing)
        assert missing["note"] == "CommentOnTicket" and missing["status"] == "ModifyTicket"
        assert "choices of “Billing Code”" in missing["billing_code"]
        # Only what is in use is known then, and it is valid.
        rt_server.create_ticket(CustomFields={"Billing Code": "TIME-MAT"})
        codes = await connector.choices("billing_code", ChoiceContext(board_id="1"))
        assert [choice.name for choice in codes] == ["TIME-MAT"]


async def test_a_wrong_token_is_unauthorized(rt_server: RtServer) -> None:
    rt_server.tokens["bad"] = "1-27-" + "0" * 32
    rt_server.tokens["odd"] = "hunter2hunter2"
    for user in ("bad", "odd"):
        async with desk(rt_server, user, technician="") as connector:
            with pytest.raises(Unauthorized) as caught:
                await connector.verify()
            assert rt_server.tokens[user] not in str(caught.value)
    async with desk(rt_server, "omar", technician="tess") as connector:
        with pytest.raises(Unauthorized, match="belongs to omar and not to tess"):
            await connector.verify()
        with pytest.raises(Unauthorized):
            await connector.resolve(Scope("mine"))


async def test_names_of_a_scope_are_found_or_refused(rt_server: RtServer) -> None:
    async with desk(rt_server) as connector:
        board = await connector.resolve(Scope("board", "projects"))
        assert (board.name, (await connector.resolve(Scope("owner", "omar"))).id) == ("Projects", "omar")
        for scope in (Scope("owner", "nosuch"), Scope("owner", "pat"), Scope("board", "Vault")):
            with pytest.raises(UnknownName):
                await connector.resolve(scope)
        with pytest.raises(Unsupported):
            await connector.resolve(Scope("team", "any"))


async def test_open_and_closed_tickets_with_their_fields(rt_server: RtServer) -> None:
    parent = rt_server.create_ticket("Office move", owner="omar")
    child = rt_server.create_ticket(
        "Grüße [bold]€[/]",
        MemberOf=parent,
        Cc="boss@contoso.test",
        CustomFields={"Billing Code": "CONTRACT", "Client": "Contoso", "Serial": "S-1"},
    )
    closed = rt_server.create_ticket("Done")
    rt_server.put(closed, {"Status": "resolved"})
    reopened = rt_server.create_ticket("Back again")
    rt_server.put(reopened, {"Status": "resolved"})
    rt_server.put(reopened, {"Status": "open"})
    project = rt_server.create_ticket("Migration", queue="Projects")
    rt_server.put(project, {"Status": "done"})
    async with desk(rt_server) as connector:
        found, pages = await pull(connector)
        assert found.keys() == {child, closed, reopened, project}  # the parent is omar's
        ticket = found[child]
        assert (ticket.summary, ticket.board, ticket.status, ticket.closed) == (
            "Grüße [bold]€[/]",
            "General",
            "new",
            False,
        )
        assert (ticket.billing_code, ticket.company, ticket.custom) == (
            "CONTRACT",
            "Contoso",
            {"Serial": "S-1"},
        )
        assert (ticket.contact_id, ticket.contact, ticket.contact_email, ticket.cc) == (
            "pat",
            "Pat Kim",
            "pat@contoso.test",
            "boss@contoso.test",
        )
        assert (ticket.owner, ticket.resources, ticket.parent_ids) == ("tess", "tess", (parent,))
        assert ticket.url == f"{rt_server.url}/Ticket/Display.html?id={child}"
        assert ticket.due_at is None and abs((ticket.created_at or 0) - time.time()) < 60
        assert found[closed].closed and abs((found[closed].closed_at or 0) - time.time()) < 60
        assert not found[reopened].closed and found[reopened].closed_at is None
        assert found[project].closed  # by its own lifecycle
        assert all(page.expected == 4 for page in pages) and pages[-1].cursor
        ids = await connector.ticket_ids(await connector.resolve(Scope("mine")))
        assert (set(ids.ids), ids.count) == ({child, reopened}, 2)
        # Closed before the window: not in the queue.
        assert (await pull(connector, closed_after=int(time.time()) + DAY))[0].keys() == {child, reopened}


async def test_other_scopes(rt_server: RtServer) -> None:
    mine, his = rt_server.create_ticket(), rt_server.create_ticket(owner="omar")
    project = rt_server.create_ticket(queue="Projects", owner="Nobody")
    async with desk(rt_server) as connector:
        assert (await pull(connector, Scope("owner", "omar")))[0].keys() == {his}
        found, _ = await pull(connector, Scope("board", "Projects"))
        assert found.keys() == {project} and found[project].owner is None
        assert (await connector.resolve(Scope("board", "Projects"))).holds(found[project])
        assert (await pull(connector, Scope("all")))[0].keys() == {mine, his, project}


@pytest.mark.parametrize("user", ["nora", "omar", "tess"])
async def test_changed_since_whatever_the_zone_of_the_token(rt_server: RtServer, user: str) -> None:
    """RT reads a date in the user's zone (New York, Berlin), or in the server's (Tokyo): a moment that is read
    as later than meant loses changes, one that is read as much earlier reads old ones again and again."""
    old, moved = rt_server.create_ticket(owner=user), rt_server.create_ticket(owner=user)
    rt_server.sql(
        "UPDATE Tickets SET Created = datetime('now', '-4 days'), LastUpdated = datetime('now', '-4 days')"
        " WHERE id = ?",
        old,
    )
    async with desk(rt_server, user) as connector:
        minute_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        rt_server.put(moved, {"Owner": "lena"})  # whoever owns it
        found, pages = await pull(connector, since=minute_ago)
        assert found.keys() == {moved} and found[moved].owner == "lena"
        ahead = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + DAY))
        assert (await pull(connector, since=ahead))[1][-1].cursor == ahead
        cursor = pages[-1].cursor
        assert cursor is not None and minute_ago <= cursor <= time.strftime(
            "%Y-%m-%dT%H:%M:%SZ", time.gmtime()
        )
        closed_after = int(time.time()) - 2 * DAY
        rt_server.sql("UPDATE Tickets SET Status = 'resolved' WHERE id = ?", old)
        assert old not in (await pull(connector, Scope("all"), closed_after=closed_after))[0]
        assert old in (await pull(connector, Scope("all"), closed_after=closed_after - 3 * DAY))[0]
        if user == "omar":
            assert any("no time zone of his own" in note for note in (await connector.verify()).notes)


async def test_more_than_a_page_of_tickets(rt_server: RtServer) -> None:
    rt_server.copies("Tickets", rt_server.create_ticket(), 102)
    rt_server.sql("UPDATE Tickets SET EffectiveId = id")
    async with desk(rt_server) as connector:
        resolved = await connector.resolve(Scope("mine"))
        before = connector.requests
        ids = await connector.ticket_ids(resolved)
        assert (len(ids.ids), ids.count, connector.requests - before) == (103, 103, 2)
        before, seen, pages = connector.requests, [], 0
        async for page in connector.tickets(resolved, None, 0):
            pages += 1
            seen += [ticket.ticket_id for ticket in page.tickets]
            if pages == 1:  # while we read: one leaves the first page, which would push another over its edge
                rt_server.put(seen[0], {"Status": "resolved"})
        assert len(seen) == len(set(seen)) == 103
        assert connector.requests - before == 3
        found = await connector.fetch([str(number) for number in range(1, 105)])
        assert len(found.tickets) == 103 and found.not_visible == (NotVisible("104"),)


async def test_what_became_of_single_tickets(rt_server: RtServer) -> None:
    alive, merged, into, deleted = (rt_server.create_ticket(owner="omar") for _ in range(4))
    vault = rt_server.create_ticket(queue="Vault", owner="Nobody")
    rt_server.put(merged, {"MergeInto": into})
    rt_server.put(deleted, {"Status": "deleted"})
    async with desk(rt_server) as connector:
        for ids in ([alive, merged, deleted, vault], [alive, merged, deleted, vault, "9999", "abc"]):
            found = await connector.fetch(ids)
            assert [ticket.ticket_id for ticket in found.tickets] == [alive]
            assert set(found.gone) == {
                Tombstone(merged, "merged", into),
                Tombstone(deleted, "deleted"),
            }
            assert {one.ticket_id for one in found.not_visible} == set(ids) - {alive, merged, deleted}
        assert (await one(connector, alive)).version == rt_server.etag(alive)
        with pytest.raises(Forbidden):
            await connector.conversation(vault)
        with pytest.raises(NotThere):
            await connector.conversation("9999")


async def test_a_conversation_tells_who_spoke(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket(content="The opening text is not a note.")
    rt_server.reply(ticket, "We are on it.", TimeTaken=6)
    rt_server.comment(ticket, "Told the vendor.", user="omar")
    rt_server.mail("pat@contoso.test", ticket, "Still offline, grüße")
    rt_server.mail(
        "colleague@contoso.test", ticket, "<p>Mine <b>too</b>.</p><p>Bye</p>", content_type="text/html"
    )
    async with desk(rt_server) as connector:
        before = connector.requests
        talk = await connector.conversation(ticket)
        first = connector.requests - before
        said = [(note.speaker, note.public, note.author_id, note.text) for note in talk.notes]
        assert said == [
            ("staff", True, "tess", "We are on it."),
            ("staff", False, "omar", "Told the vendor."),
            ("customer", True, "pat", "Still offline, grüße"),
            ("customer", True, "colleague@contoso.test", "Mine too.\n\nBye"),
        ]
        assert [note.author for note in talk.notes][:3] == ["Tess Gray", "Omar Diaz", "Pat Kim"]
        assert talk.notes[0].time_id == talk.notes[0].note_id and talk.notes[1].time_id is None
        assert first == 3 + 4  # history, texts, files, four authors
        before = connector.requests
        assert (await connector.conversation(ticket)).notes == talk.notes
        assert connector.requests - before == 1
    async with desk(rt_server, staff=["@contoso.test"]) as connector:
        assert {note.speaker for note in (await connector.conversation(ticket)).notes} >= {"staff"}
        assert (await connector.conversation(ticket)).notes[-1].speaker == "staff"


async def test_a_reply_behind_a_page_of_lines_that_rt_hides(rt_server: RtServer) -> None:
    """RT drops lines that the account may not see after it has cut the page: a page that is not full is not
    the last one."""
    ticket = rt_server.create_ticket()
    rt_server.reply(ticket, "We are on it.")
    rt_server.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 110)"
        " INSERT INTO Transactions (ObjectType, ObjectId, Type, Creator, Created)"
        " SELECT 'RT::Ticket', ?, 'EmailRecord', 1, datetime('now') FROM n",
        ticket,
    )
    rt_server.mail("pat@contoso.test", ticket, "Hello?")
    page = rt_server.get(f"/ticket/{ticket}/history", per_page="100")
    assert page["count"] < 100  # the trap is there
    async with desk(rt_server) as connector:
        assert [note.text for note in (await connector.conversation(ticket)).notes] == [
            "We are on it.",
            "Hello?",
        ]


async def test_what_was_said_on_a_merged_ticket_stays_said(rt_server: RtServer) -> None:
    into = rt_server.create_ticket("Printer")
    rt_server.mail("pat@contoso.test", None, "The printer again, forgot the number", subject="Printer again")
    merged = str(int(into) + 1)
    rt_server.put(merged, {"MergeInto": into})
    async with desk(rt_server) as connector:
        notes = (await connector.conversation(into)).notes
        assert [(note.speaker, note.public, note.text) for note in notes] == [
            ("customer", True, "The printer again, forgot the number")
        ]


async def test_time_is_minutes_of_the_history(rt_server: RtServer) -> None:
    worked, idle = rt_server.create_ticket(), rt_server.create_ticket()
    rt_server.comment(worked, "Changed the drum", TimeTaken=90)
    rt_server.reply(worked, "Done", user="omar", TimeTaken=15)
    async with desk(rt_server) as connector:
        found = await connector.time_entries([worked, idle])
        assert found.ticket_ids == (worked, idle)
        assert [(entry.member, entry.hours, entry.text, entry.locked) for entry in found.entries] == [
            ("tess", 1.5, "Changed the drum", False),
            ("omar", 0.25, "Done", False),
        ]
        first = found.entries[0]
        assert (first.ended_at or 0) - (first.started_at or 0) == 5400
        assert (await one(connector, worked)).hours == 1.75


async def test_choices_are_those_valid_here(rt_server: RtServer) -> None:
    rt_server.put(
        rt_server.create_ticket(CustomFields={"Client": "Contoso"}, owner="omar"), {"Status": "open"}
    )
    rt_server.create_ticket(queue="Projects")
    async with desk(rt_server) as connector:
        general, projects = ChoiceContext(board_id="1"), ChoiceContext(board_id="3")
        assert [choice.name for choice in await connector.choices("board", general)] == [
            "General",
            "Projects",
        ]
        statuses = {choice.name: choice.closed for choice in await connector.choices("status", general)}
        assert statuses == {"open": False, "stalled": False, "resolved": True, "rejected": True}
        assert {choice.name for choice in await connector.choices("status", projects)} == {"new", "doing"}
        codes = await connector.choices("billing_code", general)
        assert {choice.name for choice in codes} == {"CONTRACT", "TIME-MAT", "NO-CHARGE"}
        with pytest.raises(NotThere, match="Request Type"):
            await connector.choices("type", projects)
        assert [choice.name for choice in await connector.choices("company", general)] == ["Contoso"]
        owners = {choice.name for choice in await connector.choices("owner", general)}
        assert owners == {"Nobody", "tess", "omar", "nora", "lena"}
        assert await connector.choices("agreement", general) == ()
        assert await connector.choices("nonsense", general) == ()
        asked = await connector.choices("owner", ChoiceContext(ids=("omar",)))
        assert [choice.detail for choice in asked] == ["Omar Diaz"]


async def test_phones_of_contacts_where_the_account_may_see_them(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket(owner="nora")
    async with desk(rt_server, "nora") as connector:
        assert (await one(connector, ticket)).contact_phone == "+1 555 0100"
        await connector.resolve(Scope("mine"))
        assert "contact_phone" in connector.capabilities.fields
    async with desk(rt_server, "tess") as connector:
        assert (await one(connector, ticket)).contact_phone is None  # hidden, not empty
        await connector.resolve(Scope("mine"))
        assert "contact_phone" not in connector.capabilities.fields
    async with desk(rt_server, "tess", fields={"contact_phone": "Serial"}) as connector:
        assert "contact_phone" in connector.capabilities.fields


async def test_the_hour_that_comes_twice_loses_nothing(rt_server: RtServer) -> None:
    """When summer time ends in New York, 01:30 is two moments; RT knows one of them."""
    ticket = rt_server.create_ticket(owner="nora")
    zone = ZoneInfo("America/New_York")
    first = int(datetime(2025, 11, 2, 1, 30, tzinfo=zone).timestamp())
    for at in (first, first + 3600):
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at + 5))
        rt_server.sql("UPDATE Tickets SET LastUpdated = ? WHERE id = ?", moment, ticket)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        async with desk(rt_server, "nora") as connector:
            assert (await pull(connector, since=since))[0].keys() == {ticket}
