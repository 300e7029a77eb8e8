"""Files sent with a note, where the PSA lists them apart from the conversation.

Such a list is one request more for each conversation, and most notes need none. With the conversation it is asked
for where a note without words would otherwise look empty: what it says is in the file. Otherwise it is left to
`ListsFiles.files`, for a ticket that somebody is reading.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from connectors.contract import Attachment, Forbidden, NoteRecord, NotThere, Rejected

_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img\b[^>]*>|\[cid:[^\]]*\]", re.IGNORECASE)
"""A picture inside the text: Markdown, HTML, or what a mail program leaves of one."""


Listing = Callable[[], Awaitable[tuple[Attachment, ...]]]
"""Asks the PSA for one ticket's files."""


class Files(NamedTuple):
    """What asking for a ticket's files came to, as the last fields of a `Conversation`."""

    files: tuple[Attachment, ...] = ()
    problem: str = ""
    """Why they could not be listed, in a sentence."""
    asked: bool = True


def wordless(note: NoteRecord) -> bool:
    """Whether a public note of a customer (or of nobody we can tell) says nothing in words."""
    theirs = note.public and note.speaker in ("customer", "unknown")
    return theirs and not _PICTURE.sub("", note.text).strip()


async def files_for(notes: Iterable[NoteRecord], listing: Listing) -> Files:
    """The ticket's files where a note needs them; else they are not asked for."""
    if not any(wordless(note) for note in notes):
        return Files(asked=False)
    return await listed(listing)


async def listed(listing: Listing) -> Files:
    """The files, or why they could not be listed.

    A refusal keeps nothing from being known but the files: the notes are complete without them.
    """
    try:
        return Files(await listing())
    except (Forbidden, NotThere, Rejected) as error:
        return Files(problem=f"The ticket's files could not be listed: {error}")
