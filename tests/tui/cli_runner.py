"""Runs the real command line in processes of its own, against a simulated PSA on a real socket."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.simulators.connectwise import ACCOUNT

ROOT = Path(__file__).parents[2]
KEY = {"DESKZERO_ACME_PRIVATE_KEY": ACCOUNT.private_key}
"""The simulated shop's secret, for a connection that is called `acme`."""
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PROGRAM = "from tui.cli import main; main()"


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> tuple[str, str]:
        """The two lines of an error; anything else on standard error fails the test."""
        lines = self.err.splitlines()
        assert len(lines) == 2, self.err
        assert lines[0].startswith("deskzero: "), self.err
        assert lines[1].strip(), self.err
        assert "Traceback" not in self.err
        return lines[0], lines[1]


def interruptible() -> None:
    """For `preexec_fn`: Ctrl+C reaches the program also where the tests run in the background of a shell, which has
    what it starts there ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Cli:
    """`deskzero` with one home."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        ours = {k: v for k, v in os.environ.items() if not k.startswith("DESKZERO_")}
        ours |= {
            "PYTHONPATH": str(ROOT),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "PYTHONIOENCODING": "utf-8",
            "TZ": "UTC",
            "HOME": str(self.home.parent),
            "DESKZERO_HOME": str(self.home),
        }
        return ours | self.variables

    def command(self, *arguments: str) -> list[str]:
        # -W error: a warning on a user's terminal is a defect.
        return [sys.executable, "-W", "error", "-c", PROGRAM, *arguments]

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> Done:
        done = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=self.environment | variables,
            cwd=self.home.parent,
            timeout=90,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def configure(self, url: str, **more: Any) -> None:
        """Writes the settings of the simulated shop under the name `acme`."""
        from connectors.simulators.serve import demo_settings
        from store.settings_save import save_connection

        save_connection(self.home / "config.toml", "acme", demo_settings(url=url) | more)

    def append(self, text: str) -> None:
        with (self.home / "config.toml").open("a", encoding="utf-8") as file:
            file.write(text)


def first(cli: Cli, kind: str) -> str:
    """The number of the first ticket of this kind."""
    return str(cli.run("list", "--json", kind).json[0]["number"])
