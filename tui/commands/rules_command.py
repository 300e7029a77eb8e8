"""`deskzero rules`: which rules there are, what one would show, why a ticket is in a kind or not, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from connectors.text import clean
from tui.commands.common import home_of, home_option, one_ticket
from tui.commands.out import counted, harmless, now, say, say_json, settings_of
from tui.problem import Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.read import Reader
    from store.rules.scratch import Look
    from store.settings import CustomRule, Settings


@click.group("rules")
@home_option
def command() -> None:
    """Which exceptions are looked for, and how each is set.

    Nothing here changes the settings, the cache or the PSA."""


def _reader(ctx: click.Context) -> tuple[Home, Settings, Reader]:
    from store.read import Reader

    home = home_of(ctx)
    settings = settings_of(home)
    return home, settings, Reader(home, settings)


def _print(line: str) -> None:
    """One line with its columns; foreign text in it is harmless, also where it holds line ends."""
    click.echo(clean(line, lines=True).replace("\n", " "))


# ---------------------------------------------------------------- list


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@home_option
@click.pass_context
def listed(ctx: click.Context, as_json: bool) -> None:
    """Every kind and every rule of the company's own.

    On or off, whether it counts, its thresholds (* where they differ from the default), what is left out, how many rows
    there are now."""
    from store.rules_view import rule_views
    from tui.rules_words import rule_document, rule_lines

    home, settings, reader = _reader(ctx)
    views = rule_views(reader, settings, now())
    if as_json:
        say_json(harmless([rule_document(view, home) for view in views]))
        return
    for view in views:
        for line in rule_lines(view, home, settings.timezone):
            _print(line)


# ---------------------------------------------------------------- test


@command.command("test")
@click.argument("name", metavar="NAME", required=False)
@click.option("--where", metavar="SQL", help="A condition that is in no file yet.")
@click.option("--means", metavar="TEXT", help="With --where: the sentence that would be shown.")
@click.option("--limit", metavar="N", type=click.IntRange(0), default=20, help="Rows that are shown (20).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def test(
    ctx: click.Context, name: str | None, where: str | None, means: str | None, limit: int, as_json: bool
) -> None:
    """What a rule would show now, before it is switched on.

    NAME is a kind or a rule of the company's own, on or off. Nothing is published or written."""
    from store.rules.scratch import looks

    home, settings, reader = _reader(ctx)
    kind, rule = _asked_for(settings, home, name, where, means)
    found = looks(home, settings, kind, now=now(), rule=rule)
    _tell_test(reader, settings, kind, found, limit, as_json)


def _asked_for(
    settings: Settings, home: Home, name: str | None, where: str | None, means: str | None
) -> tuple[str, CustomRule | None]:
    """The kind, and the rule where it is one of the company's own."""
    from store.rules.catalogue import CUSTOM
    from store.rules.custom_sql import problem
    from store.settings import KINDS, CustomRule
    from store.toml_table import meant

    if where is not None:
        if name is not None:
            raise Problem(f"{name} and --where were both given", "Give one of them.")
        if (wrong := problem(where)) is not None:
            raise Problem(f"--where: {wrong[0]}", wrong[1])
        rule = CustomRule(name="test", means=means or "The condition holds.", where=where)
        return rule.kind, rule
    if name is None:
        raise Problem("no rule was named", "Give a name of `deskzero rules list`, or --where.")
    if means is not None:
        raise Problem("--means was given without --where", "Give --where too.")
    plain = name.removeprefix(CUSTOM)
    if name in KINDS:
        return name, None
    for rule in settings.rules.custom:
        if rule.name == plain:
            return rule.kind, rule
    for wrong_one in settings.rules.custom_problems:
        if wrong_one.name == plain:
            place = f"{home.config}, line {wrong_one.line}" if wrong_one.line else str(home.config)
            raise Problem(f'{place}: our rule "{plain}": {wrong_one.problem}', wrong_one.hint)
    known = [*KINDS, *(rule.name for rule in settings.rules.custom)]
    raise Problem(f"no rule {name}", meant(name, known))


def _tell_test(
    reader: Reader, settings: Settings, kind: str, found: list[Look], limit: int, as_json: bool
) -> None:
    from tui.plain import row_lines
    from tui.rules_words import rows_of

    rows = rows_of(reader, settings, kind, found, now())
    if as_json:
        from store.read import rows_json

        document: dict[str, Any] = {
            "kind": kind,
            "rows": len(rows),
            "gate_rows": sum(row.gate for row in rows),
            "connections": [
                {
                    "connection": look.connection,
                    "rows": len({one.ticket_id for one in look.found}),
                    "seconds": round(look.seconds, 3),
                    "problem": look.problem or None,
                }
                for look in found
            ],
            "shown": rows_json(rows[:limit]),
        }
        say_json(harmless(document))
        return
    for look in found:
        took = f"in {look.seconds:.2f} s"
        number = counted(len({one.ticket_id for one in look.found}), "row")
        say(f"{look.connection}: {look.problem}" if look.problem else f"{look.connection}: {number} {took}")
    for line in row_lines(rows[:limit], now=now()):
        click.echo(line)
    if len(rows) > limit:
        say(f"… and {len(rows) - limit} more (--limit)")


# ---------------------------------------------------------------- explain


@command.command("explain")
@click.argument("ticket")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def explained(ctx: click.Context, ticket: str, as_json: bool) -> None:
    """Every rule for one ticket, and for those that do not hold the first condition that is in the way."""
    from store.rules.explain import explain
    from store.rules.scratch import scratch
    from tui.rules_words import explain_document, explain_lines

    home, settings, reader = _reader(ctx)
    view = one_ticket(reader, ticket)
    moment = now()
    with scratch(home, settings, moment) as ask:
        found = explain(ask(view.connection), view.record.ticket_id)
    zone = settings.timezone
    if as_json:
        say_json(harmless(explain_document(view, found, settings.gates, zone, moment)))
        return
    say(f"#{view.record.number}  {view.record.company or ''}  {view.record.summary}")
    for line in explain_lines(found, zone, moment):
        _print(line)


# ---------------------------------------------------------------- plan


@command.command("plan")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def plan(ctx: click.Context, as_json: bool) -> None:
    """A few things first: which kinds to begin with, which have been at zero for two weeks, which comes next.

    It changes nothing: the lines that it prints are for config.toml."""
    from store.not_known import not_known
    from store.rules_view import advice
    from tui.rules_words import plan_document, plan_lines

    home, settings, reader = _reader(ctx)
    lost = {state.connection: not_known(state.capabilities) for state in reader.states()}
    found = advice(settings, reader.past(), lost, now())
    if as_json:
        say_json(harmless(plan_document(found)))
        return
    for line in plan_lines(found, home, settings.timezone):
        _print(line)


# ---------------------------------------------------------------- exceptions


@command.command("exceptions")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@home_option
@click.pass_context
def exceptions(ctx: click.Context, as_json: bool) -> None:
    """What was let pass: who, why, until when, how often.

    What the settings leave out of a kind, rows that are hidden now, closings past the guard."""
    from store.read import Reader
    from tui.rules_words import passed_document, passed_lines

    home = home_of(ctx)
    settings = settings_of(home)
    found = Reader(home, settings, hides=True).passed()
    if as_json:
        say_json(harmless([passed_document(one) for one in found]))
        return
    for line in passed_lines(found, settings.timezone):
        _print(line)
    if not found:
        say("Nothing is left out, hidden, or was closed past the guard.")
