"""The place of an episode against the real Request Tracker: its server, the proxy before it, people beside it."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from store.home import Home
from store.settings_save import save_connection
from tests.servers.rt import FIELDS, RtServer
from tests.torture.actions import CONNECTION, RT_CODES, RT_STATUSES, TEXTS
from tests.torture.ledger import Tag
from tests.torture.odds import Odds
from tests.torture.proxy import Exchange, Proxy, Timing, Where
from tests.torture.rt_ledger import RtRecorder
from tests.torture.shop import HOLD, Shop
from tests.torture.technician import SETTLING


class RtOthers:
    """Omar, a colleague, and Pat, a customer. What they do goes to the server itself."""

    def __init__(
        self, server: RtServer, recorder: RtRecorder, tickets: tuple[str, ...], seed: str, worst: float
    ) -> None:
        self._server, self._recorder, self._tickets = server, recorder, tickets
        self._rng, self._worst = random.Random(seed), worst
        self._stop = threading.Event()
        self._own = threading.Lock()
        self._count = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """In a thread of their own while the context lasts."""
        thread = threading.Thread(target=self._run, name="others", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join(60)

    def stop(self) -> None:
        """They go home."""
        self._stop.set()

    def at_write(self, seen: Exchange, where: Where) -> None:
        """A hook of the proxy: the worst moment."""
        found = re.search(r"/ticket/(\d+)", seen.path)
        if where != "before" or found is None or Tag.of(seen.tag) is None or self._stop.is_set():
            return
        if self._rng.random() < self._worst:
            self._do(found[1], self._rng.choice((self._customer, self._status, self._code)))

    def _run(self) -> None:
        while not self._stop.wait(self._rng.uniform(0.2, 1.5)):
            act = self._rng.choices((self._customer, self._status, self._code, self._note), (4, 3, 4, 3))[0]
            self._do(self._rng.choice(self._tickets), act)

    def _do(self, ticket: str, act: Callable[[str], None]) -> None:
        with self._own:
            before = self._recorder.newest()
            act(ticket)
            self._recorder.others_did(before)

    def _customer(self, ticket: str) -> None:
        self._count += 1
        self._server.mail("pat@contoso.test", ticket, f"It happened again. ({self._count})")

    def _status(self, ticket: str) -> None:
        self._server.put(ticket, {"Status": self._rng.choice(RT_STATUSES)}, user="omar")

    def _code(self, ticket: str) -> None:
        code = self._rng.choice(RT_CODES)
        self._server.put(ticket, {"CustomFields": {"Billing Code": code}}, user="omar")

    def _note(self, ticket: str) -> None:
        self._server.comment(ticket, self._rng.choice(TEXTS), user="omar")


@contextmanager
def open_rt_shop(
    server: RtServer, folder: Path, seed: str, odds: Odds, *, tickets: int = 8, worst: float = 0.1
) -> Iterator[Shop]:
    """A real RT with `tickets` tickets of Tess's; the server is as seeded and goes on afterwards."""
    kept = tuple(server.create_ticket(f"Printer {number} offline") for number in range(tickets))
    recorder = RtRecorder(server.home / "rtdb")
    begin = recorder.newest()
    for ticket in kept:
        recorder.ledger.initial[ticket, "status"] = "new"
        recorder.ledger.initial[ticket, "billing_code"] = None
    home = Home.at(folder / "home")
    home.make()
    proxy = Proxy("127.0.0.1", server.port, odds, f"{seed}/proxy", Timing(settling=SETTLING))
    others = RtOthers(server, recorder, kept, f"{seed}/others", worst)
    with proxy.running():
        proxy.recorders.append(recorder.hook)
        settings = {"psa": "rt", "url": proxy.url, "technician": "tess", "fields": FIELDS}
        save_connection(home.config, CONNECTION, settings)
        with home.config.open("a", encoding="utf-8") as file:
            file.write(f'\n[outbox]\nhold = "{HOLD}s"\n')
        secrets = {"token": server.tokens["tess"]}
        yield Shop(folder, home, recorder.ledger, proxy, others, kept, secrets, psa="rt")
    recorder.finish(begin)
