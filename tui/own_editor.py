"""`v`: the text in one's own editor, while the screen waits."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported


class EditorFailed(Exception):
    """No text came back; `str()` says why. The text is as it was."""


def command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """`$VISUAL`, else `$EDITOR`, with its arguments; else what the system has. Raises `EditorFailed`."""
    for name in ("VISUAL", "EDITOR"):
        if said := environment.get(name, "").strip():
            return shlex.split(said, posix=sys.platform != "win32")
    for usual in ("notepad",) if sys.platform == "win32" else ("sensible-editor", "nano", "vi"):
        if shutil.which(usual):
            return [usual]
    raise EditorFailed("No editor is known: name yours in the environment variable VISUAL.")


def edited(app: App[Any], text: str) -> str:
    """The text as it came out of the editor. Raises `EditorFailed`."""
    program = command()
    folder = Path(tempfile.mkdtemp(prefix="deskzero-"))
    path = folder / "text.txt"
    try:
        path.write_text(text, encoding="utf-8")
        _run(app, [*program, str(path)])
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise EditorFailed(f"{program[0]}: {error}. The text is as it was.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(app: App[Any], program: Sequence[str]) -> None:
    try:
        with app.suspend():
            code = subprocess.run(program, check=False).returncode
    except SuspendNotSupported:
        raise EditorFailed("Another editor needs a terminal of one's own; here there is none.") from None
    if code:
        raise EditorFailed(f"{program[0]} ended with {code}. The text is as it was.")
