"""`deskzero restore`: the journal's backups, and the way back to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tui.commands.common import confirm, home_of, home_option
from tui.commands.out import ago, counted, local, now, say

if TYPE_CHECKING:
    from store.home import Home
    from store.journal_backup import Backup
    from store.settings import Settings


@click.command("restore")
@click.argument("backup", required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_option
@click.pass_context
def command(ctx: click.Context, backup: str | None, yes: bool) -> int:
    """Lists the journal's backups, or puts BACKUP back.

    BACKUP is a name from the list, the beginning of one, or `newest`. The journal that is there is set aside, not
    deleted. What was open in the backup waits as uncertain: it may have gone out since."""
    from store.log import start_log
    from store.restore import find, restore

    home = home_of(ctx)
    settings = _settings(home)
    if backup is None:
        return _list(home, settings)
    start_log(home.log)
    found = find(home, backup)
    made = f"{local(found.at, settings.timezone)} ({ago(now() - found.at)})"
    if found.problem is None:
        confirm(
            f"Put back the journal of {made}? Changes and drafts made after it will not be known here any more;"
            " what they wrote stays in the PSA.",
            yes=yes,
        )
    done = restore(home, found, settings, now=now())
    say(
        f"The journal is that of {made} again: {counted(found.changes, 'change')}, {counted(done.drafts, 'draft')}."
    )
    if done.aside:
        say(f"The one that was there is {home.journal.with_name(done.aside)}.")
    if done.uncertain:
        say(
            f"{counted(done.uncertain, 'change')} had not ended then and may have gone out since: nothing is sent"
            " before you decide. `deskzero outbox` shows what waits."
        )
    say("`deskzero sync` looks at the PSA as it is now.")
    return 0


def _list(home: Home, settings: Settings) -> int:
    from store.restore import backups

    found = backups(home)
    for one in found:
        say(_line(one, settings))
    if found:
        say("`deskzero restore BACKUP` puts one back; `newest` is the newest sound one.")
    else:
        say(f"There is no backup in {home.backups}. Each start makes one when the journal has changed.")
    return 0


def _line(one: Backup, settings: Settings) -> str:
    when = f"{local(one.at, settings.timezone)}, {ago(now() - one.at)}"
    begin = f"{one.path.name} · {when} · {one.size / 1e6:.1f} MB"
    if one.problem is not None:
        return f"{begin} · DAMAGED: {one.problem}"
    return f"{begin} · {counted(one.changes, 'change')}, {one.open} open · sound"


def _settings(home: Home) -> Settings:
    """The way back must not depend on a settings file in good order."""
    from store.settings import Settings, SettingsError, load

    try:
        return load(home.config)
    except SettingsError as error:
        say(f"{error} The backup can be put back all the same.", err=True)
        return Settings()
