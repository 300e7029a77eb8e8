"""The budget at work: rounds wait in plain sight, a person's fix has its reserve, nothing is sent late."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.budget import GO
from connectors.contract import Quota
from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_secrets, demo_settings, demo_transport, run_in_thread
from connectors.simulators.world import World
from store.budget import SharedBudget, look
from store.desk import Desk
from store.fixes import Intent
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from store.sync_round import Progress

CONNECTWISE = Quota(requests=1000, seconds=60, source="where throttling is said to begin; not published")


class Shop:
    """A simulated PSA on a socket that stands still, and a home that knows it as `acme`."""

    def __init__(self, folder: Path, url: str, world: World, app: object) -> None:
        self.home, self.world, self.app = Home.at(folder), world, app
        save_connection(self.home.config, "acme", demo_settings(url=url))
        self.desks: list[Desk] = []

    def desk(self) -> Desk:
        found = Desk(self.home, load(self.home.config), secrets={"acme": demo_secrets()})
        self.desks.append(found)
        return found

    def set(self, text: str) -> None:
        """A line in the connection's table."""
        config = self.home.config
        config.write_text(config.read_text().replace("[connections.acme]\n", f"[connections.acme]\n{text}\n"))

    def drain(self, *, personal: bool, quota: Quota = CONNECTWISE, share: float = 0.1) -> None:
        """Another process of this home uses up what there is."""
        other = SharedBudget(self.home.budget, "acme", share)
        other.limit((quota,))
        while other.take(personal=personal) == GO:
            pass
        other.close()

    @property
    def asked(self) -> int:
        return len(self.app.state.simulator.requests)  # type: ignore[attr-defined]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    world = World(1, 40, speed=0.0)
    app = simulator(world)
    with run_in_thread(app) as url:
        found = Shop(tmp_path / "home", url, world, app)
        yield found
        for desk in found.desks:
            await desk.close()


async def queue_fix(desk: Desk) -> str:
    """A billing code for the first ticket that lacks one, in the outbox; the ticket's id."""
    row = desk.reader.rows(["billing_code"])[0]
    prepared = await desk.prepare("acme", row.ticket_id, Intent(billing_code="On-site"))
    await desk.submit(prepared, immediately=True)
    return row.ticket_id


async def test_a_round_counts_every_request(shop: Shop) -> None:
    (report,) = await shop.desk().sync()
    (bucket,) = look(shop.home.budget)["acme"].buckets
    assert report.ok and bucket.quota == CONNECTWISE
    assert bucket.tokens == pytest.approx(500 - report.requests, abs=report.seconds * bucket.refill + 1)


async def test_a_first_round_that_uses_up_its_share_becomes_slow_and_says_so(shop: Shop) -> None:
    quota = Quota(requests=2400, seconds=60, established=True, source="set in the settings")
    shop.set('quota = "2400/1m"\nquota_share = 1.0')
    shop.drain(personal=True, quota=quota, share=1.0)  # 36 flow back a second, the first 48 are the reserve
    told: list[Progress] = []
    (report,) = await shop.desk().sync(progress=told.append)
    assert report.ok, report.error
    assert report.seconds > 2
    waits = [one for one in told if "for our share of the company's requests" in one.text]
    assert waits and {one.connection for one in waits} == {"acme"}
    assert any(one.phase == "conversations" and one.done and one.total for one in waits), (
        "how far it was, too"
    )


async def test_a_person_s_fix_goes_out_of_the_reserve(shop: Shop) -> None:
    shop.set('quota = "1000/1h"')
    desk = shop.desk()
    await desk.sync()
    shop.drain(personal=False, quota=Quota(requests=1000, seconds=3600))
    ticket = await queue_fix(desk)
    asked = shop.asked
    (outcome,) = await desk.push()
    assert outcome.state == "confirmed"
    assert 100 - (shop.asked - asked) - 1 <= look(shop.home.budget)["acme"].buckets[0].tokens < 100
    # What was written is read again, the conversation too, by the next round: the reserve is not for that.
    read = [one.path for one in list(shop.app.state.simulator.requests)[asked:]]  # type: ignore[attr-defined]
    assert read and f"/service/tickets/{ticket}/notes" not in read


async def test_with_the_reserve_empty_a_fix_waits_in_the_outbox_and_is_not_sent_late(shop: Shop) -> None:
    shop.set('quota = "1000/24h"')
    desk = shop.desk()
    await desk.sync()
    ticket = await queue_fix(desk)
    writes = len(shop.world.writes)
    shop.drain(personal=True, quota=Quota(requests=1000, seconds=86400))  # the next token comes in 14 min
    asked = shop.asked
    (outcome,) = await desk.push()
    assert (outcome.state, outcome.error_kind) == ("queued", "throttled")
    assert outcome.ticket_id == ticket and "our share" in (outcome.error or "")
    assert (len(shop.world.writes), shop.asked) == (writes, asked)
    assert await desk.push() == [], "it waits until there is room"
    shop.home.budget.unlink()
    (outcome,) = await desk.push(force=True)
    assert outcome.state == "confirmed" and len(shop.world.writes) > writes


async def test_a_refusal_in_one_desk_keeps_the_others_quiet(shop: Shop) -> None:
    one, two = shop.desk(), shop.desk()
    await one.sync()
    await two.sync()
    shop.app.state.faults.next("/", "429", retry_after=120)  # type: ignore[attr-defined]
    (report,) = await one.sync()
    assert report.error_kind == "throttled"
    asked = shop.asked
    (report,) = await two.sync()
    assert (report.error_kind, report.requests, shop.asked) == ("throttled", 0, asked)
    await queue_fix(two)
    (outcome,) = await two.push()
    assert (outcome.state, outcome.error_kind) == ("queued", "throttled")
    assert shop.asked == asked
    assert two.reader.budgets()["acme"].waits_for(time.time()) > 100


async def test_a_damaged_budget_stops_no_round(shop: Shop) -> None:
    desk = shop.desk()
    await desk.sync()
    shop.home.budget.write_bytes(b"nothing" * 5000)
    (report,) = await desk.sync()
    assert report.ok, report.error


async def test_a_psa_in_this_process_has_no_limit(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    save_connection(home.config, "demo", demo_settings())
    transports = {"demo": demo_transport(World(1, 30, speed=0.0))}
    async with Desk(home, load(home.config), transports=transports, secrets={"demo": demo_secrets()}) as desk:
        assert (await desk.sync())[0].ok
    assert not home.budget.exists()


async def test_no_limit_by_the_settings(shop: Shop) -> None:
    shop.set('quota = "none"')
    shop.drain(personal=True)
    desk = shop.desk()
    (report,) = await desk.sync()
    assert report.ok and look(shop.home.budget)["acme"].buckets == []


async def test_the_first_reading_of_a_connection_has_half_of_the_limit_and_the_next_our_share(
    shop: Shop,
) -> None:
    desk = shop.desk()
    before: dict[int, int] = {}

    def refill(_: object) -> None:
        found = desk.reader.budgets().get("acme")
        if found is not None and found.buckets:
            before[len(before)] = round(found.buckets[0].refill * 60)

    (report,) = await desk.sync(progress=refill)
    assert report.ok
    assert set(before.values()) == {500}
    before.clear()
    await desk.sync(full=True, progress=refill)
    assert before[len(before) - 1] == 100
    assert round(desk.reader.budgets()["acme"].buckets[0].refill * 60) == 100
