"""What a status is guessed to mean: the names of every simulated PSA, of RT, and names that PSAs come with."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomlkit

from connectors.contract import ChoiceContext
from connectors.simulators.serve import SIMULATED, demo_secrets, demo_settings, demo_transport
from connectors.simulators.world import World
from store.opening import open_connection
from store.settings import parse
from store.status_meanings import (
    MEANINGS,
    Status,
    answered,
    as_settings,
    from_settings,
    guess,
    guesses,
)

KEYS = [f"{meaning}_statuses" for meaning in MEANINGS]


@pytest.mark.parametrize("psa", sorted(SIMULATED))
async def test_the_guesses_are_what_the_simulated_shop_says_itself(psa):
    """Each simulator's own settings say what its statuses mean."""
    table = demo_settings(psa)
    settings = parse(tomlkit.dumps({"connections": {"demo": table}}), Path("config.toml"))
    transport = demo_transport(World(1, 20, speed=0.0), psa)
    connector = open_connection(settings.connections["demo"], demo_secrets(psa), transport=transport)
    try:
        rows = await connector.choices("status", ChoiceContext())
    finally:
        await connector.close()
    closes = {row.name: row.closed for row in rows}
    found = guesses(Status(name, (), closed) for name, closed in closes.items())
    assert as_settings(found) == {key: table[key] for key in KEYS if key in table}
    expected = table.get("answered_status")
    assert (answered(found) if "status" in connector.capabilities.writes else None) == expected


@pytest.mark.parametrize(
    ("meaning", "names"),
    [
        ("child", "Child Ticket|child - see parent|Linked (Child)"),
        (
            "responded",
            "Customer Responded|Client Responded|Customer Updated|Customer Note Added|Customer Reply|User replied"
            "|Updated by Client|Response from customer|Updated|Re-Opened|reopened|>Customer Updated|New reply",
        ),
        (
            "waiting",
            "Waiting Customer|Waiting on Customer|Awaiting User|Waiting for customer's reply|With User|Pending client"
            "|On Hold (Customer)|Awaiting response|Waiting|stalled|Waiting Client Response",
        ),
        ("closing", "Completed|Complete|Resolved|RMM Resolved|Solved|Work done|Ready to invoice"),
        ("closed", "Closed|>Closed|Cancelled|Canceled|rejected|Duplicate"),
        (
            None,
            "New|Assigned|In Progress|open|Waiting Vendor|Waiting Materials|Waiting for Parts|With Supplier|On Hold"
            "|Scheduled|Dispatched|Escalate|Incomplete|Not completed|No Response|Enter Time|Approved|Customer Visit",
        ),
    ],
)
def test_names_that_psas_come_with(meaning, names):
    for name in names.split("|"):
        assert guess(Status(name)) == meaning, name


def test_of_request_tracker():
    """Seen on a running server: `closed` is the lifecycle's inactive kind."""
    of_rt = [Status("new"), Status("open"), Status("stalled"), Status("resolved", (), True)]
    of_rt += [Status("rejected", (), True)]
    assert guesses(of_rt) == {"stalled": "waiting"}
    assert answered(guesses(of_rt)) is None


def test_what_the_psa_closes_needs_no_word():
    assert guess(Status("Completed", ("Help Desk",), closes=True)) is None


def test_there_and_back():
    statuses = [Status("New"), Status("Child Ticket"), Status("Waiting Customer"), Status("Customer Reply")]
    meant = guesses(statuses)
    assert from_settings(as_settings(meant), statuses) == meant
    said = {"child_statuses": ["child ticket"], "waiting_statuses": ["Gone", "CHILD TICKET"]}
    assert from_settings(said, statuses) == {"Child Ticket": "child"}
