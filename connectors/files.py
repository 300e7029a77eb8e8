"""Files sent with a note, where the PSA lists them apart from the conversation.

Such a list is one request more for each conversation, and most notes need none. It is asked for where a note
without words would otherwise look empty: what it says is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from connectors.contract import Attachment, Forbidden, NoteRecord, NotThere, Rejected

_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img\b[^>]*>|\[cid:[^\]]*\]", re.IGNORECASE)
"""A picture inside the text: Markdown, HTML, or what a mail program leaves of one."""


def wordless(text: str | None) -> bool:
    """Whether a note's text says nothing in words."""
    return not _PICTURE.sub("", text or "").strip()


def from_outside(note: NoteRecord) -> bool:
    """Whether a customer wrote it, or nobody we can tell."""
    return note.public and note.speaker in ("customer", "unknown")


async def listed(
    listing: Callable[[], Awaitable[tuple[Attachment, ...]]],
) -> tuple[tuple[Attachment, ...], str]:
    """The ticket's files, and why they could not be listed.

    A refusal keeps nothing from being known but the files: the notes are complete without them.
    """
    try:
        return await listing(), ""
    except (Forbidden, NotThere, Rejected) as error:
        return (), f"The ticket's files could not be listed: {error}"
