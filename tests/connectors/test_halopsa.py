"""The HaloPSA connector against the simulated PSA, over a real socket: tokens, reading, choices, verify."""

# ruff: noqa: F401, F811 - fixtures of `halo_desk`

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import msgspec
import pytest

from connectors import OptionsError, open_connector
from connectors.contract import (
    Attachment,
    ChoiceContext,
    Forbidden,
    NotThere,
    Scope,
    Tombstone,
    Unauthorized,
    UnknownName,
    Unreadable,
)
from connectors.halopsa.api import Api, _window
from connectors.halopsa.wire import ActionRow, FileRow, TicketRow, files, seconds
from connectors.simulators import halopsa
from tests.connectors.halo_desk import (
    MINE,
    an_open,
    desk,
    opened,
    options,
    ours,
    psa,
    pull,
    served,
    world,
)

# ---------------------------------------------------------------- tokens


class TestTokens:
    async def test_one_token_serves_many_requests(self, psa, desk):
        await psa.resolve(MINE)
        await psa.choices("status", ChoiceContext())
        assert len(desk.seen("/auth/token", "POST")) == 1 and len(desk.seen("/api/authinfo")) == 1

    async def test_a_token_that_ends_in_the_middle_is_renewed_once(self, psa, desk):
        scope = await psa.resolve(MINE)
        desk.state.simulator.tokens.clear()
        found, _ = await pull(psa, scope)
        assert found and len(desk.seen("/auth/token", "POST")) == 2

    async def test_many_requests_refused_at_once_ask_for_one_new_token(self, psa, desk, world):
        await psa.resolve(MINE)
        desk.state.simulator.tokens.clear()
        await psa.fetch(sorted(ours(world))[:6])
        assert len(desk.seen("/auth/token", "POST")) == 2

    async def test_a_token_is_renewed_before_its_end(self, psa, desk):
        desk.state.switches.token_life = 61
        await psa.choices("status", ChoiceContext())
        await asyncio.sleep(1.2)
        await psa.choices("team", ChoiceContext())
        assert len(desk.seen("/auth/token", "POST")) == 2 and len(desk.seen("/Team")) == 1

    async def test_a_token_that_is_always_refused_ends_as_unauthorized(self, psa, desk):
        desk.state.faults.next("/Agent", "401", times=5)
        with pytest.raises(Unauthorized):
            await psa.resolve(MINE)
        assert len(desk.seen("/Agent")) == 2, "once more with a new token, and no more"

    async def test_a_wrong_secret_is_unauthorized_and_not_shown(self, desk):
        found = open_connector("halopsa", "x", options(desk.url), {"client_secret": "wrong-secret-1"})
        with pytest.raises(Unauthorized) as caught:
            await found.resolve(MINE)
        await found.close()
        assert "client_id" in caught.value.hint and "wrong-secret-1" not in str(caught.value)
        assert len(desk.seen("/auth/token", "POST")) == 1

    async def test_the_secret_goes_in_the_body_and_to_no_other_path(self, psa, desk):
        await psa.resolve(MINE)
        (asked,) = desk.seen("/auth/token", "POST")
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert (
            asked.query == {"tenant": "riverside"}
            and b"client_secret=DemoClientSecret01%2B%2F%3D" in asked.body
        )
        others = [one for one in desk.state.requests if one is not asked]
        assert others and not any(b"DemoClient" in one.body or "DemoClient" in str(one) for one in others)

    async def test_an_authorisation_server_elsewhere_does_not_get_the_secret(self, psa, desk):
        desk.state.switches.auth_url = "https://evil.example/auth"
        with pytest.raises(Unreadable) as caught:
            await psa.resolve(MINE)
        assert "auth_url" in caught.value.hint and not desk.seen("/auth/token", "POST")

    async def test_one_that_the_settings_name_does(self, desk):
        found = opened(desk.url, auth_url=f"{desk.url}/auth", tenant="riverside")
        await found.resolve(MINE)
        await found.close()
        assert not desk.seen("/api/authinfo") and len(desk.seen("/auth/token", "POST")) == 1

    async def test_the_token_is_blacked_out_where_a_server_echoes_it(self):
        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("/token"):
                return httpx.Response(200, json={"access_token": "tok-123456", "expires_in": 3600})
            if request.url.path == "/api/authinfo":
                return httpx.Response(404, text="no")
            return httpx.Response(400, json={"Message": f"bad {request.headers['authorization']}"})

        found = open_connector(
            "halopsa",
            "x",
            options("https://halo.test"),
            halopsa.secrets(),
            transport=httpx.MockTransport(answer),
        )
        with pytest.raises(Exception, match="bad Bearer •••"):
            await found.resolve(MINE)
        await found.close()

    def test_the_secret_is_needed(self):
        with pytest.raises(OptionsError, match="client_secret"):
            open_connector("halopsa", "x", options("https://halo.test"), {})


# ---------------------------------------------------------------- tickets


class TestTickets:
    async def test_the_full_pull_brings_exactly_what_is_in_scope(self, psa, world):
        found, _ = await pull(psa, await psa.resolve(MINE))
        assert {key for key, ticket in found.items() if not ticket.closed} == ours(world)
        assert {key for key, ticket in found.items() if ticket.closed}, "recently closed ones come too"

    async def test_a_row_is_completed_with_what_only_the_whole_ticket_has(self, psa, world):
        key = next(one for one in ours(world) if world.tickets[int(one)].work_type_id)
        found, _ = await pull(psa, await psa.resolve(MINE))
        code = world.work_types[world.tickets[int(key)].work_type_id]
        assert (found[key].billing_code_id, found[key].billing_code) == (str(code.id), code.name)
        assert found[key].agreement and found[key].custom

    async def test_whole_tickets_are_asked_for_only_when_changed(self, psa, desk, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        desk.state.requests.clear()
        key = an_open(world)
        world.set_field(key, "priority", "Priority 1 - Critical")
        found, _ = await pull(psa, scope, cursor)
        whole = [one.path for one in desk.state.requests if one.path.startswith("/Tickets/")]
        assert whole == [f"/Tickets/{key}"] and found[str(key)].priority == "Priority 1 - Critical"
        assert desk.seen("/Tickets")[0].query.keys() & {"agent_id", "open_only"} == set()

    async def test_a_second_change_within_the_same_second_is_not_missed(self, psa, world):
        """`last_update` has no parts of a second: what was read right after it may be half of what happened then."""
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        key = an_open(world)
        world.set_field(key, "billing_code", "On-site")
        found, _ = await pull(psa, scope, cursor)
        assert found[str(key)].billing_code == "On-site"
        world.ticket(key).work_type_id = world.work_type("Consulting").id
        found, _ = await pull(psa, scope, cursor)
        assert found[str(key)].billing_code == "Consulting"
        world.ticket(key).work_type_id = world.work_type("On-site").id
        (ticket, *_) = (await psa.fetch([str(key), *sorted(ours(world))[:2]])).tickets
        assert ticket.billing_code == "On-site"

    async def test_a_ticket_given_away_comes_and_is_not_asked_for_as_a_whole(self, psa, desk, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        key = an_open(world)
        world.reassign(key, "asmith")
        desk.state.requests.clear()
        found, _ = await pull(psa, scope, cursor)
        assert not scope.holds(found[str(key)]) and not desk.seen(f"/Tickets/{key}")
        world.reassign(key, "jdoe")

    async def test_the_cursor_has_an_overlap_and_never_goes_back(self, psa, world):
        scope = await psa.resolve(MINE)
        _, cursor = await pull(psa, scope)
        newest = max(t.updated for t in world.tickets.values())
        assert seconds(cursor, "", []) <= newest - 300 + 1
        _, later = await pull(psa, scope, cursor)
        assert later >= cursor

    async def test_a_damaged_cursor_says_what_to_do(self, psa):
        with pytest.raises(Unreadable) as caught:
            await pull(psa, await psa.resolve(MINE), "soon")
        assert "sync --full" in caught.value.hint

    async def test_dates_read_in_another_zone_are_an_error_not_a_gap(self, psa, desk):
        scope = await psa.resolve(MINE)
        desk.state.switches.zone = 8 * 3600
        with pytest.raises(Unreadable, match="UTC"):
            await pull(psa, scope)

    async def test_the_signal_is_the_status_that_the_type_names(self, psa, world):
        flagged = an_open(world, flag=True)
        quiet = an_open(world, flag=False)
        tickets = {t.ticket_id: t for t in (await psa.fetch([str(flagged), str(quiet)])).tickets}
        assert tickets[str(flagged)].customer_flag is True and tickets[str(flagged)].status == "Updated"
        assert tickets[str(quiet)].customer_flag is False

    async def test_without_ticket_types_there_is_no_signal(self, psa, desk, world):
        desk.state.switches.forbidden = frozenset({"TicketType"})
        (ticket,) = (await psa.fetch([str(an_open(world, flag=True))])).tickets
        assert ticket.customer_flag is None

    async def test_ids_and_count_agree(self, psa, world):
        found = await psa.ticket_ids(await psa.resolve(MINE))
        assert found.ids == ours(world) and found.count == len(found.ids)

    @pytest.mark.parametrize(
        "scope", [Scope("all"), Scope("team", "service team"), Scope("board", "Night Shift")]
    )
    async def test_other_scopes(self, psa, world, scope):
        resolved = await psa.resolve(scope)
        found = await psa.ticket_ids(resolved)
        assert found.ids == {
            str(t.id)
            for t in world.tickets.values()
            if world.is_open(t) and resolved.name in (None, world.teams[t.team_id].name)
        }

    async def test_names_that_are_not_there_list_near_ones(self, psa):
        with pytest.raises(UnknownName) as caught:
            await psa.resolve(Scope("owner", "Jordan Do"))
        assert "Jordan Doe" in caught.value.hint
        with pytest.raises(UnknownName, match="disabled"):
            await psa.resolve(Scope("owner", "Robert Gone"))
        with pytest.raises(UnknownName):
            await psa.resolve(Scope("team", "Nobody"))

    async def test_fetch_says_what_became_of_each(self, psa, world):
        kept, merged, deleted = sorted(
            int(one) for one in ours(world) if not world.tickets[int(one)].parent_id
        )[-3:]
        world.merge(merged, kept)
        world.delete(deleted)
        found = await psa.fetch([str(kept), str(merged), str(deleted), "x"])
        assert [t.ticket_id for t in found.tickets] == [str(kept)]
        assert found.gone == (Tombstone(str(merged), "merged", str(kept)),)
        assert [one.ticket_id for one in found.not_visible] == [str(deleted), "x"]

    async def test_one_id_is_read_afresh_whatever_its_date_says(self, psa, world):
        key = an_open(world)
        await psa.fetch([str(key)])
        world.tickets[key].summary = "Changed within the second"
        assert (await psa.fetch([str(key)])).tickets[0].summary == "Changed within the second"


# ---------------------------------------------------------------- pages


class TestPages:
    """Paging by number, with rows that come and go."""

    @staticmethod
    async def read(ids: list[int], between=lambda page, ids: None) -> tuple[set[int], int]:
        """What `Api.pages` brings of a list that `between` changes after each page; and the requests."""
        asked = 0

        def answer(request: httpx.Request) -> httpx.Response:
            nonlocal asked
            if request.url.path != "/api/Tickets":
                body = {"access_token": "tok-123456", "expires_in": 3600}
                return httpx.Response(200, json=body)
            asked += 1
            query = request.url.params
            size, page = int(query["page_size"]), int(query["page_no"])
            assert query["pageinate"] == "true" and size <= 100
            rows = [{"id": one, "status_id": 1} for one in sorted(ids)[(page - 1) * size : page * size]]
            response = httpx.Response(200, json={"record_count": len(ids), "tickets": rows})
            between(asked, ids)
            return response

        api = Api("https://halo.test", ("a", "secret"), transport=httpx.MockTransport(answer))
        found: set[int] = set()
        async for page in api.pages("/Tickets", "tickets", TicketRow, frozenset({"id"}), {}):
            new = {row.id for row in page.rows}
            assert not new & found, "no row comes twice"
            found |= new
        await api.close()
        return found, asked

    @pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 198, 199, 1000, 3456])
    async def test_all_rows_once(self, n):
        found, asked = await self.read(list(range(1, n + 1)))
        assert found == set(range(1, n + 1))
        assert asked <= 1 + -(-n // 90)

    def test_each_window_begins_with_a_row_already_read(self):
        for covered in range(1, 5000):
            page, size = _window(covered)
            assert (page - 1) * size < covered <= page * size and 50 <= size <= 100

    async def test_rows_that_leave_while_it_reads_hide_none(self):
        stays = set(range(1, 501)) - set(range(3, 500, 7))

        def leave(page: int, ids: list[int]) -> None:
            for one in [one for one in list(ids) if one % 7 == 3][:4]:
                ids.remove(one)

        found, _ = await self.read(list(range(1, 501)), leave)
        assert found >= stays

    async def test_rows_that_come_while_it_reads_hide_none(self):
        def come(page: int, ids: list[int]) -> None:
            if page < 4:
                ids.extend(range(-10 * page, -10 * page + 10))

        found, _ = await self.read(list(range(1, 401)), come)
        assert found >= set(range(1, 401))

    async def test_a_list_that_shrinks_below_the_window_is_read_from_the_start(self):
        def leave(page: int, ids: list[int]) -> None:
            if page == 1:
                del ids[:110]

        found, _ = await self.read(list(range(1, 201)), leave)
        assert found >= set(range(111, 201))

    async def test_a_list_that_never_rests_is_an_error(self):
        def leave(page: int, ids: list[int]) -> None:
            ids[:] = [one + 1000 for one in ids]

        with pytest.raises(Unreadable, match="faster"):
            await self.read(list(range(1, 301)), leave)

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"record_count": 9, "tickets": [{"id": 5, "status_id": 1}]}, "counted"),
            ({"record_count": 2, "tickets": [{"id": 5}, {"id": 4}]}, "order"),
            ({"record_count": 1, "tickets": [{"id": "x"}]}, "no row"),
            ({"rows": []}, "shape"),
        ],
    )
    async def test_a_list_that_cannot_be_trusted_is_an_error(self, body, words):
        replies = [httpx.Response(200, json={"access_token": "t" * 9}), httpx.Response(200, json=body)]
        api = Api(
            "https://halo.test",
            ("a", "secret"),
            tenant="t",
            auth_url="https://halo.test/auth",
            transport=httpx.MockTransport(lambda request: replies.pop(0)),
        )
        with pytest.raises(Unreadable, match=words):
            async for _ in api.pages("/Tickets", "tickets", TicketRow, frozenset({"id", "status_id"}), {}):
                pass
        await api.close()


# ---------------------------------------------------------------- conversation, time


class Short(list):
    """A list that says that it is longer than it is."""

    def __len__(self) -> int:
        return 7


class TestTalk:
    async def test_actions_are_the_conversation_without_the_opening(self, psa, world):
        key = an_open(world)
        found = await psa.conversation(str(key))
        notes = [n for n in world.notes[key] if not n.issue and n.created_by != "Workflow"]
        time_notes = [world.time[i] for i in world.time_of.get(key, ()) if world.time[i].public]
        assert {n.note_id for n in found.notes} == {str(n.id) for n in notes} | {
            str(e.id) for e in time_notes
        }
        assert [n.created_at for n in found.notes] == sorted(n.created_at for n in found.notes)

    async def test_who_wrote(self, psa, world):
        key = an_open(world)
        said = world.customer_replies(key, "Still broken")
        inside = world.staff_note(key, "For us", public=False)
        nobody = world.unknown_note(key, "From the mailbox")
        by_id = {n.note_id: n for n in (await psa.conversation(str(key))).notes}
        assert by_id[str(said.id)].speaker == "customer" and by_id[str(said.id)].public
        assert by_id[str(inside.id)].speaker == "staff" and not by_id[str(inside.id)].public
        assert by_id[str(nobody.id)].speaker == "unknown"

    async def test_files_come_with_their_action_and_cost_nothing_more(self, psa, desk, world):
        key = an_open(world)
        sent = world.customer_replies(key, "", files=(("screen.png", 51_234), ("log.txt", 900)))
        await psa.conversation(str(key))
        desk.state.requests.clear()
        by_id = {n.note_id: n for n in (await psa.conversation(str(key))).notes}
        assert by_id[str(sent.id)].attachments == (
            Attachment("screen.png", 51_234),
            Attachment("log.txt", 900),
        )
        assert [one.path for one in desk.state.requests] == ["/Actions"]

    def test_a_file_that_is_counted_and_not_named_is_told_all_the_same(self):
        def found(**more: Any) -> tuple[Attachment, ...]:
            return files(ActionRow(id=1, hiddenfromuser=False, **more))

        named = [FileRow(filename="a.png", filesize=1)]
        assert found(attachment_count=2) == (Attachment(""), Attachment(""))
        assert found(attachment_count=2, attachments=named) == (Attachment("a.png", 1), Attachment(""))
        assert found(attachment_count=0, attachments=named) == (Attachment("a.png", 1),)
        assert found() == () and len(found(attachment_count=10**9)) == 50

    async def test_time_is_actions_with_hours(self, psa, world):
        key = an_open(world)
        entry = world.log_time(key, 0.25, work_type="On-site")
        found = {e.time_id: e for e in (await psa.time_entries([str(key)])).entries}
        mine = found[str(entry.id)]
        assert (mine.hours, mine.billing_code, mine.member) == (0.25, "On-site", "Jordan Doe")
        assert set(found) == {str(i) for i in world.time_of[key]} and not mine.locked
        assert mine.ended_at - mine.started_at == 900

    async def test_what_is_invoiced_is_locked(self, psa, world):
        key = an_open(world)
        entry = world.log_time(key, 1)
        entry.invoice = "INV-77"
        found = {e.time_id: e for e in (await psa.time_entries([str(key)])).entries}
        assert found[str(entry.id)].locked

    async def test_one_reading_serves_conversation_and_time_once(self, psa, desk, world):
        key = str(an_open(world))
        await psa.conversation(key)
        await psa.time_entries([key])
        assert len(desk.seen("/Actions")) == 1
        await psa.time_entries([key])
        assert len(desk.seen("/Actions")) == 2

    async def test_a_list_that_is_shorter_than_its_count_is_an_error(self, psa, desk, world, monkeypatch):
        key = an_open(world)
        monkeypatch.setattr(halopsa.made_of, "actions", lambda *_, **__: Short([]))
        with pytest.raises(Unreadable, match="counted"):
            await psa.conversation(str(key))

    async def test_a_ticket_that_is_not_there(self, psa):
        for key in ("999999", "x"):
            with pytest.raises(NotThere):
                await psa.conversation(key)


# ---------------------------------------------------------------- choices, verify, trouble


class TestChoices:
    async def test_statuses_of_the_instance(self, psa):
        found = {c.name: c for c in await psa.choices("status", ChoiceContext(board_id="Service Team"))}
        assert found["Closed"].closed and not found["Updated"].closed

    async def test_charge_rates_by_the_lookup_that_is_called_so(self, psa, desk, world):
        found = await psa.choices("billing_code", ChoiceContext())
        assert {c.name for c in found} == {w.name for w in world.work_types.values() if not w.inactive}
        assert [one.query["lookupid"] for one in desk.seen("/Lookup")] == ["11", "17"]

    async def test_contacts_sites_and_agreements_of_the_company_only(self, psa, world):
        company = next(iter(world.companies))
        for kind, table in (
            ("contact", world.contacts),
            ("site", world.sites),
            ("agreement", world.agreements),
        ):
            found = await psa.choices(kind, ChoiceContext(company_id=str(company)))
            assert found and {c.company_id for c in found} == {str(company)}
            assert {c.id for c in found} <= {
                str(row.id) for row in table.values() if row.company_id == company
            }

    async def test_by_id_inactive_ones_come_too(self, psa, world):
        gone = next(a for a in world.agreements.values() if a.cancelled)
        (found,) = await psa.choices("agreement", ChoiceContext(ids=(str(gone.id),)))
        assert found.cancelled and not found.active and found.ends_on is None

    @pytest.mark.parametrize("kind", ["owner", "priority", "team", "board", "type"])
    async def test_flat_lists_have_each_thing_once(self, psa, kind):
        found = await psa.choices(kind, ChoiceContext())
        assert found and len({c.id for c in found}) == len(found)

    async def test_a_kind_that_halo_lacks_gives_none(self, psa):
        assert await psa.choices("source", ChoiceContext()) == ()


class TestVerify:
    async def test_who_we_are_and_what_was_found(self, psa, world):
        found = await psa.verify()
        assert (found.member, found.member_id) == ("Jordan Doe", str(world.member("jdoe").id))
        assert found.found == {"charge_lookup": "17", "reply_outcome": "16", "note_outcome": "7"}
        assert not found.missing and any("UTC" in note for note in found.notes)

    async def test_missing_rights_are_named(self, psa, desk):
        desk.state.switches.forbidden = frozenset({"ClientContract", "Lookup", "TicketType"})
        found = await psa.verify()
        assert {right for _, right in found.missing} == {
            "permission to read “ClientContract”",
            "permission to read “Lookup”",
            "permission to read “TicketType”",
        }

    async def test_an_application_without_an_agent(self, psa, desk):
        desk.state.switches.agent = False
        assert any("as which agent" in note for note in (await psa.verify()).notes)

    async def test_an_application_that_acts_as_somebody_else(self, desk):
        found = opened(desk.url, technician="Aisha Smith")
        assert any("Jordan Doe" in note for note in (await found.verify()).notes)
        await found.close()

    async def test_dates_in_another_zone_are_told(self, psa, desk):
        desk.state.switches.zone = 6 * 3600
        assert any("not understood in UTC" in note for note in (await psa.verify()).notes)


class TestTrouble:
    async def test_a_record_of_the_wrong_kind_is_quarantined_and_the_rest_comes(self, psa, desk, world):
        scope = await psa.resolve(MINE)
        desk.state.faults.next("/Tickets", "wrong-type")
        tickets, odd = [], []
        async for page in psa.tickets(scope, None, int(time.time())):
            tickets += page.tickets
            odd += page.odd
        (one,) = {o.ticket_id for o in odd}
        assert one in ours(world) and {t.ticket_id for t in tickets if not t.closed} == ours(world) - {one}

    @pytest.mark.parametrize(
        ("kind", "error"), [("html", Unreadable), ("cut", Unreadable), ("403", Forbidden)]
    )
    async def test_errors_have_their_kind(self, psa, desk, world, kind, error):
        desk.state.faults.next("/Actions", kind, times=9)
        with pytest.raises(error):
            await psa.conversation(str(an_open(world)))

    @pytest.mark.parametrize("kind", ["500", "drop"])
    async def test_a_read_that_fails_once_is_tried_again(self, psa, desk, world, kind):
        desk.state.faults.next("/Actions", kind)
        assert (await psa.conversation(str(an_open(world)))).notes

    async def test_a_limit_without_a_time_keeps_all_quiet_for_a_minute(self, psa):
        (quota,) = psa.capabilities.quota
        assert (quota.requests, quota.seconds, quota.pause) == (300, 300, 60)

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            ({"resultCode": 1, "errorMessage": "No such status"}, "No such status"),
            ({"ClassName": "X", "Message": "Broken"}, "Broken"),
            ({"error": "invalid", "error_description": "Really"}, "invalid: Really"),
            ("Just text", "Just text"),
        ],
    )
    def test_halo_s_own_words(self, body, words):
        from connectors.halopsa.api import explain

        assert explain(400, msgspec.json.encode(body)) == (words, None)


@pytest.mark.parametrize(
    "empty", ["1900-01-01T00:00:00", "0001-01-01T00:00:00", "1899-12-30T00:00:00", "", None]
)
def test_empty_dates(empty):
    problems: list = []
    assert seconds(empty, "$", problems) is None and not problems
