"""What goes past click says the same as what goes through it, and takes nothing that click would see otherwise."""

from __future__ import annotations

import click
import pytest

from tests import large
from tests.tui.cli_runner import KEY, Cli, Done
from tui import lean
from tui.commands import check_command, list_command

COMMANDS = {"check": check_command.command, "list": list_command.command}
ASKED = [
    ("check", "--offline"),
    ("check", "--offline", "--json"),
    ("--version",),
    ("list",),
    ("list", "--json"),
    ("list", "--csv"),
    ("list", "billing_code", "missing_fields", "--json"),
    ("list", "--json", "--json", "orphaned"),
    ("list", "no_such_kind"),
    ("list", "sla"),
    ("list", ""),
    ("list", "--json", "--csv"),
]
PAST_CLICK = """
import time
time.time = lambda: 1_800_000_000.0  # ages are of the same moment
from tui.cli import main
main()
"""
THROUGH_CLICK = f"from tui import lean\nlean.lean = lambda _: None\n{PAST_CLICK}"


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("lean") / "home"
    large.make(folder, 40)
    return Cli(folder, KEY)


def answers(cli: Cli, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Done:
    """What the command line answers, the same both ways."""
    found = []
    for program in (PAST_CLICK, THROUGH_CLICK):
        monkeypatch.setattr("tests.tui.cli_runner.PROGRAM", program)
        found.append(cli.run(*arguments))
    assert found[0] == found[1]
    return found[0]


def test_the_flags_are_those_that_the_commands_define() -> None:
    for name, flags in lean.FLAGS.items():
        options = [one for one in COMMANDS[name].params if isinstance(one, click.Option) and one.is_flag]
        defined = {word: one.name for one in options for word in one.opts}
        assert flags.items() <= defined.items()


@pytest.mark.parametrize("arguments", ASKED)
def test_it_answers_as_through_click(
    cli: Cli, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert answers(cli, monkeypatch, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("check",),
        ("check", "--json"),
        ("check", "--offline", "orphaned"),
        ("check", "--offline", "--wait"),
        ("check", "--offline", "--help"),
        ("check", "--offline", "--gate", "orphaned"),
        ("list", "--help"),
        ("list", "-h"),
        ("list", "--", "orphaned"),
        ("list", "--connection", "acme"),
        ("list", "--home", "/nowhere"),
        ("list", "--jso"),
        ("--version", "list"),
        ("--plain", "list"),
        ("lists",),
    ],
)
def test_all_else_is_left_to_click(arguments: tuple[str, ...]) -> None:
    assert lean.lean(list(arguments)) is None


def test_a_shell_that_completes_a_line_gets_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_DESKZERO_COMPLETE", "bash_source")
    assert lean.lean(["list"]) is None


def test_an_encoding_of_seven_bits_is_as_before(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = Cli(cli.home, cli.variables | {"PYTHONIOENCODING": "ascii"})
    assert "\u25cf" in answers(cli, monkeypatch, "list").out
