"""What a connector says of itself, and what it must not do: no network at opening, no import of our upper layers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import connectors
from connectors.contract import TICKET_FIELDS, Connector
from tests.contract.absent import EXPECTED
from tests.contract.house import House

SENTENCE_ENDS = (".", "!", "?")


async def test_capabilities_are_consistent(connector: Connector) -> None:
    can = connector.capabilities
    assert can.fields <= {*TICKET_FIELDS, "company", "board", "team"}
    assert can.undoable <= can.writes
    assert can.mails <= can.writes
    assert can.on_the_card <= can.writes & can.fields & can.undoable, "a card is always put back"
    assert set(can.absent).isdisjoint(can.writes)
    assert set(EXPECTED) <= can.writes | set(can.absent), "offered, or absent with a sentence"
    for verb, why in can.absent.items():
        assert why.rstrip().endswith(SENTENCE_ENDS) and len(why.split()) > 3, verb
    assert can.code_name
    assert set(can.not_read) <= {"conversations", "time", "parents", "billing_codes"}
    assert all(why.rstrip().endswith(SENTENCE_ENDS) for why in can.not_read.values())
    if "conversations" in can.not_read:  # whoever cannot see whether the customer wrote must not answer
        assert not can.writes & {"reply", "customer_flag"}
    assert can.read_every is None or can.read_every >= 60
    assert "reply" not in can.undoable and "note" not in can.undoable
    if can.code_on_ticket:
        assert "billing_code" in can.writes or "billing_code" in can.absent
    if not can.code_on_time:
        assert "entry_code" not in can.writes
    if not can.flag:
        assert "customer_flag" not in can.writes
    if "entry_code" in can.writes:
        assert can.code_on_time


async def test_limits_are_sane(connector: Connector) -> None:
    can = connector.capabilities
    assert 1 <= can.page_size <= 10_000
    assert 1 <= can.at_once <= 32
    assert 0 <= can.settling <= 120
    for quota in can.quota:
        assert quota.requests > 0 and quota.seconds > 0 and quota.pause > 0
        assert quota.burst is None or quota.burst > 0
        assert quota.source.strip() and not quota.source.endswith("."), "completes “1000 a minute (…)”"


async def test_opening_sends_nothing(connector: Connector, house: House) -> None:
    assert connector.requests == 0
    assert isinstance(connector, Connector)
    assert connector.psa == house.psa
    assert connector.title == connectors.spec(house.psa).title
    for secret in house.secrets().values():
        assert secret not in repr(connector)


def test_options_refuse_what_they_do_not_know(house: House) -> None:
    spec = connectors.spec(house.psa)
    assert spec.psa == house.psa and spec.title
    assert spec.options.__struct_config__.forbid_unknown_fields
    assert set(spec.secrets) == set(house.secrets())
    with pytest.raises(connectors.OptionsError) as told:
        connectors.open_connector(house.psa, "x", {"no_such_key": 1}, house.secrets())
    assert told.value.key == "no_such_key"


def test_a_connector_stays_in_its_layer(house: House) -> None:
    """Its modules, loaded all, know nothing of `store` and `tui`; its Spec costs the start no HTTP client."""
    code = f"""
import importlib, pkgutil, sys
import connectors
room = importlib.import_module(connectors.spec({house.psa!r}).options.__module__)
loaded = {{name.split('.')[0] for name in sys.modules}}
heavy = loaded & {{'httpx', 'stamina', 'starlette', 'sqlalchemy', 'sqlmodel', 'keyring'}}
for module in pkgutil.walk_packages(getattr(room, '__path__', ()), room.__name__ + '.'):
    if not module.name.endswith(('.simulator', '.house')):
        importlib.import_module(module.name)
upper = {{name.split('.')[0] for name in sys.modules}} & {{'store', 'tui', 'tests'}}
sys.exit(', '.join(sorted(heavy | upper)) or None)
"""
    path = [entry for entry in sys.path if entry]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
