"""What dialogs are asked and what they answer: plain data between the flows and `tui.screens`."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Side = Literal["reply", "note"]
"""`reply` is PUBLIC, `note` is INTERNAL. A text never changes sides."""


class Item(msgspec.Struct, frozen=True):
    """One line of a picker. `label` and `detail` may be foreign text: shown cleaned, never as markup."""

    key: str
    """What identifies it (a choice's id)."""
    label: str
    detail: str = ""
    """Shown dim at the right: `14 of 16 like this`, a phone number, `closes`."""
    group: str = ""
    """Heading above the first item of a group: `usual at Acme`, `all`."""
    value: Any = None
    """Handed back untouched."""


class Written(msgspec.Struct, frozen=True):
    """What came out of the editor. Nothing is sent yet: the review follows."""

    side: Side
    text: str
    status: Item | None = None
    """The status chosen beside the text; `None`: the one the settings say, or unchanged."""
    read_up_to: int | None = None
    """Creation time of the newest customer's note that was on the screen, UTC seconds."""
    read_up_to_id: str | None = None
    """That note's id."""
    kept: bool = True
    """The draft is saved; on a full disk it may not be."""


class Jump(msgspec.Struct, frozen=True):
    """Close this screen and put the cursor on that ticket. `then`: a queue action to start there (`who`)."""

    connection: str
    ticket_id: str
    then: str = ""


ReviewAnswer = Literal["send", "edit", "own", "keep", "discard"]
"""`keep`: as a draft (Esc); `own`: edit in one's own editor."""
ConflictAnswer = Literal["mine", "theirs", "edit", "open"]
