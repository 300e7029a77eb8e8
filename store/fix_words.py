"""What the settings say about statuses, as fixes and screens need it."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.contract import Choice
from store.settings import Connection


def closes(choice: Choice, connection: Connection) -> bool:
    """Whether a status closes: by the PSA's own marker or by the settings."""
    return choice.closed or choice.name.casefold() in {name.casefold() for name in connection.closed_statuses}


def closing_first(choices: Sequence[Choice], connection: Connection) -> list[Choice]:
    """The statuses that close: first those that the settings name in `closing_statuses`, then in `closed_statuses`,
    then in the PSA's own order."""
    order = [name.casefold() for name in (*connection.closing_statuses, *connection.closed_statuses)]

    def rank(choice: Choice) -> int:
        name = choice.name.casefold()
        return order.index(name) if name in order else len(order)

    return sorted((choice for choice in choices if closes(choice, connection)), key=rank)
