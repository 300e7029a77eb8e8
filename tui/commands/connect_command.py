"""`deskzero connect`: asks for a PSA and its credentials, proves them, saves them."""

from __future__ import annotations

import asyncio
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click
import msgspec

from connectors.text import clean
from tui.commands.common import home_of, home_option, last_home, say
from tui.problem import Problem

if TYPE_CHECKING:
    from connectors.contract import Connector, Identity, Spec
    from store.settings import Settings

STATUSES = {
    "child_statuses": ("statuses that mark a child ticket", r"child"),
    "responded_statuses": (
        "statuses that say the customer has responded",
        r"respond|customer repl|re-?opened",
    ),
    "waiting_statuses": ("statuses that wait for the customer", r"wait"),
    "closing_statuses": ("statuses that mean the work is done, before closing", r"complete|resolved"),
    "closed_statuses": ("statuses that count as closed although the PSA does not close", r"^$"),
}
"""Settings key -> what to ask, and which status names are proposed."""


@click.command("connect")
@click.argument("name", required=False)
@click.option("--psa", help="The PSA: autotask, connectwise, halopsa, rt, syncro.")
@click.option("--url", help="Its address, as in a browser.")
@click.option("--technician", help="Who you are there (login).")
@click.option("--scope", help="mine, owner:<name>, board:<name>, team:<name> or all.")
@click.option(
    "--set", "given", metavar="KEY=VALUE", multiple=True, help="A key of the PSA's own, as in config.toml."
)
@click.option(
    "--secret",
    metavar="FIELD=VALUE",
    multiple=True,
    help="A secret; FIELD=- reads a line from standard input.",
)
@click.option(
    "--secret-command", metavar="FIELD=COMMAND", multiple=True, help="A command that prints a secret."
)
@click.option("--child-status", multiple=True, metavar="NAME")
@click.option("--responded-status", multiple=True, metavar="NAME")
@click.option("--waiting-status", multiple=True, metavar="NAME")
@click.option("--closing-status", multiple=True, metavar="NAME")
@click.option("--closed-status", multiple=True, metavar="NAME")
@click.option(
    "--answered-status", metavar="NAME", help="What a responded status becomes when it is answered."
)
@click.option("--timezone", metavar="ZONE", help="The technician's time zone there.")
@click.option("--read-only", is_flag=True, help="A pilot: every fix is shown, none is sent.")
@click.option("--sync/--no-sync", "sync_now", default=None, help="The first sync at once, or not.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str | None,
    psa: str | None,
    sync_now: bool | None,
    **more: Any,  # noqa: ANN401
) -> None:
    """Connects a PSA.

    Asks what is not given as an option, proves it, saves it.

    Secrets go into the system's keyring, everything else into config.toml. A secret that is in
    DESKZERO_<NAME>_<FIELD> already is used and not stored again.
    """
    import connectors
    from store.settings import load

    home = home_of(ctx)
    settings = load(home.config)
    psa = psa or ask("PSA", option="--psa", default=None, known=connectors.known())
    try:
        spec = connectors.spec(psa)
    except ValueError as error:
        raise Problem(str(error), "Name one of these with --psa.") from None
    name = name or ask("Name of this connection", option="NAME", default=psa)
    old = settings.connections.get(name)
    answers = Answers(spec, name, old.options if old and old.psa == psa else {}, more)
    table = answers.table(technician=old.technician if old else "")
    checked = answers.check(table)
    secrets, to_store = answers.secrets(checked)
    identity, statuses = asyncio.run(_prove(spec, checked, secrets))
    _show(identity)
    for key, value in identity.found.items():
        if key in answers.own:
            _put(table, key, value, answers.own)
    table |= answers.statuses(statuses)
    _save(name, table, to_store)
    _first_sync(ctx, sync_now)


def ask(
    text: str, *, option: str, default: str | None, known: tuple[str, ...] = (), hidden: bool = False
) -> str:
    """One answer, from the terminal or from a line of standard input. Raises `Problem` when there is none."""
    label = f"{text} ({', '.join(known)})" if known else text
    if sys.stdin.isatty():
        answer = click.prompt(label, default=default, hide_input=hidden, err=True, show_default=not hidden)
        return str(answer).strip()
    line = sys.stdin.readline()
    if not line:
        if default is not None:
            return default
        raise Problem(f"no answer for: {text}", f"Give it with {option}.")
    return line.strip() or default or ask(text, option=option, default=default, known=known, hidden=hidden)


class Answers:
    """The answers for one connection: options first, then questions."""

    def __init__(self, spec: Spec, name: str, old: dict[str, Any], given: dict[str, Any]) -> None:
        self.spec, self.name, self.old, self.given = spec, name, old, given
        self.own = {field.encode_name: field for field in msgspec.structs.fields(spec.options)}
        self.commands = {
            f"{field}_command": shlex.split(value)
            for field, value in _pairs(given["secret_command"], "--secret-command")
        }

    def table(self, *, technician: str) -> dict[str, Any]:
        """The connection's table for config.toml."""
        values: dict[str, Any] = {"psa": self.spec.psa}
        given: dict[str, Any] = {}
        for key, value in _pairs(self.given["given"], "--set"):
            _put(given, key, value, self.own)
        for key in ("url", "technician"):
            if self.given[key] is not None:
                given[key] = self.given[key]
        for key, field in self.own.items():
            if key == "technician":
                continue
            if key in given:
                values[key] = given.pop(key)
            elif field.required:
                values[key] = ask(key, option=_option(key), default=self.old.get(key))
        values["technician"] = given.pop("technician", None) or ask(
            "technician (your login there)", option="--technician", default=technician or None
        )
        if given:
            raise Problem(f"unknown key {next(iter(given))} in --set", f"There are: {', '.join(self.own)}.")
        for key in ("scope", "timezone"):
            if self.given[key] is not None:
                values[key] = self.given[key]
        if self.given["read_only"]:
            values["read_only"] = True
        return values | self.commands

    def check(self, table: dict[str, Any]) -> Settings:
        """The table as the settings would read it; errors name the key. Nothing is written yet."""
        import tomlkit

        from store.settings import parse

        text = tomlkit.dumps({"connections": {self.name: table}})
        return parse(text, last_home().config)

    def secrets(self, settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
        """All secrets, and those of them that are to be put into the keyring."""
        from store.credentials import SecretError, find_secret
        from store.log import hide

        given = dict(_pairs(self.given["secret"], "--secret"))
        connection = settings.connections[self.name]
        found: dict[str, str] = {}
        new: dict[str, str] = {}
        for unknown in set(given) - set(self.spec.secrets):
            raise Problem(
                f"{self.spec.title} has no secret {unknown}", f"It has: {', '.join(self.spec.secrets)}."
            )
        for field in self.spec.secrets:
            if field in given:
                value = given[field] if given[field] != "-" else sys.stdin.readline().rstrip("\r\n")
                found[field] = new[field] = value
                continue
            try:
                found[field], _ = find_secret(connection, field)
            except SecretError:
                if field in connection.commands:
                    raise
                value = ask(field, option=f"--secret {field}=…", default=None, hidden=True)
                found[field] = new[field] = value
        for field, value in found.items():
            if not value:
                raise Problem(f"the secret {field} is empty", f"Give it with --secret {field}=… or type it.")
            hide(value)
        return found, new

    def statuses(self, names: list[str]) -> dict[str, Any]:
        """What the shop's statuses mean; asked only on a terminal, with what their names suggest."""
        found: dict[str, Any] = {}
        asks = sys.stdin.isatty() and bool(names)
        if asks:
            say(f"Statuses there: {', '.join(names)}", err=True)
        for key, (text, pattern) in STATUSES.items():
            given = list(self.given[key.removesuffix("es")])
            if not given and asks and pattern != "^$":
                likely = ", ".join(name for name in names if re.search(pattern, name, re.IGNORECASE))
                line = click.prompt(f"{text}, comma separated (- for none)", default=likely or "-", err=True)
                given = [part.strip() for part in line.split(",") if part.strip() not in ("", "-")]
            if given:
                found[key] = given
        if self.given["answered_status"]:
            found["answered_status"] = self.given["answered_status"]
        elif asks and found.get("responded_statuses") and found.get("waiting_statuses"):
            found["answered_status"] = found["waiting_statuses"][0]
        return found


def _pairs(values: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    found = []
    for value in values:
        key, equals, rest = value.partition("=")
        if not equals or not key.strip():
            raise Problem(f"{option} {key}: KEY=VALUE is expected", "See `deskzero connect --help`.")
        found.append((key.strip(), rest))
    return found


def _put(table: dict[str, Any], key: str, text: str, own: dict[str, Any]) -> None:
    """`fields.company=Client` goes into a table; `true` and numbers become what the key's type wants."""
    outer, dot, inner = key.partition(".")
    if dot:
        table.setdefault(outer, {})[inner] = text
        return
    field = own.get(key)
    try:
        value = text if field is None else msgspec.convert(text, type=field.type, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(f"--set {key}: {error}", "Write it as in config.toml.") from None
    table[key] = value


def _option(key: str) -> str:
    return "--url" if key == "url" else f"--set {key}=…"


async def _prove(spec: Spec, settings: Settings, secrets: dict[str, str]) -> tuple[Identity, list[str]]:
    """Who we are there and the names of its statuses, by real requests."""
    from store.opening import open_connection

    (connection,) = settings.connections.values()
    connector: Connector = open_connection(connection, secrets)
    try:
        say(f"Asking {spec.title} …", err=True)
        identity = await connector.verify()
        await connector.resolve(connection.scope)
        return identity, await _status_names(connector)
    finally:
        await connector.close()


async def _status_names(connector: Connector) -> list[str]:
    """The names of all open statuses; empty where they cannot be read: they are only proposals."""
    from connectors.contract import ChoiceContext, ConnectorError

    try:
        boards = [board.id for board in await connector.choices("board", ChoiceContext())][:20]
        names: dict[str, None] = {}
        for board in boards:
            for status in await connector.choices("status", ChoiceContext(board_id=board)):
                if status.active and not status.closed:
                    names[clean(status.name)] = None
        return list(names)
    except ConnectorError as error:
        say(f"The statuses could not be read: {error}", err=True)
        return []


def _show(identity: Identity) -> None:
    say(f"You are {identity.member} ({identity.name}); server version {identity.version}.")
    if abs(identity.clock_ahead) > 30:
        say(f"Its clock is {identity.clock_ahead:+.0f} s against this machine's.")
    for verb, right in identity.missing:
        say(f"Missing right: {right}; without it: no {verb}.")
    for note in identity.notes:
        say(note)


def _save(name: str, table: dict[str, Any], secrets: dict[str, str]) -> None:
    from store.credentials import SecretError, store_secret
    from store.settings_save import save_connection

    home = last_home()
    save_connection(home.config, name, table)
    say(f"Saved [connections.{name}] in {home.config}.")
    for field, value in secrets.items():
        try:
            store_secret(name, field, value)
        except SecretError as error:
            raise Problem(f"the connection is proven and saved, but {error}", error.hint) from None
        say(f"The keyring has the {field}.")


def _first_sync(ctx: click.Context, sync_now: bool | None) -> None:
    if sync_now is None:
        sync_now = sys.stdin.isatty() and click.confirm("The first sync now?", default=True, err=True)
    if sync_now:
        from tui.commands.sync_command import command as sync

        ctx.invoke(sync)
    else:
        say("Next: `deskzero sync`, then `deskzero`.")
