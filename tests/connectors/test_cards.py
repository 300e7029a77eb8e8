"""Writing to a contact's card: which number is written, what stays on the card, which right it takes, over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.cards import ON_THE_CARD, first_number, refuse_changed, without_cards
from connectors.contract import Conflict, Fix, Rejected, Step
from connectors.simulators.algapsa.state import uid
from connectors.simulators.syncro.rows import OFFSET
from connectors.simulators.world import World
from connectors.text import same_reach
from store.database import Databases
from store.fixes import FixRefused
from store.home import Home
from store.outbox import state_of
from tests.connectors import served_desk

KEYS: dict[str, Any] = {
    "algapsa": lambda one: uid("ticket", one),
    "autotask": str,
    "syncro": lambda one: str(one + OFFSET),
}
"""PSA -> how its API names a ticket of the world."""


class Office(served_desk.Office):
    """A desk over a small world in which one ticket is ours."""

    def __init__(self, psa: str, databases: Databases, app: Any, url: str) -> None:
        self.psa = psa
        super().__init__(databases, app, url)
        world, me = self.world, self.world.member("jdoe").id
        self.there = next(
            t
            for t in world.tickets.values()
            if world.is_open(t) and t.owner_id == me and t.contact_id and t.contact_email and not t.flag
        )
        for ticket in world.tickets.values():
            if ticket.owner_id == me and ticket is not self.there:
                ticket.owner_id = world.member("asmith").id
        self.contact = world.contacts[self.there.contact_id]
        self.ticket_id = KEYS[psa](self.there.id)

    def card(self, **values: str) -> None:
        self.world.set_card(self.contact.id, **values)

    async def sets(self, **fields: str) -> str:
        change = await self.fix(self.ticket_id, set=fields)
        await self.push()
        return change

    def numbers(self) -> tuple[str, str]:
        return self.contact.phone, self.contact.mobile

    def cached(self) -> str | None:
        """The number that the cache has from the PSA."""
        ((found,),) = self.ask(f"SELECT contact_phone FROM ticket WHERE ticket_id = '{self.ticket_id}'")
        return found

    def why(self, change: str) -> str:
        entry = state_of(self.databases, change)
        return f"{entry.state}: {entry.error} {entry.hint}"

    @property
    def wrote(self) -> list[Any]:
        """Bodies of writes to cards, as the PSA carried them out."""
        return [write.body for write in self.world.writes if "contacts" in write.path.lower()]


@asynccontextmanager
async def desk(psa: str, home: Path) -> AsyncIterator[Office]:
    with (
        served_desk.served(psa, World(seed=3, tickets=60, speed=0)) as place,
        Databases.open(Home.at(home)) as databases,
    ):
        found = Office(psa, databases, *place)
        yield found
        await found.connector.close()


@pytest.fixture(params=sorted(KEYS))
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with desk(request.param, tmp_path) as found:
        yield found


class TestWhichNumber:
    async def test_a_missing_number_is_set_on_the_card_and_taken_away_again(self, office):
        office.card(phone="")
        await office.sync()
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "confirmed" and office.numbers() == ("555 0199", "")
        assert office.cached() == "555 0199"
        assert await office.put_back(change) == "confirmed"
        assert office.numbers() == ("", "")
        assert office.cached() is None

    async def test_the_second_number_stays(self, office):
        office.card(mobile="555 0900")
        await office.sync()
        before = office.contact.phone
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "confirmed" and office.numbers() == ("555 0199", "555 0900")
        assert await office.put_back(change) == "confirmed"
        assert office.numbers() == (before, "555 0900")

    async def test_where_only_the_second_is_there_the_first_is_set_and_taken_away(self, office):
        office.card(phone="", mobile="555 0900")
        await office.sync()
        shown = None if office.psa == "algapsa" else "555 0900"  # there a default is shown, or nothing
        assert office.cached() == shown
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "confirmed" and office.numbers() == ("555 0199", "555 0900")
        back = await office.put_back(change)
        if office.psa == "algapsa":  # of several numbers one has to be the default
            assert back == "rejected" and office.numbers() == ("555 0199", "555 0900")
        else:
            assert back == "confirmed" and office.numbers() == ("", "555 0900")

    async def test_emptied_the_second_would_be_shown_so_it_is_refused(self, office):
        office.card(mobile="555 0900")
        await office.sync()
        before = office.numbers()
        change = await office.sets(contact_phone="")
        assert office.state(change) == "rejected" and "555 0900" in office.why(change)
        assert office.numbers() == before and office.wrote == []


class TestTheRestOfTheCard:
    @pytest.mark.parametrize("put", ["part", "whole"])
    async def test_stays_whatever_a_put_means(self, office, put):
        """Syncro's file does not say whether a PUT without a field empties it; elsewhere it is established."""
        if office.psa == "syncro":
            office.app.state.switches.card = put
            office.app.state.simulator.notes[office.contact.id] = "Talk slowly."
        office.card(mobile="555 0900")
        await office.sync()
        before = {name: getattr(office.contact, name) for name in ("name", "title", "email", "mobile")}
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "confirmed"
        assert {name: getattr(office.contact, name) for name in before} == before
        if office.psa == "syncro":
            assert office.app.state.simulator.notes[office.contact.id] == "Talk slowly."

    async def test_only_what_changes_is_sent_where_that_is_enough(self, office):
        await office.sync()
        await office.sets(contact_phone="555 0199")
        (body,) = office.wrote
        assert (
            set(body)
            == {
                "algapsa": {"phone_numbers"},
                "autotask": {"id", "phone"},
                "syncro": {"customer_id", "name", "email", "phone", "mobile", "title"},
            }[office.psa]
        )

    async def test_a_mail_address(self, office):
        await office.sync()
        before = office.contact.email
        if office.psa == "algapsa":
            with pytest.raises(FixRefused) as refused:
                await office.sets(contact_email="new@card.test")
            assert "in exchange" in refused.value.hint
            return
        change = await office.sets(contact_email="new@card.test", contact_phone="555 0199")
        assert office.state(change) == "confirmed"
        assert (office.contact.email, office.contact.phone) == ("new@card.test", "555 0199")
        assert len(office.wrote) == 1, "both in one request"
        assert await office.put_back(change) == "confirmed"
        assert office.contact.email == before


class TestWhatTheServerSays:
    async def test_without_the_right_it_is_refused_in_its_words(self, office):
        switches = office.app.state.switches
        if office.psa == "autotask":
            switches.edits_contacts = False
        else:
            switches.denied = frozenset({"contact: update", "contacts: edit"})
        await office.sync()
        before = office.numbers()
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "rejected" and office.numbers() == before
        assert "permission" in office.why(change).casefold()

    async def test_a_number_in_another_form_is_the_same(self, office):
        """A server that writes numbers its own way has done what was asked."""
        await office.sync()
        said = office.world.set_card
        office.world.set_card = lambda one, **values: said(
            one, **{k: v.replace(" ", "-") if k == "phone" else v for k, v in values.items()}
        )
        before = office.contact.phone
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "confirmed" and office.contact.phone == "555-0199"
        assert await office.put_back(change) == "confirmed"
        assert same_reach("contact_phone", office.contact.phone, before)

    async def test_a_200_that_did_nothing_is_no_success(self, office):
        await office.sync()
        office.world.set_card = lambda one, **values: None
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "rejected" and "answered without an error" in office.why(change)

    async def test_a_card_changed_a_moment_ago_is_seen_before_it_is_written(self, office):
        """What the ticket was compared with may be seconds old; the card itself is read before the write."""
        await office.sync()
        (ticket,) = (await office.connector.fetch([office.ticket_id])).tickets
        fix = Fix(
            change="c",
            ticket_id=office.ticket_id,
            fields={"contact_phone": "555 0199"},
            was={"contact_phone": ticket.contact_phone},
        )
        office.card(phone="555 0177")
        with pytest.raises(Conflict):
            for step in office.connector.plan(fix, ticket):
                await office.connector.apply(step, None)
        assert office.contact.phone == "555 0177"
        (ticket,) = (await office.connector.fetch([office.ticket_id])).tickets
        assert ticket.contact_phone == "555 0177", "and is known from then on"


async def test_an_extension_belongs_to_its_number(tmp_path):
    """AlgaPSA keeps it beside the number: another number is not given it, and it is not thrown away."""
    async with desk("algapsa", tmp_path) as office:
        office.app.state.simulator.extensions[office.contact.id] = "12"
        await office.sync()
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "rejected" and "extension (12)" in office.why(change)
        assert office.wrote == []


@pytest.mark.parametrize(("psa", "right"), [("algapsa", "contact"), ("syncro", "contacts")])
async def test_without_the_right_to_see_cards_nothing_is_offered(tmp_path, psa, right):
    async with desk(psa, tmp_path) as office:
        office.app.state.switches.denied = frozenset({right})
        await office.sync()
        can = office.connector.capabilities
        assert not can.on_the_card and not ON_THE_CARD & (can.writes | can.undoable | can.fields)
        assert can.absent["contact_phone"].endswith(".")
        with pytest.raises(FixRefused, match="no field"):
            await office.sets(contact_phone="555 0199")


async def test_a_contact_of_another_company_keeps_his_card(tmp_path):
    """Autotask: a card is addressed below its company; the ticket's is the only one that was on the screen."""
    async with desk("autotask", tmp_path) as office:
        office.contact.company_id = next(
            one for one in office.world.companies if one != office.there.company_id
        )
        await office.sync()
        change = await office.sets(contact_phone="555 0199")
        assert office.state(change) == "rejected" and "another company" in office.why(change)
        assert office.wrote == []


async def test_syncros_right_to_change_cards_is_named_where_it_is_missing(tmp_path):
    async with desk("syncro", tmp_path) as office:
        office.app.state.switches.denied = frozenset({"contacts: edit"})
        missing = (await office.connector.verify()).missing
        assert [right for _, right in missing] == ["Customers - Edit"]


class TestTheRules:
    @pytest.mark.parametrize(
        ("wanted", "first", "second", "becomes"),
        [
            ("555", "111", "222", "555"),
            ("555", None, "222", "555"),
            (" 555 ", "", "", "555"),
            ("2 22", "111", "2-22", None),  # the second is shown again
            (None, "111", None, None),
            ("", "111", " ", None),
        ],
    )
    def test_what_the_first_number_becomes(self, wanted, first, second, becomes):
        assert first_number(wanted, first, second, "X") == becomes

    def test_none_would_show_the_second(self):
        with pytest.raises(Rejected, match="222"):
            first_number(None, "111", "222", "X")

    @pytest.mark.parametrize(
        ("field", "left", "right", "same"),
        [
            ("contact_phone", "+1 (555) 01-99", "+15550199", True),
            ("contact_phone", "555 0199", "555 0198", False),
            ("contact_phone", "", "555", False),
            ("contact_phone", "N/A", "n/a", True),
            ("contact_email", "Ann@Lee.test", "ann@lee.test", True),
            ("contact_email", "ann1@lee.test", "ann@lee.test", False),
        ],
    )
    def test_what_reaches_the_same(self, field, left, right, same):
        assert same_reach(field, left, right) is same

    def test_a_changed_card(self):
        step = Step(action="card", ticket_id="1", request="PUT /x", was={"contact_phone": None})
        refuse_changed(step, "contact_phone", None)
        refuse_changed(step, "contact_email", "not compared")
        with pytest.raises(Conflict):
            refuse_changed(step, "contact_phone", "555")

    def test_without_cards_nothing_else_is_lost(self, office):
        can = office.connector.capabilities
        less = without_cards(can, "No card is to be seen here.")
        assert can.writes - less.writes == can.on_the_card == set(less.absent) - set(can.absent)
        assert msgspec.structs.replace(less, absent=can.absent).fields == can.fields - ON_THE_CARD
