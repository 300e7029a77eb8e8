"""Carries out one step of a change: read, compare, journal, send, compare again.

Before a step its fields (and, for what could bury a reply, the conversation) are read again; what the PSA
already has is not written; what somebody else has changed is a conflict. After it the server's answer is
compared with what was asked. How it ended is in the journal before anything else happens.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from zoneinfo import ZoneInfo

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
from store.outbox_rows import Entry, StepEntry
from store.reasons import when
from store.sender_compare import Halt, PsaSide, could_bury
from store.sender_journal import Clock, StepJournal
from store.settings import Connection, Settings

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

MOST_READS = 5
"""How often a ticket that changes under our hands (412) is read and tried again in one go."""
LOOKS = 2
"""How often nothing must be found, across the PSA's settling time, before a POST counts as not arrived."""


FRESH = 1.0
"""Seconds after which a comparison is old: the shorter the time to our write, the less goes unseen in it."""
READ_AGAIN = 2
"""How often it is then made again; a PSA that always answers slowly is written to all the same."""

PATIENCE = 6.0
"""Seconds for which quitting waits for the answer to a request that is out."""


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
        self._journal = StepJournal(databases, clock)
        self._psa = PsaSide(databases, settings, connection, connector)

    async def carry(self, entry: Entry, step: StepEntry) -> None:
        """Brings one step to its end (`done` or `already`). Raises `Halt` or `Withdrawn`."""
        try:
            tried = step.state in ("sending", "unknown") or step.attempts > 0
            if tried and await self._arrived(entry, step):
                return
            resent, patience = tried, READ_AGAIN
            for _ in range(MOST_READS):
                read_at = time.time()
                ticket = await self._psa.ticket(entry)
                writes, conversation = await self._psa.must_write(entry, step, ticket)
                if not writes:
                    # Asked for earlier and now so: ours. Never asked for: somebody else's, nothing to undo.
                    self._journal.end(entry, step, "done" if step.attempts else "already")
                    return
                await self._baseline(entry, step, conversation)
                if patience and time.time() - read_at > FRESH:
                    patience -= 1  # the reads took long, or the machine slept: what was compared is old
                    continue
                try:
                    if await self._send(entry, step, ticket.version, read_at):
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

    async def _baseline(self, entry: Entry, step: StepEntry, conversation: Conversation | None) -> None:
        """What the ticket has before the first attempt at a POST is not ours."""
        if step.step.creates is not None and (step.baseline is None or step.attempts == 0):
            step.baseline = to_json(await baseline(self._connector, step, entry.ticket_id, conversation))

    async def _send(self, entry: Entry, step: StepEntry, version: str | None, read_at: float) -> bool:
        """Sends and checks; `False` where the ticket changed in between (412) and is to be read again."""
        before = step.attempts
        self._journal.begin(entry, step, read_at)
        try:
            applied = await _to_its_end(self._request(entry, step, version))
        except Conflict as conflict:
            self._journal.not_sent(entry, step, before, conflict)
            return False
        except (Rejected, Unsupported, NotThere, Forbidden, UnknownName) as error:
            self._journal.not_sent(entry, step, before, error)
            raise Halt("rejected", clean(str(error)), hint=error.hint, kind=error.kind) from error
        except (Throttled, Unauthorized) as error:
            self._journal.not_sent(entry, step, before, error)
            raise
        except ConnectorError as error:
            if isinstance(error, Unreachable) and not error.sent:
                self._journal.not_sent(entry, step, before, error)
                raise
            await self._unknown(entry, step, error)
            return True
        await self._check(entry, step, applied)
        return True

    async def _request(self, entry: Entry, step: StepEntry, version: str | None) -> Applied:
        """The request and, before anything else happens, its answer in the journal."""
        applied = await self._connector.apply(step.step, version)
        self._journal.answered(entry, step, applied)
        return applied

    async def unseen(self, entry: Entry) -> None:
        """Whether the customer wrote between our reading and our write, asked when all steps have arrived.

        Such a note is answered, loses its flag or is closed over unread, and no rule might show it ever after: a
        person is told. It is asked before the change is confirmed, so a crash in between asks again. An internal
        note buries nothing. A conditional write is no reason not to ask: the server compares when a request begins
        (RT 5.0.3: the newest transaction's id, outside of the database's transaction) and commits later. Raises
        `Halt`, `ConnectorError`.
        """
        if not any(self._may_have_slipped(step) for step in entry.steps):
            return
        try:
            conversation = await self._connector.conversation(entry.ticket_id)
            self._psa.read_up_to(entry, conversation)
        except ConnectorError as error:
            waits = _halt(error)
            waits.state = "sending"  # all of it has gone out
            waits.hint = (
                f"The {entry.verb} is in the PSA; whether the customer wrote meanwhile is asked again."
            )
            raise waits from error
        except Halt as halt:
            raise Halt(
                "conflict",
                f"The customer wrote on #{clean(entry.number)} in the moment in which the {entry.verb} went out;"
                " it is in the PSA.",
                hint=f"Read it (`deskzero show {clean(entry.number)}`), then `deskzero undo {entry.change}` or"
                f" `deskzero outbox --retry {entry.change}`: read, and it stays.",
                kind="conflict",
                detail=halt.detail,
            ) from None

    def _may_have_slipped(self, step: StepEntry) -> bool:
        plan = step.step
        inside = plan.creates is not None and not plan.public
        return step.state == "done" and could_bury(step) and not inside

    async def _unknown(self, entry: Entry, step: StepEntry, error: ConnectorError) -> None:
        """Nobody knows whether it arrived: look now; what cannot be looked up waits as `unknown`.

        Raises `_Lost` where it has not arrived and may be sent again.
        """
        self._journal.unknown(entry, step, error)
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
        not: that stops as `uncertain`. An update by id is compared again and may be sent again, once what may
        still be on its way has had its time: it must not arrive after somebody else's later change.
        """
        if step.created_id is None and step.step.creates is None and step.step.repeatable:
            settling = self._connector.capabilities.settling
            left_behind = step.state == "sending"  # by a process that died, perhaps long ago
            if not left_behind or 0 <= self._clock() - (entry.sent_at or 0) <= settling:
                await self._sleep(settling)
            return False
        for again in range(LOOKS):
            if again:
                await self._sleep(self._connector.capabilities.settling)
            found = await self._look(entry, step)
            if found.outcome == "ours":
                self._journal.found(entry, step, found.created_id)
                await self._check(entry, step, Applied())
                return True
            self._journal.absent(entry, step, again + 1)
            if found.outcome == "colleague":
                raise self._uncertain(entry, "the same text stands there under another name")
        if step.step.mails and step.state in ("sending", "unknown"):
            looked = f"looked for {LOOKS} times, nothing like it is on the ticket, and it may mail somebody"
            raise self._uncertain(entry, looked)
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
            self._journal.wrong(entry, step, "; ".join(wrong))
            said = f' It said: "{clean(applied.said)}"' if applied.said else ""
            raise Halt(
                "rejected",
                f"{self._connector.title} answered without an error, but {'; '.join(wrong)}.{said}",
                kind="rejected",
            )
        self._journal.end(entry, step, "done")

    async def _find_created(self, entry: Entry, step: StepEntry) -> None:
        """The PSA said yes and not what it made: find it, so that it is claimed."""
        for again in range(LOOKS):
            if again:
                await self._sleep(self._connector.capabilities.settling)
            found = await self._look(entry, step)
            if found.created_id is not None:
                self._journal.found(entry, step, found.created_id)
                return
        raise self._uncertain(entry, "the PSA said yes, and nothing like it can be found")

    def _uncertain(self, entry: Entry, known: str) -> Halt:
        """Nobody can tell: what is known, and the two ways out."""
        sent = when(entry.sent_at, ZoneInfo(self._connection.timezone), self._clock())
        return Halt(
            "uncertain",
            f"It is not known whether the {entry.verb} of #{clean(entry.number)} arrived: sent {sent}, {known}.",
            hint=f"Look in the PSA: `deskzero outbox --drop {entry.change}` if it is there,"
            f" `--retry {entry.change}` sends it again.",
            kind="uncertain",
        )


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


def _halt(error: ConnectorError) -> Halt:
    """What an error while reading, or one that refuses the whole connection, means for the change: it waits."""
    after = error.retry_after if isinstance(error, Throttled) else None
    stops = isinstance(error, (Throttled, Unauthorized, Forbidden))
    stops = stops or (isinstance(error, Unreachable) and not error.sent)
    return Halt("queued", clean(str(error)), hint=error.hint, kind=error.kind, retry_after=after, stops=stops)
