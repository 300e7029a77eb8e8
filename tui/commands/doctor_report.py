"""What `deskzero doctor` has to say: printed as it comes, or kept for one JSON document."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Any

import msgspec

from connectors.text import clean
from store.setup_records import Finding
from tui.commands.out import counted, harmless, say

WIDEST = 100
"""Columns; longer lines are tiring to read."""
INDENT = "    "


class Report:
    """Collects what was looked at. On a terminal lines are wrapped; elsewhere each thing is one line, for `grep`."""

    def __init__(self, *, quiet: bool = False) -> None:
        """`quiet`: nothing is printed, `document` has it all."""
        self.quiet = quiet
        self.findings: list[Finding] = []
        self.unknown: list[Finding] = []
        self.fine_ones: list[dict[str, str]] = []
        self.notes: list[dict[str, str]] = []
        self.requests: dict[str, int] = {}
        """Connection -> requests that looking took."""
        self.code = 0

    def fine(self, about: str, text: str) -> None:
        """Looked at, and nothing is wrong with it."""
        self.fine_ones.append({"about": about, "text": text})
        self._print("ok", f"{about}: {text}")

    def note(self, about: str, text: str) -> None:
        """Worth knowing, and nothing to do about."""
        self.notes.append({"about": about, "text": text})
        self._print("--", f"{about}: {text}")

    def found(self, finding: Finding, *, about: str = "", code: int = 0) -> None:
        """Something is wrong, or cannot be known; `code` when it makes the command fail (the largest wins).

        `about` stands in front where it is no connection's.
        """
        self.code = max(self.code, code)
        unknown = finding.level == "unknown"
        (self.unknown if unknown else self.findings).append(finding)
        place = about or finding.connection or ""
        self._print("--" if unknown else "!!", f"{place}: {finding.what}" if place else finding.what)
        if finding.why:
            self._print("", f"Why: {finding.why}")
        if finding.do:
            self._print("", f"Do: {finding.do}")

    def gap(self) -> None:
        """Before what belongs to another connection."""
        if not self.quiet:
            say()

    def end(self) -> None:
        """The last line."""
        if self.quiet:
            return
        if self.findings:
            say(f"{counted(len(self.findings), 'finding')}.")
        else:
            say("Nothing found.")

    def document(self) -> dict[str, Any]:
        """Everything as JSON, foreign text made harmless."""

        def plain(findings: list[Finding]) -> list[object]:
            return [
                harmless({key: value for key, value in msgspec.structs.asdict(one).items() if key != "level"})
                for one in findings
            ]

        return {
            "findings": plain(self.findings),
            "unknown": plain(self.unknown),
            "notes": harmless(self.notes),
            "fine": harmless(self.fine_ones),
            "requests": self.requests,
        }

    def _print(self, mark: str, text: str) -> None:
        if self.quiet:
            return
        first = f"{mark}  " if mark else INDENT
        text = clean(text)
        if not sys.stdout.isatty():
            say(first + text)
            return
        width = min(shutil.get_terminal_size().columns, WIDEST)
        rest = INDENT if mark else INDENT + " " * (text.index(":") + 2)
        for line in textwrap.wrap(
            text,
            max(width, 40),
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ):
            say(line)
