"""Other keys, the mouse and words for a screen reader, in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from connectors.simulators.serve import demo_secrets, make_app, run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import Cli

if sys.platform == "win32":
    pytest.skip("needs a pty", allow_module_level=True)

from tests.tui.terminal import ESC, Terminal

pytestmark = pytest.mark.flaky(reruns=2)
"""The clock of a busy machine is part of these: a second try is told as such."""

SETTINGS = """\
theme = "deskzero-contrast"
[keys]
queue.code = "l"
queue.help = "F6"
queue.note = "r"
"""


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Terminal]]:
    """Starts `deskzero` with these settings beside the simulated PSA."""
    running: list[Terminal] = []
    with run_in_thread(make_app("connectwise", World(3, 60, speed=0.0))) as url:
        cli = Cli(tmp_path / "home", {"DESKZERO_ACME_PRIVATE_KEY": demo_secrets()["private_key"]})
        cli.configure(url)
        config = cli.home / "config.toml"
        config.write_text(SETTINGS + config.read_text(encoding="utf-8"), encoding="utf-8")
        assert cli.run("sync").code == 0

        def one(*arguments: str, columns: int = 120, lines: int = 30) -> Terminal:
            terminal = Terminal(cli.command(*arguments), cli.environment, columns=columns, lines=lines)
            running.append(terminal)
            terminal.until(lambda text: "#7" in text and "synced" in text)
            return terminal

        yield one
        for terminal in running:
            terminal.kill()


def click(terminal: Terminal, words: str) -> None:
    """A click on the first cell of these words, as a terminal reports it (SGR)."""
    lines = terminal.screen.display
    y = next(number for number, line in enumerate(lines, 1) if words in line)
    x = lines[y - 1].index(words) + 1
    terminal.send(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")


def test_other_keys_act_are_shown_and_what_cannot_be_is_said(start):
    terminal = start()
    said = terminal.until("[keys] queue.note = r")
    assert "queue.reply" in said, "r is the reply's: both keep what they come with"
    assert "line 5" in said
    terminal.type("4")
    terminal.until("4 Billing code ·")
    assert "l code" in terminal.text
    assert "F6 all keys" in terminal.text
    terminal.type("b")
    terminal.never("Enter take it", 0.5)
    terminal.type("l")
    terminal.until("Enter take it")
    terminal.type(ESC)
    terminal.until(lambda text: "Enter take it" not in text)
    terminal.send("\x1b[17~")  # F6
    terminal.until("All keys")
    terminal.type(*"billing code")
    terminal.until(lambda text: "l " in text and "Set the billing code" in text)
    terminal.type(ESC)
    terminal.until(lambda text: "All keys" not in text)
    terminal.type("q")
    assert terminal.ended() == 0


def test_the_mouse_takes_panes_rows_and_the_key_bar(start):
    terminal = start()
    click(terminal, "4 Billing code")
    terminal.until("4 Billing code ·")
    click(terminal, "F6 all keys")
    terminal.until("type a key or a word")
    terminal.type(ESC)
    terminal.until(lambda text: "type a key or a word" not in text)
    click(terminal, "n note")
    terminal.until("INTERNAL: only colleagues read this")
    terminal.type(ESC)
    terminal.until(lambda text: "INTERNAL: only colleagues read this" not in text)
    terminal.type("q")
    assert terminal.ended() == 0


@pytest.mark.parametrize(("columns", "lines"), [(120, 30), (80, 24)])
def test_in_words_the_first_lines_say_the_row_and_nothing_is_painted_by_itself(start, columns, lines):
    terminal = start("--plain", columns=columns, lines=lines)
    terminal.until(lambda text: text.startswith("1 of "))
    assert not [sign for sign in "┌┐└┘│─●▌" if sign in terminal.text]
    terminal.type("j")
    terminal.until(lambda text: text.startswith("2 of "))
    terminal.read(2.0)
    terminal.until(lambda text: "syncing" not in text)
    terminal.read(0.5)
    before, seen = terminal.text, len(terminal.raw)
    terminal.read(3.0)
    assert terminal.text == before
    assert len(terminal.raw) - seen < 3000, "a screen reader would read it out"
    assert (terminal.screen.cursor.x, terminal.screen.cursor.y) == (0, 0)
    terminal.type("q")
    assert terminal.ended() == 0
