"""How rows tell SLA targets, charging, invoices and when time was put in; and what does not tell it.

What cannot be read there is left empty and reported: the row is delivered all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from connectors.algapsa import records as alga
from connectors.algapsa import wire as alga_wire
from connectors.autotask import records as autotask
from connectors.autotask import wire as autotask_wire
from connectors.autotask.names import Names as AutotaskNames
from connectors.connectwise import records as connectwise
from connectors.connectwise import wire as connectwise_wire
from connectors.contract import TicketRecord, TimeRecord
from connectors.halopsa import wire as halo
from connectors.rows import Problem, read_row
from connectors.syncro import records as syncro
from connectors.syncro import wire as syncro_wire

AT = 1_795_183_511
"""2026-11-20T14:05:11Z"""
WHEN = "2026-11-20T14:05:11"
Told = tuple[Any, list[Problem]]


def raw(row: dict[str, Any]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(row))


def connectwise_ticket(**row: Any) -> Told:
    row = {"id": 1, "status": {"id": 2, "name": "New"}, **row}
    read = read_row(raw(row), connectwise_wire.TicketRow, connectwise_wire.TICKET_STRICT)
    return connectwise.ticket_record(read.value, read.problems, "https://psa.test/"), read.problems


def autotask_ticket(**row: Any) -> Told:
    read = autotask_wire.read_row(
        {"id": 1, "status": 1, **row}, autotask_wire.TicketRow, autotask_wire.TICKET_STRICT
    )
    names = object.__new__(AutotaskNames)
    names.contacts, names.resources = {}, {}
    names.label = names.called = lambda *_: None  # type: ignore[method-assign]
    names.rank = lambda *_: None  # type: ignore[method-assign]
    names.login = names.code = lambda *_: None  # type: ignore[method-assign]
    return autotask.ticket_record(read.value, read.problems, names, (), ""), read.problems


def halo_ticket(**row: Any) -> Told:
    read = read_row(raw({"id": 1, "status_id": 9, **row}), halo.TicketRow, halo.TICKET_STRICT)
    return halo.ticket_record(read.value, read.problems, halo.Names({}, {}, {}), ""), read.problems


def alga_ticket(**row: Any) -> Told:
    row = {"ticket_id": "a", "ticket_number": "T1", **row}
    read = read_row(raw(row), alga_wire.TicketRow, alga_wire.TICKET_STRICT)
    return alga.ticket_record(read.value, read.problems, "", alga.Names()), read.problems


SLA: dict[Callable[..., Told], dict[str, str]] = {
    connectwise_ticket: {
        "respond_by": "respondByGoalUTC",
        "responded_at": "dateResponded",
        "resolve_by": "resolutionGoalUTC",
        "resolved_at": "dateResolved",
    },
    autotask_ticket: {
        "respond_by": "firstResponseDueDateTime",
        "responded_at": "firstResponseDateTime",
        "resolve_by": "resolvedDueDateTime",
        "resolved_at": "resolvedDateTime",
    },
    halo_ticket: {
        "respond_by": "respondbydate",
        "responded_at": "responsedate",
        "resolve_by": "fixbydate",
        "resolved_at": "dateclosed",
    },
    alga_ticket: {
        "respond_by": "sla_response_due_at",
        "responded_at": "sla_response_at",
        "resolve_by": "sla_resolution_due_at",
        "resolved_at": "sla_resolution_at",
    },
}
CASES = [
    pytest.param(make, name, field, id=f"{make.__name__}-{name}")
    for make, fields in SLA.items()
    for name, field in fields.items()
]


@pytest.mark.parametrize(("make", "name", "field"), CASES)
def test_an_sla_date_is_read(make: Callable[..., Told], name: str, field: str) -> None:
    when = WHEN if make is halo_ticket else f"{WHEN}Z"
    ticket, problems = make(**{field: when})
    assert (getattr(ticket, name), problems) == (AT, [])
    others = set(SLA[make]) - {name}
    # ConnectWise's stages follow each other: what is resolved has been answered.
    others -= {"responded_at"} if (make, name) == (connectwise_ticket, "resolved_at") else set()
    assert all(getattr(ticket, other) is None for other in others)


@pytest.mark.parametrize(("make", "name", "field"), CASES)
@pytest.mark.parametrize("value", ["soon", {"not": "a date"}])
def test_what_is_no_date_costs_the_field_and_not_the_ticket(
    make: Callable[..., Told], name: str, field: str, value: object
) -> None:
    ticket, problems = make(**{field: value})
    assert isinstance(ticket, TicketRecord) and getattr(ticket, name) is None
    assert {path.casefold() for path, _ in problems} == {f"$.{field}".casefold()}


@pytest.mark.parametrize("make", SLA)
def test_without_an_sla_nothing_is_promised(make: Callable[..., Told]) -> None:
    ticket, problems = make()
    assert not problems
    assert {getattr(ticket, name) for name in SLA[make]} == {None}


def test_halos_empty_dates_are_none() -> None:
    ticket, problems = halo_ticket(respondbydate="1900-01-01T00:00:00", responsedate="0001-01-01T00:00:00")
    assert (ticket.respond_by, ticket.responded_at, problems) == (None, None, [])


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("Resolve by Tue 10/04 11:00 PM UTC-05", False),
        ("Respond by Mon 10/03 9:00 AM UTC-05", False),
        ("Plan by Mon 10/03 9:00 AM UTC-05", False),
        ("Waiting", True),
        ("Resolved", None),
        ("Attendre", None),
        (None, None),
    ],
)
def test_connectwise_says_in_words_whether_the_clock_is_held(said: str | None, waits: bool | None) -> None:
    assert connectwise_ticket(slaStatus=said)[0].sla_waits is waits


@pytest.mark.parametrize(("hours", "waits"), [(2.5, True), (0, None), (None, None), (-1, None)])
def test_autotask_says_hours_while_it_is_paused(hours: float | None, waits: bool | None) -> None:
    assert autotask_ticket(serviceLevelAgreementPausedNextEventHours=hours)[0].sla_waits is waits


def test_a_project_is_told_where_the_psa_says_it() -> None:
    assert connectwise_ticket(recordType="ServiceTicket")[0].project is False
    assert connectwise_ticket()[0].project is None
    assert autotask_ticket(projectID=12)[0].project is True
    assert autotask_ticket(projectID=None)[0].project is False
    assert halo_ticket(is_project=True)[0].project is True
    assert halo_ticket(is_project=False)[0].project is None, "a task of a project need not be one"


def test_autotask_has_a_field_for_the_resolution() -> None:
    assert autotask_ticket(resolution="New cable")[0].resolution == "New cable"
    assert autotask_ticket()[0].resolution == ""
    assert connectwise_ticket()[0].resolution is None


# ---------------------------------------------------------------- time


def connectwise_time(**row: Any) -> Told:
    shape, strict = connectwise_wire.TimeRow, connectwise_wire.TIME_STRICT
    read = read_row(raw({"id": 1, "chargeToId": 2, **row}), shape, strict)
    return connectwise.time_record(read.value, read.problems), read.problems


def halo_time(**row: Any) -> Told:
    read = read_row(raw({"id": 1, "hiddenfromuser": True, **row}), halo.ActionRow, halo.ACTION_STRICT)
    problems = list(read.problems)
    return halo.time_record(read.value, "2", problems, {}), problems


def syncro_time(**row: Any) -> Told:
    read = read_row(raw({"id": 1, **row}), syncro_wire.TimerRow, syncro_wire.TIMER_STRICT)
    return syncro.time_record(read.value, "2", read.problems, {}, {}), read.problems


def autotask_time(**row: Any) -> Told:
    row = {"id": 1, "ticketID": 2, **row}
    read = autotask_wire.read_row(row, autotask_wire.TimeRow, autotask_wire.TIME_STRICT)
    names = object.__new__(AutotaskNames)
    names.login = names.code = lambda *_: None  # type: ignore[method-assign]
    return autotask.time_record(read.value, read.problems, names), read.problems


ENTERED = {
    connectwise_time: "dateEntered",
    halo_time: "actiondatecreated",
    syncro_time: "created_at",
    autotask_time: "createDateTime",
}


@pytest.mark.parametrize(("make", "field"), ENTERED.items())
def test_when_time_was_put_in(make: Callable[..., Told], field: str) -> None:
    entry, problems = make(**{field: WHEN if make is halo_time else f"{WHEN}Z"})
    assert (entry.entered_at, problems) == (AT, [])
    assert make()[0].entered_at is None
    entry, problems = make(**{field: "lately"})
    assert isinstance(entry, TimeRecord) and entry.entered_at is None
    assert [path.casefold() for path, _ in problems] == [f"$.{field}".casefold()]


@pytest.mark.parametrize(
    ("make", "row", "charge"),
    [
        (connectwise_time, {"billableOption": "Billable"}, True),
        (connectwise_time, {"billableOption": "DoNotBill"}, False),
        (connectwise_time, {"billableOption": "NoCharge"}, False),
        (connectwise_time, {"billableOption": "NoDefault"}, None),
        (connectwise_time, {}, None),
        (halo_time, {"actisbillable": True}, True),
        (halo_time, {"actisbillable": False}, False),
        (halo_time, {}, None),
        (syncro_time, {"billable": True}, True),
        (syncro_time, {"billable": False}, False),
        (syncro_time, {}, None),
        (autotask_time, {"isNonBillable": False}, True),
        (autotask_time, {"isNonBillable": True}, False),
        (autotask_time, {}, None),
    ],
)
def test_whether_time_is_charged(make: Callable[..., Told], row: dict[str, Any], charge: bool | None) -> None:
    assert make(**row)[0].charge is charge


@pytest.mark.parametrize(
    ("make", "row", "invoiced"),
    [
        (connectwise_time, {"invoice": {"id": 7}}, True),
        (connectwise_time, {"status": "Billed"}, True),
        (connectwise_time, {"status": "BilledAgreement"}, True),
        (connectwise_time, {"status": "WrittenOff"}, False),
        (connectwise_time, {"status": "ReadyToBill"}, False),
        (connectwise_time, {}, False),
        (halo_time, {"actioninvoicenumber": 310}, True),
        (halo_time, {"actioninvoicenumber": "INV-1"}, True),
        (halo_time, {"actioninvoicenumber": 0}, False),
        (halo_time, {"actioninvoicenumber": ""}, False),
        (syncro_time, {"recorded": False}, False),
        (syncro_time, {"recorded": True}, None),
        (syncro_time, {"ticket_line_item_id": 5}, None),
        (autotask_time, {"billingApprovalDateTime": f"{WHEN}Z"}, None),
        (autotask_time, {}, False),
    ],
)
def test_whether_time_is_on_an_invoice(
    make: Callable[..., Told], row: dict[str, Any], invoiced: bool | None
) -> None:
    assert make(**row)[0].invoiced is invoiced


def test_connectwise_says_what_an_hour_costs() -> None:
    assert connectwise_time(hourlyRate=125.5)[0].rate == 125.5
    entry, problems = connectwise_time(hourlyRate="a lot")
    assert entry.rate is None and [path for path, _ in problems] == ["$.hourlyRate"]


@pytest.mark.parametrize("invoiced", [True, False, None])
def test_alga_tells_invoices_elsewhere(invoiced: bool | None) -> None:
    row = alga_wire.EntryRow(id="e", billable_duration=30, approval_status="DRAFT")
    entry = alga.time_record(row, "t", [], {}, invoiced=invoiced)
    assert (entry.charge, entry.invoiced, entry.locked) == (True, invoiced, bool(invoiced))
    free = alga_wire.EntryRow(id="e", billable_duration=0)
    assert alga.time_record(free, "t", [], {}, invoiced=None).charge is False
    assert alga.time_record(alga_wire.EntryRow(id="e"), "t", [], {}, invoiced=None).charge is None


def test_alga_says_since_when_the_clock_is_held() -> None:
    assert alga_ticket(sla_paused_at=f"{WHEN}Z")[0].sla_waits is True
    assert alga_ticket()[0].sla_waits is False
