"""`deskzero simulate`: serves a simulated PSA on the loopback address."""

from __future__ import annotations

import click

from tui.commands.common import home_option
from tui.problem import Problem


@click.command("simulate")
@click.argument("psa")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same tickets.")
@click.option("--tickets", type=click.IntRange(1, 100_000), default=120, show_default=True)
@home_option
def command(psa: str, port: int, seed: int, tickets: int) -> None:
    """Serves a simulated PSA until Ctrl+C.

    It speaks the vendor's wire format on the loopback address. The first line on standard output is JSON:
    its URL and the credentials.
    """
    from connectors.simulators.serve import SIMULATED, serve

    if psa not in SIMULATED:
        raise Problem(f"no simulator for {psa}", f"There are: {', '.join(SIMULATED)}.")
    try:
        serve(psa, port, seed, tickets)
    except OSError as error:
        raise Problem(
            f"port {port} cannot be used: {error.strerror}", "Choose another one with --port."
        ) from None
