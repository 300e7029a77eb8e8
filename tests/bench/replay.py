"""A PSA on a socket with answers made before: `python -m tests.bench.replay TICKETS [PORT]`, a process of its own.

The first time a request comes, the ConnectWise simulator answers it over a frozen world, and that answer is kept;
from then on the bytes are sent again. So whoever asks is measured, and nothing of the server's is in the figure.

The first line on standard output is JSON: `url` and `now` (UTC seconds, the world's). `/-/start` begins to write down
requests, `/-/log` gives them as JSON: method, target, body. `/-/wire` gives the bytes of JSON that all tickets, notes
and time entries came to, each of them once, with the fields that were asked for.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

import msgspec

from connectors.simulators.serve import make_app
from connectors.simulators.world import World

NOW = 1_795_000_000
"""When the recorded world is: a day in November 2026, UTC seconds."""
Key = tuple[str, str, bytes]


_WIRE = {
    "tickets": re.compile(r"/service/tickets(/search)?\?.*summary"),
    "notes": re.compile(r"/notes\?"),
    "time": re.compile(r"/time/entries\?.*billableOption"),
}
"""Whose rows a target lists. Lists of ids and probes, which ask for other fields, are not among them."""


class _Row(msgspec.Struct):
    id: int


class Recorded:
    """The simulator, and what it has said so far."""

    def __init__(self, tickets: int) -> None:
        self._app = make_app("connectwise", World(1, tickets, clock=lambda: float(NOW), speed=0))
        self._said: dict[Key, bytes] = {}
        self.log: list[Key] = []

    async def answer(self, key: Key, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The whole answer as it goes on the wire."""
        self.log.append(key)
        if key not in self._said:
            self._said[key] = await self._ask(key, headers)
        return self._said[key]

    def wire(self) -> dict[str, int]:
        """What -> bytes of JSON, each row once."""
        rows: dict[tuple[str, int], int] = {}
        for (_, target, _), answer in self._said.items():
            what = next((what for what, sign in _WIRE.items() if sign.search(target)), None)
            if what is not None:
                for raw in msgspec.json.decode(answer.partition(b"\r\n\r\n")[2], type=list[msgspec.Raw]):
                    rows[what, msgspec.json.decode(raw, type=_Row).id] = len(raw)
        found = dict.fromkeys(_WIRE, 0)
        for (what, _), size in rows.items():
            found[what] += size
        return found

    async def _ask(self, key: Key, headers: list[tuple[bytes, bytes]]) -> bytes:
        method, target, body = key
        path, _, query = target.partition("?")
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await self._app(scope, receive, send)  # type: ignore[arg-type]  # Starlette's own words for the same
        page = b"".join(message.get("body", b"") for message in sent[1:])
        given = {name.lower(): value for name, value in sent[0]["headers"]}
        given[b"content-length"] = str(len(page)).encode()
        given.setdefault(b"date", formatdate(NOW, usegmt=True).encode())
        head = b"".join(b"%s: %s\r\n" % pair for pair in given.items())
        return b"HTTP/1.1 %d OK\r\n%s\r\n%s" % (sent[0]["status"], head, page)


async def _serve(recorded: Recorded, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, kept alive until the other side ends it."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head[:-4].split(b"\r\n")
            method, target, _ = first.decode("ascii").split(" ")
            headers = [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)]
            length = int(dict(headers).get(b"content-length", b"0"))
            body = await reader.readexactly(length) if length else b""
            if target.startswith("/-/"):
                writer.write(_control(recorded, target))
            else:
                writer.write(await recorded.answer((method, target, body), headers))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _control(recorded: Recorded, target: str) -> bytes:
    said: object = []
    if target == "/-/start":
        recorded.log.clear()
    elif target == "/-/log":
        said = [(method, target, body.decode()) for method, target, body in recorded.log]
    elif target == "/-/wire":
        said = recorded.wire()
    page = json.dumps(said).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(page), page)


async def main(tickets: int, port: int = 0) -> None:
    recorded = Recorded(tickets)
    server = await asyncio.start_server(
        lambda reader, writer: _serve(recorded, reader, writer), "127.0.0.1", port
    )
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}", "now": NOW}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*(int(one) for one in sys.argv[1:])))
