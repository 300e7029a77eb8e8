"""Carries out one step of a change: read, compare, journal, send, compare again.

Before a step its fields (and, for what could bury a reply, the conversation) are read again; what the PSA
already has is not written; what somebody else has changed is a conflict. After it the server's answer is
compared with what was asked. How it ended is in the journal before anything else happens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

from connectors.contract import (
    Applied,
    Conflict,
    Connector,
    ConnectorError,
    Conversation,
    Forbidden,
    NotThere,
    Rejected,
    Throttled,
    Unauthorized,
    UnknownName,
    Unreachable,
    Unsupported,
)
from connectors.text import clean
from store.changes import to_json
from store.database import Databases
from store.outbox_lookup import Found, baseline, look
from store.outbox_rows import Entry, StepEntry, move, set_step
from store.sender_compare import Halt, PsaSide
from store.settings import Connection, Settings

log = logging.getLogger(__name__)

Clock = Callable[[], int]
Sleep = Callable[[float], Awaitable[None]]

MOST_READS = 5
"""How often a ticket that changes under our hands (412) is read and tried again in one go."""
LOOKS = 2
"""How often nothing must be found, across the PSA's settling time, before a POST counts as not arrived."""


PATIENCE = 6.0
"""Seconds for which quitting waits for the answer to a request that is out."""


class Withdrawn(Exception):
    """Somebody took the change back before this step went out."""


class _Lost(Exception):
    """A request whose outcome was unknown has not arrived, as far as looking can tell."""


class StepSender:
    """Sends the steps of changes of one connection."""

    def __init__(
        self,
        databases: Databases,
        settings: Settings,
        connection: Connection,
        connector: Connector,
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self._databases = databases
        self._connection = connection
        self._connector = connector
        self._clock = clock
        self._sleep = sleep
        self._psa = PsaSide(databases, settings, connection, connector)

    async def carry(self, entry: Entry, step: StepEntry) -> None:
        """Brings one step to its end (`done` or `already`). Raises `Halt` or `Withdrawn`."""
        try:
            tried = step.state in ("sending", "unknown") or step.attempts > 0
            if tried and await self._arrived(entry, step):
                return
            resent = tried
            for _ in range(MOST_READS):
                ticket = await self._psa.ticket(entry)
                writes, conversation = await self._psa.must_write(entry, step, ticket)
                if not writes:
                    # Asked for earlier and now so: ours. Never asked for: somebody else's, nothing to undo.
                    self._end(entry, step, "done" if step.attempts else "already")
                    return
                try:
                    if await self._send(entry, step, ticket.version, conversation):
                        await self._slipped(entry, step)
                        return
                except _Lost as lost:
                    if resent:
                        raise Halt(
                            "sending", str(lost), hint="It is tried again.", kind="unreachable"
                        ) from lost
                    resent = True
        except ConnectorError as error:
            raise _halt(error) from error
        raise Halt(
            "queued", f"#{clean(entry.number)} changes all the time; it is tried again.", kind="conflict"
        )

    async def _send(
        self, entry: Entry, step: StepEntry, version: str | None, conversation: Conversation | None
    ) -> bool:
        """Sends and checks; `False` where the ticket changed in between (412) and is to be read again."""
        plan = step.step
        if plan.creates is not None and (step.baseline is None or step.attempts == 0):
            step.baseline = to_json(await baseline(self._connector, step, entry.ticket_id, conversation))
        before = step.attempts
        self._begin(entry, step)
        try:
            applied = await _to_its_end(self._request(entry, step, version))
        except Conflict:
            self._not_sent(entry, step, before)
            return False
        except (Rejected, Unsupported, NotThere, Forbidden, UnknownName) as error:
            self._not_sent(entry, step, before)
            raise Halt("rejected", clean(str(error)), hint=error.hint, kind=error.kind) from error
        except (Throttled, Unauthorized):
            self._not_sent(entry, step, before)
            raise
        except ConnectorError as error:
            if isinstance(error, Unreachable) and not error.sent:
                self._not_sent(entry, step, before)
                raise
            await self._unknown(entry, step, error)
            return True
        await self._check(entry, step, applied)
        return True

    async def _request(self, entry: Entry, step: StepEntry, version: str | None) -> Applied:
        """The request and, before anything else happens, its answer in the journal."""
        applied = await self._connector.apply(step.step, version)
        self._answered(entry, step, applied)
        return applied

    async def _slipped(self, entry: Entry, step: StepEntry) -> None:
        """Without conditional writes a customer's note may come between our reading and our write. On a ticket
        that this closes no rule would show it ever after: a person is told. Raises `Halt`."""
        if self._connector.capabilities.conditional_write or "status" not in step.step.sets:
            return
        conversation = await self._connector.conversation(entry.ticket_id)
        try:
            self._psa.read_up_to(entry, conversation)
        except Halt as halt:
            raise Halt(
                "conflict",
                f"The customer wrote on #{clean(entry.number)} in the moment in which its status was set; the"
                f" {entry.verb} is in the PSA.",
                hint=f"Read it (`deskzero show {clean(entry.number)}`), then `deskzero undo {entry.change}` or"
                f" `deskzero outbox --retry {entry.change}`: read, and it stays.",
                kind="conflict",
                detail=halt.detail,
            ) from None

    async def _unknown(self, entry: Entry, step: StepEntry, error: ConnectorError) -> None:
        """Nobody knows whether it arrived: look now; what cannot be looked up waits as `unknown`.

        Raises `_Lost` where it has not arrived and may be sent again.
        """
        step.state = "unknown"
        self._journal(entry, step, state="unknown")
        words = clean(str(error))
        try:
            arrived = await self._arrived(entry, step)
        except ConnectorError as second:
            raise Halt(
                "sending",
                f"It is not known whether it arrived: {words}",
                hint="It is looked up as soon as the PSA answers, and not sent again before.",
                kind=second.kind,
                stops=isinstance(second, Unreachable) and not second.sent,
            ) from second
        if not arrived:
            raise _Lost(words)

    async def _arrived(self, entry: Entry, step: StepEntry) -> bool:
        """Whether a step that may have gone out has arrived; ends it then.

        `False` after nothing was found twice, the settling time apart: it may be sent (again). What mails is
        not: that stops as `uncertain`. An update by id may simply be sent again.
        """
        if step.created_id is None and step.step.creates is None and step.step.repeatable:
            return False
        for again in range(LOOKS):
            if again:
                await self._sleep(self._connector.capabilities.settling)
            found = await self._look(entry, step)
            if found.outcome == "ours":
                step.created_id = found.created_id
                self._journal(entry, step, created_id=found.created_id)
                await self._check(entry, step, Applied())
                return True
            step.absent = again + 1
            self._journal(entry, step, absent=step.absent, looked_at=self._clock())
            if found.outcome == "colleague":
                raise _uncertain(entry, "the same text stands there under another name")
        if step.step.mails and step.state in ("sending", "unknown"):
            raise _uncertain(entry, "and it may mail somebody")
        return False

    async def _look(self, entry: Entry, step: StepEntry) -> Found:
        if step.created_id is not None:
            return Found("ours", step.created_id)
        if step.step.creates is not None:
            return await look(self._databases, self._connection, self._connector, entry, step)
        ticket = await self._psa.ticket(entry)
        return Found("absent" if await self._psa.different(entry, step, ticket) else "ours")

    # ------------------------------------------------------------ after

    async def _check(self, entry: Entry, step: StepEntry, applied: Applied) -> None:
        """Compares what the PSA now has with what was asked, and ends the step. The answer counts if it
        fits; else the PSA is read again, twice across its settling time."""
        plan = step.step
        if plan.creates is not None and step.created_id is None:
            await self._find_created(entry, step)
        wrong = [] if applied.ticket is None else await self._psa.wrong(entry, step, applied.ticket)
        if plan.sets and (applied.ticket is None or wrong):
            for again in range(LOOKS):
                if again:
                    await self._sleep(self._connector.capabilities.settling)
                wrong = await self._psa.wrong(entry, step, await self._psa.ticket(entry))
                if not wrong:
                    break
        if wrong:
            self._journal(entry, step, state="waiting")
            said = f' It said: "{clean(applied.said)}"' if applied.said else ""
            raise Halt(
                "rejected",
                f"{self._connector.title} answered without an error, but {'; '.join(wrong)}.{said}",
                kind="rejected",
            )
        self._end(entry, step, "done")

    async def _find_created(self, entry: Entry, step: StepEntry) -> None:
        """The PSA said yes and not what it made: find it, so that it is claimed."""
        for again in range(LOOKS):
            if again:
                await self._sleep(self._connector.capabilities.settling)
            found = await self._look(entry, step)
            if found.created_id is not None:
                step.created_id = found.created_id
                self._journal(entry, step, created_id=found.created_id)
                return
        raise _uncertain(entry, "the PSA said yes, and nothing like it can be found")

    # ------------------------------------------------------------ the journal

    def _begin(self, entry: Entry, step: StepEntry) -> None:
        """Committed before the request goes out. Raises `Withdrawn` if somebody took the change back."""
        step.attempts += 1
        with self._databases.journal.begin() as db:
            sending = move(
                db,
                entry.change,
                ("queued", "sending"),
                state="sending",
                sent_at=self._clock(),
                next_try_at=None,
            )
            if not sending:
                raise Withdrawn(entry.change)
            set_step(
                db,
                entry.change,
                step.position,
                state="sending",
                attempts=step.attempts,
                baseline=step.baseline,
                absent=0,
            )
        step.state = "sending"

    def _not_sent(self, entry: Entry, step: StepEntry, attempts: int) -> None:
        """The request was certainly not carried out: the step is as it was before."""
        step.attempts = attempts
        step.state = "waiting"
        self._journal(entry, step, state="waiting", attempts=attempts)

    def _answered(self, entry: Entry, step: StepEntry, applied: Applied) -> None:
        step.created_id = applied.created_id
        self._journal(entry, step, created_id=applied.created_id, said=applied.said or None)

    def _end(self, entry: Entry, step: StepEntry, state: str) -> None:
        step.state = state
        self._journal(entry, step, state=state, done_at=self._clock())

    def _journal(self, entry: Entry, step: StepEntry, **values: object) -> None:
        with self._databases.journal.begin() as db:
            set_step(db, entry.change, step.position, **values)


async def _to_its_end(request: Coroutine[None, None, Applied]) -> Applied:
    """Whoever quits waits for a request that is out, for `PATIENCE` at most: else nobody knows of a mail."""
    task = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait({task}, timeout=PATIENCE)
        finally:
            task.cancel()
        if task.done() and not task.cancelled() and task.exception() is not None:
            log.info("A request ended while deskzero was quitting: it is looked up at the next start.")
        raise


def _uncertain(entry: Entry, why: str) -> Halt:
    return Halt(
        "uncertain",
        f"It is not known whether the {entry.verb} of #{clean(entry.number)} arrived, {why}.",
        hint=f"Look in the PSA: `deskzero outbox --drop {entry.change}` if it is there, `--retry {entry.change}`"
        " sends it again.",
        kind="uncertain",
    )


def _halt(error: ConnectorError) -> Halt:
    """What an error while reading, or one that refuses the whole connection, means for the change: it waits."""
    after = error.retry_after if isinstance(error, Throttled) else None
    stops = isinstance(error, (Throttled, Unauthorized, Forbidden))
    stops = stops or (isinstance(error, Unreachable) and not error.sent)
    return Halt("queued", clean(str(error)), hint=error.hint, kind=error.kind, retry_after=after, stops=stops)
