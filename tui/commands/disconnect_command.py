"""`deskzero disconnect`: forgets a connection."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tui.commands.common import confirm, home_of, home_option
from tui.commands.out import counted, now, say
from tui.problem import Problem

if TYPE_CHECKING:
    from store.database import Databases
    from store.settings import Connection


@click.command("disconnect")
@click.argument("name")
@click.option(
    "--journal", is_flag=True, help="Its journal too: changes, history, drafts. It cannot be pulled again."
)
@click.option(
    "--backups",
    is_flag=True,
    help="With --journal: the journal's backups too. They hold every connection's changes.",
)
@click.option("--keep-settings", is_flag=True, help="Leave its table in config.toml.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_option
@click.pass_context
def command(
    ctx: click.Context, name: str, journal: bool, backups: bool, keep_settings: bool, yes: bool
) -> None:
    """Forgets a connection.

    Removes its cache, its secrets in the keyring and its table in the settings."""
    from store.database import Databases
    from store.forget import forget_cache, forget_journal, open_changes
    from store.settings import load
    from store.settings_save import remove_connection

    if backups and not journal:
        raise Problem("--backups goes with --journal", "Give both, or neither.")
    home = home_of(ctx)
    settings = load(home.config)
    connection = settings.connections.get(name)
    if connection is None and not home.cache.exists() and not home.journal.exists():
        raise Problem(f"no connection {name}", f"There are: {', '.join(settings.connections) or 'none'}.")
    with Databases.open(home) as databases:
        waiting = open_changes(databases, name)
        lost = (
            f" {counted(waiting, 'change')} not in the PSA yet{' and are lost' if journal else ''}."
            if waiting
            else ""
        )
        confirm(f"Forget the connection {name}?{lost}", yes=yes)
        say(f"Cache: {counted(forget_cache(databases, name), 'ticket')} removed.")
        if journal:
            say(f"Journal: {counted(forget_journal(databases, name), 'change')} removed, and their history.")
            _copies(databases, name, remove=backups, yes=yes)
    if connection is not None:
        _forget_secrets(connection)
    if connection is not None and not keep_settings and remove_connection(home.config, name):
        say(f"Settings: [connections.{name}] removed from {home.config}.")


def _copies(databases: Databases, name: str, *, remove: bool, yes: bool) -> None:
    """The journal's backups hold what was just removed: they go if that is wanted, else they are named."""
    from store.forget import copies, forget_copies

    held = copies(databases.home)
    if not held:
        return
    many = counted(len(held), "file")
    if not remove and not yes and sys.stdin.isatty():
        question = f"Remove the journal's copies too ({many}, with the changes of every connection)?"
        remove = click.confirm(question, err=True)
    if remove:
        say(
            f"Backups: {counted(forget_copies(databases, now()), 'file')} removed, and one made of what is left."
        )
    else:
        say(
            f"Backups: {many} in {databases.home.backups} and beside the journal still hold changes of {name}."
        )
        say(
            f"  `deskzero disconnect {name} --journal --backups` removes them. Backups go by themselves with age."
        )


def _forget_secrets(connection: Connection) -> None:
    """A keyring that does not work is told and keeps nothing else from being removed."""
    import connectors
    from store.credentials import SecretError, delete_secret

    for field in connectors.spec(connection.psa).secrets:
        try:
            removed = delete_secret(connection.name, field)
        except SecretError as error:
            say(f"Keyring: {error}. {error.hint}", err=True)
        else:
            say(f"Keyring: {field} {'removed' if removed else 'was not there'}.")
