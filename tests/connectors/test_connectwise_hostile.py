"""The ConnectWise connector against servers that answer oddly: small scripted ones, over real sockets."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from connectors import open_connector
from connectors.connectwise.api import hosts, moment, pinned, quoted
from connectors.connectwise.connector import ConnectWise
from connectors.connectwise.wire import TICKET_STRICT, TicketRow, explain
from connectors.contract import (
    Forbidden,
    NotVisible,
    Rejected,
    Resolved,
    Scope,
    Step,
    Unauthorized,
    UnknownName,
    Unreadable,
)
from connectors.rows import read_row
from tests.connectors.scripted import Got, Server, http, scripted

ALL = Resolved(Scope("all"), None, None)
INFO = {"CompanyName": "Acme", "Codebase": "v2025_1/", "VersionCode": "v2025.1", "IsCloud": "True"}
Answers = dict[str, Callable[[Got], bytes]]


def ticket(number: int, **more) -> dict:
    return {
        "id": number,
        "status": {"id": 16, "name": "New"},
        "closedFlag": False,
        "customerUpdatedFlag": False,
    } | more


def page(*rows: object) -> Callable[[Got], bytes]:
    return lambda got: http(200, json.dumps(rows))


@asynccontextmanager
async def psa_with(**answers: Callable[[Got], bytes] | bytes) -> AsyncIterator[tuple[ConnectWise, Server]]:
    """`tickets`, `count`, `notes` … by the last part of the path; lists are empty where nothing is said."""

    def answer(got: Got) -> bytes:
        last = got.path.rsplit("/", 1)[-1]
        if "/login/companyinfo/" in got.path and "info" not in answers:
            return http(200, json.dumps(INFO))
        said = answers.get("info" if "/login/companyinfo/" in got.path else last)
        if said is None:
            return http(200, '{"count": 0}' if last == "count" else "[]")
        return said(got) if callable(said) else said

    async with scripted(answer) as server:
        options = {
            "url": server.url,
            "company": "acme",
            "client_id": "an-id",
            "public_key": "PublicKey1",
            "technician": "jdoe",
        }
        psa = open_connector("connectwise", "acme", options, {"private_key": "PrivateKey1"})
        try:
            yield psa, server
        finally:
            await psa.close()


async def pull(psa: ConnectWise, since: str | None = None) -> tuple[dict, list]:
    found, odd = {}, []
    async for one in psa.tickets(ALL, since, 0):
        found |= {ticket.ticket_id: ticket for ticket in one.tickets}
        odd += one.odd
    return found, odd


def listed(server: Server) -> Got:
    """The first request for a list of tickets."""
    return next(got for got in server.got if got.path.endswith("/service/tickets"))


def query(got: Got) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(got.target).query).items()}


class TestRequests:
    async def test_headers_are_those_of_the_guide(self):
        async with psa_with() as (psa, server):
            await psa.fetch(["1"])
        first, then = server.got[0], listed(server)
        assert first.path == "/login/companyinfo/acme" and "authorization" not in first.headers
        assert then.path == "/v2025_1/apis/3.0/service/tickets"
        scheme, _, login = then.headers["authorization"].partition(" ")
        assert (scheme, base64.b64decode(login)) == ("Basic", b"acme+PublicKey1:PrivateKey1")
        assert then.headers["clientid"] == "an-id"
        assert then.headers["accept"] == "application/vnd.connectwise.com+json; version=2025.1"

    async def test_lists_ask_for_what_is_used_in_order_of_the_id(self):
        async with psa_with() as (psa, server):
            await psa.fetch(["7", "8"])
        asked = query(listed(server))
        assert asked["conditions"] == "id in (7,8)" and asked["orderBy"] == "id asc"
        assert asked["pageSize"] == "1000"
        fields = asked["fields"].split(",")
        assert {"id", "closedFlag", "customerUpdatedFlag", "workType", "_info"} <= set(fields)
        assert not any("/" in field for field in fields)
        assert all(len(got.target) < 2000 for got in server.got)

    async def test_the_address_is_looked_up_once(self):
        async with psa_with() as (psa, server):
            for _ in range(3):
                await psa.fetch(["1"])
        assert sum("companyinfo" in got.path for got in server.got) == 1

    async def test_a_following_page_is_asked_for_by_key(self):
        first, second = [ticket(number) for number in range(1, 26)], [ticket(99)]

        def answer(got: Got) -> bytes:
            return http(200, json.dumps(second if "id>25" in query(got).get("conditions", "") else first))

        async with psa_with(tickets=answer) as (psa, server):
            found, _ = await pull(psa)
        assert len(found) == 26, "25 rows are the server's default page, not the end"
        asked = [query(got).get("conditions") for got in server.got if got.path.endswith("/tickets")]
        assert asked[1:3] == ["closedFlag=false", "(closedFlag=false) and id>25"]


class TestPaging:
    @pytest.mark.parametrize("rows", [[ticket(5), ticket(4)], [ticket(5), ticket(5)]])
    async def test_rows_out_of_order_are_an_error_not_a_gap(self, rows):
        async with psa_with(tickets=page(*rows)) as (psa, _):
            with pytest.raises(Unreadable, match="order"):
                await pull(psa)

    async def test_a_server_that_repeats_its_page_is_an_error_not_an_endless_loop(self):
        rows = [ticket(number) for number in range(1, 26)]
        async with psa_with(tickets=page(*rows)) as (psa, server):
            with pytest.raises(Unreadable, match="order"):
                await pull(psa)
        assert len(server.got) < 6

    async def test_a_full_page_without_ids_is_an_error(self):
        async with psa_with(tickets=page(*({"id": "x"} for _ in range(25)))) as (psa, _):
            with pytest.raises(Unreadable, match="no row of a whole page has an id"):
                await pull(psa)

    @pytest.mark.parametrize("body", ["{}", '{"value": []}', "null", "3"])
    async def test_what_is_no_list_is_unreadable(self, body):
        async with psa_with(tickets=http(200, body)) as (psa, _):
            with pytest.raises(Unreadable):
                await pull(psa)


class TestDates:
    """A server that reads our dates in another zone would lose hours of changes without a word."""

    INFO = {"lastUpdated": "2026-11-20T10:00:00Z"}

    async def test_dates_read_in_another_zone_are_noticed_in_a_full_pull(self):
        async with psa_with(tickets=page(ticket(1, _info=self.INFO)), count=http(200, '{"count": 0}')) as (
            psa,
            _,
        ):
            with pytest.raises(Unreadable, match="does not understand dates"):
                await pull(psa)

    async def test_and_where_the_ticket_that_set_the_cursor_does_not_come_again(self):
        def rows(got: Got) -> bytes:
            asked = query(got).get("conditions", "")
            return http(200, json.dumps([] if "lastUpdated" in asked else [ticket(1, _info=self.INFO)]))

        async with psa_with(tickets=rows, count=http(200, '{"count": 0}')) as (psa, _):
            with pytest.raises(Unreadable, match="does not understand dates"):
                await pull(psa, "2026-11-20T09:55:00Z 1")

    async def test_nothing_is_tried_while_it_comes_again(self):
        async with psa_with(tickets=page(ticket(1, _info=self.INFO))) as (psa, server):
            found, _ = await pull(psa, "2026-11-20T09:55:00Z 1")
        assert set(found) == {"1"} and not [got for got in server.got if got.path.endswith("/count")]


class TestOddRows:
    """Strict on the id and what gates rest on, lenient elsewhere."""

    @pytest.mark.parametrize(
        ("row", "path"),
        [
            (ticket(2, status=None), "$.status"),
            (ticket(2, status={"id": "16", "name": "New"}), "$.status.id"),
            (ticket(2, closedFlag="false"), "$.closedFlag"),
            (ticket(2, customerUpdatedFlag=1), "$.customerUpdatedFlag"),
            (ticket(2, parentTicketId="7"), "$.parentTicketId"),
            (ticket(2, owner={"id": []}), "$.owner.id"),
            ({"id": 2}, "$.status"),
        ],
    )
    async def test_a_row_whose_gates_cannot_be_read_goes_aside(self, row, path):
        async with psa_with(tickets=page(ticket(1), row, ticket(3))) as (psa, _):
            found, odd = await pull(psa)
        assert set(found) == {"1", "3"}
        assert {(one.stream, one.record_id, one.ticket_id, one.path) for one in odd} == {
            ("tickets", "2", "2", path)
        }

    @pytest.mark.parametrize("row", ["text", None, [1], {"id": "two"}, {"status": {"id": 1, "name": "New"}}])
    async def test_a_row_without_an_id_is_named_by_its_place(self, row):
        async with psa_with(tickets=page(ticket(1), row)) as (psa, _):
            found, odd = await pull(psa)
        assert set(found) == {"1"} and {one.record_id for one in odd} == {"page 1, row 2", "page 2, row 2"}

    @pytest.mark.parametrize(
        ("field", "value", "path"),
        [
            ("priority", "high", "$.priority"),
            ("requiredDate", "soon", "$.requiredDate"),
            ("customFields", {"a": 1}, "$.customFields"),
            ("contact", {"id": "seven"}, "$.contact.id"),
            ("_info", {"lastUpdated": "yesterday"}, "$._info.lastUpdated"),
            ("actualHours", "many", "$.actualHours"),
        ],
    )
    async def test_another_odd_field_is_left_empty_and_reported(self, field, value, path):
        async with psa_with(tickets=page(ticket(2, summary="Printer", **{field: value}))) as (psa, _):
            found, odd = await pull(psa)
        assert found["2"].summary == "Printer"
        assert {one.path for one in odd} == {path} and {one.ticket_id for one in odd} == {"2"}

    async def test_a_number_where_a_text_belongs_is_taken(self):
        async with psa_with(tickets=page(ticket(2, contactPhoneNumber=5550100, actualHours="1.5"))) as (
            psa,
            _,
        ):
            found, odd = await pull(psa)
        assert found["2"].contact_phone == "5550100" and found["2"].hours == 1.5 and not odd

    async def test_null_and_absent_are_the_same_and_unknown_fields_are_skipped(self):
        row = ticket(2, owner=None, contact=None, resources=None, parentTicketId=None, brandNew={"x": [1]})
        async with psa_with(tickets=page(row, ticket(3))) as (psa, _):
            found, odd = await pull(psa)
        assert not odd
        assert found["2"].owner is found["3"].owner is None and found["2"].parent_ids == ()

    async def test_project_tickets_are_another_resource(self):
        rows = page(ticket(2, recordType="ProjectTicket"), ticket(3, recordType="ServiceTicket"))
        async with psa_with(tickets=rows, count=http(200, '{"count": 2}')) as (psa, _):
            found, _ = await pull(psa)
            ids = await psa.ticket_ids(ALL)
        assert set(found) == ids.ids == {"3"} and ids.count == 1

    async def test_a_foreign_text_stays_as_it_is(self):
        nasty = "[bold] [/foo] [@click=app.quit] \x1b]0;x\x07 \u202e"
        async with psa_with(tickets=page(ticket(2, summary=nasty))) as (psa, _):
            found, _ = await pull(psa)
        assert found["2"].summary == nasty

    async def test_an_odd_note_goes_aside_and_the_others_stay(self):
        good = {
            "id": 1,
            "dateCreated": "2026-11-20T14:00:00Z",
            "detailDescriptionFlag": True,
            "issueFlag": True,
        }
        later = good | {"id": 3, "issueFlag": False, "contact": {"id": 7, "name": "Ann"}, "text": "Hello?"}
        undated = {"id": 2, "detailDescriptionFlag": True}
        bad = later | {"id": 4, "member": "jdoe"}
        other = later | {"id": 5, "ticketId": 999}
        async with psa_with(notes=page(good, undated, later, bad, other)) as (psa, _):
            talk = await psa.conversation("70123")
        assert [(note.note_id, note.speaker) for note in talk.notes] == [("3", "customer")]
        assert {(one.record_id, one.path, one.ticket_id) for one in talk.odd} == {
            ("2", "$.dateCreated", "70123"),
            ("4", "$.member", "70123"),
        }

    def test_a_fast_and_a_slow_reading_agree(self):
        row = ticket(
            2,
            owner={"id": 1, "identifier": "jdoe"},
            actualHours=1,
            customFields=[{"caption": "A", "value": 3}],
        )
        fast = read_row(msgspec.Raw(json.dumps(row).encode()), TicketRow, TICKET_STRICT)
        slow = read_row(msgspec.Raw(json.dumps(row | {"priority": 3}).encode()), TicketRow, TICKET_STRICT)
        assert fast.value == slow.value and not fast.problems and slow.problems


class TestRefusals:
    async def test_not_allowed_by_id_is_not_visible(self):
        def answer(got: Got) -> bytes:
            return http(403, '{"code":"Security","message":"No","errors":null}')

        async with psa_with(**{"5": answer, "6": http(404, '{"code":"NotFound","message":"gone"}')}) as (
            psa,
            _,
        ):
            found = await psa.fetch(["5", "6"])
        assert found.not_visible == (NotVisible("5"), NotVisible("6")) and not found.gone

    async def test_a_list_that_is_not_there_means_wrong_keys_on_the_cloud(self):
        async with psa_with(tickets=http(404, '{"code":"NotFound","message":"Not found"}')) as (psa, server):
            with pytest.raises(Unauthorized) as caught:
                await psa.fetch(["5"])
        assert "keys" in caught.value.hint
        assert sum("companyinfo" in got.path for got in server.got) == 2, "the address was looked up again"

    async def test_ssl_is_required_names_the_address(self):
        body = '{"code":"Security","message":"SSL is required.","errors":null}'
        async with psa_with(tickets=http(403, body)) as (psa, _):
            with pytest.raises(Forbidden) as caught:
                await psa.fetch(["5"])
        assert "url" in caught.value.hint

    async def test_a_condition_that_is_refused_is_told_in_the_psas_words(self):
        body = '{"code":"ApiFindCondition","message":"lastUpdated is not valid","errors":null}'
        async with psa_with(tickets=http(400, body)) as (psa, _):
            with pytest.raises(Rejected, match="lastUpdated is not valid"):
                await pull(psa, "2026-11-20T10:00:00Z")

    @pytest.mark.parametrize(
        ("info", "kind"),
        [
            (http(200, "null"), UnknownName),
            (http(200, "<html><body>Welcome to IIS</body></html>", kind="text/html"), Unreadable),
            (http(200, '{"Codebase": "../../evil"}'), Unreadable),
            (http(200, '{"CompanyName": "Acme"}'), Unreadable),
        ],
    )
    async def test_a_strange_company_info_ends_in_words(self, info, kind):
        async with psa_with(info=info) as (psa, server):
            with pytest.raises(kind) as caught:
                await psa.resolve(Scope("mine"))
        assert caught.value.hint and len(server.got) == 1

    async def test_a_damaged_cursor_is_an_error(self):
        async with psa_with() as (psa, _):
            with pytest.raises(Unreadable, match="position"):
                await pull(psa, "yesterday")

    async def test_attaching_that_did_not_happen_is_a_rejection(self):
        step = Step(
            action="attach",
            ticket_id="5",
            request="POST /service/tickets/7/attachChildren",
            body={"childTicketIds": [5]},
        )
        async with psa_with(attachChildren=http(200, '{"success":false,"message":"7 is closed"}')) as (
            psa,
            _,
        ):
            with pytest.raises(Rejected, match="7 is closed"):
                await psa.apply(step, None)

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (
                b'{"code":"InvalidObject","message":"ticket object is invalid",'
                b'"errors":[{"message":"too long","field":"summary"}]}',
                ("ticket object is invalid: too long", "summary"),
            ),
            (b'{"code":"Security","message":null,"errors":null}', ("Security", None)),
            (b'{"error":"ConnectWiseAPI","message":"Too many requests."}', ("Too many requests.", None)),
            (b"<html>", ("", None)),
            (b"[1]", ("", None)),
        ],
    )
    def test_error_bodies(self, body, said):
        assert explain(400, body) == said


class TestAddresses:
    @pytest.mark.parametrize(
        ("origin", "people", "api"),
        [
            (
                "https://na.myconnectwise.net",
                "https://na.myconnectwise.net",
                "https://api-na.myconnectwise.net",
            ),
            (
                "https://api-eu.myconnectwise.net",
                "https://eu.myconnectwise.net",
                "https://api-eu.myconnectwise.net",
            ),
            (
                "https://staging.connectwisedev.com",
                "https://staging.connectwisedev.com",
                "https://api-staging.connectwisedev.com",
            ),
            ("https://cw.msp.example", "https://cw.msp.example", "https://cw.msp.example"),
            ("https://myconnectwise.net.evil.example", *["https://myconnectwise.net.evil.example"] * 2),
            ("http://127.0.0.1:8100", "http://127.0.0.1:8100", "http://127.0.0.1:8100"),
        ],
    )
    def test_the_host_rule(self, origin, people, api):
        assert hosts(origin) == (people, api)

    @pytest.mark.parametrize(
        ("server", "asked"),
        [
            ("v2025.1", "2025.1"),
            ("v2026.3", "2025.1"),
            ("v2022.2", "2022.2"),
            ("v2028.1", "2028.1"),
            (None, "2025.1"),
        ],
    )
    def test_the_pinned_version(self, server, asked):
        assert pinned(server) == asked

    def test_conditions_are_written_safely(self):
        assert quoted("a[b]") == '"a[[]b]"'
        for nasty in ('x" or closedFlag=false or summary="', "a\\b"):
            with pytest.raises(UnknownName):
                quoted(nasty)
        assert moment(1763632800, "utc-z") == "[2025-11-20T10:00:00Z]"
        assert moment(1763632800, "naive") == "[2025-11-20T10:00:00]"
        assert moment(1763632800, "date-only") == "[2025-11-19]"
