"""What makes the screen fit its user: all keys, the palette, other colours, the mouse on the key bar."""

from __future__ import annotations

from textual import on, work

from tui import themes
from tui.asks import Item
from tui.keymap import every_label
from tui.keys import LOOK, MOVE, QUEUE
from tui.messages import KeyClicked
from tui.screens.queue_looking import LookingKeys

ACTS = "does something"
GROUPS = {LOOK: "looks", MOVE: "moves"}
ORDER = (ACTS, *GROUPS.values())


class FittingKeys(LookingKeys):
    """Nothing here writes; the palette starts what a key starts."""

    @work(group="look", exclusive=True)
    async def action_help(self) -> None:
        from tui.screens.help import Help

        await self.app.push_screen_wait(Help())

    @work(group="look", exclusive=True)
    async def action_palette(self) -> None:
        from tui.screens.palette import Palette

        items = [*self._palette_items(), *await self.typed_commands()]
        item = await self.app.push_screen_wait(Palette(items))
        if item is None or self.ran_typed(item):
            return
        if item.value:
            await self.run_action(item.value)
            return
        await self.go_to(item.label)

    def _palette_items(self) -> list[Item]:
        """Every action of the queue with its key as it is now, then the colours."""
        actions = [
            Item(
                key.id,
                key.help,
                every_label(key.id),
                GROUPS.get(key.group, ACTS),
                value=key.action,
            )
            for key in QUEUE
            if key.action not in ("palette", "back")
        ]
        actions.sort(key=lambda item: ORDER.index(item.group))
        here = self.app.theme
        colours = [
            Item(
                f"theme.{name}",
                f"Colours: {name}",
                "in use" if name == here else "",
                "colours, for this session",
                value=f"theme({name!r})",
            )
            for name in themes.names()
        ]
        return [*actions, *colours]

    def action_theme(self, name: str) -> None:
        """Other colours until the program ends; says how they stay."""
        self.app.theme = name
        self.tell(
            f'Colours: {name}, for now. To keep them: theme = "{name}" in {self.deskzero.home.config}', "info"
        )

    @on(KeyClicked)
    def _key_clicked(self, message: KeyClicked) -> None:
        """A click on the bar is the key: it goes the same way, past the same guards."""
        key = next((one for one in QUEUE if one.label == message.label), None)
        if key is not None:
            self.list.focus()
            self.deskzero.type_key(key.keys[0])
