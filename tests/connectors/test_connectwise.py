"""The ConnectWise connector against the simulated PSA, over a real socket: reading, choices, verify."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest

from connectors import OptionsError, open_connector
from connectors.connectwise.connector import ConnectWise
from connectors.contract import (
    ChoiceContext,
    Forbidden,
    NotThere,
    Resolved,
    Scope,
    TicketRecord,
    Tombstone,
    Unauthorized,
    UnknownName,
    Unreachable,
    Unreadable,
)
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World

OWN = ("url", "company", "client_id", "public_key", "technician")
MINE = Scope("mine")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[World, object, str]]:
    """One simulator for the module; each test gets a world of its own in it."""
    app = simulator(World(7, 100, speed=0))
    with run_in_thread(app) as url:
        yield app.state.world, app, url


@pytest.fixture
def app(served):
    yield served[1]
    served[1].state.faults.clear()
    switches = served[1].state.switches
    switches.cloud, switches.codebase = False, "v2025_1/"
    switches.date_forms = ("utc-z", "naive", "date-only")


@pytest.fixture
def world(served) -> World:
    return served[0]


def options(url: str) -> dict:
    settings = demo_settings(url=url)
    return {key: settings[key] for key in OWN}


@pytest.fixture
async def psa(served, app) -> AsyncIterator[ConnectWise]:
    connector = open_connector("connectwise", "demo", options(served[2]), demo_secrets())
    yield connector
    await connector.close()


async def opened(served, secrets: dict | None = None, **more) -> ConnectWise:
    given = options(served[2]) | more
    return open_connector("connectwise", "demo", given, secrets or demo_secrets())


async def pull(
    psa: ConnectWise, scope: Resolved, since: str | None = None
) -> tuple[dict[str, TicketRecord], str]:
    found: dict[str, TicketRecord] = {}
    cursors = []
    async for page in psa.tickets(scope, since, int(time.time()) - 30 * 86400):
        found |= {ticket.ticket_id: ticket for ticket in page.tickets}
        cursors.append(page.cursor)
        assert not page.odd
    assert cursors[:-1] == [None] * (len(cursors) - 1), "the cursor comes with the last page only"
    return found, cursors[-1]


def ours(world: World, who: str = "jdoe") -> set[str]:
    """What is open and assigned to `who`, straight from the world."""
    return {
        str(ticket.id)
        for ticket in world.tickets.values()
        if world.is_open(ticket) and (world.assigned(ticket, who) or who in ticket.dispatched)
    }


def an_open(world: World) -> int:
    return next(
        t.id
        for t in world.tickets.values()
        if world.is_open(t) and world.assigned(t, "jdoe") and t.contact_id and not t.parent_id
    )


class TestTickets:
    async def test_the_full_pull_brings_exactly_what_is_in_scope(self, psa, world):
        found, _ = await pull(psa, await psa.resolve(MINE))
        assert {key for key, ticket in found.items() if not ticket.closed} == ours(world)
        assert {key for key, ticket in found.items() if ticket.closed}, "recently closed ones come too"

    async def test_a_substring_of_an_identifier_is_not_that_person(self, psa, world):
        other = next(
            t for t in world.tickets.values() if "jdoerr" in t.resources and "jdoe" not in t.resources
        )
        scope = await psa.resolve(MINE)
        found, _ = await pull(psa, scope)
        assert str(other.id) not in found
        ids = await psa.ticket_ids(scope)
        assert ids.ids == ours(world) and ids.count == len(ids.ids)

    async def test_a_ticket_dispatched_by_the_schedule_alone_is_mine(self, psa, world, served):
        other = next(t for t in world.tickets.values() if world.is_open(t) and not world.assigned(t, "jdoe"))
        before = other.dispatched
        other.dispatched = ("jdoe",)
        try:
            scope = await psa.resolve(MINE)
            found, cursor = await pull(psa, scope)
            assert scope.holds(found[str(other.id)])
            assert str(other.id) in (await psa.ticket_ids(scope)).ids
            again, _ = await pull(psa, scope, cursor)
            assert scope.holds(again[str(other.id)])
            fresh = await opened(served)  # a process that reads no queue, such as one that sends a fix
            for reader in (psa, fresh):
                assert scope.holds((await reader.fetch([str(other.id)])).tickets[0])
            await fresh.close()
        finally:
            other.dispatched = before

    async def test_changes_come_whoever_owns_them_and_the_cursor_stays_behind(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        stranger = next(t for t in world.tickets.values() if not world.assigned(t, "jdoe"))
        world.set_field(stranger.id, "summary", "Moved on")
        found, later = await pull(psa, scope, cursor)
        assert found[str(stranger.id)].summary == "Moved on"
        newest = max(ticket.updated_at or 0 for ticket in found.values())
        latest = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(newest - 300))
        assert cursor[:20] < later[:20] <= latest
        same, unmoved = await pull(psa, scope, later)
        assert str(stranger.id) in same and later[:20] <= unmoved[:20] <= latest

    async def test_a_reassigned_ticket_comes_and_is_no_longer_in_scope(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        moved = next(t for t in world.tickets.values() if world.is_open(t) and t.owner_id == 101)
        world.reassign(moved.id, "asmith")
        found, _ = await pull(psa, scope, cursor)
        assert not scope.holds(found[str(moved.id)])
        assert str(moved.id) not in (await psa.ticket_ids(scope)).ids

    async def test_an_unchanged_queue_costs_few_requests(self, psa):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        before = psa.requests
        await pull(psa, scope, cursor)
        assert psa.requests - before <= 3

    async def test_pages_have_no_gaps_when_they_are_small(self, psa, world, monkeypatch):
        monkeypatch.setattr("connectors.connectwise.api.PAGE_SIZE", 7)
        found, _ = await pull(psa, await psa.resolve(Scope("all")))
        assert {key for key, ticket in found.items() if not ticket.closed} == {
            str(ticket.id) for ticket in world.tickets.values() if world.is_open(ticket)
        }

    @pytest.mark.parametrize("form", ["naive", "date-only"])
    async def test_other_forms_of_dates(self, served, app, world, form):
        app.state.switches.date_forms = (form,)
        psa = await opened(served, date_form=form)
        scope = await psa.resolve(Scope("all"))
        _, cursor = await pull(psa, scope)
        world.set_field(an_open(world), "summary", f"Form {form}")
        found, _ = await pull(psa, scope, cursor)
        assert f"Form {form}" in {ticket.summary for ticket in found.values()}
        await psa.close()

    async def test_a_form_of_dates_that_finds_nothing_is_not_taken_for_no_change(self, served, app):
        scope = Resolved(MINE, "101", "jdoe")
        first, later = await opened(served), await opened(served)
        _, cursor = await pull(first, scope)
        app.state.switches.date_forms = ("naive",)
        for since in (cursor, None):
            with pytest.raises(Unreadable, match="utc-z") as caught:
                await pull(later, scope, since)
            assert "date_form" in caught.value.hint
        await first.close()
        await later.close()

    async def test_the_record_says_what_the_psa_says(self, psa, world):
        found, _ = await pull(psa, await psa.resolve(MINE))
        for ticket in found.values():
            real = world.ticket(ticket.ticket_id)
            assert ticket.summary == real.summary and ticket.customer_flag == real.flag
            assert ticket.status == world.statuses[real.status_id].name
            assert ticket.parent_ids == ((str(real.parent_id),) if real.parent_id else ())
            assert ticket.created_at == real.entered and ticket.updated_at == real.updated
            assert ticket.closed == (not world.is_open(real))
            assert ticket.billing_code_id == (str(real.work_type_id) if real.work_type_id else None)
            assert ticket.url and ticket.url.endswith(f"service_recid={real.id}")


class TestFetch:
    async def test_each_id_has_one_answer(self, psa, world):
        merged, into, gone = sorted(world.tickets)[-3:]
        world.merge(merged, into)
        world.delete(gone)
        found = await psa.fetch([str(into), str(merged), str(gone), "abc"])
        assert [ticket.ticket_id for ticket in found.tickets] == [str(into)]
        assert found.gone == (Tombstone(str(merged), "merged", str(into)),)
        assert {hidden.ticket_id for hidden in found.not_visible} == {str(gone), "abc"}

    async def test_hundreds_of_ids_go_in_batches(self, psa, world):
        wanted = [str(key) for key in world.tickets]
        await pull(psa, await psa.resolve(Scope("all")))
        before = psa.requests
        found = await psa.fetch([*wanted, *wanted])
        assert len(found.tickets) + len(found.gone) == len(wanted)
        assert psa.requests - before == -(-len(wanted) // 100)

    async def test_long_conditions_are_posted(self, psa, world, app):
        api = psa._api
        from connectors.connectwise.wire import TICKET_STRICT, TicketRow

        many = ",".join(str(key) for key in range(10_000_000, 10_000_300))
        wanted = f"id in ({many},{an_open(world)})"
        rows = [
            row
            async for page in api.pages("/service/tickets", TicketRow, TICKET_STRICT, wanted)
            for row in page.rows
        ]
        assert [row.id for row in rows] == [an_open(world)]
        assert app.state.requests[-1].path == "/service/tickets/search"


class TestConversation:
    async def test_who_spoke_and_what_the_customer_sees(self, psa, world):
        ticket = an_open(world)
        world.customer_replies(ticket, "Is it done?")
        world.staff_note(ticket, "Not yet", public=True)
        world.staff_note(ticket, "He is waiting", public=False)
        world.unknown_note(ticket, "From nowhere")
        world.unknown_note(ticket, "Your ticket was received", created_by="Workflow")
        notes = (await psa.conversation(str(ticket))).notes[-5:]
        assert [(note.speaker, note.public, note.text) for note in notes] == [
            ("customer", True, "Is it done?"),
            ("staff", True, "Not yet"),
            ("staff", False, "He is waiting"),
            ("unknown", True, "From nowhere"),
            ("system", True, "Your ticket was received"),
        ]

    async def test_files_are_asked_for_only_where_a_note_has_no_words(self, psa, app, world):
        ticket = an_open(world)
        files = (("screen.png", 51_234),)

        def asked() -> int:
            return sum(one.path == "/system/documents" for one in app.state.requests)

        world.customer_replies(ticket, "See the picture.", files=files)
        assert (await psa.conversation(str(ticket))).files == () and asked() == 0
        world.customer_replies(ticket, "![image](https://cw.test/inline/1.png)", files=files)
        found = await psa.conversation(str(ticket))
        assert [(file.name, file.size) for file in found.files] == [*files, *files] and asked() == 1
        assert {file.added_at for file in found.files} <= {note.created_at for note in found.notes}

    async def test_documents_that_one_may_not_read_leave_the_notes_complete(self, psa, app, world):
        ticket = an_open(world)
        world.customer_replies(ticket, "", files=(("screen.png", 1),))
        app.state.faults.next("/system/documents", "403")
        found = await psa.conversation(str(ticket))
        assert found.notes[-1].text == "" and found.files == () and found.odd == ()
        assert "could not be listed" in found.files_problem

    @pytest.mark.parametrize("marked", [True, False])
    async def test_the_opening_text_is_not_a_note(self, psa, world, marked):
        ticket = next(t for t in world.tickets.values() if world.notes[t.id] and world.notes[t.id][0].issue)
        first = world.notes[ticket.id][0]
        first.issue = marked
        try:
            talk = await psa.conversation(str(ticket.id))
            assert str(first.id) not in {note.note_id for note in talk.notes}
            assert len(talk.notes) >= len(world.notes[ticket.id]) - 1
        finally:
            first.issue = True

    async def test_a_later_text_marked_as_issue_is_a_note(self, psa, world):
        ticket = an_open(world)
        later = world.customer_replies(ticket, "It is broken again")
        later.issue = True
        assert "It is broken again" in {note.text for note in (await psa.conversation(str(ticket))).notes}

    async def test_time_shown_to_the_customer_is_a_note(self, psa, world):
        ticket = an_open(world)
        shown, hidden = world.log_time(ticket, 0.5), world.log_time(ticket, 0.25)
        shown.public, shown.text = True, "Replaced the fuser"
        notes = {note.time_id: note for note in (await psa.conversation(str(ticket))).notes if note.time_id}
        assert notes[str(shown.id)].text == "Replaced the fuser" and notes[str(shown.id)].speaker == "staff"
        assert str(hidden.id) not in notes

    async def test_more_notes_than_a_page(self, psa, world, monkeypatch):
        ticket = an_open(world)
        for number in range(30):
            world.staff_note(ticket, f"Line {number}")
        monkeypatch.setattr("connectors.connectwise.api.PAGE_SIZE", 25)
        texts = [note.text for note in (await psa.conversation(str(ticket))).notes]
        assert [text for text in texts if text.startswith("Line ")] == [
            f"Line {number}" for number in range(30)
        ]

    async def test_a_ticket_that_is_not_there(self, psa):
        for missing in ("99999999", "abc"):
            with pytest.raises(NotThere):
                await psa.conversation(missing)


class TestTime:
    async def test_entries_of_several_tickets_in_one_request(self, psa, world):
        wanted = sorted({entry.ticket_id for entry in world.time.values()})
        await psa.resolve(MINE)
        before = psa.requests
        found = await psa.time_entries([str(key) for key in wanted])
        assert psa.requests - before == -(-len(wanted) // 100)
        assert {entry.time_id for entry in found.entries} == {str(key) for key in world.time}
        for entry in found.entries:
            real = world.time[int(entry.time_id)]
            assert entry.locked == real.locked and entry.hours == real.hours
            assert entry.member == world.members[real.member_id].identifier
            assert entry.billing_code_id == (str(real.work_type_id) if real.work_type_id else None)


class TestChoices:
    async def test_statuses_are_the_boards_own(self, psa, world):
        found = await psa.choices("status", ChoiceContext(board_id="1"))
        real = {str(s.id): s for s in world.statuses.values() if s.board_id == 1 and not s.inactive}
        assert {choice.id for choice in found} == set(real)
        for choice in found:
            assert choice.board_id == "1"
            assert (choice.closed, choice.accepts_time) == (
                real[choice.id].closed,
                not real[choice.id].no_time,
            )

    async def test_statuses_of_all_boards_without_one(self, psa, world):
        found = await psa.choices("status", ChoiceContext())
        assert {choice.board_id for choice in found} == {str(key) for key in world.boards}

    async def test_inactive_ones_come_only_by_id(self, psa, world):
        gone = next(member for member in world.members.values() if member.inactive)
        assert str(gone.id) not in {choice.id for choice in await psa.choices("owner", ChoiceContext())}
        (found,) = await psa.choices("owner", ChoiceContext(ids=(str(gone.id),)))
        assert not found.active and found.name == gone.identifier

    async def test_agreements_by_id_say_whether_they_hold(self, psa, world):
        found = await psa.choices("agreement", ChoiceContext(ids=tuple(str(key) for key in world.agreements)))
        assert len(found) == len(world.agreements)
        for choice in found:
            real = world.agreements[int(choice.id)]
            assert choice.cancelled == real.cancelled and choice.company_id == str(real.company_id)
            assert choice.active == (real.status(world.now()) == "Active")
            assert (choice.ends_on is None) == (real.end is None)

    async def test_contacts_of_the_company_with_phone_and_mail(self, psa, world):
        company = world.tickets[an_open(world)].company_id
        found = await psa.choices("contact", ChoiceContext(company_id=str(company)))
        assert found
        for choice in found:
            real = world.contacts[int(choice.id)]
            assert real.company_id == company and choice.email == (real.email or None)

    async def test_codes_types_and_the_rest(self, psa, world):
        context = ChoiceContext(board_id="1", company_id=str(world.tickets[an_open(world)].company_id))
        active = {w.name for w in world.work_types.values() if not w.inactive}
        assert {choice.name for choice in await psa.choices("billing_code", context)} == active
        for kind in ("type", "subtype", "item", "priority", "source", "site", "board", "team"):
            assert await psa.choices(kind, context), kind
        assert await psa.choices("nonsense", context) == ()

    async def test_subtypes_of_one_type(self, psa, world):
        kind = next(t for t in world.types.values() if t.board_id == 1)
        found = await psa.choices("subtype", ChoiceContext(board_id="1", type_id=str(kind.id)))
        assert {choice.id for choice in found} == {
            str(s.id) for s in world.subtypes.values() if kind.id in s.type_ids and not s.inactive
        }


class TestNames:
    async def test_scopes_resolve_to_ids(self, psa, world):
        assert (await psa.resolve(MINE)).id == "101"
        assert await psa.resolve(Scope("owner", "ASMITH")) == Resolved(
            Scope("owner", "ASMITH"), "102", "asmith"
        )
        assert (await psa.resolve(Scope("board", "help desk"))).name == "Help Desk"
        team = next(iter(world.teams.values()))
        assert (await psa.resolve(Scope("team", team.name))).id == str(team.id)
        assert (await psa.resolve(Scope("all"))).id is None

    @pytest.mark.parametrize(
        ("scope", "near"),
        [
            (Scope("owner", "jdo"), "“jdoe”"),
            (Scope("board", "Help Dsk"), "“Help Desk”"),
            (Scope("team", "nope"), "There are"),
            (Scope("owner", 'a"b'), ""),
        ],
    )
    async def test_an_unknown_name_lists_near_ones(self, psa, scope, near):
        with pytest.raises(UnknownName) as caught:
            await psa.resolve(scope)
        assert near in caught.value.hint and (scope.name or "") in str(caught.value)

    async def test_an_inactive_member_is_an_error(self, psa, world):
        gone = next(member for member in world.members.values() if member.inactive)
        with pytest.raises(UnknownName, match="inactive"):
            await psa.resolve(Scope("owner", gone.identifier))


class TestVerify:
    async def test_who_we_are_and_what_is_not_established(self, psa):
        identity = await psa.verify()
        assert (identity.member_id, identity.member, identity.name) == ("101", "jdoe", "Jordan Doe")
        assert abs(identity.clock_ahead) < 2 and identity.missing == ()
        assert any("utc-z are understood" in note for note in identity.notes) and identity.found == {}
        assert any("not established" in note for note in identity.notes)

    async def test_another_form_of_dates_is_found(self, psa, app):
        app.state.switches.date_forms = ("naive",)
        identity = await psa.verify()
        assert any('date_form = "naive"' in note for note in identity.notes)
        assert identity.found == {"date_form": "naive"}

    async def test_a_missing_right_is_named_in_the_psas_words(self, psa, app):
        app.state.faults.next("/time/workTypes", "403")
        assert (await psa.verify()).missing == (("work types", "System > Table Setup: Inquire"),)

    @pytest.mark.parametrize("cloud", [True, False])
    async def test_wrong_keys(self, served, app, cloud):
        app.state.switches.cloud = cloud
        psa = await opened(served, {"private_key": "WrongPrivateKey99"})
        with pytest.raises(Unauthorized) as caught:
            await psa.verify()
        assert "WrongPrivateKey99" not in f"{caught.value!r} {caught.value.hint} {psa!r}"
        assert "company" in caught.value.hint
        await psa.close()

    async def test_a_wrong_client_id(self, served, app):
        psa = await opened(served, client_id="nobody's")
        with pytest.raises(Forbidden) as caught:
            await psa.resolve(MINE)
        assert "client_id" in caught.value.hint
        await psa.close()

    async def test_an_unknown_company(self, served, app):
        psa = await opened(served, company="nosuch")
        with pytest.raises(UnknownName, match="nosuch"):
            await psa.verify()
        await psa.close()

    async def test_an_unknown_technician(self, served, app):
        psa = await opened(served, technician="jdeo")
        with pytest.raises(UnknownName) as caught:
            await psa.verify()
        assert "jdoe" in caught.value.hint
        await psa.close()


class TestTrouble:
    async def test_an_upgrade_moves_the_address_and_is_followed(self, psa, app, world):
        await psa.resolve(MINE)
        app.state.switches.codebase = "v2026_1/"
        assert (await psa.resolve(MINE)).id == "101"
        assert (await psa.conversation(str(an_open(world)))).notes is not None

    @pytest.mark.parametrize("kind", ["500", "429", "drop"])
    async def test_passing_trouble_is_waited_out(self, psa, app, world, kind):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/service/tickets", kind, times=1)
        found, _ = await pull(psa, scope)
        assert found

    @pytest.mark.parametrize("kind", ["html", "cut"])
    async def test_half_an_answer_is_an_error_never_a_short_list(self, psa, app, kind):
        scope = await psa.resolve(Scope("all"))
        app.state.faults.next("/service/tickets", kind)
        with pytest.raises(Unreadable) as caught:
            await pull(psa, scope)
        assert "/service/tickets" in str(caught.value) and caught.value.hint

    async def test_a_row_with_a_broken_status_goes_aside_and_the_page_goes_on(self, psa, app):
        scope = await psa.resolve(Scope("all"))
        whole, _ = await pull(psa, scope)
        app.state.faults.next("/service/tickets", "wrong-type", times=2)  # the count, then the first page
        tickets, odd = set(), []
        async for page in psa.tickets(scope, None, int(time.time()) - 30 * 86400):
            tickets |= {ticket.ticket_id for ticket in page.tickets}
            odd += page.odd
        assert len(odd) == 1 and odd[0].path == "$.status" and odd[0].record_id in whole
        assert tickets == set(whole) - {odd[0].record_id}

    async def test_schedule_that_may_not_be_read_is_an_error_not_a_shorter_queue(self, psa, app):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/schedule/entries", "403")
        with pytest.raises(Forbidden) as caught:
            await pull(psa, scope)
        assert "Resource Scheduling" in caught.value.hint

    async def test_nobody_there(self, served):
        psa = await opened(served, url="http://127.0.0.1:9")
        with pytest.raises(Unreachable) as caught:
            await psa.verify()
        assert caught.value.sent is False
        await psa.close()


class TestOptions:
    @pytest.mark.parametrize(
        ("change", "key"),
        [
            ({"url": "http://psa.example.com"}, "url"),
            ({"date_form": "american"}, "date_form"),
            ({"company": 5}, "company"),
            ({"compny": "x"}, "compny"),
            ({"client_id": "a\nb"}, "clientId"),
        ],
    )
    def test_a_wrong_key_is_named(self, change, key):
        with pytest.raises(OptionsError) as caught:
            open_connector(
                "connectwise", "x", options("https://na.myconnectwise.net") | change, demo_secrets()
            )
        assert caught.value.key == key

    def test_a_missing_key_and_a_missing_secret_are_named(self):
        given = options("https://na.myconnectwise.net")
        given.pop("technician")
        with pytest.raises(OptionsError, match="technician"):
            open_connector("connectwise", "x", given, demo_secrets())
        with pytest.raises(OptionsError, match="private_key"):
            open_connector("connectwise", "x", options("https://na.myconnectwise.net"), {})

    def test_an_unknown_psa_lists_the_known(self):
        with pytest.raises(ValueError, match=r"connectwise.*rt"):
            open_connector("connectwize", "x", {}, {})
