"""The exceptions on time and money, case by case: each edge from both sides."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text

from store.business_time import Hours
from store.database import Databases
from store.day_time import Worked, day_of, shift_of, stretches
from store.models import NoteOverlay
from store.reasons import sentence
from store.reasons_money import SENTENCES
from store.rules.evaluate import evaluate
from store.settings import Connection, KindRule, Rules, Settings
from store.settings_records import AgreementScope, Exclude
from tests.store import plain_money as plain
from tests.store import worlds_money as worlds
from tests.store.conftest import NOW
from tests.store.worlds_money import DAY, HOUR, LONG, MINUTE, QUESTION

VALUES: dict[str, Any] = dict.fromkeys(
    (
        "board",
        "company_id",
        "company",
        "type",
        "agreement_id",
        "agreement",
        "billing_code",
        "hours",
        "updated_at",
        "closed_at",
        "resolution",
        "project",
    )
) | {
    "status": "New",
    "closed": False,
    "in_scope": True,
    "presence": "here",
    "created_at": NOW - 50 * DAY,
}
CLOSED = {"closed": True, "closed_at": NOW - HOUR}


def ticket(id: str = "1", **values: Any) -> plain.Ticket:
    notes, time = values.pop("notes", []), values.pop("time", [])
    return plain.Ticket(id, VALUES | {"number": f"7{id}"} | values, notes, time)


def entry(id: str = "a", begins: int = NOW - HOUR, length: int = HOUR, **more: Any) -> plain.Time:
    return plain.Time(id, begins, begins + length, more.pop("hours", length / 3600), member="jdoe", **more)


def note(text: str, at: int = NOW - HOUR, *, id: str = "1", **more: Any) -> plain.Note:
    return plain.Note(id, at, text=text, author=more.pop("author", "jdoe"), **more)


class Shop:
    """One connection with all these kinds on."""

    def __init__(self, databases: Databases) -> None:
        self.databases = databases
        self.limits: dict[str, dict[str, Any]] = {}
        self.exclude: tuple[Exclude, ...] = ()
        self.agreements: tuple[AgreementScope, ...] = ()
        self.shift: tuple[int, int] | None = None
        self.zone = "UTC"

    @property
    def settings(self) -> Settings:
        acme = Connection(
            name="acme", psa="connectwise", technician="jdoe", timezone=self.zone, hours=Hours(zone=self.zone)
        )
        kinds = {
            kind: KindRule(
                on=True, limits=worlds.limits(kind, **self.limits.get(kind, {})), exclude=self.exclude
            )
            for kind in worlds.KINDS
        }
        rules = Rules(required=(), agreements=self.agreements, kinds=kinds)
        return Settings(timezone=self.zone, connections={"acme": acme}, rules=rules, shift=self.shift)

    def finds(self, kind: str, *tickets: plain.Ticket, now: int = NOW) -> dict[tuple[str, str, str], int]:
        """(ticket, code, entry) -> since."""
        world = plain.World(self.settings, None, None, "7", "J. Doe", list(tickets))
        with self.databases.cache.begin() as cache:
            worlds.put(cache, world)
        self.evaluate(now)
        return {
            (row["ticket_id"], row["code"], row["time_entry_id"]): row["since"] for row in self.reasons(kind)
        }

    def evaluate(self, now: int = NOW) -> None:
        evaluate(self.databases.cache, self.databases.journal, self.settings, now=now, connections=["acme"])

    def reasons(self, kind: str) -> list[Any]:
        with self.databases.cache_reads.connect() as cache:
            query = text("SELECT * FROM reason WHERE kind = :k ORDER BY ticket_id, code, time_entry_id")
            return list(cache.execute(query, {"k": kind}).mappings())

    def cleared(self, kind: str) -> list[int | None]:
        with self.databases.journal_reads.connect() as journal:
            query = text("SELECT cleared_at FROM history WHERE kind = :k ORDER BY id")
            return list(journal.execute(query, {"k": kind}).scalars())


@pytest.fixture
def shop(databases: Databases) -> Shop:
    return Shop(databases)


# ---------------------------------------------------------------- undocumented


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("", "nothing_written"),
        (" \u200b?! ", "nothing_written"),
        ("Fixed.", "says_nothing"),
        ("x" * 19, "says_nothing"),
        (f"({'x' * 19})", "says_nothing"),
        ("fixed" + "." * 30, "says_nothing"),
        ("x" * 20, None),
        (LONG, None),
        (QUESTION, "nothing_written"),
        ("Hand-over (Aisha): the customer waits for a call back", "nothing_written"),
        ("Seen, no answer needed: thanks only, nothing to do here", "nothing_written"),
    ],
)
def test_a_closed_ticket_needs_a_word_on_the_work(shop: Shop, said: str, code: str | None) -> None:
    found = shop.finds("undocumented", ticket(**CLOSED, notes=[note(said)] if said else []))
    assert [one for _, one, _ in found] == ([code] if code else [])


@pytest.mark.parametrize(
    "values",
    [
        {"resolution": LONG},
        {"time": [entry(text=LONG)]},
        {"notes": [note(LONG, public=True)]},
        {"notes": [note(LONG, author="somebody else", author_id="8")]},
    ],
)
def test_a_resolution_an_entry_or_any_technicians_note_says_it(shop: Shop, values: dict[str, Any]) -> None:
    assert shop.finds("undocumented", ticket(**CLOSED, **values)) == {}


@pytest.mark.parametrize("speaker", ["customer", "system", "unknown"])
def test_what_others_write_is_no_documentation(shop: Shop, speaker: str) -> None:
    assert shop.finds("undocumented", ticket(**CLOSED, notes=[note(LONG, speaker=speaker)]))


def test_a_generic_text_that_is_long_enough_says_nothing_all_the_same(shop: Shop) -> None:
    shop.limits = {"undocumented": {"generic": ("Issue resolved to the customer's liking.",)}}
    said = "  ISSUE resolved to the customer's liking!!"
    assert shop.finds("undocumented", ticket(**CLOSED, notes=[note(said)]))


def test_the_window_counts_from_the_closing_else_from_the_last_change(shop: Shop) -> None:
    edge = NOW - 30 * DAY
    found = shop.finds(
        "undocumented",
        ticket("1", closed=True, closed_at=edge),
        ticket("2", closed=True, closed_at=edge - 1, updated_at=NOW),
        ticket("3", closed=True, updated_at=edge),
        ticket("4", closed=True, updated_at=edge - 1),
        ticket("5", closed=True),
        ticket("6"),
    )
    assert {id: since for (id, _, _), since in found.items()} == {"1": edge, "3": edge, "5": NOW - 50 * DAY}


# ---------------------------------------------------------------- unlogged


def test_closed_or_worked_on_today_without_time(shop: Shop) -> None:
    midnight = NOW - 14 * HOUR
    found = shop.finds(
        "unlogged",
        ticket("1", **CLOSED),
        ticket("2", notes=[note("Called.", midnight)]),
        ticket("3", notes=[note("Called.", midnight - 1)]),
        ticket("4", **CLOSED, hours=0.25),
        ticket("5", **CLOSED, time=[entry(hours=0.0)]),
        ticket("6", notes=[note(QUESTION)]),
        ticket("7", notes=[note("Called.", speaker="customer")]),
        ticket("8", closed=True, closed_at=NOW - 40 * DAY, notes=[note("Called.")]),
    )
    assert found == {
        ("1", "closed_without_time", ""): NOW - HOUR,
        ("2", "worked_without_time", ""): midnight,
        ("8", "worked_without_time", ""): NOW - HOUR,
    }


def test_today_is_of_the_connections_zone(shop: Shop) -> None:
    shop.zone = "Asia/Tokyo"  # 23:00 on the 20th: its day began 15:00 UTC on the 19th
    begins = NOW - 23 * HOUR
    found = shop.finds(
        "unlogged", ticket("1", notes=[note("x", begins)]), ticket("2", notes=[note("x", begins - 1)])
    )
    assert [id for id, _, _ in found] == ["1"]


@pytest.mark.parametrize(
    ("author", "author_id", "his"),
    [
        ("nobody", "7", True),
        ("jdoe", "8", False),
        ("JDOE ", None, True),
        ("J. Doe", None, True),
        ("jdoerr", None, False),
    ],
)
def test_whose_a_note_is_goes_by_the_id_else_by_the_name(
    shop: Shop, author: str, author_id: str | None, his: bool
) -> None:
    found = shop.finds("unlogged", ticket(notes=[note("Called.", author=author, author_id=author_id)]))
    assert bool(found) is his


def test_a_note_of_ours_that_is_still_on_its_way_is_work(shop: Shop) -> None:
    assert shop.finds("unlogged", ticket()) == {}
    with shop.databases.cache.begin() as cache:
        row = worlds._note(ticket(), note("Called.", id="2"))
        cache.execute(insert(NoteOverlay), [row])
    shop.evaluate()
    assert [row["code"] for row in shop.reasons("unlogged")] == ["worked_without_time"]


def test_what_the_days_end_takes_away_is_not_resolved_by_it(shop: Shop) -> None:
    worked = ticket(notes=[note("Called.")])
    shop.finds("unlogged", worked)
    assert shop.finds("unlogged", worked, now=NOW + DAY) == {}
    assert shop.cleared("unlogged") == [None]  # aged out
    worked.time = [entry()]
    shop.finds("unlogged", worked, now=NOW + DAY)
    assert shop.cleared("unlogged") == [NOW + DAY]


# ---------------------------------------------------------------- unbilled, out of scope


def test_unbilled_is_what_is_to_be_paid_and_old_and_on_no_invoice(shop: Shop) -> None:
    old = NOW - 30 * DAY
    owed = {"charge": True, "invoiced": False}
    found = shop.finds(
        "unbilled",
        ticket(
            time=[
                entry("a", old, **owed),
                entry("b", old + 1, **owed),
                entry("c", old, charge=True, invoiced=None),
                entry("d", old, charge=True, invoiced=True),
                entry("e", old, charge=None, invoiced=False),
                entry("f", old, hours=0.0, **owed),
            ]
        ),
        ticket("2", closed=True, closed_at=NOW - 180 * DAY, time=[entry("g", old - DAY, **owed)]),
        ticket("3", closed=True, closed_at=NOW - 180 * DAY - 1, time=[entry("h", old, **owed)]),
    )
    assert found == {("1", "not_invoiced", "a"): old, ("2", "not_invoiced", "g"): old - DAY}


def test_out_of_scope_is_by_code_board_or_type_of_the_agreement(shop: Shop) -> None:
    shop.agreements = (
        AgreementScope(name="gold", codes=("Project Work",), types=("Printer",)),
        AgreementScope(name="*", boards=("Projects",)),
    )

    def project(id: str) -> list[plain.Time]:
        return [entry(id, code="project work ")]

    found = shop.finds(
        "out_of_scope",
        ticket("1", agreement="Gold ", time=project("a")),
        ticket("2", agreement="Silver", time=project("x")),
        ticket("3", agreement=None, board="Projects", time=project("y")),
        ticket("4", agreement_id="9", board="Projects", time=[entry("b", code="Support")]),
        ticket("5", agreement="Gold", type="PRINTER", time=[entry("c", code="Support")]),
        ticket(
            "6", agreement="Gold", billing_code="Project Work", time=[entry("d"), entry("e", code="Support")]
        ),
        ticket("7", agreement="Gold", time=[entry("f", code="Project Work", charge=True)]),
        ticket("8", agreement="Gold", time=[entry("g", code="Project Work", invoiced=True)]),
        ticket("9", agreement="Gold", time=[entry("h", code="Project Work", charge=False)]),
    )
    assert {(id, one) for id, _, one in found} == {("1", "a"), ("4", "b"), ("5", "c"), ("6", "d"), ("9", "h")}


def test_a_company_that_is_left_out_is_left_out(shop: Shop) -> None:
    shop.agreements = (AgreementScope(name="*", boards=("Projects",)),)
    shop.exclude = (Exclude(companies=("acme",)),)
    here = {"agreement": "Gold", "board": "Projects", "time": [entry()]}
    found = shop.finds("out_of_scope", ticket("1", company="Acme", **here))
    assert found == {} and shop.finds("out_of_scope", ticket("1", company="Zed", **here))


# ---------------------------------------------------------------- how much work


def test_a_project_by_each_criterion_alone_and_just_not(shop: Shop) -> None:
    def by(*who: str) -> list[plain.Time]:
        some = [entry(f"{''.join(who)}{place}") for place in range(len(who))]
        for one, name in zip(some, who, strict=True):
            one.member, one.hours = name, 0.5
        return some

    found = shop.finds(
        "project_in_disguise",
        ticket("1", time=[entry("x", hours=4.0)]),
        ticket("2", time=[entry("y", hours=3.99)]),
        ticket("3", hours=4.0),
        ticket("4", time=by("a", "b", "c")),
        ticket("5", time=by("a", "b", "B")),
        ticket("6", time=by(*"aaaaa")),
        ticket("7", time=by(*"aaaa")),
        ticket("8", project=True, hours=9.0),
        ticket("9", closed=True, hours=9.0),
        ticket("10", time=[entry(f"t{n}", hours=1 / 3 * 4) for n in range(3)]),
    )
    assert {(id, code) for id, code, _ in found} == {
        ("1", "many_hours"),
        ("3", "many_hours"),
        ("4", "many_technicians"),
        ("6", "many_entries"),
        ("10", "many_hours"),
    }


def short(id: str, at: int = NOW - DAY, **more: Any) -> plain.Time:
    return entry(id, at, 15 * MINUTE, **more)


def of_acme(id: str, *time: plain.Time, **more: Any) -> plain.Ticket:
    return ticket(id, **({"company_id": "1", "company": "Acme", "type": "Password"} | more), time=list(time))


def test_a_fix_is_repeated_from_the_fifth_short_entry_on(shop: Shop) -> None:
    four = of_acme("1", *(short(f"a{n}") for n in range(4)))
    newest = of_acme("2", short("b", NOW - HOUR), closed=True, closed_at=NOW)
    found = shop.finds("repeated_fix", four, newest)
    assert found == {("2", "again_and_again", ""): NOW - HOUR}
    (row,) = shop.reasons("repeated_fix")
    assert row["hours"] == 1.25 and '"count":5,"tickets":2,"company":"Acme","type":"Password"' in row["data"]


@pytest.mark.parametrize(
    "fifth",
    [
        of_acme("2", short("b"), company_id="2"),
        of_acme("2", short("b"), type="Printer"),
        of_acme("2", short("b"), type=None),
        of_acme("2", short("b"), company_id=None, company=None),
        of_acme("2", short("b"), in_scope=False),
        of_acme("2", short("b", charge=True)),
        of_acme("2", short("b", invoiced=True)),
        of_acme("2", short("b", NOW - 30 * DAY - 1)),
        of_acme("2", entry("b", NOW - DAY, 15 * MINUTE + 1)),
    ],
)
def test_what_is_no_fifth_of_them(shop: Shop, fifth: plain.Ticket) -> None:
    assert shop.finds("repeated_fix", of_acme("1", *(short(f"a{n}") for n in range(4))), fifth) == {}


# ---------------------------------------------------------------- the technician's day


def at(hour: int, minute: int = 0) -> int:
    """A time of today; now is 14:00."""
    return NOW - 14 * HOUR + hour * HOUR + minute * MINUTE


def test_overlaps_and_gaps_stand_where_they_can_be_put_right(shop: Shop) -> None:
    found = shop.finds(
        "time_gap",
        ticket("1", time=[entry("a", at(9))]),
        ticket("2", time=[entry("b", at(9, 59))]),
        ticket("3", time=[entry("c", at(11, 14))]),
        ticket("4", time=[entry("d", at(12, 13) + 1), entry("e", at(13, 13) + 1 - 59)]),
    )
    assert found == {("2", "overlap", "b"): at(9, 59), ("2", "gap_after", "b"): at(10, 59)}


def test_the_shift_has_gaps_at_its_begin_and_up_to_now(shop: Shop) -> None:
    shop.shift = (9 * 60, 17 * 60)
    found = shop.finds("time_gap", ticket("1", time=[entry("a", at(9, 15), 4 * HOUR)]))
    assert found == {("1", "gap_before", "a"): at(9), ("1", "gap_after", "a"): at(13, 15)}
    (after, _) = shop.reasons("time_gap")
    assert after["hours"] is None and "ends" not in after["data"]


def test_without_an_entry_today_there_is_no_row(shop: Shop) -> None:
    shop.shift = (9 * 60, 17 * 60)
    assert shop.finds("time_gap", ticket("1", time=[entry("a", at(9) - DAY)])) == {}


def test_on_a_day_off_the_shift_asks_for_nothing(shop: Shop) -> None:
    shop.shift = (9 * 60, 17 * 60)
    saturday = at(11) + DAY
    assert shop.finds("time_gap", ticket("1", time=[entry("a", saturday)]), now=NOW + DAY) == {}


def test_a_gap_whose_earlier_ticket_is_elsewhere_stands_on_the_later_one(shop: Shop) -> None:
    elsewhere = ticket("1", in_scope=False, time=[entry("a", at(8))])
    assert shop.finds("time_gap", elsewhere, ticket("2", time=[entry("b", at(10))])) == {
        ("2", "gap_before", "b"): at(9)
    }


def test_an_entry_without_an_end_may_fill_any_gap(shop: Shop) -> None:
    open_ended = entry("c", at(10))
    open_ended.ended_at = None
    tickets = [ticket("1", time=[entry("a", at(8)), entry("b", at(12))]), ticket("2", time=[open_ended])]
    assert shop.finds("time_gap", *tickets) == {}


def test_colleagues_entries_are_not_his_day(shop: Shop) -> None:
    theirs = entry("b", at(9, 30))
    theirs.member = "asmith"
    assert shop.finds("time_gap", ticket("1", time=[entry("a", at(9)), theirs])) == {}


@pytest.mark.parametrize(("after", "late"), [(DAY, False), (DAY + 1, True)])
def test_an_entry_is_late_after_a_business_day(shop: Shop, after: int, late: bool) -> None:
    done = at(13) - DAY
    found = shop.finds("time_gap", ticket(time=[entry("a", done - HOUR, entered_at=done + after)]))
    assert ("1", "entered_late", "a") in found if late else found == {}


def test_the_weekend_makes_no_entry_late(shop: Shop) -> None:
    friday = at(13)
    monday = friday + 3 * DAY
    one = ticket(time=[entry("a", friday - HOUR, entered_at=monday)])
    assert shop.finds("time_gap", one, now=monday + HOUR) == {}
    one.time[0].entered_at = monday + 1
    assert shop.finds("time_gap", one, now=monday + HOUR) == {("1", "entered_late", "a"): friday - HOUR}


def test_a_day_on_which_the_clocks_change_has_its_own_length() -> None:
    begins, ends = day_of(1_792_922_400, ZoneInfo("Europe/Berlin"))  # 25 October 2026
    assert ends - begins == 25 * HOUR
    assert shift_of(begins, ZoneInfo("Europe/Berlin"), (60, 240)) == (begins + HOUR, begins + 5 * HOUR)


def test_a_gap_before_an_entry_that_lies_ahead_ends_now() -> None:
    ahead = [Worked(0, 100), Worked(5000, 6000)]
    (gap,) = stretches(ahead, None, 2000, 900)
    assert (gap.begins, gap.ends, gap.lasts) == (100, 2000, True)


# ---------------------------------------------------------------- questions to billing


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, True),
        ({"billing_code": "Support"}, False),
        ({"closed": True, "closed_at": NOW}, True),
        ({"notes": [note(QUESTION, NOW - 2 * DAY + 1)]}, False),
        ({"notes": [note(QUESTION, NOW - 2 * DAY), note("It is.", author="Pat Kim", id="2")]}, False),
        ({"notes": [note(QUESTION, NOW - 2 * DAY), note("Anyone?", id="2")]}, True),
        (
            {"notes": [note(QUESTION, NOW - 2 * DAY), note("?", speaker="customer", id="2", author="Ann")]},
            True,
        ),
        ({"notes": [note(QUESTION, NOW - 2 * DAY), note(QUESTION, NOW - HOUR, id="2")]}, False),
    ],
)
def test_a_question_is_overdue_after_two_business_days(shop: Shop, more: dict[str, Any], found: bool) -> None:
    one = ticket(**({"notes": [note(QUESTION, NOW - 2 * DAY)]} | more))
    expected = {("1", "not_answered", ""): NOW - 2 * DAY} if found else {}
    assert shop.finds("billing_question", one) == expected


# ---------------------------------------------------------------- in words


DATA = {"closed_at": NOW, "closed_by": "jdoe"}


@pytest.mark.parametrize(
    ("code", "data", "hours", "said"),
    [
        ("nothing_written", DATA, None, "Closed Fri 14:00 by jdoe; nothing says how it was solved."),
        (
            "says_nothing",
            {"said": "fixed\x1b[31m"},
            None,
            'Closed; all that says how it was solved is "fixed".',
        ),
        ("closed_without_time", DATA, None, "Closed Fri 14:00 by jdoe without any time on it."),
        ("worked_without_time", {"at": NOW}, None, "You wrote on it Fri 14:00, and there is no time on it."),
        (
            "not_invoiced",
            {"at": NOW - 40 * DAY, "billable": "Billable"},
            1.5,
            '1.50 h of 11 Oct 14:00 that the customer is to pay for (the PSA says "Billable") are on no invoice.',
        ),
        (
            "not_covered",
            {"at": NOW, "by": "code", "value": "Project Work", "agreement": "Gold"},
            2.0,
            '2.00 h of Fri 14:00: the code "Project Work" is not covered by agreement "Gold",'
            " and nobody marked it to be paid.",
        ),
        (
            "not_covered",
            {"at": None, "by": "board", "value": "Projects", "agreement": None},
            2.0,
            '2.00 h: the board "Projects" is not covered by the agreement, and nobody marked it to be paid.',
        ),
        ("many_hours", {}, 4.0, "4.00 h of work on a support ticket."),
        ("many_technicians", {"count": 3}, None, "3 technicians have worked on a support ticket."),
        ("many_entries", {"count": 5}, None, "5 time entries on a support ticket."),
        (
            "again_and_again",
            {"count": 6, "tickets": 1, "company": "Acme", "type": "Password", "within": 30 * DAY},
            1.5,
            '6 short entries in 30 days for Acme, type "Password", on one ticket: 1.50 h that nobody pays for.',
        ),
        (
            "overlap",
            {"begins": NOW, "ends": NOW + 600},
            0.17,
            "Two entries cover the same time, Fri 14:00 to 14:10, 10 min.",
        ),
        (
            "gap_after",
            {"begins": NOW, "ends": NOW + 1200},
            0.3,
            "No time Fri 14:00 to 14:20, 20 min, after this entry.",
        ),
        ("gap_before", {"begins": NOW}, None, "No time since Fri 14:00, before this entry."),
        (
            "entered_late",
            {"at": NOW - 3 * DAY, "entered_at": NOW},
            1.0,
            "1.00 h of Tue 14:00 were put in Fri 14:00.",
        ),
        (
            "not_answered",
            {"to": "Pat Kim", "by": "jdoe", "at": NOW - 2 * DAY, "days": 2},
            None,
            "Billing (Pat Kim) was asked Wed 14:00 by jdoe and has not answered in 2 business days.",
        ),
    ],
)
def test_a_sentence_names_the_value_and_the_time(
    code: str, data: dict[str, Any], hours: float | None, said: str
) -> None:
    assert sentence(code, data, field=None, hours=hours, zone=ZoneInfo("UTC"), now=NOW) == said


def test_every_sentence_of_these_kinds_is_tried_above() -> None:
    assert {case[0] for case in test_a_sentence_names_the_value_and_the_time.pytestmark[0].args[1]} == set(
        SENTENCES
    )


def test_what_was_not_read_since_the_ticket_changed_is_not_missing(shop: Shop) -> None:
    closed = {**CLOSED, "hours": None}
    assert shop.finds("undocumented", ticket(**closed)) and shop.finds("unlogged", ticket(**closed, time=[]))
    for unread in ("notes_read_at", "time_read_at"):
        assert shop.finds("undocumented", ticket(**closed, **{unread: None})) == {}
    assert shop.finds("unlogged", ticket(**closed, time=[], time_read_at=None)) == {}
