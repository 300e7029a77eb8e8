"""`deskzero connect` in a real terminal, as the README tells it, beside `deskzero simulate` in another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.settings import load
from tests.tui.cli_runner import Cli

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import CTRL_C, DOWN, ENTER, ESC, UP, Terminal


@pytest.fixture
def empty(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture
def simulated(empty: Cli) -> Iterator[dict[str, Any]]:
    """The first line of `deskzero simulate` in a process of its own."""
    with subprocess.Popen(
        empty.command("simulate", "autotask", "--tickets", "30"),
        stdout=subprocess.PIPE,
        env=empty.environment,
        encoding="utf-8",
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()


@pytest.mark.parametrize(("columns", "lines"), [(120, 30), (80, 24)])
def test_a_new_user_connects_to_the_simulator(
    empty: Cli, simulated: dict[str, Any], columns: int, lines: int
) -> None:
    terminal = Terminal(empty.command("connect"), empty.environment, columns=columns, lines=lines)
    try:
        terminal.until("Which PSA do you work in?")
        terminal.type(DOWN)  # Autotask is the second
        terminal.type(ENTER)
        terminal.until("Tracking identifier")
        for key in ("username", "secret", "integration_code", "technician", "url"):
            terminal.send(simulated[key])
            terminal.until(lambda text, key=key: simulated[key] in text or key == "secret")
            terminal.type(ENTER)
        assert simulated["secret"] not in terminal.text
        terminal.read(0.3)
        for _ in range(3):  # whose tickets, the name, the pilot
            terminal.type(ENTER, pause=0.2)
        terminal.until("You are jdoe (Jordan Doe)")
        terminal.read(0.4)
        terminal.type(ENTER)
        terminal.until("Customer Note Added")
        terminal.read(0.4)
        terminal.type(ENTER)
        terminal.until("[x] contact")
        terminal.read(0.4)
        terminal.type(ENTER)
        text = terminal.until("Enter opens the queue")
        assert "DESKZERO_AUTOTASK_SECRET" in text
        terminal.read(0.4)
        terminal.type(ENTER)
        terminal.until("Any key begins")
        terminal.type(" ")
        terminal.until(lambda text: "to zero" in text and "synced" in text and "1 Resp" in text)
        terminal.type("q")
        assert terminal.ended() == 0
        assert "DESKZERO_AUTOTASK_SECRET" in terminal.text
    finally:
        terminal.kill()
    assert simulated["secret"].encode() not in terminal.raw
    assert load(empty.home / "config.toml").connections["autotask"].answered_status == "Waiting Customer"
    assert empty.run("check", "--offline").code in (1, 3)


def test_two_enters_at_once_and_arrows_and_leaving(empty: Cli) -> None:
    terminal = Terminal(empty.command("connect"), empty.environment)
    try:
        terminal.until("Which PSA do you work in?")
        terminal.type(DOWN, DOWN, UP)
        terminal.send(ENTER + ENTER)
        terminal.until("Tracking identifier")
        terminal.never("Asking", 0.5)
        terminal.type(CTRL_C)
        terminal.until("Leave?")
        terminal.type(ESC)
        terminal.until(lambda text: "Leave?" not in text)
        terminal.read(0.3)
        terminal.type(ESC)
        terminal.until("Which PSA do you work in?")
        terminal.type("q")
        terminal.until("Leave?")
        terminal.type("y")
        assert terminal.ended() == 130
        assert "Nothing was saved." in terminal.text
    finally:
        terminal.kill()
    assert not (empty.home / "config.toml").exists()
