"""The proof that a connection works: real requests, and what they say of us, of our rights and of the shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from connectors.contract import Capabilities, Choice, ChoiceContext, Connector, ConnectorError, Identity
from connectors.text import clean
from store.board_statuses import left_out, statuses_by_board
from store.setup_account import CLOCK_SECONDS
from store.setup_records import BoardStatuses
from store.status_meanings import Status

if TYPE_CHECKING:
    from store.settings import Settings

Kind = Literal["fine", "missing", "note"]


@dataclass(frozen=True)
class Proof:
    """What the PSA said."""

    title: str
    identity: Identity
    capabilities: Capabilities
    statuses: tuple[Status, ...]
    trouble: str = ""
    """Why the statuses are not all there, if so: they are only proposals."""


async def prove(settings: Settings, secrets: Mapping[str, str]) -> Proof:
    """Asks the PSA of the only connection in `settings`. Raises `ConnectorError`, `OptionsError`."""
    from store.opening import open_connection

    (connection,) = settings.connections.values()
    connector = open_connection(connection, secrets)
    try:
        identity = await connector.verify()
        await connector.resolve(connection.scope)
        statuses, trouble = await _statuses(connector)
        return Proof(connector.title, identity, connector.capabilities, statuses, trouble)
    finally:
        await connector.close()


async def _statuses(connector: Connector) -> tuple[tuple[Status, ...], str]:
    """All active statuses, each name once, in the PSA's order; and what is to be said of reading them."""
    read: list[BoardStatuses] = []
    said = ""
    try:
        boards = [(one.id, clean(one.name)) for one in await connector.choices("board", ChoiceContext())]
        async for one in statuses_by_board(connector, boards):
            read.append(one)
        if left_out(read, boards):
            said = f"Statuses were read from {len(read)} of its {len(boards)} boards: name others in config.toml."
    except ConnectorError as error:
        said = f"Not all statuses could be read: {clean(str(error))}"
    found: dict[str, Status] = {}
    for one in read:
        for row in one.statuses:
            _add(found, row, one.board)
    return tuple(found.values()), said


def _add(found: dict[str, Status], row: Choice, board: str | None) -> None:
    name = clean(row.name)
    if not row.active or not name:
        return
    known = found.get(name.casefold(), Status(name, (), closes=True))
    on = tuple(dict.fromkeys((*known.boards, *((board,) if board is not None else ()))))
    found[name.casefold()] = Status(known.name, on, known.closes and row.closed)


def sentences(proof: Proof) -> list[tuple[Kind, str]]:
    """What the proof says, one fact a line, the most important first."""
    who = proof.identity
    said: list[tuple[Kind, str]] = [
        ("fine", f"You are {who.member} ({who.name}); server version {who.version}.")
    ]
    if abs(who.clock_ahead) > CLOCK_SECONDS:
        said.append(("note", f"Its clock is {who.clock_ahead:+.0f} s against this machine's."))
    else:
        said.append(("fine", f"Its clock agrees with this machine's ({who.clock_ahead:+.1f} s)."))
    if not proof.capabilities.writes:
        said.append(("note", "Its API only reads: deskzero shows what is wrong and cannot fix it there."))
    said += [("missing", f"Missing right: {right}; without it: no {verb}.") for verb, right in who.missing]
    said += [("note", note) for note in who.notes]
    if proof.trouble:
        said.append(("note", proof.trouble))
    return said
