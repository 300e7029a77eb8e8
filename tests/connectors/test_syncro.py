"""The Syncro connector against the simulated one, over a real socket: reading, choices, verify."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from connectors.contract import (
    Attachment,
    ChoiceContext,
    Forbidden,
    NotThere,
    Scope,
    Throttled,
    Unauthorized,
    UnknownName,
    Unreachable,
    Unreadable,
    Unsupported,
)
from connectors.simulators.syncro.state import Switches
from connectors.simulators.world import World
from connectors.syncro.connector import Syncro
from connectors.syncro.records import attachment
from tests.connectors.syncro_desk import connector, key, ours, pull, served

MINE = Scope("mine")


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
async def psa(app: Any, place: tuple[Any, str]) -> AsyncIterator[Syncro]:
    opened = connector(place[1])
    yield opened
    await opened.close()


def some(world: World) -> Any:
    """An open ticket of the technician's with a contact."""
    me = world.member("jdoe").id
    return next(t for t in world.tickets.values() if world.is_open(t) and t.owner_id == me and t.contact_id)


class TestTickets:
    async def test_a_full_pull_brings_exactly_what_is_in_the_scope(self, psa, world):
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert {one for one, ticket in found.items() if not ticket.closed} == ours(world)
        assert {one for one, ticket in found.items() if ticket.closed}, "recently closed ones come too"

    async def test_a_row_is_the_ticket_that_the_world_has(self, psa, world):
        there = some(world)
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        ticket = found[key(there.id)]
        contact = world.contacts[there.contact_id]
        assert (ticket.number, ticket.summary) == (str(there.id), there.summary)
        assert ticket.company == world.companies[there.company_id].name
        assert (ticket.contact_phone, ticket.contact_email) == (contact.phone, contact.email)
        assert ticket.owner == "Jordan Doe" and ticket.customer_flag is there.flag
        assert (ticket.created_at, ticket.updated_at) == (there.entered, there.updated)
        assert ticket.hours is None or abs(ticket.hours - there.hours) < 0.02

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

    async def test_a_damaged_cursor_is_an_error(self, psa):
        with pytest.raises(Unreadable, match="saved position"):
            await pull(psa, await psa.resolve(MINE), "yesterday")

    @pytest.mark.parametrize("size", [3, 7, 50])
    async def test_any_page_size_gives_everything(self, psa, app, world, size):
        app.state.switches.page_size = size
        assert (await psa.ticket_ids(await psa.resolve(MINE))).ids == ours(world)

    async def test_nothing_is_lost_when_rows_leave_the_pages_while_we_read(
        self, psa, app, world, monkeypatch
    ):
        """Each request after the first lets a ticket be closed that stood on a page already read."""
        app.state.switches.page_size = 5
        scope = await psa.resolve(MINE)
        newest = iter(sorted(ours(world), key=int, reverse=True)[:4])
        closed: list[str] = []
        get = psa._api.get

        async def moving(path: str, params: Any = None) -> Any:
            answer = await get(path, params)
            one = next(newest, None) if path == "/tickets" else None
            if one is not None:
                closed.append(one)
                world.close(int(one) - 9_000_000)
            return answer

        monkeypatch.setattr(psa._api, "get", moving)
        listed = await psa.ticket_ids(scope)
        assert len(closed) == 4
        assert listed.ids >= ours(world)
        for one in closed:
            world.reopen(int(one) - 9_000_000)

    async def test_a_list_that_never_settles_is_an_error(self, psa, app, world, monkeypatch):
        app.state.switches.page_size = 5
        scope = await psa.resolve(MINE)
        get = psa._api.get
        others = iter([t.id for t in world.tickets.values() if t.owner_id == 102 and world.is_open(t)])

        async def moving(path: str, params: Any = None) -> Any:
            if path == "/tickets" and params["page"] == "1":
                world.reassign(next(others), "jdoe")
            return await get(path, params)

        monkeypatch.setattr(psa._api, "get", moving)
        before = {t.id: (t.owner_id, t.resources, t.updated) for t in world.tickets.values()}
        with pytest.raises(Unreadable, match="faster than it can be read"):
            await psa.ticket_ids(scope)
        for one, (owner, resources, updated) in before.items():
            ticket = world.tickets[one]
            ticket.owner_id, ticket.resources, ticket.updated = owner, resources, updated

    async def test_a_server_that_misreads_the_date_is_an_error_and_not_an_empty_round(self, psa, app):
        scope = await psa.resolve(MINE)
        _, cursor, _ = await pull(psa, scope)
        app.state.switches.since = "misread"
        with pytest.raises(Unreadable, match="since_updated_at"):
            await pull(psa, scope)
        with pytest.raises(Unreadable, match="since_updated_at"):
            await pull(psa, scope, cursor)

    @pytest.mark.parametrize("since", ["day", "ignored"])
    async def test_a_server_that_gives_more_than_asked_is_no_harm(self, psa, app, since):
        scope = await psa.resolve(MINE)
        first, cursor, _ = await pull(psa, scope)
        expected, _, _ = await pull(psa, scope, cursor)
        app.state.switches.since = since
        assert (await pull(psa, scope))[0].keys() == first.keys()
        assert (await pull(psa, scope, cursor))[0].keys() == expected.keys()

    async def test_a_server_without_the_filter_for_open_ones_is_an_error_and_not_an_empty_queue(
        self, psa, app
    ):
        app.state.switches.not_closed = False
        with pytest.raises(Unreadable, match="Not Closed"):
            await pull(psa, await psa.resolve(MINE))

    async def test_a_ticket_that_leaves_between_the_two_lists_is_no_error(self, psa, world, monkeypatch):
        scope = await psa.resolve(MINE)
        leaves = some(world)
        world.touch(leaves, "asmith")
        get = psa._api.get

        async def moving(path: str, params: Any = None) -> Any:
            if params and "since_updated_at" in params and leaves.owner_id == 101:
                world.reassign(leaves.id, "asmith")
            return await get(path, params)

        monkeypatch.setattr(psa._api, "get", moving)
        _, cursor, _ = await pull(psa, scope)
        found, _, _ = await pull(psa, scope, cursor)
        assert not scope.holds(found[key(leaves.id)])
        world.reassign(leaves.id, "jdoe")

    async def test_the_cost_of_the_first_look_at_who_and_what(self, place, app):
        psa = connector(place[1])
        app.state.requests.clear()
        await psa.resolve(MINE)
        assert [one.path for one in app.state.requests] == ["/contacts", "/me", "/users"]
        app.state.requests.clear()
        await psa.choices("billing_code", ChoiceContext())
        assert [one.path for one in app.state.requests] == ["/products/categories", "/products", "/products"]
        await psa.close()

    async def test_the_cost_of_an_unchanged_round(self, psa, app, world):
        scope = await psa.resolve(MINE)
        _, cursor, _ = await pull(psa, scope)
        changed = len((await pull(psa, scope, cursor))[0])
        app.state.requests.clear()
        await psa.resolve(MINE)
        assert len(app.state.requests) == 0, "who we are is asked once a process"
        await pull(psa, scope, cursor)
        pages = -(-changed // 25)
        assert len(app.state.requests) == (pages if pages == 1 else 2 * pages)
        app.state.requests.clear()
        await psa.ticket_ids(scope)
        pages = -(-len(ours(world)) // 25)
        assert pages > 1 and len(app.state.requests) == 2 * pages


class TestById:
    async def test_mark_contract_and_parent_come_although_the_single_ticket_lacks_them(self, psa, world):
        child = next(t for t in world.tickets.values() if t.parent_id and t.agreement_id)
        child.flag = True
        (ticket,) = (await psa.fetch([key(child.id)])).tickets
        assert ticket.parent_ids == (key(child.parent_id),)
        assert ticket.agreement == world.agreements[child.agreement_id].name
        assert ticket.customer_flag is True

    async def test_what_is_not_there_is_not_visible_and_no_tombstone(self, psa, world):
        there = some(world)
        answer = await psa.fetch([key(there.id), "9999999", "nonsense"])
        assert [t.ticket_id for t in answer.tickets] == [key(there.id)]
        assert not answer.gone
        assert {one.ticket_id for one in answer.not_visible} == {"9999999", "nonsense"}


class TestOdd:
    async def test_an_unreadable_row_is_named_and_the_rest_is_delivered(self, psa, app, world):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/tickets", "wrong-type")
        found, _, pages = await pull(psa, scope)
        odd = [one for page in pages for one in page.odd]
        assert [(one.stream, one.path) for one in odd] == [("tickets", "$.status")]
        assert odd[0].ticket_id == odd[0].record_id
        assert len(found) >= len(ours(world)) - 1

    @pytest.mark.parametrize(
        ("kind", "error"),
        [("cut", Unreadable), ("html", Unreadable), ("401", Unauthorized), ("403", Forbidden)],
    )
    async def test_trouble_is_an_error_and_never_a_short_list(self, psa, app, kind, error):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/tickets", kind)
        with pytest.raises(error):
            await psa.ticket_ids(scope)

    async def test_a_server_error_is_tried_again(self, psa, app, world):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/tickets", "500")
        assert (await psa.ticket_ids(scope)).ids == ours(world)

    async def test_a_limit_is_told_with_how_long(self, psa, app):
        scope = await psa.resolve(MINE)
        app.state.faults.next("/tickets", "429", times=9, retry_after=60)
        with pytest.raises(Throttled) as error:
            await psa.ticket_ids(scope)
        assert error.value.retry_after == 60

    async def test_nobody_there_is_unreachable(self):
        away = connector("http://127.0.0.1:9")
        with pytest.raises(Unreachable):
            await away.resolve(MINE)
        await away.close()


class TestConversation:
    async def test_who_spoke_and_to_whom(self, psa, world):
        there = some(world)
        world.customer_replies(there.id, "It is back.")
        world.staff_note(there.id, "Among us.", public=False)
        world.unknown_note(there.id, "Status set.", created_by="Workflow")
        world.unknown_note(there.id, "Who am I?", created_by="stranger@else.test")
        notes = (await psa.conversation(key(there.id))).notes
        assert [(n.text, n.speaker, n.public) for n in notes[-4:]] == [
            ("It is back.", "customer", True),
            ("Among us.", "staff", False),
            ("Status set.", "system", True),
            ("Who am I?", "unknown", True),
        ]
        assert notes[-3].author == "Aisha Smith"

    async def test_another_contact_than_the_ticket_s_is_not_told_apart_by_name(self, psa, world):
        there = some(world)
        other = next(c for c in world.contacts.values() if c.name not in ("", there.contact_name))
        with world.lock:
            said = world.customer_replies(there.id, "Me too.")
            said.contact_id = other.id
        note = (await psa.conversation(key(there.id))).notes[-1]
        assert (note.author, note.speaker, note.public) == (other.name, "unknown", True)

    async def test_files_are_asked_for_where_a_customer_s_note_has_no_words(self, psa, app, world):
        there = some(world)
        world.customer_replies(there.id, "See the picture.", files=(("first.png", 1_024),))
        await psa.conversation(key(there.id))
        app.state.requests.clear()
        found = await psa.conversation(key(there.id))
        assert found.files == () and len(app.state.requests) == 1
        sent = world.customer_replies(there.id, "", files=(("second.png", 51_234),))
        app.state.requests.clear()
        found = await psa.conversation(key(there.id))
        assert [one.path for one in app.state.requests] == [
            f"/tickets/{key(there.id)}/comments",
            f"/tickets/{key(there.id)}",
        ]
        assert [(one.name, one.size) for one in found.files] == [("first.png", 1_024), ("second.png", 51_234)]
        assert found.files[-1].added_at == sent.at and not found.files_problem
        assert all(note.attachments == () for note in found.notes), "to which note one belongs is not known"

    async def test_files_that_cannot_be_listed_leave_the_notes(self, psa, place, world):
        there = some(world)
        world.customer_replies(there.id, "", files=(("a.png", 1),))
        whole = await psa.conversation(key(there.id))

        class Hidden(httpx.AsyncHTTPTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                if request.url.path.endswith(f"/tickets/{key(there.id)}"):
                    return httpx.Response(404, json={"message": "Not found"})
                return await super().handle_async_request(request)

        blind = connector(place[1], transport=Hidden())
        await pull(blind, await blind.resolve(MINE))
        found = await blind.conversation(key(there.id))
        await blind.close()
        assert found.notes == whole.notes and found.files == ()
        assert "could not be listed" in found.files_problem

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            ({"id": 1, "file_name": "a.png", "file_size": 5}, Attachment("a.png", 5)),
            ({"id": 1, "name": "a.png", "file_size": "large"}, Attachment("a.png")),
            ({"id": 1, "file": {"url": "https://x.test/a.png"}}, Attachment("")),
            ("a.png", Attachment("")),
        ],
    )
    def test_a_file_of_another_shape_is_a_file_all_the_same(self, row, told):
        """What Syncro's answer holds of one is known from a sister product only."""
        assert attachment(msgspec.Raw(msgspec.json.encode(row))) == told

    async def test_the_opening_text_is_no_note(self, psa, world):
        there = some(world)
        opening = world.notes[there.id][0].text
        assert opening not in [note.text for note in (await psa.conversation(key(there.id))).notes]

    async def test_a_long_talk_comes_whole(self, psa, world):
        there = some(world)
        for number in range(230):
            world.staff_note(there.id, f"Line {number}", public=False)
        notes = (await psa.conversation(key(there.id))).notes
        assert [n.text for n in notes if n.text.startswith("Line ")] == [f"Line {i}" for i in range(230)]

    async def test_a_comment_that_cannot_be_read_is_named_and_the_rest_is_delivered(self, psa, app, world):
        there = some(world)
        whole = await psa.conversation(key(there.id))
        app.state.faults.next(f"/tickets/{key(there.id)}/comments", "wrong-type")
        partly = await psa.conversation(key(there.id))
        assert [(one.stream, one.path, one.ticket_id) for one in partly.odd] == [
            ("notes", "$.created_at", key(there.id))
        ]
        assert partly.notes == whole.notes, "the first comment, the opening text, was the unreadable one"

    async def test_a_ticket_that_is_not_there_is_an_error(self, psa):
        with pytest.raises(NotThere):
            await psa.conversation("9999999")


class TestTime:
    async def test_timers_with_their_code_and_what_is_charged(self, psa, world):
        there = some(world)
        plain = world.log_time(there.id, 0.5)
        coded = world.log_time(there.id, 1.25, member="asmith", work_type="On-site")
        coded.invoice = "INV-1"
        found = {e.time_id: e for e in (await psa.time_entries([key(there.id)])).entries}
        mine, theirs = found[str(plain.id)], found[str(coded.id)]
        assert (mine.hours, mine.billing_code, mine.member, mine.locked) == (0.5, None, "Jordan Doe", False)
        assert (theirs.hours, theirs.billing_code, theirs.locked) == (1.25, "On-site", True)
        assert theirs.member == "Aisha Smith"


class TestChoices:
    async def test_statuses_are_names_and_resolved_closes(self, psa):
        found = {c.name: c for c in await psa.choices("status", ChoiceContext())}
        assert found["Resolved"].closed and found["Resolved"].active
        assert "Invoiced" not in found, "set by invoicing"
        (invoiced,) = await psa.choices("status", ChoiceContext(ids=("Invoiced",)))
        assert not invoiced.active
        assert not found["Customer Reply"].closed

    async def test_codes_are_the_products_of_the_labour_category(self, psa, place):
        names = {c.name for c in await psa.choices("billing_code", ChoiceContext())}
        assert "Remote Support" in names and "USB-C dock" not in names and "Travel (old)" not in names
        wide = connector(place[1], labour_category="")
        assert "USB-C dock" in {c.name for c in await wide.choices("billing_code", ChoiceContext())}
        wrong = connector(place[1], labour_category="Beer")
        with pytest.raises(UnknownName, match="Beer"):
            await wrong.choices("billing_code", ChoiceContext())
        await wide.close()
        await wrong.close()

    async def test_contacts_and_contracts_are_the_companys(self, psa, world):
        company = some(world).company_id
        context = ChoiceContext(company_id=str(company))
        contacts = await psa.choices("contact", context)
        assert {c.id for c in contacts} == {
            str(c.id) for c in world.contacts.values() if c.company_id == company and not c.inactive
        }
        contracts = await psa.choices("agreement", context)
        assert contracts and all(c.company_id == str(company) for c in contracts)

    async def test_what_syncro_has_not_is_empty(self, psa):
        for kind in ("team", "source", "item", "site"):
            assert await psa.choices(kind, ChoiceContext()) == ()


class TestWho:
    async def test_verify_says_who_and_proposes_the_labour_category(self, place, app):
        psa = connector(place[1], labour_category="", technician="")
        identity = await psa.verify()
        assert (identity.member, identity.missing) == ("Jordan Doe", ())
        assert identity.found == {"labour_category": "Labor"}
        assert "never-to-be-logged" not in repr(identity)
        await psa.close()

    async def test_a_technician_may_be_named_by_mail(self, place, app):
        psa = connector(place[1], technician="JDOE@msp.test")
        assert (await psa.resolve(MINE)).name == "Jordan Doe"
        await psa.close()

    async def test_a_token_of_somebody_else_is_told(self, place, app):
        psa = connector(place[1], token="DemoSyncroToken02")
        with pytest.raises(Unauthorized, match="Aisha Smith"):
            await psa.verify()
        await psa.close()

    async def test_a_wrong_token_is_told_and_not_shown(self, place, app):
        psa = connector(place[1], token="WrongWrongWrong")
        with pytest.raises(Unauthorized) as error:
            await psa.verify()
        assert "WrongWrongWrong" not in str(error.value) + error.value.hint
        await psa.close()

    async def test_a_missing_right_is_named_and_an_unseen_phone_is_not_an_empty_one(self, psa, app):
        app.state.switches.denied = frozenset({"contacts", "write"})
        identity = await psa.verify()
        rights = {right for _, right in identity.missing}
        assert rights == {"Customers - View Detail", "Tickets - Edit"}
        assert "contact_phone" not in psa.capabilities.fields

    async def test_scopes(self, psa, world):
        assert (await psa.resolve(Scope("owner", "aisha smith"))).id == str(world.member("asmith").id)
        kind = next(iter(world.types.values())).name
        board = await psa.resolve(Scope("board", kind))
        found, _, _ = await pull(psa, board)
        assert found and {t.type for t in found.values()} == {kind}
        for scope, error in (
            (Scope("owner", "Nobody"), UnknownName),
            (Scope("board", "Nothing"), UnknownName),
            (Scope("team", "A"), Unsupported),
        ):
            with pytest.raises(error):
                await psa.resolve(scope)
