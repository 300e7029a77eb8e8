"""`deskzero simulate`: serves a simulated PSA on the loopback address."""

from __future__ import annotations

import click

from tui.commands.common import home_option
from tui.problem import Problem

SIMULATORS = ("connectwise",)


@click.command("simulate")
@click.argument("psa")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same tickets.")
@click.option("--tickets", type=click.IntRange(1, 100_000), default=120, show_default=True)
@home_option
def command(psa: str, port: int, seed: int, tickets: int) -> None:
    """Serves a simulated PSA in the vendor's wire format until Ctrl+C.

    The first line on standard output is JSON: its URL and the credentials.
    """
    if psa not in SIMULATORS:
        raise Problem(f"no simulator for {psa}", f"There are: {', '.join(SIMULATORS)}.")
    from connectors.simulators.serve import serve

    try:
        serve(psa, port, seed, tickets)
    except OSError as error:
        raise Problem(
            f"port {port} cannot be used: {error.strerror}", "Choose another one with --port."
        ) from None
