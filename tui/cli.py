"""The command line: the entry point, the list of commands, and how errors leave.

Only click is imported here; each command's module is loaded when it is called, and loads in its turn
only what it needs, so that `list` and `check --offline` start light.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module

import click

from tui.commands.common import home_option, run_queue
from tui.problem import CANNOT_TELL, INTERRUPTED, WRONG, Problem, explain

COMMANDS = (
    "demo",
    "connect",
    "sync",
    "list",
    "show",
    "fix",
    "undo",
    "outbox",
    "mistakes",
    "kb",
    "audit",
    "check",
    "rules",
    "report",
    "baseline",
    "doctor",
    "restore",
    "disconnect",
    "support",
    "simulate",
    "web",
)
"""In the order of `--help`; each is `tui.commands.<name>_command.command`."""


_CLOSED = (errno.EPIPE, errno.EINVAL)
"""A pipe that nobody reads any more; Windows says EINVAL."""


class Commands(click.Group):
    """The group; `deskzero lst` is answered with the command that was probably meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"tui.commands.{cmd_name}_command").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            from difflib import get_close_matches

            close = get_close_matches(name, COMMANDS, n=1)
            hint = (
                f"Did you mean `deskzero {close[0]}`?" if close else "`deskzero --help` lists the commands."
            )
            raise Problem(f"no such command: {name}", hint)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"deskzero {version('deskzero')}")
        except PackageNotFoundError:
            click.echo("deskzero, run from its source without being installed")
        ctx.exit()


@click.group(
    cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["--help", "-h"]}
)
@home_option
@click.option("--connection", metavar="NAME", help="Show this connection alone.")
@click.option("--plain", is_flag=True, help="For a screen reader: words in place of frames and columns.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
@click.pass_context
def deskzero(ctx: click.Context, connection: str | None, plain: bool) -> int:
    """Shows only the tickets that fall through the PSA's cracks, and fixes them with a key.

    Without a command it opens the queue; where standard output is no terminal it prints it.
    """
    if ctx.invoked_subcommand is None:
        return run_queue(ctx, connection, plain=plain)
    if connection is not None or plain:
        raise Problem(
            f"{'--plain' if plain else '--connection'} before a command does nothing",
            f"Write it behind it where it is known: `deskzero {ctx.invoked_subcommand} --help`.",
        )
    return 0


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Runs the command line; the exit code. Errors are two lines on standard error, never a traceback."""
    _harmless_encoding()
    try:
        try:
            result = deskzero.main(arguments, prog_name="deskzero", standalone_mode=False)
            code = result if isinstance(result, int) else 0
        # The outermost place: a traceback on a terminal is a bug, whatever raised it.
        except Exception as error:  # noqa: BLE001
            code = _report(error)
        if sys.stdout is not None:  # a program may be started without one
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except OSError as error:
        code = _output_failed(error)
    return code


def _output_failed(error: OSError) -> int:
    """Standard output takes no more; the exit code."""
    # The interpreter flushes once more at its end: into nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno in _CLOSED:
        return 141  # whoever read us has seen enough; what a shell says of a program that SIGPIPE ended
    for line in Problem(f"standard output cannot be written: {error.strerror}", "Free some space.").lines():
        click.echo(line, err=True)
    return WRONG


def _report(error: Exception) -> int:
    """Writes an error's two lines; the exit code."""
    if isinstance(error, OSError) and error.filename is None and error.errno in (*_CLOSED, errno.ENOSPC):
        raise error
    if isinstance(error, click.Abort):
        return _aborted(error)
    if isinstance(error, click.ClickException):
        where = getattr(error, "ctx", None)
        path = where.command_path if where is not None else "deskzero"
        problem: Problem | None = Problem(error.format_message().rstrip("."), f"See `{path} --help`.", WRONG)
    else:
        problem = explain(error)
    if problem is None:
        problem = _unexpected(error)
    for line in problem.lines():
        click.echo(line, err=True)
    return problem.code


def _aborted(error: click.Abort) -> int:
    """Ctrl+C, or a question that nobody was there to answer."""
    if isinstance(error.__cause__, EOFError):
        click.echo("deskzero: a question was asked and there was no answer", err=True)
        click.echo("Every answer can be given as an option: see `--help`.", err=True)
        return WRONG
    click.echo("deskzero: stopped", err=True)
    return INTERRUPTED


def _unexpected(error: Exception) -> Problem:
    """A bug. Where it happened goes into the log, without the texts that it may hold."""
    import logging

    from store.log import start_log
    from tui.commands.common import last_home

    home = last_home()
    trouble = start_log(home.log)
    logging.getLogger("deskzero").error("unexpected error", exc_info=error)
    place = trouble or f"Where it happened is in {home.log}; `deskzero support` makes a bundle for a report."
    return Problem(f"a bug in deskzero: {type(error).__name__}", place, CANNOT_TELL)


def _harmless_encoding() -> None:
    """A console that cannot show a character (Windows, cp1252) shows `?` in its place and goes on."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
