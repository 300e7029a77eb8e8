"""The set-up lint on plain facts: each finding where it belongs, and nothing where all is well."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.contract import Quota, Scope
from store.setup_account import BLOCKED
from store.setup_lint import lint
from store.setup_records import FieldUse, NotesSeen, SetupUse
from store.setup_requests import duration, per_hour, team_of, uses
from tests.store.setup_case import HELP_DESK, PROJECTS, changed, codes, facts, only, status


def test_a_healthy_setup_has_no_finding() -> None:
    assert codes(facts()) == []
    assert codes(facts((None, HELP_DESK))) == []


def test_every_finding_says_what_why_and_what_to_do_where() -> None:
    broken = facts(
        ("Help Desk", changed(HELP_DESK, "Child Ticket", clock="runs", accepts_time=False)),
        ("Projects", changed(PROJECTS, "Completed", closed=True)),
        connection={"responded_statuses": ("Responded",), "waiting_statuses": (">Closed",)},
        identity={"clock_ahead": 90.0, "writes_as": "api", "missing": (("contacts", "Contacts: view"),)},
        view={"missing_fields": ("source",), "usual_requests": 400},
        use=SetupUse(never_filled=(FieldUse("contact_phone", 12),)),
    )
    found = lint(broken)
    assert len({finding.code for finding in found}) >= 9
    for finding in found:
        assert finding.connection == "acme"
        assert finding.what and finding.why and finding.do, finding.code
        assert finding.what[-1] not in ".!", "it follows `acme: ` and ends without a full stop"
        assert finding.why.endswith(".") and finding.do.endswith((".", "?")), finding.code


# ---------------------------------------------------------------- the SLA's clock


def test_a_child_status_that_runs_the_clock() -> None:
    found = only(facts(connection={"child_statuses": ("Child Ticket", "In Progress")}))
    assert found.code == "child_clock"
    assert found.what == (
        "the child status “In Progress” runs the SLA clock on Help Desk, Projects (escalation status Responded)"
    )
    assert "Some PSA, Setup > Statuses" in found.do
    assert "child_statuses in [connections.acme]" in found.do


def test_a_child_status_that_runs_the_clock_on_one_board_names_that_board() -> None:
    found = only(
        facts(("Help Desk", HELP_DESK), ("Projects", changed(PROJECTS, "Child Ticket", clock="runs")))
    )
    assert found.code == "child_clock"
    assert "on Projects" in found.what and "Help Desk" not in found.what


def test_a_child_status_that_leaves_the_clock_as_it_is() -> None:
    found = only(
        facts((None, changed(HELP_DESK, "Child Ticket", clock="keeps", clock_words="SLA action none")))
    )
    assert (found.code, found.level) == ("child_clock", "wrong")
    assert "does not hold the SLA clock (SLA action none)" in found.what


def test_a_waiting_status_that_runs_the_clock() -> None:
    found = only(facts((None, changed(HELP_DESK, "Waiting Customer", clock="runs"))))
    assert found.code == "waiting_clock"


def test_a_clock_that_the_psa_does_not_tell_is_said_to_be_unknown() -> None:
    silent = changed(changed(HELP_DESK, "Child Ticket", clock=None), "Waiting Customer", clock=None)
    found = only(facts((None, silent)))
    assert (found.code, found.level) == ("clock_unknown", "unknown")
    assert "“Child Ticket” and “Waiting Customer” run the SLA clock is not known from Some PSA" in found.what
    assert codes(facts((None, silent), connection={"child_statuses": (), "waiting_statuses": ()})) == []


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("responded_statuses", ("Costumer Responded",)),
        ("child_statuses", ("Child",)),
        ("closing_statuses", ("Complete!",)),
        ("waiting_statuses", ("Wait",)),
        ("closed_statuses", ("Closed",)),
        ("reaction_statuses", ("Reacted",)),
        ("answered_status", "Wating Customer"),
    ],
)
def test_a_name_that_no_status_has(key: str, value: str | tuple[str, ...]) -> None:
    found = [one for one in lint(facts(connection={key: value})) if one.code == "status_unknown"]
    (one,) = found
    name = value if isinstance(value, str) else value[0]
    assert one.what == f"{key} names “{name}”, but no active status is called so (2 boards looked at)"
    assert f"Correct {key} in [connections.acme]" in one.do
    assert one.level == "wrong"


def test_a_name_is_found_whatever_its_case_and_on_any_board() -> None:
    assert codes(facts(connection={"child_statuses": (" CHILD ticket",)})) == []
    assert codes(facts(("Projects", PROJECTS), ("Help Desk", HELP_DESK))) == []


def test_an_inactive_status_does_not_count() -> None:
    gone = changed(HELP_DESK, "Child Ticket", active=False)
    assert codes(facts((None, gone))) == ["status_unknown"]


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    found = only(facts(connection={"waiting_statuses": ("Wating Custmer",)}))
    assert found.do.endswith('Did you mean "Waiting Customer"?')
    far = only(facts(connection={"waiting_statuses": ("Zzz",)}))
    assert "Seen were: New, In Progress" in far.do


def test_where_boards_were_left_out_a_wrong_name_is_not_certain() -> None:
    found = only(facts(connection={"waiting_statuses": ("Zzz",)}, boards_left=3))
    assert found.level == "unknown"
    assert "2 boards looked at, 3 not" in found.what


def test_where_the_psa_has_no_list_of_statuses_a_wrong_name_is_not_certain() -> None:
    lacking = (
        ("Help Desk", HELP_DESK),
        ("Managed", tuple(s for s in HELP_DESK if s.name != "Waiting Customer")),
    )
    found = only(facts(*lacking, connection={"child_statuses": ("Zzz",)}, can={"statuses_listed": False}))
    assert (found.code, found.level) == ("status_unknown", "unknown")
    assert "Some PSA has no list of them, tickets show some" in found.what


def test_statuses_that_cannot_be_read_are_one_thing_that_is_unknown() -> None:
    found = only(facts((None, ()), unread="GET /service/boards: 403"))
    assert (found.code, found.level) == ("statuses_unread", "unknown")
    nothing_named = {
        "child_statuses": (), "responded_statuses": (), "closing_statuses": (), "waiting_statuses": (),
        "answered_status": None,
    }  # fmt: skip
    assert codes(facts((None, ()), unread="403", connection=nothing_named)) == []


# ---------------------------------------------------------------- closing


@pytest.mark.parametrize(
    "name", ["Closed", "> Closed", "Resolved", "COMPLETED", "Complete", "Canceled", "Done"]
)
def test_a_closed_name_without_the_mark(name: str) -> None:
    statuses = (*(one for one in HELP_DESK if one.name != "Completed"), status(name))
    found = only(facts((None, statuses), connection={"closing_statuses": ()}))
    assert found.code == "closed_without_mark"
    assert f"“{name}” sounds closed, but Some PSA does not mark it so" in found.what


def test_a_closed_name_that_closes_or_has_a_role_is_no_finding() -> None:
    for named in ({"closed_statuses": ("Closed",)}, {"closing_statuses": ("Closed", "Completed")}):
        assert codes(facts((None, (*HELP_DESK, status("Closed"))), connection=named)) == []
    assert codes(facts((None, (*HELP_DESK, status("Closed", closed=True))))) == []


@pytest.mark.parametrize("name", ["Closed - no response", "Work completed"])
def test_a_name_that_is_merely_like_closed_matters_when_tickets_are_in_it(name: str) -> None:
    statuses = (None, (*HELP_DESK, status(name)))
    assert codes(facts(statuses)) == []
    found = only(facts(statuses, use=SetupUse(statuses={name.casefold(): 2})))
    assert found.code == "closed_without_mark"
    assert "; 2 open tickets in it" in found.what


@pytest.mark.parametrize(
    "name", ["Re-opened, not resolved", "Waiting to be closed", "Partly completed", "Enclosed"]
)
def test_names_that_say_it_of_something_else(name: str) -> None:
    use = SetupUse(statuses={name.casefold(): 2})
    assert codes(facts((None, (*HELP_DESK, status(name))), use=use)) == []


@pytest.mark.parametrize("key", ["child_statuses", "responded_statuses", "waiting_statuses"])
def test_an_open_role_that_closes(key: str) -> None:
    found = [one for one in lint(facts(connection={key: (">Closed",)})) if one.code == "open_status_closes"]
    assert "Some PSA marks it as closed on Help Desk, Projects" in found[0].what
    assert key in found[0].do


def test_an_answered_status_that_the_settings_hold_for_closed() -> None:
    found = only(facts(connection={"closed_statuses": ("waiting customer",), "waiting_statuses": ()}))
    assert found.code == "open_status_closes"
    assert "answered status “Waiting Customer” closes: closed_statuses names it too" in found.what


# ---------------------------------------------------------------- time


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("closing_statuses", "Completed"),
        ("waiting_statuses", "Waiting Customer"),
        ("child_statuses", "Child Ticket"),
    ],
)
def test_a_status_that_refuses_time(key: str, name: str) -> None:
    found = only(facts((None, changed(HELP_DESK, name, accepts_time=False))))
    assert found.code == "status_refuses_time"
    assert f"“{name}” refuses time entries" in found.what
    assert "logs time first and sets the status last" in found.why
    assert key in found.do


def test_a_status_without_a_role_may_refuse_time() -> None:
    assert codes(facts((None, changed(HELP_DESK, "New", accepts_time=False)))) == []


# ---------------------------------------------------------------- one name on several boards


def test_one_name_that_closes_on_one_board_only() -> None:
    found = only(facts(("Help Desk", HELP_DESK), ("Projects", changed(PROJECTS, "Completed", closed=True))))
    assert found.code == "same_name_differs"
    assert found.what == (
        "“Completed” is not the same on every board (closing_statuses names it):"
        " it does not close on Help Desk, closes on Projects"
    )


def test_what_else_differs_matters_for_names_in_the_settings() -> None:
    for name, wanted in (("Waiting Customer", ["status_refuses_time"]), ("New", [])):
        other = changed(PROJECTS, name, accepts_time=False)
        assert codes(facts(("Help Desk", HELP_DESK), ("Projects", other))) == wanted
    for told, said in (
        ({"clock": "runs"}, "runs the SLA clock on Projects"),
        ({"clock": None}, "says nothing"),
    ):
        found = only(facts(("Help Desk", HELP_DESK), ("Projects", changed(PROJECTS, "Completed", **told))))
        assert found.code == "same_name_differs"
        assert "it ends the SLA clock on Help Desk" in found.what and said in found.what
    assert codes(facts(("Help Desk", HELP_DESK), ("Projects", changed(PROJECTS, "New", closed=True)))) == [
        "same_name_differs"
    ]


def test_the_same_status_on_every_board_is_no_finding() -> None:
    assert codes(facts(("A", HELP_DESK), ("B", HELP_DESK), ("C", PROJECTS))) == []


# ---------------------------------------------------------------- answering


def test_responded_without_answered() -> None:
    without = {"answered_status": None}
    assert codes(facts(connection=without)) == ["answered_status_missing"]
    assert codes(facts(connection=without | {"reaction_statuses": ("In Progress",)})) == []
    assert codes(facts(connection=without, can={"writes": frozenset({"note"})})) == []


def test_an_answered_status_that_a_board_with_replies_lacks() -> None:
    lacking = tuple(one for one in HELP_DESK if one.name != "Waiting Customer")
    found = only(facts(("Help Desk", HELP_DESK), ("Managed", lacking)))
    assert found.code == "answered_status_not_on_board"
    assert "does not exist on Managed" in found.what


# ---------------------------------------------------------------- the account


@pytest.mark.parametrize(
    ("ahead", "wanted"), [(0.0, []), (-29.0, []), (31.0, ["clock_differs"]), (-3600.0, ["clock_differs"])]
)
def test_the_clock(ahead: float, wanted: list[str]) -> None:
    assert codes(facts(identity={"clock_ahead": ahead})) == wanted


def test_a_key_of_somebody_else() -> None:
    found = only(facts(identity={"writes_as": "API Agent"}))
    assert found.code == "key_of_other"
    assert found.what == "the credentials belong to “API Agent”, and technician is “jdoe”"
    for same in ("JDOE", "Jordan Doe", None):
        assert codes(facts(identity={"writes_as": same})) == []


def test_a_missing_right_says_what_it_blocks() -> None:
    found = only(facts(identity={"missing": (("work types", "/time/workTypes: inquire"),)}))
    assert found.code == "right_missing"
    assert "/time/workTypes: inquire is missing: no work types" in found.what
    assert found.why == "No billing code can be chosen."
    assert codes(facts(identity={"missing": ()})) == []


@pytest.mark.parametrize(
    ("verb", "blocks"),
    [
        ("tickets assigned by schedule", "assigned to"),
        ("time entries", "Time without"),
        ("boards and statuses", "No status"),
        ("conversations", "cannot say zero"),
        ("agreements", "No agreement"),
        ("contacts", "No contact"),
        ("contact_phone, contact_email", "left out"),
        ("change of a contact's card", "cannot be set"),
        ("the status that says the customer responded", "signal"),
        ("ticket types", "type of a ticket"),
        ("time with a labour product", "with a code"),
        ("reply, note, time, status", "refused"),
        ("billing_code", "No billing code"),
        ("something new", "goes without it"),
        ("tickets", "no queue"),
    ],
)
def test_what_connectors_call_missing_is_understood(verb: str, blocks: str) -> None:
    found = only(facts(identity={"missing": ((verb, "some right"),)}))
    assert blocks in found.why, found.why


def test_the_words_are_told_apart() -> None:
    assert len({word for word, _ in BLOCKED}) == len(BLOCKED)


def test_a_setting_that_probing_refutes() -> None:
    found = only(facts(identity={"found": {"date_form": "naive"}}, effective={"date_form": "utc-z"}))
    assert found.code == "setting_refuted"
    assert 'Set date_form = "naive" in [connections.acme]' in found.do
    for now in ("naive", None, ""):
        assert codes(facts(identity={"found": {"date_form": "naive"}}, effective={"date_form": now})) == []


# ---------------------------------------------------------------- fields


def test_required_fields_that_the_psa_lacks_or_nobody_fills() -> None:
    found = only(facts(view={"missing_fields": ("source", "custom:Asset")}))
    assert found.code == "required_field_absent"
    assert "source, custom:Asset" in found.what
    found = only(facts(use=SetupUse(never_filled=(FieldUse("agreement", 12),))))
    assert found.code == "required_field_unused"
    assert "none of the 12 open tickets" in found.what


# ---------------------------------------------------------------- requests


def test_rounds_within_the_share_are_no_finding() -> None:
    assert per_hour(facts()) == 40
    assert codes(facts(team=10)) == []
    assert codes(facts(view={"usual_requests": None}, team=500)) == []


def test_one_technician_beyond_the_share() -> None:
    """300 in 5 minutes: 30 are ours; 4 requests each 30 s are 40."""
    found = only(facts(view={"usual_requests": 4}, settings={"sync_every": 30}))
    assert found.code == "too_many_requests"
    assert (
        "one technician's rounds at sync.every = 30s would take 40 requests in 5 minutes; 30 of 300 are theirs"
        in (found.what)
    )
    assert 'Set every = "1m" in [sync]' in found.do


def test_a_team_may_take_the_whole_limit_and_no_more() -> None:
    """Ten shares are the whole: thirty technicians have 300 in 5 minutes, not 900."""
    one = {"view": {"usual_requests": 8}, "settings": {"sync_every": 180}}
    assert codes(facts(team=10, **one)) == []
    found = only(facts(team=30, **one))
    assert "the rounds of 30 technicians" in found.what
    assert "would take 400 requests in 5 minutes; 300 of 300 are theirs" in found.what
    assert 'every = "4m"' in found.do


def test_a_psa_that_is_read_whole_goes_by_its_own_interval() -> None:
    own = {"can": {"read_every": 600}, "view": {"usual_requests": 60}, "settings": {"sync_every": 30}}
    assert per_hour(facts(**own)) == 360
    assert codes(facts(**own)) == []
    found = only(facts(**own | {"view": {"usual_requests": 90}}))
    assert "at 10m between two readings would take 45 requests in 5 minutes" in found.what
    assert "Let [connections.acme] be read less often, every 15m" in found.do


def test_the_every_that_is_named_fits() -> None:
    for usual, every, team in ((4, 30, 1), (7, 60, 6), (40, 180, 25)):
        given = {"view": {"usual_requests": usual}, "team": team}
        found = only(facts(settings={"sync_every": every}, **given))
        better = found.do.split('"')[1]
        seconds = int(better[:-1]) * {"s": 1, "m": 60, "h": 3600}[better[-1]]
        assert codes(facts(settings={"sync_every": seconds}, **given)) == []
        assert codes(facts(settings={"sync_every": seconds - 31}, **given)) != [], (
            "and is not longer than need be"
        )


def test_limits_of_one_key_are_nobody_elses() -> None:
    key = Quota(requests=60, seconds=60, burst=120, whose="key", source="its source")
    (use,) = uses(facts(can={"quota": (key,)}, team=50))
    assert use.team == 1
    assert codes(facts(can={"quota": (key,)}, team=50)) == []


def test_limits_of_the_settings_go_before_those_known() -> None:
    tight = (Quota(requests=10, seconds=3600, source="set in the settings"),)
    assert codes(facts(connection={"quota": tight})) == ["too_many_requests"]
    assert codes(facts(connection={"quota": ()}, team=10_000)) == []


def test_how_many_technicians_there_are() -> None:
    use = SetupUse(owners=4)
    assert team_of(facts(team=7, members=12, use=use)) == 7
    assert team_of(facts(members=12, use=use)) == 12, "my own queue does not show the others'"
    assert team_of(facts(connection={"scope": Scope("all")}, members=12, use=use)) == 4
    assert team_of(facts()) == 1


def test_durations_as_the_settings_write_them() -> None:
    assert [duration(one) for one in (30, 60, 90, 180, 3600, 5400)] == ["30s", "1m", "90s", "3m", "1h", "90m"]


def test_the_documentation_has_every_code() -> None:
    """Codes are what scripts go by."""
    root = Path(__file__).parents[2]
    sources = [*(root / "store").glob("setup_*.py"), root / "tui" / "commands" / "doctor_command.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    found = set(re.findall(r'(?:facts\.wrong|facts\.unknown|make)\(\s*"(\w+)"', text))
    found |= set(re.findall(r'code="(\w+)"', text))
    found |= set(re.findall(r'_found\(\s*report, "\w+", "(\w+)"', text))
    assert len(found) >= 25
    told = set(re.findall(r"`(\w+)`", (root / "docs" / "doctor.md").read_text(encoding="utf-8")))
    assert sorted(found - told) == []
    assert {"child_clock", "waiting_clock"} <= told, "made of the key's name"


@pytest.mark.parametrize(
    ("seen", "can", "effective", "said"),
    [
        (NotesSeen(5, 0, 40), None, {"note_moves_ticket": None}, True),
        (NotesSeen(4, 0, 40), None, {"note_moves_ticket": None}, False),
        (NotesSeen(9, 1, 40), None, {"note_moves_ticket": None}, False),
        (NotesSeen(9, 0, 40), True, {"note_moves_ticket": True}, False),
        (NotesSeen(9, 0, 40), None, {}, False),
    ],
)
def test_that_notes_move_tickets_is_proposed_where_all_that_was_read_says_so(
    seen: NotesSeen, can: bool | None, effective: dict[str, object], said: bool
) -> None:
    given = facts(can={"note_moves_ticket": can}, use=SetupUse(notes=seen), effective=effective)
    assert codes(given) == (["notes_move"] if said else [])
    if said:
        assert only(given).level == "unknown" and "note_moves_ticket = true" in only(given).do
