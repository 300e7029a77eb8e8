"""The simulated HaloPSA by itself: the vendor's traps, as they are known."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import httpx
import pytest

from connectors.simulators import halopsa
from connectors.simulators.halopsa.rows import EMPTY
from connectors.simulators.serve import demo_secrets, demo_settings, run_in_thread
from connectors.simulators.world import World


class Halo:
    """A client with a token, that knows nothing of our connector."""

    def __init__(self, app: Any, url: str) -> None:
        self.world: World = app.state.world
        self.state = app.state
        form = {
            "grant_type": "client_credentials",
            "client_id": app.state.account.client_id,
            "client_secret": app.state.account.client_secret,
            "scope": "all",
        }
        self.url = url
        token = httpx.post(f"{url}/auth/token", data=form).json()["access_token"]
        self.http = httpx.Client(base_url=f"{url}/api", headers={"Authorization": f"Bearer {token}"})

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(path, params=query).json()

    def post(self, path: str, *rows: dict[str, Any]) -> httpx.Response:
        return self.http.post(path, json=list(rows))


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Any, str]]:
    app = halopsa.simulator(World(5, 130, speed=0))
    with run_in_thread(app) as url:
        yield app, url


@pytest.fixture
def halo(running: tuple[Any, str]) -> Iterator[Halo]:
    app, url = running
    app.state.faults.clear()
    app.state.switches.per_window = None
    app.state.simulator.recent.clear()
    found = Halo(app, url)
    app.state.world.writes.clear()
    app.state.world.mails.clear()
    yield found
    found.http.close()


def test_the_right_spelling_is_the_vendor_s(halo):
    paged = halo.get("/Tickets", pageinate="true", page_size=100, page_no=2, order="id")
    assert (
        paged["record_count"] == len(halo.world.tickets)
        and len(paged["tickets"]) == len(halo.world.tickets) - 100
    )
    unpaged = halo.get("/Tickets", paginate="true", page_size=100, page_no=2)
    assert len(unpaged["tickets"]) == 50, "the other spelling is ignored"


def test_a_page_is_never_larger_than_100(halo):
    assert len(halo.get("/Tickets", pageinate="true", page_size=1000)["tickets"]) == 100


def test_a_row_of_a_list_lacks_charge_rate_and_contract(halo):
    (row,) = halo.get("/Tickets", pageinate="true", page_size=1)["tickets"]
    assert not {"chargerate", "contract_id", "customfields"} & set(row)
    whole = halo.get(f"/Tickets/{row['id']}", includedetails="true")
    assert {"chargerate", "contract_id", "customfields"} <= set(whole)
    assert "chargerate" not in halo.get(f"/Tickets/{row['id']}")


def test_setup_lists_are_bare_and_others_wrapped(halo):
    for path in ("/Status", "/Team", "/Agent", "/Priority", "/TicketType", "/Outcome"):
        assert isinstance(halo.get(path), list)
    for path, name in (("/Users", "users"), ("/Site", "sites"), ("/ClientContract", "contracts")):
        assert isinstance(halo.get(path, pageinate="true")[name], list)


def test_dates_have_no_zone_and_empty_ones_are_of_1900(halo):
    rows = halo.get("/Tickets", open_only="true", pageinate="true", page_size=100)["tickets"]
    assert {row["dateclosed"] for row in rows} == {EMPTY}
    assert not any(row["last_update"].endswith("Z") for row in rows)


def test_a_client_id_of_a_site_is_a_decimal(halo):
    raw = halo.http.get("/Site", params={"pageinate": "true"}).text
    assert '"client_id":250.0' in raw


def test_an_object_without_an_id_makes_a_ticket(halo):
    before = set(halo.world.tickets)
    (made,) = halo.post("/Tickets", {"status_id": 2}).json()
    assert made["id"] not in before and made["id"] in halo.world.tickets


def test_an_object_alone_is_not_taken(halo):
    answer = halo.http.post("/Tickets", json={"id": 1, "status_id": 2})
    assert answer.status_code == 400 and "Message" in answer.json()


def test_unknown_fields_are_ignored_without_a_word(halo):
    key = next(iter(halo.world.tickets))
    before = halo.world.tickets[key].work_type_id
    (row,) = halo.post("/Tickets", {"id": key, "charge_rate": 3}).json()
    assert row["chargerate"] == (before or 0)


def test_a_team_is_taken_by_its_name_and_no_other_is(halo):
    key = next(t.id for t in halo.world.tickets.values() if t.team_id == 41)
    (row,) = halo.post("/Tickets", {"id": key, "team": "Night Shift"}).json()
    assert row["team"] == "Night Shift" and halo.world.tickets[key].team_id == 43
    refused = halo.post("/Tickets", {"id": key, "team": "Help Desk"})
    assert refused.status_code == 400 and halo.world.tickets[key].team_id == 43


def test_a_parent_is_not_taken_away_by_0(halo):
    key = next(t.id for t in halo.world.tickets.values() if t.parent_id)
    assert halo.post("/Tickets", {"id": key, "parent_id": 0}).is_success
    assert halo.world.tickets[key].parent_id


def test_only_sendemail_on_a_public_action_mails(halo):
    key = next(t.id for t in halo.world.tickets.values() if t.contact_email)
    for hidden, send, mails in ((True, True, 0), (False, False, 0), (False, True, 1)):
        halo.world.mails.clear()
        action = {"ticket_id": key, "note": "x", "hiddenfromuser": hidden, "sendemail": send}
        assert halo.post("/Actions", action).status_code == 201
        assert len(halo.world.mails) == mails


def test_an_action_is_public_unless_it_says_otherwise(halo):
    key = next(iter(halo.world.tickets))
    halo.post("/Actions", {"ticket_id": key, "note": "oops"})
    assert halo.world.notes[key][-1].public


def test_hours_not_minutes(halo):
    key = next(iter(halo.world.tickets))
    (row,) = halo.post("/Actions", {"ticket_id": key, "note": "t", "timetaken": 0.5}).json()
    assert halo.world.time[row["id"]].hours == 0.5


def test_an_invoiced_action_stays_as_it_is(halo):
    entry = halo.world.log_time(next(iter(halo.world.tickets)), 1)
    entry.invoice = "INV-1"
    answer = halo.post("/Actions", {"id": entry.id, "chargerate": 2})
    assert answer.status_code == 400 and "invoiced" in answer.json()["errorMessage"]


def test_a_customer_s_answer_is_a_status_and_an_agent_s_only_by_a_switch(halo):
    key = next(t.id for t in halo.world.tickets.values() if halo.world.is_open(t) and t.contact_id)
    halo.world.customer_replies(key, "Hello?")
    assert halo.get(f"/Tickets/{key}")["status_id"] == 24
    halo.post("/Actions", {"ticket_id": key, "note": "Yes", "hiddenfromuser": False})
    assert halo.get(f"/Tickets/{key}")["status_id"] == 24
    halo.state.switches.tech_update = True
    halo.post("/Actions", {"ticket_id": key, "note": "Yes", "hiddenfromuser": False})
    halo.state.switches.tech_update = False
    assert halo.get(f"/Tickets/{key}")["status_id"] == 22


def test_what_a_type_does_is_in_its_details_only(halo):
    assert "statusafteruserupdate" not in halo.get("/TicketType/1")
    assert halo.get("/TicketType/1", includedetails="true")["statusafteruserupdate"] == 24


def test_system_actions_can_be_left_out(halo):
    key = next(iter(halo.world.tickets))
    halo.world.unknown_note(key, "Rule ran", created_by="Workflow")
    every = {row["id"] for row in halo.get("/Actions", ticket_id=key)["actions"]}
    fewer = {row["id"] for row in halo.get("/Actions", ticket_id=key, excludesys="true")["actions"]}
    assert fewer < every


def test_the_limit_need_not_say_how_long(halo):
    halo.state.switches.per_window = 2
    for _ in range(2):
        assert halo.http.get("/Status").status_code == 200
    refused = halo.http.get("/Status")
    assert (
        refused.status_code == 429 and "300 Requests" in refused.text and "retry-after" not in refused.headers
    )


def test_a_token_is_needed_and_ends(halo):
    assert httpx.get(f"{halo.url}/api/Status").status_code == 401
    halo.state.simulator.tokens.clear()
    assert halo.http.get("/Status").status_code == 401
    wrong = httpx.post(f"{halo.url}/auth/token", data={"grant_type": "client_credentials", "client_id": "x"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")


def test_the_demo_s_settings_fit():
    assert demo_settings("halopsa")["technician"] == halopsa.ACCOUNT.technician
    assert set(demo_secrets("halopsa")) == {"client_secret"}


# ---------------------------------------------------------------- an independent client


@pytest.mark.skipif(
    find_spec("HaloPSA") is None,
    reason="NOT RUN: the independent client halopsa is not installed (`halopsa==2.0.2`; AGPL: in no extra)",
)
def test_an_independent_client_works_unchanged(halo, monkeypatch):
    """`halopsa` from PyPI builds its host from the tenant: what it asks there is sent to the simulator, as it is."""
    import requests
    from HaloPSA.Halo import Halo as Client

    real, seen = requests.Session.request, []

    def moved(session, method, url, **more):
        seen.append(url)
        return real(session, method, url.replace("https://riverside.halopsa.com", halo.url), **more)

    monkeypatch.setattr(requests.Session, "request", moved)
    account = halo.state.account
    client = Client("riverside", account.client_id, account.client_secret)
    page = client.Tickets.search(pageinate=True, page_size=3, page_no=2)
    assert len(page["tickets"]) == 3 and page["record_count"] == len(halo.world.tickets)
    key = page["tickets"][0]["id"]
    assert "chargerate" in client.Tickets.get(id=key, includedetails=True)
    halo.world.staff_note(key, "Somebody said this.")
    said = client.Actions.search(ticket_id=key)["actions"]
    assert "Somebody said this." in {row["note"] for row in said}
    (changed,) = client.Tickets.update(id=key, chargerate=3)
    assert changed["id"] == key and halo.world.tickets[key].work_type_id == 3
    assert all(url.startswith("https://riverside.halopsa.com/") for url in seen)
