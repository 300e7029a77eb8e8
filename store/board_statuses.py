"""The statuses of a PSA's boards, read board by board, as `connect` and `doctor` look at them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from connectors.contract import ChoiceContext, Connector
from store.setup_records import BoardStatuses

MOST_BOARDS = 20
"""Boards that are asked, one request each: a person waits."""


async def statuses_by_board(
    connector: Connector, boards: Sequence[tuple[str, str]]
) -> AsyncIterator[BoardStatuses]:
    """The statuses of each of these boards (id, name), `MOST_BOARDS` at most; once, where they are the same on every
    board or there are no boards. Raises `ConnectorError`; what came before stands."""
    for board, name in boards[:MOST_BOARDS]:
        statuses = await connector.choices("status", ChoiceContext(board_id=board))
        if statuses and all(one.board_id is None for one in statuses):
            yield BoardStatuses(None, statuses)
            return
        yield BoardStatuses(name, statuses)
    if not boards:
        yield BoardStatuses(None, await connector.choices("status", ChoiceContext()))


def left_out(found: Sequence[BoardStatuses], boards: Sequence[tuple[str, str]]) -> int:
    """How many of the boards were not asked, and have statuses of their own."""
    return 0 if any(one.board is None for one in found) else max(0, len(boards) - MOST_BOARDS)
