"""`deskzero support`: a bundle for a bug report, without secrets, addresses, people or what they wrote."""

from __future__ import annotations

import json
import platform
import sqlite3
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import iso, now, say
from tui.problem import Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.settings import Connection, Settings

PACKAGES = (
    "deskzero",
    "textual",
    "sqlmodel",
    "sqlalchemy",
    "httpx",
    "keyring",
    "msgspec",
    "click",
    "filelock",
)
LOG_LINES = 400


@click.command("support")
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="The zip file."
)
@home_option
@click.pass_context
def command(ctx: click.Context, output: Path | None) -> None:
    """Writes a redacted bundle for a bug report.

    Versions, settings, states, counts, the end of the log."""
    home = home_of(ctx)
    target = output or Path(f"deskzero-support-{datetime.fromtimestamp(now(), UTC):%Y%m%dT%H%M%SZ}.zip")
    parts = bundle(home)
    try:
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, text in parts.items():
                archive.writestr(name, text)
    except FileExistsError:
        raise Problem(f"{target} exists already", "Name another file with --output.") from None
    say(f"{target}: {', '.join(parts)}.")
    say("Secrets, addresses, names and texts are left out; look through it before you send it.")


def bundle(home: Home) -> dict[str, str]:
    """File name -> text."""
    from store.redacted import names_of, redacted
    from store.settings import Settings, SettingsError, load

    try:
        settings, trouble = load(home.config), ""
    except SettingsError as error:
        settings, trouble = Settings(), redacted(str(error), ())
    names = names_of(home, settings.connections.values())
    return {
        "versions.json": _json(versions()),
        "settings.json": _json({"error": trouble} if trouble else _settings(settings)),
        "states.json": _json(_states(home, settings)),
        "counts.json": _json({path.name: _counts(path) for path in (home.cache, home.journal)}),
        "databases.json": _json(_databases(home)),
        "log.txt": "".join(f"{redacted(line, names)}\n" for line in _log_tail(home.log)),
    }


def versions() -> dict[str, str]:
    """What runs here."""
    from importlib import metadata

    found = {
        "python": sys.version.split()[0],
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _settings(settings: Settings) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(settings)
    plain["connections"] = {
        f"connection {number}": _connection(connection)
        for number, connection in enumerate(settings.connections.values(), 1)
    }
    rules = plain["rules"]
    # Patterns, boards, companies and types are the shop's own words.
    for key in ("auto_reply", "placeholders", "required_for"):
        rules[key] = len(rules[key])
    rules["required"] = _without_custom(rules["required"])
    rules["kinds"] = {kind: {"on": rule["on"], "gate": rule["gate"]} for kind, rule in rules["kinds"].items()}
    for key in ("custom", "custom_problems"):
        rules[key] = len(rules[key])
    return plain


def _connection(connection: Connection) -> dict[str, Any]:
    lists = ("closed", "child", "responded", "closing", "waiting", "reaction")
    return {
        "psa": connection.psa,
        "scope": connection.scope.kind,
        "timezone": connection.timezone,
        "read_only": connection.read_only,
        "quota_share": connection.quota_share,
        "keys": sorted(connection.options),
        "commands": sorted(connection.commands),
        "answered_status": connection.answered_status is not None,
    } | {f"{name}_statuses": len(getattr(connection, f"{name}_statuses")) for name in lists}


def _states(home: Home, settings: Settings) -> list[dict[str, Any]]:
    import msgspec

    from store.read import CacheUnreadable, Reader

    reader = Reader(home, settings)
    try:
        views, changes, odd = reader.states(), reader.changes(all=True), reader.quarantine()
    except (CacheUnreadable, sqlite3.Error) as error:
        return [{"error": type(error).__name__}]
    names = {name: f"connection {number}" for number, name in enumerate(settings.connections, 1)}
    return [
        {
            "connection": names[view.connection],
            "psa": view.psa,
            "tried_at": iso(view.tried_at),
            "synced_at": iso(view.synced_at),
            "generation": view.generation,
            "error_kind": view.error_kind,
            "requests": view.requests,
            "clock_ahead": view.clock_ahead,
            "count_confirmed": view.count_confirmed,
            "missing_fields": _without_custom(view.missing_fields),
            "why": len(view.why),
            "capabilities": _capabilities(msgspec.to_builtins(view.capabilities)),
            "changes": dict(Counter(c.state for c in changes if c.connection == view.connection)),
            "quarantine": sorted(Counter(o.stream for o in odd if o.connection == view.connection).items()),
        }
        for view in views
    ]


def _without_custom(names: Iterable[str]) -> list[str]:
    """Custom fields have names of the shop's own: they are counted."""
    found = sorted(names)
    plain = [name for name in found if not name.startswith("custom:")]
    return plain + ([f"custom fields: {len(found) - len(plain)}"] if len(plain) < len(found) else [])


def _capabilities(plain: dict[str, Any]) -> dict[str, Any]:
    plain.pop("code_name", None)  # the shop's word for a billing code
    return {key: _without_custom(value) if isinstance(value, list) else value for key, value in plain.items()}


def _databases(home: Home) -> dict[str, Any]:
    """How the files are: checked now, backed up when, left behind by whom."""
    from store.database_files import damage
    from store.forget import copies
    from store.journal_backup import names
    from store.running import left_behind

    def state(path: Path) -> dict[str, Any]:
        if not path.exists():
            return {"check": "not there"}
        wal = path.with_name(f"{path.name}-wal")
        try:
            check = "damaged" if damage(path, thorough=True) else "ok"
        except sqlite3.Error as error:
            check = type(error).__name__
        return {
            "check": check,
            "bytes": path.stat().st_size,
            "wal": wal.stat().st_size if wal.exists() else 0,
        }

    backups = names(home)
    return {
        "cache.db": state(home.cache),
        "journal.db": state(home.journal),
        "backups": len(backups),
        "newest_backup": iso(backups[0][0]) if backups else None,
        "set_aside": len(copies(home)) - len(backups),
        "died": left_behind(home),
    }


def _counts(path: Path) -> dict[str, int | str]:
    """Rows a table."""
    if not path.exists():
        return {"error": "not there"}
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            names = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            found: dict[str, int | str] = {"user_version": db.execute("PRAGMA user_version").fetchone()[0]}
            for (name,) in names:
                quoted = name.replace('"', '""')
                found[name] = db.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]
            return found
    except sqlite3.Error as error:
        return {"error": type(error).__name__}


def _log_tail(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
    except FileNotFoundError:
        return ["no log"]
    except OSError as error:
        return [f"cannot be read: {error.strerror}"]


def _json(document: object) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
