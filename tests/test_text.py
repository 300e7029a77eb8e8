"""Foreign text is harmless once it has gone through `connectors.text.clean`."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.text import clean, same_text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Printer \x1b[31mred\x1b[0m offline", "Printer red offline"),
        ("\x1b]0;owned\x07title", "title"),
        ("\x1b]52;c;ZXZpbA==\x1b\\clip", "clip"),
        ("\x9b31mC1", "C1"),
        ("a\u202eb\u200bc", "a\ufffdb\ufffdc"),
        ("bell\x07", "bell\ufffd"),
        ("[bold]x[/bold] [@click=app.quit]y", "[bold]x[/bold] [@click=app.quit]y"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        (None, ""),
    ],
)
def test_known_hostile_text(raw: str | None, shown: str) -> None:
    assert clean(raw) == shown


def test_lines_are_kept_when_asked_for() -> None:
    assert clean("one\r\ntwo\rthree", lines=True) == "one\ntwo\nthree"


@given(st.text())
def test_nothing_that_a_terminal_would_obey_is_left(raw: str) -> None:
    left = clean(raw, lines=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]", left)
    assert "\n" not in clean(raw)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp", "Cs"))))
def test_ordinary_text_is_kept(raw: str) -> None:
    assert clean(raw) == unicodedata.normalize("NFC", " ".join(raw.split()))


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_ascii_is_kept(raw: str) -> None:
    assert clean(raw, lines=True) == raw
    assert clean(raw) == " ".join(raw.split())


def test_texts_are_compared_without_white_space() -> None:
    assert same_text("Hi  Ann,\nthanks", "Hi Ann, thanks ")
    assert not same_text("Hi Ann", "Hi Anna")
