"""Runs a simulated PSA: as a server of its own, in a thread beside a test, or inside this process for the demo."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from connectors.simulators.world import World

if TYPE_CHECKING:
    import httpx
    from starlette.applications import Starlette
    from uvicorn import Server

HOST = "127.0.0.1"
DEMO_URL = f"http://{HOST}:8100"
"""Where the demo's simulator seems to be; nothing listens there."""

SIMULATED: dict[str, str] = {
    "algapsa": "connectors.simulators.algapsa",
    "autotask": "connectors.simulators.autotask",
    "connectwise": "connectors.simulators.connectwise",
    "halopsa": "connectors.simulators.halopsa",
    "revio": "connectors.simulators.revio",
    "syncro": "connectors.simulators.syncro",
}
"""PSA -> the module of its simulator. It offers `simulator(world)`, the application, with `account` in its state (a
dataclass: what logs in), `settings(url)`, a connection's keys that fit the world, and `secrets()`."""


def make_app(psa: str, world: World) -> Starlette:
    """The simulator of `psa` over `world`; an unknown one is a `ValueError` that lists the known."""
    app: Starlette = simulator_of(psa).simulator(world)
    return app


def simulator_of(psa: str) -> ModuleType:
    """The simulator's module, see `SIMULATED`. Raises `ValueError` for an unknown one."""
    if psa not in SIMULATED:
        raise ValueError(f"no simulator for “{psa}”; there is one for: {', '.join(SIMULATED)}")
    return import_module(SIMULATED[psa])


def _listener(port: int) -> socket.socket:
    """A listening socket whose answers leave at once: Nagle's algorithm costs 40 ms a request here."""
    listener = socket.create_server((HOST, port))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _server(app: Starlette) -> Server:
    import uvicorn

    # The log stays quiet: the first line of standard output is for programs, and ordered faults are no news.
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            date_header=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def serve(psa: str, port: int = 0, seed: int = 1, tickets: int = 120, speed: float = 1.0) -> None:
    """Serves until it is interrupted; the first line on standard output is JSON with address and credentials.

    Raises `ValueError` for an unknown PSA and `OSError` when the port cannot be had.
    """
    app = make_app(psa, World(seed, tickets, speed=speed))
    with _listener(port) as listener:
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        first = {"url": url, "psa": psa, "seed": seed, "tickets": len(app.state.world.tickets)}
        sys.stdout.write(json.dumps(first | asdict(app.state.account)) + "\n")
        sys.stdout.flush()
        try:
            _server(app).run(sockets=[listener])
        except KeyboardInterrupt:
            return


@contextmanager
def run_in_thread(app: Starlette, port: int = 0) -> Iterator[str]:
    """Serves `app` on a free port of the loopback address while the context lasts; gives its base URL."""
    server = _server(app)
    with _listener(port) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise RuntimeError("the simulator did not start")
                time.sleep(0.005)
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


# ---------------------------------------------------------------- the demo


def demo_settings(psa: str = "connectwise", url: str = DEMO_URL) -> dict[str, Any]:
    """The `[connections.demo]` table that fits the simulated world, as `config.toml` would have it."""
    own: dict[str, Any] = simulator_of(psa).settings(url)
    return {"psa": psa, **own}


def demo_secrets(psa: str = "connectwise") -> dict[str, str]:
    """The secrets that belong to `demo_settings`."""
    found: dict[str, str] = simulator_of(psa).secrets()
    return found


def demo_transport(world: World, psa: str = "connectwise") -> httpx.ASGITransport:
    """The simulator in this process: an httpx transport, no socket."""
    import httpx

    return httpx.ASGITransport(app=make_app(psa, world))
