"""The sentences of what is late: every reason has one, with the field, the value and the time."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from store.reasons import place, sentence
from store.reasons_late import SENTENCES, span
from tests.store.conftest import NOW

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("code", "data", "said"),
    [
        ("respond_breached", {"by": NOW - HOUR}, "The first answer was due Fri 13:00."),
        (
            "resolve_breached",
            {"by": NOW - DAY, "held": True},
            "It had to be resolved by Thu 14:00. The SLA's clock is held now.",
        ),
        (
            "respond_soon",
            {"by": NOW + HOUR, "share": 0.8},
            "The first answer is due Fri 15:00: 80 % of the business time for it is gone.",
        ),
        (
            "resolve_soon",
            {"by": NOW + 3 * DAY, "share": 0.125},
            "It has to be resolved by 23 Nov 14:00: 12.5 % of the business time for it is gone.",
        ),
        (
            "no_owner",
            {"created_at": NOW - HOUR, "after": 1200},
            "Nobody owns it since it was opened Fri 13:00: more than 20 minutes of business time.",
        ),
        ("no_owner", {"created_at": None}, "Nobody owns it; the PSA does not say since when it is open."),
        (
            "no_activity",
            {"at": NOW - 2 * DAY, "days": 1, "priority": "High"},
            'No note and no time since Wed 14:00: more than 1 business day for priority "High".',
        ),
        (
            "no_activity",
            {"at": NOW - 5 * DAY, "days": 3},
            "No note and no time since Sun 14:00: more than 3 business days.",
        ),
        (
            "follow_up",
            {"status": "Waiting", "at": NOW - 3 * DAY, "asked": True, "after": 48 * HOUR},
            'The status is "Waiting"; staff wrote last Tue 14:00, at least 48 hours ago; somebody should ask again.',
        ),
        (
            "stale_waiting",
            {"status": "Waiting", "at": NOW - 8 * DAY, "asked": False, "after": 7 * DAY},
            'The status is "Waiting"; staff never asked; the last was said 12 Nov 14:00, at least 7 days ago;'
            " it should not wait any more.",
        ),
        (
            "too_old",
            {"created_at": NOW - 20 * DAY, "after": 14 * DAY},
            "Open since 31 Oct 14:00: more than 14 days.",
        ),
        ("nothing_planned", {"status": "Working"}, 'The status is "Working"; no appointment and no timer.'),
        (
            "planned_in_the_past",
            {"status": "Working", "until": NOW - DAY},
            'The status is "Working"; the last appointment was over Thu 14:00, nothing is planned after it.',
        ),
        ("owner_away", {"owner": "asmith"}, "It has to be gone today, and asmith is away."),
        (
            "owner_away",
            {"owner": "asmith", "until": "2026-12-31"},
            "It has to be gone today, and asmith is away until 31 Dec 2026.",
        ),
        (
            "owner_quiet",
            {"owner": "asmith", "last_at": NOW - 5 * HOUR},
            "It has to be gone today, and asmith has written no note and put in no time since Fri 09:00.",
        ),
        (
            "owner_quiet",
            {"owner": "a\x1b[2Jsmith", "from": NOW - 5 * HOUR},
            "It has to be gone today, and asmith has written no note and put in no time since Fri 09:00.",
        ),
        (
            "reopened",
            {"times": 2, "first_at": NOW - 9 * DAY, "last_at": NOW - DAY},
            "Closed and reopened 2 times: seen open again first 11 Nov 14:00, last Thu 14:00.",
        ),
    ],
)
def test_a_reason_in_words(code: str, data: dict[str, object], said: str) -> None:
    assert sentence(code, data, field=None, hours=None, zone=ZoneInfo("UTC"), now=NOW) == said


def test_every_sentence_is_tried_above_and_has_its_place() -> None:
    assert {case[0] for case in test_a_reason_in_words.pytestmark[0].args[1]} == set(SENTENCES)
    assert place("respond_breached") < place("respond_soon") < place("reopened")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"),
        (90, "90 seconds"),
        (60, "1 minute"),
        (20 * 60, "20 minutes"),
        (HOUR, "1 hour"),
        (DAY, "24 hours"),
        (2 * DAY, "48 hours"),
        (14 * DAY, "14 days"),
        (0, "0 seconds"),
    ],
)
def test_lengths_of_time_are_said_in_the_unit_that_they_are_whole_in(seconds: int, said: str) -> None:
    assert span(seconds) == said
