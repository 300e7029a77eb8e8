"""`deskzero sync`: one round, or one after the other."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import counted, harmless, say, say_json, settings_of
from tui.commands.progress import Bar
from tui.commands.quota_words import quota_words
from tui.problem import CANNOT_TELL, WRONG, Problem

if TYPE_CHECKING:
    from store.desk import Desk, RoundReport
    from store.home import Home
    from store.settings import Settings
    from store.sync_round import SyncReport


@click.command("sync")
@click.option("--full", is_flag=True, help="Pull everything again, not only what changed.")
@click.option("--watch", metavar="SECONDS", type=click.IntRange(min=5), help="Again and again, until Ctrl+C.")
@click.option("--connection", metavar="NAME", help="Pull this connection alone; what waits goes out to all.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    full: bool = False,
    watch: int | None = None,
    as_json: bool = False,
    connection: str | None = None,
) -> int:
    """Sends what waits, pulls what changed, evaluates.

    Prints what changed and how many requests it took.
    """
    home = home_of(ctx)
    settings = settings_of(home, connection=connection)
    if watch is not None and as_json:
        raise Problem("--watch and --json were both given", "--json is one document: leave --watch out.")
    only = None if connection is None else (connection,)
    return asyncio.run(_sync(home, settings, only, full=full, watch=watch, as_json=as_json))


async def _sync(
    home: Home,
    settings: Settings,
    only: tuple[str, ...] | None,
    *,
    full: bool,
    watch: int | None,
    as_json: bool,
) -> int:
    from store.desk import Desk
    from store.log import start_log

    start_log(home.log)
    async with Desk(home, settings) as desk:
        asked = True  # by a person; the rounds of --watch that follow are not
        while True:
            _tell_notes(desk)
            with Bar(show=sys.stderr.isatty() and not as_json) as bar:
                done = await desk.round(full=full, only=only, force=asked, progress=bar.tell)
            _tell_notes(desk)
            if as_json:
                say_json(harmless(_document(desk, done)))
            else:
                _tell(desk, done)
            if watch is None:
                return _exit_code(done)
            sys.stdout.flush()
            full = asked = False
            await asyncio.sleep(watch)


def _tell_notes(desk: Desk) -> None:
    """What was found and done about the databases, while opening or in the round."""
    for note in desk.databases.notes:
        say(note, err=True)
    desk.databases.notes.clear()


def _tell(desk: Desk, done: RoundReport) -> None:
    from store.due import next_reading
    from tui.plain import zero_words

    for outcome in done.outcomes:
        say(
            f"{outcome.state}: #{outcome.number} {outcome.verb}"
            + (f": {outcome.error}" if outcome.error else "")
        )
        if outcome.hint and outcome.state != "confirmed":
            say(f"  {outcome.hint}")
    known = {view.connection: view for view in desk.reader.states()}
    used = desk.reader.budgets()
    for report in done.reports:
        name = report.connection
        say(f"{name}: {_line(report)}")
        can = known[name].capabilities
        say(f"  {quota_words(desk.settings.connections[name], can, used.get(name), time.time())}")
        for sentence in (*report.why, *report.remarks):
            say(f"  {sentence}")
    read = {report.connection for report in done.reports}
    for name, view in known.items():
        at = None if name in read else next_reading(view)
        if at is not None:
            say(f"{name}: is read whole every time, next at {time.strftime('%H:%M', time.localtime(at))}")
    say(zero_words(desk.reader, time.strftime("%H:%M")))


def _line(report: SyncReport) -> str:
    if not report.ok:
        return f"failed after {counted(report.requests, 'request')}"
    parts = [f"{report.new} new", f"{report.changed} changed", f"{report.gone} gone"]
    parts.append(f"{counted(report.conversations, 'conversation')} read")
    if report.quarantined:
        parts.append(f"{report.quarantined} unreadable records")
    return f"{', '.join(parts)}; {report.requests} requests, {report.seconds:.1f} s"


def _document(desk: Desk, done: RoundReport) -> dict[str, object]:
    import msgspec

    now = time.time()
    return {
        "ok": all(report.ok for report in done.reports),
        "to_zero": desk.reader.to_zero(),
        "sent": msgspec.to_builtins(done.outcomes),
        "connections": msgspec.to_builtins(done.reports),
        "budget": {
            name: {"used": round(state.used(now), 3), "waits": round(max(0.0, state.quiet_for(now)), 1)}
            for name, state in desk.reader.budgets().items()
        },
    }


def _exit_code(done: RoundReport) -> int:
    """Every failed connection is named on standard error, the last one as the command's own error."""
    failed = [report for report in done.reports if not report.ok]
    if not failed:
        return 0
    *others, last = failed
    for report in others:
        say(f"deskzero: {report.connection}: {report.error}", err=True)
        say(report.hint or "`deskzero doctor` looks at every connection.", err=True)
    code = WRONG if last.error_kind == "unknown_name" else CANNOT_TELL
    hint = last.hint or "`deskzero doctor` looks at every connection."
    raise Problem(f"{last.connection}: {last.error}", hint, code)
