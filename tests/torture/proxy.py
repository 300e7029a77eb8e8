"""A proxy that breaks things: HTTP/1.1 on real sockets between deskzero and a PSA's server.

It knows where requests and answers begin and end, so that each fault can be told from its neighbour: not
delivered, delivered and not answered, delivered late, answered with half an answer. It runs in a thread of its
own and keeps a log of all exchanges; times are UTC seconds.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal
from urllib.parse import unquote

from tests.torture.http1 import Message, read_message
from tests.torture.odds import Odds

Where = Literal["before", "after"]
Hook = Callable[["Exchange", Where], None]
TAG, NUMBER = "x-torture", "x-torture-number"
"""Headers: what the technician's process says of the request, and the number that the proxy gives it."""
DAY = 86400.0

_ERRORS = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, EOFError)
_PAGE = re.compile(r"(\bid>\d+)")


@dataclass
class Exchange:
    """One request and what became of it."""

    number: int
    at: float
    method: str
    path: str
    tag: str
    write: bool
    fault: str = ""
    gone_at: float | None = None
    """When the client's side ended before it had its answer."""
    delivered_at: float | None = None
    status: int | None = None


@dataclass
class Timing:
    """Seconds. `late` is the longest delay of a late delivery; the settling time is the connector's."""

    settling: float = 1.0
    late: float = 0.7
    slow: float = 0.25
    beyond_timeout: float = 2.4


class Proxy:
    """The proxy and its switches, which may be turned from other threads."""

    def __init__(self, host: str, port: int, odds: Odds, seed: str, timing: Timing | None = None) -> None:
        self.odds = odds
        self.timing = timing or Timing()
        self.clock_off = 0.0
        """Seconds by which `Date` headers are wrong."""
        self.exchanges: list[Exchange] = []
        self.hooks: list[Hook] = []
        """Called for each write, `before` it is delivered and `after` the server has answered."""
        self.recorders: list[Hook] = []
        """As the hooks, before and after them; `calm` leaves them."""
        self.port = 0
        self._upstream = (host, port)
        self._rng = random.Random(seed)
        self._expired_until = 0.0
        self._pages: dict[str, bytes] = {}
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serves in a thread while the context lasts."""
        started = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._listen())
            self._loop.call_soon(started.set)
            self._loop.run_forever()
            self._loop.run_until_complete(self._end())
            self._loop.close()

        thread = threading.Thread(target=run, name="proxy", daemon=True)
        thread.start()
        assert started.wait(10), "the proxy did not start"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(10)

    # ------------------------------------------------------------ trouble for a while

    def expire(self, seconds: float) -> None:
        """Credentials are refused for a while."""
        self._expired_until = time.time() + seconds

    def outage(self, seconds: float) -> None:
        """Nobody listens for a while, and open connections break."""
        asyncio.run_coroutine_threadsafe(self._dark(seconds), self._loop)

    def calm(self) -> None:
        """No more faults."""
        self.odds, self.clock_off, self._expired_until = Odds.none(), 0.0, 0.0
        self.hooks.clear()

    async def _dark(self, seconds: float) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for client in list(self._clients):
            client.transport.abort()
        await asyncio.sleep(seconds)
        await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", self.port, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------ one client

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        upstream = _Upstream(self._upstream)
        try:
            while (request := await read_message(reader)) is not None:
                if not await self._exchange(request, reader, writer, upstream):
                    return
        except _ERRORS:
            return
        finally:
            self._clients.discard(writer)
            upstream.close()
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _exchange(
        self,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: _Upstream,
    ) -> bool:
        """Carries one request through its fault; whether the connection goes on."""
        seen = self._seen(request)
        forwarded = request.with_header(NUMBER, str(seen.number))
        watch = asyncio.create_task(_watch(reader, seen))
        try:
            return await self._fate(seen, forwarded, writer, upstream, watch)
        finally:
            watch.cancel()
            await asyncio.wait([watch])

    def _seen(self, request: Message) -> Exchange:
        path = request.target
        write = request.method != "GET" and not path.split("?")[0].endswith("/search")
        seen = Exchange(len(self.exchanges), time.time(), request.method, path, request.header(TAG), write)
        self.exchanges.append(seen)
        if time.time() < self._expired_until:
            seen.fault = "401"
        else:
            seen.fault = self.odds.draw(self._rng, write=write)
        if seen.fault == "again" and seen.tag:
            # Whom a server shows an old ticket, compares with an old ticket: nothing is promised then.
            seen.fault = ""
        return seen

    async def _fate(
        self,
        seen: Exchange,
        request: Message,
        writer: asyncio.StreamWriter,
        upstream: _Upstream,
        watch: asyncio.Task[None],
    ) -> bool:
        if seen.write:
            for hook in [*self.hooks, *self.recorders]:
                hook(seen, "before")
        timing, rng = self.timing, self._rng
        match seen.fault:
            case "drop-before":
                _gone(seen)
                return False
            case "401" | "429" | "429-after" | "500" | "503":
                await _send(writer, _refusal(seen.fault))
                return True
            case "late" | "later":
                _gone(seen)
                writer.transport.abort()
                most = timing.late if seen.fault == "late" else 3 * timing.settling
                least = 0.0 if seen.fault == "late" else 1.5 * timing.settling
                # With a connection of its own: the client's ends now, and the other with it.
                own = _Upstream(self._upstream)
                await asyncio.sleep(rng.uniform(least, most))
                with suppress(*_ERRORS):
                    await self._deliver(seen, request, own)
                own.close()
                return False
            case "hang":
                # Held back until the client gives up, and then delivered after all.
                await asyncio.wait([watch], timeout=2 * timing.beyond_timeout)
                await asyncio.sleep(rng.uniform(0.0, timing.late))
            case "slow-before":
                await asyncio.sleep(rng.uniform(0, timing.slow))
            case "again":
                old = self._pages.get(_page(seen))
                if old is not None:
                    await _send(writer, old)
                    return True
        answer = await self._deliver(seen, request, upstream)
        return await self._answer(seen, answer, writer)

    async def _deliver(self, seen: Exchange, request: Message, upstream: _Upstream) -> Message:
        """The server's answer. Raises what a broken connection raises."""
        seen.delivered_at = time.time()
        answer = await upstream.ask(request)
        seen.status = answer.status
        if seen.write:
            for hook in [*self.recorders, *self.hooks]:
                hook(seen, "after")
        return answer

    async def _answer(self, seen: Exchange, answer: Message, writer: asyncio.StreamWriter) -> bool:
        if self.clock_off:
            answer = answer.with_header("date", formatdate(time.time() + self.clock_off, usegmt=True))
        whole = answer.encoded()
        match seen.fault:
            case "drop-after":
                _gone(seen)
                return False
            case "500-after":
                _gone(seen)
                await _send(writer, _refusal("500"))
                return True
            case "reset":
                writer.write(whole[: len(whole) - max(1, len(answer.body) // 2)])
                await writer.drain()
                _gone(seen)
                _reset(writer)
                return False
            case "cut":
                _gone(seen)
                await _send(writer, answer.encoded(body=answer.body[: len(answer.body) // 2]))
                return True
            case "slow-after":
                longest = self.timing.beyond_timeout if self._rng.random() < 0.3 else self.timing.slow
                await asyncio.sleep(self._rng.uniform(0, longest))
        if seen.method == "GET" and answer.status == 200 and not seen.tag:
            self._pages[_page(seen)] = whole
        await _send(writer, whole)
        return True


class _Upstream:
    """The connection to the server that belongs to one of the client's."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message) -> Message:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, limit=1 << 20)
        reader, writer = self._streams
        writer.write(request.encoded())
        await writer.drain()
        answer = await read_message(reader, answer=True)
        if answer is None:
            raise ConnectionResetError("the server ended the connection without an answer")
        ends = answer.header("connection").lower() == "close" or answer.first.startswith("HTTP/1.0")
        if ends or not (answer.header("content-length") or answer.header("transfer-encoding")):
            self.close()
        return answer

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def _watch(reader: asyncio.StreamReader, seen: Exchange) -> None:
    """Notes when the client ends while it waits. It sends nothing before it has its answer."""
    with suppress(*_ERRORS):
        await reader.read(1)
    _gone(seen)


def _gone(seen: Exchange) -> None:
    if seen.gone_at is None:
        seen.gone_at = time.time()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection with RST instead of FIN."""
    plain = writer.get_extra_info("socket")
    if plain is not None:
        with suppress(OSError):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _page(seen: Exchange) -> str:
    """What an answer that was served before is kept under: pages of one list share it."""
    return _PAGE.sub("id>", unquote(seen.path))


def _refusal(kind: str) -> bytes:
    status = "429" if kind == "429-after" else kind
    words = {"401": "Unauthorized", "429": "Too Many Requests", "500": "Internal Server Error"}
    first = f"HTTP/1.1 {status} {words.get(status, 'Service Unavailable')}"
    headers = [("content-type", "application/json")]
    if kind == "429-after":
        headers.append(("retry-after", "1"))
    body = b'{"code": "Trouble", "message": "The proxy says so.", "errors": null}'
    return Message(first, headers, body).encoded()
