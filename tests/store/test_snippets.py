"""Snippets: where they come from, what the ticket fills in, and what never leaves."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import TicketRecord
from store.fix_names import FixRefused
from store.fixes import Intent
from store.snippets import FIELDS, fields, fill, first_name, load, unfilled
from tests.tui.small_shop import Shop

TICKET = TicketRecord(
    ticket_id="1", number="70123", summary="Printer offline", status="New", company="Acme", contact="Lee, Maria"
)  # fmt: skip
KNOWN = fields(TICKET, "jdoe", datetime(2026, 11, 26))


@pytest.mark.parametrize(
    ("name", "first"),
    [("Maria Lee", "Maria"), ("Lee, Maria", "Maria"), ("Maria", "Maria"), ("Lee,", "Lee"), ("", "")],
)
def test_the_first_name(name: str, first: str) -> None:
    assert first_name(name) == first


def test_what_the_ticket_has_is_filled_in_and_what_it_lacks_stays_in_sight() -> None:
    text = "Hi {contact.first_name}, #{ticket.number}: call {contact.phone}. {me}, {company}, {today}"
    assert fill(text, KNOWN) == "Hi Maria, #70123: call {contact.phone}. jdoe, Acme, 2026-11-26"
    assert unfilled([fill(text, KNOWN)]) == ["{contact.phone}"]


def test_a_misspelt_field_is_one_and_other_braces_are_none() -> None:
    assert unfilled(["{contact.frist_name} {ticket.x}"]) == ["{contact.frist_name}", "{ticket.x}"]
    assert unfilled(["if (x) { return {a: 1}; } {foo} {0} {Contact.name}", None]) == []


@given(st.lists(st.sampled_from([*(f"{{{name}}}" for name in FIELDS), "{contact.oops}", "word", "{x}"])))
def test_nothing_that_looks_filled_in_has_a_field_left(parts: list[str]) -> None:
    filled = fill(" ".join(parts), KNOWN)
    assert all(name[1:-1] not in KNOWN for name in unfilled([filled]))


def test_files_and_settings(tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("Hello\n", encoding="utf-8")
    (tmp_path / "wait.reply.md").write_text("Please wait", encoding="utf-8")
    (tmp_path / "escalate.note.txt").write_bytes(b"\xef\xbb\xbfTo level 2")
    (tmp_path / "picture.png").write_bytes(b"x")
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe")
    found, problems = load(tmp_path, {"Bye": "Bye"})
    assert [(one.name, one.side, one.text) for one in found] == [
        ("Bye", None, "Bye"),
        ("escalate", "note", "To level 2"),
        ("hello", None, "Hello"),
        ("wait", "reply", "Please wait"),
    ]
    assert len(problems) == 1 and "broken.txt" in problems[0]
    assert load(tmp_path / "nowhere", {}) == ([], [])


@pytest.mark.parametrize(
    "wanted", [{"reply": "Hi {contact.first_name}"}, {"note": "{agreement}"}, {"seen": "{me}"}]
)
async def test_an_unfilled_field_never_leaves_whoever_asks(tmp_path: Path, wanted: dict[str, str]) -> None:
    shop = Shop(tmp_path / "home")
    await shop.pull()
    desk = shop.desk()
    row = desk.reader.rows(("customer_responded",))[0]
    with pytest.raises(FixRefused, match="is not filled in"):
        await desk.prepare(row.connection, row.ticket_id, Intent(**wanted))  # type: ignore[arg-type]
    await desk.close()
