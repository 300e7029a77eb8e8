"""The README's table of what works with which PSA, from `Capabilities`: `python -m tests.capability_table` renews it.

It lists whatever is registered in `connectors.SPECS`. No request is sent: a connector says what it can do when it
is opened. Where an option decides (a custom field of Request Tracker's), the table says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

import connectors
from connectors.contract import TICKET_FIELDS, Capabilities, Connector, Quota, Spec
from connectors.simulators.serve import SIMULATED, demo_settings

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- capabilities: written by `python -m tests.capability_table` -->"
END = "<!-- end of capabilities -->"

RICHER: dict[str, dict[str, Any]] = {
    "rt": {
        "fields": {
            "billing_code": "Billing Code",
            "agreement": "Contract",
            "type": "Request Type",
            "company": "Client",
        }
    },
}
"""Options that let a PSA do more, where a shop has to set them: what they add is marked."""
MARK = "¹"
OF_TIME = {"charge": "charged", "invoices": "invoiced", "entered_at": "when put in", "rates": "rate"}
NO_LIMIT = "none known"


def opened(psa: str, **more: Any) -> Connector:
    """A connector that is never asked anything."""
    spec = connectors.spec(psa)
    given = demo_settings(psa, "http://127.0.0.1:9") if psa in SIMULATED else {"url": "http://127.0.0.1:9"}
    own = {field.encode_name for field in msgspec.structs.fields(spec.options)}
    options = {key: value for key, value in (given | more).items() if key in own}
    return connectors.open_connector(psa, psa, options, dict.fromkeys(spec.secrets, "none"))


class Row:
    """One PSA: what it can do, and what it can do once the shop has set an option."""

    def __init__(self, psa: str) -> None:
        self.spec: Spec = connectors.spec(psa)
        self.simulated = psa in SIMULATED
        self.can: Capabilities = opened(psa).capabilities
        self.more: Capabilities = opened(psa, **RICHER[psa]).capabilities if psa in RICHER else self.can

    def verb(self, *verbs: str) -> str:
        """Yes, no, or yes with an option; where it cannot be put back, that too."""
        if not set(verbs) & self.more.writes:
            return "–"
        mark = "" if set(verbs) & self.can.writes else f" {MARK}"
        undo = bool(set(verbs) & self.more.undoable) or set(verbs) <= {"reply", "note", "time"}
        return f"yes{mark}" if undo else f"yes, no undo{mark}"

    def code(self) -> str:
        places = [
            f"{place}{'' if now else f' {MARK}'}"
            for place, now, ever in (
                ("ticket", self.can.code_on_ticket, self.more.code_on_ticket),
                ("time", self.can.code_on_time, self.more.code_on_time),
            )
            if ever
        ]
        return f"{self.more.code_name}: {', '.join(places)}" if places else "–"

    def reads(self) -> str:
        """What is read of a ticket."""
        lost = [what for what in ("conversations", "time") if what in self.can.not_read]
        return f"queue; no {', no '.join(lost)}" if lost else "yes"

    def flag(self) -> str:
        if self.can.flag:
            return self.verb("customer_flag")
        return "none known" if "conversations" in self.can.not_read else "no such flag"

    def overwriting(self) -> str:
        if not self.more.writes:
            return "–"
        return "yes" if self.can.conditional_write else "we compare first"

    def reach(self) -> str:
        """Which of the contact's phone number and mail address can be written, and where they stand."""
        names = {"contact_phone": "phone", "contact_email": "mail"}
        places = []
        for place, here in (
            ("ticket", self.more.writes - self.more.on_the_card),
            ("contact's card", self.more.on_the_card),
        ):
            written = [short for name, short in names.items() if name in here & self.more.fields]
            if written:
                places.append(f"{place}{'' if len(written) == 2 else f': {written[0]}'}")
        return "; ".join(places) or "–"

    def tells(self, source: str) -> str:
        return "yes" if source in self.can.tells else "–"

    def of_time(self) -> str:
        """What is read of time besides hours and code."""
        said = [word for source, word in OF_TIME.items() if source in self.can.tells]
        return ", ".join(said) or "–"

    def fields(self) -> str:
        """How many of the fields that can be required are read, and written."""
        fields = self.more.fields & set(TICKET_FIELDS)
        writes = self.more.writes & fields
        mark = f" {MARK}" if self.more.fields != self.can.fields else ""
        return f"{len(fields)} of {len(TICKET_FIELDS)}, {len(writes)} written{mark}"


LINES: tuple[tuple[str, Callable[[Row], str]], ...] = (
    ("queue, conversations, time read", lambda row: row.reads()),
    ("reply to the customer", lambda row: row.verb("reply")),
    ("internal note, “no answer needed”", lambda row: row.verb("note")),
    ("“customer responded” flag", lambda row: row.flag()),
    ("status, close", lambda row: row.verb("status")),
    ("owner", lambda row: row.verb("owner")),
    ("log time", lambda row: row.verb("time")),
    ("billing code", lambda row: row.code()),
    ("… set on a time entry", lambda row: row.verb("entry_code")),
    ("parent: attach", lambda row: row.verb("attach")),
    ("parent: take away", lambda row: row.verb("detach")),
    ("fields that can be required", lambda row: row.fields()),
    ("contact's phone, mail written", lambda row: row.reach()),
    ("custom fields", lambda row: row.verb("custom")),
    ("SLA targets read", lambda row: row.tells("sla")),
    ("appointments read", lambda row: row.tells("schedule")),
    ("of time, besides", lambda row: row.of_time()),
    ("the PSA refuses to overwrite", lambda row: row.overwriting()),
    ("its limit on requests", lambda row: limits(row.can.quota)),
    ("demo and simulator", lambda row: "yes" if row.simulated else "–"),
)
"""What the table says, a line each."""


def limits(quotas: tuple[Quota, ...]) -> str:
    """The limits that we keep to: `1000 a minute`."""
    return ", ".join(f"{quota.requests} {_window(quota.seconds)}" for quota in quotas) or NO_LIMIT


def _window(seconds: int) -> str:
    for unit, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0:
            count = seconds // unit
            return f"a{'n' if name == 'hour' else ''} {name}" if count == 1 else f"in {count} {name}s"
    raise AssertionError("a window is whole seconds")


def table() -> str:
    """The table in Markdown, with the lines that say why something is not offered."""
    rows = [Row(psa) for psa in sorted(connectors.SPECS)]
    out = [
        "| | " + " | ".join(row.spec.title for row in rows) + " |",
        "| --- |" + " --- |" * len(rows),
    ]
    out += [f"| {name} | " + " | ".join(tell(row) for row in rows) + " |" for name, tell in LINES]
    if any(MARK in line for line in out):
        out += ["", f"{MARK} once the connection names the field that holds it: docs/settings.md."]
    return "\n".join(out)


def renewed(text: str) -> str:
    """The README with the table as it is now. Raises `ValueError` where its place is not marked."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no place for the table: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> None:
    """Renews the table in README.md and says whether it was out of date."""
    text = README.read_text(encoding="utf-8")
    new = renewed(text)
    README.write_text(new, encoding="utf-8", newline="\n")
    sys.stdout.write(f"README.md {'was current' if new == text else 'is renewed'}.\n")


if __name__ == "__main__":
    main()
