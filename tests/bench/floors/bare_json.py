"""The smallest program that prints what `deskzero list --json` prints, but for the sentences and the cleaning of text.

Beside the issue's floor (an interpreter with `sqlite3`) it says what the rows themselves cost: `bare_list.py CACHE`.
"""

import json
import sqlite3
import sys

ROWS = """
SELECT e.kind, e.connection, e.ticket_id, t.number, t.summary, t.company, t.board, t.status, t.owner, t.parent_id,
  e.since, e.gate, e.psa_only, t.url FROM exception e JOIN ticket t USING (connection, ticket_id)
ORDER BY e.kind, e.gate DESC, e.since
"""
REASONS = "SELECT connection, ticket_id, kind, code, field, time_entry_id, hours, data FROM reason"
NAMES = (
    "kind",
    "connection",
    "ticket_id",
    "number",
    "summary",
    "company",
    "board",
    "status",
    "owner",
    "parent_id",
)
NAMES += ("since", "gate", "psa_only", "url")

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
why = {}
for connection, ticket_id, kind, code, field, entry, hours, data in db.execute(REASONS):
    one = {"code": code, "text": data, "field": field}
    if entry:
        one |= {"time_entry_id": entry, "hours": hours}
    why.setdefault((connection, ticket_id, kind), []).append(one)
rows = [dict(zip(NAMES, row)) for row in db.execute(ROWS)]  # noqa: B905 (as small as possible)
for row in rows:
    row["reasons"] = why.get((row["connection"], row["ticket_id"], row["kind"]), [])
sys.stdout.write(json.dumps(rows, ensure_ascii=False, separators=(",", ":")) + "\n")
