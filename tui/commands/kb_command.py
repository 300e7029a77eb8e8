"""`deskzero kb`: an article's beginning from a documented ticket."""

from __future__ import annotations

from pathlib import Path

import click

from tui.commands.common import home_of, home_option, one_ticket
from tui.commands.out import say, settings_of
from tui.problem import Problem


@click.command("kb")
@click.argument("ticket")
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Instead of the screen."
)
@home_option
@click.pass_context
def command(ctx: click.Context, ticket: str, output: Path | None) -> None:
    """Writes a closed ticket as a stub for the knowledge base, in Markdown.

    Symptoms, environment, steps, resolution and time, from what stands on the ticket, without names, phones, mails and
    addresses as far as rules can tell. A ticket that is not documented well enough is refused, with what it lacks.

    TICKET is the number on the screen or id: and the PSA's own id, either with CONNECTION: in front.
    """
    from store import kb
    from store.read import Reader

    home = home_of(ctx)
    settings = settings_of(home)
    view = one_ticket(Reader(home, settings), ticket)
    try:
        text = kb.article(view, settings.rules)
    except kb.NotDocumented as error:
        raise Problem(
            str(error), "Write a note on it that says how it was solved, then ask again."
        ) from error
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Problem(f"{output} exists already", "Name another file with --output.") from None
    say(f"{output}: read it before others do, rules do not see everything.")
