"""What the commands of click share: `--home`, how a ticket is named, questions. How text is printed is in `out`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from connectors.text import clean
from store.home import Home
from tui.problem import Problem

if TYPE_CHECKING:
    from store.read import Reader
    from store.read_records import TicketView

F = TypeVar("F", bound=Callable[..., object])
_chosen: list[str | None] = [None]


def _choose_home(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.find_root().meta["deskzero.home"] = value
        _chosen[0] = value


home_option = click.option(
    "--home",
    metavar="DIR",
    expose_value=False,
    is_eager=True,
    callback=_choose_home,
    help="Folder with config.toml, the databases and the log (default: $DESKZERO_HOME, else the system's).",
)


def home_of(ctx: click.Context) -> Home:
    """The home that the command was called for."""
    return Home.find(ctx.find_root().meta.get("deskzero.home"))


def last_home() -> Home:
    """The home of this process's command, for whoever has no context any more."""
    return Home.find(_chosen[0])


def one_ticket(reader: Reader, text: str) -> TicketView:
    """The ticket that TICKET names. Raises `Problem` when there is none, or more than one."""
    found = {(row.connection, row.ticket_id): row for row in reader.find(text)}
    if not found:
        raise Problem(
            f"no ticket {text} in the cache", "Run `deskzero sync`; `deskzero list` shows what is there."
        )
    if len(found) > 1:
        which = ", ".join(f"{row.connection}:{row.number} (id {row.ticket_id})" for row in found.values())
        raise Problem(
            f"{text} is more than one ticket: {which}", "Put the connection and a colon in front, or id:."
        )
    (connection, ticket_id), _ = found.popitem()
    view = reader.ticket(connection, ticket_id)
    if view is None:
        raise Problem(f"ticket {text} has just left the cache", "Run `deskzero sync`.")
    return view


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something that cannot be taken back; ends the command unless the answer is yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Problem(f"not done without an answer: {question}", "Give --yes to answer yes.")
    if not click.confirm(clean(question), err=True):
        raise Problem("left as it was", "Nothing was changed.")
