"""One episode: a shop, technicians that are killed, put to sleep and cut off, a calm end, the judgement."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.servers.rt import RtServer
from tests.torture.ledger import Tag
from tests.torture.odds import Odds
from tests.torture.proxy import DAY, Exchange, Where
from tests.torture.shop import Shop, open_shop
from tests.torture.technician import SETTLING, Orders

POSIX = sys.platform != "win32"
PATIENCE = 120.0
"""Seconds for what a process has still to send when it is asked to end."""


@dataclass(frozen=True)
class Plan:
    """How much of what."""

    changes: int = 500
    kills: int = 25
    odds: Odds = field(default_factory=Odds)
    worst: float = 0.06
    tickets: int = 40
    two: float = 0.4
    """Share of the time in which two processes work on the home."""
    trouble: bool = True
    """Outages, expired tokens, clocks a day off, sleeping laptops."""
    pause: float = 0.35
    """Seconds between what others do, on average."""
    verbs: tuple[str, ...] = ()
    """Only these verbs; empty: all."""
    undo: float = 0.0
    """Further share of undo among the actions."""
    planted: str = ""
    longest: float = 300.0
    """Seconds after which no more is done, whatever was planned."""


@dataclass
class Past:
    """What was done to the processes, for the judge."""

    kills: int = 0
    asleep: int = 0
    killed_at: dict[int, float] = field(default_factory=dict)
    crashes: list[str] = field(default_factory=list)


def _started(orders: Orders) -> None:
    """What runs in a technician's process."""
    try:
        from tests.torture.technician import main

        main(orders)
    except BaseException:
        path = Path(orders.stop).with_name(f"crash-{os.getpid()}")
        path.write_text(traceback.format_exc(), encoding="utf-8")
        raise


def context() -> multiprocessing.context.BaseContext:
    """Where a process starts in 50 ms if the system can fork."""
    if not POSIX:
        return multiprocessing.get_context("spawn")
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload(
        ["tests.torture.episode", "connectors.connectwise.connector", "connectors.http"]
    )
    return made


class Episode:
    """Runs a plan in a shop."""

    def __init__(self, shop: Shop, plan: Plan, seed: str) -> None:
        self._shop, self._plan, self._seed = shop, plan, seed
        self._rng = random.Random(f"{seed}/driver")
        self._context = context()
        self._processes: list[BaseProcess] = []
        self._begun = 0
        self.past = Past()

    def run(self) -> Past:
        """Everything up to the judgement."""
        shop, plan = self._shop, self._plan
        shop.proxy.hooks.append(shop.others.at_write)
        self._first_sync()
        with shop.others.at_work():
            until = time.monotonic() + plan.longest
            while time.monotonic() < until and not self._done():
                self._care()
                self._trouble()
                self._kill_when_due()
                time.sleep(0.02)
        self._end()
        return self.past

    def _done(self) -> bool:
        return len(self._shop.shown) >= self._plan.changes and self.past.kills >= self._plan.kills

    # ------------------------------------------------------------ processes

    def _start(self, *, drain: bool = False) -> BaseProcess:
        self._begun += 1
        orders = self._shop.orders(f"{self._seed}/{self._begun}", drain=drain)
        if not drain:
            plan = self._plan
            orders = replace(orders, planted=plan.planted, verbs=plan.verbs, undo=plan.undo)
        process = self._context.Process(target=_started, args=(orders,), daemon=True)  # type: ignore[attr-defined]
        process.start()
        return process

    def _care(self) -> None:
        """Sees that as many work as should, and that none has ended by itself."""
        for process in list(self._processes):
            if process.exitcode is not None:
                self._ended(process)
        wanted = 2 if self._rng.random() < self._plan.two else 1
        if not self._processes or (len(self._processes) < wanted and self._rng.random() < 0.05):
            self._processes.append(self._start())

    def _ended(self, process: BaseProcess) -> None:
        self._processes.remove(process)
        if process.pid in self.past.killed_at:
            return
        path = self._shop.folder / f"crash-{process.pid}"
        if process.exitcode != 0:
            said = path.read_text(encoding="utf-8") if path.exists() else ""
            self.past.crashes.append(f"a process ended with {process.exitcode}: {said}")

    def _kill_when_due(self) -> None:
        plan, past = self._plan, self.past
        due = (past.kills + 1) * plan.changes / (plan.kills + 1)
        if past.kills >= plan.kills or len(self._shop.shown) < due or not self._processes:
            return
        where: list[Where | None] = [None, "before", "after"]
        at = self._rng.choices(where, (4, 3, 3))[0]
        before = past.kills
        if at is not None:
            self._ambush(at)
        if past.kills == before:
            self.kill(self._rng.choice(self._processes).pid)

    def _ambush(self, where: Where) -> None:
        """Kills the sender while its request stands in the proxy, or while the answer does."""
        left = [1]

        def hook(seen: Exchange, at: Where) -> None:
            tag = Tag.of(seen.tag)
            if tag is not None and at == where and left:
                left.pop()
                self.kill(tag.pid)

        self._with_hook(hook, lambda: not left, 3.0)

    def _with_hook(
        self, hook: Callable[[Exchange, Where], None], done: Callable[[], bool], wait: float
    ) -> None:
        hooks = self._shop.proxy.hooks
        hooks.insert(0, hook)
        until = time.monotonic() + wait
        while not done() and time.monotonic() < until:
            time.sleep(0.005)
        hooks.remove(hook)

    def kill(self, pid: int | None) -> None:
        """`kill -9`; what runs on Windows is ended as hard as it can be."""
        process = next((one for one in self._processes if one.pid == pid), None)
        if process is None or pid is None or process.exitcode is not None or pid in self.past.killed_at:
            return
        self.past.killed_at[pid] = time.time()
        process.kill()
        self.past.kills += 1

    # ------------------------------------------------------------ trouble

    def _trouble(self) -> None:
        if not self._plan.trouble or self._rng.random() > 0.01:
            return
        rng, proxy = self._rng, self._shop.proxy
        match rng.choice(("outage", "expired", "clock", "sleep", "sleep")):
            case "outage":
                proxy.outage(rng.uniform(0.1, 0.8))
            case "expired":
                proxy.expire(rng.uniform(0.1, 0.6))
            case "clock":
                proxy.clock_off = rng.choice((0.0, DAY, -DAY))
            case _:
                self._sleep()

    def _sleep(self) -> None:
        """A laptop that sleeps in the middle of a request, or just anywhere."""
        if not POSIX or not self._processes:
            return
        pid = self._rng.choice(self._processes).pid
        left = [1]

        def hook(seen: Exchange, at: Where) -> None:
            nonlocal pid
            tag = Tag.of(seen.tag)
            if tag is not None and at == "before" and left:
                left.pop()
                pid = tag.pid
                _signal(pid, signal.SIGSTOP)

        if self._rng.random() < 0.7:
            self._with_hook(hook, lambda: not left, 1.0)
        if left:
            _signal(pid, signal.SIGSTOP)
        time.sleep(self._rng.choice((0.2, 0.6, 2.5)))
        _signal(pid, signal.SIGCONT)
        self.past.asleep += 1

    # ------------------------------------------------------------ begin and end

    def _first_sync(self) -> None:
        odds, self._shop.proxy.odds = self._shop.proxy.odds, Odds.none()
        self._drained()
        self._shop.proxy.odds = odds

    def _end(self) -> None:
        """Nobody disturbs any more: what is late arrives, then everything that can go out does."""
        Path(self._shop.orders("").stop).touch()
        self._shop.proxy.calm()
        until = time.monotonic() + PATIENCE
        for process in self._processes:
            process.join(max(0.1, until - time.monotonic()))
            if process.exitcode is None:
                self.past.crashes.append(f"a process did not end by itself within {PATIENCE:.0f} s")
                self.past.killed_at[process.pid or 0] = time.time()
                process.kill()
                process.join()
        for process in list(self._processes):
            self._ended(process)
        time.sleep(1.5 * SETTLING + (2 * SETTLING if self._plan.odds.writes.get("later") else 0.0))
        self._drained()

    def _drained(self) -> None:
        process = self._start(drain=True)
        process.join(120)
        if process.exitcode is None:
            process.kill()
            self.past.crashes.append("the last process did not come to its end")
        self._processes.append(process)
        self._ended(process)


def _signal(pid: int | None, number: int) -> None:
    if pid is None:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it has ended


def play(folder: Path, seed: str, number: int, plan: Plan) -> tuple[Shop, Past]:
    """The whole episode; the shop is closed when it returns, its ledger and home remain."""
    with open_shop(
        folder, seed, number, plan.odds, tickets=plan.tickets, worst=plan.worst, pause=plan.pause
    ) as shop:
        past = Episode(shop, plan, seed).run()
    return shop, past


def play_rt(server: RtServer, folder: Path, seed: str, plan: Plan) -> tuple[Shop, Past]:
    """The same against a real Request Tracker."""
    from tests.torture.rt_shop import open_rt_shop

    with open_rt_shop(server, folder, seed, plan.odds, tickets=plan.tickets, worst=plan.worst) as shop:
        past = Episode(shop, plan, seed).run()
    return shop, past
