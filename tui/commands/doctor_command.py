"""`deskzero doctor`: looks at everything that could be wrong, and says what to do about it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import ago, counted, now, say_json
from tui.commands.quota_words import quota_words, rounds_words
from tui.problem import CANNOT_TELL, WRONG, Problem, explain

if TYPE_CHECKING:
    from store.desk import Desk
    from store.home import Home
    from store.read_records import ConnectionView
    from store.settings import Connection, Settings
    from tui.commands.doctor_report import Report


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--team", type=click.IntRange(1), metavar="N", help="How many technicians will use deskzero.")
@home_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, team: int | None) -> int:
    """Looks at everything that could be wrong.

    Settings, keyring, databases, and each connection's reach, rights, clock, quota and set-up: what is wrong, why it
    matters and what to do about it."""
    from tui.commands.doctor_report import Report

    home = home_of(ctx)
    report = Report(quiet=as_json)
    settings = _settings(report, home)
    _log(report, home)
    _keyring(report)
    desk = _databases(report, home, settings)
    if desk is not None and settings is not None:
        asyncio.run(_connections(report, desk, settings, team))
    report.end()
    if as_json:
        say_json(report.document())
    return report.code


def _found(
    report: Report, about: str, code: str, what: str, do: str, *, why: str = "", exit_code: int = 0
) -> None:
    """A finding that is no connection's."""
    from store.setup_records import Finding

    report.found(Finding(code=code, what=what, why=why, do=do), about=about, code=exit_code)


def _settings(report: Report, home: Home) -> Settings | None:
    from store.settings import SettingsError, load

    try:
        settings = load(home.config)
    except SettingsError as error:
        why = "deskzero does not start with settings that it does not understand."
        _found(report, "settings", "settings", str(error), error.hint, why=why, exit_code=WRONG)
        return None
    if not settings.connections:
        do = "Run `deskzero connect` to connect a PSA, or `deskzero demo` to look around."
        what = f"no connection is configured in {home.config}"
        _found(report, "settings", "no_connection", what, do, exit_code=WRONG)
    else:
        names = ", ".join(settings.connections)
        report.fine("settings", f"{home.config}: {names}; time zone {settings.timezone}")
    _screen(report, home, settings)
    _own_rules(report, home, settings)
    return settings


def _own_rules(report: Report, home: Home, settings: Settings) -> None:
    """The company's own rules as they are written; what becomes of them at a connection, `_failed_rules` says."""
    rules = settings.rules
    for one in rules.custom_problems:
        place = f"{home.config}, line {one.line}" if one.line else str(home.config)
        why = "The rule is switched off; the others go on."
        if one.counts:
            why += " It counts, so `deskzero check` cannot tell."
        what = f'{place}: our rule "{one.name}": {one.problem}'
        _found(report, "rules", "custom_rule", what, one.hint, why=why)
    if rules.custom:
        report.fine("rules", f"{counted(len(rules.custom), 'rule')} of the company's own can be used")


def _screen(report: Report, home: Home, settings: Settings) -> None:
    """The colours and the keys that somebody has set."""
    from tui import themes
    from tui.key_wishes import keymap_of

    try:
        themes.check(settings.theme, home.config)
    except Problem as problem:
        why = "The screen does not open with it."
        _found(report, "colours", "theme", str(problem), problem.hint, why=why, exit_code=WRONG)
    if not settings.keys:
        return
    found = keymap_of(settings.keys)
    for sentence in found.problems:
        do = f"Correct [keys] in {home.config}: docs/keys.md lists ids and keys."
        why = "The screen opens with the key that deskzero comes with."
        _found(report, "keys", "keys", sentence, do, why=why)
    if found.changed:
        report.fine("keys", f"{len(found.changed)} of them yours: {', '.join(found.changed)}")


def _log(report: Report, home: Home) -> None:
    from store.log import start_log

    trouble = start_log(home.log)
    if trouble:
        why = "What went wrong is not written down."
        _found(report, "log", "log", trouble, "Check the folder, or choose another one with --home.", why=why)
    else:
        report.fine("log", str(home.log))


def _keyring(report: Report) -> None:
    from store.credentials import KeyringProblem, keyring_name

    try:
        report.fine("keyring", keyring_name())
    except KeyringProblem as problem:
        do = "Secrets can come from DESKZERO_<CONNECTION>_<FIELD> or a <field>_command instead."
        why = "Secrets cannot be kept there."
        _found(report, "keyring", "keyring", str(problem), do, why=why)


def _databases(report: Report, home: Home, settings: Settings | None) -> Desk | None:
    from store.database import DatabaseProblem
    from store.desk import Desk
    from store.settings import Settings

    try:
        desk = Desk(home, settings or Settings())
    except DatabaseProblem as error:
        _found(report, "databases", "database", str(error), error.hint, exit_code=WRONG)
        _backups(report, home)
        return None
    for note in desk.databases.notes:
        _found(report, "databases", "database_note", note, "Run `deskzero sync`.")
    for path in (home.cache, home.journal):
        size = path.stat().st_size / 1e6
        report.fine("databases", f"{path}, {size:.1f} MB, SQLite {sqlite3.sqlite_version}")
    _backups(report, home)
    return desk


def _backups(report: Report, home: Home) -> None:
    from store.journal_backup import names

    known = names(home)
    if not known:
        do = "Check that there is space and that you may write there; the next start makes one."
        why = "A journal that is damaged cannot be put back: what waits to be sent is in it."
        _found(report, "backups", "no_backup", f"there is none in {home.backups}", do, why=why)
        return
    text = f"{counted(len(known), 'backup')} of the journal, the newest made {ago(now() - known[0][0])}"
    report.fine("backups", f"{text}; `deskzero restore` lists them")


async def _connections(report: Report, desk: Desk, settings: Settings, team: int | None) -> None:
    async with desk:
        states = {view.connection: view for view in desk.reader.states()}
        for name, connection in settings.connections.items():
            report.gap()
            await _secrets(report, connection)
            if await _reach(report, desk, connection, team):
                _state(report, connection, states[name])
            _failed_rules(report, desk, name)
            _quarantine(report, desk, name)
        report.gap()
        waiting = desk.reader.changes()
        if waiting:
            what = f"{counted(len(waiting), 'change')} {'waits' if len(waiting) == 1 else 'wait'}"
            why = "The PSA does not have them yet."
            _found(report, "outbox", "outbox", what, "`deskzero outbox` says for what.", why=why)
        else:
            report.fine("outbox", "empty")


async def _secrets(report: Report, connection: Connection) -> None:
    """Where each secret comes from; a missing one is named once, here."""
    import connectors
    from store.credentials import SecretError, find_secret
    from store.setup_records import Finding

    for field in connectors.spec(connection.psa).secrets:
        try:
            _, source = await asyncio.to_thread(find_secret, connection, field)
        except SecretError as error:
            why = "Without it nobody is let in: nothing is read or sent."
            missing = Finding(
                code="secret", what=str(error), why=why, do=error.hint, connection=connection.name
            )
            report.found(missing, code=CANNOT_TELL)
        else:
            report.fine(connection.name, f"{field} comes from the {source}")


async def _reach(report: Report, desk: Desk, connection: Connection, team: int | None) -> bool:
    """Asks who we are there, for the scope's name and for the statuses, and looks at the set-up."""
    from connectors.contract import ConnectorError
    from store.setup_facts import gather
    from store.setup_lint import lint
    from store.setup_records import Finding

    name = connection.name
    connector = None
    try:
        connector = await desk.connector(name)
        identity = await connector.verify()
        scope = await connector.resolve(connection.scope)
    except ConnectorError as error:
        problem = explain(error) or Problem(str(error), error.hint, CANNOT_TELL)
        why = "Until then nothing of this connection is read, and its fixes wait in the outbox."
        broken = Finding(
            code=f"connection_{error.kind}", what=str(problem), why=why, do=problem.hint, connection=name
        )
        report.found(broken, code=problem.code)
        if connector is not None:
            report.requests[name] = connector.requests
        return False
    who = f"{identity.member} ({identity.name})"
    report.fine(name, f"{connector.title} {identity.version}: you are {who}; scope {scope.scope}")
    facts = await gather(desk.reader, connection, connector, identity, team=team)
    findings = lint(facts)
    if not any(one.code == "clock_differs" for one in findings):
        report.fine(name, f"clock {identity.clock_ahead:+.1f} s")
    for note in identity.notes:
        report.note(name, note)
    for finding in findings:
        report.found(finding)
    used = desk.reader.budgets().get(name)
    quota = quota_words(connection, connector.capabilities, used, time.time())
    report.requests[name] = connector.requests
    report.fine(name, f"{quota}; this took {connector.requests} requests")
    report.fine(name, rounds_words(facts))
    return True


def _state(report: Report, connection: Connection, view: ConnectionView) -> None:
    from store.setup_records import Finding

    name = connection.name
    if view.synced_at is None:
        why = "Nothing is known of its tickets; nor is how fields are used, which doctor would look at."
        never = Finding(
            code="never_synced", what="never synced", why=why, do="Run `deskzero sync`.", connection=name
        )
        report.found(never)
    else:
        report.fine(name, f"the last sync took {view.requests} requests")
    for sentence in view.why:
        why = "`deskzero check` cannot say zero."
        report.found(
            Finding(
                code="not_known", what=sentence, why=why, do="`deskzero sync` looks again.", connection=name
            )
        )


def _failed_rules(report: Report, desk: Desk, name: str) -> None:
    """The company's own rules that could not be worked out here."""
    from store.setup_records import Finding

    for one in desk.reader.rule_problems():
        if one.connection == name:
            why = "It is switched off until it works; the others go on."
            if one.counts:
                why += " It counts, so `deskzero check` cannot tell."
            what = f'our rule "{one.name}" ({one.place}): {one.problem}'
            report.found(Finding(code="custom_rule_failed", what=what, why=why, do=one.hint, connection=name))


def _quarantine(report: Report, desk: Desk, name: str) -> None:
    from store.setup_records import Finding

    for odd in desk.reader.quarantine():
        if odd.connection == name:
            report.found(
                Finding(
                    code="quarantine",
                    what=f"cannot be read: {odd.stream} {odd.record_id}, {odd.path}: {odd.problem}",
                    why="It may be a ticket or a reply of yours that you do not see.",
                    do="Look at it in the PSA; report it if it is fine.",
                    connection=name,
                )
            )
