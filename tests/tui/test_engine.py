"""The engine's thread: what it does by itself, and what it says when something goes wrong."""

from __future__ import annotations

import asyncio
import queue
import time

import pytest

from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.database import CannotWrite, Databases, DatabaseTooNew
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from tui import messages
from tui.engine import CannotSave, Engine, EngineStopped


@pytest.fixture
def told():
    """What the engine posts, in order."""
    return queue.SimpleQueue()


async def wait_for(told, kind, seconds=20.0):
    """Everything up to the first message of this kind."""
    seen = []
    for _ in range(int(seconds / 0.02)):
        while not told.empty():
            seen.append(told.get())
            if isinstance(seen[-1], kind):
                return seen
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {kind.__name__} among {seen}")


@pytest.fixture
def open_desk(tmp_path):
    home = Home.at(tmp_path / "home")
    save_connection(home.config, "demo", demo_settings("connectwise"))
    world = World(3, 30, speed=0.0)

    def make():
        transports = {"demo": demo_transport(world, "connectwise")}
        return Desk(
            home, load(home.config), transports=transports, secrets={"demo": demo_secrets("connectwise")}
        )

    return make


async def test_it_syncs_by_itself_and_when_asked_and_tells_how_far_it_is(open_desk, told):
    engine = Engine(open_desk, told.put, sync_every=3600)
    engine.start()
    try:
        seen = await wait_for(told, messages.SyncEnded)
        assert isinstance(seen[0], messages.EngineReady)
        assert isinstance(seen[1], messages.SyncStarted)
        assert not seen[1].asked
        progress = [one for one in seen if isinstance(one, messages.SyncProgress)]
        assert any(one.expected and one.done for one in progress)
        assert not seen[-1].failed and seen[-1].unasked == ()
        assert await engine.call(_to_zero) > 0
        engine.sync_now()
        seen = await wait_for(told, messages.SyncEnded)
        assert seen[-1].asked
    finally:
        await engine.stop()


async def test_a_round_names_the_connections_that_it_could_not_ask(tmp_path, told):
    home = Home.at(tmp_path / "home")
    worlds = {"acme": World(3, 30, speed=0.0), "north": World(4, 30, speed=0.0)}
    for name in worlds:
        save_connection(home.config, name, demo_settings("connectwise"))
    secrets = {"acme": demo_secrets("connectwise"), "north": {"private_key": "wrong"}}
    transports = {name: demo_transport(world, "connectwise") for name, world in worlds.items()}
    engine = Engine(
        lambda: Desk(home, load(home.config), transports=transports, secrets=secrets),
        told.put,
        sync_every=3600,
    )
    engine.start()
    try:
        ended = (await wait_for(told, messages.SyncEnded))[-1]
        assert (ended.failed, ended.unasked) == (False, ("north",))
        assert await engine.call(_to_zero) > 0, "the other one is read all the same"
    finally:
        await engine.stop()


async def _to_zero(desk):
    return desk.reader.to_zero()


async def test_a_database_of_a_newer_version_is_said_with_what_to_do(tmp_path, told):
    home = Home.at(tmp_path)
    Databases.open(home).close()
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(home.journal)) as journal:
        journal.execute("PRAGMA user_version = 999")
    engine = Engine(lambda: Desk(home, load(home.config)), told.put, sync_every=3600)
    engine.start()
    failed = (await wait_for(told, messages.EngineFailed))[-1]
    assert "Writing and syncing are off" in failed.what
    assert failed.hint
    with pytest.raises(EngineStopped):
        await engine.call(_to_zero)
    await engine.stop()
    with pytest.raises(DatabaseTooNew):
        Databases.open(home)


async def test_errors_of_a_call_reach_whoever_called(open_desk, told):
    engine = Engine(open_desk, told.put, sync_every=3600, syncs=False)
    engine.start()

    async def wrong(_desk):
        raise LookupError("no such thing")

    try:
        with pytest.raises(LookupError, match="no such thing"):
            await engine.call(wrong)
    finally:
        await engine.stop()
    with pytest.raises(EngineStopped):
        await engine.call(_to_zero)


async def test_stopped_while_it_opens_it_ends_at_once_and_closes(open_desk, told):
    """A quit right after the start is no crash: the next start has nothing to tell."""
    opened = []

    def slowly():
        time.sleep(0.5)
        opened.append(open_desk())
        return opened[0]

    engine = Engine(slowly, told.put, sync_every=3600)
    engine.start()
    began = time.monotonic()
    await engine.stop()
    assert time.monotonic() - began < 7
    home = opened[0].home
    assert [path.name for path in home.running.iterdir()] == ["gate"]
    with Databases.open(home) as databases:
        assert databases.notes == []


async def test_what_the_databases_had_to_tell_is_told_once(open_desk, told):
    open_desk_once = open_desk()
    (open_desk_once.home.running / "99-dead").touch()
    await open_desk_once.close()
    engine = Engine(open_desk, told.put, sync_every=3600, syncs=False)
    engine.start()
    try:
        *_, noted = await wait_for(told, messages.Noted)
        assert "did not end as it should" in noted.notes[0]
    finally:
        await engine.stop()


async def test_a_full_disk_is_an_error_with_its_hint(open_desk, told):
    engine = Engine(open_desk, told.put, sync_every=3600, syncs=False)

    async def full(desk):
        raise CannotWrite("The disk is full.", hint="Make space.")

    try:
        with pytest.raises(CannotSave, match="disk is full") as caught:
            await engine.call(full)
        assert caught.value.hint == "Make space."
    finally:
        await engine.stop()
