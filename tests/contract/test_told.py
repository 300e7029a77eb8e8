"""What a connector tells besides (`Capabilities.tells`): as the PSA holds it where declared, else nothing at all."""

from __future__ import annotations

from connectors.contract import TELLS, Connector, TicketRecord, TimeRecord
from tests.contract.house import House
from tests.contract.office import pull

OF_TICKETS = {
    "sla": ("respond_by", "responded_at", "resolve_by", "resolved_at", "sla_waits"),
    "schedule": ("scheduled_until",),
}
OF_TIME = {
    "charge": ("charge",),
    "invoices": ("invoiced",),
    "entered_at": ("entered_at",),
    "rates": ("rate",),
}
ALWAYS = ("project", "resolution")
"""Told or not, they need no declaration: no kind of exception rests on them alone."""


def test_every_source_has_its_fields() -> None:
    assert {*OF_TICKETS, *OF_TIME} == set(TELLS)
    named = [name for fields in (OF_TICKETS | OF_TIME).values() for name in fields]
    assert set(named) <= set(TicketRecord.__struct_fields__) | set(TimeRecord.__struct_fields__)


async def test_only_known_sources_are_declared(connector: Connector) -> None:
    can = connector.capabilities
    assert can.tells <= set(TELLS)
    if "time" in can.not_read:
        assert not can.tells & set(OF_TIME)


async def test_what_is_told_of_tickets_is_the_psas(house: House, connector: Connector) -> None:
    tickets, _, pages = await pull(connector)
    assert not any(page.odd for page in pages)
    tells = connector.capabilities.tells
    for source, names in OF_TICKETS.items():
        for name in names:
            told = {one: getattr(ticket, name) for one, ticket in tickets.items()}
            if source not in tells:
                assert set(told.values()) == {None}, name
                continue
            if name == "sla_waits":  # where the words are not understood it is not said
                told = {one: value for one, value in told.items() if value is not None}
            held = {one: house.promised(one, name) for one in told}
            assert {one: told[one] for one in told if told[one] != held[one]} == {}, name
            assert any(value is not None for value in told.values()), name
    for name in ALWAYS:
        for one, ticket in tickets.items():
            if (said := getattr(ticket, name)) is not None:
                assert said == house.promised(one, name), (one, name)


async def test_what_is_told_of_time_is_the_psas(house: House, connector: Connector) -> None:
    can = connector.capabilities
    if "time" in can.not_read:
        return  # `tests.contract.absent.reads` sees that time is refused there
    tickets, _, _ = await pull(connector)
    mine = house.mine()[0]
    house.logs_time(mine, 0.5)
    read = await connector.time_entries(sorted(tickets))
    assert read.entries and not read.odd
    for source, names in OF_TIME.items():
        for name in names:
            told = {entry.time_id: getattr(entry, name) for entry in read.entries}
            if source not in can.tells:
                assert set(told.values()) == {None}, name
                continue
            assert any(value is not None for value in told.values()), name
            for one, value in told.items():
                if value is not None:
                    assert value == house.charged(one, name), (one, name)
