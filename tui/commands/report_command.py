"""`deskzero report`: what was fixed, what is still broken, what is next, over some days."""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.commands.common import home_of, home_option
from tui.commands.out import harmless, now, say, settings_of
from tui.problem import Problem

if TYPE_CHECKING:
    from store.measures.section import Report

FORMATS = ("md", "html", "json")
_DAYS = re.compile(r"(\d{1,4})([dw])")
_MOST_DAYS = 3660


@click.command("report")
@click.option(
    "--since",
    metavar="DAYS",
    default="7d",
    show_default=True,
    help="So many days (7d, 4w), or from a date on.",
)
@click.option("--until", metavar="DATE", help="The last day, such as 2026-11-26 (today).")
@click.option("--format", "form", type=click.Choice(FORMATS), help="md, or what FILE's name says.")
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Instead of the screen."
)
@click.option("--open-names", is_flag=True, help="With names of people, and with reasons as they were given.")
@click.option(
    "--pattern", metavar="N", type=click.IntRange(2, 1000), default=3, show_default=True,
    help="So many tickets of one company, type and kind make a pattern.",
)  # fmt: skip
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    since: str,
    until: str | None,
    form: str | None,
    output: Path | None,
    open_names: bool,
    pattern: int,
) -> None:
    """What got fixed, what is still broken, what is next.

    From this home's journal and cache; the PSA is not asked. Days are the technician's, today included. People are
    not named unless asked for."""
    from zoneinfo import ZoneInfo

    from store.measures.report import ReportReader, span

    home = home_of(ctx)
    settings = settings_of(home)
    first, last = days_or_date(since), None if until is None else _day(until, "--until")
    try:
        begins, ends = span(first, last, now=now(), zone=ZoneInfo(settings.timezone))
    except ValueError as error:
        raise Problem(
            f"--since {since}{f' --until {until}' if until else ''}: {error}", "Give other days."
        ) from None
    reader = ReportReader(home, settings, suggests=True)
    made = reader.report(begins=begins, ends=ends, open_names=open_names, least=pattern)
    _write(_text(made, form or _format_of(output), plain=settings.plain), output)


def _text(report: Report, form: str, *, plain: bool) -> str:
    if form == "html":
        from tui.report.html import html_page

        return html_page(report)
    if form == "json":
        from store.measures.report import as_json

        # In ASCII where the stream could not carry it otherwise is for streams: a file is UTF-8.
        return (
            json.dumps(harmless(as_json(report)), ensure_ascii=not _carries_utf8(), separators=(",", ":"))
            + "\n"
        )
    from tui.report.markdown import markdown

    return markdown(report, plain=plain)


def _carries_utf8() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Problem(f"{output} exists already", "Name another file with --output.") from None
    say(f"{output} is written.")


def _format_of(output: Path | None) -> str:
    ending = output.suffix.lower().lstrip(".") if output is not None else ""
    return {"htm": "html"}.get(ending, ending if ending in FORMATS else "md")


def days_or_date(text: str) -> int | date:
    """`7d`, `4w`, or a date. Raises `Problem`."""
    found = _DAYS.fullmatch(text.strip().lower())
    if found is None:
        return _day(text, "--since")
    days = int(found[1]) * (7 if found[2] == "w" else 1)
    if not 1 <= days <= _MOST_DAYS:
        raise Problem(
            f"--since {text}: 1 to {_MOST_DAYS} days are expected", "Give a number such as 7d or 4w."
        )
    return days


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        hint = (
            "Write it as 2026-11-26, or as a number of days: 7d, 4w."
            if option == "--since"
            else "Write 2026-11-26."
        )
        raise Problem(f"{option} {text}: that is no day", hint) from None
