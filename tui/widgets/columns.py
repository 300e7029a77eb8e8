"""The columns of the list: which a pane has, how wide they are, what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Literal, NamedTuple

from rich.cells import cell_len

from connectors.text import clean
from store.asked import Asked
from store.promise import Promise
from store.read_records import Row, pane_number, pane_title
from tui.files import said
from tui.keymap import label
from tui.pane_names import PANE_NAMES
from tui.text import age, fit, hours, steady, when

Cell = tuple[str, str]
"""Text of an exact width and the name of its style (a component class of the list without `list--`)."""


class Look(NamedTuple):
    """How rows are laid out: the pane whose columns they have, a further column, what groups stand together."""

    columns: str
    more: Literal["", "owner", "board"] = ""
    group: Literal["", "company", "owner", "board"] = ""
    name: str = ""
    """The pane's, where it is one of one's own."""

    def grouped_by(self, row: Row) -> str:
        """The name of the row's group, case ignored; empty without groups."""
        return (getattr(row, self.group) or "").casefold() if self.group else ""


class Shape(NamedTuple):
    """Widths in cells. The summary takes what is left."""

    connection: int
    """0 where all rows are of one connection."""
    number: int
    company: int
    summary: int
    age: int
    extra: int
    more: int = 0
    """The owner or the board; 0 where it is not asked for."""


SECTION = {"child_reply": "child", "reply_after_close": "closed"}
_EXTRA = {"1": 0.38, "2": 0.34, "3": 0.34, "4": 0.36, "0": 0.30}
_FURTHER = 0.46
"""Panes of further kinds: what kind it is, and why."""
GUTTER = 4
"""Cursor bar, space, dot, space."""


def pane_words(kind: str | None) -> str:
    """What a kind is called outside of its pane: the first four by their pane's name, all others by their own."""
    number = pane_number(kind)
    return PANE_NAMES[str(number)] if number <= 4 else clean(pane_title(kind or ""))


def shape(look: Look, width: int, rows: Sequence[Row], connections: Iterable[str] = ()) -> Shape:
    """Widths for `width` cells, from the rows that are known (their longest number, whether they are of one PSA);
    `connections`: those of rows beside them."""
    number = min(16, max((cell_len(clean(row.number)) for row in rows[:500]), default=5)) + 1
    names = {clean(name) for name in {*connections, *(row.connection for row in rows)}}
    connection = min(8, max(cell_len(name) for name in names)) + 1 if len(names) > 1 else 0
    company = max(9, min(20, width * 16 // 100))
    more = 0
    if look.more:
        longest = max((cell_len(_more(row, look)) for row in rows[:500]), default=0)
        more = min(max(longest, 5), 14 if width >= 80 else 8) + 1
    extra = int(width * _EXTRA.get(look.columns, _FURTHER))
    fixed = GUTTER + connection + number + company + more + 3 + 5
    free = width - fixed - extra
    if free < 14:
        extra = max(0, extra - (14 - free))
        free = width - fixed - extra
    return Shape(connection, number, company, max(4, free), 3, extra, more)


def _more(row: Row, look: Look) -> str:
    return clean(row.board if look.more == "board" else row.owner) or (
        "—" if look.more == "board" else "nobody"
    )


def cells(row: Row, look: Look, form: Shape, now: int, zone: tzinfo, *, heads: bool = True) -> list[Cell]:
    """The row as text and styles, without the gutter. `heads`: it is the first of its group."""
    pane = look.columns
    group = "group" if heads else "age"
    tone = "text" if row.gate or pane == "0" else "later"
    made: list[Cell] = []
    if form.connection:
        made.append((fit(clean(row.connection), form.connection - 1) + " ", "tag"))
    made += [
        (fit("#" + clean(row.number), form.number), "number"),
        (" ", "text"),
        (fit(clean(row.company) or "—", form.company), group if look.group == "company" else "company"),
        (" ", "text"),
    ]
    if form.more:
        made.append((fit(_more(row, look), form.more - 1) + " ", group if look.group == look.more else "tag"))
    made += [
        (fit(clean(row.summary) or "(no summary)", form.summary), tone),
        (" ", "text"),
        (fit(age(now - row.since), form.age, right=True), "age"),
        ("  ", "text"),
    ]
    if form.extra > 0:
        made += _fill(_extra(row, pane, now, zone), form.extra)
    return made


def _fill(parts: Sequence[Cell], width: int) -> list[Cell]:
    """Parts one after the other, cut or padded to `width` cells."""
    made: list[Cell] = []
    left = width
    for text, style in parts:
        if left <= 0:
            break
        text = steady(text)
        text = fit(text, left) if cell_len(text) > left else text
        made.append((text, style))
        left -= cell_len(text)
    if left > 0:
        made.append((" " * left, "text"))
    return made


def _extra(row: Row, pane: str, now: int, zone: tzinfo) -> list[Cell]:
    match pane:
        case "1":
            return _words(row, now, zone)
        case "2":
            return _missing(row)
        case "3":
            return _parent(row, now, zone)
        case "4":
            return _hours(row, now)
        case "0":
            also = ", ".join(dict.fromkeys(pane_words(kind) for kind in row.also))
            return [(fit(clean(row.status), 16), "company"), (" ", "text"), (also, "later")]
        case _:
            return _kind(row)


def _promise(said: Promise | None, *, counted: bool = False) -> list[Cell]:
    """`→ Remote Support`: what one key would do; `~` where it would only lead to the picker."""
    if said is None:
        return []
    mark, style = ("→", "hint") if said.strong else ("~", "text")
    made: list[Cell] = [(f"{mark} ", style)]
    if counted and (first := said.parts[0]).alike:
        made.append((f"{first.agree}/{first.alike} ".rjust(6), "age"))
    made.append((clean(said.label), style))
    return made


def _kind(row: Row) -> list[Cell]:
    """What it is called, and the first of its reasons."""
    why = next((reason.text for reason in row.reasons), "")
    return [(f"{clean(pane_title(row.kind or ''))} ", "tag"), (clean(why), "text" if row.gate else "later")]


def _words(row: Row, now: int, zone: tzinfo) -> list[Cell]:
    section = SECTION.get(row.kind or "")
    made: list[Cell] = [(f"{section} ", "tag")] if section else []
    if row.promise is not None:
        made += [*_promise(row.promise), ("  ", "text")]
    words = row.last_words
    if words is None:
        said_by_psa = next((reason.text for reason in row.reasons), "flag is set, no note")
        made.append((clean(said_by_psa), "later"))
        return made
    first = clean(words.who).split(" ")[0] or "customer"
    made += [(f"{first} ▸ ", "customer"), (said(words), "text")]
    return made


def _missing(row: Row) -> list[Cell]:
    names = [_field(reason.field, reason.code) for reason in row.reasons]
    made: list[Cell] = [("no " + ", ".join(names), "later")] if names else []
    return [*_promise(row.promise), ("  ", "text"), *made] if row.promise else made


def _field(field: str | None, code: str) -> str:
    if code == "agreement_inactive":
        return "active agreement"
    return clean((field or "value").removeprefix("custom:").replace("contact_", "").replace("_", " "))


def _parent(row: Row, now: int, zone: tzinfo) -> list[Cell]:
    parent = row.parent
    if parent is None:
        return [("no parent", "later" if not row.gate else "text")]
    state = parent.state.replace("_", " ")
    if parent.state == "open" and any(reason.code == "not_child_status" for reason in row.reasons):
        state += f", but {clean(row.status)}"  # the parent is well: it is the status that is no child's
    made: list[Cell] = [(f"#{clean(parent.number)} ", "number"), (state, "text")]
    if parent.closed_at is not None:
        made.append((f" {when(parent.closed_at, now, zone)}", "age"))
    if parent.closed_by:
        made.append((f" by {clean(parent.closed_by)}", "company"))
    return (
        [*_promise(row.promise), ("  ", "text"), *made] if row.promise else made
    )  # in sight, or it is no promise


def _asked(asked: Asked, now: int) -> list[Cell]:
    """`asked Pat 2h`, `OVERDUE Pat 3d`, `answered by Pat`."""
    if asked.state == "answered":
        return [(f"answered by {clean(asked.answered_by)}  ", "hint")]
    word, style = ("OVERDUE", "must") if asked.state == "overdue" else ("asked", "company")
    return [(f"{word} {clean(asked.to)} {age(now - asked.at)}  ", style)]


def _hours(row: Row, now: int) -> list[Cell]:
    entries = sum(reason.hours or 0.0 for reason in row.reasons if reason.time_entry_id)
    worked = entries or row.hours
    made: list[Cell] = [(fit(hours(worked) if worked else "", 8, right=True), "number"), ("  ", "text")]
    if row.asked is None:
        chooses: list[Cell] = [(f"? {label('queue.code')} chooses", "later")]
        return [*made, *(_promise(row.promise, counted=True) or chooses)]
    if row.promise is not None and row.promise.strong:
        # What one key does stays in sight, whatever else is said.
        return [*made, *_promise(row.promise), ("  ", "text"), *_asked(row.asked, now)]
    return [*made, *_asked(row.asked, now), *_promise(row.promise, counted=True)]
