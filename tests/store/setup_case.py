"""A healthy set-up as plain facts, and its statuses: what the tests of the lint break one thing of."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.contract import TICKET_FIELDS, Capabilities, Choice, Identity, Quota
from store.read_records import ConnectionView
from store.settings import Connection, Settings
from store.setup_lint import lint
from store.setup_records import BoardStatuses, Facts, Finding

HALOPSA = Quota(requests=300, seconds=300, source="users say so")


def status(name: str, clock: str | None = "runs", **more: Any) -> Choice:
    values: dict[str, Any] = {"kind": "status", "id": name, "name": name, "clock": clock}
    return Choice(**(values | more))


HELP_DESK = (
    status("New"),
    status("In Progress", clock_words="escalation status Responded"),
    status("Waiting Customer", "waits"),
    status("Customer Responded"),
    status("Child Ticket", "waits"),
    status("Completed", "ends"),
    status(">Closed", "ends", closed=True, accepts_time=False),
)
PROJECTS = tuple(one for one in HELP_DESK if one.name != "Customer Responded")
"""No finding either: what a customer writes there sets the flag alone."""

ACME = Connection(
    name="acme",
    psa="connectwise",
    technician="jdoe",
    child_statuses=("Child Ticket",),
    responded_statuses=("Customer Responded",),
    answered_status="Waiting Customer",
    closing_statuses=("Completed",),
    waiting_statuses=("Waiting Customer",),
)
CAN = Capabilities(
    fields=frozenset(TICKET_FIELDS),
    flag=True,
    code_on_ticket=True,
    code_on_time=True,
    code_name="work type",
    writes=frozenset({"status", "reply", "note", "time"}),
    undoable=frozenset({"status"}),
    quota=(HALOPSA,),
    status_setup="Setup > Statuses",
)
ME = Identity(member_id="1", member="jdoe", name="Jordan Doe", version="1")


def facts(
    *boards: tuple[str | None, tuple[Choice, ...]],
    connection: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    can: dict[str, Any] | None = None,
    identity: dict[str, Any] | None = None,
    view: dict[str, Any] | None = None,
    **more: Any,
) -> Facts:
    """The healthy set-up with something else in it; without boards Help Desk and Projects."""
    of = msgspec.structs.replace(ACME, **(connection or {}))
    values: dict[str, Any] = {
        "settings": Settings(connections={"acme": of}, **(settings or {})),
        "connection": of,
        "title": "Some PSA",
        "can": msgspec.structs.replace(CAN, **(can or {})),
        "identity": msgspec.structs.replace(ME, **(identity or {})),
        "view": ConnectionView(
            connection="acme", psa="connectwise", **({"usual_requests": 2} | (view or {}))
        ),
        "boards": tuple(
            BoardStatuses(*board) for board in boards or (("Help Desk", HELP_DESK), ("Projects", PROJECTS))
        ),
    }
    return Facts(**(values | more))


def changed(statuses: tuple[Choice, ...], name: str, **more: Any) -> tuple[Choice, ...]:
    """The statuses, one of them otherwise."""
    assert any(one.name == name for one in statuses)
    return tuple(msgspec.structs.replace(one, **more) if one.name == name else one for one in statuses)


def codes(given: Facts) -> list[str]:
    return [finding.code for finding in lint(given)]


def only(given: Facts) -> Finding:
    """The one finding."""
    (found,) = lint(given)
    return found
