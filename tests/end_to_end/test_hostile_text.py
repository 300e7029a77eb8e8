"""A PSA in which every text is hostile: nothing of it reaches a terminal, a file or the log as a command."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import demo_settings, run_in_thread
from connectors.simulators.world import World
from store.home import Home
from tests.end_to_end.shop import KEY, first_sync
from tests.tui.cli_runner import Cli

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import ENTER, ESC, Terminal

EVIL = "\x1b]0;PWNED\x07\x1b[31m\x9b31m\u202e\u200b[/foo] [@click=app.quit]x[/]"
ORDERS = ("PWNED", "\x07", "\x1b[31m", "\x9b", "\u202e", "\u200b")
"""What of it a terminal would obey, or hide."""
TEXTS = ("summary", "name", "first", "last", "title", "city", "text", "created_by", "contact_name", "contact_phone",
         "contact_email", "cc", "phone", "email", "updated_by", "entered_by", "closed_by")  # fmt: skip
"""The attributes of the simulator's records that hold free text."""


def poison(world: World) -> None:
    """Puts it at the beginning (where columns show it) of every text but those that the settings name."""
    settings = demo_settings()
    named = {text for value in settings.values() if isinstance(value, list | tuple) for text in value}
    named |= {value for value in settings.values() if isinstance(value, str)}
    tables = (world.companies, world.sites, world.contacts, world.agreements, world.boards, world.statuses, world.types,
              world.subtypes, world.items, world.priorities, world.sources, world.teams, world.work_types,
              world.work_roles, world.members, world.tickets, world.time)  # fmt: skip
    records = [record for table in tables for record in table.values()]
    for record in [*records, *(note for notes in world.notes.values() for note in notes)]:
        for name in TEXTS:
            value = getattr(record, name, None)
            # A property (a contact's whole name) follows from its parts.
            if isinstance(value, str) and value not in named and name in type(record).__slots__:
                # Addresses are taken apart at `;`: half a command each, harmless, but not gone.
                evil = EVIL.replace(";", "") if name in ("cc", "email", "contact_email") else EVIL
                setattr(record, name, f"{evil}{value}")


class Evil:
    """The shop and its technician's command line."""

    def __init__(self, cli: Cli, world: World) -> None:
        self.cli, self.world = cli, world

    def harmless(self, text: str, where: object) -> None:
        for order in ORDERS:
            assert order not in text, (where, order, text[max(0, text.index(order) - 80) :][:160])


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[Evil]:
    world = World(3, 40, speed=0.0)
    poison(world)
    cli = Cli(tmp_path / "home", dict(KEY))
    with run_in_thread(simulator(world)) as url:
        cli.configure(url)
        asyncio.run(first_sync(Home.at(cli.home)))
        yield Evil(cli, world)


def test_nothing_hostile_is_obeyed(evil: Evil) -> None:
    """In the screen first, then in the commands and the log, with what the screen has left behind."""
    cli, world = evil.cli, evil.world
    terminal = Terminal(cli.command(), cli.environment)
    try:
        _through_the_screen(terminal, world)
        # The framework's own: the shape of the mouse pointer.
        painted = re.sub(r"\x1b\]22;[a-z-]*\x07", "", terminal.raw.decode("utf-8", "replace"))
        evil.harmless(painted, "the terminal")
        assert not re.search("[\u0080-\u009f\u2066-\u2069]", painted)
        assert "Traceback" not in painted
        assert terminal.ended() == 0
    finally:
        terminal.kill()

    changes = cli.run("outbox", "--all", "--json").json
    assert {"rejected", "held"} <= {change["state"] for change in changes}, "there is something to show"
    ticket = changes[0]["ticket_id"]
    busy = {change["ticket_id"] for change in changes}
    asked = next(
        row["number"]
        for row in cli.run("list", "--json", "customer_responded").json
        if row["number"] not in busy
    )
    world.customer_replies(asked, f"{EVIL}Wait!")
    conflict = cli.run("fix", asked, "--reply", "On my way.", "--now")
    assert conflict.code == 1
    assert "Wait!" in conflict.err
    evil.harmless(conflict.err, "a conflict")
    commands = (("list",), ("list", "--csv"), ("list", "--json"), ("show", ticket), ("show", ticket, "--json"),
                ("outbox",), ("outbox", "--all"), ("check",), ("doctor",), ("sync", "--full"),
                ("fix", ticket, "--status", "no such"), ("fix", ticket, "--reply", "x", "--dry-run"))  # fmt: skip
    for arguments in commands:
        done = cli.run(*arguments)
        evil.harmless(done.out + done.err, arguments)
        raw = [letter for letter in done.out + done.err if ord(letter) < 32 and letter not in "\n\r"]
        assert not raw, (arguments, raw)
    log = (cli.home / "deskzero.log").read_text(encoding="utf-8")
    evil.harmless(log, "the log")
    assert "Traceback" not in log


def _through_the_screen(terminal: Terminal, world: World) -> None:
    """Every pane, an open ticket, each dialog; leaves a held reply and a refused change."""
    terminal.until(lambda text: "─ #" in text and "synced" in text)
    terminal.until("[/foo]")
    for pane in "2340":
        terminal.type(pane)
        terminal.until(f"{pane} {_TITLES[pane]}")
    for key, shows in (("b", "Enter take it"), ("s", "Enter take it"), ("w", "Enter take it"), ("p", "Enter take it"),
                       ("e", "Enter take it"), ("i", "Why is"), (":", "Enter take it")):  # fmt: skip
        terminal.type(key)
        terminal.until(shows)
        terminal.type(ESC, pause=0.3)
        terminal.until(lambda text: "0 All open" in text and "Esc back" not in text)
    terminal.type(ENTER)
    terminal.until("Board")
    terminal.type(ESC, pause=0.3)

    terminal.type("4")
    terminal.until("4 Billing code ·")
    number = _here(terminal)
    world.refusals[number] = (f"field{EVIL}", f"{EVIL} is not for you")
    terminal.type("s")
    terminal.until("Enter take it")
    terminal.type(*"progress", ENTER)
    terminal.until("was refused")
    terminal.type("!")
    terminal.until("Trouble: what needs you")
    terminal.type(ESC, pause=0.3)

    terminal.type("1")
    terminal.until("1 Responded ·")
    terminal.type("f")
    terminal.until("internal note")
    terminal.type("r")
    terminal.until("PUBLIC: the customer reads this")
    terminal.type(*"On my way.", ESC)
    terminal.until("y send")
    terminal.type("y")
    terminal.until("leaves in")
    terminal.type("O")
    terminal.until("Outbox: what waits")
    terminal.type(ESC, pause=0.3)
    terminal.type("U")
    terminal.until("Take back which change?")
    terminal.type(ESC, pause=0.3)
    terminal.type("E")
    terminal.until("NOT ZERO")
    terminal.type(ESC, pause=0.3)
    terminal.type("q")
    terminal.until("Quit?")
    terminal.type("k")


_TITLES = {"2": "Missing", "3": "Orphaned", "4": "Billing code", "0": "All open"}


def _here(terminal: Terminal) -> int:
    """The ticket of the line under the cursor, once the detail below shows it too: it follows a moment later."""

    def shown(text: str) -> str | None:
        line, title = re.search(r"│▌[ ●]*#(\d+)", text), re.search(r"├─ #(\d+)", text)
        return line[1] if line and title and line[1] == title[1] else None

    return int(shown(terminal.until(lambda text: shown(text) is not None)) or 0)
