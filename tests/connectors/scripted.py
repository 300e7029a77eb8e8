"""A small hostile HTTP server for tests: it says exactly the bytes it is told to, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

DROP = b""
"""Closes the connection without an answer."""


@dataclass
class Got:
    """A request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.split("?", 1)[0]


Answering = Callable[[Got], bytes]


@dataclass
class Server:
    """`answers` are given in turn, the last one again and again; one that is callable is asked."""

    answers: list[bytes | Answering]
    url: str = ""
    got: list[Got] = field(default_factory=list)
    delay: float = 0.0
    at_once: int = 0
    most_at_once: int = 0

    def answer(self, request: Got) -> bytes:
        self.got.append(request)
        said = self.answers[min(len(self.got), len(self.answers)) - 1]
        return said(request) if callable(said) else said


def http(status: int, body: bytes | str = b"", *headers: str, kind: str = "application/json") -> bytes:
    """A whole answer; the connection closes after it."""
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {kind}",
        f"Content-Length: {len(data)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + data


@asynccontextmanager
async def scripted(*answers: bytes | Answering, delay: float = 0.0) -> AsyncIterator[Server]:
    """Serves on a free port of the loopback address while the context lasts."""
    server = Server(list(answers), delay=delay)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.at_once += 1
        server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = first.split(" ")
            await asyncio.sleep(server.delay)
            writer.write(server.answer(Got(method, target, headers, body)))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # a client that hung up
        finally:
            server.at_once -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
