"""The HTTP session against small hostile servers over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from connectors import OptionsError
from connectors.contract import (
    Conflict,
    ConnectorError,
    Forbidden,
    NotThere,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from connectors.http import Session, WebPage
from connectors.origin import origin_of
from tests.connectors.scripted import DROP, Server, http, scripted

KEY = "Secr3tK3y-private"
HEADERS = {"Authorization": f"token {KEY}"}


@asynccontextmanager
async def session_to(server: Server, **more) -> AsyncIterator[Session]:
    session = Session(server.url, HEADERS, secrets=(KEY,), **more)
    try:
        yield session
    finally:
        await session.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class TestRetries:
    """What is tried again, and what never is."""

    @pytest.mark.parametrize("trouble", [http(503), http(500, "{}"), http(408), DROP, http(429, "{}")])
    async def test_a_read_is_tried_again(self, trouble):
        async with scripted(trouble, http(200, '{"ok":true}')) as server, session_to(server) as session:
            answer = await session.get("/thing")
            assert answer.decode(dict[str, bool]) == {"ok": True}
            assert session.requests == len(server.got) == 2

    async def test_a_repeatable_update_is_tried_again(self):
        async with scripted(http(502), http(200, "{}")) as server, session_to(server) as session:
            await session.send("PATCH", "/thing", json=[1], repeatable=True)
            assert [got.body for got in server.got] == [b"[1]", b"[1]"]

    @pytest.mark.parametrize("trouble", [http(503), http(500), http(408), DROP])
    async def test_a_post_goes_out_once_and_may_have_arrived(self, trouble):
        async with scripted(trouble, http(200, "{}")) as server, session_to(server) as session:
            with pytest.raises(Unreachable) as caught:
                await session.send("POST", "/thing", json={})
            assert caught.value.sent is True
            assert len(server.got) == 1

    async def test_a_throttled_post_was_not_carried_out_and_goes_out_once(self):
        async with (
            scripted(http(429, "{}", "Retry-After: 1"), http(200, "{}")) as server,
            session_to(server) as session,
        ):
            with pytest.raises(Throttled) as caught:
                await session.send("POST", "/thing", json={})
            assert caught.value.retry_after == 1
            assert len(server.got) == 1

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_nobody_there_was_certainly_not_reached(self, method):
        session = Session(f"http://127.0.0.1:{free_port()}")
        with pytest.raises(Unreachable) as caught:
            await session.send(method, "/thing", repeatable=method == "GET")
        assert caught.value.sent is False
        assert "127.0.0.1" in str(caught.value) and caught.value.hint
        assert session.requests == (3 if method == "GET" else 1)
        await session.close()

    async def test_a_silent_server_may_have_taken_the_post(self):
        async with scripted(http(200), delay=1.0) as server, session_to(server, timeout=0.2) as session:
            with pytest.raises(Unreachable, match="no answer within") as caught:
                await session.send("POST", "/thing", json={})
            assert caught.value.sent is True

    async def test_a_read_gives_up_within_its_time(self):
        async with scripted(http(503, "{}")) as server, session_to(server, retry_for=1.0) as session:
            began = time.monotonic()
            with pytest.raises(Unreachable):
                await session.get("/thing")
            assert time.monotonic() - began < 3
            assert 2 <= len(server.got) <= 4

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
    async def test_a_refusal_is_not_tried_again(self, status):
        async with scripted(http(status, "{}")) as server, session_to(server) as session:
            with pytest.raises(ConnectorError):
                await session.get("/thing")
            assert len(server.got) == 1


class TestRetryAfter:
    """`Retry-After` wins over our own waiting."""

    async def test_seconds(self):
        async with (
            scripted(http(429, "{}", "Retry-After: 2"), http(200, "{}")) as server,
            session_to(server) as session,
        ):
            began = time.monotonic()
            await session.get("/thing")
            assert time.monotonic() - began >= 1.9
            assert len(server.got) == 2

    async def test_a_date_by_the_servers_own_clock(self):
        ahead = time.time() + 3600
        date = f"Date: {email.utils.formatdate(ahead, usegmt=True)}"
        until = f"Retry-After: {email.utils.formatdate(ahead + 2, usegmt=True)}"
        async with (
            scripted(http(503, "{}", date, until), http(200, "{}", date)) as server,
            session_to(server) as session,
        ):
            began = time.monotonic()
            await session.get("/thing")
            assert 0.8 <= time.monotonic() - began < 5
            assert session.clock_ahead == pytest.approx(
                3600, abs=10
            )  # the date was written before the retries

    async def test_longer_than_we_would_wait_is_said_at_once(self):
        async with scripted(http(429, "{}", "Retry-After: 300")) as server, session_to(server) as session:
            with pytest.raises(Throttled) as caught:
                await session.get("/thing")
            assert caught.value.retry_after == 300
            with pytest.raises(Throttled) as again:
                await session.get("/other")
            assert 290 < again.value.retry_after <= 300
            assert len(server.got) == 1, "the wait holds for the whole session"


class TestErrors:
    """Every failure is typed, says what and where, and what to do."""

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, Rejected),
            (401, Unauthorized),
            (403, Forbidden),
            (404, NotThere),
            (409, Rejected),
            (410, NotThere),
            (412, Conflict),
            (422, Rejected),
        ],
    )
    async def test_each_status_has_its_kind(self, status, kind):
        async with scripted(http(status, '{"message":"no"}')) as server, session_to(server) as session:
            with pytest.raises(kind) as caught:
                await session.get("/a/b", {"token": "in-the-query"})
        assert str(caught.value).startswith(f"GET /a/b: {status}")
        assert "in-the-query" not in str(caught.value)
        assert caught.value.hint

    async def test_the_psa_is_heard_in_its_own_words(self):
        def explain(status: int, body: bytes) -> tuple[str, str | None]:
            return msgspec.json.decode(body)["message"], "summary"

        async with (
            scripted(http(400, '{"message":"too \\u001b[31mlong\\u202e"}')) as server,
            session_to(server, explain=explain) as session,
        ):
            with pytest.raises(Rejected) as caught:
                await session.send("POST", "/x", json={})
        assert str(caught.value) == "POST /x: 400 too long\ufffd"
        assert caught.value.field == "summary"

    @pytest.mark.parametrize("status", [200, 404])
    async def test_a_web_page_is_no_answer(self, status):
        page = "<!DOCTYPE html><html><style>a{}</style><body><h1>Sign in</h1> to go on</body></html>"
        async with (
            scripted(http(status, page, kind="text/html")) as server,
            session_to(server) as session,
        ):
            with pytest.raises(Unreadable, match="Sign in to go on"):
                (await session.get("/x")).decode(dict)

    async def test_cut_short_json_is_unreadable(self):
        async with scripted(http(200, '[{"id": 1}, {"id"')) as server, session_to(server) as session:
            answer = await session.get("/x")
            with pytest.raises(Unreadable, match="cut short after 17 bytes"):
                answer.decode(list[dict])

    async def test_a_connection_that_breaks_in_the_body_is_unreachable(self):
        broken = http(200, "[1, 2, 3]").replace(b"Content-Length: 9", b"Content-Length: 900")
        async with (
            scripted(broken) as server,
            session_to(server, retry_for=0.5) as session,
        ):
            with pytest.raises(Unreachable) as caught:
                await session.send("POST", "/x", json={})
            assert caught.value.sent is True

    @pytest.mark.parametrize("body", ["", "   ", "hello", "\xff\xfe"])
    async def test_what_is_not_json_is_unreadable(self, body):
        async with (
            scripted(http(200, body.encode("latin-1"), kind="text/plain")) as server,
            session_to(server) as session,
        ):
            answer = await session.get("/x")
            with pytest.raises(Unreadable):
                answer.decode(list[int])

    async def test_another_shape_names_the_path(self):
        async with scripted(http(200, '{"count":"many"}')) as server, session_to(server) as session:
            answer = await session.get("/x/count")
            with pytest.raises(Unreadable, match=r"GET /x/count: .*\[\.\.\.\]"):
                answer.decode(dict[str, int])


class TestCredentials:
    """They go to the configured origin, and are seen nowhere."""

    async def test_a_redirect_elsewhere_is_an_error_and_nothing_goes_there(self):
        async with scripted(http(200, "{}")) as elsewhere:
            target = http(302, "", f"Location: {elsewhere.url}/x?secret=1")
            async with scripted(target) as server, session_to(server) as session:
                with pytest.raises(WebPage, match="redirects to") as caught:
                    await session.get("/x")
            assert elsewhere.url in str(caught.value) and server.url in caught.value.hint
            assert "secret=1" not in str(caught.value)
            assert elsewhere.got == []

    async def test_an_address_of_another_origin_is_not_asked(self):
        async with scripted(http(200, "{}")) as server, scripted(http(200, "{}")) as other:
            async with session_to(server) as session:
                with pytest.raises(Unreadable, match="another server"):
                    await session.get(f"{other.url}/next")
                await session.get(f"{server.url}/next?page=2")
            assert other.got == [] and server.got[0].target == "/next?page=2"

    @pytest.mark.parametrize(
        "url",
        [
            "http://psa.example.com",
            "ftp://x",
            "psa.example.com",
            "https://",
            "https://me:pw@psa.example.com",
            "",
        ],
    )
    def test_addresses_that_are_refused(self, url):
        with pytest.raises(OptionsError) as caught:
            Session(url)
        assert (
            caught.value.key == "url" and "https" in caught.value.expected
        ) or "without" in caught.value.expected

    @pytest.mark.parametrize(
        ("url", "origin"),
        [
            ("https://PSA.example.com:443/x", "https://psa.example.com"),
            ("http://localhost:80/", "http://localhost"),
            ("http://127.0.0.9:8100", "http://127.0.0.9:8100"),
            ("http://[::1]:8100/a", "http://[::1]:8100"),
        ],
    )
    def test_addresses_that_are_taken(self, url, origin):
        assert origin_of(url) == origin

    async def test_secrets_are_blacked_out_even_when_echoed(self, caplog):
        caplog.set_level(logging.DEBUG)

        def echo(got) -> bytes:
            return http(400, f'{{"said": "{got.headers["authorization"]} and {KEY}"}}')

        async with scripted(echo) as server, session_to(server) as session:
            with pytest.raises(Rejected) as caught:
                await session.get(f"/x/{KEY}")
            everything = [
                str(caught.value),
                repr(caught.value),
                caught.value.hint,
                repr(session),
                caplog.text,
            ]
        assert not [text for text in everything if KEY in text]
        assert "•••" in str(caught.value)

    async def test_secrets_are_blacked_out_of_pages_and_odd_shapes(self):
        async with (
            scripted(http(200, f"<html>{KEY}</html>"), http(200, f"plain {KEY}")) as server,
            session_to(server) as session,
        ):
            for _ in range(2):
                with pytest.raises(Unreadable) as caught:
                    (await session.get("/x")).decode(dict)
                assert KEY not in str(caught.value)

    def test_a_header_with_a_line_break_is_refused_without_showing_it(self):
        with pytest.raises(OptionsError) as caught:
            Session("https://psa.example.com", {"Authorization": f"token {KEY}\nX: y"})
        assert KEY not in str(caught.value)


class TestSession:
    async def test_no_more_at_once_than_allowed(self):
        async with (
            scripted(http(200, "{}"), delay=0.05) as server,
            session_to(server, concurrency=2) as session,
        ):
            await asyncio.gather(*(session.get("/x") for _ in range(8)))
            assert server.most_at_once == 2 and session.requests == 8

    async def test_the_answer_says_when_it_was_asked_for(self):
        async with scripted(http(200, "{}")) as server:
            session = Session(server.url, clock=lambda: 1_700_000_000.9)
            assert (await session.get("/x")).began_at == 1_700_000_000
            await session.close()

    async def test_a_base_with_a_path_stays(self):
        async with scripted(http(200, "{}")) as server:
            session = Session(f"{server.url}/REST/2.0/")
            await session.get("ticket/1")
            assert server.got[0].path == "/REST/2.0/ticket/1"
            await session.close()

    async def test_another_event_loop_is_refused_in_words(self):
        async with scripted(http(200, "{}")) as server, session_to(server) as session:
            await session.get("/x")
            with pytest.raises(RuntimeError, match="event loop"):
                await asyncio.to_thread(lambda: asyncio.run(session.get("/x")))


async def test_connections_of_both_kinds_of_places_stay_open() -> None:
    """Reads have places, a person's work has as many: a connection of either is not closed to be opened again."""
    served: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.append(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    session = Session(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", concurrency=2)
    for _ in range(3):
        reads = [session.get("/a") for _ in range(2)]
        await asyncio.gather(*reads, *(session.send("POST", "/b") for _ in range(2)))
    await session.close()
    await asyncio.gather(*served)
    server.close()
    await server.wait_closed()
    assert len(served) == 4
