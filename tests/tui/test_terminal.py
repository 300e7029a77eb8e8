"""The program as a technician has it: in a real terminal, against a PSA on a socket, stopped and started again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from connectors.simulators.serve import demo_secrets, make_app, run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import Cli

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import CTRL_C, CTRL_P, CTRL_Q, DOWN, ENTER, ESC, Terminal

pytestmark = pytest.mark.flaky(reruns=2)
"""The clock of a busy machine is part of these: a second try is told as such."""


@pytest.fixture
def world() -> World:
    return World(3, 60, speed=0.0)


@pytest.fixture
def start(world: World, tmp_path) -> Iterator[Callable[..., Terminal]]:
    """Starts `deskzero` on the same home, as often as wanted, beside the simulated PSA."""
    running: list[Terminal] = []
    with run_in_thread(make_app("connectwise", world)) as url:
        cli = Cli(tmp_path / "home", {"DESKZERO_ACME_PRIVATE_KEY": demo_secrets()["private_key"]})
        cli.configure(url)
        assert cli.run("sync").code == 0

        def one(*arguments: str, **size: int) -> Terminal:
            terminal = Terminal(cli.command(*arguments), cli.environment, **size)
            running.append(terminal)
            terminal.until(lambda text: "─ #" in text and "synced" in text)
            return terminal

        yield one
        for terminal in running:
            terminal.kill()


def numbers(terminal: Terminal) -> list[str]:
    """The tickets of the list, top to bottom."""
    found = []
    for line in terminal.text.splitlines()[2:]:
        if "├─" in line:
            break
        found += [word for word in line.split() if word.startswith("#7")][:1]
    return found


def settled(terminal: Terminal) -> list[str]:
    """The same, once the detail shows the first of them: before that a frame may be half painted."""
    terminal.until(lambda _: here(terminal) != "" and numbers(terminal)[:1] == [here(terminal)])
    return numbers(terminal)


def here(terminal: Terminal) -> str:
    """The ticket in the detail's title."""
    line = terminal.line("├─ #") or terminal.line("├─ acme #")
    return next((word for word in line.split() if word.startswith("#")), "")


def notes(world: World) -> int:
    return sum(len(some) for some in world.notes.values())


def test_a_code_is_set_seen_confirmed_and_still_there_after_a_restart(start, world):
    first = start()
    first.type("4")
    first.until("4 Billing code ·")
    before = settled(first)
    first.type("j")
    first.until(lambda _: here(first) == before[1])
    first.type("b")
    first.until("Enter take it")
    first.type(*"after hours", ENTER)
    first.until(f"{before[1]} billing code → After Hours is in the PSA")
    assert numbers(first) == [number for number in before if number != before[1]]
    assert here(first) == before[2]
    assert "u undo" in first.text
    first.type("q")
    assert first.ended() == 0
    ticket = world.ticket(before[1].removeprefix("#"))
    codes = {ticket.work_type_id, *(world.time[one].work_type_id for one in world.time_of.get(ticket.id, []))}
    assert world.work_type("After Hours").id in codes

    second = start()
    second.type("4")
    second.until("4 Billing code ·")
    assert before[1] not in numbers(second)
    second.type("u")
    second.until("Take back which change?")
    second.type(ESC)
    second.until(lambda text: "Take back which change?" not in text)
    second.type("q")
    assert second.ended() == 0


def test_killed_right_after_a_fix_it_is_sent_once_after_the_restart(start, world):
    first = start()
    first.type("1")
    first.until("1 Responded ·")
    first.type("r")
    first.until("PUBLIC: the customer reads this")
    first.type(*"On my way.")
    first.type(ESC)
    first.until("y send")
    count = notes(world)
    first.type("y")
    first.until("u takes it back")
    first.kill()
    assert notes(world) == count
    second = start()
    second.until(lambda _: notes(world) == count + 1)
    second.never("conflict", 2.0)
    assert notes(world) == count + 1


def test_two_enters_in_one_read_choose_once(start):
    terminal = start()
    terminal.type("4")
    terminal.until("4 Billing code ·")
    before = settled(terminal)
    terminal.type("b")
    terminal.until("Enter take it")
    terminal.type(*"after hours")
    terminal.send(ENTER + ENTER)
    terminal.until("is in the PSA")
    assert numbers(terminal) == before[1:]
    assert "oldest first" in terminal.text


@pytest.mark.parametrize("paste", ["fbcrx\ry\r", "Hello, please reply to this\rand close\r" * 40])
def test_a_paste_over_the_list_does_nothing(start, world, paste):
    terminal = start()
    before, count = numbers(terminal), notes(world)
    terminal.send(paste)
    terminal.until("looked like a paste and was ignored")
    terminal.never("Enter take it")
    assert numbers(terminal) == before
    terminal.send("\x1b[200~" + paste + "\x1b[201~")
    terminal.until("Pasted text was ignored")
    assert numbers(terminal) == before
    assert notes(world) == count
    terminal.read(0.3)
    terminal.type("j")
    terminal.until(lambda _: here(terminal) == before[1])


@pytest.mark.parametrize("first", ["j", "4", "jj"])
def test_of_a_paste_that_begins_with_a_key_that_only_moves_nothing_else_is_done(start, world, first):
    """That key acts before it can be known what comes with it; the others are known as a paste all the same."""
    terminal = start()
    count = notes(world)
    terminal.send(f"{first}fbcrx\ry\r")
    terminal.until("looked like a paste and was ignored")
    terminal.never("Enter take it")
    assert "must later" in terminal.text and "oldest first" in terminal.text, "no dialog is open"
    assert notes(world) == count


def test_keys_typed_while_the_editor_opens_are_in_it(start):
    terminal = start()
    terminal.send("r")
    terminal.read(0.03)
    terminal.send("fu")
    terminal.read(0.03)
    terminal.send("n, isn't it")
    terminal.until("fun, isn't it")
    terminal.type(ESC)
    terminal.until("y send")
    terminal.type(ESC)
    terminal.until("Kept as a draft")


def test_a_letter_right_after_esc_counts(start):
    terminal = start()
    before = numbers(terminal)
    terminal.type("i")
    terminal.until("Why")
    terminal.read(0.3)
    terminal.send(ESC + "j")
    terminal.until(lambda _: here(terminal) == before[1])


def test_a_row_that_leaves_under_the_cursor_stays_grey_until_the_cursor_leaves(start, world):
    terminal = start()
    before = numbers(terminal)
    terminal.type(DOWN)
    terminal.until(lambda _: here(terminal) == before[1])
    world.reassign(before[1].removeprefix("#"), "asmith")
    terminal.type("R")
    terminal.until("left the queue: asmith has it now")
    assert numbers(terminal)[1] == before[1]
    terminal.type("r")
    terminal.until("only movement works on it")
    terminal.type("j")
    terminal.until(lambda _: before[1] not in numbers(terminal))
    assert here(terminal) == before[2]


def test_ctrl_keys_of_the_framework_are_taken_over(start):
    terminal = start()
    terminal.type(CTRL_P)
    terminal.never("Search for commands", 0.5)
    terminal.type(CTRL_C)
    terminal.until("q quits")
    terminal.type(CTRL_Q)
    assert terminal.ended() == 0


def test_a_small_terminal_and_one_that_grows(start):
    terminal = start(columns=80, lines=24)
    assert "1 Resp" in terminal.text
    assert terminal.screen.display[-1].rstrip().endswith("? all keys")
    terminal.resize(120, 30)
    terminal.until("on children")


def test_the_demo_says_that_it_is_one(tmp_path):
    cli = Cli(tmp_path / "home")
    terminal = Terminal(cli.command("demo", "--tickets", "40"), cli.environment)
    try:
        terminal.until("Any key begins")
        terminal.type("x")
        terminal.until(lambda text: "DEMO" in text and "Any key" not in text)
        assert terminal.text.startswith("▛▀▀")
        terminal.type("q")
        assert terminal.ended() == 0
        assert not (tmp_path / "home").exists()
    finally:
        terminal.kill()


def test_nothing_that_a_customer_wrote_reaches_the_terminal_as_a_command(start, world):
    ticket = next(iter(world.tickets))
    world.set_field(ticket, "summary", "\x1b]0;owned\x07\x1b[31m[/foo] [@click=app.quit]x[/] \u202eabc")
    terminal = start()
    terminal.type("R", "0")
    terminal.until("0 All open ·")
    terminal.read(1.0)
    assert b"owned" not in terminal.raw
    assert "\u202e".encode() not in terminal.raw


def test_the_text_in_ones_own_editor_and_back(start, world, monkeypatch):
    monkeypatch.setenv("VISUAL", "sed -i s/Called/Phoned/")
    terminal = start()
    count = notes(world)
    terminal.type("n")
    terminal.until("INTERNAL: only colleagues read this")
    terminal.type(*"Called", ESC)
    terminal.until("v own editor")
    terminal.type("v")
    terminal.until("Phoned")
    terminal.until("y save")
    terminal.type("y")
    terminal.until(lambda _: notes(world) == count + 1)
    assert any(note.text == "Phoned" for some in world.notes.values() for note in some)
