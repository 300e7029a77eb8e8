"""The command line: the entry point, and how errors leave.

Nothing heavy is imported here: what scripts ask most goes past click (`tui.lean`), everything else through the group of
commands (`tui.commands.group`).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tui import lean

if TYPE_CHECKING:
    import click

    from tui.problem import Problem

INTERRUPTED = 130


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    code = run(sys.argv[1:])
    if lean.taken and sys.stderr is not None:
        sys.stderr.flush()  # `run` has done so with standard output
        os._exit(code)  # taking the interpreter apart takes as long as the answer
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs the command line; the exit code. Errors are two lines on standard error, never a traceback."""
    _harmless_encoding()
    try:
        try:
            code = _command(arguments)
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


def _command(arguments: list[str]) -> int:
    known = lean.lean(arguments)
    if known is not None:
        return known
    if not arguments and not lean.completing():
        from store.home import Home
        from tui.commands.queue import run_queue

        return run_queue(Home.find())
    from tui.commands.group import deskzero

    result = deskzero.main(arguments, prog_name="deskzero", standalone_mode=False)
    return result if isinstance(result, int) else 0


def _closed() -> tuple[int, int]:
    """The errors of a pipe that nobody reads any more; Windows says EINVAL."""
    import errno

    return errno.EPIPE, errno.EINVAL


def _output_failed(error: OSError) -> int:
    """Standard output takes no more; the exit code."""
    # The interpreter flushes once more at its end: into nothing.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno in _closed():
        return 141  # whoever read us has seen enough; what a shell says of a program that SIGPIPE ended
    from tui.commands.out import echo
    from tui.problem import WRONG, Problem

    for line in Problem(f"standard output cannot be written: {error.strerror}", "Free some space.").lines():
        echo(line, err=True)
    return WRONG


def _report(error: Exception) -> int:
    """Writes an error's two lines; the exit code."""
    import errno

    from tui.commands.out import echo
    from tui.problem import WRONG, Problem, explain

    if isinstance(error, OSError) and error.filename is None and error.errno in (*_closed(), errno.ENOSPC):
        raise error
    click = sys.modules.get("click")  # what has not loaded it raises none of its errors
    if click is not None and isinstance(error, click.Abort):
        return _aborted(error)
    if click is not None and isinstance(error, click.ClickException):
        where = getattr(error, "ctx", None)
        path = where.command_path if where is not None else "deskzero"
        problem: Problem | None = Problem(error.format_message().rstrip("."), f"See `{path} --help`.", WRONG)
    else:
        problem = explain(error)
    if problem is None:
        problem = _unexpected(error)
    for line in problem.lines():
        echo(line, err=True)
    return problem.code


def _aborted(error: click.Abort) -> int:
    """Ctrl+C, or a question that nobody was there to answer."""
    from tui.commands.out import echo
    from tui.problem import WRONG

    if isinstance(error.__cause__, EOFError):
        echo("deskzero: a question was asked and there was no answer", err=True)
        echo("Every answer can be given as an option: see `--help`.", err=True)
        return WRONG
    echo("deskzero: stopped", err=True)
    return INTERRUPTED


def _unexpected(error: Exception) -> Problem:
    """A bug. Where it happened goes into the log, without the texts that it may hold."""
    import logging

    from store.log import start_log
    from tui.commands.common import last_home
    from tui.problem import CANNOT_TELL, Problem

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
