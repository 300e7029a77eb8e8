"""What the PSA really did, written down where it does it: every note, entry, field and mail, who and when.

Times are precise UTC seconds of this machine, taken under the PSA's own lock. `request` is the proxy's number
of the request that did it (`None`: somebody at the PSA itself), `tag` what the technician's process said of it.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.torture.proxy import NUMBER, TAG

Who = Literal["us", "colleague", "customer"]


@dataclass(frozen=True)
class Tag:
    """What the sender says of its request: the step, and what it was decided and compared on."""

    change: str
    step: int
    pid: int
    read_at: float
    """When the read began that the step was compared with."""
    read_up_to: tuple[int, str] | None
    was: dict[str, Any]
    sets: dict[str, Any]
    begun_at: float
    """When the request was begun."""

    @classmethod
    def of(cls, text: str) -> Tag | None:
        if not text:
            return None
        said = json.loads(text)
        up_to = said.pop("read_up_to")
        return cls(**said, read_up_to=tuple(up_to) if up_to else None)  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing that happened in the PSA, in order."""

    seq: int
    at: float
    ticket: str
    by: str
    who: Who
    request: int | None
    tag: Tag | None


@dataclass(frozen=True, kw_only=True)
class NoteMade(Deed):
    note_id: str
    created_at: int
    text: str
    public: bool


@dataclass(frozen=True, kw_only=True)
class TimeMade(Deed):
    time_id: str
    text: str
    hours: float


@dataclass(frozen=True, kw_only=True)
class FieldSet(Deed):
    """`field` by its canonical name; `entry:<id>` is a time entry's code."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True)
class Asked(Deed):
    """A write that the PSA accepted, whatever it changed."""

    method: str
    path: str
    body: Any


@dataclass(frozen=True, kw_only=True)
class MailSent(Deed):
    text: str


@dataclass
class Ledger:
    """All deeds. The recorder calls the methods while it holds the PSA's lock."""

    us: str
    deeds: list[Deed] = field(default_factory=list)
    initial: dict[tuple[str, str], Any] = field(default_factory=dict)
    """(ticket, field) -> value at the start."""
    number: int | None = None
    tag: Tag | None = None

    def request(self, number: int | None, tag: str) -> None:
        """From now on it is this request's doing."""
        self.number, self.tag = number, Tag.of(tag)

    def base(self, ticket: str, by: str, customer: bool = False) -> dict[str, Any]:
        """What every deed has."""
        who: Who = "us" if by == self.us else "customer" if customer else "colleague"
        return {
            "seq": len(self.deeds),
            "at": time.time(),
            "ticket": ticket,
            "by": by,
            "who": who,
            "request": self.number,
            "tag": self.tag,
        }

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """What happens meanwhile is somebody's at the PSA itself. Hold its lock."""
        self.request(None, "")
        yield

    def of(self, kind: type[Any], who: Who | None = None) -> Iterable[Any]:
        return (deed for deed in self.deeds if type(deed) is kind and who in (None, deed.who))


class Requests(deque[Any]):
    """The simulator's list of requests, which is told of each before it is carried out, under its lock."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(maxlen=50)
        self._ledger = ledger

    def append(self, seen: Any) -> None:
        number = seen.headers.get(NUMBER)
        self._ledger.request(int(number) if number else None, seen.headers.get(TAG, ""))
        super().append(seen)
