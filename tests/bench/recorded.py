"""A PSA's answers as its simulator gave them, recorded once and served again from a process of its own.

A simulator in Python takes seconds for lists of 10,000 tickets; what is to be measured is us, so that nobody waits
for it. `python -m tests.bench.recorded FILE PORT` serves a recording; the first line on standard output is its address.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tests.bench.run import beside

_MOMENT = re.compile(
    rb"\d{4}-\d\d-\d\d(?:T|%20| )\d\d(?::|%3A)\d\d(?::|%3A)\d\d(?:\.\d+)?(?:Z|%2B00(?::|%3A)00)?"
)
_LEFT_OUT = frozenset({"date", "content-length", "connection", "transfer-encoding", "server"})


class Sent(msgspec.Struct, frozen=True):
    """One request as it went out, and what came back."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    content: bytes
    status: int
    answer_headers: dict[str, str]
    answer: bytes

    @property
    def key(self) -> bytes:
        return key(self.method.encode(), self.target.encode(), self.content)


def key(method: bytes, target: bytes, content: bytes) -> bytes:
    """What tells requests apart: moments are left out, for a cursor moves on."""
    return _MOMENT.sub(b"*", b" ".join((method, target, content)))


class Recorder(httpx.AsyncBaseTransport):
    """Passes requests on, and keeps them with their answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.sent: list[Sent] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        ours = {name.lower(): value for name, value in response.headers.items()}
        kept = {name: value for name, value in ours.items() if name not in _LEFT_OUT}
        asked = {name.lower(): value for name, value in request.headers.items()}
        asked = {name: value for name, value in asked.items() if name not in ("host", "content-length")}
        target = request.url.raw_path.decode()
        status = response.status_code
        self.sent.append(Sent(request.method, target, asked, content, status, kept, body))
        return httpx.Response(status, headers=response.headers, content=body, request=request)


def save(file: Path, sent: list[Sent]) -> None:
    file.write_bytes(msgspec.msgpack.encode(sent))


def load(file: Path) -> list[Sent]:
    return msgspec.msgpack.decode(file.read_bytes(), type=list[Sent])


@contextmanager
def served(file: Path, port: int) -> Iterator[str]:
    """The recording served by a process of its own; its address."""
    with beside("tests.bench.recorded", str(file), str(port)) as said:
        yield said


# ---------------------------------------------------------------- the server


class _Speaker(asyncio.Protocol):
    """HTTP/1.1 with connections that stay, as little of it as the client needs."""

    delay = 0.0
    """Seconds that every answer takes."""

    def __init__(self, answers: dict[bytes, tuple[bytes, bytes]]) -> None:
        self._answers = answers
        self._come = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._come += data
        while (end := self._come.find(b"\r\n\r\n")) >= 0:
            head = self._come[:end]
            found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = int(found[1]) if found else 0
            if len(self._come) < end + 4 + size:
                return
            content, self._come = self._come[end + 4 : end + 4 + size], self._come[end + 4 + size :]
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
            self._answer(key(method, target, content))

    def _answer(self, asked: bytes) -> None:
        if found := re.match(rb"GET /delay/(\d+) ", asked):
            _Speaker.delay = int(found[1]) / 1000
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        elif _Speaker.delay:
            self._loop.call_later(_Speaker.delay, self._send, asked)
        else:
            self._send(asked)

    def _send(self, asked: bytes) -> None:
        date = b"\r\nDate: " + formatdate(usegmt=True).encode() + b"\r\n"
        made = self._answers.get(asked)
        if made is None:
            sys.stderr.write(f"not recorded: {asked.decode()[:300]}\n")
            self._transport.write(b"HTTP/1.1 500 Not recorded" + date + b"Content-Length: 0\r\n\r\n")
        else:
            self._transport.write(made[0] + date + made[1])


def _whole(one: Sent) -> tuple[bytes, bytes]:
    """What goes before the date and what after it."""
    lines = [f"{name}: {value}" for name, value in one.answer_headers.items()]
    head = "\r\n".join([*lines, f"Content-Length: {len(one.answer)}"])
    return f"HTTP/1.1 {one.status} -".encode(), head.encode() + b"\r\n\r\n" + one.answer


async def _serve(file: Path, port: int) -> None:
    answers = {one.key: _whole(one) for one in load(file)}
    server = await asyncio.get_running_loop().create_server(lambda: _Speaker(answers), "127.0.0.1", port)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
