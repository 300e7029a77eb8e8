"""The desk: what the command line and the screen share. It opens connectors and wires sync, outbox and rules.

All network verbs are async; database work is done where they run, so give a desk a thread with its own
event loop. Connectors are opened when first needed, and one that fails never hides the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import connectors
from connectors import OptionsError
from connectors.budget import STALE, personal, spare, told
from connectors.contract import Choice, ChoiceContext, Connector, ConnectorError, Identity, Unauthorized
from store import outbox, outbox_decide
from store.budget import Budgets
from store.cache_upkeep import set_state
from store.changes import Outcome
from store.check import Verdict, verdict
from store.choices import load_choices
from store.credentials import SecretError, secrets_of
from store.database import Databases
from store.due import is_due
from store.files import list_files
from store.fixes import Guard, Intent, Prepared, ReadUpTo, guards, prepare
from store.home import Home
from store.opening import open_connection
from store.overlay import rebuild_overlay, settle
from store.read import Reader
from store.read_records import ConnectionView
from store.refresh import refresh_others_of_contact, refresh_tickets
from store.sender import push
from store.settings import Connection, Settings
from store.sync import sync_connection
from store.sync_round import Progress, SyncReport, Telling
from store.undo import Undone, undo

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

OPEN_AGAIN_SECONDS = 30.0
"""How long a connection without its secret is left alone when nobody asked for it."""

_SENDABLE = ("held", "queued", "sending")


@dataclass(frozen=True, slots=True)
class RoundReport:
    """What one round came to: what was sent first, then each connection's pull, in the settings' order."""

    outcomes: list[Outcome]
    reports: list[SyncReport]


class Desk:
    """One home, open for work. Close it when done."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        *,
        transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Opens the databases. `transports` and `secrets` (by connection) are for a PSA in this process, which
        has no limit; `clock` gives UTC seconds. Raises `DatabaseProblem`.
        """
        self.home, self.settings = home, settings
        self.clock = clock
        self.reader = Reader(home, settings, clock)
        self.databases = Databases.open(home, now=int(clock()))
        self._transports = transports or {}
        self._secrets = secrets or {}
        self._connectors: dict[str, Connector] = {}
        self._budgets = Budgets(home.budget)
        self._opening: dict[str, asyncio.Lock] = {}
        self._closed_until: dict[str, float] = {}
        self._listing: dict[str, asyncio.Lock] = {}
        self._rounds = asyncio.Lock()

    @property
    def now(self) -> int:
        """UTC seconds."""
        return int(self.clock())

    async def close(self) -> None:
        """Ends every connector's session and closes the databases."""
        opened, self._connectors = self._connectors, {}
        try:
            for connector in opened.values():
                await connector.close()
        finally:
            self._budgets.close()
            self.databases.close()

    async def __aenter__(self) -> Desk:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ------------------------------------------------------------ connectors

    async def connector(self, name: str) -> Connector:
        """The connection's connector, opened when first asked for.

        Raises `Unauthorized` for a secret that is nowhere and `ConnectorError` for options that are wrong.
        """
        lock = self._opening.setdefault(name, asyncio.Lock())
        async with lock:
            if name not in self._connectors:
                self._connectors[name] = await self._open(self.settings.connections[name])
            return self._connectors[name]

    async def _open(self, connection: Connection) -> Connector:
        try:
            secrets = self._secrets.get(connection.name)
            if secrets is None:  # a keyring or a command may take seconds
                secrets = await asyncio.to_thread(secrets_of, connection)
            transport = self._transports.get(connection.name)
            budget = self._budgets.of(connection) if transport is None else None
            return open_connection(connection, secrets, transport=transport, budget=budget)
        except SecretError as error:
            raise Unauthorized(str(error), hint=error.hint) from None
        except OptionsError as error:
            place = f"{self.home.config}: [connections.{connection.name}]"
            raise ConnectorError(f"{place} {error}", hint="Correct it in the settings.") from None

    async def _planner(self, name: str) -> Connector:
        """The connector to plan with. Planning sends nothing, so a missing secret (a locked keyring) does not
        keep a fix out of the outbox; it waits there until somebody lets us in."""
        try:
            return await self.connector(name)
        except Unauthorized:
            connection = self.settings.connections[name]
            nothing = dict.fromkeys(connectors.spec(connection.psa).secrets, "none")
            try:
                return open_connection(connection, nothing)
            except OptionsError as error:
                raise ConnectorError(str(error), hint="Correct it in the settings.") from None

    async def locked_out(self, name: str) -> ConnectorError | None:
        """Why the connection cannot be opened (no secret), if it cannot; no request is sent."""
        try:
            await self.connector(name)
        except ConnectorError as error:
            return error
        return None

    async def _let_go(self, name: str) -> None:
        """After refused credentials: the next round reads the secret again, it may have been replaced."""
        connector = self._connectors.pop(name, None)
        if connector is not None:
            await connector.close()

    async def verify(self, name: str) -> Identity:
        """Who we are at this connection's PSA, by real requests. Raises `ConnectorError`."""
        return await (await self.connector(name)).verify()

    # ------------------------------------------------------------ sync

    async def sync(
        self,
        *,
        full: bool = False,
        only: Collection[str] | None = None,
        read_all: bool = False,
        force: bool = False,
        sends: bool = True,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[SyncReport]:
        """One round; see `round`. A report for each connection that was due, also for one that failed."""
        return (
            await self.round(
                full=full, only=only, read_all=read_all, force=force, sends=sends, progress=progress
            )
        ).reports

    async def round(
        self,
        *,
        full: bool = False,
        only: Collection[str] | None = None,
        read_all: bool = False,
        force: bool = False,
        sends: bool = True,
        progress: Callable[[Progress], None] | None = None,
    ) -> RoundReport:
        """Sends what waits, then pulls every connection (or `only` these) and evaluates.

        `force`: a person asked, so queued changes are tried whatever their back-off, and a connection that is to be
        left alone longer (`store.due`) is read all the same. `read_all`: whatever conversation could have changed
        unnoticed is read, as `check` needs it. Without `sends` what waits stays where it is: the round only reads. One
        round at a time.
        """
        async with self._rounds:
            outcomes = await self.push(force=force) if sends else []
            names = [
                name
                for name in self.settings.connections
                if (only is None or name in only) and (force or is_due(self._state(name), self.now))
            ]
            ended = await asyncio.gather(
                *(self._sync_one(name, full=full, read_all=read_all, progress=progress) for name in names),
                return_exceptions=True,  # nobody is left running when one meets a broken database
            )
        reports: list[SyncReport] = []
        for report in ended:
            if isinstance(report, BaseException):
                raise report
            reports.append(report)
        return RoundReport(outcomes, reports)

    async def _sync_one(
        self, name: str, *, full: bool, read_all: bool, progress: Callable[[Progress], None] | None
    ) -> SyncReport:
        connection = self.settings.connections[name]
        try:
            connector = await self.connector(name)
        except ConnectorError as error:
            return self._not_opened(connection, error)
        telling = Telling(name, progress)
        with told(telling.waits), self._budgets.read(connection, first=not self._state(name).synced_at):
            report = await sync_connection(
                self.databases,
                connection,
                connector,
                self.settings,
                now=lambda: self.now,
                full=full,
                read_all_conversations=read_all,
                progress=telling.goes_on,
            )
        if report.error_kind == Unauthorized.kind:
            await self._let_go(name)
        self._lay_again(name)
        return report

    def _state(self, name: str) -> ConnectionView:
        return next(view for view in self.reader.states() if view.connection == name)

    def _lay_again(self, name: str) -> None:
        """After a pull: confirmed changes that it has read are done with, open ones go over the new rows."""
        touched = settle(self.databases, name, self.now) | rebuild_overlay(self.databases, name)
        if touched:
            outbox.lay(self.databases, self.settings, name, touched, self.now)

    def _not_opened(self, connection: Connection, error: ConnectorError) -> SyncReport:
        """A connection that fails before its first request is down like one that fails at it."""
        before = self._state(connection.name)
        with self.databases.cache.begin() as cache:
            set_state(
                cache,
                connection.name,
                psa=connection.psa,
                tried_at=self.now,
                error_kind=error.kind,
                error=str(error),
                hint=error.hint,
                since_down=before.since_down or self.now,
                requests=0,
            )
        return SyncReport(
            connection=connection.name, ok=False, error_kind=error.kind, error=str(error), hint=error.hint
        )

    # ------------------------------------------------------------ fixes

    async def prepare(
        self, connection: str, ticket_id: str, intent: Intent, *, read_up_to: ReadUpTo = "cache"
    ) -> Prepared:
        """What a fix would do, step by step; nothing is written. Raises `FixRefused`, `ConnectorError`."""

        async def ask(kind: str, context: ChoiceContext) -> Sequence[Choice]:
            asked = await self.connector(connection)
            return await load_choices(self.databases, connection, asked, kind, context, self.now)

        with personal():
            return await prepare(
                self.databases,
                self.settings,
                self.settings.connections[connection],
                await self._planner(connection),
                intent,
                ticket_id,
                now=self.now,
                read_up_to=read_up_to,
                choices=ask,
            )

    async def guards(self, connection: str, ticket_id: str, intent: Intent) -> tuple[Guard, ...]:
        """What the close guard would say of this fix, each thing apart. Asks nothing. Raises `FixRefused`."""
        return await guards(
            self.databases,
            self.settings.connections[connection],
            await self._planner(connection),
            intent,
            ticket_id,
            now=self.now,
        )

    async def submit(
        self,
        prepared: Prepared,
        *,
        immediately: bool = False,
        committed: Callable[[], object] = lambda: None,
    ) -> str:
        """Puts a fix into the outbox and shows it done; the change's id, or `outbox.NOT_SENT`.

        It is sent by the next `push`; `immediately`: without the time in which it could be taken back. `committed` is
        called as soon as it is durable.
        """
        connection = self.settings.connections[prepared.connection]
        return outbox.submit(
            self.databases,
            self.settings,
            connection,
            prepared,
            now=self.now,
            immediately=immediately,
            committed=committed,
        )

    async def submit_together(
        self, prepared: Sequence[Prepared], *, committed: Callable[[], object] = lambda: None
    ) -> list[str]:
        """One fix of several tickets, taken back as one; see `outbox.submit_together`. Raises `OutboxRefused`."""
        return outbox.submit_together(
            self.databases, self.settings, prepared, now=self.now, committed=committed
        )

    async def push(self, *, force: bool = False, wait: float = 0.0) -> list[Outcome]:
        """Sends what is due, unless another process is the sender: it is waited for `wait` seconds.

        `force`: also what waits after a failure. A connection that cannot be opened keeps what is its own.
        """
        sending = {view.connection for view in self.reader.changes() if view.state in _SENDABLE}
        if not sending:
            return []
        # Nothing of it waits longer than what was compared stays fresh: what cannot go now stays queued.
        with personal(patience=STALE):
            return await push(
                self.databases,
                self.settings,
                await self._openable(sending, force=force),
                self.home,
                now=lambda: self.now,
                force=force,
                wait=wait,
                refresh=self._refresh,
                others=self._others,
            )

    async def _openable(self, names: Collection[str], *, force: bool) -> dict[str, Connector]:
        """The connectors of those connections that can be opened.

        One that could not is left alone for a while: the screen asks each second, a locked keyring takes five.
        """
        found: dict[str, Connector] = {}
        for name in names:
            if not force and self._closed_until.get(name, 0.0) > time.monotonic():
                continue
            try:
                found[name] = await self.connector(name)
            except ConnectorError as error:
                self._closed_until[name] = time.monotonic() + OPEN_AGAIN_SECONDS
                log.warning("%s cannot be opened: %s", name, error.kind)
        return found

    async def _refresh(self, name: str, ticket_ids: Sequence[str]) -> Mapping[str, ConnectorError]:
        connector = await self.connector(name)
        connection = self.settings.connections[name]
        with spare():  # the next sync reads it anyway: the reserve is for what is to be sent
            return await refresh_tickets(
                self.databases,
                connection,
                connector,
                self.settings,
                ticket_ids,
                now=lambda: self.now,
                evaluates=False,
            )

    async def _others(self, name: str, ticket_id: str) -> None:
        connector = await self.connector(name)
        with spare():
            await refresh_others_of_contact(
                self.databases,
                self.settings.connections[name],
                connector,
                self.settings,
                ticket_id,
                now=lambda: self.now,
            )

    async def undo(self, change: str | None = None) -> Undone:
        """Takes back the last change, or the named one; the next `push` sends what puts values back.

        Raises `OutboxRefused`, `FixRefused`, `ConnectorError`.
        """
        names = {view.connection for view in self.reader.changes(all=True)}
        connectors = await self._openable(names, force=True)
        return undo(self.databases, self.settings, connectors, change, now=self.now)

    async def retry(self, change: str) -> str:
        """Queues a change again that waits for a decision: mine counts; its id. Raises `OutboxRefused`."""
        names = {view.connection for view in self.reader.changes()}
        connectors = await self._openable(names, force=True)
        return outbox_decide.retry(self.databases, self.settings, connectors, change, now=self.now)

    async def release(self, change: str) -> str:
        """Lets a held change go with the next `push`; its id. Raises `OutboxRefused`."""
        return outbox_decide.release(self.databases, self.settings, change, now=self.now)

    async def drop(self, change: str) -> str:
        """Gives a change up: theirs counts; its id. Raises `OutboxRefused`."""
        return outbox_decide.drop(self.databases, self.settings, change, now=self.now)

    # ------------------------------------------------------------ questions

    async def choices(
        self, connection: str, kind: str, context: ChoiceContext | None = None, *, fresh: bool = False
    ) -> list[Choice]:
        """Valid values of a field, from the cache where it has some, else (or with `fresh`) asked for."""
        context = context or ChoiceContext()
        if not fresh:
            known = self.reader.choices(
                connection, kind, board_id=context.board_id, company_id=context.company_id
            )
            if known:
                return known
        connector = await self.connector(connection)
        with personal():
            return await load_choices(self.databases, connection, connector, kind, context, self.now)

    async def list_files(self, connection: str, ticket_id: str) -> str:
        """Lists the ticket's files where its conversation was read without them; why they were not asked for, or
        nothing. For a ticket that somebody is reading: one at a time, and only with a request that is free now.
        """

        async def opened() -> Connector | None:
            return (await self._openable([connection], force=False)).get(connection)

        lock = self._listing.setdefault(connection, asyncio.Lock())
        async with lock:
            with spare():
                return await list_files(self.databases, connection, opened, ticket_id, now=self.now)

    async def check(
        self,
        *,
        gates: Sequence[str] | None = None,
        offline: bool = False,
        progress: Callable[[Progress], None] | None = None,
    ) -> Verdict:
        """Is it zero? Asks the PSAs first, unless `offline`; reads every conversation that could hide one."""
        if not offline:
            await self.sync(read_all=True, force=True, progress=progress)
        arguments: dict[str, Any] = {} if gates is None else {"gates": gates}
        return verdict(self.reader, self.settings, now=self.now, asked=not offline, **arguments)
