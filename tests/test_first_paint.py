"""The screen's first paint: what is in memory at the moment the panes' numbers go to the terminal.

A fresh process runs the program on a real pty; whatever it paints passes the place where Textual hands bytes
to the terminal, and there the modules are listed. So an import that races with the paint is found too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import large
from tests.tui.cli_runner import Cli

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import Terminal

HEAVY = {
    "sqlmodel",
    "sqlalchemy",
    "pydantic",
    "httpx",
    "httpcore",
    "keyring",
    "stamina",
    "starlette",
    "uvicorn",
    "tomlkit",
    "filelock",
    "hypothesis",
}
SIGNS = {"numbers": r"\d+ to zero", "ticket": r"├─ #\d+"}
WATCH = """
import json, re, sys
from textual.drivers import linux_driver as place
Driver, found = place.LinuxDriver, {{}}
write = Driver.write
def watching(self, data):
    write(self, data)
    words = re.sub(r"\\x1b\\[[0-9;?]*[a-zA-Z]", "", data)
    for name, sign in {signs!r}.items():
        if name not in found and re.search(sign, words):
            found[name] = sorted(sys.modules)
    if len(found) == {many} and not found.get("told"):
        found["told"] = True
        open({out!r}, "w", encoding="utf-8").write(json.dumps(found))
Driver.write = watching
from tui.cli import main
main()
"""


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A home with a large queue; its PSA cannot be reached."""
    folder = tmp_path_factory.mktemp("first") / "home"
    large.make(folder, 10_000)
    return Cli(folder, {"DESKZERO_ACME_PRIVATE_KEY": "x"})


def loaded_when_painted(cli: Cli, out: Path) -> dict[str, set[str]]:
    """The top-level modules at the first frame with the panes' numbers, and at the first with a ticket."""
    program = WATCH.format(signs=SIGNS, many=len(SIGNS), out=str(out))
    terminal = Terminal([sys.executable, "-c", program], cli.environment)
    try:
        terminal.until(lambda _: out.exists() and out.stat().st_size > 0)
        terminal.read(0.2)
    finally:
        terminal.kill()
    found = json.loads(out.read_text(encoding="utf-8"))
    return {name: {module.partition(".")[0] for module in found[name]} for name in SIGNS}


def test_nothing_heavy_is_loaded_before_there_is_a_ticket_to_look_at(queue: Cli, tmp_path: Path) -> None:
    for modules in loaded_when_painted(queue, tmp_path / "modules.json").values():
        assert {"textual", "store", "msgspec"} <= modules
        assert not modules & HEAVY


def test_the_engine_starts_after_it(queue: Cli) -> None:
    terminal = Terminal(queue.command(), queue.environment)
    try:
        terminal.until("syncing")  # the engine's first round, which cannot reach the PSA
    finally:
        terminal.kill()


def test_the_engine_starts_although_the_cache_cannot_be_read(tmp_path: Path) -> None:
    """It is the engine that sets a damaged cache aside."""
    cli = Cli(tmp_path / "home", {"DESKZERO_ACME_PRIVATE_KEY": "x"})
    large.make(cli.home, 10)
    (cli.home / "cache.db").write_bytes(b"no database at all" * 400)
    terminal = Terminal(cli.command(), cli.environment)
    try:
        terminal.until(lambda _: any(cli.home.glob("cache.db.damaged-*")))
    finally:
        terminal.kill()
