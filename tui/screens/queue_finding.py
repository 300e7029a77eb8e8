"""`@`, `>` and the panes of one's own: which rows the queue shows, and in which order."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace
from textual import work
from textual.content import Content

from store.shown import BY_NAME, ORDERS, Load, Order, Shown, narrow
from tui.asks import Item
from tui.keymap import label
from tui.pane_list import Pane
from tui.screens.queue_base import QueueBase
from tui.widgets.list_title import shown_words

_GROUPS = {"owner": "a colleague", "board": "a board", "team": "a team"}
EVERYTHING = "scope all"
"""The key of "all that the settings say"."""


class FindingKeys(QueueBase):
    """Nothing here writes, and nothing changes what `check` and the end of the day ask."""

    def action_saved_pane(self, pane: str) -> None:
        if pane in self.all_panes:
            self.go_to_pane(pane)
        else:
            self.tell(
                f"No pane has the key {pane}: [[panes]] in the settings makes one, and `deskzero rules list` shows what"
                " else can be looked for.",
                "info",
            )

    def go_to_pane(self, pane: str) -> None:
        """Another pane, without a filter."""
        self.filter_line.close()
        self.filter = ""
        self.list.focus()
        self.show_pane(pane)

    def filter_to(self, text: str) -> None:
        """A filter that did not come through its line."""
        self._open_ticket(False)
        self.filter_line.open(text)
        if text:
            self.list.focus()

    @work(group="look", exclusive=True)
    async def action_scope(self) -> None:
        from tui.screens.picker import Picker

        items = await self.scopes()
        names = [name for name in self.deskzero.settings.connections if self.deskzero.only in (None, name)]
        item = await self.app.push_screen_wait(
            Picker(
                Content.assemble(("Show whose tickets?", "bold"), f" · now {self._shown_now}"),
                items,
                preview=self._scope_preview,
                hint=" ".join(narrow(self.deskzero.settings, names)),
            )
        )
        if item is not None:
            self.take_scope(item.value)

    async def scopes(self) -> list[Item]:
        """All of the scope, mine, and every owner, board and team in the cache with how much they have."""
        only = self.deskzero.only
        loads, mine = await asyncio.gather(
            self.deskzero.read(lambda reader: reader.loads(only)),
            self.deskzero.read(lambda reader: reader.panes(only, shown=Shown("mine"))),
        )
        panes = self.counts.whole or self.counts.panes  # of the whole scope, as the screen has them
        everything = f"all that the settings say: {self._settings_scope}"
        items = [
            Item(EVERYTHING, everything, _amount(panes[-1].later, sum(one.must for one in panes)), "scope"),
            Item(
                "scope mine",
                "mine",
                _amount(mine[-1].later, sum(one.must for one in mine)),
                "scope",
                Shown("mine"),
            ),
        ]
        for kind, group in _GROUPS.items():
            items += [_item(load, group) for load in loads if load.shown.kind == kind]
        return items

    def take_scope(self, shown: Shown | None) -> None:
        """Shows a part of the scope and says what stays as it is."""
        self.show_scope(shown, at=self.row.key if self.row is not None else None)
        if shown is None:
            self.tell(f"Shown: {self._settings_scope}, as the settings say.", "info")
            return
        stays = f"{label('queue.end_of_day')} and check still ask for {self._settings_scope}."
        self.tell(f"Shown: {shown_words(shown)}. {stays}", "info")

    @property
    def _settings_scope(self) -> str:
        scopes = {str(one.scope) for one in self.deskzero.settings.connections.values()}
        return " + ".join(sorted(scopes)) or "nothing"

    @property
    def _shown_now(self) -> str:
        return self._settings_scope if self.shown is None else shown_words(self.shown)

    def _scope_preview(self, item: Item) -> Content:
        what = self._settings_scope if item.value is None else shown_words(item.value)
        return Content(
            f"Lists and numbers show {what}: {item.detail}.\n"
            f"{label('queue.end_of_day')}, check and the gates keep asking for {self._settings_scope}."
        )

    @work(group="look", exclusive=True)
    async def action_sort(self) -> None:
        from tui.screens.picker import Picker

        items = [
            Item(one.name, one.label, "now" if one == self.order else "", _heading(one.group), one)
            for one in ORDERS
        ]
        item = await self.app.push_screen_wait(
            Picker(
                Content.styled("In which order?", "bold"),
                items,
                preview=lambda item: Content(f"{item.label}, then what counts to zero, then the oldest."),
            )
        )
        if item is not None:
            self.sort_by(item.key)

    def sort_by(self, name: str) -> None:
        """Another order of every pane, from the top; the cursor stays on its ticket."""
        self.order = BY_NAME[name]
        self.show_pane(self.pane, at=self.row.key if self.row is not None else None)

    # ------------------------------------------------------------ typed in the palette

    async def typed_commands(self) -> list[Item]:
        """`filter …`, `scope …`, `pane …`, `sort …` for the palette, which completes them."""

        from tui.screens.palette import FILTER

        made = [Item(FILTER, "filter …", "words, company:acme, age>3d, is:must", "typed", value="")]
        made += [replace(one, label=f"scope {one.label}") for one in await self.scopes()]
        made += [
            Item(f"pane {one.id}", f"pane {one.name}", one.key, value=one) for one in self.all_panes.values()
        ]
        made += [Item(f"sort {one.name}", f"sort {one.label}", value=one) for one in ORDERS]
        return made

    def ran_typed(self, item: Item) -> bool:
        """Does what `typed_commands` offered; whether it was one of those."""
        match item.key.partition(" ")[0], item.value:
            case "filter", str(text):
                self.filter_to(text)
            case "scope", Shown() | None as shown:
                self.take_scope(shown)
            case "pane", Pane(id=pane):
                self.go_to_pane(pane)
            case "sort", Order(name=name):
                self.sort_by(name)
            case _:
                return False
        return True


def _heading(group: str) -> str:
    return "what belongs together stands together" if group else "one list"


def _amount(opened: int, must: int) -> str:
    return f"{opened} open, {must} to zero"


def _item(load: Load, group: str) -> Item:
    label = load.shown.name or "nobody"
    return Item(f"scope {load.shown}", label, _amount(load.open, load.must), group, load.shown)
