"""A conversation as lines to paint: notes, files and time by their time, who spoke told by a mark on each.

`▸` the customer, `?` nobody knows who (counts as the customer), `◂` staff, to the customer; `·` an internal note;
`✓` seen, no answer needed; `∗` automation; `+` a file on the ticket that the PSA ties to no note; `t` time worked.
`│` goes on with what a customer said: what is scrolled half out of sight still tells whose words it is.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import tzinfo
from itertools import count
from typing import NamedTuple

from rich.cells import cell_len

from connectors.text import clean
from store.read_records import FileView, NoteView, TicketView, TimeView
from tui.files import NO_WORDS, file_words, without_markup
from tui.keymap import label
from tui.text import hours, when, wrap

WHO = 12
"""Cells for the name."""
BESIDE_TEXT = WHO + 6
"""Cells of a line that are neither its moment nor its text."""
NARROWEST = 10
KNOWN_NOTES = 12
"""Earlier notes in which a copied mail is looked for: mails copy what was said last."""
BAR = "│"
"""Stands before every further line of a customer's note."""


class Line(NamedTuple):
    """One painted line: when and who stand on a note's first line alone."""

    when: str
    who: str
    mark: str
    text: str
    aside: str
    style: str
    """`customer`, `staff`, `internal`, `system`; `fold` for a line that stands for others, `about` for one of ours."""


class Talk(NamedTuple):
    """All lines, the cells that their moments take, and how many of them stand for folded ones."""

    lines: tuple[Line, ...]
    stamp: int
    folded: int
    begins: dict[str, int] = {}
    """What was said, sent or worked, each by a name of its own -> its first line."""

    def place_of(self, y: int, other: Talk) -> int:
        """Where line `y` of `other` is here, so that what stands at the top of the screen can stay there."""
        above = [(begin, name) for name, begin in other.begins.items() if begin <= y and name in self.begins]
        if not above:
            return y
        begin, name = max(above)
        return self.begins[name] + y - begin


NOTHING = Talk((), 0, 0)


class TalkLines:
    """Makes the lines of one ticket, for a width."""

    def __init__(
        self,
        view: TicketView,
        *,
        now: int,
        zone: tzinfo,
        unread_after: int | None = None,
        unfolded: bool = False,
        not_asked: str = "",
    ) -> None:
        """`not_asked`: why the ticket's files were not asked for."""
        self._view, self._now, self._zone = view, now, zone
        self._not_asked = not_asked
        self._unread_after, self._unfolded = unread_after, unfolded
        self._texts = tuple(clean(without_markup(note.text), lines=True) for note in view.notes)
        self._spent = {entry.time_id: entry for entry in view.time}
        self._room = NARROWEST
        self._folded = 0

    def lines(self, width: int) -> Talk:
        """Everything that was said, for `width` cells between the sides of the frame."""
        view = self._view
        beside = self._beside()
        moments = [*(note.at for note in view.notes), *(at for at, _ in beside)]
        stamp = max([9, *(len(self._when(at)) for at in moments)])
        self._room = max(NARROWEST, width - stamp - BESIDE_TEXT)
        made: list[Line] = []
        begins: dict[str, int] = {}
        if about := _about(view, self._now, self._zone):
            wide = max(NARROWEST, width - 2)
            made += [Line("", "", "", part, "", "about") for part in wrap(about, wide)]
        for place, note in enumerate(view.notes):
            while beside and (beside[0][0] or 0) < note.at:
                begins[_name(beside[0][1], begins)] = len(made)
                made += self._other(beside.pop(0)[1])
            begins[f"note {note.note_id}"] = len(made)
            made += self._note(place, note)
        for _, other in beside:
            begins[_name(other, begins)] = len(made)
            made += self._other(other)
        not_asked = f"Files were not asked for: {self._not_asked}." if self._not_asked else ""
        for sentence in (view.files_problem, not_asked):
            if sentence:
                made += _block("", "", "!", wrap(clean(sentence), self._room), "system")
        return Talk(tuple(made), stamp, self._folded, begins)

    def _beside(self) -> list[tuple[int | None, FileView | TimeView]]:
        """Files of the ticket and time that no note shows, oldest first."""
        shown = {entry.time_id for note in self._view.notes if (entry := self._time_of(note))}
        found: list[tuple[int | None, FileView | TimeView]] = [(file.at, file) for file in self._view.files]
        found += [
            (entry.started_at or entry.ended_at, entry)
            for entry in self._view.time
            if entry.time_id not in shown
        ]
        return sorted(found, key=lambda one: one[0] or 0)

    def _time_of(self, note: NoteView) -> TimeView | None:
        """The time that a note is the text of. Some PSAs give one record as both, under one id."""
        entry = self._spent.get(note.time_id or note.note_id)
        if entry is None or (note.time_id is None and entry.text.split() != note.text.split()):
            return None
        return entry

    def _when(self, at: int | None) -> str:
        return "" if at is None else when(at, self._now, self._zone)

    def _other(self, other: FileView | TimeView) -> list[Line]:
        if isinstance(other, FileView):
            parts = wrap(f"file on the ticket: {file_words(other)}", self._room)
            return _block(self._when(other.at), clean(other.by), "+", parts, "system")
        aside = hours(other.hours)
        words = " ".join(clean(without_markup(other.text)).split()) or NO_WORDS
        parts = wrap(" · ".join([words, *self._terms(other)]), max(NARROWEST, self._room - len(aside) - 2))
        at = self._when(other.started_at or other.ended_at)
        return _block(at, clean(other.member) or "somebody", "t", parts, "internal", aside)

    def _terms(self, entry: TimeView) -> list[str]:
        """The billing code of a time entry, and that it is locked."""
        can = self._view.can
        code = clean(entry.billing_code)
        if not code and (can is None or can.code_on_time) and entry.billing_code_id is None:
            code = "no code"
        return [*([code] if code else []), *(["locked"] if entry.locked else [])]

    def _note(self, place: int, note: NoteView) -> list[Line]:
        mark, style = _side(note)
        theirs = note.speaker in ("customer", "unknown")
        fresh = self._unread_after is not None and note.at > self._unread_after and theirs
        entry = self._time_of(note)
        aside = hours(entry.hours) if entry else ""
        if note.ours:
            aside = aside or "not sent yet"
        if fresh:
            aside = "NEW"
        room = max(NARROWEST, self._room - (cell_len(aside) + 2 if aside else 0))
        parts = self._words(place, room) or [(NO_WORDS, style)]
        parts += [(line, style) for file in note.files for line in wrap(f"[file] {file_words(file)}", room)]
        if entry and (terms := self._terms(entry)):
            parts += [(line, "fold") for line in wrap(f"[time] {', '.join(terms)}", room)]
        (first, kind), *others = [(text, kind or style) for text, kind in parts]
        who = clean(note.author) or note.speaker
        bar = BAR if style == "customer" else ""
        return [
            Line(self._when(note.at), who, mark, first, aside, kind if kind == "fold" else style),
            *(Line("", "", bar, text, "", kind) for text, kind in others),
        ]

    def _words(self, place: int, room: int) -> list[tuple[str, str]]:
        """The lines of a note, each with its style where it is not the note's own."""
        text = self._texts[place]
        if self._unfolded or "\n" not in text:
            return [(line, "") for line in wrap(text, room)]
        from store.mail_fold import folds  # its patterns take longer than all else here

        made: list[tuple[str, str]] = []
        for fold in folds(text.strip("\n"), self._texts[max(0, place - KNOWN_NOTES) : place]):
            if fold.folded:
                made += [(line, "fold") for line in wrap(f"· {fold.folded}", room)]
                self._folded += 1
            else:
                made += [(line, "") for line in wrap("\n".join(fold.lines), room)]
        return made


def _name(other: FileView | TimeView, taken: Container[str]) -> str:
    """A name that a time entry, or a file of the ticket, has in every reading; files of one name are counted."""
    if isinstance(other, TimeView):
        return f"time {other.time_id}"
    names = (f"file {other.at} {other.name} {number}" for number in count())
    return next(name for name in names if name not in taken)


def _block(when: str, who: str, mark: str, parts: Sequence[str], style: str, aside: str = "") -> list[Line]:
    """When and who before the first line, the others below it."""
    first = Line(when, who, mark, parts[0], aside, style)
    return [first, *(Line("", "", "", part, "", style) for part in parts[1:])]


def _side(note: NoteView) -> tuple[str, str]:
    """The mark and the style of a note."""
    if note.speaker == "system":
        return "∗", "system"
    if note.seen:
        return "✓", "internal"
    if not note.public:
        return "·", "internal"
    if note.speaker in ("customer", "unknown"):
        return ("▸" if note.speaker == "customer" else "?"), "customer"
    return "◂", "staff"


def _about(view: TicketView, now: int, zone: tzinfo) -> str:
    if view.can is not None and "conversations" in view.can.not_read:
        return f"Not known. {clean(view.can.not_read['conversations'])}"
    if view.notes_read_at is None:
        return f"The conversation has not been read yet: {label('queue.sync')} asks the PSA."
    if not view.notes and not view.files:
        return f"Nothing was said on this ticket after it was opened (read {when(view.notes_read_at, now, zone)})."
    return ""
