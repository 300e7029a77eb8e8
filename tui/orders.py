"""What the screen asks the engine to do. The bodies run in the engine's thread and import what is heavy there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from connectors.contract import Choice, ChoiceContext, ConnectorError
from tui.marks import Key as RowKey

if TYPE_CHECKING:
    from store.desk import Desk
    from store.fixes import Guard, Prepared, ReadUpTo
    from store.read_records import ChangeView, Row, TicketView
    from store.undo import Undone
    from tui.asks import Side
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


async def prepared_together(
    engine: Engine, wanted: list[tuple[Row, dict[str, Any] | None]]
) -> list[tuple[RowKey, Prepared | Refused]]:
    """The fix of each row, or why it is refused. What must go ticket by ticket is refused here."""

    async def work(desk: Desk) -> list[tuple[RowKey, Prepared | Refused]]:
        from store.fixes import FixRefused, Intent

        made: list[tuple[RowKey, Prepared | Refused]] = []
        for row, one in wanted:
            words = row.last_words
            up_to = None if words is None else (words.at, words.note_id)
            try:
                fix = await desk.prepare(
                    row.connection, row.ticket_id, Intent(**(one or {})), read_up_to=up_to
                )
            except (FixRefused, ConnectorError) as error:
                made.append((row.key, Refused(str(error))))
                continue
            alone = "it would mail somebody" if fix.mails else "it closes" if fix.closes else ""
            alone = alone or ("it cannot be undone" if fix.held else "")
            refused = Refused(f"{alone}: that goes ticket by ticket") if alone else None
            if refused is None and all(line.was == line.becomes for line in fix.preview):
                refused = Refused("it is so already")
            made.append((row.key, refused or fix))
        return made

    return await engine.call(work)


async def submitted_together(
    engine: Engine, fixes: list[Prepared], committed: Callable[[], object]
) -> list[str]:
    """Puts one fix of several tickets into the outbox; gives the changes' ids. Raises `Refused`.

    `committed` is called in the engine's thread as soon as it is durable.
    """

    async def work(desk: Desk) -> list[str]:
        from store.changes import OutboxRefused
        from store.outbox import NOT_SENT

        try:
            changes = await desk.submit_together(fixes, committed=committed)
        except OutboxRefused as error:
            raise Refused(str(error), hint=error.hint) from error
        return [change for change in changes if change != NOT_SENT]

    return await engine.write(work)


async def close_guards(engine: Engine, view: TicketView, wanted: dict[str, Any]) -> Sequence[Guard] | str:
    """What stands against closing with this fix, each thing apart; or why the fix is none."""

    async def work(desk: Desk) -> Sequence[Guard] | str:
        from store.fixes import FixRefused, Intent

        try:
            return await desk.guards(view.connection, view.record.ticket_id, Intent(**wanted))
        except (FixRefused, ConnectorError) as error:
            return f"{error} {error.hint}".strip()

    return await engine.call(work)


async def submitted(engine: Engine, fix: Prepared, committed: Callable[[], object]) -> str:
    """Puts the fix into the outbox; gives the change's id. What cannot be undone is held first.

    `committed` is called in the engine's thread as soon as it is durable.
    """

    async def work(desk: Desk) -> str:
        return await desk.submit(fix, committed=committed)

    return await engine.write(work)


async def taken_back(engine: Engine, change: ChangeView) -> Undone:
    """Withdraws what has not gone out, or queues what puts the earlier values back; with all that was made with it.

    Raises `Refused`.
    """

    async def work(desk: Desk) -> Undone:
        from store.changes import OutboxRefused

        try:
            undone = await desk.undo(change.change)
        except OutboxRefused as error:
            raise Refused(str(error), hint=error.hint) from error
        if undone.by is None:
            _keep_text(desk, change)
        return undone

    return await engine.write(work)


async def dropped(engine: Engine, change: ChangeView) -> None:
    """Gives up a change that has not gone out. Raises `Refused`."""

    async def work(desk: Desk) -> None:
        from store.changes import OutboxRefused

        try:
            await desk.drop(change.change)
        except OutboxRefused as error:
            raise Refused(str(error), hint=error.hint) from error
        _keep_text(desk, change)

    await engine.write(work)


async def tried_again(engine: Engine, change: ChangeView) -> None:
    """Sends a change that got stuck once more. Raises `Refused`."""

    async def work(desk: Desk) -> None:
        from store.changes import OutboxRefused

        try:
            await desk.retry(change.change)
        except OutboxRefused as error:
            raise Refused(str(error), hint=error.hint) from error

    await engine.write(work)


async def released(engine: Engine, change: ChangeView) -> None:
    """Lets a held change go now. Raises `Refused`."""

    async def work(desk: Desk) -> None:
        from store.changes import OutboxRefused

        try:
            await desk.release(change.change)
        except OutboxRefused as error:
            raise Refused(str(error), hint=error.hint) from error

    await engine.write(work)


def kept_side(change: ChangeView) -> Side | None:
    """Which text of a change that did not go out becomes a draft again; a reason is no text of its own."""
    if isinstance(change.values.get("reply"), str):
        return "reply"
    written = isinstance(change.values.get("note"), str) and "seen" not in change.verb
    return "note" if written else None


def _keep_text(desk: Desk, change: ChangeView) -> None:
    """What was written is not lost with the change; a newer draft is left alone."""
    from store import drafts

    side = kept_side(change)
    name, ticket_id = change.connection, change.ticket_id
    if side is not None and not drafts.load(desk.home, name, ticket_id, side):
        drafts.save(desk.home, name, ticket_id, side, change.values[side], now=desk.now)


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
