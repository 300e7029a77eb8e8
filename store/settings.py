"""The settings (`config.toml`): what may be set, its defaults, and errors that name file, table and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from connectors.contract import TICKET_FIELDS, Quota, Scope
from store import settings_seldom as seldom
from store.business_time import Hours
from store.kind_settings import gates, kind_rule
from store.machine_zone import is_timezone, machine_timezone
from store.psa_options import environment_name, own_keys, secret_commands
from store.rules.catalogue import BY_NAME
from store.settings_records import (
    KINDS,
    Connection,
    CustomProblem,
    CustomRule,
    Exclude,
    KindRule,
    RequiredFor,
    Rules,
    Settings,
    rules_mark,
)
from store.toml_table import SettingsError, Table, meant, near, seconds

if TYPE_CHECKING:
    pass

__all__ = [
    "KINDS",
    "Connection",
    "CustomProblem",
    "CustomRule",
    "Exclude",
    "KindRule",
    "RequiredFor",
    "Rules",
    "Settings",
    "SettingsError",
    "load",
    "machine_timezone",
    "parse",
    "read_text",
    "read_toml",
    "rules_mark",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SCOPES = "mine, owner:<name>, board:<name>, team:<name> or all"


def load(path: Path) -> Settings:
    """The settings at `path`; without a file the defaults and no connection. Raises `SettingsError`."""
    return parse(read_text(path), path)


def read_text(path: Path) -> str:
    """The file's text, empty when there is no file. Raises `SettingsError`."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 (byte {error.start})"
        raise SettingsError(path, "", None, problem, hint="Save the file as UTF-8 text.") from None
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        raise SettingsError(path, "", None, problem, hint="Check that it is a file you may read.") from None


def read_toml(text: str, path: Path) -> dict[str, Any]:
    """The text as TOML. Raises `SettingsError` with the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "The file is TOML: strings in double quotes, one key = value in a line."
        last = f"at line {len(text.splitlines())}, the end"
        problem = str(error).replace("at end of document", last)
        raise SettingsError(path, "", None, f"not valid TOML: {problem}", hint=hint) from None


def parse(text: str, path: Path) -> Settings:
    """The settings in a text; `path` is only for the errors. Raises `SettingsError`."""
    data = read_toml(text, path)
    top = Table(data, path, "")
    timezone = _timezone(top, machine_timezone)
    hours = seldom.hours(top.table("hours"), timezone, Hours())
    connections = _connections(top.table("connections"), timezone, hours)
    sync, cache, outbox, check = (top.table(key) for key in ("sync", "cache", "outbox", "check"))
    suggestions, billing, time, day = (top.table(key) for key in ("suggestions", "billing", "time", "day"))
    strong, notices, lessons = suggestions.table("strong"), top.table("notices"), top.table("mistakes")
    settings = Settings(
        timezone=timezone,
        connections=connections,
        hours=hours,
        rules=(rules := _rules(top.table("rules"), connections, text)),
        sync_every=sync.duration("every", Settings().sync_every, least=10),
        retention=cache.duration("retention", Settings().retention, least=86400),
        hold=outbox.duration("hold", Settings().hold),
        max_age=check.duration("max_age", Settings().max_age, least=1),
        gates=gates(check, rules),
        checkpoints=seldom.checkpoints(check),
        overrides_before_approval=check.count(
            "overrides_before_approval", Settings().overrides_before_approval, least=0
        ),
        bell=notices.flag("bell", True),
        snippets=_snippets(top.table("snippets")),
        shift=_shift(day),
        gap=day.duration("gap", Settings().gap, least=60),
        time_round=time.duration("round", Settings().time_round),
        time_least=time.duration("least", Settings().time_least),
        billing_people=billing.texts("people"),
        billing_overdue_days=billing.count("overdue_days", Settings().billing_overdue_days),
        money=seldom.money(top.table("money")),
        lesson_note=lessons.flag("note", Settings().lesson_note),
        strong_count=strong.count("count", Settings().strong_count),
        strong_share=strong.share("share", Settings().strong_share),
        theme=top.optional("theme", expected='a theme such as "deskzero-dark"') or "",
        plain=top.flag("plain", False),
        keys=seldom.keys(top.table("keys"), text),
        panes=seldom.panes(top, rules),
    )
    for table in (top, sync, cache, outbox, check, suggestions, billing, time, day, strong, notices, lessons):
        table.finish()
    return settings


def _timezone(table: Table, default: Callable[[], str]) -> str:
    name = table.optional("timezone", expected="a time zone such as Europe/Berlin")
    if name is None:
        return default()
    if not is_timezone(name):
        import zoneinfo

        close = near(name, zoneinfo.available_timezones())
        hint = f'Did you mean "{close}"?' if close else "Use an IANA name such as Europe/Berlin."
        raise table.error("timezone", f'a time zone such as Europe/Berlin is expected, not "{name}"', hint)
    return name


def _connections(table: Table, timezone: str, hours: Hours) -> dict[str, Connection]:
    found: dict[str, Connection] = {}
    variables: dict[str, str] = {}
    for name in table.data:
        if not _NAME.fullmatch(name) or name.casefold() == "id":
            raise table.error(
                name, "a connection's name is letters, digits, - and _, and not id", "Rename the table."
            )
        other = variables.setdefault(environment_name(name, ""), name)
        if other != name:
            raise table.error(
                name, f"too like [connections.{other}]: both read the same variables", "Rename one of them."
            )
        found[name] = _connection(table.table(name), name, timezone, hours)
    return found


def _connection(table: Table, name: str, timezone: str, hours: Hours) -> Connection:
    import connectors

    psa = table.text("psa", expected="the name of a PSA, such as connectwise")
    try:
        spec = connectors.spec(psa)
    except ValueError:
        raise table.error("psa", f'unknown PSA "{psa}"', meant(psa, connectors.known())) from None
    except ImportError as error:  # a third party's connector that lacks a part of its own
        raise table.error(
            "psa", f"the connector {psa} cannot be loaded: {error}", "Install it again."
        ) from None
    technician = table.text("technician", "")
    zone = _timezone(table, lambda: timezone)
    connection = Connection(
        name=name,
        psa=psa,
        scope=_scope(table),
        technician=technician,
        timezone=zone,
        hours=seldom.hours(table.table("hours"), zone, hours),
        read_only=table.flag("read_only", False),
        closed_statuses=table.texts("closed_statuses"),
        child_statuses=table.texts("child_statuses"),
        responded_statuses=table.texts("responded_statuses"),
        answered_status=table.optional("answered_status"),
        closing_statuses=table.texts("closing_statuses"),
        waiting_statuses=table.texts("waiting_statuses"),
        reaction_statuses=table.texts("reaction_statuses"),
        quota_share=table.share("quota_share", spec.quota_share),
        quota=_quota(table),
        commands=secret_commands(table, spec.secrets),
    )
    return msgspec.structs.replace(connection, options=own_keys(table, spec, name))


def _quota(table: Table) -> tuple[Quota, ...] | None:
    """`600/1m`, `none`, or nothing said."""
    expected = "requests/duration such as 600/1m, or none"
    text = table.optional("quota", expected=expected)
    if text is None:
        return None
    if text.strip().casefold() == "none":
        return ()
    count, _, window = text.partition("/")
    every = seconds(window)
    if not count.strip().isdecimal() or not int(count) or not every:
        raise table.error("quota", f'{expected} is expected, not "{text}"')
    return (Quota(requests=int(count), seconds=every, established=True, source="set in the settings"),)


def _scope(table: Table) -> Scope:
    text = table.text("scope", "mine", expected=_SCOPES)
    kind, colon, name = text.partition(":")
    kind, name = kind.strip().casefold(), name.strip()
    if kind in ("mine", "all") and not colon:
        return Scope(cast(Literal["mine", "all"], kind))
    if kind in ("owner", "board", "team") and name:
        return Scope(cast(Literal["owner", "board", "team"], kind), name)
    close = near(kind, ("mine", "owner", "board", "team", "all"))
    example = {"mine": "mine", "all": "all"}.get(close or "", f"{close}:{name or '<name>'}")
    hint = f'Did you mean "{example}"?' if close else ""
    raise table.error("scope", f'{_SCOPES} is expected, not "{text}"', hint)


def _snippets(table: Table) -> dict[str, str]:
    return {name: table.text(name, expected="a text") for name in table.data}


def _shift(table: Table) -> tuple[int, int] | None:
    """`09:00-17:30`, in minutes after midnight."""
    expected = "a time of day to another such as 09:00-17:30"
    text = table.optional("shift", expected=expected)
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)", text.strip())
    if found is not None:
        first, last = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if first < last < 24 * 60 and int(found[2]) < 60 and int(found[4]) < 60:
            return first, last
    raise table.error("shift", f'{expected} is expected, not "{text}"')


def _required(table: Table, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    if default is None and "required" not in table.data:
        hint = f"Add required to [[{table.name}]]."
        raise table.error("required", "is missing, a list of fields is expected", hint)
    found = table.texts("required", default or ())
    for field in found:
        if field not in TICKET_FIELDS and not (field.startswith("custom:") and field[7:].strip()):
            raise table.error(
                "required", f'unknown field "{field}"', meant(field, (*TICKET_FIELDS, "custom:<field name>"))
            )
    return found


def _rules(table: Table, connections: dict[str, Connection], text: str) -> Rules:
    default = Rules()
    custom, custom_problems = seldom.custom(table, text)
    tables = {kind: table.table(kind) for kind in KINDS}
    responded, closed = tables["customer_responded"], tables["reply_after_close"]
    missing, billing = tables["missing_fields"], tables["billing_code"]
    rules = Rules(
        auto_reply=_patterns(responded, default.auto_reply),
        reply_after_close_window=closed.duration("window", default.reply_after_close_window, least=1),
        required=_required(missing, default.required),
        placeholders=missing.texts("placeholders", default.placeholders),
        required_for=tuple(_required_for(row, connections) for row in missing.tables("for")),
        billing_when=cast(
            Literal["worked", "always", "closing"],
            billing.one_of("when", ("worked", "always", "closing"), default.billing_when),
        ),
        billing_window=billing.duration("window", default.billing_window, least=1),
        agreements=seldom.agreements(tables["out_of_scope"]),
        kinds={kind: kind_rule(BY_NAME[kind], inner) for kind, inner in tables.items() if inner.data},
        custom=custom,
        custom_problems=custom_problems,
        custom_limit=table.duration("custom_limit", default.custom_limit, least=1),
        snoozes_before_approval=table.count(
            "snoozes_before_approval", default.snoozes_before_approval, least=0
        ),
    )
    table.finish()
    return rules


def _patterns(table: Table, default: tuple[str, ...]) -> tuple[str, ...]:
    found = table.texts("auto_reply", default)
    for pattern in found:
        try:
            re.compile(pattern)
        except re.error as error:
            raise table.error(
                "auto_reply",
                f'"{pattern}" is not a regular expression: {error}',
                "Write a backslash before a character that is meant as it stands, and single quotes around.",
            ) from None
    return found


def _required_for(row: Table, connections: dict[str, Connection]) -> RequiredFor:
    found = RequiredFor(
        required=_required(row),
        connection=row.optional("connection"),
        board=row.optional("board"),
        company=row.optional("company"),
        type=row.optional("type"),
    )
    row.finish()
    if found.connection is not None and found.connection not in connections:
        raise row.error(
            "connection", f'no connection "{found.connection}"', meant(found.connection, [*connections])
        )
    return found
