"""Every simulated PSA has a house in this suite."""

from __future__ import annotations

import pytest

from connectors.simulators.serve import SIMULATED
from tests.contract.houses import ADAPTERS, simulated


@pytest.mark.parametrize("psa", sorted(SIMULATED))
def test_it_is_in_the_suite(psa: str) -> None:
    assert psa in simulated()


def test_every_house_is_somebody_s() -> None:
    assert set(ADAPTERS) <= set(SIMULATED)
