"""`deskzero check`: the end-of-day question."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from tui.commands.check_answer import CODES as CODES
from tui.commands.check_answer import answer_offline, never_a_zero, tell, told
from tui.commands.common import home_of, home_option
from tui.commands.list_rows import checked_kinds
from tui.commands.out import local, now, say, settings_of
from tui.problem import CANNOT_TELL, Problem

if TYPE_CHECKING:
    from store.check import Verdict
    from store.desk import Desk
    from store.home import Home
    from store.settings import Settings
    from tui.commands.check_wait import Patience


@click.command("check")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option("--offline", is_flag=True, help="Do not ask the PSA: what the cache knows.")
@click.option(
    "--gate", "gates", metavar="KIND", multiple=True, help="Only these kinds count (instead of check.gates)."
)
@click.option(
    "--wait", "waits", is_flag=True, help="Come back when it is zero, and tell what is left meanwhile."
)
@click.option(
    "--every", metavar="SECONDS", type=click.IntRange(min=30), help="With --wait: how often to ask (300)."
)
@click.option(
    "--limit",
    metavar="MINUTES",
    type=click.FloatRange(min=0),
    help="With --wait: give up after so long. With --hook: the PSA's time to answer (20 seconds).",
)
@click.option(
    "--hook",
    "hooks",
    is_flag=True,
    help="For scripts: one line, never hangs, sends nothing; a signed day passes.",
)
@click.option("--because", metavar="REASON", help="With --hook: pass all the same; the reason is kept.")
@click.option("--approved-by", metavar="NAME", help="With --because: who lets it pass.")
@click.argument("more_gates", metavar="[KIND]...", nargs=-1)
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    as_json: bool,
    offline: bool,
    gates: tuple[str, ...],
    waits: bool,
    every: int | None,
    limit: float | None,
    hooks: bool,
    because: str | None,
    approved_by: str | None,
    more_gates: tuple[str, ...],
) -> int:
    """Is it zero? Asks the PSA, then answers.

    Exit codes: 0 zero, and known to be so; 1 not zero; 3 cannot tell. With --wait those of the last answer; with
    --hook also 0 for a day that was signed off, or with a reason."""
    if more_gates and not gates:
        raise Problem(f"unexpected argument {more_gates[0]}", "Kinds come after --gate.")
    if waits and offline:
        raise Problem(
            "--wait and --offline were both given", "Only an answer of the PSA's is zero: leave one out."
        )
    if hooks and waits:
        raise Problem("--hook and --wait were both given", "A hook answers once: leave one out.")
    if not waits and (every is not None or (limit is not None and not hooks)):
        raise Problem(
            f"{'--limit' if every is None else '--every'} was given without --wait", "Give --wait too."
        )
    _check_reasons(hooks, because, approved_by)
    patience = _patience(every, limit) if waits else None
    home = home_of(ctx)
    settings = settings_of(home)
    chosen = checked_kinds((*gates, *more_gates), settings, home) if gates else None
    if hooks:
        from tui.commands.check_hook import LIMIT, Wish, run_hook

        seconds = LIMIT if limit is None else limit * 60
        reason, approver = (because or "").strip(), (approved_by or "").strip()
        return run_hook(home, settings, Wish(chosen, offline, seconds, reason, approver, as_json))
    if offline:
        return answer_offline(home, settings, chosen, as_json=as_json)
    with never_a_zero():
        answer = _online(home, settings, chosen, quiet=as_json, patience=patience)
    # Who waits has been told.
    return told(answer, settings, as_json=as_json, quiet=waits)


def _check_reasons(hooks: bool, because: str | None, approved_by: str | None) -> None:
    """`--because` and `--approved-by` are words of the gate's, and say something."""
    for option, value, wants in (
        ("--because", because, "--hook" if not hooks else ""),
        ("--approved-by", approved_by, "--because" if because is None else ""),
    ):
        if value is not None and wants:
            raise Problem(f"{option} was given without {wants}", f"Give {wants} too.")
        if value is not None and not value.strip():
            raise Problem(f"{option} is empty", "Say it in a few words.")


def _patience(every: int | None, limit: float | None) -> Patience:
    from tui.commands.check_wait import EVERY, Patience

    return Patience(every or EVERY, None if limit is None else limit * 60)


def _online(
    home: Home, settings: Settings, gates: list[str] | None, *, quiet: bool, patience: Patience | None
) -> Verdict:
    import asyncio

    from store.database_problems import CannotWrite
    from store.desk import Desk
    from store.log import start_log
    from tui.commands.check_wait import wait_for_zero
    from tui.commands.progress import Bar

    async def ask(desk: Desk) -> Verdict:
        with Bar(show=sys.stderr.isatty() and not quiet) as bar:
            try:
                return await desk.check(gates=gates, progress=bar.tell)
            except CannotWrite as error:
                raise Problem(f"cannot tell: {error}", error.hint, CANNOT_TELL) from error

    async def answered() -> Verdict:
        async with Desk(home, settings) as desk:
            if patience is None:
                return await ask(desk)

            def told(one: Verdict) -> None:
                if not quiet:
                    tell(one, settings)

            def left(number: int, before: int) -> None:
                if not quiet:
                    say(f"{local(now(), settings.timezone)} {number} to go (was {before})")

            return await wait_for_zero(desk, partial(ask, desk), patience, gates=gates, tell=told, left=left)

    start_log(home.log)
    return asyncio.run(answered())
