"""What "open in the scope" is in SQL, on the tables themselves. Imports nothing: the first paint waits for it.

`v_ticket` says the same, but it is a view of two tables with all their columns: where rows are looked for by what
stands in them, SQLite puts every ticket of the scope together, closed ones too, before it looks at any of them
(100,000 tickets: 0.5 s).
"""

from __future__ import annotations

HAS_ROLE = (
    "EXISTS (SELECT 1 FROM status_role r WHERE r.connection = t.connection"
    " AND r.role = '{role}' AND r.status = t.status_key)"
)
"""The settings give the status of `t` this role."""
CLOSED_ROLE = HAS_ROLE.format(role="closed")
"""The settings say that its status is a closed one, whatever the PSA calls it."""
OPEN_HERE = f"t.in_scope AND t.closed = 0 AND t.presence = 'here' AND NOT {CLOSED_ROLE}"
"""A condition on `ticket t` or `ticket_overlay t`."""
PLAIN = (
    "NOT EXISTS (SELECT 1 FROM ticket_overlay o WHERE o.connection = t.connection"
    " AND o.ticket_id = t.ticket_id)"
)
"""No open change is laid over `ticket t`."""
SOURCES = (("ticket", f" AND {PLAIN}"), ("ticket_overlay", ""))
"""The two tables that together are what a person sees, and what has to hold for a row of each."""
