"""The four PSAs that list a ticket's files apart: what a file sent with words costs, and what a refusal says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.contract import Connector, Forbidden, ListsFiles, NotThere, Throttled
from connectors.simulators.world import World
from tests.connectors import alga_desk, syncro_desk
from tests.connectors.served_desk import mine, opened, served

FIRST, SECOND = ("error log.txt", 2_048), ("screen.png", 51_234)


@dataclass(frozen=True)
class Listing:
    """One of the four: where its simulator lists files, how the API calls a ticket, who a file is said to be of."""

    psa: str
    path: str
    key: Callable[[int], str] = str


LISTINGS = (
    Listing("connectwise", "/system/documents"),
    Listing("autotask", "/TicketAttachments/query"),
    Listing("syncro", "/tickets/{id}", syncro_desk.key),
    Listing("algapsa", "/tickets/{id}/documents", alga_desk.key),
)


class Place:
    """A served PSA with a ticket on which a customer has sent a file with words, and a connector to it."""

    def __init__(self, of: Listing, world: World, app: Any, psa: Connector) -> None:
        self.of, self.world, self.app, self.psa = of, world, app, psa
        self.number = mine(world)[0]
        self.ticket = of.key(self.number)
        self.path = of.path.replace("{id}", self.ticket)
        self.sent = world.customer_replies(self.number, "The log is attached.", files=(FIRST,))

    @property
    def lists(self) -> ListsFiles:
        assert isinstance(self.psa, ListsFiles)
        return self.psa

    def asked(self) -> list[str]:
        """The paths of all requests since `app.state.requests` was emptied."""
        return [one.path for one in self.app.state.requests]


@pytest.fixture(params=LISTINGS, ids=lambda of: of.psa)
def served_listing(request: pytest.FixtureRequest) -> Iterator[tuple[Listing, World, Any, str]]:
    world = World(5, 60, speed=0)
    with served(request.param.psa, world) as (app, url):
        yield request.param, world, app, url


@pytest.fixture
async def place(served_listing: tuple[Listing, World, Any, str]) -> AsyncIterator[Place]:
    of, world, app, url = served_listing
    psa = opened(of.psa, url)
    try:
        yield Place(of, world, app, psa)
    finally:
        await psa.close()


async def test_a_conversation_with_words_asks_for_no_files_and_says_so(place: Place) -> None:
    await place.psa.conversation(place.ticket)  # who is who is known after this
    place.app.state.requests.clear()
    found = await place.psa.conversation(place.ticket)
    assert (found.files, found.files_problem, found.files_asked) == ((), "", False)
    assert place.path not in place.asked()


async def test_they_are_listed_by_one_request(place: Place) -> None:
    later = place.world.customer_replies(place.number, "And the picture.", files=(SECOND,))
    await place.psa.conversation(place.ticket)
    place.app.state.requests.clear()
    found = await place.lists.files(place.ticket)
    assert place.asked() == [place.path]
    assert [(file.name, file.size, file.added_at) for file in found] == [
        (*FIRST, place.sent.at),
        (*SECOND, later.at),
    ]


async def test_a_new_process_can_list_without_having_read_the_conversation(place: Place) -> None:
    (file,) = await place.lists.files(place.ticket)
    assert (file.name, file.size) == FIRST


async def test_a_file_that_the_psa_no_longer_has_is_no_longer_listed(place: Place) -> None:
    assert len(await place.lists.files(place.ticket)) == 1
    with place.world.lock:
        place.sent.files = ()
    assert await place.lists.files(place.ticket) == ()


async def test_a_note_without_words_has_the_conversation_ask_for_all_of_them(place: Place) -> None:
    place.world.customer_replies(place.number, "", files=(SECOND,))
    found = await place.psa.conversation(place.ticket)
    assert found.files_asked and found.files == await place.lists.files(place.ticket)
    assert [file.name for file in found.files] == [FIRST[0], SECOND[0]]


async def test_a_refusal_is_an_error_and_no_empty_list(place: Place) -> None:
    """What a conversation makes of it is with each connector's own tests."""
    place.app.state.faults.next(place.path, "403")
    with pytest.raises((Forbidden, NotThere)):
        await place.lists.files(place.ticket)


async def test_being_told_to_wait_is_no_empty_list(place: Place) -> None:
    await place.psa.conversation(place.ticket)
    place.app.state.faults.next(place.path, "429", retry_after=3600)
    with pytest.raises(Throttled):
        await place.lists.files(place.ticket)
