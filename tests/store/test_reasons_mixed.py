"""The sentences of what is mixed up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from store import reasons_mixed
from store.reasons import sentence
from tests.store.conftest import NOW

HOUR, DAY = 3600, 86400
OTHER = {"name": "Ann Lee", "other": "Contoso"}
OPENED = {"summary": "Printer jams", "opened_at": NOW - HOUR, "contact": "Ann Lee"}
TALK = {"who": "Ann Lee", "wrote_at": NOW - HOUR, "staff": "rroe", "staff_at": NOW - HOUR + 120}


@pytest.mark.parametrize(
    ("code", "data", "said"),
    [
        (
            "similar_open",
            OPENED | {"others": ["701"]},
            'Ann Lee has #701 open too: "Printer jams", opened Fri 13:00.',
        ),
        (
            "similar_open",
            OPENED | {"others": ["701", "702", "703"], "contact": None},
            'The same contact has #701, #702 and #703 open too: "Printer jams", opened Fri 13:00; 3 in all.',
        ),
        (
            "similar_open",
            OPENED | {"others": [str(number) for number in range(1, 9)]},
            'Ann Lee has #1, #2, #3, #4, #5 and 3 more open too: "Printer jams", opened Fri 13:00; 8 in all.',
        ),
        ("contact_elsewhere", OTHER, 'Contact "Ann Lee" belongs to Contoso.'),
        ("agreement_elsewhere", {"name": "Gold", "other": "19"}, 'Agreement "Gold" belongs to 19.'),
        ("site_elsewhere", {"name": "Main"}, 'Site "Main" belongs to another company.'),
        ("parent_elsewhere", {"name": "701", "other": "Contoso"}, "Parent #701 belongs to Contoso."),
        (
            "domain_elsewhere",
            {"name": "contoso.example", "other": "Contoso"},
            "Mail from contoso.example: of all contacts only those of Contoso have it.",
        ),
        (
            "catch_all",
            {"name": "Catchall"},
            '"Catchall" only collects what nobody could assign: whose is this?',
        ),
        (
            "crossed",
            TALK,
            "Ann Lee wrote Fri 13:00; the answer by rroe Fri 13:02 does not seem to have seen it.",
        ),
        (
            "closed_with_open_children",
            {"children": ["701"], "closed_at": NOW - DAY, "closed_by": "jdoe"},
            "Closed Thu 14:00 by jdoe, and child #701 is open.",
        ),
        (
            "closed_with_open_children",
            {"children": ["701", "702"], "status": "Completed"},
            'The status is "Completed", and children #701 and #702 are open.',
        ),
        (
            "all_children_closed",
            {"count": 1, "status": "New"},
            'The only child is closed, and this ticket is "New".',
        ),
        (
            "all_children_closed",
            {"count": 3, "status": "New", "last_at": NOW - DAY},
            'All 3 children are closed since Thu 14:00, and this ticket is "New".',
        ),
    ],
)
def test_a_reason_in_words(code: str, data: dict[str, object], said: str) -> None:
    assert sentence(code, data, field=None, hours=None, zone=ZoneInfo("UTC"), now=NOW) == said


def test_every_sentence_is_tried_above() -> None:
    tried = {case[0] for case in test_a_reason_in_words.pytestmark[0].args[1]}
    assert tried == set(reasons_mixed.SENTENCES)


def test_words_of_others_cannot_steer_a_terminal() -> None:
    data = {"children": ["7\x1b[31m1"], "status": "\x1b]0;owned\x07New"}
    said = sentence("closed_with_open_children", data, field=None, hours=None, zone=ZoneInfo("UTC"), now=NOW)
    assert said == 'The status is "New", and child #71 is open.'
