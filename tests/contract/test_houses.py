"""Every simulated PSA has a house in this suite; what has none yet is said at every run."""

from __future__ import annotations

import pytest

from connectors.simulators.serve import SIMULATED
from tests.contract.houses import NOT_YET, simulated


@pytest.mark.parametrize("psa", sorted(SIMULATED))
def test_it_is_in_the_suite(psa: str) -> None:
    if psa in NOT_YET:
        pytest.skip(f"NOT RUN: the contract suite for {psa}: {NOT_YET[psa]}")
    assert psa in simulated()


def test_what_is_left_out_exists() -> None:
    assert set(NOT_YET) <= set(SIMULATED)
