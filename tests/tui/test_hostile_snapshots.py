"""Foreign text that would do harm, wherever a ticket is shown: it is seen as text, and every frame stays whole."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from store.models import ChoiceRow
from tests.tui import small_day
from tests.tui.dialog_day import prepared, view
from tests.tui.pictures import LOOKS, SIZES
from tests.tui.screen import NARROW, WIDE, make_app, painted, press, settle, until
from tui.screens.review import Review

ORDERS = "\x1b]0;title\x07\x1b[31m\x9b2J[bold]Hi[/] [@click=app.quit]x[/] [/foo] \u202egnp.exe\u202c\u200b"
"""What a terminal would obey, markup would take in, or what would turn the line around."""
SIGNS = "שלום עולם 👩‍👩‍👧 👍🏽 ｆｕｌｌ Z̴͈a̷l̶g̸o̵ "
"""From right to left, pictures made of several, wide letters, letters with much above and below."""
ENDLESS = "桜" * 60 + "x" * 200
"""No place to break."""
TEXT = f"{ORDERS}\r\n\r{SIGNS}\t\ttab\x08\x08\x7f\n\n> {ENDLESS}\n--\n[link=file:///etc/passwd]here[/link] \x1b[2J"


def hostile_ticket():
    ticket = small_day.ticket(
        "70301", "Acme", f"{ORDERS} {SIGNS} {ENDLESS}", status="Customer Responded", customer_flag=True,
        billing_code=None, billing_code_id=None, hours=99.0, type=None, type_id=None, board=f"{SIGNS}{ORDERS}",
        contact=f"{SIGNS}{ORDERS}{ENDLESS}", contact_phone=f"\x1b[5m{ENDLESS}", created_at=small_day.at("23 08:00"),
    )  # fmt: skip
    ticket.company = f"{SIGNS}{ORDERS}"
    return ticket


MORE = (
    small_day.note("70301", 90, "26 09:00", f"{ORDERS}{SIGNS}", "customer", "First."),
    small_day.note("70301", 91, "26 09:10", "jdoe", "staff", ENDLESS, public=False),
    small_day.note("70301", 92, "26 14:00", f"{SIGNS}{ORDERS}", "customer", TEXT),
    *(
        ChoiceRow(connection="acme", kind="billing_code", id=f"9{place}", name=name, detail=name, position=90 + place)
        for place, name in enumerate((ORDERS, SIGNS, ENDLESS))
    ),
)  # fmt: skip


def hostile_day(folder):
    return small_day.fill(folder, (hostile_ticket(), *small_day.TICKETS), more=MORE)


async def review(pilot):
    home = pilot.app.home
    fix = await prepared(home, "70301", reply=f"Hi {SIGNS}\n\n{ENDLESS} the end", status="Waiting Customer")
    await pilot.app.push_screen(Review(view(home, "70301"), fix, side="reply"))
    await settle(pilot)


@pytest.fixture
def hostile(picture, tmp_path):
    """Compares the small day, with a hostile ticket in it, with its kept picture."""

    def compare(look, *keys, before=None):
        return picture(look, *keys, home=hostile_day(tmp_path), before=before)

    return compare


@LOOKS
def test_queue(hostile, look):
    """The list's columns stand; the facts and the conversation beside it or below."""
    assert hostile(look, "4", "j")


@SIZES
def test_open_ticket(hostile, look):
    assert hostile(look, "4", "j", "enter")


@SIZES
def test_writing(hostile, look):
    assert hostile(look, "4", "j", "r")


@LOOKS
def test_review(hostile, look):
    assert hostile(look, before=review)


@LOOKS
def test_picker(hostile, look):
    """The ticket above, hostile names among the choices, the one under the cursor previewed."""
    assert hostile(look, "4", "j", "b", *["down"] * 7)


@LOOKS
def test_end_of_day(hostile, look):
    async def before(pilot):
        pilot.app.engine.start()
        await pilot.press("E")
        await until(pilot, lambda: pilot.app.screen._verdict is not None, "answered")

    assert hostile(look, before=before)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x30", "80x24"])
async def test_every_line_ends_at_the_frame(tmp_path, size):
    """In cells. A picture cannot say it: it sets wide letters and those of several parts in its own way."""
    async with make_app(hostile_day(tmp_path)).run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "4", "j")
        lines = painted(pilot.app.screen).splitlines()
        top, bottom = (next(n for n, line in enumerate(lines) if line.endswith(end)) for end in "┐┘")
        assert bottom - top > 15
        for line in lines[top : bottom + 1]:
            assert line[-1] in "┐│┃┤┘", line
            assert cell_len(line) == size[0], line


async def test_the_reviews_keys_stay_in_sight_and_its_end_can_be_reached(tmp_path):
    async with make_app(hostile_day(tmp_path)).run_test(size=NARROW) as pilot:
        await settle(pilot)
        await review(pilot)
        text = painted(pilot.app.screen)
        assert "y send" in text
        assert "the end" not in text
        await press(pilot, *"j" * 15)
        text = painted(pilot.app.screen)
        assert "y send" in text
        assert "the end" in text
        await press(pilot, *"k" * 15)
        assert " To  " in painted(pilot.app.screen)
