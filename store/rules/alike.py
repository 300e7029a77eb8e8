"""How alike two summaries are: what mail programs and ticket systems add is taken away, then their words are compared.

The words are compared by RapidFuzz, the letters of each with the letters of the other, so that "crashes" is nearly
"crashing". It is loaded at the first comparison only.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PREFIX = re.compile(r"\A\s*(?:re|fw|fwd|aw|wg|antw|antwort|wtr|sv|tr)\s*(?:\[\d+\])?\s*:\s*", re.IGNORECASE)
"""What mail programs put before the subject of an answer or of a mail that is passed on."""

_NUMBER = re.compile(
    r"\[[^\]]*#\s*\d+[^\]]*\]"  # [Ticket #48213], [example.com #12]
    r"|#\s*\d+"
    r"|\b(?:ticket|case|vorgang|anfrage)\s*(?:no\.?|nr\.?|id|number|nummer)?\s*:?\s*\d{3,}\b",
    re.IGNORECASE,
)

_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "'": "", "’": "", "`": ""})

_WORDS = """
    a am an and are asap at auf aus be been bei beim bitte by das dem den der des die do does dringend ein
    eine einem einen einer es for from fuer hallo has have hello hi i ich ihr im in is ist it its mein mit
    my oder of on or our please sich sie sind the to und unser unsere urgent vom von war was we when while
    wir with you your zu zum zur
"""

_SMALL = frozenset(_WORDS.split())
"""Words that say nothing about what a ticket is on."""


@lru_cache(maxsize=8192)
def words(summary: str) -> tuple[str, ...]:
    """The words of a summary that say what it is about, each once, in order of the alphabet; none for "RE:"."""
    text = unicodedata.normalize("NFKC", summary).casefold()
    while (shorter := _PREFIX.sub("", text)) != text:
        text = shorter
    text = _NUMBER.sub(" ", text).translate(_LETTERS)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    while (shorter := _PREFIX.sub("", text)) != text:  # "[Ticket #1] RE: …"
        text = shorter
    return tuple(sorted({word for word in re.findall(r"\w+", text) if word not in _SMALL}))


def alike(one: str, other: str) -> float:
    """From 0 (nothing in common) to 1 (the same words, whatever their order).

    0 where either has no words, and where each has a word that the other has nothing like: "laptop for Anna" and
    "laptop for Bernd" are two things in otherwise the same words. A word with a digit is like no other: "SRV-DB01" and
    "SRV-DB02", rooms 12 and 14.
    """
    mine, theirs = words(one), words(other)
    if not mine or not theirs:
        return 0.0
    if mine == theirs:
        return 1.0
    if _has_its_own(mine, theirs) and _has_its_own(theirs, mine):
        return 0.0
    from rapidfuzz import fuzz

    return fuzz.ratio(" ".join(mine), " ".join(theirs)) / 100


_LIKE = 65
"""Of a hundred: so like are "crashes" and "crashing", "log" and "login"."""


def _has_its_own(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """There is a word that the others have nothing like."""
    return any(not _is_among(word, theirs) for word in mine)


def _is_among(word: str, others: tuple[str, ...]) -> bool:
    if word in others:
        return True
    if any(letter.isdigit() for letter in word):
        return False
    from rapidfuzz import fuzz

    return any(fuzz.ratio(word, other) >= _LIKE for other in others)
