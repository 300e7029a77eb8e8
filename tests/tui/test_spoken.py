"""For screen readers (`plain = true`, `--plain`): words in place of frames, signs and columns; nothing moves."""

from __future__ import annotations

import re

import msgspec
import pytest
from textual.geometry import Offset
from textual.widgets import Input, TextArea

from tests.tui import small_day
from tests.tui.cli_runner import Cli
from tests.tui.dialog_day import ask, full_outbox, made, prepared, view
from tests.tui.screen import NARROW, WIDE, painted, press, running, settle
from tui.keys import QUEUE
from tui.messages import Saved
from tui.screens.outbox import Outbox
from tui.screens.review import Review

PLAIN = msgspec.structs.replace(small_day.SETTINGS, plain=True)
DRAWN = re.compile(r"[\u2500-\u259f●○✓✗✉↑↻▸◂]")
"""Frames, blocks, and signs that stand for a word."""
BOTH = pytest.mark.parametrize("size", [WIDE, NARROW])


def speaking(folder, **more):
    return running(folder, settings=PLAIN, **more)


def first_lines(screen) -> str:
    return " ".join(" ".join(painted(screen).splitlines()[:3]).split())


@BOTH
@pytest.mark.parametrize("pane", ["1", "2", "3", "4", "0"])
async def test_no_frame_and_no_sign_stands_in_any_pane(tmp_path, size, pane):
    async with speaking(tmp_path, size=size) as (pilot, screen):
        await press(pilot, pane)
        assert not DRAWN.findall(painted(screen))
        await press(pilot, "enter")
        assert not DRAWN.findall(painted(screen)), "the open ticket"


@BOTH
@pytest.mark.parametrize("key", [key.keys[0] for key in QUEUE if key.action in (
    "help", "palette", "outbox", "trouble", "why", "code", "status", "who", "field", "reply", "note", "seen",
    "end_of_day", "log_time", "wrap_up", "history", "log",
)])  # fmt: skip
async def test_no_frame_stands_around_a_dialog(tmp_path, size, key):
    async with speaking(tmp_path, size=size) as (pilot, screen):
        await press(pilot, key)
        assert pilot.app.screen is not screen, screen.status.said
        frames = re.compile(r"[\u2500-\u259f]")
        assert not frames.findall(painted(pilot.app.screen))
        assert first_lines(pilot.app.screen), "what has opened is said"


async def test_the_row_under_the_cursor_is_said_in_the_first_lines(tmp_path):
    async with speaking(tmp_path) as (pilot, screen):
        await press(pilot, "4")
        first = first_lines(screen)
        row = screen.row
        assert first.startswith("1 of ")
        assert f"#{row.number} {row.company}: {row.summary}" in first
        assert " in Billing code. Must." in first
        await press(pilot, "j")
        assert first_lines(screen).startswith("2 of ")
        assert screen.row.number in first_lines(screen)
        assert pilot.app.cursor_position == Offset(0, 0), "where the terminal's cursor stands a reader reads"
        await press(pilot, "space")
        await press(pilot, "k")
        assert " Marked. " in first_lines(screen)


async def test_an_empty_pane_is_said_too(tmp_path):
    async with speaking(tmp_path) as (pilot, screen):
        await press(pilot, "slash", *"zzzz", "enter")
        assert "Nothing here matches “zzzz”." in first_lines(screen)


async def test_the_panes_are_a_sentence(tmp_path):
    async with speaking(tmp_path) as (_pilot, screen):
        text = " ".join(painted(screen).split())
        assert re.search(r"In 1 Responded: \d+ must", text)
        assert re.search(r"4 Billing code: \d+ must", text)
        assert "7 to zero" in text


async def test_nothing_changes_by_itself_while_a_mail_is_held(tmp_path):
    """A reader reads out what changes: no seconds that count down, no clock but the minutes."""
    now = [small_day.NOW]
    async with speaking(tmp_path, clock=lambda: now[0]) as (pilot, screen):
        await made(pilot.app.home, "70101", reply="Hi Ann, I call you at three.")
        pilot.app.saved.publish(Saved())
        await settle(pilot)
        before = painted(screen)
        assert re.search(r"Held: reply #70101 .* leaves at \d\d:\d\d:\d\d\. u takes it back\.", before)
        for _ in range(3):
            now[0] += 1
            screen._tick()
            await settle(pilot)
        assert painted(screen) == before
        assert pilot.app.animation_level == "none"


async def test_the_tone_of_what_was_said_is_a_word(tmp_path):
    async with speaking(tmp_path) as (pilot, screen):
        screen.tell("The PSA said no", "bad")
        await settle(pilot)
        assert "Failed: The PSA said no." in painted(screen)
        screen.tell("Sent", "done", "u undo")
        await settle(pilot)
        assert "Done: Sent. u undo." in painted(screen)


async def test_in_a_picker_each_step_is_said(tmp_path):
    async with speaking(tmp_path, size=NARROW) as (pilot, _screen):
        await press(pilot, "4", "b")
        assert first_lines(pilot.app.screen)
        await press(pilot, "down")
        said = first_lines(pilot.app.screen)
        assert re.match(r"\d+ of \d+: ", said)
        await press(pilot, "down")
        assert first_lines(pilot.app.screen) != said


async def test_no_cursor_blinks(tmp_path):
    async with speaking(tmp_path) as (pilot, _screen):
        await press(pilot, "n")
        assert not pilot.app.screen.query_one(TextArea).cursor_blink
        await press(pilot, "escape", "4", "b")
        assert not pilot.app.screen.query_one(Input).cursor_blink


async def test_the_review_says_public_and_to_whom(tmp_path):
    """Rule 7 without frame and colour: the word is there."""
    async with speaking(tmp_path, size=NARROW) as (pilot, _):
        home = pilot.app.home
        fix = await prepared(home, "70101", reply="Hi Ann")
        one = await ask(pilot, Review(view(home, "70101"), fix, side="reply"))
        assert "PUBLIC: the customer reads it" in first_lines(pilot.app.screen)
        assert "y send, 10 s to take back" in one.text


async def test_the_outbox_says_the_state_of_each_line(tmp_path):
    async with speaking(tmp_path) as (pilot, _):
        await full_outbox(pilot.app.home)
        one = await ask(pilot, Outbox())
        seen = set()
        for _ in range(8):
            seen.add(first_lines(pilot.app.screen))
            await one.press("j")
        assert len(seen) == 8
        assert any("conflict: a person decides" in line for line in seen)


async def test_foreign_text_is_harmless_there(tmp_path):
    async with speaking(tmp_path) as (pilot, screen):
        screen.announce.say("[/foo] [@click=app.quit]x[/]")
        await settle(pilot)
        assert "[/foo] [@click=app.quit]x[/]" in first_lines(screen)


async def test_without_it_nothing_of_it_is_there(tmp_path):
    async with running(tmp_path) as (_, screen):
        assert not screen.announce.display
        assert "┌" in painted(screen)


def test_before_a_command_the_option_is_an_error(empty: Cli):
    done = empty.run("--plain", "list")
    assert done.code == 2
    assert "--plain before a command does nothing" in done.err
