"""Request Tracker took a change, and what comes after it fails: it must not look as if nothing had gone out."""

from __future__ import annotations

import json

import pytest

from connectors.contract import Ref, Step
from tests.connectors.scripted import DROP, Got, http, scripted
from tests.connectors.test_rt_hostile import row, to


@pytest.mark.parametrize(
    "then", [DROP, http(403, "{}"), http(429, "{}", "Retry-After: 300"), http(401, "{}")]
)
async def test_a_put_that_cannot_be_read_back_was_carried_out(then: bytes) -> None:
    done: list[str] = []

    def answer(request: Got) -> bytes:
        if request.method == "PUT":
            done.append(request.target)
            return http(200, '["Status changed from open to stalled"]')
        if done:
            return then
        return http(200, json.dumps(row("1")), 'ETag: "v1"')

    step = Step(
        action="put",
        ticket_id="1",
        request="PUT /ticket/1",
        body={"Status": "stalled"},
        sets={"status": Ref("stalled", "stalled")},
    )
    async with scripted(answer) as server:
        connector = to(server.url)
        applied = await connector.apply(step, "v1")
        await connector.close()
    assert len(done) == 1
    assert applied.ticket is None, "whoever asked reads the ticket again"
    assert "stalled" in applied.said
