"""What was read before it was written: no customer's note and no colleague's value goes under unseen."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from connectors.text import same_text
from store.seen import parse_seen
from tests.torture.books import Book, note_key
from tests.torture.ledger import Asked, FieldSet, Ledger, NoteMade, Tag
from tests.torture.verdict import Verdict


@dataclass(frozen=True)
class Answering:
    """A write of ours that answers a customer or takes a ticket out of sight."""

    deed: Asked
    tag: Tag
    how: str


class ReadingJudge:
    """Looks at every write of ours: what it was compared with, and what had happened by then."""

    def __init__(self, ledger: Ledger, books: dict[str, Book], verdict: Verdict) -> None:
        self._ledger, self._books, self._verdict = ledger, books, verdict
        self._customers: dict[str, list[NoteMade]] = defaultdict(list)
        for note in ledger.of(NoteMade, "customer"):
            if note.public:
                self._customers[note.ticket].append(note)
        self._sets: dict[int, list[FieldSet]] = defaultdict(list)
        for change in ledger.of(FieldSet, "us"):
            if change.request is not None:
                self._sets[change.request].append(change)
        self._by_field: dict[tuple[str, str], list[FieldSet]] = defaultdict(list)
        for change in ledger.of(FieldSet):
            self._by_field[change.ticket, change.field].append(change)

    def judge(self) -> None:
        """All writes of ours."""
        for deed in self._ledger.of(Asked, "us"):
            if deed.tag is None:
                continue
            self._verdict.windows.append(deed.at - deed.tag.read_at)
            how = _answers(deed)
            if how:
                self._read(Answering(deed, deed.tag, how))
            for change in self._sets.get(deed.request or -1, ()):
                self._overwrote(change, deed.tag)

    # ------------------------------------------------------------ customers

    def _read(self, write: Answering) -> None:
        for note in self._customers.get(write.deed.ticket, ()):
            place, read = note_key(note.created_at, note.note_id), write.tag.read_up_to
            if read is not None and place <= note_key(*read):
                continue
            if note.seq > write.deed.seq:
                return
            words = f"{write.tag.change} {write.how} #{note.ticket}"
            if note.at < write.tag.read_at:
                ago = write.tag.read_at - note.at
                self._verdict.add(
                    "unread",
                    f"{words}; note {note.note_id} had been there for {ago:.3f} s when that was compared",
                )
                continue
            self._verdict.figures["customers' notes that fell between our read and our write"] += 1
            if not self._surfaced(write, note):
                self._verdict.add(
                    "buried", f"{words}; note {note.note_id} fell into the window, and nothing shows it"
                )

    def _surfaced(self, write: Answering, note: NoteMade) -> bool:
        """Named by a conflict; or still in sight: the flag stands, or the customer has the last word on an
        open ticket. In the PSA as it was when nothing of this change was to come any more."""
        book = self._books.get(write.tag.change)
        if book is not None and book.covers(note.created_at, note.note_id):
            return True
        end = max(d.seq for d in self._ledger.of(Asked, "us") if d.tag and d.tag.change == write.tag.change)
        if self._value(note.ticket, "customer_flag", end):
            return True
        closed = write.deed.tag is not None and "status" in write.deed.tag.sets
        answered = any(
            isinstance(deed, NoteMade)
            and deed.ticket == note.ticket
            and deed.who != "customer"
            and (deed.public or parse_seen(deed.text)[0])
            and note.seq < deed.seq <= end
            for deed in self._ledger.deeds[note.seq : end + 1]
        )
        return not closed and not answered

    def _value(self, ticket: str, field: str, seq: int) -> Any:
        """A field's value after this deed."""
        value = self._ledger.initial.get((ticket, field))
        for change in self._by_field.get((ticket, field), ()):
            if change.seq > seq:
                break
            value = change.new
        return value

    # ------------------------------------------------------------ colleagues

    def _overwrote(self, change: FieldSet, tag: Tag) -> None:
        """`change` is ours: was the value that it replaced one that the decision knew of?"""
        history = self._by_field[change.ticket, change.field]
        earlier = [one for one in history if one.seq < change.seq]
        if not earlier or change.field not in tag.was:
            return
        last = earlier[-1]
        if last.who == "us" or last.by == "RT_System":
            return  # RT's own rules move the status because of what we wrote just before
        seen = [one for one in earlier if one.at < tag.read_at]
        known = tag.was[change.field]
        if last.at < tag.read_at:
            if not _same(last.new, known) and not _moved_by_us(seen, tag):
                self._verdict.add(
                    "mistaken" if self._looked_like_a_reaction(last, tag) else "overwritten",
                    f"{tag.change} set {change.field} of #{change.ticket} from {last.new} (by {last.by}) to"
                    f" {change.new}; it was decided on {known}",
                )
            return
        if not _same(last.new, known):
            self._verdict.figures["colleagues' values overwritten between our read and our write"] += 1

    def _looked_like_a_reaction(self, last: FieldSet, tag: Tag) -> bool:
        """Whether it fell into the window of a text or time entry that the same change sent just before."""
        earlier = (
            deed
            for deed in self._ledger.of(Asked, "us")
            if deed.tag is not None and deed.tag.change == tag.change and deed.tag.step < tag.step
        )
        return last.field in ("status", "customer_flag") and any(
            deed.method == "POST" and deed.tag is not None and deed.tag.read_at <= last.at <= deed.at
            for deed in earlier
        )


def _answers(deed: Asked) -> str:
    """How a write answers or takes out of sight, in a word; empty if it does not."""
    assert deed.tag is not None
    if re.search(r"/tickets/\d+/notes$|/ticket/\d+/(correspond|comment)$", deed.path):
        text = str(deed.body.get("text", ""))
        if deed.body.get("detailDescriptionFlag"):
            return "answered"
        return "marked as seen" if parse_seen(text)[0] else ""
    if "status" in deed.tag.sets:
        return "set the status of"
    if "customer_flag" in deed.tag.sets and not deed.tag.sets["customer_flag"]:
        return "cleared the flag of"
    return ""


def _moved_by_us(seen: list[FieldSet], tag: Tag) -> bool:
    """A customer's reply moved status or flag: that is the note's business, which is judged above."""
    return bool(seen) and seen[-1].who == "customer"


def _same(value: Any, known: Any) -> bool:
    if isinstance(value, str) and isinstance(known, str):
        return same_text(value, known)
    return bool(value == known or (not value and not known))
