"""An article from a documented ticket, a refusal from another; the note that a closed ticket lacks."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from store import kb
from store.kb import NotDocumented
from store.read import Reader
from store.read_records import TicketView
from store.settings import KindRule, Rules
from store.snippets import unfilled
from tests.tui import small_day
from tests.tui.small_day import at, entry, note, ticket

RULES = Rules()
BERLIN = ZoneInfo("Europe/Berlin")

CLOSED = {"status": "Completed", "closed": True, "closed_by": "jdoe", "company": "Acme"}
MAIL = (
    "Hello Ann,\n\nthe profile was corrupt, I made a new one and let the OST build again. Call 555 0101 if it asks.\n\n"
    "Kind regards\nJohn Doe\nAcme IT\n+49 30 1234567\n\n"
    "On Thu, 26 Nov 2026 at 08:45, Ann Lee <ann@acme.test> wrote:\n> Good morning, it still asks. Any news?"
)


def view_of(folder: Path, *more, **changed) -> TicketView:
    """Ticket 900 of Acme, closed, with these notes and time entries."""
    values = CLOSED | {"closed_at": at("26 10:40"), "created_at": at("25 08:10")} | changed
    number = values.pop("summary", "Outlook asks Ann Lee for the password")
    home = small_day.fill(folder, [ticket("900", values.pop("company"), number, **values)], more=list(more))
    found = Reader(home, small_day.SETTINGS, lambda: small_day.NOW).ticket("acme", "900")
    assert found is not None
    return found


def asked(text: str = "Outlook asks me, Ann Lee, every five minutes. Reach me at ann@acme.test."):
    return note("900", 901, "25 09:12", "Ann Lee", "customer", text)


def answered(text: str = MAIL, number: int = 905, when: str = "26 10:30", **more):
    return note("900", number, when, "jdoe", "staff", text, **more)


@pytest.fixture
def documented(tmp_path: Path) -> TicketView:
    return view_of(
        tmp_path,
        asked(),
        note("900", 902, "25 09:30", "jdoe", "staff", "Reset the password in the portal, no change.", public=False),
        note("900", 903, "25 09:40", "workflow", "system", "Status changed from New to In Progress.", public=False),
        note("900", 904, "25 10:00", "jdoe", "staff", "Hand-over (asmith): Out of time today", public=False),
        answered(),
        entry("t9", "900", "26 09:40", 0.75, "Remote session, profile rebuilt for Ann."),
    )  # fmt: skip


def sections(text: str) -> dict[str, str]:
    found = {}
    for part in text.split("\n## ")[1:]:
        name, _, body = part.partition("\n\n")
        found[name] = body.strip()
    return found


def test_an_article_has_its_parts_and_nobodys_name(documented: TicketView) -> None:
    text = kb.article(documented, RULES)
    assert text.startswith("# Outlook asks [customer] for the password\n\n> Taken out by rules: ")
    assert "read it before others do" in text.split("\n")[2]
    made = sections(text)
    assert made["Symptoms"] == "> Outlook asks me, [customer], every five minutes. Reach me at [mail]."
    assert made["Environment"] == "- Board: Help Desk\n- Type: Incident\n- Priority: P3 Medium"
    assert made["Steps"] == (
        "1. Reset the password in the portal, no change.\n2. Remote session, profile rebuilt for [customer]."
    )
    assert made["Resolution"] == (
        "the profile was corrupt, I made a new one and let the OST build again. Call [phone] if it asks."
    )
    assert made["Time it took"] == "- 0.75 h of work in 1 time entry\n- 1 day 2 hours from opened to closed"
    for word in ("Ann", "Lee", "jdoe", "Doe", "acme.test", "555", "1234567", "Hand-over", "Kind regards"):
        assert word not in text, word


def test_kinds_it_was_in_are_named(tmp_path: Path) -> None:
    view = view_of(tmp_path, asked(), answered(), billing_code=None, billing_code_id=None)
    assert sections(kb.article(view, RULES))["Related kinds of exception"] == "- Billing code"


def test_a_resolution_field_comes_before_the_last_note(tmp_path: Path) -> None:
    said = "Rebuilt the mail profile and the cache."
    view = view_of(tmp_path, asked(), answered(), resolution=said)
    made = sections(kb.article(view, RULES))
    assert made["Resolution"] == said
    assert "the profile was corrupt" in made["Steps"]


def test_foreign_text_makes_no_markup(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        asked("# Help\n<script>x</script> ![p](http://evil.test/p.png) [here](javascript:x)\n- one"),
        answered("<b>Uninstalled</b> the toolbar\n1. and\n> restarted"),
    )
    text = kb.article(view, RULES)
    for sign in ("<script", "<b>", "![", "](", "\n> # ", "\n# Help"):
        assert sign not in text, sign


@pytest.mark.parametrize(
    ("more", "changed", "words"),
    [
        ((answered(),), {"closed": False, "status": "In Progress", "closed_at": None}, "it is open"),
        ((), {}, "no resolution, note or time entry of staff has 20 characters"),
        ((answered("Fixed the printer."),), {}, "no resolution, note"),
        ((answered("No further action."),), {}, "no resolution, note"),
        ((note("900", 903, "25 09:40", "bot", "system", "x" * 50),), {}, "no resolution, note"),
        ((answered("No answer needed: thanks only, said the customer (up to 2026-11-26T07:45:00Z)", seen=True,
                   public=False),), {}, "no resolution, note"),
        ((answered("Lesson: nobody called back in time. Cause: people. Remedy: training.", public=False),), {},
         "no resolution, note"),
        ((answered(),), {"notes_read_at": None}, "its conversation has not been read"),
    ],
)  # fmt: skip
def test_what_lacks_is_said(tmp_path: Path, more, changed, words: str) -> None:
    with pytest.raises(NotDocumented) as refused:
        kb.article(view_of(tmp_path, asked(), *more, **changed), RULES)
    assert words in str(refused.value)
    assert "#900" in str(refused.value)


@pytest.mark.parametrize(("text", "enough"), [("x" * 19, False), ("x" * 20, True)])
def test_the_length_is_the_kinds(tmp_path: Path, text: str, enough: bool) -> None:
    view = view_of(tmp_path, asked(), answered(text))
    assert bool(kb.lacks(view, RULES)) is not enough
    own = RULES.of("undocumented").limits | {"least": 5, "generic": (text,)}
    strict = Rules(kinds={"undocumented": KindRule(on=True, limits=own)})
    assert kb.lacks(view, strict), "and so are the texts that say nothing"


def test_a_ticket_without_the_customers_words_says_so(tmp_path: Path) -> None:
    text = kb.article(view_of(tmp_path, answered()), RULES)
    assert "own words are not on the ticket" in sections(text)["Symptoms"]


def test_the_note_is_made_of_facts_alone(documented: TicketView) -> None:
    assert kb.note_from_facts(documented, BERLIN).split("\n") == [
        "Reported by Ann Lee (Acme), 2026-11-25 09:12: Outlook asks me, Ann Lee, every five minutes. Reach me at"
        " ann@acme.test.",
        "2026-11-25 09:30 jdoe: Reset the password in the portal, no change.",
        "2026-11-26 09:40 jdoe: Remote session, profile rebuilt for Ann.",
        "2026-11-26 10:30 jdoe: the profile was corrupt, I made a new one and let the OST build again. Call 555 0101"
        " if it asks.",
        "Time: jdoe 0.75 h.",
        "Closed 2026-11-26 10:40 by jdoe, status Completed.",
    ]


def test_what_is_not_there_is_not_said(tmp_path: Path) -> None:
    view = view_of(tmp_path, closed_at=None, closed_by=None, contact=None, created_at=None, summary="Printer")
    assert kb.note_from_facts(view) == "Opened: Printer\nClosed, status Completed."


def test_a_proposal_does_not_leave_before_somebody_has_said_how(tmp_path: Path) -> None:
    """The facts of an undocumented ticket do not say how it was solved; a note of them alone must not count as if."""
    text = kb.proposal(view_of(tmp_path, asked()))
    assert text.endswith("How it was solved: {ticket.solution}")
    assert unfilled([text]) == [kb.SOLUTION]


def test_long_words_are_cut(tmp_path: Path) -> None:
    view = view_of(tmp_path, asked("word " * 200))
    first, *_ = kb.note_from_facts(view).split("\n")
    assert first.endswith("…") and len(first) < 260
