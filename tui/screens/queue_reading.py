"""The keys that read: the ticket in full, what is folded in it, its links, what can be copied from it."""

from __future__ import annotations

from textual import on, work
from textual.content import Content

from connectors.text import clean
from store.read_records import TicketView
from tui.asks import Item
from tui.keymap import label, labels
from tui.links import in_conversation, oddities
from tui.screens.queue_moving import MovingKeys
from tui.widgets.conversation import Conversation


class ReadingKeys(MovingKeys):
    """Nothing here writes."""

    def action_open(self) -> None:
        """The ticket in full; in one that is open, quotes and signatures are shown, or folded again."""
        if not self.has_class("-ticket"):
            super().action_open()
        elif self.talk.folded or self.talk.unfolded:
            self.talk.unfold(not self.talk.unfolded)
        else:
            self.tell("Nothing is folded here.", "info")

    @on(Conversation.Folded)
    def _folded(self) -> None:
        """Beside the conversation's title: what moves it, and where something is folded what shows it."""
        keys = f"{labels('queue.talk_down', 'queue.talk_up')} scroll"
        if self.has_class("-ticket") and (self.talk.folded or self.talk.unfolded):
            keys = f"{label('queue.open')} {'folds' if self.talk.unfolded else 'shows all'} · {keys}"
        self.talk_top.aside = Content.styled(keys, "$quiet") if self.view else Content("")

    def action_browser(self) -> None:
        """The ticket's page in the PSA; in the open ticket the conversation's links are asked about too."""
        view = self.view
        links = in_conversation(view) if view is not None and self.has_class("-ticket") else []
        if links and view is not None:
            self._choose_link(view, links)
        else:
            self.browse(self.row.url if self.row else None)

    @work(group="look", exclusive=True)
    async def _choose_link(self, view: TicketView, links: list[tuple[str, str]]) -> None:
        from tui.flows import title
        from tui.screens.picker import Picker

        items = [Item(url, url, f"from {who}", "in the conversation") for url, who in links]
        if view.row.url:
            items.insert(0, Item(view.row.url, "Its page in the PSA", "", "the ticket"))

        def preview(item: Item) -> Content:
            odd = oddities(item.key)
            return Content(clean(item.key)) + (
                Content.styled(f"\n! {odd}", "bold $warning") if odd else Content("")
            )

        item = await self.app.push_screen_wait(
            Picker(title(view, "Open which link?"), items, preview=preview)
        )
        if item is not None:
            self.browse(item.key)

    def action_copy(self) -> None:
        if self.row is not None:
            self.copy(self.row.number)

    @work(group="look", exclusive=True)
    async def action_copy_more(self) -> None:
        """`Y`: the link, the phone number, the mail address, the summary."""
        from tui.flows import title
        from tui.screens.picker import Picker

        view = self.view
        if view is None:
            self.tell("There is no ticket here.", "info")
            return
        record = view.record
        known = (
            ("link", view.row.url), ("phone", record.contact_phone), ("mail", record.contact_email),
            ("contact", record.contact), ("summary", record.summary), ("number", record.number),
        )  # fmt: skip
        items = [Item(name, name, clean(value), value=value) for name, value in known if value]
        item = await self.app.push_screen_wait(Picker(title(view, "Copy what?"), items, preview=_value))
        if item is not None:
            self.copy(item.value)

    def copy(self, text: str) -> None:
        """Into the clipboard, where the terminal takes part."""
        text = clean(text)
        self.app.copy_to_clipboard(text)
        self.tell(f"Copied {text}.", "info")

    def browse(self, url: str | None) -> None:
        """Opens a ticket's page in the PSA."""
        if not url or not url.startswith(("https://", "http://")):
            self.tell("The PSA gave no address for this ticket.", "info")
            return
        self.app.open_url(url)
        self.tell(f"Opened {clean(url)}", "info")


def _value(item: Item) -> Content:
    return Content(clean(item.value))
