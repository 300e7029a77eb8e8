"""Floor of a sync with nothing new: the same requests, one after the other, read and decoded, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import msgspec

from tests.bench.recorded import Sent


def client() -> httpx.AsyncClient:
    """A client whose connections stay open from round to round, as ours does."""
    return httpx.AsyncClient(timeout=30.0)


async def requests_alone(client: httpx.AsyncClient, url: str, sent: Sequence[Sent]) -> int:
    """Sends them all; how many rows came."""
    rows = 0
    for one in sent:
        answer = await client.request(
            one.method, url + one.target, headers=one.headers, content=one.content or None
        )
        found = msgspec.json.decode(answer.content)
        rows += len(found) if isinstance(found, list) else 1
    return rows
