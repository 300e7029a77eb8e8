"""Taking back, and leaving: `u`, `U`, `q`."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING

from textual.content import Content

from connectors.text import clean
from store import drafts, timers
from store.changes import DECIDE_STATES
from store.database_problems import DatabaseProblem
from store.drafts import Draft
from store.home import Home
from store.read import CacheUnreadable, Reader
from store.read_records import ChangeView, TicketView
from store.timers import Stopwatch
from tui import orders
from tui.engine import EngineStopped
from tui.keymap import label
from tui.messages import Saved
from tui.orders import Refused, kept_side
from tui.screens.confirm import Ask
from tui.screens.undo_list import UndoList, can_take_back, undo_items
from tui.text import fit, spent
from tui.watch import moved, named, shown, what
from tui.widgets.status_line import Said

if TYPE_CHECKING:
    from tui.app import Deskzero
    from tui.screens.queue_base import QueueBase

SENDING = 30
"""Seconds that a mail may take to leave, before quitting is given up."""
RECENT = 600
"""Seconds: an older change is taken back from the list only, which names it and asks."""


class Back:
    """What `u`, `U` and `q` do."""

    def __init__(self, screen: QueueBase) -> None:
        self.screen = screen

    @property
    def app(self) -> Deskzero:
        return self.screen.deskzero

    async def undo(self) -> None:
        """A held mail first, then the last change of this session; anything older through the list."""
        changes = await self.app.read(lambda reader: reader.changes(True))
        change = last_one(changes)
        if change is None:
            self.screen.tell("There is nothing to take back.", "info")
            return
        if not can_take_back(self.app, change) and change.state == "confirmed":
            # An older one in its place would be a surprise: the list asks.
            self.screen.tell(f"{named(change)} is in the PSA and stays there.", "info")
            if undo_items(self.app, changes):
                await self.choose(changes)
            return
        fresh = self.app.now - change.created_at <= RECENT and self.screen.mine.is_mine(change.change)
        if change.state == "held" or fresh:
            await self.take_back(change)
        else:
            await self.choose(changes)

    async def choose(self, changes: list[ChangeView] | None = None) -> None:
        """The list asks which."""
        if changes is None:
            changes = await self.app.read(lambda reader: reader.changes(True))
        if not undo_items(self.app, changes):
            self.screen.tell("There is nothing to take back.", "info")
            return
        item = await self.app.push_screen_wait(UndoList(self.app, changes))
        if item is not None:
            await self.take_back(item.value)

    async def take_back(self, change: ChangeView) -> None:
        """Undoes one change, says what it was before and after, and goes to its ticket."""
        try:
            undone = await orders.taken_back(self.app.engine, change)
        except (Refused, EngineStopped) as error:
            self.screen.flows.refused(error)
            return
        for one in (undone, *undone.together):
            self.screen.mine.forget(one.change)
            if one.by is not None:
                self.screen.mine.undoing(one.by)
        if undone.together or undone.refused:
            stays = f" Not taken back: {' '.join(undone.refused)}" if undone.refused else ""
            count = 1 + len(undone.together)
            self.screen.tell(f"Taking back: {what(change)} on {count} tickets.{stays}", "wait")
        elif undone.by is None:
            timers.reopen(self.app.home, change.change)  # its time is there again, paused
            kept = kept_side(change)
            goes_on = f" The text is a draft again, {label(f'queue.{kept}')} goes on." if kept else ""
            self.screen.tell(f"{named(change)} was withdrawn: nothing was sent.{goes_on}", "done")
        else:
            self.screen.tell(f"Taking back: #{clean(change.number)} {_back(change)}", "wait")
        await self.screen.jump(change.connection, change.ticket_id, quiet=True)

    async def leave(self) -> None:
        """Quits; asks first when something is held, or when a text was begun and not sent."""
        try:
            changes = await self.app.read(lambda reader: reader.changes())
        except CacheUnreadable:  # it is on the screen already; nobody is kept here by it
            self.app.exit(0)
            return
        held = [change for change in changes if change.state == "held" and not change.asks]
        if held:
            answer = await self.app.push_screen_wait(_ask_held(held))
            if answer is None:
                return
            if answer == "send" and not await self._sent(held):
                return
            if answer == "withdraw" and not await self._withdrawn(held):
                return
        if not await self._drafts_may_wait() or not await self._timers_may_run():
            return
        self.app.exit(0)

    async def _timers_may_run(self) -> bool:
        """A stopwatch that runs is asked about: it goes on while the screen is shut."""
        now = self.app.now
        running = [one for one in await self.app.read(lambda reader: reader.timers()) if one.runs]
        if not running:
            return True
        answer = await self.app.push_screen_wait(_ask_timers(running, now))
        if answer == "pause":
            try:
                for one in running:
                    timers.pause(self.app.home, one.id, now=now)
            except (sqlite3.Error, DatabaseProblem) as error:
                self.screen.tell(f"The timer could not be paused: {error}", "bad")
                return False
        if answer == "log" and await self.screen.jump(running[0].connection, running[0].ticket_id):
            await self.screen.run_action("log_time")
        return answer in ("run", "pause")

    async def _drafts_may_wait(self) -> bool:
        """Names the texts that were not sent. They are kept whatever is answered."""
        try:
            kept = await self.app.read(lambda reader: _drafts(self.app.home, reader))
        except (CacheUnreadable, sqlite3.Error):
            return True
        if not kept:
            return True
        answer = await self.app.push_screen_wait(_ask_drafts(kept))
        if answer == "go":
            draft, _ = kept[0]
            await self.screen.jump(draft.connection, draft.ticket_id)
        return bool(answer == "quit")

    async def _sent(self, held: list[ChangeView]) -> bool:
        """Lets go of what was held and waits until it has left; what gets stuck keeps the screen open."""
        for change in held:
            try:
                await orders.released(self.app.engine, change)
            except Refused:
                continue  # it has gone, or was taken back, meanwhile: seen below
            except EngineStopped as error:
                self.screen.flows.refused(error)
                return False
        self.app.saved.publish(Saved())
        self.screen.tell("Quits as soon as it has left …", "wait")
        self.app.drop_keys()  # that may take a while: the list can be used meanwhile
        names = {change.change for change in held}
        until = time.monotonic() + SENDING
        while time.monotonic() < until:
            changes = [
                one for one in await self.app.read(lambda reader: reader.changes()) if one.change in names
            ]
            if not changes:
                return True
            for one in changes:
                if one.state in DECIDE_STATES:
                    self.screen.say(moved(one) or Said())
                    return False
            await asyncio.sleep(0.2)
        self.screen.tell(
            f"It could not be sent yet: it stays in the outbox. {label('queue.outbox')} shows it.", "warn"
        )
        return False

    async def _withdrawn(self, held: list[ChangeView]) -> bool:
        try:
            for change in held:
                await orders.taken_back(self.app.engine, change)
        except (Refused, EngineStopped) as error:
            self.screen.flows.refused(error)
            return False
        return True


def _ask_timers(running: list[Stopwatch], now: int) -> Ask:
    lines = [f"{spent(one.counted(now))}  #{clean(one.number)} {clean(one.company)}" for one in running[:5]]
    title = "a timer runs" if len(running) == 1 else f"{len(running)} timers run"
    return Ask(
        Content.styled(f"Quit? {title}", "bold"),
        Content("\n").join(Content(line) for line in lines),
        [
            ("p", f"pause and quit: {label('queue.log_time')} logs it next time", "pause"),
            ("k", "keep it running and quit", "run"),
            ("l", "log it now", "log"),
        ],
    )


def last_one(changes: list[ChangeView]) -> ChangeView | None:
    """What `u` would take back: the latest held one, else the latest that is out or on its way."""
    held = [change for change in changes if change.state == "held"]
    if held:
        return held[-1]
    able = [
        change
        for change in changes
        if change.undone_by is None
        and change.undo_of is None
        and (change.state in ("queued", "sending") or (change.state == "confirmed" and change.wrote))
    ]
    return able[-1] if able else None


def _back(change: ChangeView) -> str:
    parts = []
    for name, value in change.values.items():
        before = shown(change.was.get(name)) or "—"
        parts.append(f"{name.partition(':')[0].replace('_', ' ')} {shown(value) or '—'} → {before}")
    return ", ".join(dict.fromkeys(parts)) or clean(change.verb)


def _ask_held(held: list[ChangeView]) -> Ask:
    lines = [Content(f"{named(change)} · {clean(change.company)}") for change in held]
    title = "1 mail is held" if len(held) == 1 else f"{len(held)} are held"
    return Ask(
        Content.styled(f"Quit? {title} and can still be taken back", "bold"),
        Content("\n").join(lines),
        [
            ("s", "send now: quit as soon as it has left", "send"),
            ("k", "keep: the next deskzero that runs sends it when it is due", "keep"),
            ("w", "withdraw: nothing is sent", "withdraw"),
        ],
    )


def _drafts(home: Home, reader: Reader) -> list[tuple[Draft, TicketView | None]]:
    """Texts that were begun and not sent, the newest first, with their tickets."""
    mine = [draft for draft in drafts.every(home) if draft.connection in reader.settings.connections]
    return [(draft, reader.ticket(draft.connection, draft.ticket_id)) for draft in mine]


def _ask_drafts(kept: list[tuple[Draft, TicketView | None]]) -> Ask:
    lines = []
    for draft, view in kept[:5]:
        named = f"{clean(view.record.number)} {clean(view.record.company)}" if view else draft.ticket_id
        lines.append(Content(fit(f"#{named} · {draft.side}: {clean(draft.text)}", 74).rstrip()))
    if len(kept) > len(lines):
        lines.append(Content(f"… and {len(kept) - len(lines)} more"))
    goes_on = f"{label('queue.reply')}, {label('queue.note')} or {label('queue.wrap_up')}"
    count = "1 draft is" if len(kept) == 1 else f"{len(kept)} drafts are"
    return Ask(
        Content.styled(f"Quit? {count} kept and not sent", "bold"),
        Content("\n").join(lines),
        [
            ("q", f"quit: it is still there next time, {goes_on} on the ticket goes on", "quit"),
            ("g", "go to the ticket" if len(kept) == 1 else "go to the first one's ticket", "go"),
        ],
    )
