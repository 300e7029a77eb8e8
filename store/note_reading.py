"""What deskzero reads into a note: who speaks, whether it is a seen note, where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from store.seen import note_order, parse_seen

Classify = Callable[[str, str], str]
"""(speaker as the connector says, text) -> speaker."""


def classifier(patterns: Sequence[str]) -> Classify:
    """Who speaks, when a first line or a `Subject:` among the first lines that matches is automation.

    Only the first 500 characters of a line are looked at: the text is foreign, the patterns are people's.
    """
    compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]

    def classify(speaker: str, text: str) -> str:
        lines = [line.strip()[:500] for line in text[:4000].splitlines() if line.strip()][:8]
        heads = lines[:1] + [line[8:].strip() for line in lines if line[:8].lower() == "subject:"]
        automatic = any(pattern.search(head) for pattern in compiled for head in heads)
        return "system" if automatic else speaker

    return classify


def reading(speaker: str, text: str, public: bool, created_at: int, classify: Classify) -> dict[str, Any]:
    """What deskzero reads into a note: the speaker, whether it is a seen note, where it stands."""
    speaker = classify(speaker, text)
    seen, up_to = parse_seen(text) if speaker == "staff" and not public else (False, None)
    order_at, order_rank = note_order(created_at, up_to)
    return {
        "speaker": speaker,
        "seen": seen,
        "seen_up_to": up_to,
        "order_at": order_at,
        "order_rank": order_rank,
    }


def note_number(note_id: str) -> int:
    """The id as a number, for order among the notes of one second: its last run of digits."""
    digits = re.findall(r"\d+", note_id)
    return min(int(digits[-1]), (1 << 62)) if digits else 0
