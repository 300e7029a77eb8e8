"""The examples of docs/end-of-day.md, taken from the page and run against a simulated PSA."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from store import overrides, sign_offs
from store.day_gate import day_of
from store.home import Home
from store.read import Reader
from store.settings import load
from store.sign_offs import Signed
from tests.tui.cli_runner import KEY, Cli

PAGE = (Path(__file__).parents[2] / "docs" / "end-of-day.md").read_text(encoding="utf-8")
EXAMPLES = {
    name: (kind, body)
    for name, kind, body in re.findall(r"<!-- example: (\S+) -->\n```(\w+)\n(.*?)```", PAGE, re.DOTALL)
}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells of Unix")


@dataclass
class Person:
    """A technician with a home folder, a `deskzero` in the path, and stand-ins that write down their calls."""

    cli: Cli
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return self.cli.environment | {
            "HOME": str(self.folder),
            "PATH": f"{self.folder / '.local' / 'bin'}:/usr/bin:/bin",
            "DESKZERO_PAUSE": "0",
        }

    def has(self, name: str, *, at: str, before: str = "") -> Path:
        """Puts an example where the page says that it goes."""
        path = self.folder / at
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(before + EXAMPLES[name][1], encoding="utf-8")
        return path

    def program(self, name: str, body: str) -> None:
        path = self.folder / ".local" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def stands_in(self, *names: str) -> None:
        for name in names:
            self.program(name, f'printf "%s\\n" "{name} $*" >> "$HOME/calls"')

    @property
    def calls(self) -> list[str]:
        path = self.folder / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def runs(self, *command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=typed,
            capture_output=True,
            encoding="utf-8",
            env=self.environment,
            cwd=self.folder,
            timeout=90,
            check=False,
        )

    def signs_off(self) -> None:
        home = Home.find(str(self.cli.home))
        settings = load(home.config)
        rows = [row for row in Reader(home, settings).rows() if row.gate]
        left = tuple((row.connection, row.number, row.kind or "", "asmith", "tomorrow") for row in rows)
        now = int(time.time())
        sign_offs.sign(home, Signed(day_of(now, settings), now, "jdoe", "not_zero", left))


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    cli = Cli(tmp_path / "home", dict(KEY))
    person = Person(cli, tmp_path)
    with run_in_thread(simulator(World(1, 25, speed=0.0))) as url:
        cli.configure(url, quota_share=1.0)
        assert cli.run("sync").code == 0
        person.program("deskzero", f'exec {shlex.join(cli.command())} "$@"')
        yield person


def test_every_example_of_a_shell_is_tried_here() -> None:
    tried = Path(__file__).read_text(encoding="utf-8")
    for name, (kind, _) in EXAMPLES.items():
        assert f'"{name}"' in tried or kind == "powershell", name
    assert {kind for kind, _ in EXAMPLES.values()} == {"sh", "ini", "powershell"}
    assert PAGE.count("\n```sh\n") + PAGE.count("\n```ini\n") + PAGE.count("\n```powershell\n") == len(
        EXAMPLES
    )


def test_bash_logout_tells_what_is_left_and_nothing_of_a_signed_day(person: Person) -> None:
    person.has("bash_logout", at=".bash_logout")
    profile = f"PATH={shlex.quote(person.environment['PATH'])}\n"  # /etc/profile sets another one
    (person.folder / ".bash_profile").write_text(profile, encoding="utf-8")
    done = person.runs("bash", "--login", "-c", "exit")
    assert done.stderr.startswith("NOT ZERO, "), done
    assert len(done.stderr.splitlines()) == 1
    person.signs_off()
    done = person.runs("bash", "--login", "-c", "exit")
    assert (done.stdout, done.stderr) == ("", "")


def test_the_trap_of_an_interactive_shell_tells_when_it_ends(person: Person) -> None:
    person.has("bash_trap", at=".bashrc")
    done = person.runs("bash", "-i", typed="echo working\nexit\n")
    assert "working\nNOT ZERO, " in done.stdout, done


def test_exit_holds_and_leave_takes_a_reason(person: Person) -> None:
    person.has("bash_exit", at=".bashrc")
    done = person.runs("bash", "-i", typed="exit 7\necho still here\nleave the line is down\necho never\n")
    assert done.returncode == 0
    assert "NOT ZERO, " in done.stdout
    assert "Not left. With a reason: leave why it has to wait\nstill here\n" in done.stdout
    assert "PASSED WITH A REASON (the line is down)" in done.stdout
    assert "never" not in done.stdout
    (kept,) = overrides.since(Home.find(str(person.cli.home)), 0)
    assert kept.reason == "the line is down"
    person.signs_off()
    done = person.runs("bash", "-i", typed="exit 7\necho never\n")
    assert (done.returncode, "never" in done.stdout) == (7, False)


def test_the_script_tells_on_the_desktop_and_gives_the_code(person: Person) -> None:
    script = person.has("deskzero-tell", at=".local/bin/deskzero-tell")
    done = person.runs("sh", str(script))
    assert (done.returncode, done.stderr) == (1, ""), "without notify-send it prints"
    person.stands_in("notify-send")
    done = person.runs("sh", str(script))
    assert done.returncode == 1
    assert person.calls == [f"notify-send --urgency=critical deskzero {done.stdout.strip()}"]
    person.signs_off()
    assert person.runs("sh", str(script)).returncode == 0
    assert len(person.calls) == 1, "a signed day is not told"


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(EXAMPLES[name][1])
    return parsed


@pytest.mark.parametrize(
    ("name", "key"),
    [("deskzero-gate.service", "ExecStart"), ("deskzero-session.service", "ExecStop")],
)
def test_what_the_units_run(person: Person, name: str, key: str) -> None:
    person.has("deskzero-tell", at=".local/bin/deskzero-tell")
    line = unit(name)["Service"][key].replace("%h", str(person.folder))
    done = person.runs(*shlex.split(line))
    assert done.stdout.startswith("NOT ZERO, ")
    assert str(done.returncode) in unit(name)["Service"]["SuccessExitStatus"].split()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze here")
    names = [name for name, (kind, _) in EXAMPLES.items() if kind == "ini"]
    assert names == ["deskzero-gate.service", "deskzero-gate.timer", "deskzero-session.service"]
    for name in names:
        (tmp_path / name).write_text(EXAMPLES[name][1], encoding="utf-8")
    environment = os.environ | {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [analyze, "--user", "verify", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "deskzero" not in done.stderr, done.stderr
    when = unit("deskzero-gate.timer")["Timer"]["OnCalendar"]
    done = subprocess.run([analyze, "calendar", when], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, "Mon..Fri *-*-* 16:45:00" in done.stdout) == (0, True), done


def test_the_lock_always_locks(person: Person) -> None:
    script = person.has("deskzero-lock", at=".local/bin/deskzero-lock")
    person.stands_in("notify-send", "loginctl", "i3lock")
    person.runs("sh", str(script))
    assert person.calls[0].startswith("notify-send --urgency=critical deskzero NOT ZERO, ")
    assert person.calls[1:] == ["loginctl lock-session"]
    person.cli.variables["DESKZERO_LOCK"] = "i3lock --color=202020"
    (person.cli.home / "config.toml").write_text("no settings at all", encoding="utf-8")
    person.runs("sh", str(script))
    assert person.calls[-1] == "i3lock --color=202020"
