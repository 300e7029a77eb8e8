"""What a real Request Tracker did, from its own transactions, in the form of the simulator's ledger.

RT numbers everything that happens. Which request of ours made a transaction is known from the proxy, before and
after it has delivered it; when a colleague's was there at the latest, from the moment his request was answered.
"""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.torture.ledger import Asked, FieldSet, Ledger, NoteMade, Tag, TimeMade, Who
from tests.torture.proxy import Exchange, Where

US, CUSTOMER = "tess", "pat"
SYSTEM = "RT_System"

_ROWS = """
SELECT t.id, t.ObjectId AS ticket, t.Type AS type, t.Field AS field,
       coalesce(before.Content, t.OldValue) AS old, coalesce(after.Content, t.NewValue) AS new,
       t.TimeTaken AS minutes, t.Created AS created, u.Name AS creator, f.Name AS custom,
       (SELECT a.Content FROM Attachments a WHERE a.TransactionId = t.id AND a.ContentType LIKE 'text/plain%'
        ORDER BY a.id LIMIT 1) AS content
FROM Transactions t JOIN Users u ON u.id = t.Creator
LEFT JOIN CustomFields f ON t.Type = 'CustomField' AND f.id = t.Field
LEFT JOIN ObjectCustomFieldValues before ON t.Type = 'CustomField' AND before.id = t.OldReference
LEFT JOIN ObjectCustomFieldValues after ON t.Type = 'CustomField' AND after.id = t.NewReference
WHERE t.ObjectType = 'RT::Ticket' ORDER BY t.id
"""


@dataclass
class RtRecorder:
    """Notes who made which transaction while it happens, and writes the ledger at the end."""

    database: Path
    ledger: Ledger = field(default_factory=lambda: Ledger(US))
    ours: dict[int, tuple[Exchange, float]] = field(default_factory=dict)
    """Transaction -> the exchange that made it, and when that was answered."""
    there_at: dict[int, float] = field(default_factory=dict)
    """Transaction of somebody else -> when it was there at the latest."""
    _before: dict[int, int] = field(default_factory=dict)

    def hook(self, seen: Exchange, where: Where) -> None:
        """Of the proxy."""
        found = re.search(r"/ticket/(\d+)", seen.path)
        if found is None:
            return
        if where == "before":
            self._before[seen.number] = self.newest()
            return
        for one in self._since(self._before.get(seen.number, 0), found[1]):
            self.ours.setdefault(one, (seen, time.time()))

    def others_did(self, before: int) -> None:
        """Whatever came after `before` and is not ours is there by now."""
        now = time.time()
        with closing(self._open()) as db:
            for (one,) in db.execute(
                "SELECT t.id FROM Transactions t JOIN Users u ON u.id = t.Creator WHERE t.id > ? AND u.Name <> ?",
                (before, US),
            ):
                self.there_at.setdefault(one, now)

    def newest(self) -> int:
        """The newest transaction's number."""
        with closing(self._open()) as db:
            return int(db.execute("SELECT coalesce(max(id), 0) FROM Transactions").fetchone()[0])

    def finish(self, begin: int) -> None:
        """Writes the ledger of everything after the transaction `begin`."""
        with closing(self._open()) as db:
            db.row_factory = sqlite3.Row
            for row in db.execute(_ROWS):
                if row["id"] > begin:
                    self._write(row)

    # ------------------------------------------------------------ inside

    def _since(self, before: int, ticket: str) -> list[int]:
        with closing(self._open()) as db:
            rows = db.execute(
                "SELECT t.id FROM Transactions t JOIN Users u ON u.id = t.Creator"
                " WHERE t.id > ? AND t.ObjectId = ? AND t.ObjectType = 'RT::Ticket' AND u.Name = ? ORDER BY t.id",
                (before, ticket, US),
            )
            return [one for (one,) in rows]

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=20)

    def _write(self, row: sqlite3.Row) -> None:
        seen, at = self.ours.get(row["id"], (None, self.there_at.get(row["id"], float("inf"))))
        tag = Tag.of(seen.tag) if seen is not None else None
        base = self._base(row, at, seen, tag)
        created = int(datetime.fromisoformat(row["created"]).replace(tzinfo=UTC).timestamp())
        text = row["content"] or ""
        text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        match row["type"]:
            case "Correspond" | "Comment" if row["minutes"] and row["type"] == "Comment":
                made: Any = TimeMade(**base, time_id=str(row["id"]), text=text, hours=row["minutes"] / 60)
            case "Correspond" | "Comment":
                public = row["type"] == "Correspond"
                made = NoteMade(**base, note_id=str(row["id"]), created_at=created, text=text, public=public)
            case "Status":
                made = FieldSet(**base, field="status", old=row["old"], new=row["new"])
            case "CustomField" if row["custom"] == "Billing Code":
                made = FieldSet(**base, field="billing_code", old=row["old"], new=row["new"])
            case _:
                return
        self.ledger.deeds.append(made)
        if seen is not None:
            body = {"text": text, "detailDescriptionFlag": row["type"] == "Correspond"}
            base = self._base(row, at, seen, tag)
            self.ledger.deeds.append(Asked(**base, method=seen.method, path=seen.path, body=body))

    def _base(self, row: sqlite3.Row, at: float, seen: Exchange | None, tag: Tag | None) -> dict[str, Any]:
        who: Who = "us" if row["creator"] == US else "customer" if row["creator"] == CUSTOMER else "colleague"
        return {
            "seq": len(self.ledger.deeds),
            "at": at,
            "ticket": str(row["ticket"]),
            "by": row["creator"],
            "who": who,
            "request": seen.number if seen is not None else None,
            "tag": tag,
        }
