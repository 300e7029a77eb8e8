"""The queue's keys: moving, looking, and starting the flows that write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.content import Content

from connectors.text import clean
from store.read import CacheUnreadable
from store.read_records import PANES, Row, TicketView
from tui.asks import Item, Jump, Side
from tui.engine import EngineStopped
from tui.flows import Flows
from tui.flows_back import Back
from tui.flows_fix import Fixing
from tui.flows_text import Texts
from tui.keys import LOOK, QUEUE, queue_bindings
from tui.messages import Saved
from tui.offers import why_not
from tui.orders import Refused
from tui.screens.picker import Picker
from tui.screens.queue_view import QueueView
from tui.widgets.columns import PANE_KINDS


class QueueScreen(QueueView):
    """The queue with its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*queue_bindings()]

    @property
    def flows(self) -> Flows:
        return Flows(self)

    @property
    def texts(self) -> Texts:
        return Texts(self)

    @property
    def back(self) -> Back:
        return Back(self)

    # ------------------------------------------------------------ moving

    def action_move(self, step: int) -> None:
        self.list.move(step)

    def action_page(self, step: int) -> None:
        if self.has_class("-ticket"):
            self.talk.scroll_lines(step * max(1, self.talk.size.height - 1))
        else:
            self.list.move_page(step)

    def action_end(self, end: int) -> None:
        self.list.move_end(end)

    def action_talk(self, step: int) -> None:
        self.talk.scroll_lines(step)

    def action_pane(self, pane: str) -> None:
        self.filter_line.close()
        self.filter = ""
        self.list.focus()
        self.show_pane(pane)

    def action_pane_step(self, step: int) -> None:
        panes = [pane for pane in PANE_KINDS if any(self.counts.of(pane))]
        if not panes:
            self.tell("Every pane is empty.", "info")
            return
        order = list(PANE_KINDS)
        here = order.index(self.pane)
        ring = [order[(here + step * n) % len(order)] for n in range(1, len(order) + 1)]
        self.action_pane(next(pane for pane in ring if pane in panes))

    def action_back(self) -> None:
        """One step back: the filter's line, the filter, the open ticket."""
        line = self.filter_line
        if self.has_class("-ticket"):
            self._open_ticket(False)
        elif line.has_class("-open") or self.filter:
            line.close()
            self.filter = ""
            self.list.focus()
            self.read_rows(fresh=True, at=self.row.key if self.row else None)

    def action_open(self) -> None:
        if self.row is not None and not self.list.is_ghost:
            self._open_ticket(True)

    def _open_ticket(self, full: bool) -> None:
        self.set_class(full, "-ticket")
        self.facts.full = full
        self.facts.refresh(layout=True)
        self.list.focus()

    def action_filter(self) -> None:
        self._open_ticket(False)
        self.filter_line.open()

    # ------------------------------------------------------------ writing

    def _start(self, action: str, flow: Callable[[TicketView], Awaitable[object]]) -> None:
        """Runs a flow on the ticket under the cursor, as it is on the screen."""
        row = self.row
        no = why_not(action, row, self.can(row), ghost=self.list.is_ghost)
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
        finally:
            self.deskzero.drop_keys()

    def give_up(self) -> None:
        """Esc while a dialog is slow to open: it does not open any more."""
        self.workers.cancel_group(self, "flow")
        self.deskzero.drop_keys()
        self.tell("Given up. Nothing was done.", "info")

    def action_fix(self) -> None:
        kind = self.row.kind if self.row else None
        self._start("fix", lambda view: Fixing(self, self.flows).fix(view, kind))

    def action_code(self) -> None:
        self._start("code", self.flows.code)

    def action_accept(self) -> None:
        shown = self.row.suggestion if self.row else None  # what is painted, not what is read meanwhile
        self._start("accept", lambda view: self.flows.accept(view, shown))

    def action_parent(self) -> None:
        self._start("parent", self.flows.parent)

    def action_field(self) -> None:
        self._start("field", self.flows.field)

    def action_status(self) -> None:
        self._start("status", self.flows.status)

    def action_who(self) -> None:
        self._start("who", self.flows.who)

    def action_seen(self) -> None:
        self._start("seen", self.flows.seen)

    def action_reply(self) -> None:
        self._write("reply")

    def action_note(self) -> None:
        self._write("note")

    def _write(self, side: Side) -> None:
        self._start(side, lambda view: self.texts.write(view, side))

    @work(group="flow", exclusive=True)
    async def action_undo(self) -> None:
        await self.back.undo()

    @work(group="flow", exclusive=True)
    async def action_undo_list(self) -> None:
        await self.back.choose()

    @work(group="leave", exclusive=True)
    async def action_leave(self) -> None:
        await self.back.leave()

    # ------------------------------------------------------------ looking

    def action_sync(self) -> None:
        self.deskzero.engine.sync_now()
        self.tell("Asking the PSA …", "info")

    def action_copy(self) -> None:
        if self.row is not None:
            self.copy(self.row.number)

    def action_browser(self) -> None:
        self.browse(self.row.url if self.row else None)

    def copy(self, number: str) -> None:
        """Into the clipboard, where the terminal takes part."""
        number = clean(number)
        self.app.copy_to_clipboard(number)
        self.tell(f"Copied {number}.", "info")

    def browse(self, url: str | None) -> None:
        """Opens a ticket's page in the PSA."""
        if not url or not url.startswith(("https://", "http://")):
            self.tell("The PSA gave no address for this ticket.", "info")
            return
        self.app.open_url(url)
        self.tell(f"Opened {clean(url)}", "info")

    @work(group="look", exclusive=True)
    async def action_why(self) -> None:
        from tui.screens.why import Why

        if self.view is not None:
            await self.app.push_screen_wait(Why(self.view))

    @work(group="look", exclusive=True)
    async def action_help(self) -> None:
        from tui.screens.help import Help

        await self.app.push_screen_wait(Help(QUEUE))

    @work(group="look", exclusive=True)
    async def action_outbox(self) -> None:
        from tui.screens.outbox import Outbox

        await self.after(await self.app.push_screen_wait(Outbox()))

    @work(group="look", exclusive=True)
    async def action_trouble(self) -> None:
        from tui.screens.trouble import Trouble

        await self.after(await self.app.push_screen_wait(Trouble()))

    @work(group="look", exclusive=True)
    async def action_end_of_day(self) -> None:
        from tui.screens.end_of_day import EndOfDay

        await self.after(await self.app.push_screen_wait(EndOfDay()))

    @work(group="look", exclusive=True)
    async def action_palette(self) -> None:
        from tui.screens.palette import Palette

        items = [
            Item(
                key.action,
                key.help,
                key.label,
                "does something" if key.group != LOOK else "looks",
                key.action,
            )
            for key in QUEUE
            if not key.action.startswith(("move", "page(", "end(", "talk", "palette", "back"))
        ]
        item = await self.app.push_screen_wait(Palette(items))
        if item is None:
            return
        if item.value:
            await self.run_action(item.value)
            return
        await self._go_to(item.label)

    async def _go_to(self, typed: str) -> None:
        """A ticket by what was typed; two that are called so are asked about."""
        rows = await self.deskzero.read(lambda reader: reader.find(typed.removeprefix("#")))
        if len(rows) > 1:
            items = [
                Item(f"{row.connection}:{row.ticket_id}", f"#{row.number} {row.summary}",
                     f"{row.connection} · {row.company or 'no company'}", value=row)
                for row in rows
            ]  # fmt: skip
            chosen = await self.app.push_screen_wait(Picker(Content("Which one?"), items))
            rows = [] if chosen is None else [chosen.value]
            if chosen is None:
                return
        if rows:
            await self.jump(rows[0].connection, rows[0].ticket_id)
        else:
            self.tell(f"No ticket {clean(typed)} in the cache. R asks the PSA.", "warn")

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
        here = [kind for kind in kinds if kind in PANE_KINDS[self.pane]]
        listed = not view.closed and view.in_scope
        if self.pane == "0" and listed:
            here, kinds = [], []
        kind = here[0] if here else (kinds[0] if kinds else None)
        pane = str(PANES[kind][0]) if kind else "0"
        if kind is None and not listed:
            if not quiet:
                from tui.screens.look import Look

                await self.app.push_screen_wait(Look(view))
            return False
        self.filter_line.close()
        self.filter = ""
        self.show_pane(pane, at=(connection, ticket_id, kind))
        await self.rows_shown()
        return self.row is not None and self.row.key[:2] == (connection, ticket_id)
