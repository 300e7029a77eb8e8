"""What the screen asks the engine to do. The bodies run in the engine's thread and import what is heavy there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.contract import Choice, ChoiceContext, ConnectorError

if TYPE_CHECKING:
    from store.desk import Desk
    from store.fixes import Prepared, ReadUpTo
    from store.read_records import ChangeView, TicketView
    from tui.engine import Engine


class Refused(Exception):
    """Something is not done: why, what to do about it, and what could have been meant."""

    def __init__(
        self, message: str, *, hint: str = "", candidates: tuple[str, ...] = (), why: bool = False
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.candidates = candidates
        self.asks_why = why
        """A reason would let it through."""


_ASKS_WHY = "--because"
"""In a refusal's hint: the guard may be passed with a reason."""


async def prepared(
    engine: Engine, view: TicketView, read_up_to: ReadUpTo, wanted: dict[str, Any]
) -> Prepared:
    """The fix for what is wanted (`Intent` by name), decided on what was on the screen. Raises `Refused`."""

    async def work(desk: Desk) -> Prepared:
        from store.fixes import FixRefused, Intent

        try:
            return await desk.prepare(
                view.connection, view.record.ticket_id, Intent(**wanted), read_up_to=read_up_to
            )
        except FixRefused as error:
            why = _ASKS_WHY in error.hint
            hint = "" if why else error.hint
            raise Refused(str(error), hint=hint, candidates=error.candidates, why=why) from error
        except ConnectorError as error:
            raise Refused(str(error), hint=error.hint) from error

    return await engine.call(work)


async def submitted(engine: Engine, fix: Prepared) -> str:
    """Puts the fix into the outbox; gives the change's id. What cannot be undone is held first."""

    async def work(desk: Desk) -> str:
        return await desk.submit(fix)

    return await engine.call(work)


async def taken_back(engine: Engine, change: ChangeView) -> str | None:
    """Withdraws what has not gone out (`None`), or queues what puts the earlier values back (that change's id).

    Raises `Refused`.
    """

    async def work(desk: Desk) -> str | None:
        from store.changes import OutboxRefused

        try:
            return (await desk.undo(change.change)).by
        except OutboxRefused as error:
            raise Refused(str(error), hint=error.hint) from error

    return await engine.call(work)


async def asked_choices(engine: Engine, view: TicketView, kind: str) -> list[Choice]:
    """The valid values of a field, asked of the PSA (the cache had none). Raises `Refused`."""

    async def work(desk: Desk) -> list[Choice]:
        record = view.record
        try:
            context = ChoiceContext(
                board_id=record.board_id, company_id=record.company_id, type_id=record.type_id
            )
            return list(await desk.choices(view.connection, kind, context))
        except ConnectorError as error:
            raise Refused(str(error), hint=error.hint) from error

    return await engine.call(work)
