"""Foreign HTML taken apart into tags and text, in one pass whatever it is made of.

The standard library's parser is not for this: of Python 3.11 it takes a minute for 200 kB of `<!--`, raises
`AssertionError` at `<![<![`, and loses what follows a `<script>` that is never closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

LONGEST_VALUE = 10_000
"""Characters up to which a `>` inside an attribute's quotes is looked past."""

_NAME = re.compile(r"</?([A-Za-z][^\s<>/]*)")
_DECLARATION = re.compile(r"<(?:!(?!--)|\?)")
"""A comment that is never closed is none: its words were meant for somebody."""
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_RAW = {name: re.compile(rf"</{name}\b[^>]*>", re.IGNORECASE) for name in ("script", "style", "title")}
"""Elements whose content is no HTML; it is not shown."""


class Token(NamedTuple):
    """A piece of the page: text, or a tag with its name in lower case."""

    text: str
    """The text, entities resolved; of a tag, the tag as it was written."""
    tag: str = ""
    closes: bool = False

    def attributes(self) -> dict[str, str]:
        """Of an opening tag; the first of two of one name counts."""
        found: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(self.text[len(self.tag) + 1 : -1]):
            found.setdefault(name.lower(), unescape(next((value for value in values if value), "")).strip())
        return found


def tokens(page: str) -> Iterator[Token]:
    """Text and tags in order. What looks like neither is text; comments, declarations and scripts are left out."""
    never = len(page)
    ends = {">": -1, "-->": -1}
    """Where each was last found, so that no part of the page is searched twice."""
    unclosed: set[str] = set()

    def find(what: str, start: int) -> int:
        if ends[what] < start:
            ends[what] = never if (at := page.find(what, start)) < 0 else at
        return ends[what]

    place = 0
    while place < never:
        start = page.find("<", place)
        if start < 0:
            break
        if start > place:
            yield Token(unescape(page[place:start]))
        place = start
        if page.startswith("<!--", start) and (end := find("-->", start + 4)) < never:
            place = end + 3
            continue
        end = find(">", start)
        inner = page.find("<", start + 1, end)
        if _DECLARATION.match(page, start) and end < never and inner < 0:
            place = end + 1
            continue
        named = _NAME.match(page, start, min(start + 60, never))
        if named is None or end == never or inner >= 0:
            yield Token("<")
            place = start + 1
            continue
        end = _past_quotes(page, start, end)
        place = end + 1
        tag, closes = named[1].lower(), page[start + 1] == "/"
        if tag in _RAW and not closes and tag not in unclosed:
            if (close := _RAW[tag].search(page, place)) is not None:
                place = close.end()
                continue
            unclosed.add(tag)  # the rest of the mail is in it: better read than lost
        yield Token(page[start:place], tag, closes)
    if place < never:
        yield Token(unescape(page[place:]))


def _past_quotes(page: str, start: int, end: int) -> int:
    """The `>` that ends a tag; one inside a value's quotes does not."""
    if end - start > LONGEST_VALUE:  # a picture inside the mail: no such character is in it
        return end
    for quote in "\"'":
        if page.count(quote, start, end) % 2:
            close = page.find(quote, end, end + LONGEST_VALUE)
            after = page.find(">", close, close + LONGEST_VALUE) if close >= 0 else -1
            return after if after >= 0 and "<" not in page[end:after] else end
    return end
