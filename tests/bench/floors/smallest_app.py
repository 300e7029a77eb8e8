"""The smallest Textual app that prints one line: the floor of first paint, rows and memory."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Smallest(App):
    """One line."""

    def compose(self) -> ComposeResult:
        yield Static("one line")


if __name__ == "__main__":
    Smallest().run()
