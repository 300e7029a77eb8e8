"""`deskzero baseline`: a look back over closed tickets, before anything else is done."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

from tui.commands.common import confirm, home_of, home_option
from tui.commands.out import counted, harmless, now, say, say_json, settings_of
from tui.problem import CANNOT_TELL, INTERRUPTED, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.home import Home
    from store.measures.baseline import Result, Tally
    from store.measures.baseline_pull import Estimate
    from store.settings import Settings
    from store.sync_round import Progress


@click.command("baseline")
@click.option("--quarter", is_flag=True, help="The last calendar quarter that is over.")
@click.option("--since", metavar="DAYS", help="So many days (90d), or from a date on (90d).")
@click.option("--connection", metavar="NAME", help="Of this connection alone.")
@click.option("--again", is_flag=True, help="Throw away what was read for an earlier one.")
@click.option("--yes", is_flag=True, help="Do not ask before reading.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    quarter: bool,
    since: str | None,
    connection: str | None,
    again: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Looks back over closed tickets: what was missed, what it cost, where to begin.

    Reads them with their conversations and time, within the share of requests, into a place of their own. Nothing is
    written to the PSA or the journal. Stopped with Ctrl+C, it goes on where it was."""
    import asyncio

    from connectors.errors import ConnectorError

    if quarter and since is not None:
        raise Problem("--quarter and --since were both given", "Give one of them.")
    home = home_of(ctx)
    settings = settings_of(home, connection=connection)
    begins, ends = _span(settings, quarter=quarter, since=since)
    names = tuple(settings.connections) if connection is None else (connection,)
    if again:
        from store.forget import remove_baseline

        remove_baseline(home)
    reached: dict[str, Progress] = {}
    try:
        result = asyncio.run(
            _look(home, settings, names, (begins, ends), yes=yes, quiet=as_json, reached=reached)
        )
    except KeyboardInterrupt:
        _how_far(reached)
        say("Stopped. The same command goes on from here.", err=True)
        return INTERRUPTED
    except ConnectorError:
        _how_far(reached)
        raise
    if as_json:
        from store.measures.baseline import as_json as document

        say_json(harmless(document(result)))
    else:
        _tell(result, settings)
    return CANNOT_TELL if any(one.unread for one in result.connections) else 0


def _span(settings: Settings, *, quarter: bool, since: str | None) -> tuple[int, int]:
    from zoneinfo import ZoneInfo

    from store.measures.report import span
    from tui.commands.report_command import days_or_date

    zone = ZoneInfo(settings.timezone)
    if quarter:
        first, last = last_quarter(datetime.fromtimestamp(now(), UTC).astimezone(zone).date())
        return span(first, last, now=now(), zone=zone)
    try:
        return span(days_or_date(since or "90d"), None, now=now(), zone=zone)
    except ValueError as error:
        raise Problem(f"--since {since}: {error}", "Give other days.") from None


def last_quarter(today: date) -> tuple[date, date]:
    """First and last day of the calendar quarter before this one."""
    from datetime import timedelta

    this = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    last = this - timedelta(days=1)
    return date(last.year, 3 * ((last.month - 1) // 3) + 1, 1), last


async def _look(
    home: Home,
    settings: Settings,
    names: tuple[str, ...],
    span: tuple[int, int],
    *,
    yes: bool,
    quiet: bool,
    reached: dict[str, Progress],
) -> Result:
    from store.desk import Desk
    from store.log import start_log
    from store.measures.baseline import BaselineReader
    from store.measures.baseline_pull import Closed, widened
    from tui.commands.progress import Bar

    start_log(home.log)
    begins, ends = span
    async with Desk(home.baseline, widened(settings, now() - begins + 1)) as desk:
        show = sys.stderr.isatty() and not quiet
        with Bar(show=show) as bar:
            tell = _keeping(reached, bar.tell)
            closed = [Closed(desk, name, begins, ends, tell) for name in names]
            estimates = [await one.estimate() for one in closed]
        for estimate in estimates:
            say(_estimated(estimate), err=True)
        if any(one.unread for one in estimates):
            confirm("Read them now? Nothing is written to the PSA.", yes=yes)
        with Bar(show=show) as bar:
            bars = _keeping(reached, bar.tell)
            for one in closed:
                one.tell(bars)
                await one.read()
                one.evaluate()
        for one in closed:
            for sentence in one.why:
                say(f"{one.name}: {sentence}", err=True)
        return BaselineReader(home.baseline, settings).result(names, begins, ends)


def _keeping(reached: dict[str, Progress], tell: Callable[[Progress], None]) -> Callable[[Progress], None]:
    def told(progress: Progress) -> None:
        reached[progress.connection] = progress
        tell(progress)

    return told


def _how_far(reached: dict[str, Progress]) -> None:
    from tui.commands.progress import bar_line

    for name, progress in reached.items():
        say(f"{name}: {bar_line(progress, width=0)}", err=True)


def _estimated(one: Estimate) -> str:
    told = f"{one.connection}: {counted(one.closed, 'closed ticket')}"
    if not one.unread:
        return f"{told}, all of them read."
    long = ""
    if one.seconds is not None:
        from store.measures.section import span_words

        long = f", at most {span_words(one.seconds)} within the share of the limits"
    return f"{told}; {one.unread} to be read, about {counted(one.requests, 'request')}{long}."


def _tell(result: Result, settings: Settings) -> None:
    from zoneinfo import ZoneInfo

    from store.measures.section import kind_title

    zone = ZoneInfo(settings.timezone)
    first, last = (
        datetime.fromtimestamp(at, UTC).astimezone(zone).strftime("%d %b %Y")
        for at in (result.begins, result.ends - 1)
    )
    say(
        f"{first} to {last}: {counted(result.closed, 'closed ticket')}, something was missed on {result.tickets}."
    )
    for tally in result.kinds:
        say(f"  {_line(kind_title(tally.name), tally)}")
    _worst("Companies", "no company", result.companies)
    _worst("Types", "no type", result.types)
    if result.begin:
        say("Where to begin")
        for sentence in result.begin:
            say(f"  {sentence}")
    for one in result.connections:
        for kind, why in one.not_known.items():
            say(f"{one.connection}: {kind_title(kind)} is not known: {why}")
        if one.unread:
            say(f"{one.connection}: {counted(one.unread, 'conversation')} not read, so it may be more.")


def _worst(title: str, nothing: str, tallies: tuple[Tally, ...]) -> None:
    if tallies:
        say(title)
        for tally in tallies:
            say(f"  {_line(tally.name or nothing, tally)}")


def _line(name: str, one: Tally) -> str:
    money = "" if one.money is None else f", {one.money:.2f} at the known rates"
    return f"{name:<28} {counted(one.count, 'ticket'):>12}, {one.hours:7.1f} h on them{money}"
