"""The conversation of a ticket, newest at the bottom: who spoke is told by a mark, not by colour alone.

`▸` the customer, `◂` staff, to the customer; `·` an internal note; `✓` seen, no answer needed; `∗` automation;
`+` a file on the ticket that the PSA ties to no note. Files sent with a note stand below its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip

from connectors.text import clean
from store.read_records import FileView, NoteView, TicketView, TimeView
from tui.files import NO_WORDS, file_words
from tui.keymap import label
from tui.text import fit, hours, when, wrap
from tui.widgets.frame import FramedScroll

WHO = 12


class _Line(NamedTuple):
    """One painted line: when and who stand on a note's first line alone."""

    when: str
    who: str
    mark: str
    text: str
    aside: str
    style: str


class Conversation(FramedScroll):
    """Shows notes; `show` sets them and scrolls to the newest."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "talk--when", "talk--customer", "talk--staff", "talk--internal", "talk--system", "talk--text",
        "talk--aside", "talk--new",
    }  # fmt: skip
    DEFAULT_CSS = """
    Conversation {
        height: 1fr;
        & > .talk--when { color: $quiet; }
        & > .talk--customer { color: $customer; text-style: bold; }
        & > .talk--staff { color: $foreground; }
        & > .talk--internal { color: $internal; }
        & > .talk--system { color: $quiet; text-style: italic; }
        & > .talk--text { color: $foreground; }
        & > .talk--aside { color: $quiet; }
        & > .talk--new { color: $must; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._notes: Sequence[NoteView] = ()
        self._files: Sequence[FileView] = ()
        self._problem = ""
        self._hours: dict[str, float] = {}
        self._about = ""
        self._now = 0
        self._zone: tzinfo = UTC
        self._unread_after: int | None = None
        self._lines: list[_Line] = []
        self._follow = True
        """The newest line stays in sight, unless somebody has scrolled up."""

    def show(
        self,
        view: TicketView | None,
        *,
        now: int,
        zone: tzinfo,
        unread_after: int | None = None,
        keep: bool = False,
    ) -> None:
        """The ticket's conversation. Notes of customers later than `unread_after` are marked `NEW`.

        `keep`: the same ticket read again; whoever scrolled up stays there.
        """
        stay = keep and not self._follow
        self._now, self._zone, self._unread_after = now, zone, unread_after
        self._notes = view.notes if view else ()
        self._files = view.files if view else ()
        self._problem = view.files_problem if view else ""
        self._hours = {entry.time_id: entry.hours for entry in view.time} if view else {}
        self._about = _about(view, now, zone)
        self._wrap()
        self._follow = not stay
        self._to_newest()

    def _to_newest(self) -> None:
        if self._follow:
            self.scroll_to(y=len(self._lines), animate=False, force=True)

    def scroll_lines(self, lines: int) -> None:
        """Moves by some lines, without animation: a held key must not lag behind."""
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)
        self._follow = self.at_end

    @property
    def at_end(self) -> bool:
        """Whether the newest line is in sight."""
        return self.scroll_offset.y + self.size.height >= len(self._lines)

    def on_resize(self) -> None:
        # Not `at_end`: it is asked with the new height, in which the newest line may be out of sight.
        self._wrap()
        self.call_after_refresh(self._to_newest)

    def _wrap(self) -> None:
        moments = [*(note.at for note in self._notes), *(file.at for file in self._files)]
        self._stamp = max([9, *(len(self._when(at)) for at in moments)])
        room = self.text_width - self._stamp - WHO - 6
        lines: list[_Line] = []
        if self._about:
            lines += [
                _Line("", "", "", part, "", "about")
                for part in wrap(self._about, max(10, self.text_width - 2))
            ]
        files = list(self._files)
        for note in self._notes:
            while files and (files[0].at or 0) < note.at:
                lines += self._file(files.pop(0), max(10, room))
            lines += self._note(note, max(10, room))
        for file in files:
            lines += self._file(file, max(10, room))
        if self._problem:
            lines += _block("", "", "!", wrap(clean(self._problem), max(10, room)), "system")
        self._lines = lines
        self.set_length(len(lines))
        self.refresh()

    def _when(self, at: int | None) -> str:
        return "" if at is None else when(at, self._now, self._zone)

    def _file(self, file: FileView, room: int) -> list[_Line]:
        parts = wrap(f"file on the ticket: {file_words(file)}", room)
        return _block(self._when(file.at), clean(file.by), "+", parts, "system")

    def _note(self, note: NoteView, room: int) -> list[_Line]:
        mark, style = _side(note)
        fresh = (
            self._unread_after is not None
            and note.at > self._unread_after
            and note.speaker in ("customer", "unknown")
        )
        aside = hours(self._hours.get(note.time_id or "")) if note.time_id else ""
        if note.ours:
            aside = aside or "not sent yet"
        if fresh:
            aside = "NEW"
        room -= cell_len(aside) + 2 if aside else 0
        parts = wrap(clean(note.text, lines=True), room) or [NO_WORDS]
        parts += [line for file in note.files for line in wrap(f"[file] {file_words(file)}", room)]
        return _block(self._when(note.at), clean(note.author) or note.speaker, mark, parts, style, aside)

    def line(self, y: int, width: int) -> Strip:
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[y]
        style = self.get_component_rich_style
        if line.style == "about":
            return Strip([Segment(fit(f" {line.text}", width), style("talk--system"))])
        body = "text" if line.style in ("customer", "staff") else line.style
        aside = style("talk--new" if line.aside == "NEW" else "talk--aside")
        left = self._stamp + WHO + 5
        room = width - left - (cell_len(line.aside) + 2 if line.aside else 1)
        return Strip(
            [
                Segment(f" {fit(line.when, self._stamp)} ", style("talk--when")),
                Segment(f"{fit(line.who, WHO)} {line.mark or ' '} ", style(f"talk--{line.style}")),
                Segment(fit(line.text, room), style(f"talk--{body}")),
                Segment(f" {line.aside} ", aside) if line.aside else Segment(" ", self.rich_style),
            ]
        )


def _block(when: str, who: str, mark: str, parts: list[str], style: str, aside: str = "") -> list[_Line]:
    """When and who before the first line, the others below it."""
    first = _Line(when, who, mark, parts[0], aside, style)
    return [first, *(_Line("", "", "", part, "", style) for part in parts[1:])]


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


def _about(view: TicketView | None, now: int, zone: tzinfo) -> str:
    if view is None:
        return ""
    if view.can is not None and "conversations" in view.can.not_read:
        return f"Not known. {clean(view.can.not_read['conversations'])}"
    if view.notes_read_at is None:
        return f"The conversation has not been read yet: {label('queue.sync')} asks the PSA."
    if not view.notes and not view.files:
        return f"Nothing was said on this ticket after it was opened (read {when(view.notes_read_at, now, zone)})."
    return ""


def time_lines(entries: Sequence[TimeView], now: int, zone: tzinfo) -> list[str]:
    """Time entries as lines for the open ticket."""
    return [
        f"{when(entry.started_at, now, zone) if entry.started_at else '—':>10}  {fit(clean(entry.member), 10)}"
        f" {hours(entry.hours):>8}  {clean(entry.billing_code) or 'no code'}"
        f"{'  locked' if entry.locked else ''}  {clean(entry.text)}"
        for entry in entries
    ]
