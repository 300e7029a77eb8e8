"""The program with a clock in it: when each stage between a key and its frame was reached. Its argument: a file that
gets a line of JSON for each key, [key, [[stage, milliseconds since the terminal's thread had the key], …]].

Prints nothing of its own: it is the real program on the terminal that it was started on.
"""

import functools
import json
import sys
import time
from typing import Any

out = sys.argv.pop()
began = 0.0
key = ""
reached: dict[str, float] = {}


def mark(stage: str) -> None:
    """The first time after each key counts."""
    if key:
        reached.setdefault(stage, 1000 * (time.monotonic() - began))


def finish() -> None:
    """Writes down the key before."""
    global key
    if key:
        with open(out, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(json.dumps([key, list(reached.items())]) + "\n")
    key = ""
    reached.clear()


def around(owner: Any, name: str, before: str = "", after: str = "") -> None:
    """Marks a stage when this is called, and one when it has ended."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def plain(*given: Any, **named: Any) -> Any:
        if before:
            mark(before)
        found = real(*given, **named)
        if after:
            mark(after)
        return found

    @functools.wraps(real)
    async def waiting(*given: Any, **named: Any) -> Any:
        if before:
            mark(before)
        found = await real(*given, **named)
        if after:
            mark(after)
        return found

    is_async = name in ("_act_on_keys", "prepare")
    setattr(owner, name, waiting if is_async else plain)


import tui  # noqa: E402, I001 - first: it says how often Textual may paint
from textual import events  # noqa: E402
from textual.drivers import linux_driver  # noqa: E402
from textual.screen import Screen  # noqa: E402

import tui.app  # noqa: E402
import tui.flows  # noqa: E402
import tui.screens.queue_rows  # noqa: E402
from store.read_rows import Lists  # noqa: E402
from tests.bench import stages  # noqa: E402
from tui.typed_keys import TypedKeys  # noqa: E402
from tui.widgets.ticket_list import TicketList  # noqa: E402

taking = TypedKeys.on_event


async def taken(self: TypedKeys, event: events.Event) -> None:
    global key, began
    if isinstance(event, events.Key) and not event.is_forwarded:
        finish()
        key, began = event.key, event.time
        mark(stages.TAKEN)
    await taking(self, event)


tui.app.Deskzero.on_event = taken  # type: ignore[method-assign]
around(tui.app.Deskzero, "_act_on_keys", stages.ACTS)
around(tui.flows.Flows, "prepare", after=stages.PREPARED)
around(tui.screens.queue_rows, "rows_of", stages.READS)
around(Lists, "order", after=stages.FOUND)
around(Lists, "build", after=stages.BUILT)
around(TicketList, "on_its_way", before=stages.DURABLE)
for name in ("show", "refresh_lines", "refresh"):
    around(TicketList, name, after=stages.HELD)

composing = Screen._compositor_refresh


def composed(self: Screen[object]) -> None:
    shows = any(widget.id == "list" for widget in self._dirty_widgets)
    if shows and stages.HELD in reached:
        mark(stages.COMPOSES)
    composing(self)


Screen._compositor_refresh = composed  # type: ignore[method-assign]
writing = linux_driver.LinuxDriver.write


def written(self: linux_driver.LinuxDriver, data: str) -> None:
    writing(self, data)
    if stages.COMPOSES in reached:
        mark(stages.WRITTEN)


linux_driver.LinuxDriver.write = written  # type: ignore[method-assign]
from tui.cli import main  # noqa: E402

main()
