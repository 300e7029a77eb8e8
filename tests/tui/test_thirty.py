"""Thirty exceptions before closing time: a scripted run in a real terminal, with every key counted."""

from __future__ import annotations

import re
import sys
import time

import pytest

from connectors.simulators.serve import demo_secrets, make_app, run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import Cli
from tests.tui.thirty import MIX, day_of_thirty

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import DOWN, ENTER, ESC, Terminal

pytestmark = pytest.mark.flaky(reruns=2)
"""The clock of a busy machine is part of these: a second try is told as such."""

MOST_KEYS = 75
TAB, RIGHT = "\t", "\x1b[C"
ANSWER = "The part arrives on Thursday, I will call you then."
DONE = "Solved and confirmed by the customer."


class Hands:
    """What a technician does with the keys: each is counted, texts are counted apart."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.keys = 0
        self.letters = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.keys += 1
            self.terminal.type(key)

    def write(self, text: str) -> None:
        self.letters += len(text)
        self.terminal.type(*text)

    def see(self, words: str) -> None:
        self.terminal.until(words)

    @property
    def here(self) -> str:
        """The ticket in the detail's title; empty where a dialog covers it or the list is empty."""
        line = self.terminal.line("├─ #")
        return next((word.removeprefix("#") for word in line.split() if word.startswith("#")), "")

    def selected(self) -> str:
        """The ticket that the next key is for: a pane's list is painted a moment before the detail of its first row."""
        self.terminal.until(lambda text: bool(self.here) and bool(re.search(rf"▌[ ●]*#{self.here}\b", text)))
        return self.here

    def next_after(self, before: str) -> None:
        """Waits until the next ticket is selected, or none is left in this pane."""
        self.terminal.until(
            lambda text: self.here != before and ("├─ #" in text or "Next:" in text or "E asks" in text)
        )


@pytest.mark.timeout(240)
def test_thirty_exceptions_take_at_most_75_keys(tmp_path) -> None:
    world, chosen = day_of_thirty()
    assert MIX == {"replies": 10, "codes": 8, "fields": 6, "orphans": 4, "closes": 2}
    with run_in_thread(make_app("connectwise", world)) as url:
        cli = Cli(tmp_path / "home", {"DESKZERO_ACME_PRIVATE_KEY": demo_secrets()["private_key"]})
        cli.configure(url)
        assert cli.run("sync").code == 0
        terminal = Terminal(cli.command(), cli.environment)
        try:
            hands = Hands(terminal)
            terminal.until(lambda text: "─ #" in text and "16 to zero" in text)
            _replies_and_closes(hands, chosen)
            _fields(hands)
            _orphans(hands)
            _codes(hands)
            terminal.until(" 0 to zero")
            _arrived(world, chosen)
        finally:
            terminal.kill()
    assert hands.keys <= MOST_KEYS, f"{hands.keys} keys, {hands.letters} letters of text counted apart"


def _replies_and_closes(hands: Hands, chosen: dict[str, list[int]]) -> None:
    for _ in range(MIX["replies"] + MIX["closes"]):
        here = hands.selected()
        if int(here) in chosen["closes"]:
            hands.press("x")
            hands.see("Esc done, review follows")
            hands.press(TAB, TAB, TAB)
            hands.write(DONE)
            hands.press(TAB, TAB, RIGHT)
            hands.see("ok answer")
        else:
            hands.press("r")
            hands.see("PUBLIC: the customer reads this")
            hands.write(ANSWER)
        hands.press(ESC)
        hands.see("to take back")
        hands.press("y")
        hands.next_after(here)


def _fields(hands: Hands) -> None:
    hands.press(TAB)
    hands.see("2 Missing · 0 must, 6 later")
    hands.press("*")
    hands.see("6 MARKED")
    hands.press("a")
    hands.see("6 will be changed")
    hands.press("y")
    hands.see("2 Missing · 0 must, 0 later")


def _orphans(hands: Hands) -> None:
    hands.press(TAB)
    hands.see("3 Orphaned · 4 must")
    for _ in range(MIX["orphans"]):
        here = hands.selected()
        if "→ Child" in hands.terminal.line(f"▌ ● #{here}"):
            hands.press("a")
        else:
            hands.press("p")
            hands.see("Enter take it")
            hands.press(DOWN, DOWN, ENTER)
        hands.next_after(here)


def _codes(hands: Hands) -> None:
    hands.press(TAB)
    hands.see("4 Billing code · 0 must, 8 later")
    here = hands.selected()
    hands.press("a")
    if "→" not in hands.terminal.line(f"#{here}"):
        hands.see("Enter take it")
        hands.press(ENTER)
    hands.next_after(here)
    hands.see(". → Remote Support")
    for _ in range(MIX["codes"] - 1):
        here = hands.selected()
        time.sleep(0.2)  # the same key within 150 ms counts once
        hands.press(".")
        hands.next_after(here)


def _arrived(world: World, chosen: dict[str, list[int]]) -> None:
    """All of it is in the PSA, not only on the screen."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _all_there(world, chosen):
        time.sleep(0.2)
    assert _all_there(world, chosen)


def _all_there(world: World, chosen: dict[str, list[int]]) -> bool:
    tickets = {what: [world.ticket(one) for one in ids] for what, ids in chosen.items()}
    answered = all(any(note.text == ANSWER for note in world.notes[one]) for one in chosen["replies"])
    closed = all(not world.is_open(ticket) for ticket in tickets["closes"])
    coded = all(ticket.work_type_id is not None for ticket in tickets["codes"])
    filled = all(ticket.contact_phone for ticket in tickets["fields"])
    return (
        answered
        and closed
        and coded
        and filled
        and all(map(world.children.get, _parents(tickets["orphans"])))
    )


def _parents(orphans: list) -> list[int]:
    return [ticket.parent_id for ticket in orphans]
