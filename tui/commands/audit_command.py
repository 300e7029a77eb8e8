"""`deskzero audit`: whether the log of all that was decided and sent is whole, and a copy of it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connectors.text import clean
from tui.commands.common import home_of, home_option
from tui.commands.out import counted, say, say_json
from tui.problem import NOT_ZERO, Problem

if TYPE_CHECKING:
    from store.audit import AuditEntry
    from store.home import Home


@click.group("audit")
@home_option
def command() -> None:
    """The log of all that was decided, sent, answered and taken back.

    It can only grow, and each entry carries the hash of the one before."""


@command.command("verify")
@click.option("--expect", metavar="HASH", help="A head noted down earlier; it has to be in the log.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@home_option
@click.pass_context
def verify(ctx: click.Context, expect: str | None, as_json: bool) -> int:
    """Checks that no entry was altered, removed or added.

    The head that it prints, noted down elsewhere, proves later that nothing up to here was cut off."""
    from store import audit

    if expect is not None and (len(expect) < 8 or set(expect.lower()) - set("0123456789abcdef")):
        raise Problem(
            f"--expect {expect}: 8 to 64 hexadecimal digits are expected", "Give a head as printed."
        )
    home = home_of(ctx)
    with _readable(home):
        found = audit.verify(home.journal, expect=expect)
    if as_json:
        say_json(
            {
                "holds": not found.problems,
                "entries": found.entries,
                "purged": found.purged,
                "head": found.head,
                "problems": [clean(problem) for problem in found.problems],
            }
        )
        return NOT_ZERO if found.problems else 0
    for problem in found.problems:
        say(problem)
    if found.problems:
        raise Problem(
            f"the audit log does not hold: {counted(len(found.problems), 'problem')}",
            "Somebody or something altered the journal; `deskzero restore` lists its backups.",
            NOT_ZERO,
        )
    purged = f", {found.purged} without what they said (purged)" if found.purged else ""
    say(f"The audit log holds: {found.entries} entries{purged}.")
    say(f"head {found.head}")
    return 0


@command.command("export")
@click.option("--format", "form", type=click.Choice(("jsonl", "csv")), default="jsonl", show_default=True)
@click.option("--connection", metavar="NAME", help="This connection's entries alone.")
@click.option("--change", metavar="CHANGE", help="This change's entries alone.")
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Instead of the screen."
)
@home_option
@click.pass_context
def export(
    ctx: click.Context, form: str, connection: str | None, change: str | None, output: Path | None
) -> None:
    """Writes the log out, an entry a line: JSON, or CSV.

    Texts are in it by their SHA-256 and length, never themselves."""
    from store import audit

    home = home_of(ctx)
    with _readable(home):
        lines = _lines(audit.entries(home.journal, connection=connection, change=change), form)
        if output is None:
            for line in lines:
                click.echo(line)
            return
        try:
            with output.open("x", encoding="utf-8", newline="") as file:
                count = sum(1 for line in lines if file.write(line + "\n"))
        except FileExistsError:
            raise Problem(f"{output} exists already", "Name another file with --output.") from None
    say(f"{output}: {counted(count, 'line')}.")


def _lines(entries: Iterable[AuditEntry], form: str) -> Iterator[str]:
    from store.audit import AuditEntry

    fields = AuditEntry.__struct_fields__
    if form == "csv":
        yield ",".join(fields)
    for entry in entries:
        plain = {name: getattr(entry, name) for name in fields}
        if form == "csv":
            row = io.StringIO()
            csv.writer(row, lineterminator="").writerow(clean(_cell(plain[name])) for name in fields)
            yield row.getvalue()
        else:
            # As it was hashed, so that the chain can be checked without deskzero; in ASCII, so it is harmless.
            yield json.dumps(plain, separators=(",", ":"))


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in "=+-@" and not isinstance(value, int | float) else text


@contextmanager
def _readable(home: Home) -> Iterator[None]:
    """Turns a journal that is not there or cannot be read into a `Problem`."""
    if not home.journal.exists():
        raise Problem(f"there is no journal in {home.journal.parent}", "Nothing was done with this home yet.")
    try:
        yield
    except sqlite3.Error as error:
        if "no such table" in str(error):
            raise Problem(
                f"{home.journal} is of an earlier deskzero and has no audit log yet",
                "Run `deskzero sync`: the journal is brought up to date then.",
            ) from None
        raise Problem(f"{home.journal} cannot be read: {error}", "`deskzero doctor` looks at it.") from error
