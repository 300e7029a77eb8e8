"""`.`: the last fix that set a value, once more. Never a mail, a note, time, a close, a contact or a parent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.text import clean
from store.read_records import Row

if TYPE_CHECKING:
    from store.fixes import Prepared

ALIKE = frozenset(
    {
        "billing_code", "status", "owner", "type", "subtype", "item", "priority", "agreement", "site", "source",
        "board", "due_at",
    }
)  # fmt: skip
"""Fields whose value may be the same on many tickets. An agreement or a site is the company's own: another company's
ticket refuses it."""
OF_COMPANY = frozenset({"agreement", "site"})


@dataclass(frozen=True, slots=True)
class Repeat:
    """What was set last, and for whom it may be set again."""

    connection: str
    company_id: str | None
    wanted: dict[str, Any]
    label: str
    """`Remote Support`: painted in the bar behind `. →`."""

    def wanted_for(self, row: Row) -> dict[str, Any] | None:
        """The same for another ticket; `None` where it must not be."""
        return None if self.why_not(row) else self.wanted

    def why_not(self, row: Row) -> str:
        """Why it is not repeated there; empty where it may be."""
        if row.connection != self.connection:
            return f"{clean(self.label)} is of {clean(self.connection)}, this ticket is not."
        if self.fields & OF_COMPANY and row.company_id != self.company_id:
            return f"{clean(self.label)} belongs to another company than this ticket."
        return ""

    @property
    def fields(self) -> set[str]:
        return fields_of(self.wanted)


def fields_of(wanted: dict[str, Any]) -> set[str]:
    """Which fields an intent sets, by name."""
    return {name for name in wanted if name != "set"} | set(wanted.get("set", {}))


def repeatable(fix: Prepared, wanted: dict[str, Any]) -> Repeat | None:
    """The fix as something to repeat; `None`: it is of those that go ticket by ticket."""
    fields = fields_of(wanted)
    custom = all(name in ALIKE or name.startswith("custom:") for name in fields)
    if not fields or not custom or fix.held or fix.mails or fix.closes or fix.fix.note or fix.fix.time:
        return None
    values = dict.fromkeys(line.becomes for line in fix.preview)
    label = ", ".join(clean(value) or "empty" for value in values)
    return Repeat(fix.connection, fix.ticket.company_id, wanted, label)
