"""Compares what the PSA did with what deskzero says: every promise of the write-back, one check each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from connectors.text import same_text
from tests.torture.books import STATES, Book, BookStep, note_key, read_books
from tests.torture.episode import Past
from tests.torture.judge_audit import AuditJudge
from tests.torture.judge_reading import ReadingJudge
from tests.torture.ledger import Asked, Deed, FieldSet, MailSent, NoteMade, Tag, TimeMade
from tests.torture.shop import Shop
from tests.torture.tagging import plain
from tests.torture.technician import SETTLING, TIMEOUT
from tests.torture.verdict import Verdict

Step = tuple[str, int]
"""A change and the position of its step."""


def judge(shop: Shop, past: Past) -> Verdict:
    """The verdict on an episode that has come to its end."""
    return Judge(shop, past).judge()


class Judge:
    def __init__(self, shop: Shop, past: Past) -> None:
        self._shop, self._past = shop, past
        self._ledger = shop.ledger
        self._books = read_books(shop.home)
        self._verdict = Verdict()
        self._beyond = self._beyond_settling()

    def judge(self) -> Verdict:
        """All checks."""
        self._lost()
        self._created()
        self._once()
        self._mails()
        self._fields()
        self._duplicates()
        for words in self._past.crashes:
            self._verdict.add("crashed", words)
        ReadingJudge(self._ledger, self._books, self._verdict).judge()
        AuditJudge(self._shop.home, self._ledger, self._books, self._verdict).judge()
        self._figures()
        return self._verdict

    # ------------------------------------------------------------ how late

    def _beyond_settling(self) -> set[Step]:
        """Steps of which a request was delivered later than the settling time after its client had given up:
        no PSA promises what then is. On a busy machine a thread may be late, too."""
        late: set[Step] = set()
        for deed in self._ledger.of(Asked, "us"):
            if deed.tag is None or deed.request is None:
                continue
            gone = [deed.tag.begun_at + TIMEOUT[self._shop.psa]]
            if (seen := self._shop.proxy.exchanges[deed.request].gone_at) is not None:
                gone.append(seen)
            if (killed := self._past.killed_at.get(deed.tag.pid)) is not None:
                gone.append(killed)
            if deed.at > min(gone) + SETTLING:
                late.add(_step(deed.tag))
        self._verdict.figures["requests delivered later than the settling time"] += len(late)
        return late

    # ------------------------------------------------------------ nothing lost, nothing unasked

    def _lost(self) -> None:
        for change in self._shop.shown:
            book = self._books.get(change)
            if book is None or book.state not in STATES:
                self._verdict.add("lost", f"{change} was shown and is not in the journal")
            elif book.state == "confirmed" and not all(
                step.state in ("done", "already") for step in book.steps
            ):
                self._verdict.add("lost", f"{change} is confirmed and not all its steps are done")
            elif book.state == "undone" and book.undone_by is None and any(_goes_back(s) for s in book.steps):
                self._verdict.add("lost", f"{change} is undone, and what it wrote was not put back")

    def _created(self) -> None:
        """Notes and entries: as often as confirmed, at most once more for each of unknown fate."""
        made: Counter[tuple[Any, ...]] = Counter()
        beyond: Counter[tuple[Any, ...]] = Counter()
        ids: dict[str, Deed] = {}
        for deed in self._deeds_that_create():
            key = _content(deed)
            made[key] += 1
            ids[_made_id(deed)] = deed
            if deed.tag is not None and _step(deed.tag) in self._beyond:
                beyond[key] += 1
        sure: Counter[tuple[Any, ...]] = Counter()
        unknown: Counter[tuple[Any, ...]] = Counter()
        claimed: Counter[str] = Counter()
        for book, step in self._steps():
            if step.plan.creates is None:
                continue
            key = _wanted(book, step)
            sure[key] += step.state == "done"
            unknown[key] += step.unknown
            if step.created_id is not None:
                self._claim(book, step, f"{step.plan.creates} {step.created_id}", ids, claimed)
        for key in made.keys() | sure.keys():
            if made[key] < sure[key]:
                self._verdict.add("missing", f"{key}: {sure[key]} confirmed, {made[key]} in the PSA")
            elif made[key] > sure[key] + unknown[key]:
                if made[key] - beyond[key] <= sure[key] + unknown[key]:
                    self._verdict.figures["doubled beyond the settling time"] += 1
                    continue
                kind = "doubled" if sure[key] + unknown[key] else "unasked"
                self._verdict.add(
                    kind, f"{key}: {made[key]} in the PSA, {sure[key]} confirmed, {unknown[key]} unknown"
                )

    def _claim(
        self, book: Book, step: BookStep, made: str, ids: dict[str, Deed], claimed: Counter[str]
    ) -> None:
        claimed[made] += 1
        named = f"{book.change} step {step.position} says it made {made}"
        if claimed[made] == 2:
            self._verdict.add("missing", f"{named}, as another step does")
        if made not in ids:
            self._verdict.add("missing", f"{named}, which is not in the PSA (or not ours)")
        elif _content(ids[made]) != _wanted(book, step):
            self._verdict.add("missing", f"{named}, which is something else: {_content(ids[made])}")

    def _once(self) -> None:
        """By the tags: no step's POST was carried out twice; nothing came without a tag or a change."""
        posts: Counter[Step] = Counter()
        for deed in self._ledger.of(Asked, "us"):
            if deed.tag is None:
                self._verdict.add("unasked", f"{deed.method} {deed.path} came from outside a step")
                continue
            if deed.tag.change not in self._books:
                self._verdict.add(
                    "unasked", f"{deed.method} {deed.path}: {deed.tag.change} is not in the journal"
                )
            posts[_step(deed.tag)] += deed.method == "POST" and not deed.path.endswith("attachChildren")
        for step, times in posts.items():
            if times > 1 and step not in self._beyond:
                self._verdict.add("doubled", f"{step[0]} step {step[1]} was carried out {times} times")

    def _mails(self) -> None:
        sent = Counter(_step(deed.tag) for deed in self._ledger.of(MailSent) if deed.tag is not None)
        for (change, position), times in sent.items():
            book = self._books.get(change)
            step = next((one for one in book.steps if one.position == position), None) if book else None
            named = f"{change} step {position}"
            if times > 1 and (change, position) not in self._beyond:
                self._verdict.add("mailed", f"{named} mailed {times} times")
            if book is None or step is None or not step.plan.mails:
                self._verdict.add("mailed", f"{named} was to mail nobody")
            elif step.attempts == 0 or book.state == "held":
                self._verdict.add("mailed", f"{named} mailed, and is {book.state}, never sent")

    # ------------------------------------------------------------ fields

    def _fields(self) -> None:
        """What a confirmed change set was set by it, or was so already."""
        asked: dict[Step, list[Asked]] = defaultdict(list)
        for deed in self._ledger.of(Asked, "us"):
            if deed.tag is not None:
                asked[_step(deed.tag)].append(deed)
        history = self._history()
        for book, step in self._steps():
            if step.plan.creates is not None or step.state not in ("done", "already"):
                continue
            deeds = asked.get((book.change, step.position), [])
            for field, wanted in _sets(step, self._shop.psa).items():
                values = history.get((book.ticket, field))
                if values is None or any(_value_after(values, deed.seq) == wanted for deed in deeds):
                    continue
                if not any(_same(value, wanted) for value in _since(values, float(book.created_at))):
                    self._verdict.add(
                        "missing", f"{book.change} says {field} of #{book.ticket} is {wanted}; it never was"
                    )

    def _duplicates(self) -> None:
        """A second delivery of a step that puts its value over what came after the first."""
        first: dict[Step, Asked] = {}
        for deed in self._ledger.of(Asked, "us"):
            if deed.tag is None or deed.method not in ("PATCH", "PUT"):
                continue
            step = _step(deed.tag)
            before = first.setdefault(step, deed)
            if before is deed:
                continue
            for change in self._ledger.deeds[before.seq : deed.seq]:
                undone = isinstance(change, FieldSet) and change.request == deed.request
                if not undone or step in self._beyond:
                    continue
                self._verdict.figures["set again by a second delivery"] += 1
                if self._set_by(change, before.seq) == "us":
                    self._verdict.add(
                        "late", f"{step[0]}: a second delivery put {change.field} of #{change.ticket} back"
                    )

    def _set_by(self, change: FieldSet, since: int) -> str:
        """Who had set the value that was put back."""
        for deed in reversed(self._ledger.deeds[since : change.seq]):
            if isinstance(deed, FieldSet) and (deed.ticket, deed.field) == (change.ticket, change.field):
                return deed.who
        return ""

    def _history(self) -> dict[tuple[str, str], list[tuple[int, float, Any]]]:
        """(ticket, field) -> the values in order, each with the deed and the time that set it."""
        found: dict[tuple[str, str], list[tuple[int, float, Any]]] = {
            key: [(-1, 0.0, value)] for key, value in self._ledger.initial.items()
        }
        for deed in self._ledger.of(FieldSet):
            found.setdefault((deed.ticket, deed.field), [(-1, 0.0, deed.old)]).append(
                (deed.seq, deed.at, deed.new)
            )
        return found

    # ------------------------------------------------------------ small ones

    def _steps(self) -> Iterator[tuple[Book, BookStep]]:
        for book in self._books.values():
            for step in book.steps:
                yield book, step

    def _deeds_that_create(self) -> Iterator[NoteMade | TimeMade]:
        for deed in self._ledger.deeds:
            if isinstance(deed, NoteMade | TimeMade) and deed.who == "us":
                yield deed

    def _figures(self) -> None:
        figures, past = self._verdict.figures, self._past
        figures["changes"] += len(self._books)
        figures["kills"] += past.kills
        figures["times asleep"] += past.asleep
        for book in self._books.values():
            figures[f"changes that ended as {book.state}"] += 1
        for seen in self._shop.proxy.exchanges:
            figures["requests"] += 1
            figures["writes sent"] += seen.write
            if seen.fault:
                figures[f"fault {'on writes' if seen.write else 'on reads'}: {seen.fault}"] += 1
        for deed in self._ledger.deeds:
            figures["mails"] += isinstance(deed, MailSent)
            figures["customers' notes"] += isinstance(deed, NoteMade) and deed.who == "customer"
            figures["fields set by colleagues"] += isinstance(deed, FieldSet) and deed.who == "colleague"


def _goes_back(step: BookStep) -> bool:
    return step.state == "done" and step.plan.undoable and step.plan.creates is None


def _step(tag: Tag) -> Step:
    return tag.change, tag.step


def _content(deed: Deed) -> tuple[Any, ...]:
    """What makes two notes or entries the same."""
    if isinstance(deed, NoteMade):
        return ("note", deed.ticket, " ".join(deed.text.split()), deed.public)
    assert isinstance(deed, TimeMade)
    return ("time", deed.ticket, " ".join(deed.text.split()), round(deed.hours, 2))


def _made_id(deed: Deed) -> str:
    assert isinstance(deed, NoteMade | TimeMade)
    return f"note {deed.note_id}" if isinstance(deed, NoteMade) else f"time {deed.time_id}"


def _wanted(book: Book, step: BookStep) -> tuple[Any, ...]:
    text = " ".join((step.plan.text or "").split())
    if step.plan.creates == "note":
        return ("note", book.ticket, text, step.plan.public)
    return ("time", book.ticket, text, round(step.plan.hours or 0.0, 2))


def _sets(step: BookStep, psa: str) -> dict[str, Any]:
    """As the ledger names and holds them."""
    if step.plan.entry_id is not None:
        return {f"entry:{step.plan.entry_id}": plain(step.plan.sets.get("billing_code"), psa)}
    return {field: plain(value, psa) for field, value in step.plan.sets.items()}


def _value_after(values: list[tuple[int, float, Any]], seq: int) -> Any:
    return [value for at, _, value in values if at < seq][-1]


def _since(values: list[tuple[int, float, Any]], begin: float) -> list[Any]:
    """The value at that time and all later ones."""
    first = max(index for index, (_, at, _) in enumerate(values) if at <= begin or index == 0)
    return [value for _, _, value in values[first:]]


def _same(value: Any, wanted: Any) -> bool:
    if isinstance(value, str) and isinstance(wanted, str):
        return same_text(value, wanted)
    return bool(value == wanted or (not value and not wanted))


__all__ = ["Judge", "judge", "note_key"]
