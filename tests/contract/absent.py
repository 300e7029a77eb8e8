"""What a connector does not offer: that it is declared, with a sentence, and that nobody gets past it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable

import pytest

from connectors.contract import Connector, Fix, NewTime, Ref, TicketRecord, Unsupported
from store.changes import value_of
from store.fixes import FixRefused
from tests.contract.house import House
from tests.contract.office import Office

CREATES = ("reply", "note", "time")
EXPECTED = ("status", "owner", "customer_flag", "billing_code", "entry_code", *CREATES, "attach", "detach")
"""Verbs with keys of their own: each is offered, or absent with a sentence."""


def declared(verb: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Awaitable[None]]]:
    """The test runs where the verb is declared; elsewhere it sees that the verb is refused with a sentence."""

    def around(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @functools.wraps(test)
        async def either(office: Office) -> None:
            can = (await office.connector()).capabilities
            if verb in can.writes:
                await test(office)
            else:
                assert can.absent[verb].rstrip().endswith(".")
                await refused(office, verb)

        return either

    return around


def reads(what: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Awaitable[None]]]:
    """The test runs where the PSA tells this (`conversations`, `time`); elsewhere it sees that asking for it is refused
    with the declared sentence, and that nothing is given as empty."""

    def around(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @functools.wraps(test)
        async def either(house: House, connector: Connector, **more: object) -> None:
            said = connector.capabilities.not_read.get(what)
            if said is None:
                await test(house, connector, **more)
                return
            assert said.rstrip().endswith(".") and connector.title in said
            one = house.mine()[0]
            with pytest.raises(Unsupported) as refused:
                await (
                    connector.conversation(one) if what == "conversations" else connector.time_entries([one])
                )
            assert str(refused.value) == said

        return either

    return around


async def refused(office: Office, verb: str) -> None:
    """Neither a command nor a plan gets through; the command's hint is the connector's sentence."""
    house, connector = office.house, await office.connector()
    child, parent = house.family()
    entry = house.logs_time(child, 0.5) if verb == "entry_code" else None
    if verb == "detach" and "attach" in connector.capabilities.writes:
        house.adopts(child, parent)
    await office.sync()
    ticket = await office.ticket(child)
    intents = {
        "status": {"status": "x"},
        "owner": {"owner": ""},
        "billing_code": {"set": {"billing_code": "x"}},
        "reply": {"reply": "x"},
        "note": {"note": "x"},
        "time": {"time": 0.5},
        "attach": {"parent": parent, "because": "the contract suite"},
        "detach": {"no_parent": True},
        "entry_code": {"billing_code": "x", "entry": entry},
    }
    reachable = not (verb == "entry_code" and entry is None) and not (
        verb == "detach" and not ticket.parent_ids
    )
    if verb in intents and reachable:
        with pytest.raises(FixRefused) as refused:
            await office.prepare(child, **intents[verb])
        if verb not in ("status", "entry_code"):  # there the name is looked up first
            assert refused.value.hint == connector.capabilities.absent[verb]
    with pytest.raises(Unsupported):
        connector.plan(_fix(verb, ticket, parent, office.desk.now), ticket)


def _fix(verb: str, ticket: TicketRecord, parent: str, now: int) -> Fix:
    one, code = ticket.ticket_id, Ref("1", "A code")
    base = {"change": "c", "ticket_id": one, "decided_at": now}
    match verb:
        case "reply":
            return Fix(**base, reply="x")
        case "note":
            return Fix(**base, note="x")
        case "time":
            return Fix(**base, time=NewTime(hours=0.5, text="x"))
        case "entry_code":
            return Fix(**base, entries={"1": code}, entries_was={"1": None})
        case "attach":
            return Fix(**base, fields={"parent": Ref(parent, parent)}, was={"parent": None})
        case "detach":
            return Fix(**base, fields={"parent": None}, was={"parent": Ref(parent, parent)})
        case "customer_flag":
            return Fix(**base, fields={verb: False}, was={verb: True})
    return Fix(**base, fields={verb: code}, was={verb: value_of(ticket, verb)})
