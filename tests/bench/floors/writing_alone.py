"""Floor of 1,000 fixes: the requests that the checks need, and as many durable commits to the same files; no more.

For each fix the ticket is read, then written; afterwards it is read again with its conversation and its time, for the
screen shows what the PSA has and "zero" is not known before the conversation was read. What can be asked for many
tickets at once is. Tickets are written to side by side, and read again side by side, as many as the PSA's places allow.
"""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import httpx
import msgspec

from connectors.connectwise.api import one_of, query_of
from connectors.connectwise.wire import NoteRow, TicketRow, TimeRow, fields_of
from connectors.simulators.connectwise import ACCOUNT

PLACES = 4
TOGETHER = 100
_LOGIN = f"{ACCOUNT.company}+{ACCOUNT.public_key}:{ACCOUNT.private_key}"
_HEADERS = {
    "Authorization": f"Basic {base64.b64encode(_LOGIN.encode()).decode()}",
    "clientId": ACCOUNT.client_id,
    "Accept": "application/vnd.connectwise.com+json; version=2025.1",
}


class Committed:
    """A database file, opened as ours is, and one small change to it at a time."""

    def __init__(self, path: Path, synchronous: str, sql: str) -> None:
        self.done = 0
        self._db = sqlite3.connect(path, timeout=15.0, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL").fetchall()
        self._db.execute(f"PRAGMA synchronous = {synchronous}")
        self._db.execute("PRAGMA secure_delete = ON").fetchall()
        self._sql = sql

    def commit(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(self._sql, (self.done,))
        self._db.execute("COMMIT")
        self.done += 1

    def close(self) -> None:
        self._db.close()


async def writing_alone(
    url: str, tickets: Sequence[str], code: int, journal: Path, cache: Path, commits: tuple[int, int]
) -> int:
    """How many requests. `commits`: to the journal and to the cache, in all."""
    base = f"{url}/v2025_1/apis/3.0"
    # Rows of what is written for a fix: the audit's is the largest of the journal, the ticket's of the cache.
    book = (
        "UPDATE change SET error = 'a request, its answer, and what became of it', attempts = ? WHERE seq = 1"
    )
    rows = "UPDATE ticket SET read_at = ? WHERE rowid = (SELECT min(rowid) FROM ticket)"
    with (
        closing(Committed(journal, "FULL", book)) as book_commits,
        closing(Committed(cache, "NORMAL", rows)) as cache_commits,
    ):
        return await _send(base, tickets, code, (book_commits, cache_commits), commits)


async def _send(
    base: str,
    tickets: Sequence[str],
    code: int,
    files: tuple[Committed, Committed],
    commits: tuple[int, int],
) -> int:
    sent = 0
    limits = httpx.Limits(max_connections=2 * PLACES, max_keepalive_connections=2 * PLACES)
    async with httpx.AsyncClient(headers=_HEADERS, timeout=30.0, limits=limits) as client:

        async def ask(method: str, path: str, content: bytes | None = None) -> None:
            nonlocal sent
            sent += 1
            answer = await client.request(method, base + path, content=content, headers=_json(content))
            msgspec.json.decode(answer.raise_for_status().content)

        waiting = iter(tickets)
        written: asyncio.Queue[str] = asyncio.Queue()
        done = 0

        async def write() -> None:
            nonlocal done
            for one in waiting:
                await ask("GET", _list("/service/tickets", TicketRow, one_of("id", [one])))
                body = [{"op": "replace", "path": "workType", "value": {"id": code}}]
                await ask("PATCH", f"/service/tickets/{one}", msgspec.json.encode(body))
                done += 1
                for file, all_of_them in zip(files, commits, strict=True):
                    while file.done < all_of_them * done // len(tickets):
                        file.commit()
                written.put_nowait(one)

        async def read_again() -> None:
            left = len(tickets)
            while left:
                some = [await written.get()]
                while not written.empty() and len(some) < TOGETHER:
                    some.append(written.get_nowait())
                left -= len(some)
                await ask("GET", _list("/service/tickets", TicketRow, one_of("id", some)))
                if len(some) > 1:
                    await ask("GET", _list("/time/entries", TimeRow, _charged(some)))
                await _each(some, PLACES, talk if len(some) > 1 else talk_of_one)
                await ask("GET", _list("/time/entries", TimeRow, _charged(some)))

        async def talk(one: str) -> None:
            await ask("GET", _list(f"/service/tickets/{one}/notes", NoteRow, ""))

        async def talk_of_one(one: str) -> None:
            await talk(one)
            await ask("GET", _list("/time/entries", TimeRow, _charged([one])))

        await asyncio.gather(read_again(), *(write() for _ in range(PLACES)))
    return sent


async def _each(items: Sequence[str], at_once: int, work: Callable[[str], object]) -> None:
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)  # type: ignore[misc]

    await asyncio.gather(*(worker() for _ in range(at_once)))


def _json(content: bytes | None) -> dict[str, str]:
    return {} if content is None else {"Content-Type": "application/json"}


def _charged(tickets: Sequence[str]) -> str:
    return f'chargeToType="ServiceTicket" and {one_of("chargeToId", tickets)}'


def _list(path: str, shape: type[msgspec.Struct], conditions: str) -> str:
    more = {"fields": fields_of(shape), "orderBy": "id asc", "pageSize": "1000"}
    return f"{path}?{query_of(conditions=conditions, **more)}"
