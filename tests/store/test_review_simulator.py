"""What a hostile reading looked for between reading and writing, over a real socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connectors.contract import ChoiceContext, ConnectorError, Conversation
from store.outbox import state_of
from tests.store.test_outbox_simulator import Office, office, served, world

__all__ = ["office", "served", "world"]


@pytest.mark.parametrize("fault", ["429", "500"])
async def test_a_flag_is_not_cleared_by_a_request_that_waited(office: Office, fault: Any) -> None:
    """Told to wait, the write is compared anew before it goes: the customer has written meanwhile."""
    ticket_id = office.ticket()
    office.world.customer_replies(ticket_id, "Is it done?")
    await office.sync()
    change = await office.fix(ticket_id, reply="It works again.")
    path = f"/service/tickets/{ticket_id}"
    for _ in range(2):
        office.faults.next(path, fault, method="PATCH", retry_after=2)
    push = asyncio.create_task(office.push())
    for _ in range(200):
        await asyncio.sleep(0.05)
        if office.notes(ticket_id, "It works again."):
            break
    await asyncio.sleep(0.4)
    office.world.customer_replies(ticket_id, "It does not!")
    await push
    for _ in range(3):
        if office.state(change) in ("queued", "sending"):
            await office.push()
    assert office.world.ticket(ticket_id).flag
    assert office.state(change) == "conflict"
    assert "It does not!" in state_of(office.databases, change).detail
    assert office.notes(ticket_id, "It works again.") == 1


async def test_a_reply_does_not_wait_with_what_was_read_before(office: Office) -> None:
    """Another request was told to wait; the reply must not sit behind it after its conversation was read."""
    ticket_id = office.ticket()
    change = await office.fix(ticket_id, reply="It works again.")
    original = office.connector.conversation

    async def told_to_wait(one: str) -> Conversation:
        answer = await original(one)
        office.faults.next("/system/members", "429", retry_after=2)
        office.faults.next("/service/boards", "429", retry_after=2)
        asyncio.get_running_loop().create_task(_try(office))
        await asyncio.sleep(0.3)
        asyncio.get_running_loop().call_later(
            0.7, office.world.customer_replies, ticket_id, "Wait, it does not!"
        )
        return answer

    office.connector.conversation = told_to_wait  # type: ignore[method-assign, assignment]
    await office.push()
    office.connector.conversation = original  # type: ignore[method-assign]
    await asyncio.sleep(1.0)
    await office.push()
    sent = office.notes(ticket_id, "It works again.")
    assert (office.state(change), sent) == ("conflict", 0)


async def _try(office: Office) -> None:
    try:
        await office.connector.choices("owner", ChoiceContext())
        await office.connector.choices("board", ChoiceContext())
    except ConnectorError:
        pass
