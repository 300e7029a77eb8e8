"""Reading the simulated Autotask: scopes, pages, cursor, names, conversations, hostile rows, the zone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from connectors import OptionsError
from connectors.autotask import api as autotask_api
from connectors.autotask.connector import Autotask
from connectors.contract import (
    ChoiceContext,
    Forbidden,
    NotThere,
    Rejected,
    Scope,
    Throttled,
    Unauthorized,
    UnknownName,
    Unreachable,
    Unreadable,
)
from connectors.simulators.autotask import simulator
from connectors.simulators.autotask.picklists import STATUSES, status_of
from connectors.simulators.world import World
from tests.connectors.autotask_desk import desk, mine, one, pull
from tests.connectors.scripted import http, scripted

MINE = Scope("mine")


@pytest.fixture
def world() -> World:
    return World(5, 100, speed=0)


@pytest.fixture
def app(world: World) -> Starlette:
    return simulator(world)


@pytest.fixture
async def psa(world: World, app: Starlette) -> AsyncIterator[Autotask]:
    async with desk(world, app) as opened:
        yield opened


def ours(world: World, who: str = "jdoe") -> set[str]:
    """What Autotask calls open (everything but Complete) and assigns to `who`, straight from the world."""
    return {
        str(t.id)
        for t in world.tickets.values()
        if status_of(world, t) != 5 and (world.assigned(t, who) or who in t.dispatched)
    }


class TestVerify:
    async def test_who_we_are_and_what_the_lists_say(self, psa):
        who = await psa.verify()
        assert (who.member_id, who.member, who.name) == ("101", "jdoe", "Jordan Doe")
        assert "Simulated Zone" in who.version and not who.missing
        assert any("Complete" in note for note in who.notes)
        assert any("of the company's 10000 requests" in note for note in who.notes)

    async def test_a_mail_address_names_the_technician_too(self, world, app):
        async with desk(world, app, technician="JDoe@msp.test") as psa:
            assert (await psa.verify()).member == "jdoe"

    async def test_a_low_security_level_is_said_although_nothing_fails(self, psa, app):
        app.state.switches.low_level = True
        with pytest.raises(UnknownName) as caught:
            await psa.verify()
        assert "API User" in caught.value.hint

    async def test_a_right_that_is_missing_is_an_error_in_a_500(self, psa, app):
        app.state.faults.next("/Contracts/query/count", "403")
        assert [verb for verb, _ in (await psa.verify()).missing] == ["contracts"]

    async def test_half_of_the_threshold_is_told(self, psa, app):
        app.state.switches.used = 6000
        assert any("more slowly" in note for note in (await psa.verify()).notes)


class TestZone:
    async def test_credentials_do_not_go_to_another_server(self, psa, app):
        for elsewhere in (
            "https://webservices1.autotask.net.evil.test/x/",
            "http://127.0.0.2:1/",
            "nonsense",
        ):
            app.state.switches.zone_url = elsewhere
            with pytest.raises(Unreadable, match="not one of the vendor's"):
                await psa.resolve(MINE)
        assert not app.state.requests

    async def test_a_double_slash_in_the_address_is_repaired(self, psa, app):
        """Seen in the field; what comes behind it would not be found."""
        app.state.switches.zone_url = "http://127.0.0.1:8100/ATServicesRest//"
        assert (await psa.resolve(MINE)).id == "101"

    def test_which_addresses_are_the_vendors(self):
        good = ("https://webservices.autotask.net", "https://webservices14.autotask.net")
        bad = (
            "http://webservices.autotask.net",
            "https://webservices.autotask.net.evil.test",
            "https://evil-webservices.autotask.net",
            "https://autotask.net",
            "https://webservices5.autotask.net:8443",
        )
        assert all(map(autotask_api.is_vendor, good)) and not any(map(autotask_api.is_vendor, bad))

    async def test_another_address_cannot_be_configured(self, world, app):
        with pytest.raises(OptionsError, match="vendor"):
            async with desk(world, app, url="https://psa.example.com"):
                pass

    async def test_an_unknown_user_is_a_500_there(self, world, app):
        async with desk(world, app, username="nobody@msp.test") as psa:
            with pytest.raises(Unauthorized) as caught:
                await psa.verify()
            assert "user" in caught.value.hint and psa.requests == 1

    async def test_a_move_to_another_zone_is_followed_once(self, psa, app):
        await psa.resolve(MINE)
        before = psa.requests
        app.state.switches.zone = "Other"
        assert (await psa.resolve(MINE)).id == "101"
        assert psa.requests - before == 3, "a 401, the look-up, the request"

    async def test_wrong_credentials_are_tried_once(self, psa, app):
        app.state.faults.next("/Resources", "401", times=9)
        with pytest.raises(Unauthorized):
            await psa.resolve(MINE)
        assert len(app.state.requests) == 1

    async def test_no_credentials_go_to_the_look_up(self):
        zone = http(200, '{"zoneName":"Z","url":"https://evil.test/","webUrl":""}')
        async with scripted(zone) as server:
            from connectors import open_connector

            real = open_connector(
                "autotask",
                "x",
                {"url": server.url, "username": "a@b.test", "integration_code": "IC", "technician": "t"},
                {"secret": "S3cretS3cret"},
            )
            with pytest.raises(Unreadable):
                await real.resolve(MINE)
            await real.close()
            (got,) = server.got
            assert got.target == "/atservicesrest/v1.0/zoneInformation?user=a%40b.test"
            assert not {"secret", "username", "apiintegrationcode"} & set(got.headers)


class TestTickets:
    async def test_the_full_pull_brings_exactly_what_is_in_scope(self, psa, world):
        found, _ = await pull(psa, await psa.resolve(MINE))
        assert {key for key, ticket in found.items() if not ticket.closed} == ours(world)
        assert {key for key, ticket in found.items() if ticket.closed}

    async def test_recently_closed_ones_only(self, psa, world):
        scope = await psa.resolve(MINE)
        after = world.now() - 3 * 86400
        found, _ = await pull(psa, scope, None, after)
        assert all(ticket.updated_at >= after for ticket in found.values() if ticket.closed)

    @pytest.mark.parametrize("scope", ["board:Help Desk", "owner:asmith", "all"])
    async def test_other_scopes(self, psa, world, scope):
        kind, _, name = scope.partition(":")
        resolved = await psa.resolve(Scope(kind, name or None))
        found, _ = await pull(psa, resolved)
        wanted = {
            str(t.id)
            for t in world.tickets.values()
            if status_of(world, t) != 5
            and {
                "board": world.boards[t.board_id].name == name,
                "owner": world.assigned(t, name) or name in t.dispatched,
                "all": True,
            }[kind]
        }
        assert {key for key, ticket in found.items() if not ticket.closed} == wanted
        ids = await psa.ticket_ids(resolved)
        assert ids.ids == wanted and ids.count == len(wanted)

    async def test_names_that_are_not_there(self, psa):
        for scope, words in (
            (Scope("owner", "jdo"), "jdoe"),
            (Scope("board", "Helpdesk"), "Help Desk"),
            (Scope("team", "x"), "no teams"),
        ):
            with pytest.raises(UnknownName) as caught:
                await psa.resolve(scope)
            assert words in str(caught.value) + caught.value.hint

    async def test_the_record_has_names_for_ids(self, psa, world):
        found, _ = await pull(psa, await psa.resolve(MINE))
        for ticket in found.values():
            real = world.ticket(ticket.ticket_id)
            assert ticket.summary == real.summary and ticket.number.startswith("T2")
            assert ticket.company == world.companies[real.company_id].name
            assert ticket.board == world.boards[real.board_id].name
            assert ticket.priority == world.priorities[real.priority_id].name
            label = dict(STATUSES.values())[status_of(world, real)]
            assert (ticket.status, ticket.customer_flag) == (label, None)
            assert ticket.type == (world.types[real.type_id].name if real.type_id else None)
            assert ticket.contact_email == (real.contact_email or None) or real.contact_id is None
            assert ticket.billing_code == (
                world.work_types[real.work_type_id].name if real.work_type_id else None
            )
            assert ticket.parent_ids == ((str(real.parent_id),) if real.parent_id else ())
            assert ticket.url.endswith(f"Code=OpenTicketDetail&TicketID={real.id}")

    async def test_pages_have_no_gaps_when_rows_move_between_them(self, psa, world, monkeypatch):
        """What leaves the list while it is read must not push others over the edge of a page."""
        monkeypatch.setattr(autotask_api, "PAGE_SIZE", 7)
        scope = await psa.resolve(MINE)
        wanted, closed = ours(world), set()
        found: set[str] = set()
        async for page in psa.tickets(scope, None, world.now()):
            found |= {ticket.ticket_id for ticket in page.tickets}
            for key in sorted(found - closed, key=int)[:3]:
                world.close(key)
                closed.add(key)
        assert wanted <= found

    async def test_changes_come_whoever_owns_them_and_the_cursor_overlaps(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        now = time.time()
        assert (
            now - 310 < time.mktime(time.strptime(cursor, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone < now - 290
        )
        stranger = next(t for t in world.tickets.values() if not world.assigned(t, "jdoe"))
        world.set_field(stranger.id, "summary", "Moved on")
        found, later = await pull(psa, scope, cursor)
        assert found[str(stranger.id)].summary == "Moved on" and later >= cursor
        again, _ = await pull(psa, scope, later)
        assert str(stranger.id) in again

    @pytest.mark.parametrize("moves", ["both", "activity"])
    async def test_a_note_brings_its_ticket_whichever_date_it_moves(self, psa, world, app, moves):
        app.state.switches.note_moves = moves
        world.note_moves_ticket = moves == "both"
        scope = await psa.resolve(MINE)
        key = mine(world)[0]
        _, cursor = await pull(psa, scope)
        before = (await one(psa, key)).version
        world.staff_note(key, "Looked at it")
        found, _ = await pull(psa, scope, cursor)
        assert str(key) in found and found[str(key)].version != before

    async def test_a_server_without_a_clock_gives_the_newest_change(self, psa, world, app):
        app.state.switches.no_date = True
        newest = max(t.updated for t in world.tickets.values())
        _, cursor = await pull(psa, await psa.resolve(Scope("all")))
        assert cursor == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(newest - 300))

    async def test_a_damaged_cursor(self, psa):
        with pytest.raises(Unreadable, match="position"):
            await pull(psa, await psa.resolve(MINE), "yesterday")

    async def test_a_reassigned_ticket_comes_and_is_no_longer_in_scope(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        key = mine(world)[0]
        world.reassign(key, "asmith")
        found, _ = await pull(psa, scope, cursor)
        assert not scope.holds(found[str(key)])
        assert str(key) not in (await psa.ticket_ids(scope)).ids

    async def test_many_assignments_are_asked_for_in_parts(self, psa, world, monkeypatch):
        monkeypatch.setattr(autotask_api, "BATCH", 5)
        for t in list(world.tickets.values())[:40]:
            t.resources = tuple(dict.fromkeys((*t.resources, "jdoe")))
        scope = await psa.resolve(MINE)
        found, _ = await pull(psa, scope)
        assert {key for key, ticket in found.items() if not ticket.closed} == ours(world)
        ids = await psa.ticket_ids(scope)
        assert ids.ids == ours(world) and ids.count == len(ids.ids)

    async def test_what_is_not_there_is_not_visible(self, psa, world):
        key = mine(world)[0]
        found = await psa.fetch([str(key), "999999", "no-number"])
        assert [ticket.ticket_id for ticket in found.tickets] == [str(key)] and not found.gone
        assert {hidden.ticket_id for hidden in found.not_visible} == {"999999", "no-number"}


class TestRequests:
    @pytest.mark.parametrize(("count", "size"), [(9, 10), (10, 10), (11, 10), (25, 10)])
    async def test_an_unchanged_queue(self, world, monkeypatch, count, size):
        """resolve 1, changed 1, assignments 1, count 1, ids ceil(n / page), more for what is assigned besides."""
        monkeypatch.setattr(autotask_api, "PAGE_SIZE", size)
        world = World(5, 250, speed=0)
        for place, t in enumerate([t for t in world.tickets.values() if status_of(world, t) != 5]):
            who = "jdoe" if place < count else "asmith"
            t.owner_id, t.resources, t.dispatched = world.member(who).id, (who,), ()
        for t in world.tickets.values():
            t.updated = min(t.updated, world.now() - 3600)
            t.resources = tuple(r for r in t.resources if r != "jdoe" or t.owner_id == 101)
            for note in world.notes[t.id]:
                note.at = min(note.at, t.updated)
            t.dispatched = ()
        async with desk(world) as psa:
            scope = await psa.resolve(MINE)
            _, cursor = await pull(psa, scope)
            before = psa.requests
            scope = await psa.resolve(MINE)
            assert not (await pull(psa, scope, cursor))[0]
            assert len((await psa.ticket_ids(scope)).ids) == count
            assert psa.requests - before == 4 + -(-count // size)

    async def test_one_request_at_a_time_for_each_entity(self, psa, world, app):
        """The fourth would be refused; twenty readings at once stay within three."""
        app.state.switches.slow, app.state.switches.used = True, 0
        keys = [str(key) for key in mine(world)[:10]]
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                most = max([most, *app.state.simulator.under_way.values()])
                await asyncio.sleep(0)

        watching = asyncio.create_task(watch())
        await asyncio.gather(*(psa.conversation(key) for key in keys))
        watching.cancel()
        assert 1 <= most <= 3


class TestConversation:
    async def test_who_said_what(self, psa, world):
        key = mine(world)[0]
        world.customer_replies(key, "It is still broken")
        world.staff_note(key, "I look at it", member="asmith")
        world.staff_note(key, "Only for us", member="asmith", public=False)
        world.unknown_note(key, "Rule fired", created_by="Workflow")
        world.unknown_note(key, "From nowhere")
        notes = {note.text: note for note in (await psa.conversation(str(key))).notes}
        assert notes["It is still broken"].speaker == "customer" and notes["It is still broken"].author
        staff = notes["I look at it"]
        assert (staff.speaker, staff.public, staff.author_id) == (
            "staff",
            True,
            str(world.member("asmith").id),
        )
        assert not notes["Only for us"].public
        assert notes["Rule fired"].speaker == "system" and notes["From nowhere"].speaker == "unknown"

    async def test_the_opening_text_is_no_note(self, psa, world):
        for key in mine(world):
            opening = next((n for n in world.notes[key] if n.issue), None)
            if opening is not None:
                notes = (await psa.conversation(str(key))).notes
                assert str(opening.id) not in {note.note_id for note in notes}
                return
        raise AssertionError("no ticket with a description")

    async def test_a_summary_is_a_word_to_the_customer_an_internal_text_is_not(self, psa, world):
        key = mine(world)[0]
        summary, internal = world.log_time(key, 0.5), world.log_time(key, 0.25)
        summary.public, summary.text, internal.text = True, "Replaced the cable", "Difficult customer"
        notes = (await psa.conversation(str(key))).notes
        assert [note.text for note in notes if note.time_id] == ["Replaced the cable"]
        entries = {entry.time_id: entry for entry in (await psa.time_entries([str(key)])).entries}
        assert entries[str(internal.id)].text == "Difficult customer"

    async def test_a_resource_that_brings_mail_in_is_nobody_we_can_tell(self, world, app):
        key = mine(world)[0]
        world.staff_note(key, "From: ann@acme.test", member="asmith")
        async with desk(world, app, mail_users=["ASmith"]) as psa:
            notes = (await psa.conversation(str(key))).notes
        assert next(n for n in notes if n.text == "From: ann@acme.test").speaker == "unknown"

    async def test_a_file_is_of_the_contact_who_sent_it_in_a_new_process_too(self, psa, world):
        key = mine(world)[0]
        world.customer_replies(key, "The log is attached.", files=(("error log.txt", 2_048),))
        (file,) = await psa.files(str(key))
        assert file.added_by == world.ticket(key).contact_name != ""

    async def test_no_ticket(self, psa):
        with pytest.raises(NotThere):
            await psa.conversation("../Companies/1")


class TestChoices:
    async def test_picklists_are_texts_there_and_ids_here(self, psa):
        status = {one.name: one for one in await psa.choices("status", ChoiceContext(board_id="1"))}
        assert status["Complete"].closed and status["Complete"].id == "5"
        assert [one.name for one in status.values() if one.closed] == ["Complete"]
        assert "Escalated (old)" not in status
        (old,) = await psa.choices("status", ChoiceContext(ids=("30",)))
        assert (old.name, old.active) == ("Escalated (old)", False)

    async def test_subtypes_belong_to_a_type(self, psa):
        for kind in await psa.choices("type", ChoiceContext()):
            found = await psa.choices("subtype", ChoiceContext(type_id=kind.id))
            everything = await psa.choices("subtype", ChoiceContext())
            assert found and len(found) < len(everything)

    async def test_billing_codes_are_work_types_only(self, psa, world):
        found = {one.name for one in await psa.choices("billing_code", ChoiceContext())}
        assert found == {row.name for row in world.work_types.values() if not row.inactive}

    async def test_those_of_a_company(self, psa, world):
        company = next(iter(world.companies))
        context = ChoiceContext(company_id=str(company))
        for kind, table in (("contact", "contacts"), ("site", "sites"), ("agreement", "agreements")):
            found = {one.name for one in await psa.choices(kind, context)}
            rows = [r for r in getattr(world, table).values() if r.company_id == company]
            assert found == {r.name for r in rows if not getattr(r, "inactive", False)}, kind
        cancelled = next(a for a in world.agreements.values() if a.cancelled)
        (choice,) = await psa.choices("agreement", ChoiceContext(ids=(str(cancelled.id),)))
        assert choice.cancelled and not choice.active and choice.starts_on

    async def test_kinds_that_are_not_there(self, psa):
        assert await psa.choices("item", ChoiceContext()) == ()
        assert await psa.choices("contact", ChoiceContext(ids=("x",))) == ()


class TestHostile:
    async def test_a_row_of_the_wrong_type_goes_into_quarantine(self, psa, world, app):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/Tickets/query", "wrong-type", times=2)  # the count has no rows
        pages = [page async for page in psa.tickets(scope, None, 0)]
        odd = [one for page in pages for one in page.odd]
        assert len(odd) == 1 and odd[0].path == "$.status" and odd[0].ticket_id == odd[0].record_id
        found = {ticket.ticket_id for page in pages for ticket in page.tickets if not ticket.closed}
        assert found == ours(world) - {odd[0].record_id}

    async def test_an_unreadable_note_does_not_hide_the_others(self, psa, world, app):
        key = mine(world)[0]
        world.staff_note(key, "first")
        world.staff_note(key, "second")
        app.state.faults.next("/TicketNotes/query", "wrong-type")
        talk = await psa.conversation(str(key))
        assert len(talk.odd) == 1 and talk.odd[0].ticket_id == str(key)
        assert any(note.text == "second" for note in talk.notes)

    @pytest.mark.parametrize("kind", ["html", "cut"])
    async def test_what_is_no_answer_is_an_error_not_an_empty_list(self, psa, app, kind):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/Tickets/query", kind)
        with pytest.raises(Unreadable):
            await psa.ticket_ids(scope)

    async def test_trouble_and_throttling_are_waited_out(self, psa, world, app):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/Tickets/query", "500", times=1)
        app.state.faults.next("/Tickets/query", "429", times=1)
        assert (await psa.ticket_ids(scope)).ids == ours(world)

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            ("You do not have permission to query this.", Forbidden),
            ("Itgenatr005: thread threshold exceeded.", Throttled),
            ("Unable to find nosuch in the Tickets Entity.", Rejected),
        ],
    )
    async def test_a_500_says_what_it_is_in_its_words(self, psa, app, monkeypatch, words, error):
        from connectors.autotask.session import AutotaskSession
        from connectors.http import Answer

        session = AutotaskSession("https://webservices1.autotask.net", secrets=("find nosuch",))
        body = b'{"Errors": ["%s"]}' % words.encode()
        failure = session._failure(Answer(500, {}, body, 0, "POST /Tickets/query"), None)
        assert isinstance(failure, error) and "find nosuch" not in str(failure)

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b'{"errors": []}', b"[]", b'{"errors": ["Object reference"]}']
    )
    def test_a_crash_leaves_it_open_whether_it_was_done(self, body):
        from connectors.autotask.session import AutotaskSession
        from connectors.http import Answer

        session = AutotaskSession("https://webservices1.autotask.net")
        failure = session._failure(Answer(500, {}, body, 0, "PATCH /Tickets"), None)
        assert isinstance(failure, Unreachable) and failure.sent

    async def test_rows_in_another_order_are_no_complete_list(self, world):
        zone = '{"zoneName":"Z","url":"http://127.0.0.1:%d/x/","webUrl":"https://evil.test/"}'
        page = '{"items":[{"id":3},{"id":2}],"pageDetails":{"nextPageUrl":null}}'
        async with scripted() as server:
            port = int(server.url.rpartition(":")[2])
            server.answers[:] = [http(200, zone % port), http(200, page)]
            from connectors import open_connector

            real = open_connector(
                "autotask",
                "x",
                {"url": server.url, "username": "a@b.test", "integration_code": "IC", "technician": "t"},
                {"secret": "S3cretS3cret"},
            )
            with pytest.raises(Unreadable, match="order"):
                await real.resolve(MINE)
            assert server.got[1].path == "/x/v1.0/Resources/query"
            assert server.got[1].headers["secret"] == "S3cretS3cret"
            await real.close()
