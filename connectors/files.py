"""Files sent with a note, where the PSA lists them apart from the conversation.

Such a list is one request more for each conversation, and most notes need none. It is asked for where a note
without words would otherwise look empty: what it says is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable

from connectors.contract import Attachment, Forbidden, NoteRecord, NotThere, Rejected

_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img\b[^>]*>|\[cid:[^\]]*\]", re.IGNORECASE)
"""A picture inside the text: Markdown, HTML, or what a mail program leaves of one."""


def wordless(note: NoteRecord) -> bool:
    """Whether a public note of a customer (or of nobody we can tell) says nothing in words."""
    theirs = note.public and note.speaker in ("customer", "unknown")
    return theirs and not _PICTURE.sub("", note.text).strip()


async def files_for(
    notes: Iterable[NoteRecord], listing: Callable[[], Awaitable[tuple[Attachment, ...]]]
) -> tuple[tuple[Attachment, ...], str]:
    """The ticket's files where a note needs them, and why they could not be listed.

    A refusal keeps nothing from being known but the files: the notes are complete without them.
    """
    if not any(wordless(note) for note in notes):
        return (), ""
    try:
        return await listing(), ""
    except (Forbidden, NotThere, Rejected) as error:
        return (), f"The ticket's files could not be listed: {error}"
