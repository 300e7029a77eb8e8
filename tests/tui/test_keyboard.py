"""One key, one act: the guard between the terminal and the list."""

from __future__ import annotations

import pytest

from tui.keyboard import QUIET, SAME_KEY, Keyboard, after_escape, is_burst, reads


def typed(text: str) -> list[tuple[str, bool]]:
    return [(letter, True) for letter in text]


def test_a_read_full_of_letters_is_a_paste_and_its_tail_too():
    keyboard = Keyboard()
    assert keyboard.is_paste(typed("fix this please"), 10.0, "list")
    assert keyboard.is_paste([("enter", False)], 10.0 + QUIET / 2, "list")
    assert keyboard.is_paste(typed("y"), 10.0 + QUIET * 0.9 + QUIET / 2, "list")
    assert not keyboard.is_paste(typed("f"), 10.0 + 5 * QUIET, "list")


def test_moving_may_come_in_bursts():
    assert not Keyboard().is_paste(typed("jjjjkj"), 10.0, "list")


def test_two_letters_are_two_quick_fingers():
    assert not Keyboard().is_paste(typed("fb"), 10.0, "list")


@pytest.mark.parametrize("target", ["text", "line"])
def test_text_may_be_pasted_where_text_belongs(target):
    keyboard = Keyboard()
    assert not keyboard.is_paste(typed("Hello there"), 10.0, target)
    assert not keyboard.is_paste(typed("f"), 10.0 + QUIET / 2, "list")


@pytest.mark.parametrize("key", ["f", "enter", "u", "y"])
def test_the_same_key_at_once_counts_once_however_long_it_is_held(key):
    keyboard = Keyboard()
    at = 5.0
    assert not keyboard.is_repeat(key, at, "list")
    for _ in range(20):
        at += SAME_KEY * 0.8
        assert keyboard.is_repeat(key, at, "list")
    assert not keyboard.is_repeat(key, at + SAME_KEY * 1.1, "list")


def test_moving_keys_repeat():
    keyboard = Keyboard()
    assert not keyboard.is_repeat("j", 5.0, "list")
    assert not keyboard.is_repeat("j", 5.01, "list")


def test_an_editor_takes_the_same_letter_twice_and_a_filter_only_one_enter():
    keyboard = Keyboard()
    keyboard.is_repeat("enter", 5.0, "text")
    assert not keyboard.is_repeat("enter", 5.01, "text")
    assert keyboard.is_repeat("enter", 5.02, "line")
    keyboard.is_repeat("l", 6.0, "line")
    assert not keyboard.is_repeat("l", 6.01, "line")


@pytest.mark.parametrize(
    ("key", "letter"),
    [
        ("alt+j", "j"),
        ("alt+question_mark", "question_mark"),
        ("j", None),
        ("alt+ctrl+j", None),
        ("ctrl+j", None),
    ],
)
def test_a_letter_swallowed_by_escape_is_found_again(key, letter):
    assert after_escape(key) == letter


def test_a_burst_counts_printable_keys_alone():
    assert is_burst(typed("abc"))
    assert not is_burst([("down", False)] * 9)


def test_keys_far_apart_come_from_different_reads():
    assert reads([]) == []
    assert reads([5.0]) == [slice(0, 1)]
    assert reads([5.0, 5.001, 5.0015, 5.05, 5.1, 5.1]) == [slice(0, 3), slice(3, 4), slice(4, 6)]
