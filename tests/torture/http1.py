"""HTTP/1.1 messages on a stream: where one begins and ends, nothing about what they mean."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

LARGEST_HEAD = 65536


@dataclass
class Message:
    """A request or an answer, read to its end. `first` is its first line; header names are lower case."""

    first: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """The header's value, empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def method(self) -> str:
        return self.first.split(" ", 1)[0]

    @property
    def target(self) -> str:
        """Path and query of a request."""
        return self.first.split(" ", 2)[1]

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.first.split(" ", 2)[1])

    def with_header(self, name: str, value: str) -> Message:
        """The same with this header once."""
        kept = [(key, old) for key, old in self.headers if key != name]
        return Message(self.first, [*kept, (name, value)], self.body)

    def encoded(self, *, body: bytes | None = None) -> bytes:
        """As bytes, with a length (never chunked). `body`: another one."""
        content = self.body if body is None else body
        left_out = ("content-length", "transfer-encoding", "connection", "keep-alive")
        lines = [self.first, *(f"{key}: {value}" for key, value in self.headers if key not in left_out)]
        if content or not self.first.startswith("GET "):
            lines.append(f"content-length: {len(content)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


async def read_message(reader: asyncio.StreamReader, *, answer: bool = False) -> Message | None:
    """The next message; `None` where the other side has ended between two. An `answer` without a length ends
    with its connection. Raises `OSError`, `asyncio.IncompleteReadError` for one that breaks off."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = []
    for line in lines:
        key, _, value = line.partition(":")
        headers.append((key.strip().lower(), value.strip()))
    message = Message(first, headers, b"")
    message.body = await _body(reader, message, answer)
    return message


async def _body(reader: asyncio.StreamReader, message: Message, answer: bool) -> bytes:
    if "chunked" in message.header("transfer-encoding").lower():
        return await _chunks(reader)
    if length := message.header("content-length"):
        return await reader.readexactly(int(length))
    if answer and message.status not in (204, 304) and message.status >= 200:
        return await reader.read(-1)
    return b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if size == 0:
            while (await reader.readuntil(b"\r\n")) != b"\r\n":
                pass  # trailers
            return b"".join(parts)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
