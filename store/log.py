"""The log file: small, rotating, without secrets and without what customers wrote."""

from __future__ import annotations

import logging
import logging.handlers
import re
import traceback
from pathlib import Path
from types import TracebackType

from connectors.text import clean

_hidden: set[str] = set()
_CREDENTIALS = re.compile(
    r"(?i)\b(basic|bearer|token)\s+[A-Za-z0-9+/=_.:-]{8,}"
    r"|(?i:\b(?:password|secret|token|api_?key|private_?key)\b\s*[=:]\s*)\S+"
)


def hide(secret: str) -> None:
    """From now on this value never gets into the log (very short ones would blacken half of it)."""
    if len(secret) >= 4:
        _hidden.add(secret)


def redact(text: str) -> str:
    """A text without the secrets that are known and without what looks like one."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return _CREDENTIALS.sub("[secret]", text)


def start_log(path: Path, *, level: int = logging.INFO) -> str | None:
    """Begins the log at `path`, once a process; the sentence that says why it cannot, or `None`."""
    root = logging.getLogger()
    if any(isinstance(handler, _File) and handler.baseFilename == str(path) for handler in root.handlers):
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        handler = _File(path, maxBytes=1_000_000, backupCount=2, encoding="utf-8", errors="replace")
    except OSError as error:
        return f"The log {path} cannot be written: {error.strerror or error}."
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    root.setLevel(level)
    # These write whole addresses, and in them the names that a query asks for.
    for noisy in ("httpx", "httpcore", "uvicorn", "asyncio", "keyring", "textual"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return None


def stop_log() -> None:
    """Closes the log's file."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _File)]:
        root.removeHandler(handler)
        handler.close()


class _File(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk, or a second process on Windows that rotates: the line is lost, the screen is not."""


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(clean(super().format(record), lines=True))

    def formatException(  # noqa: N802
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """Where it happened and the error's type; its text may hold customers' words (SQL does)."""
        kind, _, place = ei
        frames = "".join(traceback.format_tb(place)).rstrip()
        return f"{frames}\n{kind.__name__ if kind else 'no error'}"
