"""The settings of a command, and how text and JSON are printed. Without click, which takes longer to load than `check`
takes to answer."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.text import clean
from tui.problem import Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.settings import Settings


def echo(text: str = "", *, nl: bool = True, err: bool = False) -> None:
    """`click.echo`: at once, and harmless where there is no standard output."""
    stream = sys.stderr if err else sys.stdout
    if stream is None:
        return
    # All else (Windows' console, an encoding of seven bits, escape sequences) click knows how to handle.
    if sys.platform != "win32" and _is_utf8(stream.encoding) and "\x1b" not in text:
        stream.write(f"{text}\n" if nl else text)
        stream.flush()
        return
    import click

    click.echo(text, nl=nl, err=err)


def _is_utf8(encoding: str | None) -> bool:
    return (encoding or "").lower().replace("-", "") == "utf8"


def settings_of(home: Home, *, connection: str | None = None) -> Settings:
    """The settings. Raises `Problem` when no connection is configured, or not the named one."""
    from store.settings import load

    settings = load(home.config)
    if not settings.connections:
        raise Problem(
            f"no connection is configured in {home.config}",
            "Run `deskzero connect` to connect a PSA, or `deskzero demo` to look around.",
        )
    if connection is not None and connection not in settings.connections:
        raise Problem(f"no connection {connection}", f"There are: {', '.join(settings.connections)}.")
    return settings


def now() -> int:
    """The time, UTC seconds."""
    return int(time.time())


def say(text: str = "", *, err: bool = False) -> None:
    """One line of our own words and foreign text, harmless for the terminal; the indent in front stays."""
    indent = " " * (len(text) - len(text.lstrip(" ")))
    echo(indent + clean(text), err=err)


def say_version() -> None:
    """Which deskzero this is."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        echo(f"deskzero {version('deskzero')}")
    except PackageNotFoundError:
        echo("deskzero, run from its source without being installed")


def counted(number: int, thing: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def say_json(document: object) -> None:
    """One JSON document. In ASCII where the stream could not carry it otherwise (Windows pipes)."""
    plain = not _is_utf8(getattr(sys.stdout, "encoding", None))
    import json

    echo(json.dumps(document, ensure_ascii=plain, separators=(",", ":")))


def say_encoded(document: bytes) -> None:
    """The same for one that is JSON already, as UTF-8."""
    if _is_utf8(getattr(sys.stdout, "encoding", None)):
        echo(document.decode())
        return
    import json

    say_json(json.loads(document))


def iso(seconds: int | None) -> str | None:
    """A time as JSON has it: `2026-11-20T14:05:10Z`."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def harmless(value: object, key: str = "") -> object:
    """A JSON document with foreign text cleaned and times in ISO form."""
    if isinstance(value, dict):
        return {clean(name): harmless(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [harmless(inner, key) for inner in value]
    if isinstance(value, str):
        return clean(value, lines=True)
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and (key in ("at", "since") or key.endswith("_at"))
    ):
        return iso(value)
    return value


def local(seconds: int | None, timezone: str) -> str:
    """A time for people, in the technician's zone."""
    from zoneinfo import ZoneInfo

    if seconds is None:
        return "never"
    return datetime.fromtimestamp(seconds, ZoneInfo(timezone)).strftime("%a %d %b %H:%M")


def ago(seconds: int) -> str:
    """How long since: `just now`, `5 minutes ago`, `3 hours ago`, `2 days ago`."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{counted(seconds // size, unit)} ago"
    return "just now"
