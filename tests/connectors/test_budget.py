"""A session asks for its turn before every request, for whom it sends, and tells what the PSA says of its limits."""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from connectors.budget import GO, STALE, Turn, personal, spare, told, urgency
from connectors.contract import NotThere, Throttled, Unreachable
from connectors.headers import retry_after, used_up
from connectors.http import Session
from tests.connectors.scripted import DROP, Server, http, scripted

NOW = 1_795_183_200.0


class Wary:
    """A budget that says what it is told to: `turns` in order, then yes."""

    def __init__(self, *turns: Turn) -> None:
        self.turns = list(turns)
        self.asked: list[bool] = []
        self.hushed: list[float | None] = []

    def take(self, *, personal: bool) -> Turn:
        self.asked.append(personal)
        return self.turns.pop(0) if self.turns else GO

    def quiet(self, seconds: float | None) -> None:
        self.hushed.append(seconds)


class Naps:
    """In place of sleeping."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


@asynccontextmanager
async def session_to(server: Server, budget: Wary, **more) -> AsyncIterator[Session]:
    session = Session(server.url, budget=budget, **more)
    try:
        yield session
    finally:
        await session.close()


OK = http(200, "{}")
WAIT = Turn(30.0)
QUIET = Turn(30.0, asked=True)


class TestItsTurn:
    async def test_every_request_asks_retries_included(self):
        budget = Wary()
        async with scripted(http(503), OK) as server, session_to(server, budget) as session:
            await session.get("/x")
            await session.send("POST", "/x", json={})
        assert len(budget.asked) == len(server.got) == 3

    async def test_a_background_read_waits_as_long_as_it_takes_and_says_so(self):
        turns = [Turn(float(left)) for left in range(90, 0, -1)]
        budget, naps, heard = Wary(*turns), Naps(), []
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            with told(heard.append):
                await session.get("/x")
        assert len(server.got) == 1
        assert sum(naps.slept) == 90 and max(naps.slept) <= 1.0
        assert heard == turns

    async def test_its_time_for_retries_begins_when_it_goes(self):
        """A first sync that had to wait long is not less patient with a hiccup."""
        budget, naps = Wary(*[WAIT] * 50), Naps()
        async with (
            scripted(http(503), DROP, OK) as server,
            session_to(server, budget, sleep=naps, retry_for=10.0) as session,
        ):
            await session.get("/x")
        assert len(server.got) == 3

    async def test_a_write_is_never_sent_late(self):
        budget, naps = Wary(Turn(STALE + 0.1)), Naps()
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            with personal(patience=20), pytest.raises(Throttled, match="our share") as caught:
                await session.send("POST", "/x", json={})
        assert (server.got, naps.slept, session.requests) == ([], [], 0)
        assert caught.value.retry_after == pytest.approx(STALE + 0.1)
        assert "quota_share" in caught.value.hint

    async def test_several_short_waits_of_a_write_add_up(self):
        budget, naps = Wary(*[Turn(0.4)] * 9), Naps()
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            with personal(), pytest.raises(Throttled):
                await session.send("PATCH", "/x", json={})
        assert server.got == [] and sum(naps.slept) <= STALE

    async def test_waiting_for_a_turn_and_then_for_a_place_is_not_longer_either(self):
        budget = Wary(GO, Turn(0.9))
        async with (
            scripted(OK, delay=1.5) as server,
            session_to(server, budget, concurrency=1) as session,
        ):
            busy = asyncio.create_task(session.send("POST", "/busy", json={}))
            await asyncio.sleep(0.05)
            with pytest.raises(Throttled, match="no place was free in time"):
                await session.send("POST", "/late", json={})
            await busy
        assert [got.path for got in server.got] == ["/busy"]

    async def test_a_read_for_a_person_waits_his_patience(self):
        budget, naps = Wary(Turn(15.0), Turn(0.5), GO, Turn(15.0)), Naps()
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            with personal(patience=20):
                await session.get("/x")
            with personal(patience=STALE), pytest.raises(Throttled):
                await session.get("/x")
        assert len(server.got) == 1
        assert naps.slept == [1.0, 0.5]

    async def test_what_can_be_left_is_left_at_once(self):
        budget, naps = Wary(Turn(0.1)), Naps()
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            with spare(), pytest.raises(Throttled):
                await session.get("/x")
            with spare():
                await session.get("/x")
        assert naps.slept == [] and len(server.got) == 1

    async def test_what_was_not_sent_in_time_is_not_tried_again(self):
        """After a refusal with a wait the compare would be old: the outbox begins anew."""
        budget = Wary(GO, QUIET)
        async with scripted(http(503), OK) as server, session_to(server, budget) as session:
            with personal(patience=STALE), pytest.raises(Throttled):
                await session.get("/x")
        assert len(server.got) == 1

    async def test_a_round_that_the_psa_sends_away_ends(self):
        budget, naps = Wary(QUIET), Naps()
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            with pytest.raises(Throttled) as caught:
                await session.get("/x")
        assert server.got == [] and caught.value.retry_after == 30

    async def test_a_short_pause_of_the_psa_is_waited_for(self):
        budget, naps = Wary(Turn(2.0, asked=True), Turn(1.0, asked=True)), Naps()
        async with scripted(OK) as server, session_to(server, budget, sleep=naps) as session:
            await session.get("/x")
        assert len(server.got) == 1 and naps.slept == [1.0, 1.0]

    async def test_a_person_does_not_queue_behind_a_rounds_reads(self):
        async with scripted(OK, delay=0.3) as server:
            session = Session(server.url, budget=Wary(), concurrency=1)
            reads = [asyncio.create_task(session.get("/round")) for _ in range(5)]
            await asyncio.sleep(0.05)
            with personal():
                await session.get("/person")
            assert sum(one.done() for one in reads) <= 2
            await asyncio.gather(*reads)
            await session.close()


class TestForWhom:
    async def test_it_goes_with_the_task(self):
        budget = Wary()
        async with scripted(OK) as server, session_to(server, budget) as session:
            with personal():
                await asyncio.gather(*(session.get("/fix") for _ in range(2)))
            await session.get("/round")
        assert budget.asked == [True, True, False]
        assert urgency() == (False, None)

    async def test_inner_work_may_be_less_urgent(self):
        with personal(patience=5):
            with spare():
                assert urgency() == (False, 0.0)
            assert urgency() == (True, 5)


class TestWhatThePsaSays:
    @pytest.mark.parametrize(
        ("answer", "hushed"),
        [
            (http(429, "{}", "Retry-After: 40"), 40.0),
            (http(429, "{}"), None),
            (http(429, "{}", "X-RateLimit-Reset: 12", "X-RateLimit-Remaining: 0"), 12.0),
            (http(503, "{}", "Retry-After: 40"), 40.0),
            (http(200, "{}", "X-RateLimit-Limit: 120", "X-RateLimit-Remaining: 0"), None),
            (http(200, "{}", "RateLimit-Remaining: 0", "RateLimit-Reset: 30"), 30.0),
            (http(200, "{}", 'RateLimit: "default";r=0;t=25'), 25.0),
        ],
    )
    async def test_it_is_passed_on_to_everybody(self, answer, hushed):
        budget = Wary()
        async with scripted(answer) as server, session_to(server, budget) as session:
            with suppress(Throttled, Unreachable):
                await session.send("POST", "/x", json={})
        assert budget.hushed == [hushed]

    @pytest.mark.parametrize(
        "answer",
        [
            OK,
            http(503),
            http(404, "{}", "Retry-After: 40"),
            http(200, "{}", "X-RateLimit-Remaining: 1", "X-RateLimit-Reset: 30"),
            http(200, "{}", 'RateLimit: "default";r=7;t=25'),
            http(200, "{}", "X-RateLimit-Remaining: many"),
        ],
    )
    async def test_and_nothing_else_is(self, answer):
        budget = Wary()
        async with scripted(answer) as server, session_to(server, budget) as session:
            with suppress(NotThere, Unreachable):
                await session.send("POST", "/x", json={})
        assert budget.hushed == []

    async def test_none_left_stops_this_session_before_the_429_even_without_a_budget(self):
        last = http(200, "{}", "X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 240")
        async with scripted(last, http(429, "{}")) as server:
            session = Session(server.url)
            await session.get("/x")
            with pytest.raises(Throttled) as caught:
                await session.get("/x")
            assert 230 < caught.value.retry_after <= 240
            assert len(server.got) == 1
            await session.close()

    async def test_a_429_that_names_only_its_reset_is_waited_for(self):
        full = http(429, "{}", "X-RateLimit-Reset: 1")
        async with scripted(full, OK) as server:
            session = Session(server.url)
            began = time.monotonic()
            await session.get("/x")
            assert time.monotonic() - began >= 0.9 and len(server.got) == 2
            await session.close()


class TestHeaders:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            ("30", 30),
            ("0", 0),
            ("1.5", 1.5),
            (email.utils.formatdate(NOW + 90, usegmt=True), 90),
            (email.utils.formatdate(NOW - 90, usegmt=True), 0),
            ("", None),
            ("soon", None),
            ("-5", None),
        ],
    )
    def test_retry_after(self, value, seconds):
        assert retry_after(httpx.Headers({"Retry-After": value}), NOW) == seconds

    @pytest.mark.parametrize(
        ("reset", "seconds"),
        [
            ("30", 30),
            (str(int(NOW) + 45), 45),
            (str(int(NOW + 45) * 1000), 45),
            (email.utils.formatdate(NOW + 45, usegmt=True), 45),
            ("2026-11-20T14:00:45Z", 45),
            ("2026-11-20T14:00:45", 45),
            ("", None),
            ("later", None),
            ("nan", None),
            ("9" * 400, None),
        ],
    )
    def test_a_reset_in_each_of_its_forms(self, reset, seconds):
        headers = httpx.Headers({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset})
        assert used_up(headers, NOW) == (True, seconds)

    @pytest.mark.parametrize(
        ("left", "none"), [("0", True), ("-1", True), ("1", False), ("x", False), ("", False)]
    )
    def test_what_is_left(self, left, none):
        assert used_up(httpx.Headers({"ratelimit-remaining": left}), NOW)[0] is none
