"""The mistake log: kept, read without names, counted; its note in the PSA; words for a client that blame nobody."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from store import mistakes
from store.client_words import suggested
from store.database import Databases
from store.home import Home
from store.mistakes import CAUSES, REMEDIES, Mistake, Pattern, is_lesson, lesson_text
from store.rules.catalogue import CATALOGUE
from tests.store.conftest import NOW


@pytest.fixture
def kept(databases: Databases) -> Iterator[Home]:
    yield databases.home


def one(number: str = "70101", *, at: int = NOW, **more) -> Mistake:
    values = {"connection": "acme", "ticket_id": number, "number": number, "summary": "VPN", "company": "Acme",
              "what": "Nobody called back.", "cause": "process", "remedy": "automation", "who": "jdoe"}  # fmt: skip
    return Mistake(at=at, **(values | more))


def test_it_is_kept_as_it_was_written(kept: Home) -> None:
    whole = one(shared=True, words="We are sorry.", source="dispute", kind="stale", change="c1")
    number = mistakes.keep(kept, whole)
    (back,) = mistakes.since(kept, NOW, names=True)
    assert back == one(
        shared=True, words="We are sorry.", source="dispute", kind="stale", change="c1", id=number
    )


def test_nobody_is_named_unless_it_is_asked_for(kept: Home) -> None:
    mistakes.keep(kept, one())
    assert [entry.who for entry in mistakes.since(kept, 0)] == [""]
    assert [entry.who for entry in mistakes.since(kept, 0, names=True)] == ["jdoe"]


def test_since_is_from_that_second_on_the_oldest_first(kept: Home) -> None:
    for at in (NOW + 1, NOW - 1, NOW):
        mistakes.keep(kept, one(at=at))
    mistakes.keep(kept, one(at=NOW, connection="other"))
    assert [entry.at for entry in mistakes.since(kept, NOW, connections=["acme"])] == [NOW, NOW + 1]
    assert len(mistakes.since(kept, NOW)) == 3


def test_one_that_says_nothing_is_not_kept(kept: Home) -> None:
    with pytest.raises(ValueError, match="not said"):
        mistakes.keep(kept, one(what="  \n"))
    assert mistakes.since(kept, 0) == []


def test_no_journal_and_an_older_one_hold_nothing(home: Home) -> None:
    assert mistakes.since(home, 0) == []
    home.make()
    with closing(sqlite3.connect(home.journal)) as db, db:
        db.execute("CREATE TABLE change (change)")
    assert mistakes.since(home, 0) == []


def test_patterns_are_causes_with_remedies_the_most_frequent_first() -> None:
    some = [
        one("1", at=1, cause="people", remedy="training"),
        one("2", at=2),
        one("3", at=3),
        one("2", at=4),
        one("9", at=5, cause="technology", remedy="training"),
    ]
    assert mistakes.patterns(some) == [
        Pattern("process", "automation", 3, ("2", "3")),
        Pattern("technology", "training", 1, ("9",)),
        Pattern("people", "training", 1, ("1",)),
    ]
    assert mistakes.patterns([]) == []


@pytest.mark.parametrize("what", ["Nobody called back", "Nobody\n called  back.", "Why was nobody told?"])
def test_the_note_in_the_psa_is_known_again(what: str) -> None:
    text = lesson_text(what, "people", "training")
    assert text.startswith("Lesson: ")
    assert text.endswith(" Cause: people. Remedy: training.")
    assert ".." not in text
    assert is_lesson(text.replace(" ", "\u00a0", 1).replace(". ", ".\n"))


@pytest.mark.parametrize("text", ["Lesson: restart it first.", "The Lesson: x. Cause: people. Remedy: y", ""])
def test_another_note_is_none(text: str) -> None:
    assert not is_lesson(text)


BLAME = re.compile(
    r"\b(fault|blame|careless|negligen\w*|stupid|lazy|forgot|technician|employee|colleague|fail\w*|guarantee|never"
    r"|always)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("kind", [None, *(kind.name for kind in CATALOGUE), "custom:vip", "gone"])
def test_words_for_a_client_blame_nobody_and_promise_nothing(kind: str | None) -> None:
    for cause in CAUSES:
        for remedy in REMEDIES:
            words = suggested(kind, cause, remedy)
            assert not BLAME.search(words), words
            assert words.count(".") == 4
            assert len(words) < 300


def test_words_differ_by_kind_cause_and_remedy() -> None:
    assert suggested("stale", "process", "training") != suggested("crossed", "process", "training")
    assert len({suggested("stale", cause, remedy) for cause in CAUSES for remedy in REMEDIES}) == 9
    assert suggested("custom:vip", "process", "training") == suggested(None, "process", "training")
