"""Gathers what the set-up lint goes by: the statuses from the PSA, the rest from the cache.

Cost: a request for each board with open tickets where statuses belong to boards (ConnectWise, Request Tracker), at
most `MOST_BOARDS` of `store.board_statuses`, and one for the list of boards before the first sync; elsewhere what
`verify` has read is enough.
"""

from __future__ import annotations

import msgspec

import connectors
from connectors.contract import ChoiceContext, Connector, ConnectorError, Identity
from store.board_statuses import left_out, statuses_by_board
from store.opening import own_options
from store.read import Reader
from store.settings import Connection
from store.setup_records import BoardStatuses, Facts, SetupUse

NOBODY = ("nobody", "unassigned")
"""Owners that are no people: Request Tracker's and HaloPSA's."""


async def gather(
    reader: Reader, connection: Connection, connector: Connector, identity: Identity, *, team: int | None
) -> Facts:
    """The facts of one connection. Statuses that cannot be read are said to be so; nothing is raised for them.

    `identity`: as `verify` just gave it. `team`: technicians who will use deskzero, where somebody said so.
    """
    use = reader.setup_use(connection.name)
    boards: tuple[BoardStatuses, ...] = ()
    left, unread = 0, ""
    try:
        boards, left = await _statuses(connector, use)
    except ConnectorError as error:
        unread = str(error)
    members = [one for one in reader.choices(connection.name, "owner") if one.name.casefold() not in NOBODY]
    return Facts(
        settings=reader.settings,
        connection=connection,
        title=connector.title,
        can=connector.capabilities,
        identity=identity,
        view=next(view for view in reader.states() if view.connection == connection.name),
        use=use,
        boards=boards,
        boards_left=left,
        unread=unread,
        members=len(members) or None,
        team=team,
        effective=_effective(connection),
    )


async def _statuses(connector: Connector, use: SetupUse) -> tuple[tuple[BoardStatuses, ...], int]:
    """The statuses of the boards in use, and how many boards were left out."""
    boards = use.boards
    if not boards:
        boards = tuple((one.id, one.name) for one in await connector.choices("board", ChoiceContext()))
    found = [one async for one in statuses_by_board(connector, boards)]
    return tuple(found), left_out(found, boards)


def _effective(connection: Connection) -> dict[str, object]:
    """The connection's own keys, defaults filled in. They were checked when the settings were read."""
    shape = connectors.spec(connection.psa).options
    options = msgspec.convert(own_options(connection), type=shape)
    return {field.encode_name: getattr(options, field.name) for field in msgspec.structs.fields(shape)}
