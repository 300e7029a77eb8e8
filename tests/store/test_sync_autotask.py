"""A sync of the simulated Autotask brings the exceptions that were planted, as far as the PSA can have them."""

from __future__ import annotations

from connectors.contract import Scope
from connectors.simulators.world import World
from store.database import Databases
from tests.store.test_requests_autotask import office

NOT_THERE = {
    "customer_responded/flag_not_set",  # there is no flag; the status says it
    "child_reply/flag_set",  # a child's status says that it is one
    "reply_after_close/flag_set",  # a closed ticket has the status Complete
    "orphaned/parent_missing",  # merging is not known to the API: the parent is a closed one
}


async def test_every_kind_that_the_psa_can_have(databases: Databases) -> None:
    world = World(1, 120, speed=0)
    async with office(databases, world, Scope("mine")) as found:
        await found.sync(check=True)
        with databases.cache_reads.connect() as cache:
            rows = cache.exec_driver_sql("SELECT kind, ticket_id FROM exception").all()
    shown = {(kind, int(ticket)) for kind, ticket in rows}
    lost = {
        (key, ticket)
        for key, tickets in world.planted.items()
        for ticket in tickets
        if key not in NOT_THERE and (key.partition("/")[0], ticket) not in shown
    }
    assert not lost
    assert {kind for kind, _ in shown} == {
        "customer_responded",
        "child_reply",
        "reply_after_close",
        "missing_fields",
        "orphaned",
        "billing_code",
    }
