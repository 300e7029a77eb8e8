"""The day's gate: the answer of `store.check`, and whether the day may end all the same because it was signed off.

A signature stands for the rows that it names, each with who takes it, and for the doubts that were there then. What
came up later, a doubt that is new, and a change that is still not in the PSA count again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from store import sign_offs
from store.check import OUTBOX, Verdict, verdict
from store.home import Home
from store.read import Reader
from store.read_records import Row
from store.settings import Settings
from store.sign_offs import Signed

_LOOKS = 3
"""How often rows and numbers are read until both are of one moment: another process may be publishing."""


class Standing(msgspec.Struct, frozen=True):
    """How the gate stands."""

    answer: Verdict
    """As `check` gives it: the signature changes nothing of it."""
    signed: Signed | None = None
    """The day's last signature."""
    left: int = 0
    """Rows that were signed and still count."""
    to_others: int = 0
    """Those of them that somebody else takes."""
    came_up: dict[str, int] = {}
    """Kind -> rows that came up after the signature; without one, none."""
    new_doubts: tuple[str, ...] = ()
    """What keeps zero from being known and was not signed; what waits in the outbox cannot be."""

    @property
    def verdict(self) -> Literal["zero", "signed_off", "not_zero", "cannot_tell"]:
        """The gate's answer; the first two let pass."""
        if self.signed is None or self.answer.verdict == "zero":
            return self.answer.verdict
        if self.came_up:
            return "not_zero"
        return "cannot_tell" if self.new_doubts else "signed_off"


def standing(
    reader: Reader,
    settings: Settings,
    home: Home,
    *,
    now: int,
    gates: Sequence[str] | None = None,
    asked: bool,
) -> Standing:
    """The gate at `now` (UTC seconds) from what the databases hold; `gates` and `asked` as for `check.verdict`.

    Raises `sqlite3.Error`, `CacheUnreadable`.
    """
    for _ in range(_LOOKS):
        rows = [row for row in reader.rows() if _counts(row, gates)]
        answer = verdict(reader, settings, now=now, gates=gates, asked=asked)
        if len(rows) == answer.to_zero:
            break
    else:  # never of one moment: then nothing is passed over
        return Standing(answer)
    signed = sign_offs.of_day(home, day_of(now, settings))
    return Standing(answer) if signed is None else _signed(answer, signed, rows, reader, settings)


def day_of(now: int, settings: Settings) -> str:
    """The technician's day, as signatures have it."""
    return datetime.fromtimestamp(now, ZoneInfo(settings.timezone)).strftime("%Y-%m-%d")


def technicians(settings: Settings) -> str:
    """Who the connections' technicians are, as the journal has it."""
    return ", ".join(dict.fromkeys(one.technician for one in settings.connections.values() if one.technician))


def _counts(row: Row, gates: Sequence[str] | None) -> bool:
    """Whether a row is a gate row; as `read_states.kind_counts` counts them."""
    if gates is None:
        return row.gate
    return row.kind in gates and not row.psa_only and any(reason.gate for reason in row.reasons)


def _signed(
    answer: Verdict, signed: Signed, rows: Sequence[Row], reader: Reader, settings: Settings
) -> Standing:
    takers = {(connection, number, kind): to for connection, number, kind, to, _ in signed.rows}
    left = [key for row in rows if (key := (row.connection, row.number, row.kind or "")) in takers]
    came_up = Counter(
        row.kind or "" for row in rows if (row.connection, row.number, row.kind or "") not in takers
    )
    me = {
        state.connection: {state.member, settings.connections[state.connection].technician}
        for state in reader.states()
    }
    # A hand-over that has not reached the PSA is none, however often it was signed.
    doubts = [
        one for one in answer.why[: answer.doubts] if one.startswith(OUTBOX) or one not in signed.doubts
    ]
    return Standing(
        answer=answer,
        signed=signed,
        left=len(left),
        to_others=sum(takers[key] not in me.get(key[0], set()) for key in left),
        came_up=dict(came_up),
        new_doubts=tuple(doubts),
    )
