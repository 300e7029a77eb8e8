"""`deskzero list`: the exceptions, from the cache."""

from __future__ import annotations

import click

from tui.commands.common import home_of, home_option
from tui.commands.list_rows import list_rows


@click.command("list")
@click.argument("kinds", metavar="[KIND]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma separated values with a header line.")
@click.option("--connection", metavar="NAME", help="Only this connection.")
@home_option
@click.pass_context
def command(
    ctx: click.Context, kinds: tuple[str, ...], as_json: bool, as_csv: bool, connection: str | None
) -> None:
    """Lists the exceptions.

    All kinds or the named ones, as the last sync left them.

    Kinds: customer_responded, child_reply, reply_after_close, missing_fields, orphaned, billing_code, and those that
    `deskzero rules list` shows as on.
    """
    list_rows(home_of(ctx), kinds, as_json=as_json, as_csv=as_csv, connection=connection)
