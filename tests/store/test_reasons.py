"""The sentences: every reason has one, with the field, the value and the time."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from store import reasons_late, reasons_mixed, reasons_money
from store.reasons import _SENTENCES, label, sentence, when
from tests.store.conftest import NOW

DAY = 86400
TALK = {"who": "Ann Lee", "first_at": NOW - DAY, "last_at": NOW - DAY}


@pytest.mark.parametrize(
    ("code", "data", "said"),
    [
        ("last_word_customer", TALK, "Ann Lee wrote Thu 14:00 and nobody has answered."),
        (
            "flag_not_set",
            TALK | {"last_at": NOW},
            "Ann Lee wrote Fri 14:00 (first Thu 14:00) and nobody has answered;"
            " the PSA's own mark is off: somebody may have opened it.",
        ),
        ("flag_set", {"flag": True, "last_at": NOW}, 'The PSA\'s "customer responded" flag is set.'),
        (
            "flag_set",
            {"status": "Customer Responded"},
            'The status is "Customer Responded"; there is no note by the customer.',
        ),
        (
            "flag_set_answered",
            {"flag": True, "staff": "jdoe", "staff_at": NOW},
            'The PSA\'s "customer responded" flag is set, though jdoe answered Fri 14:00.',
        ),
        ("author_unknown", {"unknown": "mx-1"}, "Whether mx-1 is a customer cannot be told: taken for one."),
        (
            "replied_after_close",
            TALK | {"closed_at": NOW - 2 * DAY, "closed_by": "jdoe"},
            "Ann Lee wrote Thu 14:00, after the ticket was closed (Wed 14:00 by jdoe).",
        ),
        (
            "replied_after_close",
            TALK,
            "Ann Lee wrote Thu 14:00 and nobody has answered; the ticket is closed,"
            " the PSA does not say since when.",
        ),
        ("missing", {}, "Contact's phone is empty."),
        ("missing", {"value": "N/A"}, 'Contact\'s phone is "N/A", which stands for nothing.'),
        (
            "agreement_inactive",
            {"agreement": "Gold", "state": "ended", "ends_on": "2026-11-19"},
            'Agreement "Gold" ended on 19 Nov 2026.',
        ),
        (
            "agreement_inactive",
            {"agreement": "Gold", "state": "not_begun", "starts_on": "2026-12-01"},
            'Agreement "Gold" begins only on 1 Dec 2026.',
        ),
        ("agreement_inactive", {"agreement": "Gold", "state": "cancelled"}, 'Agreement "Gold" is cancelled.'),
        ("no_parent", {"status": "Child"}, 'The status is "Child", a child\'s, but there is no parent.'),
        (
            "not_child_status",
            {"parent": "701", "status": "New", "child_statuses": ["Child", "Sub"]},
            'It has parent #701, but its status is "New", not "Child" or "Sub".',
        ),
        (
            "parent_closed",
            {"parent": "701", "closed_at": NOW, "closed_by": "asmith"},
            "Parent #701 was closed Fri 14:00 by asmith.",
        ),
        ("parent_closed", {"parent": "701", "parent_status": "Done"}, 'Parent #701 is closed ("Done").'),
        ("parent_missing", {"parent": "701", "presence": "deleted"}, "Parent #701 was deleted."),
        (
            "parent_missing",
            {"parent": "701", "presence": "merged", "merged_into": "9"},
            "Parent #701 was merged into #9.",
        ),
        (
            "parent_not_visible",
            {"parent": "701"},
            "Parent #701 is not there or not for you to see: the PSA does not say which.",
        ),
        (
            "ticket_without_code",
            {"ticket_hours": 1.5, "code_name": "Work type"},
            "1.50 h worked and no work type on the ticket.",
        ),
        ("ticket_without_code", {}, "It has no billing code on the ticket."),
        (
            "closed_without_code",
            {"closed_at": NOW - 40 * DAY, "closed_by": "jdoe", "code_name": "Work type"},
            "Closed 11 Oct 14:00 by jdoe without a work type.",
        ),
        ("time_without_code", {"at": NOW}, "0.75 h of Fri 14:00 without a billing code."),
        ("locked", {}, "0.75 h without a billing code, and locked: invoiced or approved."),
    ],
)
def test_a_reason_in_words(code: str, data: dict[str, object], said: str) -> None:
    zone = ZoneInfo("UTC")
    text = sentence(code, data, field="contact_phone", hours=0.75, zone=zone, now=NOW)
    assert text == said
    alone = sentence(code, data | {"psa_only": True}, field="contact_phone", hours=0.75, zone=zone, now=NOW)
    assert alone == f"{said} Only in the PSA itself can this be put right."


def test_every_sentence_is_tried_above() -> None:
    tried = {case[0] for case in test_a_reason_in_words.pytestmark[0].args[1]}
    further = {
        *reasons_late.SENTENCES,
        *reasons_mixed.SENTENCES,
        *reasons_money.SENTENCES,
    }
    assert tried == set(_SENTENCES) - further - {"custom"}


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (0, "Fri 14:00"),
        (6 * DAY, "Sat 14:00"),
        (7 * DAY, "13 Nov 14:00"),
        (-DAY, "21 Nov 14:00"),
        (365 * DAY, "20 Nov 2025"),
    ],
)
def test_moments_are_as_short_as_they_are_clear(ago: int, said: str) -> None:
    assert when(NOW - ago, ZoneInfo("UTC"), NOW) == said


def test_words_of_others_cannot_steer_a_terminal() -> None:
    data = TALK | {"who": "\x1b]0;owned\x07An\u202en\nLee"}
    text = sentence("last_word_customer", data, field=None, hours=None, zone=ZoneInfo("UTC"), now=NOW)
    assert text == "An\ufffdn Lee wrote Thu 14:00 and nobody has answered."
    assert label("custom:\x1b[31mAsset") == "Asset"
