"""What all keys of the queue stand on: starting a flow on the ticket that is shown, giving it up, going to a ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import on, work
from textual.worker import Worker

from connectors.text import clean
from store.read import CacheUnreadable
from store.read_records import Row, TicketView, pane_number
from store.shown import Shown
from tui.engine import EngineStopped
from tui.keymap import label
from tui.messages import Saved
from tui.offers import why_not
from tui.orders import Refused
from tui.screens.queue_view import QueueView
from tui.typed_keys import FLOWS

if TYPE_CHECKING:
    from tui.asks import Item, Jump
    from tui.flows import Flows
    from tui.repeat import Repeat

OF_THE_CURSOR = ("reply", "note")
"""These act on the cursor's ticket while others are marked: their editor says whose it is before anything."""


class QueueBase(QueueView):
    """The queue without keys: `tui/screens/queue_*.py` add them, a subject each."""

    def __init__(self) -> None:
        super().__init__()
        self.last: Repeat | None = None
        """What `.` does once more."""

    @property
    def again(self) -> str:
        row = self.row
        if self.last is None or (not self.list.marks and (row is None or self.last.why_not(row))):
            return ""
        return clean(self.last.label)

    @property
    def flows(self) -> Flows:
        from tui.flows import Flows

        return Flows(self)

    # ------------------------------------------------------------ flows

    def _start(self, action: str, flow: Callable[[TicketView], Awaitable[object]]) -> None:
        """Runs a flow on the ticket under the cursor, as it is on the screen."""
        row = self.row
        no = why_not(action, row, self.can(row), ghost=self.list.is_ghost)
        if self.list.marks and action not in OF_THE_CURSOR:
            no = f"That goes ticket by ticket, and tickets are marked: {label('queue.back')} lets go of them."
        if no or row is None:
            self.deskzero.drop_keys()
            self.tell(no, "info")
            return
        self._run_flow(row, flow)

    @work(group="flow", exclusive=True)
    async def _run_flow(self, row: Row, flow: Callable[[TicketView], Awaitable[object]]) -> None:
        try:
            view = self.view
            if view is None or (view.connection, view.record.ticket_id) != row.key[:2]:
                view = await self.deskzero.read(lambda reader: reader.ticket(row.connection, row.ticket_id))
            if view is None:
                self.tell(f"#{clean(row.number)} is no longer in the cache.", "warn")
                return
            await flow(view)
        except (Refused, EngineStopped, CacheUnreadable) as error:
            self.flows.refused(error)

    @on(Worker.StateChanged)
    def _flow_went_on(self, event: Worker.StateChanged) -> None:
        if event.worker.group in FLOWS and event.worker.is_finished:
            self.deskzero.flow_ended()

    def give_up(self) -> None:
        """Esc while a dialog is slow to open: it does not open any more. What is being saved is saved to its end."""
        if any(worker.group == "leave" and not worker.is_finished for worker in self.workers):
            self.workers.cancel_group(self, "leave")
            self.deskzero.drop_keys()
            self.tell("deskzero stays open.", "info")
            return
        if self.deskzero.engine.writing or self.deskzero.keeping:
            back = "" if self.deskzero.keeping else f" {label('queue.undo')} takes it back."
            self.tell(f"Too late to give up: it is being saved.{back}", "warn")
            return
        self.workers.cancel_group(self, "flow")
        self.deskzero.drop_keys()
        self.tell("Given up. Nothing was done.", "info")

    def _open_ticket(self, full: bool) -> None:
        self.set_class(full, "-ticket")
        self.facts.full = full
        self.facts.refresh(layout=True)
        self.list.focus()

    # ------------------------------------------------------------ typed in the palette (`queue_finding`)

    async def typed_commands(self) -> list[Item]:
        """Commands with words behind them."""
        return []

    def ran_typed(self, item: Item) -> bool:
        """Whether it was one of those, and is done."""
        return False

    # ------------------------------------------------------------ going

    async def after(self, jump: Jump | None) -> None:
        """A dialog asked to go to a ticket, perhaps to start something there."""
        if jump is None:
            return
        there = await self.jump(jump.connection, jump.ticket_id)
        if there and jump.then:  # never on whatever row the cursor stands on otherwise
            await self.run_action(jump.then)

    async def jump(self, connection: str, ticket_id: str, *, quiet: bool = False) -> bool:
        """Puts the cursor on a ticket, in this pane if it is there, else in the pane where it is an exception.

        One that is in no list is shown to read, unless `quiet`. Gives whether the cursor stands on it.
        """
        self.deskzero.saved.publish(Saved(quiet=False))
        view = await self.deskzero.read(lambda reader: reader.ticket(connection, ticket_id))
        if view is None:
            self.tell("That ticket is not in the cache.", "warn")
            return False
        kinds = [row.kind for row in view.exceptions if row.kind is not None]
        here = [kind for kind in kinds if kind in self.all_panes[self.pane].kinds]
        if self.all_panes[self.pane].saved:  # its own filter may leave the ticket out
            here = [kind for kind in here if (connection, ticket_id, kind) in self.list.keys]
        listed = not view.closed and view.in_scope
        if self.pane == "0" and listed:
            here, kinds = [], []
        kind = here[0] if here else (kinds[0] if kinds else None)
        pane = str(pane_number(kind))
        if kind is None and not listed:
            if not quiet:
                from tui.screens.look import Look

                await self.app.push_screen_wait(Look(view))
            return False
        self.filter_line.close()
        self.filter = ""
        at = (connection, ticket_id, kind)
        self.show_pane(self.pane if here else pane, at=at)
        await self.rows_shown()
        if self.shown is not None and not self._is_at(at):
            self.show_scope(None, at=at)
            self.tell("It is not in the part of the scope that was shown: all of it is shown again.", "info")
            await self.rows_shown()
        return self._is_at(at)

    def _is_at(self, key: tuple[str, str, str | None]) -> bool:
        return self.row is not None and self.row.key[:2] == key[:2]

    def show_scope(self, shown: Shown | None, *, at: tuple[str, str, str | None] | None = None) -> None:
        """Lists and numbers of a part of the scope, or of all of it; a filter stays."""
        self.shown = shown
        self.list.let_go()
        self.read_standing()
        self.show_pane(self.pane, at=at)
