"""Trouble on the line: told to wait, let out, answered with pages and halves, unreadable records, lost answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.contract import Connector, ConnectorError, Throttled, Unauthorized, Unreachable, Unreadable
from tests.contract.house import House
from tests.contract.office import Office, opened, pull

LONG = 600
"""Seconds that nobody waits for in a read."""
OFTEN = 60


def harmless(house: House, error: ConnectorError) -> None:
    """What a person and a log get to see is a sentence, and no secret is in it."""
    text = f"{error} {error.hint} {error!r}"
    assert str(error).strip()
    for secret in house.secrets().values():
        assert secret not in text


async def test_a_short_wait_is_kept_and_nothing_is_lost(house: House, connector: Connector) -> None:
    await pull(connector)
    house.trouble("429", "tickets", retry_after=1)
    tickets, _, _ = await pull(connector)
    assert house.calm() == 0
    assert {one for one, ticket in tickets.items() if not ticket.closed} == set(house.mine())


async def test_a_long_wait_is_an_error_that_says_how_long(
    house: House, connector: Connector, tmp_path: Path
) -> None:
    await pull(connector)
    house.trouble("429", "tickets", times=OFTEN, retry_after=LONG)
    with pytest.raises(Throttled) as told:
        await pull(connector)
    assert LONG - 30 <= told.value.retry_after <= LONG + 30
    harmless(house, told.value)
    house.calm()
    other = opened(house, tmp_path / "later")
    try:
        tickets, _, _ = await pull(other)
    finally:
        await other.close()
    assert {one for one, ticket in tickets.items() if not ticket.closed} == set(house.mine())


async def test_expired_credentials_are_said_and_recover(house: House, connector: Connector) -> None:
    await pull(connector)
    house.trouble("401", "tickets", times=OFTEN)
    with pytest.raises(Unauthorized) as told:
        await pull(connector)
    harmless(house, told.value)
    house.calm()
    assert set(house.mine()) <= set((await pull(connector))[0])


async def test_a_wrong_secret_is_refused_and_not_shown(house: House, tmp_path: Path) -> None:
    wrong = dict.fromkeys(house.secrets(), "wrong-4711-secret")
    connector = opened(house, tmp_path / "wrong", **wrong)
    try:
        with pytest.raises(Unauthorized) as told:
            await connector.verify()
    finally:
        await connector.close()
    assert "4711" not in f"{told.value} {told.value.hint} {told.value!r} {connector!r}"


@pytest.mark.parametrize("kind", ["html", "cut"])
async def test_an_answer_that_is_no_answer_is_never_an_empty_page(
    house: House, connector: Connector, kind
) -> None:
    await pull(connector)
    house.trouble(kind, "tickets", times=OFTEN)
    with pytest.raises((Unreadable, Unreachable)) as told:
        await pull(connector)
    if kind == "html":
        assert isinstance(told.value, Unreadable)
    harmless(house, told.value)
    house.calm()
    assert set(house.mine()) <= set((await pull(connector))[0])


async def test_a_record_that_cannot_be_read_is_put_aside_and_the_rest_goes_on(
    house: House, connector: Connector
) -> None:
    _, cursor, _ = await pull(connector)
    changed = house.mine()[:4]
    for one in changed:
        house.changes(one)
    house.trouble("wrong-type", "tickets")
    tickets, _, pages = await pull(connector, cursor)
    assert house.calm() == 0
    odd = [one for page in pages for one in page.odd]
    assert len({one.record_id for one in odd}) == 1
    assert all(one.path.startswith("$") and one.problem and one.record_id for one in odd)
    assert set(changed) - set(tickets) <= {odd[0].record_id}
    tickets, _, _ = await pull(connector, cursor)
    assert set(changed) <= set(tickets)


async def test_an_unreadable_record_is_in_quarantine(office: Office) -> None:
    one = office.house.mine()[0]
    office.house.changes(one)
    office.house.trouble("wrong-type", "tickets")
    report = await office.sync()
    office.house.calm()
    assert report.ok
    assert report.quarantined == 1
    assert {
        row[0] for row in office.ask("SELECT ticket_id FROM ticket WHERE NOT closed AND in_scope")
    } == set(office.house.mine())
    report = await office.sync()
    assert report.ok
    assert office.desk.reader.quarantine() == []


async def test_a_note_that_was_told_to_wait_arrives_once(office: Office) -> None:
    await _once(office, "429")
    office.house.calm()


async def test_a_note_whose_answer_is_lost_is_found_and_not_sent_again(office: Office) -> None:
    """Done at the PSA, and the connection broke: it is looked up by its content."""
    await _once(office, "drop-after-commit")
    assert office.house.calm() == 0


async def _once(office: Office, kind) -> None:
    can = (await office.connector()).capabilities
    if "note" not in can.writes:
        assert can.absent["note"].rstrip().endswith(".")
        return
    one = office.house.mine()[0]
    change = await office.submit(one, note="Looked at the cable, 4711.")
    office.house.trouble(kind, "notes")
    for _ in range(3):
        await office.push()
    assert office.state(change) == "confirmed"
    assert [s.text.strip() for s in office.house.said(one)].count("Looked at the cable, 4711.") == 1
