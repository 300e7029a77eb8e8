"""What a hostile reading of the verdict looked for: zero said while something is not known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from connectors.contract import IdList
from store.check import verdict
from store.database import Databases
from store.read import Reader
from store.settings import Connection
from tests.store.conftest import NOW
from tests.store.fake_psa import FakePsa
from tests.store.sync_bench import Bench
from tests.store.test_check import Shop


@pytest.fixture
def shop(databases: Databases) -> Shop:
    return Shop(databases)


def test_the_bench_is_zero(shop: Shop) -> None:
    assert shop.ask().verdict == "zero"


@pytest.mark.parametrize("state", ["held", "queued", "sending", "conflict", "rejected", "uncertain"])
def test_an_open_change_of_a_connection_that_is_not_configured_any_more(shop: Shop, state: str) -> None:
    """Renaming a connection in the settings does not make what waits for it vanish."""
    shop.change(state)
    with shop.databases.journal.begin() as journal:
        journal.execute(text("UPDATE change SET connection = 'before'"))
    answer = shop.ask()
    assert answer.verdict == "cannot_tell"
    assert answer.outbox == 1
    assert any("before" in sentence for sentence in answer.why)


def ask(bench: Bench) -> Any:
    reader = Reader(bench.databases.home, bench.settings, clock=lambda: bench.psa.clock)
    return verdict(reader, bench.settings, now=bench.psa.clock, asked=True)


@pytest.fixture
def full(databases: Databases) -> Bench:
    psa = FakePsa()
    psa.add("1", billing_code_id="3", billing_code="Remote")
    return Bench(databases, psa)


async def test_a_ticket_that_comes_to_us_unreadable(full: Bench) -> None:
    """Known as a colleague's before (a parent, a former ticket of ours); now listed as ours, and broken."""
    full.psa.add("5")
    await full.good(check=True)
    full.psa.change("5", owner="asmith", owner_id="13")
    await full.good(check=True)
    assert full.queue() == {"1"}
    full.psa.change("5", owner="jdoe", owner_id="12")
    full.psa.say("5", "Is anybody there?")
    full.psa.odd["5"] = "Expected `int`, got `str`"
    await full.good(check=True)
    answer = ask(full)
    assert answer.verdict == "cannot_tell", answer


async def test_a_ticket_that_the_psa_lists_as_ours_and_whose_record_says_otherwise(full: Bench) -> None:
    full.psa.add("7", owner="asmith", owner_id="13")
    full.psa.lists = IdList(frozenset({"1", "7"}), 2)
    await full.good(check=True)
    answer = ask(full)
    assert answer.verdict == "cannot_tell", answer


def test_offline_after_the_rules_were_changed(shop: Shop) -> None:
    """Gates, rules or roles of statuses that are not those of the last evaluation prove nothing."""
    acme = msgspec.structs.replace(shop.settings.connections["acme"], responded_statuses=("Waiting",))
    shop.settings = msgspec.structs.replace(shop.settings, connections={"acme": acme})
    answer = shop.ask(asked=False)
    assert answer.verdict == "cannot_tell", answer


def test_a_second_connection_never_synced(shop: Shop) -> None:
    more = Connection(name="other", psa="fake", technician="jdoe")
    shop.settings = msgspec.structs.replace(
        shop.settings, connections={**shop.settings.connections, "other": more}
    )
    answer = shop.ask()
    assert (answer.verdict, answer.synced_at) == ("cannot_tell", None)
    assert any("other" in sentence for sentence in answer.why)


def test_a_clock_that_was_set_back(shop: Shop) -> None:
    assert shop.ask(now=NOW - 86400).verdict == "cannot_tell"
