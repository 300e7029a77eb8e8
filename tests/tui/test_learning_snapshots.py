"""What learning looks like: the mistake log's form and its question, an SOP; at both sizes, dark and light."""

from __future__ import annotations

import msgspec

from store.settings import KindRule, Rules
from tests.tui import small_day
from tests.tui.dialog_day import type_in
from tests.tui.pictures import LOOKS, SIZES
from tests.tui.screen import press

HOSTILE = "[bold]Hi[/] \x1b[31m\u202eevil\u202c 桜桜桜 " + "long " * 40
SOP = (
    "1. Read the whole conversation, not the last note alone.\n2. Call where it is urgent: the number is on Y.\n"
    "3. Answer, or say why none is needed.\n\nHow we write: https://wiki.msp.test/answers\n"
    + "\n".join(f"Note {number}: [bold]what[/] comes next." for number in range(30))
)


def with_sop(text: str) -> object:
    rules = Rules(kinds={"customer_responded": KindRule(on=True, sop=text)})
    return msgspec.structs.replace(small_day.SETTINGS, rules=rules)


@LOOKS
def test_the_mistake_log(picture, look):
    async def before(pilot):
        await press(pilot, "m")
        await type_in(pilot, "The customer wrote twice, and nobody saw it before the next morning.")
        await press(pilot, "tab", "tab", "right")

    assert picture(look, "j", before=before)


@LOOKS
def test_into_the_log(picture, look):
    async def before(pilot):
        await press(pilot, "m")
        await type_in(pilot, "The customer wrote twice, and nobody saw it before the next morning.")
        await press(pilot, "escape")

    assert picture(look, "j", before=before)


@SIZES
def test_into_the_log_with_a_long_text(picture, look):
    async def before(pilot):
        await press(pilot, "m")
        await type_in(pilot, HOSTILE.replace("\x1b", "") * 3)
        await press(pilot, "escape")

    assert picture(look, "j", before=before)


@LOOKS
def test_an_sop(picture, look):
    assert picture(look, "S", settings=with_sop(SOP))
