"""A field that stands on the contact's card, on the screen: whom it holds for is said first; it can be taken back."""

from __future__ import annotations

import pytest

from tests.tui.screen import painted, press, settle, until
from tests.tui.small_shop import Shop, at_work, choose, opened, told
from tui.screens.picker import Picker
from tui.screens.review import Review


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path / "home", psa="syncro", quota="none")
    world, me = shop.world, shop.world.member("jdoe").id
    mine = [t for t in world.tickets.values() if world.is_open(t) and t.owner_id == me and t.contact_id]
    contact = max({t.contact_id for t in mine}, key=lambda one: sum(t.contact_id == one for t in mine))
    world.set_card(contact, phone="")
    shop.contact = world.contacts[contact]
    shop.lacking = {t.id for t in mine if t.contact_id == contact}
    assert len(shop.lacking) >= 2
    return shop


def lacks_phone(screen):
    rows = [row for row in screen.list._rows.values() if not screen.list.left(row.key)]
    return [row for row in rows if any(reason.field == "contact_phone" for reason in row.reasons)]


async def asked(pilot, screen, number="555 0199"):
    """`e` on a ticket that lacks the number, up to the review."""
    row = next(row for row in lacks_phone(screen) if "contact" not in {r.field for r in row.reasons})
    screen.list.go(screen.list.find(*row.key[:2]))
    await settle(pilot)
    await press(pilot, "e")
    await choose(pilot, "contact phone")
    await opened(pilot, Picker)
    await press(pilot, *("space" if one == " " else one for one in number), "enter")
    await opened(pilot, Review)
    return row


async def test_a_missing_number_is_set_on_the_card_and_all_its_tickets_leave_the_list(shop):
    async with at_work(shop, "2") as (pilot, screen):
        before = {row.number for row in lacks_phone(screen)}
        assert {str(one) for one in shop.lacking} <= before
        row = await asked(pilot, screen)
        assert row.promise is None, "there is nothing to suggest it from"
        text = " ".join(painted(pilot.app.screen).split())
        assert f"On the card of {shop.contact.name}" in text and "holds for all tickets of this" in text
        assert "empty → 555 0199" in text
        await press(pilot, "y")
        await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
        assert shop.contact.phone == "555 0199"
        left = before - {str(one) for one in shop.lacking}
        await until(pilot, lambda: {row.number for row in lacks_phone(screen)} == left, "all of them leave")
        await press(pilot, "u")
        await until(pilot, lambda: "Taken back" in told(screen), "taken back")
        assert shop.contact.phone == ""
        await until(pilot, lambda: {row.number for row in lacks_phone(screen)} == before, "and come back")


async def test_whoever_goes_back_from_the_review_has_changed_nothing(shop):
    async with at_work(shop, "2") as (pilot, screen):
        await asked(pilot, screen)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen, "back")
        await pilot.app.engine.call(lambda desk: desk.push(force=True))
        assert shop.contact.phone == "" and shop.world.writes == []


async def test_without_a_contact_it_is_said_what_to_do_first(shop):
    async with at_work(shop, "2") as (pilot, screen):
        row = next(row for row in lacks_phone(screen) if "contact" in {r.field for r in row.reasons})
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "e")
        await choose(pilot, "contact phone")
        await opened(pilot, Picker)
        await press(pilot, *"555", "enter")
        await until(pilot, lambda: "has no contact" in told(screen), "told")
        assert "Set the contact first." in told(screen)
