"""`deskzero doctor`: looks at everything that could be wrong, and says what to do about it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING

import click

from tui.commands.common import ago, counted, home_of, home_option, now, say
from tui.commands.quota_words import quota_words
from tui.problem import CANNOT_TELL, WRONG, Problem, explain

if TYPE_CHECKING:
    from connectors.contract import Identity
    from store.desk import Desk
    from store.home import Home
    from store.read_records import ConnectionView
    from store.settings import Connection, Settings

CLOCK_SECONDS = 30
"""From this difference on a clock is a finding: cursors and "now" begin to matter."""


@click.command("doctor")
@home_option
@click.pass_context
def command(ctx: click.Context) -> int:
    """Looks at everything that could be wrong.

    Settings, keyring, databases, and each connection's reach, rights, clock and quota; what to do about each."""
    home = home_of(ctx)
    doctor = Doctor()
    settings = _settings(doctor, home)
    _log(doctor, home)
    _keyring(doctor)
    desk = _databases(doctor, home, settings)
    if desk is not None and settings is not None:
        asyncio.run(_connections(doctor, desk, settings))
    say(f"{doctor.findings} findings." if doctor.findings else "Nothing found.")
    return doctor.code


class Doctor:
    """Collects findings; prints each as it comes."""

    def __init__(self) -> None:
        self.findings = 0
        self.code = 0

    def fine(self, what: str, text: str) -> None:
        say(f"ok  {what}: {text}")

    def found(self, what: str, text: str, do: str, *, code: int = 0) -> None:
        """Something is wrong; `code` when it makes the command fail (the largest wins)."""
        self.findings += 1
        self.code = max(self.code, code)
        say(f"!!  {what}: {text}")
        say(f"    {do}")


def _settings(doctor: Doctor, home: Home) -> Settings | None:
    from store.settings import SettingsError, load

    try:
        settings = load(home.config)
    except SettingsError as error:
        doctor.found("settings", str(error), error.hint, code=WRONG)
        return None
    if not settings.connections:
        hint = "Run `deskzero connect` to connect a PSA, or `deskzero demo` to look around."
        doctor.found("settings", f"no connection is configured in {home.config}", hint, code=WRONG)
    else:
        names = ", ".join(settings.connections)
        doctor.fine("settings", f"{home.config}: {names}; time zone {settings.timezone}")
    return settings


def _log(doctor: Doctor, home: Home) -> None:
    from store.log import start_log

    trouble = start_log(home.log)
    if trouble:
        doctor.found("log", trouble, "Check the folder, or choose another one with --home.")
    else:
        doctor.fine("log", str(home.log))


def _keyring(doctor: Doctor) -> None:
    from store.credentials import KeyringProblem, keyring_name

    try:
        doctor.fine("keyring", keyring_name())
    except KeyringProblem as problem:
        hint = "Secrets can come from DESKZERO_<CONNECTION>_<FIELD> or a <field>_command instead."
        doctor.found("keyring", str(problem), hint)


def _databases(doctor: Doctor, home: Home, settings: Settings | None) -> Desk | None:
    from store.database import DatabaseProblem
    from store.desk import Desk
    from store.settings import Settings

    try:
        desk = Desk(home, settings or Settings())
    except DatabaseProblem as error:
        doctor.found("databases", str(error), error.hint, code=WRONG)
        _backups(doctor, home)
        return None
    for note in desk.databases.notes:
        doctor.found("databases", note, "Run `deskzero sync`.")
    for path in (home.cache, home.journal):
        size = path.stat().st_size / 1e6
        doctor.fine("databases", f"{path}, {size:.1f} MB, SQLite {sqlite3.sqlite_version}")
    _backups(doctor, home)
    return desk


def _backups(doctor: Doctor, home: Home) -> None:
    from store.journal_backup import names

    known = names(home)
    if not known:
        do = "Check that there is space and that you may write there; the next start makes one."
        doctor.found("backups", f"there is none in {home.backups}", do)
        return
    text = f"{counted(len(known), 'backup')} of the journal, the newest made {ago(now() - known[0][0])}"
    doctor.fine("backups", f"{text}; `deskzero restore` lists them")


async def _connections(doctor: Doctor, desk: Desk, settings: Settings) -> None:
    async with desk:
        states = {view.connection: view for view in desk.reader.states()}
        for name, connection in settings.connections.items():
            await _secrets(doctor, connection)
            if await _reach(doctor, desk, connection):
                _state(doctor, connection, states[name])
        for odd in desk.reader.quarantine():
            record = f"{odd.stream} {odd.record_id}, {odd.path}: {odd.problem}"
            doctor.found(
                odd.connection, f"cannot be read: {record}", "Look at it in the PSA; report it if it is fine."
            )
        waiting = desk.reader.changes()
        if waiting:
            doctor.found("outbox", f"{len(waiting)} changes wait", "`deskzero outbox` says for what.")
        else:
            doctor.fine("outbox", "empty")


async def _secrets(doctor: Doctor, connection: Connection) -> None:
    """Where each secret comes from; a missing one is named once, here."""
    import connectors
    from store.credentials import SecretError, find_secret

    for field in connectors.spec(connection.psa).secrets:
        try:
            _, source = await asyncio.to_thread(find_secret, connection, field)
        except SecretError as error:
            doctor.found(connection.name, str(error), error.hint, code=CANNOT_TELL)
        else:
            doctor.fine(connection.name, f"{field} comes from the {source}")


async def _reach(doctor: Doctor, desk: Desk, connection: Connection) -> bool:
    """Asks who we are there, and for the scope's name."""
    from connectors.contract import ConnectorError

    name = connection.name
    try:
        connector = await desk.connector(name)
        identity = await connector.verify()
        scope = await connector.resolve(connection.scope)
    except ConnectorError as error:
        problem = explain(error) or Problem(str(error), error.hint, CANNOT_TELL)
        doctor.found(name, str(problem), problem.hint, code=problem.code)
        return False
    who = f"{identity.member} ({identity.name})"
    doctor.fine(name, f"{connector.title} {identity.version}: you are {who}; scope {scope.scope}")
    _identity(doctor, name, identity)
    used = desk.reader.budgets().get(name)
    quota = quota_words(connection, connector.capabilities, used, time.time())
    doctor.fine(name, f"{quota}; this took {connector.requests} requests")
    return True


def _identity(doctor: Doctor, name: str, identity: Identity) -> None:
    if abs(identity.clock_ahead) > CLOCK_SECONDS:
        ahead = f"the server's clock is {identity.clock_ahead:+.0f} s against this machine's"
        doctor.found(name, ahead, "Let this machine set its clock from the network.")
    else:
        doctor.fine(name, f"clock {identity.clock_ahead:+.1f} s")
    for verb, right in identity.missing:
        doctor.found(name, f"the right {right} is missing: no {verb}", "Ask the PSA's administrator for it.")
    for note in identity.notes:
        doctor.fine(name, note)


def _state(doctor: Doctor, connection: Connection, view: ConnectionView) -> None:
    name = connection.name
    if view.missing_fields:
        fields = ", ".join(view.missing_fields)
        hint = "Take them out of missing_fields.required, or leave them: they are not reported on tickets."
        doctor.found(name, f"required fields that this PSA does not have: {fields}", hint)
    if view.synced_at is None:
        doctor.found(name, "never synced", "Run `deskzero sync`.")
    else:
        doctor.fine(name, f"the last sync took {view.requests} requests")
    for sentence in view.why:
        doctor.found(name, sentence, "`deskzero sync` looks again.")
