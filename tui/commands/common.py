"""What the commands share: `--home`, the settings, how text and JSON are printed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from connectors.text import clean
from store.home import Home
from tui.problem import Problem

if TYPE_CHECKING:
    from store.read import Reader
    from store.read_records import TicketView
    from store.settings import Settings

F = TypeVar("F", bound=Callable[..., object])
_chosen: list[str | None] = [None]


def _choose_home(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.find_root().meta["deskzero.home"] = value
        _chosen[0] = value


home_option = click.option(
    "--home",
    metavar="DIR",
    expose_value=False,
    is_eager=True,
    callback=_choose_home,
    help="Folder with config.toml, the databases and the log (default: $DESKZERO_HOME, else the system's).",
)


def home_of(ctx: click.Context) -> Home:
    """The home that the command was called for."""
    return Home.find(ctx.find_root().meta.get("deskzero.home"))


def last_home() -> Home:
    """The home of this process's command, for whoever has no context any more."""
    return Home.find(_chosen[0])


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
    click.echo(indent + clean(text), err=err)


def counted(number: int, thing: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def say_json(document: object) -> None:
    """One JSON document. In ASCII where the stream could not carry it otherwise (Windows pipes)."""
    plain = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(document, ensure_ascii=plain, separators=(",", ":")))


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


def one_ticket(reader: Reader, text: str) -> TicketView:
    """The ticket that TICKET names. Raises `Problem` when there is none, or more than one."""
    found = {(row.connection, row.ticket_id): row for row in reader.find(text)}
    if not found:
        raise Problem(
            f"no ticket {text} in the cache", "Run `deskzero sync`; `deskzero list` shows what is there."
        )
    if len(found) > 1:
        which = ", ".join(f"{row.connection}:{row.number} (id {row.ticket_id})" for row in found.values())
        raise Problem(
            f"{text} is more than one ticket: {which}", "Put the connection and a colon in front, or id:."
        )
    (connection, ticket_id), _ = found.popitem()
    view = reader.ticket(connection, ticket_id)
    if view is None:
        raise Problem(f"ticket {text} has just left the cache", "Run `deskzero sync`.")
    return view


def on_terminal() -> bool:
    """Whether a screen can be shown: both ends are a terminal, or a browser's (`deskzero web`)."""
    if os.environ.get("TEXTUAL_DRIVER"):
        return True
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def run_queue(ctx: click.Context, only: str | None = None, *, plain: bool = False) -> int:
    """`deskzero` without a command: the screen on a terminal, else the queue as text. `only`: of one connection.

    `plain`: in words, for a screen reader, whatever the settings say.
    """
    home = home_of(ctx)
    settings = settings_of(home, connection=only)
    if on_terminal():
        import gc

        gc.disable()  # until there is a frame (`Deskzero.painted`): nothing that is loaded until then is thrown away
        from store.log import start_log
        from tui import themes
        from tui.app import run

        themes.check(settings.theme, home.config)
        start_log(home.log)
        if plain:
            import msgspec

            settings = msgspec.structs.replace(settings, plain=True)
        return run(home, settings, only=only)
    from tui.plain import print_queue

    print_queue(home, settings, now=now(), only=only)
    return 0


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something that cannot be taken back; ends the command unless the answer is yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem(f"not done without an answer: {question}", "Give --yes to answer yes.")
    if not click.confirm(clean(question), err=True):
        raise Problem("left as it was", "Nothing was changed.")
