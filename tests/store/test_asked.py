"""Questions to billing: what the note says, how it is recognised, and how it stands."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.asked import Note, parse_question, question_text, standing
from store.business_time import Hours

BERLIN = ZoneInfo("Europe/Berlin")
HOURS = Hours(zone="Europe/Berlin")
FRIDAY = int(datetime(2026, 11, 20, 15, 0, tzinfo=BERLIN).timestamp())
TUESDAY = int(datetime(2026, 11, 24, 15, 0, tzinfo=BERLIN).timestamp())
ASKED = Note("Jordan Doe", FRIDAY, question_text("Pat Kim", "Is this covered?"))


def stands(*notes: Note, now: int = FRIDAY + 60, hours: Hours = HOURS) -> object:
    asked = standing(notes, now=now, hours=hours, overdue_days=2)
    return None if asked is None else asked.state


@given(st.text(), st.text())
def test_what_was_asked_is_read_again(to: str, question: str) -> None:
    found = parse_question(question_text(to, question))
    assert found is not None
    assert "".join(found[1].split()) == "".join(question.split())


def test_white_space_that_a_psa_changes_does_not_matter() -> None:
    assert parse_question("Question to\u00a0billing (Pat\nKim):\n\nCovered?") == ("Pat Kim", "Covered?")


@pytest.mark.parametrize("text", ["", "A question to billing (Pat): x", "Question to billing: x"])
def test_other_notes_are_no_question(text: str) -> None:
    assert parse_question(text) is None


def test_asked_answered_and_asked_again() -> None:
    answer = Note("Pat Kim", FRIDAY + 60, "Yes, Gold.")
    assert stands() is None
    assert stands(ASKED) == "asked"
    assert stands(ASKED, answer) == "answered"
    assert stands(answer, ASKED) == "asked"
    assert stands(ASKED, answer, Note("Jordan Doe", FRIDAY + 90, question_text("Pat", "Really?"))) == "asked"


def test_ones_own_note_is_no_answer() -> None:
    assert stands(ASKED, Note("jordan doe", FRIDAY + 60, "Called the customer.")) == "asked"


def test_the_first_answer_counts() -> None:
    asked = standing(
        [ASKED, Note("Pat Kim", FRIDAY + 60, "Yes."), Note("Ann", FRIDAY + 90, "Lunch?")],
        now=FRIDAY + 99, hours=HOURS, overdue_days=2,
    )  # fmt: skip
    assert asked is not None and (asked.answer, asked.answered_by) == ("Yes.", "Pat Kim")


def test_overdue_after_two_business_days_over_a_weekend() -> None:
    assert stands(ASKED, now=TUESDAY - 1) == "asked"
    assert stands(ASKED, now=TUESDAY) == "overdue"
    assert stands(ASKED, Note("Pat Kim", TUESDAY + 60, "Yes."), now=TUESDAY + 99) == "answered"


def test_a_holiday_is_no_day_to_answer_on() -> None:
    hours = Hours(zone="Europe/Berlin", holidays=("2026-11-23",))
    assert stands(ASKED, now=TUESDAY + 86399, hours=hours) == "asked"
    assert stands(ASKED, now=TUESDAY + 86400, hours=hours) == "overdue"


def test_a_night_in_which_the_clocks_change_is_still_one_day() -> None:
    friday, tuesday = (int(datetime(2026, 10, day, 9, 0, tzinfo=BERLIN).timestamp()) for day in (23, 27))
    asked = Note("Jordan Doe", friday, question_text("Pat Kim", "Is this covered?"))
    assert stands(asked, now=tuesday - 1) == "asked"
    assert stands(asked, now=tuesday) == "overdue"
