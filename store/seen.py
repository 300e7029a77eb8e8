"""The seen note: its text, how it is recognised, and where it stands among the notes of a ticket.

A seen note is an internal note by staff that says "no answer needed". It lives in the PSA, so every
deskzero and every colleague sees it. `(up to <UTC time>)` at its end names the newest customer's note that it
covers; what the customer writes afterwards is not covered, even if the seen note arrives later.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from connectors.contract import SEEN

PREFIX = SEEN

_MARK = re.compile(r"\(up to (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z| ?UTC|\+00:00)\)\W*\Z")

_END = re.compile(r"\s*\(up to [^()]*\)\W*\Z")


def seen_text(reason: str, up_to: int | None) -> str:
    """The full text of a seen note; `up_to` is UTC seconds, `None` where no customer has written."""
    text = f"{PREFIX} {' '.join(reason.split())}".rstrip()
    if up_to is None:
        return text
    return f"{text} (up to {datetime.fromtimestamp(up_to, UTC).strftime('%Y-%m-%dT%H:%M:%SZ')})"


def reason_of(text: str) -> str:
    """The reason that a seen note gives, without its mark; empty where it gives none, or is no seen note."""
    plain = " ".join(text.split())
    if not plain.startswith(PREFIX):
        return ""
    return _END.sub("", plain.removeprefix(PREFIX)).strip().rstrip(".")


def parse_seen(text: str) -> tuple[bool, int | None]:
    """Whether `text` is that of a seen note, and its mark in UTC seconds, if it has one.

    PSAs lose newlines and turn spaces into no-break spaces; white space therefore does not matter.
    """
    plain = " ".join(text.split())
    if not plain.startswith(PREFIX):
        return False, None
    found = _MARK.search(plain)
    if found is None:
        return True, None
    try:
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}+00:00")
    except ValueError:  # the 31st of February: a note without the mark
        return True, None
    return True, int(moment.timestamp())


def note_order(created_at: int, seen_up_to: int | None) -> tuple[int, int]:
    """(`order_at`, `order_rank`): a seen note with the mark stands directly after the note it covers.

    A mark later than the note itself cannot be right and would cover what nobody has seen: it is ignored.
    """
    if seen_up_to is None or seen_up_to > created_at:
        return created_at, 0
    return seen_up_to, 1
