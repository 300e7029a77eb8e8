"""The one helper through which foreign text leaves for a terminal, a log or a file."""

from __future__ import annotations

import re
import unicodedata
from functools import cache


@cache
def _sequences() -> re.Pattern[str]:
    return re.compile(
        r"(?:\x1b\]|\x9d).*?(?:\x07|\x1b\\|\x9c|$)"  # OSC: titles, clipboard, links
        r"|(?:\x1b[P^_X]|[\x90\x98\x9e\x9f]).*?(?:\x1b\\|\x9c|$)"  # DCS, PM, APC, SOS
        r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colour, cursor
        r"|\x1b[ -/]*[0-~]?",  # any other escape
        re.DOTALL,
    )


@cache
def _bad() -> re.Pattern[str]:
    return re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control, C1 (tab and newline are handled by the caller's choice)
        "\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\u061c\u2028\u2029]"  # zero width, bidi
    )


def clean(text: str | None, *, lines: bool = False) -> str:
    """Foreign text made harmless for a terminal, a log or a file.

    Escape sequences are removed, other control, bidi and zero-width characters become U+FFFD, so that
    one sees that something was there. With `lines`, newlines stay and tabs become spaces; without, white
    space runs become one space. The result is still not markup: show it with `markup=False` or as `Content`.
    """
    if not text:
        return ""
    if text.isascii() and text.isprintable():  # most texts: nothing in them can do harm
        return text if lines else " ".join(text.split())
    # Whole sequences first (so that `ESC ] 0 ; title BEL` leaves nothing behind), then single characters.
    text = _sequences().sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.expandtabs(4) if lines else " ".join(text.split())
    text = _bad().sub("\ufffd", text)
    return unicodedata.normalize("NFC", text)


def same_reach(field: str, left: str, right: str) -> bool:
    """Whether a phone number or mail address reaches the same, however it is written: PSAs write numbers in a form of
    their own (AlgaPSA's source) and addresses in lower case."""
    if field == "contact_phone":
        ours, theirs = ("".join(c for c in one if c.isdigit()) for one in (left, right))
        if ours or theirs:
            return ours == theirs
    return same_text(left.casefold(), right.casefold())


def same_text(left: str, right: str) -> bool:
    """Whether two texts are the same but for white space (PSAs lose newlines and add spaces)."""
    return " ".join(left.split()) == " ".join(right.split())
