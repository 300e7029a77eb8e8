"""What the Request Tracker connector does with answers that are not RT's, and with odd ones."""

from __future__ import annotations

import json

import pytest

from connectors import OptionsError, open_connector
from connectors.contract import Connector, Ref, Scope, Step, Unreachable, Unreadable
from connectors.rt.query import ANY_ZONE, named_zone, near_offset, quote
from tests.connectors.scripted import Got, http, scripted

TOKEN = "1-27-0123456789abcdef"


def to(url: str, **options: object) -> Connector:
    return open_connector("rt", "desk", {"url": url, **options}, {"token": TOKEN})


def row(ticket_id: object, **fields: object) -> dict[str, object]:
    return {
        "id": ticket_id,
        "Subject": "Printer",
        "Status": "open",
        "LastUpdated": "2026-11-20T10:00:00Z",
        "Queue": {"id": "1", "Name": "General", "Lifecycle": "default"},
        "Owner": {"id": "tess", "Name": "tess"},
        **fields,
    }


def rt(rows: list[dict[str, object]]) -> object:
    """Answers as RT would: a user, one page of tickets, empty collections."""

    def answer(request: Got) -> bytes:
        if "/user/" in request.path:
            user = {"id": 27, "Name": "tess", "Privileged": 1, "Timezone": "UTC", "EmailAddress": None}
            return http(200, json.dumps(user))
        found = rows if request.path.endswith("/tickets") and "Active" in request.target else []
        return http(200, json.dumps({"items": found, "total": len(found), "pages": 1, "count": len(found)}))

    return answer


async def test_a_web_page_is_unreadable() -> None:
    page = http(200, "<html><title>RT</title><body>Log in to [bold]RT[/]</body></html>", kind="text/html")
    async with scripted(page) as server:
        connector = to(server.url)
        with pytest.raises(Unreadable, match="web page"):
            await connector.verify()
        with pytest.raises(Unreadable):
            await connector.fetch(["1"])
        await connector.close()


async def test_another_api_is_unreadable() -> None:
    async with scripted(http(200, '{"hello": "world"}')) as server:
        connector = to(server.url)
        for read in (
            connector.verify,
            lambda: connector.resolve(Scope("mine")),
            lambda: connector.conversation("1"),
        ):
            with pytest.raises(Unreadable, match="another shape"):
                await read()
        await connector.close()


async def test_an_answer_cut_short_is_unreadable() -> None:
    async with scripted(http(200, '{"items": [{"id": "1", "Sub')) as server:
        connector = to(server.url)
        with pytest.raises(Unreadable, match="cut short"):
            await connector.conversation("1")
        await connector.close()


async def test_an_odd_ticket_goes_into_quarantine_and_the_page_goes_on() -> None:
    rows = [
        row("1"),
        row("2", Status=["open"]),
        row("3", LastUpdated="yesterday"),
        row(None),
        row("5", CustomFields=[{"name": "Billing Code", "values": "CONTRACT"}]),
        row("6", Subject={"odd": 1}, Due="soon", Priority="high"),
    ]
    async with scripted(rt(rows)) as server:  # type: ignore[arg-type]
        connector = to(server.url)
        scope = await connector.resolve(Scope("mine"))
        pages = [page async for page in connector.tickets(scope, None, 0)]
        await connector.close()
    assert [ticket.ticket_id for page in pages for ticket in page.tickets] == ["1", "6"]
    odd = [(one.record_id, one.path, one.ticket_id) for page in pages for one in page.odd]
    assert [found[:2] for found in odd[:2]] == [("2", "$.Status"), ("3", "$")]
    assert odd[2][0].endswith("row 4") and odd[2][2] is None
    assert odd[3] == ("5", "$.CustomFields[0].values", "5")


async def test_a_page_without_its_end_is_an_error_and_not_a_short_queue() -> None:
    hidden = http(200, json.dumps({"items": [row("1")], "total": None, "pages": None, "count": 1}))
    user = http(200, json.dumps({"id": 27, "Name": "tess", "Privileged": 1, "Timezone": "UTC"}))
    async with scripted(user, user, hidden) as server:
        connector = to(server.url)
        scope = await connector.resolve(Scope("mine"))
        with pytest.raises(Unreadable, match="gaps"):
            await connector.ticket_ids(scope)
        await connector.close()


async def test_a_reply_whose_answer_is_lost_is_not_sent_again() -> None:
    etag = http(200, json.dumps({"id": 1, "Status": "open"}), 'ETag: "7"')
    async with scripted(etag, http(502, "bad gateway", kind="text/plain")) as server:
        connector = to(server.url)
        step = Step(
            action="correspond",
            ticket_id="1",
            request="POST /ticket/1/correspond",
            body={"Content": "Hello", "ContentType": "text/plain"},
            creates="note",
            repeatable=False,
        )
        with pytest.raises(Unreachable) as caught:
            await connector.apply(step, '"7"')
        assert caught.value.sent
        await connector.close()
        posts = [got for got in server.got if got.method == "POST"]
    assert len(posts) == 1 and "if-match" not in posts[0].headers


async def test_a_put_carries_the_version_and_goes_out_once() -> None:
    async with scripted(http(500, "")) as server:
        connector = to(server.url)
        step = Step(
            action="put", ticket_id="1", request="PUT /ticket/1", sets={"status": Ref("open", "open")}
        )
        with pytest.raises(Unreachable):
            await connector.apply(step, '"7"')
        await connector.close()
        assert [(got.method, got.headers["if-match"]) for got in server.got] == [("PUT", '"7"')]


def test_wrong_settings_say_what_is_expected() -> None:
    for options, key in (
        ({"url": "http://rt.example.test"}, "url"),
        ({"url": "https://rt.example.test", "fields": {"billingcode": "Billing Code"}}, "fields"),
        ({"url": "https://rt.example.test", "fields": ["x"]}, "fields"),
        ({"url": "https://rt.example.test", "team": "x"}, "team"),
        ({}, "url"),
    ):
        with pytest.raises(OptionsError) as caught:
            open_connector("rt", "desk", options, {"token": TOKEN})
        assert caught.value.key == key
    with pytest.raises(OptionsError):
        open_connector("rt", "desk", {"url": "https://rt.example.test"}, {})


@pytest.mark.parametrize("url", ["https://rt.example.test/rt/", "https://rt.example.test/rt/REST/2.0"])
def test_the_address_of_the_api_is_below_that_for_people(url: str) -> None:
    connector = to(url)
    assert connector._session.base == "https://rt.example.test/rt/REST/2.0"  # type: ignore[attr-defined]
    assert TOKEN not in repr(connector._session)  # type: ignore[attr-defined]


def test_dates_for_queries() -> None:
    noon = 1_795_348_800  # 2026-11-22 12:00 UTC
    zone = named_zone("Europe/Berlin")
    assert zone is not None and zone.text(noon) == "2026-11-22 13:00:00"
    assert (
        named_zone("Mars/Phobos") is None and named_zone("../etc/passwd") is None and named_zone("") is None
    )
    assert near_offset(9 * 3600).text(noon) == "2026-11-22 20:00:00"
    assert ANY_ZONE.text(noon) == "2026-11-22 00:00:00"
    twice = 1_792_890_000  # 2026-10-25 01:00 UTC, 02:00 in Berlin for the second time
    assert zone.text(twice) == "2026-10-25 01:00:00"


def test_quoting() -> None:
    assert quote("O'Neil \\ x") == "'O\\'Neil \\\\ x'"
