"""The dialogs one by one: they ask, answer once by closing, and never write. Here those that choose and tell."""

from __future__ import annotations

import re

import pytest
from textual import events
from textual.content import Content
from textual.widgets import Input, OptionList

from tests.tui.dialog_day import Asked, ask, asked, full_outbox, type_in, view
from tests.tui.screen import NARROW, WIDE, painted, press, running, settle
from tests.tui.small_day import fill
from tui.asks import Item
from tui.keymap import written
from tui.keys import QUEUE
from tui.screens.confirm import Ask
from tui.screens.fields import Fields
from tui.screens.help import Help
from tui.screens.palette import Palette
from tui.screens.picker import Picker
from tui.screens.undo_list import undo_items
from tui.screens.why import Why

CODES = [Item("1", "Remote Support"), Item("2", "On-site"), Item("3", "After Hours", "twice the price")]
SUGGESTED = [Item("2", "On-site", "9 of 11", "suggested"), *CODES[::2]]


def picker(items=CODES, **more):
    return Picker(Content("Billing code"), items, preview=lambda item: Content(f"→ {item.label}"), **more)


def lines(one: Asked) -> list[str]:
    """The lines of the list that can be chosen."""
    options = one.dialog.query_one(OptionList)
    return [str(option.prompt).strip() for option in options.options if not option.disabled]


class TestPicker:
    async def test_nothing_is_chosen_without_a_suggestion_and_enter_does_nothing(self, tmp_path):
        async with asked(tmp_path, picker()) as one:
            assert one.static("#preview") == "Nothing chosen yet: ↓ or type."
            await one.press("enter", "enter")
            assert one.open
            await one.press("down", "down", "up", "enter")
            assert [item.key for item in one.answers] == ["1"]

    async def test_a_suggestion_is_preselected_with_its_preview(self, tmp_path):
        async with asked(tmp_path, picker(SUGGESTED)) as one:
            assert one.static("#preview") == "→ On-site"
            await one.press("enter")
            assert [item.key for item in one.answers] == ["2"]

    async def test_typing_filters_by_every_word_and_the_beginning_of_the_name_comes_first(self, tmp_path):
        async with asked(tmp_path, picker([Item("4", "Old Remote tool"), *CODES])) as one:
            await one.type("rem")
            assert [line.split()[0] for line in lines(one)] == ["Remote", "Old"]
            assert one.static("#preview") == "→ Remote Support"
            await one.press(*["backspace"] * 3)
            assert one.static("#preview") == "Nothing chosen yet: ↓ or type."
            await one.type("price")
            assert [line.split()[0] for line in lines(one)] == ["After"]
            await one.type("zz\r")
            assert lines(one) == []
            assert one.static("#preview") == "Nothing matches."
            assert one.open
            await one.press("escape")
            assert one.answers == [None]

    async def test_what_is_typed_may_be_the_answer_where_that_is_offered(self, tmp_path):
        async with asked(tmp_path, picker(free="set it to this")) as one:
            await one.type("555 1\r")
            assert [(item.key, item.label) for item in one.answers] == [("", "555 1")]

    async def test_what_is_there_is_not_offered_a_second_time_as_typed(self, tmp_path):
        async with asked(tmp_path, picker(free="set it to this")) as one:
            await one.type("on-site")
            assert len(lines(one)) == 1
            await one.press("enter")
            assert one.answers[0].key == "2"

    async def test_two_enters_answer_once(self, tmp_path):
        async with asked(tmp_path, picker(SUGGESTED)) as one:
            for _ in range(2):
                one.app.post_message(events.Key("enter", "\r"))
            await settle(one.pilot)
            assert [item.key for item in one.answers] == ["2"]
            assert one.app.screen is one.app.queue
            assert not one.app.queue.has_class("-ticket"), "the second one is not an Enter over the list"

    async def test_a_paste_into_the_filter_chooses_nothing(self, tmp_path):
        async with asked(tmp_path, picker()) as one:
            one.app.post_message(events.Paste("After Hours\nOn-site\n"))
            await settle(one.pilot)
            assert one.open
            assert one.dialog.query_one(Input).value == "After Hours"
        async with asked(tmp_path / "keys", picker()) as one:
            await settle(one.pilot)
            one.app._burst_window = 0.02  # without brackets a paste comes as keys
            await one.type("After\r")
            await one.pilot.pause(0.1)
            await settle(one.pilot)
            assert one.open
            assert one.dialog.query_one(Input).value == "After"

    async def test_a_click_shows_and_enter_answers(self, tmp_path):
        async with asked(tmp_path, picker()) as one:
            await one.pilot.click(OptionList, offset=(5, 1))
            await settle(one.pilot)
            assert one.open
            assert one.static("#preview") == "→ On-site"
            await one.press("enter")
            assert one.answers[0].key == "2"

    async def test_an_empty_one_says_what_to_do(self, tmp_path):
        async with asked(tmp_path, picker([], free="this is the reason")) as one:
            assert one.static("#preview") == "Type it, then Enter."
            await one.type("\rlate\r")
            assert one.answers[0].label == "late"

    @pytest.mark.parametrize("size", [WIDE, NARROW])
    async def test_a_long_list_pages_and_keeps_its_lines_in_width(self, tmp_path, size):
        many = [Item(str(n), f"Code {n} " + "長い" * 40, "of 長い " * 9) for n in range(40)]
        async with asked(tmp_path, picker(many), size=size) as one:
            await one.press("pagedown", "pagedown")
            assert one.static("#preview").startswith("→ Code 10")
            assert "Code 9" in one.text
            await one.press("pageup", "enter")
            assert one.answers[0].key == "0"


class TestAsk:
    async def test_enter_is_no_answer(self, tmp_path):
        dialog = Ask(
            Content("Drop it?"), Content("Gone is gone."), [("y", "drop it", True), ("n", "no", False)]
        )
        async with asked(tmp_path, dialog) as one:
            await one.press("enter", "space", "x")
            assert one.open
            await one.press("y", "n")
            assert one.answers == [True]
            one = await ask(one.pilot, Ask(Content("?"), Content("!"), [("y", "yes", True)]))
            await one.press("escape")
            assert one.answers == [None], "Esc is none of them"


class TestHelp:
    async def test_it_lists_every_key_of_the_queue(self, tmp_path):
        async with asked(tmp_path, Help()) as one:
            for key in QUEUE:
                one.dialog.query_one(Input).value = key.help
                await settle(one.pilot)
                line = rf"{re.escape(written(key.keys[0]))} .*{re.escape(key.help[:40])}"
                assert re.search(line, one.text), key
            await one.press("question_mark")
            assert not one.open

    async def test_each_key_that_is_listed_is_bound_to_an_action_that_is_there(self, tmp_path):
        async with running(tmp_path) as (_, screen):
            for key in QUEUE:
                assert hasattr(screen, f"action_{key.action.partition('(')[0]}"), key
            listed = {part for key in QUEUE for part in key.key.split(",")}
            assert len(listed) == sum(len(key.key.split(",")) for key in QUEUE), "one key, one meaning"


class TestPalette:
    async def test_a_number_goes_to_the_ticket_and_a_word_to_the_action(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await press(pilot, "colon")
            assert isinstance(pilot.app.screen, Palette)
            await type_in(pilot, "70175\r")
            assert screen.row.number == "70175"
            assert screen.pane == "2"
            await press(pilot, "colon")
            await type_in(pilot, "all keys")
            assert "All keys" in painted(pilot.app.screen)
            await press(pilot, "enter")
            assert isinstance(pilot.app.screen, Help)

    async def test_every_action_is_in_it(self, tmp_path):
        async with running(tmp_path) as (pilot, _):
            await press(pilot, "colon")
            items = {item.value for item in pilot.app.screen._items}
            left_out = {key.action for key in QUEUE} - items
            assert left_out == {"palette", "back"}

    async def test_an_unknown_number_says_so(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await press(pilot, "colon")
            await type_in(pilot, "999999\r")
            assert pilot.app.screen is screen
            assert "No ticket 999999 in the cache." in painted(screen)


class TestFields:
    async def test_what_is_missing_comes_first_and_only_what_can_be_set_is_offered(self, tmp_path):
        home = fill(tmp_path)
        dialog = Fields(view(home, "70180"), {"contact", "contact_phone", "contact_email", "site", "owner"})
        async with running(tmp_path / "other") as (pilot, _):
            one = await ask(pilot, dialog)
            assert [line.split("  ")[0] for line in lines(one)] == [
                "contact", "contact phone", "contact email", "site", "owner",
            ]  # fmt: skip
            assert "missing here" in one.text
            await one.press("down", "enter")
            assert one.answers[0].value == "contact"


class TestWhy:
    async def test_every_reason_as_a_sentence_and_the_keys_that_clear_it(self, tmp_path):
        home = fill(tmp_path)
        async with running(tmp_path / "other") as (pilot, _):
            one = await ask(pilot, Why(view(home, "70140")))
            text = one.text
            assert "counts to zero, since" in text
            for kind in view(home, "70140").exceptions:
                for reason in kind.reasons:
                    assert reason.text[:40] in text
            assert "b billing code" in text
            await one.press("enter")
            assert one.answers == [None]


class TestUndoList:
    async def test_only_what_can_be_taken_back_is_listed(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            ids = await full_outbox(screen.deskzero.home)
            changes = await pilot.app.read(lambda reader: reader.changes(True))
            listed = {item.key for item in undo_items(pilot.app, list(changes))}
            assert listed == {ids["held"], ids["queued"], ids["confirmed"]}
            await press(pilot, "U")
            one = Asked(pilot, pilot.app.screen)
            assert "The earlier values are put back in the PSA." in one.text
            await one.type("70188")
            assert "billing code: Project Work → empty" in one.text
            assert "✓ in the PSA · undo" in one.text
            await one.press("escape")
            assert pilot.app.screen is screen

    async def test_nothing_done_nothing_to_take_back(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await press(pilot, "U")
            assert pilot.app.screen is screen
            assert "There is nothing to take back." in painted(screen)
