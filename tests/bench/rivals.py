"""Other Textual programs of this kind, each in an environment of its own, to their first frame."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from store.home import Home
from tests.bench.run import environment


@dataclass(frozen=True)
class Rival:
    """A program from the package index, and how its first frame with content is known."""

    name: str
    packages: tuple[str, ...]
    """Pinned, so that two runs measure the same program."""
    sign: str
    """Words of its first frame."""
    arguments: Callable[[Path, Home], list[str]]
    """What it is started with: the folder that it may write to, our home."""
    settings: dict[str, str] = field(default_factory=dict)
    """File name -> text, written into the folder before."""
    env: Callable[[Path], dict[str, str]] = lambda folder: {"HOME": str(folder)}

    def command(self, at: Path, home: Home) -> list[str]:
        for name, text in self.settings.items():
            (at / name).write_text(text, encoding="utf-8")
        return [str(scripts(at / "env") / self.name), *self.arguments(at, home)]

    def environment(self, at: Path) -> dict[str, str]:
        return environment() | self.env(at)


RIVALS = (
    Rival(
        "jiratui",
        # With Textual 8 it ends with an error before it has painted anything.
        ("jiratui==1.6.2", "textual==7.5.0"),
        "Work Items",
        lambda at, home: ["ui"],
        {
            "jiratui.yaml": "jira_api_username: someone@example.test\njira_api_token: x\n"
            "jira_api_base_url: http://127.0.0.1:9\n"
        },
        lambda at: {"HOME": str(at), "JIRA_TUI_CONFIG_FILE": str(at / "jiratui.yaml")},
    ),
    Rival(
        "harlequin",
        ("harlequin==2.17.0",),
        "Query Editor",
        lambda at, home: ["--adapter", "sqlite", str(home.cache)],
    ),
)


def scripts(env: Path) -> Path:
    return env / ("Scripts" if sys.platform == "win32" else "bin")


def installed(rival: Rival, at: Path) -> str:
    """Makes its environment if there is none; why it cannot be had, or nothing."""
    if (scripts(at / "env") / rival.name).exists():
        return ""
    at.mkdir(parents=True, exist_ok=True)
    python = scripts(at / "env") / "python"
    for command in (
        [sys.executable, "-m", "venv", str(at / "env")],
        [str(python), "-m", "pip", "install", "--quiet", *rival.packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"could not be installed: {(done.stderr.strip() or done.stdout.strip()).splitlines()[-1]}"
    return ""
