"""The simulated Syncro over a real socket: its traps, and how it can be made to fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.simulators.world import World
from tests.connectors.syncro_desk import served

OFFSET = 9_000_000


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Any, str]]:
    with served(World(5, 80, speed=0)) as found:
        yield found


@pytest.fixture
def psa(place: tuple[Any, str]) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {place[0].state.account.token}"}
    with httpx.Client(base_url=f"{place[1]}/api/v1", headers=headers) as client:
        yield client


@pytest.fixture
def world(place: tuple[Any, str]) -> World:
    place[0].state.world.writes.clear()
    place[0].state.world.mails.clear()
    return place[0].state.world


def one(world: World) -> Any:
    return next(t for t in world.tickets.values() if world.is_open(t) and t.contact_id and t.agreement_id)


def test_without_a_token_it_is_401_and_so_is_a_missing_right(psa, place):
    assert httpx.get(f"{place[1]}/api/v1/me").status_code == 401
    switches = place[0].state.switches
    switches.denied = frozenset({"contacts"})
    answer = psa.get("/contacts")
    switches.denied = frozenset()
    assert (answer.status_code, "permissions" in answer.json()["error"]) == (401, True)


def test_pages_are_of_25_and_say_how_many_there_are(psa, world):
    answer = psa.get("/tickets").json()
    assert (len(answer["tickets"]), answer["meta"]) == (25, {"total_pages": 4, "page": 1})
    assert psa.get("/tickets", params={"page": "9"}).json()["tickets"] == []
    assert "meta" not in psa.get("/products").json()


def test_a_ticket_by_itself_lacks_what_only_the_list_has(psa, world):
    there = one(world)
    alone = psa.get(f"/tickets/{there.id + OFFSET}").json()["ticket"]
    (listed,) = psa.get("/tickets", params={"number": there.id}).json()["tickets"]
    for name in ("customer_reply", "contract_id", "parent_id", "ticket_type_id"):
        assert name in listed and name not in alone
    assert "ticket_timers" in alone and "ticket_timers" not in listed
    assert psa.get(f"/tickets/{there.id}").status_code == 404, "the number is not the id"


def test_a_put_leaves_out_what_it_does_not_know(psa, world):
    there = one(world)
    before = (there.parent_id, there.agreement_id, there.flag)
    body = {"parent_id": 1, "contract_id": None, "customer_reply": True, "nonsense": 1}
    assert psa.put(f"/tickets/{there.id + OFFSET}", json=body).status_code == 200
    assert (there.parent_id, there.agreement_id, there.flag) == before


def test_a_comment_inside_a_put_is_a_second_comment_with_mail(psa, world):
    there = one(world)
    body = {"priority": "3 Low", "comments_attributes": [{"subject": "Update", "body": "Twice?"}]}
    psa.put(f"/tickets/{there.id + OFFSET}", json=body)
    assert world.notes[there.id][-1].text == "Twice?" and len(world.mails) == 1


def test_a_public_comment_is_mailed_unless_it_says_not_to(psa, world):
    path = f"/tickets/{one(world).id + OFFSET}/comment"
    assert psa.post(path, json={"body": "x"}).json()["message"] == ["Subject can't be blank"]
    for more in ({"hidden": True}, {"do_not_email": True}):
        psa.post(path, json={"subject": "s", "body": "x", **more})
    assert not world.mails
    psa.post(path, json={"subject": "s", "body": "x"})
    assert len(world.mails) == 1


def test_the_mark_goes_with_a_public_comment_or_a_status_or_not_at_all(psa, place, world):
    there, switches = one(world), place[0].state.switches
    path = f"/tickets/{there.id + OFFSET}"
    for cleared_by, left in ((("comment",), False), ((), True)):
        switches.reply_cleared_by = cleared_by
        there.flag = True
        psa.post(f"{path}/comment", json={"subject": "s", "body": "x", "do_not_email": True})
        assert there.flag is left
    switches.reply_cleared_by = ("status",)
    there.flag = True
    psa.put(path, json={"status": "Scheduled"})
    assert there.flag, "no such status here: nothing happens"
    psa.put(path, json={"status": "Waiting for Parts"})
    assert not there.flag


def test_a_timer_needs_its_start_and_comes_bare(psa, world):
    there = one(world)
    path = f"/tickets/{there.id + OFFSET}/timer_entry"
    answer = psa.post(path, json={"duration_minutes": 5})
    assert answer.json() == {"error": "no implicit conversion of nil into String"}
    made = psa.post(path, json={"start_at": "2026-11-20T14:00:00Z", "duration_minutes": 30}).json()
    assert (made["active_duration"], made["product_id"]) == (1800, None)


def test_an_updated_timer_becomes_ours_unless_its_user_is_named(psa, place, world):
    there = one(world)
    entry = world.log_time(there.id, 0.5, member="asmith", work_type="On-site")
    path = f"/tickets/{there.id + OFFSET}/update_timer_entry"
    psa.put(path, json={"timer_entry_id": entry.id, "product_id": None, "user_id": 102})
    assert entry.work_type_id is not None, "whether null empties it is not established"
    assert world.members[entry.member_id].identifier == "asmith"
    psa.put(path, json={"timer_entry_id": entry.id})
    assert world.members[entry.member_id].identifier == "jdoe"
    entry.invoice = "INV-1"
    assert psa.put(path, json={"timer_entry_id": entry.id, "product_id": 1}).status_code == 422


def test_timers_are_listed_by_creation_and_a_changed_one_is_missed(psa, world):
    there = one(world)
    entry = world.log_time(there.id, 0.5)
    entry.entered, entry.updated = world.now() - 9000, world.now()
    since = psa.get("/ticket_timers", params={"created_at_gt": "2100-01-01"}).json()
    assert since["ticket_timers"] == []
    assert entry.id in [
        t["id"] for t in psa.get(f"/tickets/{there.id + OFFSET}").json()["ticket"]["ticket_timers"]
    ]


def test_180_a_minute(psa, place):
    switches = place[0].state.switches
    place[0].state.simulator.recent.clear()
    switches.per_minute = 180
    answers = [psa.get("/users").status_code for _ in range(181)]
    switches.per_minute = None
    assert answers == [200] * 180 + [429]


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("429", 429), ("401", 401), ("404", 404)])
def test_trouble_on_order(psa, place, kind, status):
    place[0].state.faults.next("/users", kind)
    assert psa.get("/users").status_code == status
    assert psa.get("/users").status_code == 200
