"""The Rev.io connector against the simulated one, over a real socket: who, tickets, what it does not know."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from connectors import OptionsError
from connectors.contract import (
    ChoiceContext,
    Fix,
    Forbidden,
    NewTime,
    Ref,
    Scope,
    Step,
    Throttled,
    Unauthorized,
    UnknownName,
    Unreadable,
    Unsupported,
)
from connectors.revio import api as api_module
from connectors.revio.auth import ends_at
from connectors.revio.connector import Revio
from connectors.simulators.revio.state import Switches
from connectors.simulators.world import World
from tests.connectors.revio_desk import EXCHANGE, LIST, connector, ours, paths, pull, served

MINE = Scope("mine")


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Any, str]]:
    with served(World(7, 100, speed=0)) as found:
        yield found


@pytest.fixture
def app(place: tuple[Any, str]) -> Iterator[Any]:
    place[0].state.requests.clear()
    yield place[0]
    place[0].state.faults.clear()
    for name in Switches.__slots__:
        setattr(place[0].state.switches, name, getattr(Switches(), name))


@pytest.fixture
def world(app: Any) -> World:
    return app.state.world


@pytest.fixture
async def psa(app: Any, place: tuple[Any, str]) -> AsyncIterator[Revio]:
    opened = connector(place[1])
    yield opened
    await opened.close()


def small_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(api_module, "PAGE_SIZE", size)


class TestWho:
    async def test_a_key_is_exchanged_once_and_every_call_names_the_tenant(self, psa, app):
        await psa.verify()
        await psa.ticket_ids(await psa.resolve(MINE))
        seen = list(app.state.requests)
        assert [one.path for one in seen] == [EXCHANGE, LIST, LIST, f"{LIST[:-5]}/{_first(app)}"]
        assert "x-revio-host" not in seen[0].headers
        assert {one.headers["x-revio-host"] for one in seen[1:]} == {"riverside.psarev.io"}
        assert {one.headers["authorization"] for one in seen[1:]} == {f"Bearer {next(iter(_tokens(app)))}"}

    async def test_a_token_is_renewed_before_its_own_end(self, place, app):
        app.state.switches.token_seconds = 61.5
        psa = connector(place[1])
        await psa.verify()
        await asyncio.sleep(2)
        await pull(psa, await psa.resolve(MINE))  # the reading of `verify`
        await pull(psa, await psa.resolve(MINE))
        assert paths(app).count(EXCHANGE) == 2
        await psa.close()

    async def test_a_token_that_does_not_say_its_end_is_renewed_when_it_is_refused(self, place, app):
        app.state.switches.token_form = "opaque"
        psa = connector(place[1])
        scope = await psa.resolve(MINE)
        app.state.tokens.clear()
        await pull(psa, scope)
        paths(app)
        await pull(psa, scope)
        assert paths(app) == [LIST, EXCHANGE, LIST, LIST]
        await psa.close()

    async def test_clocks_apart_do_not_make_every_request_an_exchange(self, place, app):
        app.state.switches.token_seconds = 30
        psa = connector(place[1])
        for _ in range(3):
            await pull(psa, await psa.resolve(MINE))
        assert paths(app).count(EXCHANGE) == 1
        await psa.close()

    async def test_a_wrong_key_is_told_as_one(self, place, app):
        psa = connector(place[1], key="wrong-4711-key")
        with pytest.raises(Unauthorized, match="the API key was not taken") as told:
            await psa.verify()
        assert "API Management" in told.value.hint and "4711" not in f"{told.value} {told.value.hint}"
        assert paths(app) == [EXCHANGE]
        await psa.close()

    async def test_a_wrong_tenant_is_told_apart_from_a_wrong_key(self, place, app):
        psa = connector(place[1], tenant="other.psarev.io")
        with pytest.raises(Unauthorized) as told:
            await psa.verify()
        assert "The API key itself was taken" in told.value.hint and "other.psarev.io" in told.value.hint
        assert paths(app) == [EXCHANGE, LIST, EXCHANGE, LIST], "once more, then it stops"
        await psa.close()

    async def test_a_missing_right_is_told_as_one(self, psa, app):
        app.state.switches.denied = True
        with pytest.raises(Forbidden) as told:
            await psa.verify()
        assert "role" in told.value.hint

    async def test_a_refusal_is_shown_in_its_first_words_without_secrets(self, place, app, monkeypatch):
        psa = connector(place[1])
        await psa.resolve(MINE)
        token = next(iter(_tokens(app)))
        from connectors.simulators import revio as simulated

        def refuses(made: Any, request: Any) -> None:
            raise simulated._Refused(403, "x" * 180 + f" {token} DemoRevioKey01")

        monkeypatch.setattr(simulated, "_let_in", refuses)
        with pytest.raises(Forbidden) as told:
            await psa.fetch(["1"])
        text = str(told.value)
        assert "403" in text and "xxx" in text and len(text) < 300
        assert token[:12] not in text and "DemoRevio" not in text
        await psa.close()

    async def test_verify_says_what_is_to_be_known(self, psa):
        me = await psa.verify()
        assert (me.member, me.member_id) == ("Jordan Doe", "jordan doe")
        notes = " ".join(me.notes)
        assert "names technicians by name alone" in notes and "“Jordan Doe”" in notes
        assert "Customer Responded" in notes and "responded_statuses" in notes
        assert "read-only" in notes

    async def test_verify_says_what_differs_between_tenants(self, place, app):
        app.state.switches.zone, app.state.switches.detail = "none", "405"
        app.state.switches.open_only = True
        psa = connector(place[1], ticket_url="")
        notes = " ".join((await psa.verify()).notes)
        for words in ("read as UTC", "by itself cannot be had", "closing date", "Without ticket_url"):
            assert words in notes
        await psa.close()

    async def test_a_name_that_no_ticket_has_is_never_an_empty_queue(self, place, app):
        psa = connector(place[1], technician="Jordan Do")
        for ask in (psa.verify(), psa.resolve(MINE)):
            with pytest.raises(UnknownName) as told:
                await ask
            assert "“Jordan Doe”" in told.value.hint
        await psa.close()
        nobody = connector(place[1], technician="")
        with pytest.raises(UnknownName, match="`technician` is empty"):
            await nobody.resolve(MINE)
        await nobody.close()

    async def test_a_technician_who_disappears_from_the_list_is_an_error_too(self, psa, world):
        scope = await psa.resolve(Scope("owner", "Aisha Smith"))
        await pull(psa, scope)
        key = world.member("asmith").id
        theirs = [t for t in world.tickets.values() if t.owner_id == key]
        for ticket in theirs:
            ticket.owner_id = None
        try:
            with pytest.raises(UnknownName, match="Aisha Smith"):
                await pull(psa, scope)
        finally:
            for ticket in theirs:
                ticket.owner_id = key

    async def test_a_name_is_compared_whole_with_its_white_space_and_case_put_in_order(self, place, app):
        psa = connector(place[1], technician="  jordan   DOE ")
        assert (await psa.resolve(MINE)).name == "Jordan Doe"
        await psa.close()

    @pytest.mark.parametrize("kind", ["board", "team"])
    async def test_boards_and_teams_are_not_known(self, psa, kind):
        with pytest.raises(Unsupported, match=kind):
            await psa.resolve(Scope(kind, "Help Desk"))

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("tenant", "  "),
            ("tenant", "a b"),
            ("ticket_url", "https://acme.psarev.io/"),
            ("date_zone", "Mars/Olympus"),
            ("read_every_minutes", 0),
        ],
    )
    def test_bad_options_are_told(self, key, value):
        with pytest.raises(OptionsError) as told:
            connector("http://127.0.0.1:9", **{key: value})
        assert key in str(told.value) or told.value.key == key

    @pytest.mark.parametrize("tenant", ["https://Acme.psarev.io/", "acme.psarev.io", " acme.psarev.io/x "])
    def test_a_tenant_may_be_given_as_an_address(self, tenant):
        assert connector("http://127.0.0.1:9", tenant=tenant)._api.tenant == "acme.psarev.io"

    @pytest.mark.parametrize("token", ["", "a.b", "a.!!!.c", "a.bm9uZQ.c", "a.W10.c", "a.eyJleHAiOiJ4In0.c"])
    def test_a_token_without_an_end_that_can_be_read_has_none(self, token):
        assert ends_at(token) is None

    def test_the_end_of_a_token(self):
        assert ends_at("a.eyJleHAiOjE3OTU3MzY0NDB9.c") == 1795736440


def _tokens(app: Any) -> dict[str, float]:
    return app.state.tokens


def _first(app: Any) -> int:
    return max(app.state.world.tickets)


class TestTickets:
    async def test_a_full_pull_brings_exactly_what_is_in_the_scope(self, psa, world):
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert {one for one, ticket in found.items() if not ticket.closed} == ours(world)
        assert {one for one, ticket in found.items() if ticket.closed}, "recently closed ones come too"

    async def test_a_row_is_the_ticket_that_the_world_has(self, psa, world):
        there = world.ticket(next(iter(ours(world))))
        ticket = (await pull(psa, await psa.resolve(MINE)))[0][str(there.id)]
        assert (ticket.summary, ticket.owner) == (there.summary, "Jordan Doe")
        assert ticket.company == world.companies[there.company_id].name
        assert ticket.status == world.statuses[there.status_id].name
        assert (ticket.created_at, ticket.updated_at) == (there.entered, there.updated)
        assert ticket.url == f"https://riverside.psarev.io/ticket/{there.id}"
        assert ticket.customer_flag is None and ticket.parent_ids == ()

    async def test_a_round_reads_the_list_once(self, psa, app):
        scope = await psa.resolve(MINE)
        await pull(psa, scope)
        await psa.ticket_ids(scope)
        assert paths(app) == [EXCHANGE, LIST, LIST]
        await pull(psa, await psa.resolve(MINE))
        assert paths(app) == [LIST, LIST], "the next round reads anew"

    async def test_of_the_scope_nothing_rests_on_the_modified_date(self, psa, world):
        """Nobody has established what moves it."""
        scope = await psa.resolve(MINE)
        _, cursor, _ = await pull(psa, scope)
        there = world.ticket(next(iter(ours(world))))
        there.summary = "Changed, and no date says so"
        found, _, _ = await pull(psa, scope, cursor)
        assert found[str(there.id)].summary == "Changed, and no date says so"

    async def test_of_others_those_that_changed_are_told(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor, _ = await pull(psa, scope)
        theirs = [t for t in world.tickets.values() if t.owner_id == world.member("asmith").id]
        world.set_field(theirs[0].id, "summary", "Moved on")
        found, _, _ = await pull(psa, scope, cursor)
        assert found[str(theirs[0].id)].summary == "Moved on"
        assert len([one for one in theirs if str(one.id) in found]) < len(theirs)

    async def test_a_damaged_cursor_is_an_error(self, psa):
        with pytest.raises(Unreadable, match="saved position"):
            await pull(psa, await psa.resolve(MINE), "yesterday")

    async def test_a_date_far_ahead_does_not_carry_the_cursor_away(self, psa, world):
        there = world.ticket(next(iter(ours(world))))
        before, there.updated = there.updated, int(time.time()) + 10**8
        try:
            _, cursor, _ = await pull(psa, await psa.resolve(MINE))
        finally:
            there.updated = before
        assert int(cursor) <= time.time()

    @pytest.mark.parametrize("field", ["ticketStatus", "ticketState"])
    async def test_the_status_has_two_names(self, psa, app, world, field):
        app.state.switches.status_field = field
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert {t.status for t in found.values()} <= {s.name for s in world.statuses.values()}

    async def test_dates_without_a_zone(self, place, app, world):
        app.state.switches.zone = "none"
        there = world.ticket(next(iter(ours(world))))
        for zone, hours in (("UTC", 0), ("Etc/GMT+5", 5)):
            psa = connector(place[1], date_zone=zone)
            found, _, _ = await pull(psa, await psa.resolve(MINE))
            assert found[str(there.id)].created_at == there.entered + hours * 3600
            await psa.close()

    async def test_an_empty_date_of_the_year_one_is_none(self, psa, app, monkeypatch):
        _altered(monkeypatch, lambda row: row | {"closedDate": "0001-01-01T00:00:00"})
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert not any(ticket.closed for ticket in found.values())


class TestPages:
    @pytest.mark.parametrize("size", [1, 7, 50, 99, 500])
    @pytest.mark.parametrize("page", ["counts", "clamped"])
    async def test_any_page_size_gives_everything(self, psa, app, world, monkeypatch, size, page):
        small_pages(monkeypatch, size)
        app.state.switches.page = page
        assert (await psa.ticket_ids(await psa.resolve(MINE))).ids == ours(world)

    async def test_a_server_that_gives_shorter_pages_than_asked_for_hides_nothing(self, psa, app, world):
        app.state.switches.page_size = 30
        assert (await psa.ticket_ids(await psa.resolve(MINE))).ids == ours(world)

    async def test_a_server_that_ignores_the_page_is_not_read_for_ever(self, psa, app, world):
        app.state.switches.page = "ignored"
        assert (await psa.ticket_ids(await psa.resolve(MINE))).ids == ours(world), "the page was not full"
        assert len(paths(app)) == 3

    async def test_a_full_page_that_comes_again_is_no_whole_list(self, psa, app, monkeypatch):
        small_pages(monkeypatch, 20)
        app.state.switches.page = "ignored"
        with pytest.raises(Unreadable, match="page 2 repeats page 1"):
            await psa.resolve(MINE)

    async def test_a_list_of_one_page_costs_two_requests_and_of_several_twice_its_pages(
        self, psa, app, monkeypatch
    ):
        await psa.resolve(MINE)
        assert paths(app) == [EXCHANGE, LIST, LIST]
        small_pages(monkeypatch, 30)
        await psa._reader.read()
        assert len(paths(app)) == 2 * (4 + 1)

    @pytest.mark.parametrize("status", [400, 404])
    async def test_a_refusal_behind_the_end_is_the_end_and_one_of_the_first_page_is_none(
        self, psa, app, world, status
    ):
        scope = await psa.resolve(MINE)
        from connectors.simulators import revio as simulated

        tickets = simulated._tickets

        def stops(made: Any, request: Any, body: Any) -> Any:
            if request.query_params["page"] != "1":
                raise simulated._Refused(status, "page out of range")
            return tickets(made, request, body)

        app.router.routes[1].app = _route(app, stops)
        try:
            await psa._reader.read()
            assert (await psa.ticket_ids(scope)).ids == ours(world)
        finally:
            app.router.routes[1].app = _route(app, tickets)

    async def test_nothing_is_lost_when_rows_leave_the_pages_while_we_read(
        self, psa, app, world, monkeypatch
    ):
        """Each request lets a ticket be closed that stood on a page already read; the list has open ones alone."""
        scope = await psa.resolve(MINE)
        small_pages(monkeypatch, 20)
        app.state.switches.open_only = True
        newest = iter(
            [t.id for t in sorted(world.tickets.values(), key=lambda t: -t.id) if world.is_open(t)][:6]
        )
        closed = []
        get = psa._api.get

        async def moving(path: str, params: Any = None) -> Any:
            answer = await get(path, params)
            if params and params.get("page") in ("1", "2") and (one := next(newest, None)):
                closed.append(one)
                world.close(one)
            return answer

        monkeypatch.setattr(psa._api, "get", moving)
        await psa._reader.read()
        listed = await psa.ticket_ids(scope)
        for one in closed:
            world.reopen(one)
        assert len(closed) >= 4
        assert ours(world) - {str(one) for one in closed} <= listed.ids

    async def test_a_list_that_never_settles_is_an_error(self, psa, app, world, monkeypatch):
        await psa.resolve(MINE)
        small_pages(monkeypatch, 20)
        hidden = sorted(world.tickets)[:8]
        kept = {one: world.tickets.pop(one) for one in hidden}
        get = psa._api.get

        async def moving(path: str, params: Any = None) -> Any:
            if params and params.get("page") == "1" and kept:
                key = next(iter(kept))
                world.tickets[key] = kept.pop(key)
            return await get(path, params)

        monkeypatch.setattr(psa._api, "get", moving)
        try:
            with pytest.raises(Unreadable, match="faster than it can be read"):
                await psa._reader.read()
        finally:
            world.tickets.update(kept)


class TestHostile:
    async def test_a_row_without_a_status_or_with_a_strange_one_is_put_aside(self, psa, world, monkeypatch):
        one, two, three, *_ = sorted(ours(world))
        strange = {
            one: {"ticketStatus": None, "ticketState": "  "},
            two: {"ticketStatus": {"id": 1}},
            three: {"closedDate": "soon"},
        }
        _altered(monkeypatch, lambda row: row | strange.get(str(row["ticketId"]), {}))
        scope = await psa.resolve(MINE)
        found, _, pages = await pull(psa, scope)
        odd = {o.ticket_id: o.path for page in pages for o in page.odd}
        assert odd == {one: "$.ticketStatus", two: "$.ticketStatus", three: "$.closedDate"}
        assert set(found) & {one, two, three} == set()
        assert {one, two, three} <= (await psa.ticket_ids(scope)).ids, "they are there, whatever they are"

    async def test_a_strange_row_of_somebody_else_is_not_ours(self, psa, world, monkeypatch):
        theirs = next(t for t in world.tickets.values() if t.owner_id == world.member("asmith").id)
        _altered(
            monkeypatch, lambda row: row | ({"ticketStatus": []} if row["ticketId"] == theirs.id else {})
        )
        scope = await psa.resolve(MINE)
        _, _, pages = await pull(psa, scope)
        assert [o.ticket_id for page in pages for o in page.odd] == [str(theirs.id)]
        assert (await psa.ticket_ids(scope)).ids == ours(world)

    async def test_a_list_of_which_nothing_can_be_read_is_an_error_and_no_unknown_name(
        self, psa, monkeypatch
    ):
        _altered(monkeypatch, lambda row: row | {"ticketId": str(row["ticketId"])})
        with pytest.raises(Unreadable, match=r"None of the 100 rows .*ticketId"):
            await psa.resolve(MINE)

    @pytest.mark.parametrize("fault", ["html", "cut"])
    async def test_an_answer_that_is_no_list_is_an_error(self, psa, app, fault):
        app.state.faults.next(LIST, fault, times=60)
        with pytest.raises(Unreadable):
            await psa.resolve(MINE)

    async def test_hostile_text_is_only_text(self, psa, world, monkeypatch):
        one = sorted(ours(world))[0]
        evil = "\x1b]0;owned\x07[/b] ticket\u202e"
        _altered(
            monkeypatch,
            lambda row: row | ({"ticketDescription": evil} if row["ticketId"] == int(one) else {}),
        )
        found, _, _ = await pull(psa, await psa.resolve(MINE))
        assert found[one].summary == evil, "as it came; whoever shows it cleans it"

    async def test_a_429_that_does_not_say_how_long_is_throttled(self, place, app):
        app.state.switches.per_minute = 1
        psa = connector(place[1])
        with pytest.raises(Throttled):
            await psa.resolve(MINE)
        await psa.close()


class TestById:
    @pytest.mark.parametrize("detail", ["works", "bare", "other", "404", "405"])
    async def test_a_ticket_is_found_whatever_the_tenant_gives(self, psa, app, world, detail):
        app.state.switches.detail = detail
        one = sorted(ours(world))[0]
        answer = await psa.fetch([one, "999999", "nonsense"])
        assert [ticket.ticket_id for ticket in answer.tickets] == [one]
        assert {hidden.ticket_id for hidden in answer.not_visible} == {"999999", "nonsense"}
        assert answer.gone == () and answer.odd == ()

    async def test_where_it_does_not_work_it_is_not_asked_for_again(self, psa, app, world):
        app.state.switches.detail = "405"
        one, two = sorted(ours(world))[:2]
        await psa.fetch([one])
        paths(app)
        await psa.fetch([two])
        assert set(paths(app)) == {LIST}

    async def test_what_the_list_just_lacked_is_not_looked_for_there_again(self, psa, app, world):
        await pull(psa, await psa.resolve(MINE))
        paths(app)
        answer = await psa.fetch(["999999"])
        assert answer.not_visible and paths(app) == ["/psac/api/v1/ticket/999999"]

    async def test_a_ticket_that_was_deleted_after_the_list_was_read_is_not_taken_for_there(self, psa, world):
        await pull(psa, await psa.resolve(MINE))
        gone = world.ticket(sorted(ours(world))[-1])
        kept = (gone, world.notes[gone.id], world.time_of.get(gone.id))
        del world.tickets[gone.id]
        try:
            answer = await psa.fetch([str(gone.id)])
        finally:
            world.tickets[gone.id] = kept[0]
        assert [hidden.ticket_id for hidden in answer.not_visible] == [str(gone.id)]

    async def test_names_that_are_not_known_are_logged_without_their_values(self, psa, world, caplog):
        with caplog.at_level(logging.INFO, logger="connectors.revio.api"):
            await psa.fetch(sorted(ours(world))[:3])
        told = [record.getMessage() for record in caplog.records if record.name == "connectors.revio.api"]
        assert len(told) == 1 and "techsAssociated, workRequested" in told[0]
        assert world.ticket(sorted(ours(world))[0]).summary not in told[0]


class TestNotKnown:
    async def test_what_is_said_and_worked_is_refused_and_never_empty(self, psa, app):
        for ask, what in ((psa.conversation("1"), "said"), (psa.time_entries(["1"]), "time entries")):
            with pytest.raises(Unsupported, match=what):
                await ask
        assert paths(app) == []

    async def test_names_and_statuses_seen_are_choices_and_nothing_else_is(self, psa, world):
        owners = {one.name for one in await psa.choices("owner", ChoiceContext())}
        assert owners == {
            world.members[t.owner_id].name for t in world.tickets.values() if t.owner_id is not None
        }
        statuses = {one.name: one.closed for one in await psa.choices("status", ChoiceContext())}
        assert statuses["Customer Responded"] is False and statuses[">Closed"] is True
        for kind in ("billing_code", "contact", "agreement", "type", "priority", "board"):
            assert await psa.choices(kind, ChoiceContext()) == ()

    async def test_nothing_is_ever_sent(self, psa, app, world):
        ticket = (await psa.fetch([sorted(ours(world))[0]])).tickets[0]
        paths(app)
        base = {"change": "c", "ticket_id": ticket.ticket_id}
        code = Ref("1", "x")
        for fix in (
            Fix(**base, fields={"status": Ref("Closed", "Closed")}),
            Fix(**base, fields={"custom:Asset": "x"}),
            Fix(**base, entries={"1": code}),
            Fix(**base, reply="x"),
            Fix(**base, note="x"),
            Fix(**base, time=NewTime(hours=1)),
        ):
            with pytest.raises(Unsupported) as told:
                psa.plan(fix, ticket)
            assert told.value.hint.startswith("Rev.io PSA: not offered by its API as known")
        with pytest.raises(Unsupported):
            await psa.apply(Step(action="put", ticket_id="1", request="PUT /x"), None)
        assert paths(app) == []

    def test_every_refusal_says_what_to_do(self):
        with_page = connector("http://127.0.0.1:9").capabilities.absent
        assert {with_page[verb] for verb in with_page} == {
            "Rev.io PSA: not offered by its API as known; `o` opens the ticket there."
        }
        without = connector("http://127.0.0.1:9", ticket_url="").capabilities.absent
        assert "ticket_url" in without["reply"]

    def test_it_is_read_every_quarter_of_an_hour_unless_the_settings_say_otherwise(self):
        assert connector("http://127.0.0.1:9").capabilities.read_every == 900
        assert connector("http://127.0.0.1:9", read_every_minutes=60).capabilities.read_every == 3600


def _altered(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Every row of the simulator goes through `change`."""
    from connectors.simulators import revio as simulated

    row = simulated.row
    monkeypatch.setattr(simulated, "row", lambda made, ticket: change(row(made, ticket)))


def _route(app: Any, handler: Any) -> Any:
    """The list's route with another handler."""
    from starlette.routing import Route

    from connectors.simulators.revio import _endpoint

    return Route(LIST, _endpoint(app.state.simulator, handler), methods=["GET"]).app
