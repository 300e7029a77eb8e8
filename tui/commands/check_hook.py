"""`deskzero check --hook`: the day's gate for logout scripts, timers and lock-screen wrappers.

One line, an exit code, and an end within its time: it reads and never sends, asks nobody anything, and leaves by
force where something (a keyring, a name server, a password manager) does not come back.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from tui.commands.out import counted, iso, now, say, say_json
from tui.problem import CANNOT_TELL, INTERRUPTED, NOT_ZERO, Problem, explain

if TYPE_CHECKING:
    from store.check import Verdict
    from store.day_gate import Standing
    from store.home import Home
    from store.overrides import Override
    from store.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
LIMIT = 20.0
"""Seconds in which the PSA may answer, unless somebody says otherwise."""
GRACE = 5.0
"""Seconds more for saying what is known then; as many for keeping a reason, and for closing the databases."""
CODES = {"zero": 0, "signed_off": 0, "not_zero": NOT_ZERO, "cannot_tell": CANNOT_TELL}


@dataclass(frozen=True)
class Wish:
    """What the command line asks of the gate."""

    gates: Sequence[str] | None = None
    offline: bool = False
    limit: float = LIMIT
    """Seconds."""
    because: str = ""
    approved_by: str = ""
    as_json: bool = False


class Stuck(Exception):
    """What was asked for did not come within its time."""


def run_hook(home: Home, settings: Settings, wish: Wish) -> int:
    """Asks, tells in one line (or one JSON document) and gives the exit code.

    Raises `Problem` for a wrong usage. Where something did not come back the process ends here.
    """
    _check(wish, settings)
    work = _InTime()
    try:
        standing = _standing(home, settings, wish, work)
        kept: Override | None = None
        refused = ""
        if wish.because and CODES[standing.verdict]:
            kept, refused = _override(home, settings, wish, standing, work)
        code = 0 if kept is not None else CODES[standing.verdict]
        line = _line(standing, settings, kept, refused)
        if wish.as_json:
            say_json(_document(standing, kept, line, code))
        else:
            say(line)
    except KeyboardInterrupt:
        code = INTERRUPTED
    if work.is_stuck():
        _leave(code)
    return code


def _check(wish: Wish, settings: Settings) -> None:
    from store.audit import os_user

    mine = {one.technician.casefold() for one in settings.connections.values()} | {os_user().casefold()}
    if wish.approved_by and wish.approved_by.casefold() in mine:
        raise Problem(f"--approved-by {wish.approved_by} is you", "Name whoever lets the day end like this.")


# ---------------------------------------------------------------- asking


def _standing(home: Home, settings: Settings, wish: Wish, work: _InTime) -> Standing:
    """How the gate stands; whatever goes wrong, zero is not known."""
    from store.day_gate import Standing

    try:
        found: Standing = work.result(wish.limit + GRACE, partial(_ask, home, settings, wish))
        return found
    except Stuck:
        return Standing(_unknown(_too_late(wish)))
    except Exception as error:
        problem = explain(error)
        if problem is None:
            raise
        return Standing(_unknown(f"{str(problem).rstrip('.')}. {problem.hint}"))


def _ask(home: Home, settings: Settings, wish: Wish, answered: Callable[[Standing], None]) -> None:
    """In a thread of its own. Tells the answer before it puts anything away: that may take longer."""
    from store.day_gate import standing
    from store.desk import Desk
    from store.log import start_log

    until = time.monotonic() + wish.limit

    async def ask() -> None:
        async with Desk(home, settings) as desk:
            late = False
            if not wish.offline:
                try:
                    async with asyncio.timeout(until - time.monotonic()) as bound:
                        # It only reads: what waits in the outbox is for whoever wrote it, or for its sender.
                        await desk.sync(read_all=True, force=True, sends=False)
                except TimeoutError:
                    if not bound.expired():
                        raise
                    late = True
            found = standing(
                desk.reader, settings, home, now=desk.now, gates=wish.gates, asked=not wish.offline
            )
            answered(_doubting(found, _too_late(wish)) if late else found)

    start_log(home.log)
    asyncio.run(ask())


def _too_late(wish: Wish) -> str:
    return f"There was no whole answer within {wish.limit:g} seconds"


def _doubting(standing: Standing, why: str) -> Standing:
    """What the cache knows, which is no answer: the PSA did not give one in time."""
    import msgspec

    known = standing.answer
    left = f"; {known.to_zero} to go by what was read before" if known.to_zero else ""
    why = f"{why}{left}."
    answer = msgspec.structs.replace(
        known, verdict="cannot_tell", why=(why, *known.why), doubts=known.doubts + 1
    )
    return msgspec.structs.replace(
        standing, answer=answer, came_up={}, new_doubts=(why, *standing.new_doubts)
    )


def _unknown(why: str) -> Verdict:
    from store.check import Verdict

    return Verdict(
        verdict="cannot_tell", to_zero=0, counts={}, synced_at=None, outbox=0, quarantined=0, aged_out=0,
        why=(why,), doubts=1,
    )  # fmt: skip


# ---------------------------------------------------------------- a reason in place of zero


def _override(
    home: Home, settings: Settings, wish: Wish, standing: Standing, work: _InTime
) -> tuple[Override | None, str]:
    """The override that was kept; else why it does not count, in a sentence."""
    from store.audit import os_user
    from store.database_problems import DatabaseProblem
    from store.day_gate import day_of, technicians
    from store.overrides import Override, keep, since, week_begins

    at = now()
    one = Override(
        at=at,
        who=technicians(settings),
        os_user=os_user(),
        day=day_of(at, settings),
        verdict=standing.verdict,
        to_zero=sum(standing.came_up.values()) if standing.came_up else standing.answer.to_zero,
        why=standing.answer.why,
        reason=wish.because,
        approved_by=wish.approved_by,
    )

    def kept(answered: Callable[[str], None]) -> None:
        before = len(since(home, week_begins(at, settings.timezone)))
        most = settings.overrides_before_approval
        if most and before >= most and not wish.approved_by:
            answered(
                f"This week has {counted(before, 'override')} already: --approved-by NAME is wanted beside --because"
            )
            return
        keep(home, one)
        answered("")

    try:
        refused = work.result(GRACE, kept)
    except Stuck:
        refused = "Whether the reason was kept is not known: the journal is busy"
    except (sqlite3.Error, DatabaseProblem) as error:
        refused = f"The reason could not be kept: {str(error).rstrip('.')}"
    return (None, refused) if refused else (one, "")


# ---------------------------------------------------------------- telling


def _line(standing: Standing, settings: Settings, kept: Override | None, refused: str) -> str:
    if kept is not None:
        approved = f", approved by {kept.approved_by}" if kept.approved_by else ""
        return f"PASSED WITH A REASON ({kept.reason}){approved}: {_how_it_stands(standing, settings)}"
    line = _how_it_stands(standing, settings)
    if refused:
        return f"{line}. {refused}"
    return f"{line}. {_advice(settings)}" if CODES[standing.verdict] else line


def _how_it_stands(standing: Standing, settings: Settings) -> str:
    answer, signed = standing.answer, standing.signed
    match standing.verdict:
        case "zero":
            return f"ZERO, asked {_clock(answer.synced_at, settings)}"
        case "signed_off":
            assert signed is not None
            mine = standing.left - standing.to_others
            kept = f", {mine} stays" if mine == 1 else f", {mine} stay" if mine else ""
            others = f", {standing.to_others} left to others" if standing.to_others or not mine else ""
            return f"signed off {_clock(signed.at, settings)}{others}{kept}"
        case "cannot_tell":
            doubts = standing.new_doubts or answer.why
            more = f" (and {counted(len(doubts) - 1, 'thing')} more)" if len(doubts) > 1 else ""
            return f"CANNOT TELL: {doubts[0].rstrip('.')}{more}"
        case _:
            counts = standing.came_up or {kind: one.must for kind, one in answer.counts.items()}
            some = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
            since = f", since the sign-off at {_clock(signed.at, settings)}" if signed is not None else ""
            known = " as far as is known" if answer.doubts else ""
            return f"NOT ZERO, {sum(counts.values())} to go{known}{since}: {some}"


def _advice(settings: Settings) -> str:
    from tui import keymap
    from tui.key_wishes import keymap_of

    keymap.use(keymap_of(settings.keys))
    return f"Run deskzero, {keymap.label('queue.end_of_day')} is the end of the day"


def _clock(seconds: int | None, settings: Settings) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    if seconds is None:
        return "never"
    return datetime.fromtimestamp(seconds, ZoneInfo(settings.timezone)).strftime("%H:%M")


def _document(standing: Standing, kept: Override | None, line: str, code: int) -> dict[str, Any]:
    from connectors.text import clean
    from store.check import as_json

    signed = standing.signed
    return as_json(standing.answer) | {
        "to_zero": standing.answer.to_zero if standing.answer.counts else None,
        "why": [clean(sentence) for sentence in standing.answer.why],
        "gate": standing.verdict,
        "passes": code == 0,
        "line": clean(line),
        "signed_off": None
        if signed is None
        else {
            "at": iso(signed.at),
            "who": clean(signed.who),
            "left": standing.left,
            "to_others": standing.to_others,
            "came_up": standing.came_up,
        },
        "override": None
        if kept is None
        else {"reason": clean(kept.reason), "approved_by": clean(kept.approved_by) or None},
    }


# ---------------------------------------------------------------- in time


class _InTime:
    """Work in daemon threads, each with its time. What does not come back must not keep the program from ending."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def result(self, seconds: float, work: Callable[[Callable[[T], None]], None]) -> T:
        """What `work` tells by the function that it gets. Raises what `work` raises, `Stuck` after so many seconds."""
        told: Future[T] = Future()

        def run() -> None:
            try:
                work(told.set_result)
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                if told.done():
                    log.warning("after the answer: %s", type(error).__name__)
                else:
                    told.set_exception(error)

        thread = threading.Thread(target=run, name="hook", daemon=True)
        self._threads.append(thread)
        thread.start()
        try:
            return told.result(timeout=seconds)
        except TimeoutError:
            raise Stuck from None

    def is_stuck(self) -> bool:
        """Whether something is still under way after the time for putting it away."""
        until = time.monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return any(thread.is_alive() for thread in self._threads)


def _leave(code: int) -> None:
    """Ends the process now: at the usual end Python would wait for threads that do not come back.

    SQLite's transactions are whole or not there; that this process left so, the next one sees by its mark and looks.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)
