"""Conversations whose time is read for many of them at once: the same as read one by one, for fewer requests."""

from __future__ import annotations

import re

import pytest

from connectors import open_connector
from connectors.connectwise.connector import ConnectWise
from connectors.contract import ReadsAhead, Unreadable
from connectors.simulators.model import TimeEntry
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World

OWN = ("url", "company", "client_id", "public_key", "technician")


def opened(world: World) -> ConnectWise:
    settings = demo_settings()
    options = {key: settings[key] for key in OWN}
    found = open_connector("connectwise", "demo", options, demo_secrets(), transport=demo_transport(world))
    assert isinstance(found, ConnectWise)
    assert isinstance(found, ReadsAhead)
    return found


def shown_entry(world: World) -> TimeEntry:
    """An entry that the customer sees too."""
    entry = next(one for one in world.time.values() if one.text)
    entry.public = True
    return entry


async def test_the_same_as_one_by_one() -> None:
    world = World(3, 150, speed=0)
    shown_entry(world)
    ids = [str(one) for one in world.tickets]
    connector = opened(world)
    alone = [await connector.conversation(one) for one in ids]
    before = connector.requests
    ahead = await connector.read_ahead(ids)
    assert connector.requests - before == -(-len(ids) // 100)
    together = [await connector.conversation_with(one, ahead) for one in ids]
    for one, other in zip(alone, together, strict=True):
        assert one.ticket_id == other.ticket_id
        assert (one.notes, one.odd, one.files) == (other.notes, other.odd, other.files)
        assert other.read_at == ahead.read_at
    assert any(note.time_id for one in together for note in one.notes)
    await connector.close()


async def test_a_ticket_that_was_not_asked_for_is_asked_for() -> None:
    world = World(3, 60, speed=0)
    entry = shown_entry(world)
    connector = opened(world)
    ahead = await connector.read_ahead(["1"])
    found = await connector.conversation_with(str(entry.ticket_id), ahead)
    assert any(note.time_id == str(entry.id) for note in found.notes)
    await connector.close()


async def test_an_entry_that_is_nobodys_is_an_error() -> None:
    """Read by ticket it is that ticket's; among those of many nobody can tell whose conversation lacks something."""
    world = World(3, 60, speed=0)
    entry = shown_entry(world)
    connector = opened(world)
    transport = connector._api.session._transport
    handle = transport.handle_async_request  # type: ignore[union-attr]

    async def spoiled(request):  # type: ignore[no-untyped-def]
        response = await handle(request)
        await response.aread()
        if "/time/entries" in str(request.url):
            response._content = re.sub(rb'"chargeToId":\d+', b'"chargeToId":"?"', response.content)
        return response

    transport.handle_async_request = spoiled  # type: ignore[union-attr,method-assign]
    with pytest.raises(Unreadable, match="chargeToId"):
        await connector.read_ahead([str(entry.ticket_id), "70101"])
    found = await connector.conversation(str(entry.ticket_id))
    assert found.odd
    await connector.close()
