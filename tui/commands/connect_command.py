"""`deskzero connect`: asks for a PSA and its credentials, proves them, saves them.

On a terminal with anything missing the guided screen does it (`tui.connect.app`); here is the way by options.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

import connectors
from tui.commands.common import home_of, home_option
from tui.commands.out import say
from tui.commands.queue import on_terminal
from tui.problem import INTERRUPTED, Problem

if TYPE_CHECKING:
    from store.home import Home
    from store.settings import Settings
    from tui.connect.draft import Draft
    from tui.connect.given import Given
    from tui.connect.proof import Proof


@click.command("connect")
@click.argument("name", required=False)
@click.option("--psa", help=f"The PSA: {', '.join(connectors.SPECS)}, or one that a package brings.")
@click.option("--url", help="Its address, as in a browser.")
@click.option("--technician", help="Who you are there (login).")
@click.option("--scope", help="mine, owner:<name>, board:<name>, team:<name> or all.")
@click.option(
    "--set", "given", metavar="KEY=VALUE", multiple=True, help="A key of the PSA's own, as in config.toml."
)
@click.option(
    "--secret",
    metavar="FIELD=VALUE",
    multiple=True,
    help="A secret; FIELD=- reads a line from standard input.",
)
@click.option(
    "--secret-command", metavar="FIELD=COMMAND", multiple=True, help="A command that prints a secret."
)
@click.option("--child-status", multiple=True, metavar="NAME")
@click.option("--responded-status", multiple=True, metavar="NAME")
@click.option("--waiting-status", multiple=True, metavar="NAME")
@click.option("--closing-status", multiple=True, metavar="NAME")
@click.option("--closed-status", multiple=True, metavar="NAME")
@click.option(
    "--answered-status", metavar="NAME", help="What a responded status becomes when it is answered."
)
@click.option(
    "--guess-statuses", is_flag=True, help="Take what the names of its statuses suggest, where none is given."
)
@click.option(
    "--required", metavar="FIELD", multiple=True, help="A field that no ticket may lack; custom:<name> too."
)
@click.option("--timezone", metavar="ZONE", help="The technician's time zone there.")
@click.option("--read-only", is_flag=True, help="A pilot: every fix is shown, none is sent.")
@click.option("--sync/--no-sync", "sync_now", default=None, help="The first sync at once, or not.")
@home_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str | None,
    psa: str | None,
    sync_now: bool | None,
    **more: Any,  # noqa: ANN401
) -> int:
    """Connects a PSA.

    On a terminal a screen asks for what is not given as an option; without one it is read from standard
    input. The connection is proven with real requests, then saved.

    Secrets go into the system's keyring, everything else into config.toml. A secret that is in
    DESKZERO_<NAME>_<FIELD> already is used and not stored again.
    """
    from store.settings import load
    from tui.connect.given import Given

    home = home_of(ctx)
    load(home.config)  # a file that cannot be read is told before anything is asked
    given = Given(home.config, more)
    if on_terminal() and not given.complete(name, psa):
        return _guided(home, given, name, psa)
    draft = given.draft(name, psa)
    _unattended(draft, given)
    _first_sync(ctx, sync_now)
    return 0


def _guided(home: Home, given: Given, name: str | None, psa: str | None) -> int:
    """The screen, then the queue in the same terminal."""
    from store.settings import load
    from tui.connect.app import guide

    ended = guide(home, given, name, psa)
    if ended is None:
        say("Nothing was saved.", err=True)
        return INTERRUPTED
    code = 0
    if ended.opens_queue:
        from tui.app import run

        code = run(home, load(home.config), secrets=ended.run_secrets, greets=True)
    else:
        say(f"Saved [connections.{ended.name}] in {home.config}. Next: `deskzero`.")
    for one in ended.unkept:  # the screen that said it is gone
        say(one.error, err=True)
        say(one.before_next_start(ended.name), err=True)
    return code


def _unattended(draft: Draft, given: Given) -> None:
    from tui.connect.draft import Wrong
    from tui.connect.given import ask_secret, in_words_of_options
    from tui.connect.keeping import check_required, found_out, keep_secrets, save
    from tui.connect.proof import sentences

    try:
        table = draft.table()
        checked = draft.settings(table)
        secrets, new = draft.all_secrets(checked.connections[draft.name], ask_secret)
        proof = _prove(draft, checked, secrets)
        for _, sentence in sentences(proof):
            say(sentence)
        if given.required is not None:
            check_required(given.required, proof.capabilities)
        table = found_out(draft, table, proof.identity) | _statuses(given, proof)
        save(draft, table, proof.capabilities, given.required)
    except Wrong as error:
        raise in_words_of_options(error) from None
    say(f"Saved [connections.{draft.name}] in {draft.config}.")
    unkept = keep_secrets(draft.name, secrets, new)
    for field in sorted(new - {one.field for one in unkept}):
        say(f"The keyring has the {field}.")
    if unkept:
        raise Problem(f"the connection is proven and saved, but {unkept[0].error}", unkept[0].hint)


def _prove(draft: Draft, settings: Settings, secrets: dict[str, str]) -> Proof:
    from tui.connect.proof import prove

    say(f"Asking {draft.spec.title} …", err=True)
    return asyncio.run(prove(settings, secrets))


def _statuses(given: Given, proof: Proof) -> dict[str, Any]:
    """The keys for what the shop's statuses mean: as given; the rest is guessed if that is wanted, else told."""
    from store.status_meanings import answered, as_settings, guesses
    from tui.connect.keeping import sets_status

    statuses = proof.statuses
    names = {status.name.casefold() for status in statuses}
    for name in given.meanings:
        if names and name.casefold() not in names:
            say(f"There is no status “{name}” among those that were read.", err=True)
    known = set(given.meanings.values())
    likely = {name: meaning for name, meaning in guesses(statuses).items() if meaning not in known}
    if given.guess:
        meant = given.meanings | likely
        keys = as_settings(meant)
        answer = given.answered or (answered(meant) if sets_status(proof.capabilities) else None)
    else:
        keys = as_settings(given.meanings)
        answer = given.answered
    for key, found in as_settings(likely).items():
        took = "Taken" if given.guess else "Not saved, for --guess-statuses was not given"
        say(f"{took}: {key} = {', '.join(found)}")
    return keys | ({"answered_status": answer} if answer else {})


def _first_sync(ctx: click.Context, sync_now: bool | None) -> None:
    if sync_now is None:
        sync_now = on_terminal() and click.confirm("The first sync now?", default=True, err=True)
    if sync_now:
        from tui.commands.sync_command import command as sync

        ctx.invoke(sync)
    else:
        say("Next: `deskzero sync`, then `deskzero`.")
