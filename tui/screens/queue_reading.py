"""The keys that read: the ticket in full, what is folded in it, its links, what can be copied from it."""

from __future__ import annotations

from textual import on
from textual.content import Content

from connectors.text import clean
from tui.keymap import label, labels
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
        self.browse(self.row.url if self.row else None)

    def action_copy(self) -> None:
        if self.row is not None:
            self.copy(self.row.number)

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
