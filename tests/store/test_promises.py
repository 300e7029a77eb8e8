"""What stands behind →: facts of the PSA that a ticket lacks; never another company's, nor what cannot be written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from connectors.contract import TICKET_FIELDS, Capabilities
from store.database import Databases
from store.home import Home
from store.models import ChoiceRow, ConnectionState, ExceptionRow, ReasonRow, Ticket
from store.read import Reader
from store.read_records import Row
from store.settings import Connection, Settings
from tests.store.conftest import NOW

WRITES = frozenset(
    {"contact_phone", "contact_email", "agreement", "status", "customer_flag", "type", "contact"}
)
SETTINGS = Settings(
    connections={
        "acme": Connection(
            name="acme",
            psa="fake",
            technician="jdoe",
            child_statuses=("Child Ticket", "Child Waiting"),
            options={},
        )
    }
)


class Cache:
    """Puts rows into the cache, as a sync and the rules would."""

    def __init__(self, databases: Databases, home: Home) -> None:
        self.databases, self.home = databases, home

    def put(self, table: Any, **values: Any) -> None:
        with self.databases.cache.begin() as db:
            db.execute(insert(table), [{"connection": "acme"} | values])

    def offers(self, writes: frozenset[str] = WRITES, on_the_card: frozenset[str] = frozenset()) -> None:
        can = Capabilities(
            fields=frozenset(TICKET_FIELDS),
            flag=True,
            code_on_ticket=True,
            code_on_time=True,
            code_name="Work type",
            writes=writes,
            undoable=writes,
            on_the_card=on_the_card,
        )
        self.put(ConnectionState, psa="fake", capabilities=msgspec.json.encode(can).decode())

    def ticket(self, kind: str, *reasons: tuple[str, str], **values: Any) -> None:
        known = {"number": "1", "company_id": "7", "company": "Acme", "contact_id": "70", "board_id": "b"}
        self.put(Ticket, ticket_id="1", in_scope=True, **known | values)
        self.put(ExceptionRow, kind=kind, ticket_id="1", since=NOW, gate=False)
        for code, field in reasons:
            self.put(ReasonRow, kind=kind, ticket_id="1", code=code, field=field, since=NOW, gate=False)

    def choice(self, kind: str, id: str, name: str, company_id: str = "7", **values: Any) -> None:
        self.put(ChoiceRow, kind=kind, id=id, name=name, company_id=company_id, **values)

    def row(self) -> Row:
        (row,) = Reader(self.home, SETTINGS, lambda: NOW, suggests=True).rows()
        return row


@pytest.fixture
def cache(databases: Databases, home: Home) -> Cache:
    return Cache(databases, home)


def test_phone_and_mail_come_from_the_contacts_card_in_one_go(cache: Cache) -> None:
    cache.offers()
    cache.ticket("missing_fields", ("missing", "contact_phone"), ("missing", "contact_email"))
    cache.choice("contact", "70", "Maria Lee", phone="555 0102", email="maria@acme.test")
    promise = cache.row().promise
    assert promise is not None and promise.strong
    assert promise.wanted == {"set": {"contact_phone": "555 0102", "contact_email": "maria@acme.test"}}
    assert promise.label == "phone 555 0102, mail maria@acme.test"
    assert {part.because for part in promise.parts} == {"contact card"}


def test_what_a_ticket_has_from_the_card_is_not_promised_from_the_card(cache: Cache) -> None:
    """There the ticket lacks it because the card does; a list of contacts that says otherwise is an older one."""
    cache.offers(on_the_card=frozenset({"contact_phone", "contact_email"}))
    cache.ticket("missing_fields", ("missing", "contact_phone"), ("missing", "contact_email"))
    cache.choice("contact", "70", "Maria Lee", phone="555 0102", email="maria@acme.test")
    assert cache.row().promise is None


def test_another_companys_contact_is_never_promised(cache: Cache) -> None:
    """Rule 10: the contact's card counts only where it is of the ticket's company."""
    cache.offers()
    cache.ticket("missing_fields", ("missing", "contact_phone"))
    cache.choice("contact", "70", "Maria Lee", company_id="8", phone="555 0102")
    assert cache.row().promise is None


def test_a_card_without_a_number_promises_nothing(cache: Cache) -> None:
    cache.offers()
    cache.ticket("missing_fields", ("missing", "contact_phone"))
    cache.choice("contact", "70", "Maria Lee")
    assert cache.row().promise is None


def test_the_one_active_agreement(cache: Cache) -> None:
    cache.offers()
    cache.ticket("missing_fields", ("agreement_inactive", "agreement"), agreement_id="1")
    cache.choice("agreement", "1", "Old", ends_on="2026-01-31")
    cache.choice("agreement", "2", "Cancelled", cancelled=True)
    cache.choice("agreement", "3", "Not yet", starts_on="2027-01-01")
    cache.choice("agreement", "4", "Another's", company_id="8")
    cache.choice("agreement", "5", "Gold", ends_on="2026-11-20")
    promise = cache.row().promise
    assert promise is not None and promise.wanted == {"set": {"agreement": "5"}}
    assert promise.parts[0].because == "the only active one"


def test_of_two_active_agreements_none_is_promised(cache: Cache) -> None:
    cache.offers()
    cache.ticket("missing_fields", ("missing", "agreement"))
    cache.choice("agreement", "5", "Gold")
    cache.choice("agreement", "6", "Silver")
    assert cache.row().promise is None


def test_a_child_gets_the_first_child_status_of_its_board(cache: Cache) -> None:
    cache.offers()
    cache.ticket("orphaned", ("not_child_status", "status"), parent_id="9")
    cache.choice("status", "s1", "Child Ticket", company_id="", board_id="other")
    cache.choice("status", "s2", "Child Waiting", company_id="", board_id="b")
    cache.choice("status", "s3", "New", company_id="", board_id="b")
    promise = cache.row().promise
    assert promise is not None and promise.wanted == {"status": "s2"} and promise.label == "Child Waiting"


def test_a_child_status_that_closes_is_not_promised(cache: Cache) -> None:
    cache.offers()
    cache.ticket("orphaned", ("not_child_status", "status"), parent_id="9")
    cache.choice("status", "s2", "Child Ticket", company_id="", board_id="b", closed=True)
    assert cache.row().promise is None


def test_an_orphan_with_another_trouble_is_promised_nothing(cache: Cache) -> None:
    cache.offers()
    cache.ticket("orphaned", ("not_child_status", "status"), ("parent_closed", ""), parent_id="9")
    cache.choice("status", "s2", "Child Ticket", company_id="", board_id="b")
    assert cache.row().promise is None


def test_the_flag_after_an_answer(cache: Cache) -> None:
    cache.offers()
    cache.ticket("customer_responded", ("flag_set_answered", ""))
    promise = cache.row().promise
    assert promise is not None and promise.wanted == {"clear_flag": True}


@pytest.mark.parametrize("code", ["last_word_customer", "flag_set", "flag_not_set"])
def test_an_unanswered_customer_is_promised_nothing(cache: Cache, code: str) -> None:
    cache.offers()
    cache.ticket("customer_responded", (code, ""))
    assert cache.row().promise is None


@pytest.mark.parametrize("writes", [frozenset(), frozenset({"note"})])
def test_what_the_psa_does_not_take_is_not_promised(cache: Cache, writes: frozenset[str]) -> None:
    cache.offers(writes)
    cache.ticket("missing_fields", ("missing", "contact_phone"))
    cache.choice("contact", "70", "Maria Lee", phone="555 0102")
    assert cache.row().promise is None
