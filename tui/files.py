"""Files that belong to a conversation, in words: that they are there, never what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.filesize import decimal

from connectors.text import clean
from store.read_records import FileView, Words

LOOKED_AT = 20_000
"""Letters in which a mail in HTML shows that it is one."""
NO_WORDS = "(no words)"
"""Stands for a text that is empty: what was said may be in a picture."""
NOT_ASKED = "Not asked for since the conversation was read: opening the ticket on the screen lists them."
"""Stands where a ticket's files would, offline; what is above it was listed before."""


def file_words(file: FileView) -> str:
    """`screen.png, 184.3 kB`; a size that the PSA does not say is left out."""
    name = clean(file.name) or "a file without a name"
    return name if file.size is None else f"{name}, {decimal(file.size)}"


def without_markup(text: str) -> str:
    """A text, or the words of one in HTML."""
    if "<" not in text[:LOOKED_AT]:
        return text
    from connectors.html import words_of  # its tables are 5 ms of the first paint

    return words_of(text)


def said(words: Words) -> str:
    """What a note says, in one line: its text; of a note without one, the files that were sent."""
    if words.text.strip():
        return clean(without_markup(words.text))
    return f"(sent {_names(words.files)})" if words.files else NO_WORDS


def _names(names: Sequence[str]) -> str:
    return ", ".join(clean(name) or "a file" for name in names)
