"""The engine: one background thread with an event loop of its own, where the PSA is talked to and things are written.

It starts after the first paint, because what it imports (sqlmodel, httpx, keyring) costs more than half of
that paint. Screens ask it with `await engine.call(lambda desk: desk.prepare(...))`; what it does by itself
(a sync every `settings.sync_every` seconds, sending what is due each second) it tells by messages. The screen
never waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message

from store.database_problems import DatabaseProblem
from tui import messages

if TYPE_CHECKING:
    from store.desk import Desk
    from store.sync_round import Progress

T = TypeVar("T")
log = logging.getLogger(__name__)


class EngineStopped(Exception):
    """The engine has ended or never came up; `str()` says why."""


class CannotSave(EngineStopped):
    """A database cannot be used or written, as on a full disk: nothing was saved. `hint` says what to do."""

    def __init__(self, problem: DatabaseProblem) -> None:
        super().__init__(str(problem))
        self.hint = problem.hint


def _log_failure(writes: asyncio.Future[T]) -> None:
    if not writes.cancelled() and (error := writes.exception()) is not None:
        log.error("writing failed after its flow had ended", exc_info=error)


class Engine:
    """Runs a `Desk` in a thread. All methods are called from the app's own thread."""

    def __init__(
        self,
        open_desk: Callable[[], Desk],
        post: Callable[[Message], object],
        *,
        sync_every: float,
        push_every: float = 1.0,
        syncs: bool = True,
    ) -> None:
        """`open_desk` is called in the thread and does the heavy imports. `post` must be safe from threads."""
        self._open_desk = open_desk
        self._post = post
        self._sync_every = sync_every
        self._push_every = push_every
        self._syncs = syncs
        self._loop: asyncio.AbstractEventLoop | None = None
        self._desk: Desk | None = None
        self._up = threading.Event()
        self._why_not = ""
        self._thread: threading.Thread | None = None
        self._wanted: asyncio.Event | None = None
        self._stop: asyncio.Event | None = None
        self._leaving = False
        self.syncing = False
        """A round is running now. Read from the screen."""
        self._writes = 0

    @property
    def writing(self) -> bool:
        """Whether something is being written down that no longer can be given up."""
        return self._writes > 0

    @property
    def started(self) -> bool:
        """Whether the thread was begun, by the app or by somebody who asked for something."""
        return self._thread is not None

    def start(self) -> None:
        """Begins the thread; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
            self._thread.start()

    async def call(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        """Runs `work(desk)` on the engine's loop and gives its result or its error here.

        Starts the engine if nothing has yet: whoever asks is not left waiting for a start that may never come.
        A request that is out is not cancelled when the caller is: whoever started to write finishes. Raises
        `EngineStopped`, `CannotSave`, and what `work` raises.
        """
        self.start()
        if not self._up.is_set():
            await asyncio.to_thread(self._up.wait)
        if self._loop is None or self._desk is None:
            raise EngineStopped(self._why_not or "the engine has stopped")
        desk = self._desk

        async def run() -> T:
            return await work(desk)

        future = asyncio.run_coroutine_threadsafe(run(), self._loop)
        try:
            return await asyncio.shield(asyncio.wrap_future(future))
        except DatabaseProblem as problem:
            raise CannotSave(problem) from problem

    async def write(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        """As `call`, for what puts something into the outbox or takes it out: `writing` until that has ended, also
        when the caller has been cancelled meanwhile."""

        async def counted() -> T:
            try:
                return await self.call(work)
            finally:
                self._writes -= 1

        self._writes += 1
        writes = asyncio.ensure_future(counted())
        try:
            return await asyncio.shield(writes)
        except asyncio.CancelledError:
            writes.add_done_callback(_log_failure)  # nobody else is left to hear of it
            raise

    def sync_now(self) -> None:
        """Asks for a round now, by a person. While one runs, another follows it."""
        if self._loop is not None and self._wanted is not None:
            self._loop.call_soon_threadsafe(self._wanted.set)

    async def stop(self) -> None:
        """Ends the thread after what is being sent has ended; at most a few seconds."""
        self._leaving = True
        if self._thread is None:
            return
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join, 8.0)

    # ------------------------------------------------------------ in the thread

    def _run(self) -> None:
        try:
            self._desk = self._open_desk()
        except Exception as error:
            log.error("the engine could not start", exc_info=error)
            self._why_not = str(error) or type(error).__name__
            self._up.set()
            hint = getattr(error, "hint", "") or "See `deskzero doctor`."
            self._post(messages.EngineFailed(f"Writing and syncing are off: {self._why_not}", hint))
            return
        asyncio.run(self._live(self._desk))

    async def _live(self, desk: Desk) -> None:
        self._loop = asyncio.get_running_loop()
        self._wanted, self._stop = asyncio.Event(), asyncio.Event()
        if self._leaving:  # asked to stop while the databases were being opened
            self._stop.set()
        self._up.set()
        self._post(messages.EngineReady())
        self._tell_notes(desk)
        ticks = [asyncio.create_task(self._push_tick(desk))]
        if self._syncs:
            ticks.append(asyncio.create_task(self._sync_tick(desk)))
        try:
            await self._stop.wait()
        finally:
            for tick in ticks:
                tick.cancel()
            await asyncio.gather(*ticks, return_exceptions=True)
            self._loop = None
            await desk.close()

    async def _sync_tick(self, desk: Desk) -> None:
        assert self._wanted is not None
        asked = False
        while True:
            self._wanted.clear()
            await self._round(desk, asked=asked)
            try:
                await asyncio.wait_for(self._wanted.wait(), self._sync_every)
                asked = True
            except TimeoutError:
                asked = False

    async def _round(self, desk: Desk, *, asked: bool) -> None:
        self.syncing = True
        self._post(messages.SyncStarted(asked))
        started = time.monotonic()
        try:
            reports = await desk.sync(force=asked, progress=self._progress)
        except Exception as error:
            log.error("sync failed", exc_info=error)
            self._post(messages.SyncEnded(asked, str(error) or type(error).__name__, failed=True))
        else:
            log.info("synced %d connections in %.1f s", len(reports), time.monotonic() - started)
            unasked = tuple(report.connection for report in reports if not report.ok)
            self._post(messages.SyncEnded(asked, unasked=unasked))
        finally:
            self.syncing = False
        self._tell_notes(desk)

    def _tell_notes(self, desk: Desk) -> None:
        if desk.databases.notes:
            self._post(messages.Noted(tuple(desk.databases.notes)))
            desk.databases.notes.clear()

    def _progress(self, progress: Progress) -> None:
        self._post(messages.SyncProgress(progress.connection, progress.done, progress.total))

    async def _push_tick(self, desk: Desk) -> None:
        while True:
            await asyncio.sleep(self._push_every)
            try:
                outcomes = await desk.push()
            except Exception as error:
                log.error("sending failed", exc_info=error)
                said = f"Sending failed: {error or type(error).__name__}"
                self._post(messages.EngineFailed(said, getattr(error, "hint", "")))
                await asyncio.sleep(10 * self._push_every)
                continue
            if outcomes:
                self._post(messages.ChangesMoved(tuple(outcomes)))
