"""A disk that is really full: the commands end with their two lines, the screen says so and the row stays."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.end_to_end.shop import Shop, open_shop
from tests.tui.cli_runner import PROGRAM
from tests.tui.terminal import ESC, Terminal


class Disk:
    """A small file system of a test's own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"
        self._full = threading.Event()
        self._filling: threading.Thread | None = None

    def fill(self) -> None:
        """Until not a byte more goes on it, and so on: a database that is closed gives room back."""
        self._full.set()
        self._fill()
        self._filling = threading.Thread(target=self._stay_full)
        self._filling.start()

    def _stay_full(self) -> None:
        while self._full.is_set():
            self._fill()
            time.sleep(0.005)

    def _fill(self) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while self._full.is_set():
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        self._full.clear()
        if self._filling is not None:
            self._filling.join()
        self._ballast.unlink(missing_ok=True)

    def read_only(self, on: bool) -> None:
        mode = "remount,ro" if on else "remount,rw"
        subprocess.run(["mount", "-o", mode, str(self.place)], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "small"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a file system of its own can be mounted by root on Linux alone")
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    small = Disk(place)
    try:
        yield small
    finally:
        small.make_room()
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def small_shop(disk: Disk) -> Iterator[Shop]:
    with open_shop(disk.place) as shop:
        yield shop


def nothing_in_reserve(home: Path) -> None:
    """SQLite writes a log that was taken over again from its beginning: into room that no full disk takes away."""
    for path in home.glob("*.db"):
        deadline = time.monotonic() + 10
        with closing(sqlite3.connect(path, timeout=5)) as db:
            while db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                assert time.monotonic() < deadline, f"{path.name} is never at rest"
                time.sleep(0.05)


def test_no_command_claims_what_it_could_not_keep(small_shop: Shop, disk: Disk) -> None:
    cli, writes = small_shop.cli, small_shop.world.writes
    disk.fill()
    for command in (
        ("fix", small_shop.uncoded, "--billing-code", "Remote Support"),
        ("fix", small_shop.fine, "--note", "Disk replaced.", "--later"),
        ("fix", small_shop.asked, "--reply", "It works again.", "--now"),
        ("sync",),
        ("check",),
    ):
        done = cli.run(*command)
        assert done.code in (2, 3), (command, done)
        assert done.out == "", command
        first, second = done.error
        assert "full" in first, command
        assert "space" in second or "full" in second, command
    assert writes == []
    assert cli.run("list", "--json").code == 0, "what is there can be read"
    assert cli.run("doctor").code in (0, 2)
    disk.make_room()
    assert small_shop.states() == []
    assert cli.run("fix", small_shop.uncoded, "--billing-code", "Remote Support").code == 0
    assert small_shop.code(small_shop.uncoded) == "Remote Support"


def test_a_file_system_that_is_read_only(small_shop: Shop, disk: Disk) -> None:
    disk.read_only(True)
    try:
        for command in (
            ("fix", small_shop.uncoded, "--billing-code", "Remote Support"),
            ("sync",),
            ("check",),
        ):
            done = small_shop.cli.run(*command)
            assert done.code in (2, 3), (command, done)
            assert done.out == ""
            assert done.error[1]
        assert small_shop.cli.run("list", "--json").code == 0
    finally:
        disk.read_only(False)
    assert small_shop.world.writes == []


def test_on_the_screen_the_row_stays_and_the_reason_stands_there(small_shop: Shop, disk: Disk) -> None:
    cli = small_shop.cli
    terminal = Terminal(
        [sys.executable, "-W", "error", "-c", PROGRAM], cli.environment, columns=130, lines=36
    )
    try:
        terminal.until(f"#{small_shop.asked}")
        terminal.until(lambda _: any(p.name != "gate" for p in (cli.home / "running").iterdir()))
        terminal.read(3.0)  # the first round
        nothing_in_reserve(cli.home)
        disk.fill()
        terminal.type("1", "r")
        terminal.until("the customer reads this")
        terminal.type(*"It works again.")
        terminal.until("disk is full", seconds=15)
        terminal.send(ESC)
        terminal.read(1.0)
        terminal.until("It works again.")
        terminal.until("Esc twice leaves it")
        assert "customer reads this" in terminal.text, "the text is here and nowhere else"
        terminal.send(ESC)
        terminal.read(1.0)
        terminal.until("y send")
        terminal.send("y")
        terminal.until("the customer reads this")
        assert "It works again." in terminal.text, "it comes back into the editor"
        terminal.send(ESC)
        terminal.read(1.0)
        terminal.send(ESC)
        terminal.until("y send")
        terminal.send(ESC)
        terminal.until("could not be kept")
        assert f"#{small_shop.asked}" in terminal.text, "the row stays"
        assert small_shop.world.mails == []

        terminal.type("4", "b")
        terminal.until("Billing code ·")
        terminal.type(*"Remote Support")
        terminal.read(1.0)
        terminal.type("\r")
        terminal.until("disk is full")
        terminal.until(f"#{small_shop.uncoded}")
        assert small_shop.world.writes == []
        disk.make_room()
        terminal.type("b")
        terminal.until("Billing code ·")
        terminal.type(*"Remote Support")
        terminal.read(1.0)
        terminal.type("\r")
        terminal.until(lambda _: small_shop.code(small_shop.uncoded) == "Remote Support")
    finally:
        terminal.kill()
