"""The desk: sync, fixes and questions over several connections, against simulated PSAs on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.contract import ChoiceContext, Unauthorized
from connectors.simulators.connectwise import ACCOUNT, simulator
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport, run_in_thread
from connectors.simulators.world import World
from store.changes import OutboxRefused
from store.desk import Desk
from store.fixes import FixRefused, Intent
from store.home import Home
from store.opening import open_connection
from store.outbox import NOT_SENT
from store.settings import Settings, load
from store.settings_save import save_connection
from store.sync_round import Progress


@dataclass
class Shop:
    """A simulated PSA that stands still, and a home that knows it as `acme`."""

    world: World
    app: object
    url: str
    home: Home
    desks: list[Desk] = field(default_factory=list)

    def desk(self, *, secrets: dict[str, dict[str, str]] | None = None) -> Desk:
        found = Desk(self.home, self.settings, secrets=secrets or {"acme": demo_secrets()})
        self.desks.append(found)
        return found

    @property
    def settings(self) -> Settings:
        return load(self.home.config)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    world = World(1, 40, speed=0.0)
    app = simulator(world)
    with run_in_thread(app) as url:
        home = Home.at(tmp_path / "home")
        save_connection(home.config, "acme", demo_settings(url=url))
        found = Shop(world, app, url, home)
        yield found
        for desk in found.desks:
            await desk.close()


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import keyring
    from keyring.backends import null

    monkeypatch.delenv("DESKZERO_ACME_PRIVATE_KEY", raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(null.Keyring())
    yield
    keyring.set_keyring(before)


def one(desk: Desk, kind: str) -> str:
    return desk.reader.rows([kind])[0].ticket_id


async def test_a_round_pulls_evaluates_and_tells(shop: Shop) -> None:
    desk = shop.desk()
    told: list[Progress] = []
    (report,) = await desk.sync(progress=told.append)
    assert report.ok
    assert {progress.connection for progress in told} == {"acme"}
    assert desk.reader.to_zero() > 0
    (state,) = desk.reader.states()
    assert state.error is None
    again = await desk.sync()
    assert again[0].requests < report.requests


async def test_the_demos_transport_needs_no_socket(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    save_connection(home.config, "demo", demo_settings())
    transports = {"demo": demo_transport(World(1, 30, speed=0.0))}
    async with Desk(home, load(home.config), transports=transports, secrets={"demo": demo_secrets()}) as desk:
        assert (await desk.sync())[0].ok
        assert (await desk.verify("demo")).member == "jdoe"


async def test_one_failing_connection_does_not_hide_the_other(shop: Shop) -> None:
    save_connection(shop.home.config, "broken", demo_settings(url=shop.url))
    desk = shop.desk(secrets={"acme": demo_secrets(), "broken": {"private_key": "wrong"}})
    good, bad = await desk.sync()
    assert good.ok
    assert not bad.ok
    assert bad.error_kind == "unauthorized"
    states = {view.connection: view for view in desk.reader.states()}
    assert states["acme"].error is None
    assert states["broken"].error
    assert desk.reader.to_zero() > 0
    assert (await desk.check()).verdict == "not_zero"


async def test_a_missing_secret_is_kept_as_the_connections_state(shop: Shop) -> None:
    desk = Desk(shop.home, shop.settings)
    shop.desks.append(desk)
    (report,) = await desk.sync()
    assert not report.ok
    assert "DESKZERO_ACME_PRIVATE_KEY" in (report.error or "")
    (state,) = desk.reader.states()
    assert state.error_kind == "unauthorized"
    assert state.since_down is not None
    since = state.since_down
    await desk.sync()
    assert desk.reader.states()[0].since_down == since
    assert (await desk.check()).verdict == "cannot_tell"
    with pytest.raises(Unauthorized):
        await desk.connector("acme")


async def test_a_fix_without_a_secret_waits_in_the_outbox(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    ticket = one(desk, "billing_code")
    locked_out = Desk(shop.home, shop.settings)
    shop.desks.append(locked_out)
    prepared = await locked_out.prepare("acme", ticket, Intent(billing_code="Remote Support"))
    change = await locked_out.submit(prepared)
    assert await locked_out.push(force=True) == []
    assert [(view.change, view.state) for view in desk.reader.changes()] == [(change, "queued")]
    (outcome,) = await desk.push(force=True)
    assert (outcome.change, outcome.state) == (change, "confirmed")


async def test_a_secret_that_was_replaced_is_read_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKZERO_ACME_PRIVATE_KEY", "an-old-key")
    desk = Desk(shop.home, shop.settings)
    shop.desks.append(desk)
    assert not (await desk.sync())[0].ok
    monkeypatch.setenv("DESKZERO_ACME_PRIVATE_KEY", ACCOUNT.private_key)
    assert (await desk.sync())[0].ok


async def test_a_fix_is_seen_at_once_and_undone(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    ticket = one(desk, "billing_code")
    prepared = await desk.prepare("acme", ticket, Intent(billing_code="On-site"))
    change = await desk.submit(prepared)
    assert ticket not in [row.ticket_id for row in desk.reader.rows(["billing_code"])]
    (outcome,) = await desk.push()
    assert (outcome.change, outcome.state) == (change, "confirmed")
    await desk.sync()
    assert ticket not in [row.ticket_id for row in desk.reader.rows(["billing_code"])]
    undone = await desk.undo()
    assert undone.change == change
    assert [outcome.state for outcome in await desk.push()] == ["confirmed"]
    await desk.sync()
    assert ticket in [row.ticket_id for row in desk.reader.rows(["billing_code"])]
    assert desk.reader.changes() == []


async def test_a_pull_never_undoes_what_the_technician_sees(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    ticket = one(desk, "customer_responded")
    await desk.submit(await desk.prepare("acme", ticket, Intent(reply="Looking into it.")))
    shop.world.set_field(int(ticket), "summary", "A new summary from a colleague")
    await desk.sync()
    assert ticket not in [row.ticket_id for row in desk.reader.rows(["customer_responded"])]
    view = desk.reader.ticket("acme", ticket)
    assert view is not None
    assert view.record.summary == "A new summary from a colleague"
    assert [note.text for note in view.notes if note.ours] == ["Looking into it."]


async def test_nothing_is_submitted_on_a_read_only_connection(shop: Shop) -> None:
    save_connection(shop.home.config, "acme", {**demo_settings(url=shop.url), "read_only": True})
    desk = shop.desk()
    await desk.sync()
    prepared = await desk.prepare("acme", one(desk, "billing_code"), Intent(billing_code="On-site"))
    assert prepared.read_only
    assert await desk.submit(prepared) == NOT_SENT
    assert desk.reader.changes(all=True) == []


async def test_without_a_connection_that_opens_changes_wait(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    await desk.submit(await desk.prepare("acme", one(desk, "billing_code"), Intent(billing_code="On-site")))
    locked = Desk(shop.home, shop.settings)
    shop.desks.append(locked)
    assert await locked.push() == []
    assert [change.state for change in locked.reader.changes()] == ["queued"]
    assert [outcome.state for outcome in await desk.push()] == ["confirmed"]


async def test_push_without_changes_opens_nothing(shop: Shop) -> None:
    desk = Desk(shop.home, shop.settings)
    shop.desks.append(desk)
    assert await desk.push() == []
    assert not shop.app.state.requests  # type: ignore[attr-defined]


async def test_choices_are_asked_once(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    row = desk.reader.rows(["billing_code"])[0]
    context = ChoiceContext(company_id=row.company_id)
    first = await desk.choices("acme", "contact", context)
    sent = len(shop.app.state.requests)  # type: ignore[attr-defined]
    assert first
    assert {c.id for c in await desk.choices("acme", "contact", context)} == {c.id for c in first}
    assert len(shop.app.state.requests) == sent  # type: ignore[attr-defined]
    await desk.choices("acme", "contact", context, fresh=True)
    assert len(shop.app.state.requests) > sent  # type: ignore[attr-defined]


async def test_refusals_are_raised_not_swallowed(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    with pytest.raises(FixRefused):
        await desk.prepare("acme", one(desk, "billing_code"), Intent(billing_code="nonsense"))
    for act in (desk.retry, desk.drop, desk.undo):
        with pytest.raises(OutboxRefused):
            await act("no-such-change")


async def test_two_rounds_at_once_are_one_after_the_other(shop: Shop) -> None:
    desk = shop.desk()
    first, second = await asyncio.gather(desk.sync(), desk.sync())
    assert first[0].ok
    assert second[0].ok
    assert second[0].new == 0


async def test_technician_is_handed_to_the_connector(shop: Shop) -> None:
    connector = open_connection(shop.settings.connections["acme"], demo_secrets())
    try:
        assert (await connector.verify()).member == "jdoe"
    finally:
        await connector.close()
