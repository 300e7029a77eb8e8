"""Trouble: what needs a person. Refused, conflict, uncertain; connections that fail; records in quarantine."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from connectors.text import clean
from store.changes import DECIDE_STATES
from store.read import Reader
from store.read_records import ChangeView
from tui.screens.outbox import Outbox
from tui.text import say, when


class Trouble(Outbox):
    """As the outbox, but only what does not go away by itself."""

    TITLE_TEXT = "Trouble: what needs you"
    EMPTY = (
        "No trouble: nothing was refused, no conflict, every connection answers, every record could be read, every rule"
        " could be used."
    )

    def wanted(self, reader: Reader) -> list[ChangeView]:
        return [change for change in reader.changes() if change.state in DECIDE_STATES or change.asks]

    def extra(self, reader: Reader) -> Sequence[Content]:
        app = self.deskzero
        lines: list[Content] = []
        width = max(40, min(110, app.size.width * 96 // 100) - 6)

        def add(head: Content, words: str, tail: Content | None = None) -> None:
            """What is too long goes on below its own beginning, not below the mark."""
            line = Content.assemble(head, say(words), *(() if tail is None else (tail,)))
            for place, part in enumerate(line.wrap(width - 5)):
                lines.append(part if place == 0 else Content("     ") + part)

        for state in reader.states():
            name = clean(state.connection)
            if state.error:
                since = f" since {when(state.since_down, app.now, app.zone)}" if state.since_down else ""
                add(Content.styled(f" ! {name}{since}  ", "bold"), state.error)
                if state.hint:
                    add(Content("     → "), state.hint)
            for why in state.why:
                add(Content(f" ! {name}  "), why)
        for rule in reader.rule_problems():
            add(Content(" ! "), rule.sentence)
            add(Content("     → "), rule.hint)
        for odd in reader.quarantine():
            where = f"#{clean(odd.ticket_id)} " if odd.ticket_id else ""
            words = f"{odd.connection}  {where}{odd.stream} {odd.record_id}: {odd.path}: {odd.problem}"
            add(
                Content(" ! "), words, Content.styled(" in quarantine: not shown, the rest goes on", "$quiet")
            )
        return lines
