"""What all of our own widgets are."""

from __future__ import annotations

from textual.reactive import Reactive
from textual.widget import Widget


class Painted(Widget):
    """A widget whose text has no links to click: Textual would look for them in every piece of text that it paints, and
    unpickles what it knows of each (a third of the frame in which another pane is painted)."""

    auto_links: Reactive[bool] = Reactive(False)
