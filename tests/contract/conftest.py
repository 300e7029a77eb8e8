"""The houses as fixtures: `house` for each PSA in turn, `office` with everything read once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connectors.contract import Connector
from tests.contract.house import House
from tests.contract.houses import simulated
from tests.contract.installed import on_the_path
from tests.contract.office import Office, opened
from tests.contract.rt_house import RtHouse

OPENERS = simulated()


@pytest.fixture(scope="package", autouse=True)
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example connector, installed; the folder that it was installed into."""
    with on_the_path(tmp_path_factory.mktemp("site")) as folder:
        yield folder


@pytest.fixture(params=[*OPENERS, "rt"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Each PSA in turn: simulators, and the real Request Tracker (skipped, loudly, where it is not installed)."""
    opener = OPENERS.get(request.param)
    with opener() if opener else RtHouse.open(request.getfixturevalue("rt_process")) as found:
        yield found


@pytest.fixture
async def connector(house: House, tmp_path: Path) -> AsyncIterator[Connector]:
    """A connector to the house."""
    found = opened(house, tmp_path / "alone")
    yield found
    await found.close()


@pytest.fixture
async def office(house: House, tmp_path: Path) -> AsyncIterator[Office]:
    """A desk that has read everything once."""
    found = Office(house, tmp_path / "home")
    report = await found.sync()
    assert report.ok, report.error
    yield found
    await found.desk.close()
