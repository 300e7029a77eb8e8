"""The AlgaPSA connector against the simulated one, over a real socket: reading, choices, verify, hostile input."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest

from connectors.algapsa import api, read
from connectors.algapsa.choices import Lists
from connectors.algapsa.connector import AlgaPsa
from connectors.algapsa.records import note_name, opens, plain_text, speaker
from connectors.algapsa.wire import CommentRow, UserRow, explain, moment_in
from connectors.contract import (
    ChoiceContext,
    Forbidden,
    NoteRecord,
    NotThere,
    Scope,
    Throttled,
    Unauthorized,
    UnknownName,
    Unreachable,
    Unreadable,
    Unsupported,
)
from connectors.simulators.algapsa.state import Switches, uid
from connectors.simulators.world import World
from store.note_reading import note_number
from tests.connectors.alga_desk import connector, key, ours, pull, served

MINE = Scope("mine")
ME = uid("user", 101)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Any, str]]:
    with served(World(7, 100, speed=0)) as found:
        yield found


@pytest.fixture
def app(place: tuple[Any, str]) -> Iterator[Any]:
    yield place[0]
    place[0].state.faults.clear()
    for name, value in ((n, getattr(Switches(), n)) for n in Switches.__slots__):
        setattr(place[0].state.switches, name, value)


@pytest.fixture
def world(app: Any) -> World:
    return app.state.world


@pytest.fixture
async def psa(app: Any, place: tuple[Any, str]) -> AsyncIterator[AlgaPsa]:
    opened = connector(place[1])
    yield opened
    await opened.close()


def some(world: World, **has: bool) -> Any:
    """An open ticket of the technician's with a contact."""
    me = world.member("jdoe").id
    return next(
        t
        for t in world.tickets.values()
        if world.is_open(t) and t.owner_id == me and t.contact_id and t.flag is has.get("flag", t.flag)
    )


class TestTickets:
    async def test_a_full_pull_brings_exactly_what_is_in_the_scope(self, psa, world):
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert {one for one, ticket in found.items() if not ticket.closed} == ours(world)
        assert {one for one, ticket in found.items() if ticket.closed}, "recently closed ones come too"

    async def test_a_row_is_the_ticket_that_the_world_has(self, psa, world):
        there = some(world)
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        ticket, contact = found[key(there.id)], world.contacts[there.contact_id]
        assert (ticket.number, ticket.summary) == (f"TIC{there.id}", there.summary)
        assert ticket.board == world.boards[there.board_id].name
        assert ticket.company == world.companies[there.company_id].name
        assert (ticket.contact_phone, ticket.contact_email) == (contact.phone, contact.email)
        assert (ticket.owner, ticket.owner_id) == ("jdoe", ME)
        assert ticket.site == world.sites[there.site_id].name
        assert ticket.created_at == there.entered and ticket.updated_at == there.updated
        assert ticket.url is not None and ticket.url.endswith(f"/msp/tickets/{key(there.id)}")

    async def test_a_ticket_by_itself_is_the_same_record_as_in_the_list(self, psa, place):
        """Else every reading by id would look like a change."""
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert {t.ticket_id: t for t in (await psa.fetch(list(found))).tickets} == found
        other = connector(place[1])
        assert {t.ticket_id: t for t in (await other.fetch(list(found))).tickets} == found
        await other.close()

    async def test_changes_come_whoever_owns_them_and_the_cursor_stays_behind(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor, _ = await pull(psa, scope)
        stranger = next(t for t in world.tickets.values() if t.owner_id == world.member("asmith").id)
        world.set_field(stranger.id, "summary", "Moved on")
        found, again, _ = await pull(psa, scope, cursor)
        assert found[key(stranger.id)].summary == "Moved on"
        assert again >= cursor
        third, _, _ = await pull(psa, scope, again)
        assert key(stranger.id) in third, "what lies within the overlap comes again"

    async def test_a_customers_answer_moves_no_date_and_is_seen_all_the_same(self, psa, world):
        scope = await psa.resolve(MINE)
        before, cursor, _ = await pull(psa, scope)
        open_one = some(world, flag=False)
        me = world.member("jdoe").id
        closed = next(
            t
            for t in world.tickets.values()
            if not world.is_open(t) and t.owner_id == me and not t.flag and key(t.id) in before
        )
        for one in (open_one, closed):
            world.customer_replies(one.id, "It is broken again.")
        found, _, _ = await pull(psa, scope, cursor)
        for one in (open_one, closed):
            was, now = before[key(one.id)], found[key(one.id)]
            assert now.updated_at == was.updated_at, "the simulator would prove nothing otherwise"
            assert now.customer_flag is True and was.customer_flag is not True
            assert now.version != was.version

    async def test_a_ticket_that_was_never_changed_has_its_creation_as_date(self, psa, world):
        fresh = some(world)
        fresh.updated = fresh.entered
        try:
            (ticket,) = (await psa.fetch([key(fresh.id)])).tickets
        finally:
            world.touch(fresh, "jdoe")
        assert ticket.updated_at == fresh.entered

    async def test_new_tickets_without_a_date_are_not_lost_behind_a_page(self, psa, world, monkeypatch):
        """They come last in the order of changes; the next page asks from a moment after them."""
        scope = await psa.resolve(MINE)
        _, cursor, _ = await pull(psa, scope)
        monkeypatch.setattr(api, "PAGE_SIZE", 4)
        others = [t for t in world.tickets.values() if t.owner_id == world.member("asmith").id]
        kept = {t.id: (t.entered, t.updated) for t in others[:12]}
        for place, one in enumerate(others[:12]):
            one.updated = world.now() - 20 + place
        new = others[0]
        new.entered = new.updated = world.now() - 60
        try:
            found, _, _ = await pull(psa, scope, _earlier(cursor, world))
        finally:
            for one in others[:12]:
                one.entered, one.updated = kept[one.id]
        assert {key(one.id) for one in others[:12]} <= set(found)

    async def test_tickets_of_one_moment_are_many_pages(self, psa, world, monkeypatch):
        """An import: all of them were opened in the same second."""
        monkeypatch.setattr(api, "PAGE_SIZE", 4)
        kept = {t.id: t.entered for t in world.tickets.values()}
        for ticket in world.tickets.values():
            ticket.entered = world.start - 86400
        try:
            listed = await psa.ticket_ids(await psa.resolve(MINE))
        finally:
            for one, entered in kept.items():
                world.tickets[one].entered = entered
        assert listed.ids == ours(world) and listed.count == len(listed.ids)

    async def test_a_list_that_never_settles_is_an_error(self, psa, world, monkeypatch):
        monkeypatch.setattr(api, "PAGE_SIZE", 4)
        scope = await psa.resolve(MINE)
        kept = {t.id: (t.entered, t.owner_id, t.resources, t.updated) for t in world.tickets.values()}
        others = iter([t.id for t in world.tickets.values() if t.owner_id == 102 and world.is_open(t)])
        for ticket in world.tickets.values():
            ticket.entered = world.start - 86400
        get = psa._api.get

        async def moving(path: str, params: Any = None) -> Any:
            if path == "/tickets" and params["page"] == "1" and (one := next(others, None)):
                world.reassign(one, "jdoe")
            return await get(path, params)

        monkeypatch.setattr(psa._api, "get", moving)
        try:
            with pytest.raises(Unreadable, match="faster than it can be read"):
                await psa.ticket_ids(scope)
        finally:
            for one, values in kept.items():
                ticket = world.tickets[one]
                ticket.entered, ticket.owner_id, ticket.resources, ticket.updated = values

    async def test_a_damaged_cursor_is_an_error(self, psa):
        with pytest.raises(Unreadable, match="saved position"):
            await pull(psa, await psa.resolve(MINE), "yesterday")

    async def test_what_is_no_id_is_asked_of_nobody(self, psa, app):
        app.state.requests.clear()
        fetched = await psa.fetch(["70101", "x/../users", ""])
        assert [one.ticket_id for one in fetched.not_visible] == ["70101", "x/../users", ""]
        assert not [one for one in app.state.requests if one.path.startswith("/tickets")]

    async def test_dates_are_sent_as_the_server_wants_them(self, psa, app):
        await pull(psa, await psa.resolve(MINE))
        ends = ("ed_from", "ed_to")
        sent = [v for one in app.state.requests for k, v in one.query.items() if k.endswith(ends)]
        sent = [value for value in sent if not value.startswith("0000")]  # an id: assigned_to
        assert sent and all(value.endswith("Z") and "+" not in value for value in sent)


def _earlier(cursor: str, world: World) -> str:
    """A cursor before all that the test does."""
    return min(cursor, time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(world.now() - 300)))


class TestConversations:
    async def test_who_said_what(self, psa, world, app):
        there = some(world)
        contact = world.contacts[there.contact_id]
        world.customer_replies(there.id, "By mail or portal, one.")
        world.customer_replies(there.id, "By mail or portal, two.")
        world.staff_note(there.id, "In the browser,\nin two lines.", public=True)
        world.unknown_note(there.id, "Escalated.", created_by="Workflow")
        world.unknown_note(there.id, "From nowhere.")
        app.state.switches.clutter = True
        notes = {note.text: note for note in (await psa.conversation(key(there.id))).notes}
        for text in ("By mail or portal, one.", "By mail or portal, two."):
            assert (notes[text].speaker, notes[text].author) == ("customer", contact.name)
        assert notes["In the browser,\nin two lines."].speaker == "staff"
        assert notes["Escalated."].speaker == "system"
        assert notes["From nowhere."].speaker == "unknown"
        assert "Never said." not in notes, "deleted, and not published yet"

    async def test_what_opened_the_ticket_is_no_note(self, psa, world):
        there = some(world)
        opening = next(note for note in world.notes[there.id] if note.issue)
        notes = (await psa.conversation(key(there.id))).notes
        assert notes
        assert uid("comment", opening.id) not in {note.note_id.partition("@")[0] for note in notes}

    async def test_without_the_right_to_read_users_nobody_is_guessed(self, app, world, place):
        there = some(world)
        world.staff_note(there.id, "Seen in the browser.", member="asmith")
        app.state.switches.denied = frozenset({"user"})
        psa = connector(place[1], technician=ME)
        await psa.resolve(MINE)
        notes = {note.text: note for note in (await psa.conversation(key(there.id))).notes}
        assert notes["Seen in the browser."].speaker == "staff", "its author type says so"
        await psa.close()

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ({"created_by": "u1", "author_type": "unknown"}, "staff"),
            ({"created_by": "p1", "author_type": "unknown"}, "customer"),
            ({"created_by": "u1", "author_type": "client"}, "customer"),
            ({"created_by": "u1", "author_type": "unknown", "contact_id": "c"}, "customer"),
            ({"created_by": "who", "author_type": "unknown"}, "unknown"),
            ({"created_by": "who", "author_type": "internal"}, "staff"),
            ({"created_by": "me", "author_type": "unknown"}, "staff"),
            ({"author_type": "internal"}, "system"),
            ({"author_type": "unknown"}, "unknown"),
            ({"author_type": "unknown", "author_contact_id": "c"}, "customer"),
            ({"created_by": "u1", "author_type": "internal", "is_system_generated": True}, "system"),
        ],
    )
    def test_the_speaker(self, row, says):
        users = {
            "u1": UserRow(id="u1", username="u1", user_type="internal"),
            "p1": UserRow(id="p1", username="p1", user_type="client"),
        }
        comment = msgspec.convert({"comment_id": "1", **row}, CommentRow)
        assert speaker(comment, users, "me") == says

    def test_notes_of_one_second_are_in_the_order_of_their_milliseconds(self):
        """Ids are random; within a second the store goes by the id's last number."""
        early, late = note_name("f9", "2026-11-20T10:00:00.123Z"), note_name("a1", "2026-11-20T10:00:00.124Z")
        assert note_number(early) < note_number(late)
        assert note_name("f9", "soon") == "f9"

    def test_a_late_first_comment_is_a_note(self):
        note = NoteRecord(
            note_id="1", ticket_id="t", created_at=1000, author="A", speaker="customer", public=True
        )
        assert opens(note, 990)
        assert not opens(note, 900)
        assert not opens(msgspec.structs.replace(note, speaker="staff"), 990)
        assert not opens(note, None)

    @pytest.mark.parametrize(
        ("raw", "words"),
        [
            ("Plain [text]", "Plain [text]"),
            ("[not json", "[not json"),
            ("[]", "[]"),
            ("[1, 2]", "[1, 2]"),
            ('[{"a": 1}]', '[{"a": 1}]'),
            (
                '[{"type":"paragraph","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]',
                "AB",
            ),
            ('[{"type":"paragraph","content":"A"},{"type":"paragraph","content":"B"}]', "A\nB"),
            (
                '[{"type":"bulletListItem","content":"A","children":[{"type":"paragraph","content":"B"}]}]',
                "A\nB",
            ),
            (
                '[{"type":"paragraph","content":[{"type":"link","content":[{"type":"text","text":"L"}]}]}]',
                "L",
            ),
            (
                '[{"type":"paragraph","content":[{"type":"mention","props":{"displayName":"Ann"}}]}]',
                "@Ann",
            ),
            (
                '[{"type":"table","content":{"type":"tableContent","rows":[{"cells":["a","b"]}]}}]',
                "a | b",
            ),
        ],
    )
    def test_blocks_become_words(self, raw, words):
        assert plain_text(raw) == words

    async def test_a_comment_taken_away_between_pages_hides_no_other(self, psa, world, monkeypatch):
        there = some(world)
        for number in range(9):
            world.staff_note(there.id, f"Line {number}.", public=False)
        monkeypatch.setattr(read, "PER_PAGE", 4)
        get, gone = psa._api.get, []

        async def moving(path: str, params: Any = None) -> Any:
            answer = await get(path, params)
            if path.endswith("/comments") and not gone:
                gone.append(world.notes[there.id].pop(0))
            return answer

        monkeypatch.setattr(psa._api, "get", moving)
        texts = [note.text for note in (await psa.conversation(key(there.id))).notes]
        world.notes[there.id].insert(0, gone[0])
        assert [text for text in texts if text.startswith("Line")] == [f"Line {n}." for n in range(9)]

    async def test_a_ticket_that_is_not_there_has_none(self, psa):
        with pytest.raises(NotThere):
            await psa.conversation(uid("ticket", 1))


class TestTime:
    async def test_invoiced_and_approved_time_is_locked(self, psa, world):
        there = some(world)
        free, sold, approved = (world.log_time(there.id, hours) for hours in (0.5, 0.75, 1.0))
        sold.invoice = "INV-1"
        approved.status = "ApprovedByTierOne"
        found = {one.time_id: one for one in (await psa.time_entries([key(there.id)])).entries}
        locked = [found[uid("entry", one.id)].locked for one in (free, sold, approved)]
        assert locked == [False, True, True]
        assert found[uid("entry", free.id)].member == "jdoe"

    async def test_what_others_hide_is_shown_as_hidden_and_counted(self, psa, world, app):
        there = some(world)
        world.log_time(there.id, 1.5, member="asmith", work_type="Remote Support")
        world.log_time(there.id, 0.5, member="asmith", work_type="Remote Support")
        every = (await psa.time_entries([key(there.id)])).entries
        app.state.switches.hides_others = True
        shown = (await psa.time_entries([key(there.id)])).entries
        (hidden,) = [one for one in shown if one.time_id.endswith(":hidden")]
        assert hidden.locked and hidden.hours == pytest.approx(2.0) and "may not see" in hidden.text
        assert sum(one.hours for one in shown) == pytest.approx(sum(one.hours for one in every))

    async def test_without_the_right_it_is_an_error_and_not_no_time(self, psa, world, app):
        app.state.switches.denied = frozenset({"timeentry"})
        with pytest.raises(Forbidden):
            await psa.time_entries([key(some(world).id)])


class TestWho:
    async def test_verify(self, psa, world):
        world.log_time(some(world).id, 0.25)
        me = await psa.verify()
        assert (me.member_id, me.member, me.name, me.writes_as) == (ME, "jdoe", "Jordan Doe", "jdoe")
        assert me.missing == ()
        assert any("response state" in note for note in me.notes)

    @pytest.mark.parametrize("said", ["jdoe", "JDOE", "jdoe@msp.test", ME])
    async def test_the_technician_is_found_by_name_mail_or_id(self, place, said):
        psa = connector(place[1], technician=said)
        assert (await psa.resolve(MINE)).id == ME
        await psa.close()

    async def test_a_key_of_somebody_else_is_refused(self, place, world):
        world.log_time(some(world).id, 0.25)
        psa = connector(place[1], "DemoAlgaKey02")
        with pytest.raises(Unauthorized, match="not jdoe's"):
            await psa.verify()
        await psa.close()

    async def test_without_the_right_to_read_users_the_id_is_pasted(self, app, place, world):
        app.state.switches.denied = frozenset({"user"})
        psa = connector(place[1])
        with pytest.raises(Forbidden) as told:
            await psa.resolve(MINE)
        assert "user id" in told.value.hint
        await psa.close()
        psa = connector(place[1], technician=ME)
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert {one for one, ticket in found.items() if not ticket.closed} == ours(world)
        me = await psa.verify()
        assert ("owner, who wrote what", "user: read") in me.missing
        await psa.close()

    async def test_a_customers_portal_user_and_an_inactive_one_are_no_technicians(self, psa, world):
        contact = next(iter(world.contacts.values()))
        gone = next(m for m in world.members.values() if m.inactive)
        for name in (contact.email, gone.identifier):
            with pytest.raises(UnknownName, match="inactive"):
                await psa.resolve(Scope("owner", name))

    async def test_boards_and_teams(self, psa):
        assert (await psa.resolve(Scope("board", "help desk"))).name == "Help Desk"
        with pytest.raises(UnknownName, match="No Such"):
            await psa.resolve(Scope("board", "No Such"))
        with pytest.raises(Unsupported):
            await psa.resolve(Scope("team", "Service Team"))

    async def test_missing_rights_are_named(self, psa, app):
        app.state.switches.denied = frozenset({"contact", "service", "timeentry", "ticket_settings"})
        rights = {right for _, right in (await psa.verify()).missing}
        assert rights == {"contact: read", "service: read", "timeentry: read", "ticket_settings: read"}
        assert not psa.capabilities.fields & {"contact_phone", "contact_email"}

    async def test_both_shapes_of_a_401(self, place):
        psa = connector(place[1], "WrongAlgaKey99")
        with pytest.raises(Unauthorized, match="Invalid API key"):
            await psa.verify()
        await psa.close()
        assert explain(401, b'{"error":"Unauthorized: API key missing"}') == (
            "Unauthorized: API key missing",
            None,
        )


class TestChoices:
    async def test_statuses_are_of_the_board(self, psa, world):
        there = some(world)
        found = await psa.choices("status", ChoiceContext(board_id=uid("board", there.board_id)))
        names = {s.name for s in world.statuses.values() if s.board_id == there.board_id and not s.inactive}
        assert {one.name for one in found} == names
        assert {one.name for one in found if one.closed} == {">Closed", ">Cancelled"}

    async def test_services_are_the_billing_codes_and_old_ones_are_found_by_id(self, psa, world):
        found = await psa.choices("billing_code", ChoiceContext())
        assert "Travel (old)" not in {one.name for one in found}
        old = uid("service", world.work_type("Travel (old)").id)
        (named,) = await psa.choices("billing_code", ChoiceContext(ids=(old,)))
        assert (named.name, named.active) == ("Travel (old)", False)

    async def test_owners_are_active_users_of_the_msp(self, psa, world):
        found = {one.name for one in await psa.choices("owner", ChoiceContext())}
        assert found == {m.identifier for m in world.members.values() if not m.inactive}

    async def test_subtypes_are_of_the_type(self, psa, world):
        there = next(t for t in world.tickets.values() if t.subtype_id and t.type_id)
        context = ChoiceContext(board_id=uid("board", there.board_id), type_id=uid("category", there.type_id))
        found = {one.name for one in await psa.choices("subtype", context)}
        assert world.subtypes[there.subtype_id].name in found
        assert found < {
            one.name for one in await psa.choices("subtype", ChoiceContext(board_id=context.board_id))
        }

    async def test_lists_longer_than_a_page_are_whole(self, psa, world, monkeypatch):
        monkeypatch.setattr(api, "PAGE_SIZE", 4)
        assert {row.id for row in await psa._api.rows_of("/users", UserRow)} >= {
            uid("user", one) for one in world.members
        }


class TestHostile:
    @pytest.mark.parametrize(
        "body", [b"[]", b'{"data": 5}', b'{"data": [], "pagination": {}}', b'{"data": []}']
    )
    async def test_a_page_of_another_shape_is_an_error(self, psa, monkeypatch, body):
        from connectors.http import Answer

        scope = await psa.resolve(MINE)

        async def other(path: str, params: Any = None) -> Answer:
            return Answer(200, {"content-type": "application/json"}, body, 0, f"GET {path}")

        monkeypatch.setattr(psa._api, "get", other)
        with pytest.raises(Unreadable):
            await pull(psa, scope)
        with pytest.raises(Unreadable):
            await psa.ticket_ids(scope)

    async def test_a_row_that_cannot_be_read_is_named_and_the_rest_comes(self, psa, app, world):
        scope = await psa.resolve(MINE)
        there = some(world)
        app.state.switches.spoiled = frozenset({there.id})
        found, _, pages = await pull(psa, scope)
        odd = {(one.record_id, one.ticket_id, one.path) for page in pages for one in page.odd}
        assert odd == {(key(there.id), key(there.id), "$.status_name")}
        assert {one for one, ticket in found.items() if not ticket.closed} == ours(world) - {key(there.id)}
        fetched = await psa.fetch([key(there.id)])
        assert not fetched.tickets and not fetched.not_visible and fetched.odd

    @pytest.mark.parametrize(
        ("raw", "at"),
        [
            (b'{"entered_at": "2026-11-20T10:00:00.000Z"}', 1795168800.0),
            (b'{"entered_at": 5}', None),
            (b'{"entered_at": "soon"}', None),
            (b"[]", None),
        ],
    )
    def test_the_moment_of_a_row(self, raw, at):
        found = moment_in(msgspec.Raw(raw), "entered_at")
        assert found == at

    def test_close_rules_are_told_with_what_is_missing(self):
        body = (
            b'{"error":{"code":"VALIDATION_ERROR","message":"Ticket close rules not satisfied","details":['
            b'{"rule":"required_fields","message":"Fill these in","missing_fields":["category"]},'
            b'{"path":["status_id"],"rule":"time_entry","message":"Log time"}]}}'
        )
        words, field = explain(400, body)
        assert words == "Ticket close rules not satisfied; Fill these in; missing: category; Log time"
        assert field == "status_id"

    @pytest.mark.parametrize("body", [b"", b"oops", b"[]", b'{"error": 5}', b'{"error": {"details": [5]}}'])
    def test_an_error_without_words_has_none(self, body):
        assert explain(500, body) == ("", None)

    async def test_an_empty_bucket_is_waited_for(self, app, place):
        app.state.simulator.left.clear()
        app.state.switches.enforced = True
        psa = connector(place[1])
        app.state.simulator.left["DemoAlgaKey01"] = (0.0, app.state.world.clock())
        began = time.monotonic()
        await psa.resolve(MINE)
        assert time.monotonic() - began >= 0.9
        await psa.close()

    async def test_a_long_wait_is_told(self, psa, app):
        app.state.faults.next("/tickets", "429", times=9, retry_after=600)
        with pytest.raises(Throttled):
            await psa.ticket_ids(await psa.resolve(MINE))

    async def test_trouble_of_the_server_is_no_answer(self, psa, app):
        await psa.resolve(MINE)
        psa._api.session._retry_for = 0.5
        app.state.faults.next("/tickets", "500", times=99)
        with pytest.raises(Unreachable):
            await psa.ticket_ids(await psa.resolve(MINE))


async def test_names_of_sites_are_asked_for_once_for_each_client(psa, app, world):
    lists = Lists(psa._api)
    places = {(uid("client", s.company_id), uid("location", s.id)) for s in world.sites.values()}
    app.state.requests.clear()
    assert len(await lists.sites(places)) == len(places)
    assert len(await lists.sites(places)) == len(places)
    assert len(app.state.requests) == len(world.companies)
    app.state.switches.denied = frozenset({"client"})
    assert await Lists(psa._api).sites(places) == {}
