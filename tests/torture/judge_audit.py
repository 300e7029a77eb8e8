"""The audit log against the PSA's own: the chain holds, and each deed of ours was announced before it was done."""

from __future__ import annotations

import hashlib
from collections import defaultdict

from store import audit
from store.audit import AuditEntry
from store.home import Home
from tests.torture.books import Book
from tests.torture.ledger import Asked, Ledger, NoteMade
from tests.torture.verdict import Verdict


class AuditJudge:
    """Reads the log once and holds it against journal and ledger."""

    def __init__(self, home: Home, ledger: Ledger, books: dict[str, Book], verdict: Verdict) -> None:
        self._journal, self._ledger, self._books, self._verdict = home.journal, ledger, books, verdict
        self._of: dict[str, list[AuditEntry]] = defaultdict(list)
        for entry in audit.entries(home.journal):
            self._of[entry.change].append(entry)

    def judge(self) -> None:
        """All checks."""
        checked = audit.verify(self._journal)
        self._verdict.figures["audit entries"] += checked.entries
        for problem in checked.problems:
            self._verdict.add("audit", problem)
        for change, book in self._books.items():
            self._told(book, self._of.get(change, []))
        self._announced()

    def _told(self, book: Book, entries: list[AuditEntry]) -> None:
        """Decided once, first; in the end the state and the made ids that the journal has."""
        events = [entry.event for entry in entries]
        if events[:1] != ["decided"] or events.count("decided") != 1:
            self._verdict.add(
                "audit", f"{book.change} was decided {events.count('decided')} times: {events[:3]}"
            )
            return
        states = [event for event in events if event in audit.STATES]
        if states[-1:] != [book.state]:
            self._verdict.add("audit", f"{book.change} is {book.state}, and the log ends with {states[-1:]}")
        decisions = [entry.data for entry in entries if entry.event in ("decided", "rebased")]
        texts = [data.get(name) for data in decisions for name in ("reply", "note")]
        digests = {text["sha256"] for text in texts if text}
        notes = {note.note_id: note.text for note in self._ledger.of(NoteMade, "us")}
        for step in book.steps:
            if step.created_id is None:
                continue
            said = {
                entry.data.get("created_id") or entry.data.get("found")
                for entry in entries
                if entry.data.get("step") == step.position
            }
            if step.created_id not in said:
                self._verdict.add(
                    "audit", f"{book.change} step {step.position} made {step.created_id}; the log has {said}"
                )
            text = notes.get(step.created_id) if step.plan.creates == "note" else None
            if text is not None and hashlib.sha256(text.encode()).hexdigest() not in digests:
                self._verdict.add(
                    "audit", f"{book.change}: the note {step.created_id} is not the text that was decided"
                )

    def _announced(self) -> None:
        """Before the PSA did what a step asked, the log had it."""
        for deed in self._ledger.of(Asked, "us"):
            if deed.tag is None:
                continue
            told = [
                entry.at
                for entry in self._of.get(deed.tag.change, ())
                if entry.event == "request" and entry.data.get("step") == deed.tag.step
            ]
            if not told or min(told) > deed.at:
                self._verdict.add(
                    "audit", f"{deed.tag.change} step {deed.tag.step} went out before the log had it"
                )
