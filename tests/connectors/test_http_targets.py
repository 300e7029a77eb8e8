"""An address below the session's origin goes out as httpx itself would send it, taken apart or not."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.http import Session
from connectors.http_client import PLAIN_TARGET

ORIGIN = "http://127.0.0.1:8080"


@given(st.text(st.sampled_from("/.?=&%2faZ-_~(),;:@!$'*+[]<>\\\"#| é\n"), max_size=30))
@example("/a/../b?c")
@example("/a/./b")
@example("/a?b=../c/./d")
@example("//a//b/?/?")
@example("/a?conditions=id%3E3%20and%20x%20in%20(1,2)&fields=id,_info")
def test_what_counts_as_plain_is_what_httpx_leaves_alone(tail: str) -> None:
    target = f"/{tail}"
    if PLAIN_TARGET.fullmatch(target):
        assert httpx.URL(ORIGIN + target).raw_path == target.encode()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        (
            "/tickets/1/notes?fields=id,text&orderBy=id%20asc",
            "/tickets/1/notes?fields=id,text&orderBy=id%20asc",
        ),
        ("/tickets?conditions=id>3", "/tickets?conditions=id%3E3"),
        ("/müller", "/m%C3%BCller"),
    ],
)
async def test_what_goes_on_the_wire(path: str, target: str) -> None:
    """Over a socket, with the headers that every request has."""
    heads: list[bytes] = []
    served: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.append(task)
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        where = target.partition("?")[0].encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nSet-Cookie: place=7; Path=%s\r\n\r\n[]" % where
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        session = Session(f"http://127.0.0.1:{port}", {"clientId": "abc", "Accept": "text/plain"})
        await session.get(path, headers={"accept": "application/json; version=1"})
        await session.get(path)
        await session.close()
        await asyncio.gather(*served)
    first, second = (head.decode().split("\r\n") for head in heads)
    assert first[0] == second[0] == f"GET {target} HTTP/1.1"
    names = [line.partition(":")[0].lower() for line in first[1:] if line]
    assert len(set(names)) == len(names), "a header went twice"
    assert {"host", "user-agent", "accept", "accept-encoding", "connection", "clientid"} <= set(names)
    assert f"Host: 127.0.0.1:{port}" in first
    assert "accept: application/json; version=1" in first
    assert not any(re.match("(?i)cookie:", line) for line in first)
    assert any(re.fullmatch("(?i)cookie: place=7", line) for line in second)
