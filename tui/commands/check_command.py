"""`deskzero check`: the end-of-day question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.commands.common import counted, home_of, home_option, local, now, say, say_json, settings_of
from tui.problem import CANNOT_TELL, NOT_ZERO, Problem, explain

if TYPE_CHECKING:
    from store.check import Verdict
    from store.home import Home
    from store.settings import Settings

CODES = {"zero": 0, "not_zero": NOT_ZERO, "cannot_tell": CANNOT_TELL}


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--offline", is_flag=True, help="Do not ask the PSA: what the cache knows.")
@click.option(
    "--gate", "gates", metavar="KIND", multiple=True, help="Only these kinds count (instead of check.gates)."
)
@click.argument("more_gates", metavar="[KIND]...", nargs=-1)
@home_option
@click.pass_context
def command(
    ctx: click.Context, as_json: bool, offline: bool, gates: tuple[str, ...], more_gates: tuple[str, ...]
) -> int:
    """Is it zero? Asks the PSA, then answers.

    Exit codes: 0 zero, and known to be so; 1 not zero; 3 cannot tell."""
    from tui.commands.list_command import checked_kinds

    if more_gates and not gates:
        raise Problem(f"unexpected argument {more_gates[0]}", "Kinds come after --gate.")
    chosen = checked_kinds((*gates, *more_gates)) if gates else None
    home = home_of(ctx)
    settings = settings_of(home)
    try:
        answer = (
            _offline(home, settings, chosen) if offline else _online(home, settings, chosen, quiet=as_json)
        )
    except Exception as error:
        problem = explain(error)
        if problem is None:
            raise
        # Whatever goes wrong here, zero is not known.
        raise Problem(str(problem), problem.hint, CANNOT_TELL) from error
    if as_json:
        from store.check import as_json as document

        say_json(document(answer))
    else:
        _tell(answer, settings)
    return CODES[answer.verdict]


def _offline(home: Home, settings: Settings, gates: list[str] | None) -> Verdict:
    from store.check import verdict
    from store.read import Reader

    return verdict(Reader(home, settings), settings, now=now(), gates=gates, asked=False)


def _online(home: Home, settings: Settings, gates: list[str] | None, *, quiet: bool) -> Verdict:
    import asyncio

    from store.database_problems import CannotWrite
    from store.desk import Desk
    from store.log import start_log
    from tui.commands.progress import Bar

    async def ask() -> Verdict:
        async with Desk(home, settings) as desk:
            with Bar(show=sys.stderr.isatty() and not quiet) as bar:
                try:
                    return await desk.check(gates=gates, progress=bar.tell)
                except CannotWrite as error:
                    raise Problem(f"cannot tell: {error}", error.hint, CANNOT_TELL) from error

    start_log(home.log)
    return asyncio.run(ask())


def _tell(answer: Verdict, settings: Settings) -> None:
    words = {"zero": "ZERO", "not_zero": f"NOT ZERO, {answer.to_zero} to go", "cannot_tell": "CANNOT TELL"}
    synced = f", synced {local(answer.synced_at, settings.timezone)}" if answer.synced_at else ""
    say(words[answer.verdict] + synced)
    for kind, count in answer.counts.items():
        click.echo(f"  {kind:<20}{count.must:>4} must {count.later:>5} later")
    if answer.outbox:
        say(f"  outbox: {counted(answer.outbox, 'change')} not in the PSA yet")
    if answer.quarantined:
        say(f"  quarantine: {answer.quarantined} records cannot be read")
    if answer.aged_out:
        say(f"  aged out: {answer.aged_out} rows left by age, never resolved")
    for sentence in answer.why:
        say(f"  {sentence}")
