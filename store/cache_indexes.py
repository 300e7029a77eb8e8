"""The indexes of the cache beside those of its keys, and the expressions that statements ask by to take them."""

from __future__ import annotations

from store.mail_domains import domain_sql

_NEVER = -100_000_000_000
UNREAD_BY = (
    f"coalesce(updated_at, 0) - min(coalesce(notes_read_at, {_NEVER}), coalesce(time_read_at, {_NEVER}))"
)
"""SQL: by how many seconds a ticket changed after the older reading of what hangs on it; huge where never read."""
ENDED_AT = "max(coalesce(closed_at, 0), coalesce(updated_at, 0))"
"""SQL: when something last happened on a closed ticket."""

CACHE_INDEXES = (
    # All that `v_queue` asks for.
    "CREATE INDEX ticket_in_queue ON ticket (connection, closed, presence,"
    " coalesce(created_at, updated_at, read_at), ticket_id, status_key, in_scope) WHERE in_scope",
    # All that `store.read_check` counts by; the last two columns because SQLite reads the table for a column that is
    # only in an index's condition.
    "CREATE INDEX ticket_to_read ON ticket (connection, closed, closed_at, updated_at, notes_read_at, status_key,"
    " customer_flag, in_scope, presence) WHERE in_scope AND presence = 'here'",
    "CREATE INDEX ticket_flagged ON ticket (connection, closed, closed_at, updated_at, notes_read_at,"
    " customer_flag, in_scope, presence) WHERE in_scope AND presence = 'here' AND customer_flag",
    "CREATE INDEX ticket_unread ON ticket (connection, presence, closed, closed_at, updated_at, notes_read_at,"
    " status_key, customer_flag, in_scope) WHERE in_scope AND presence = 'here'"
    " AND (notes_read_at IS NULL OR updated_at > notes_read_at)",
    # What each round asks of the open queue: its ids, boards, companies and agreements.
    "CREATE INDEX ticket_open ON ticket (connection, presence, company_id, board_id, agreement_id, status_key,"
    " ticket_id) WHERE in_scope AND NOT closed",
    # What changed since its conversation or its time was read; of the queue, whose time was read longest ago.
    f"CREATE INDEX ticket_changed_since_read ON ticket (connection, {UNREAD_BY}, ticket_id) WHERE in_scope",
    "CREATE INDEX ticket_open_by_time_read ON ticket (connection, time_read_at, ticket_id)"
    " WHERE in_scope AND NOT closed",
    f"CREATE INDEX ticket_ended ON ticket (connection, {ENDED_AT}, time_read_at, ticket_id)"
    " WHERE in_scope AND closed",
    "CREATE INDEX ticket_ended_flagged ON ticket (connection, ticket_id)"
    " WHERE in_scope AND closed AND customer_flag",
    "CREATE INDEX ticket_by_number ON ticket (connection, number)",
    "CREATE INDEX ticket_by_company ON ticket (connection, company_id, company)",
    "CREATE INDEX ticket_by_contact ON ticket (connection, contact_id, contact)",
    "CREATE INDEX ticket_by_parent ON ticket (connection, parent_id) WHERE parent_id IS NOT NULL",
    # All that the rules read of a note: without it each evaluation goes through the texts of all mails.
    "CREATE INDEX note_in_order ON note (connection, ticket_id, order_at, order_rank, note_sort, note_id,"
    " speaker, public, seen, created_at, author)",
    # Signs of life of today, of whoever owns what has to be gone; what the clock alone changes.
    # By an expression, so that only statements that ask by it take them: without statistics SQLite prefers an index on
    # (connection, moment) to the one on (connection, ticket), also where it is asked for one ticket's.
    "CREATE INDEX note_by_moment ON note (connection, created_at + 0)",
    "CREATE INDEX time_by_start ON time_entry (connection, started_at + 0)",
    "CREATE INDEX time_by_end ON time_entry (connection, ended_at + 0)",
    "CREATE INDEX time_by_entry ON time_entry (connection, entered_at + 0) WHERE entered_at IS NOT NULL",
    # The two highest ranks, where the PSA gives no list of priorities.
    "CREATE INDEX ticket_by_rank ON ticket (connection, priority_rank)",
    # What the clock alone changes of tickets; by expressions for the same reason.
    "CREATE INDEX ticket_by_end ON ticket (connection, coalesce(closed_at, updated_at))",
    "CREATE INDEX ticket_by_creation ON ticket (connection, created_at + 0) WHERE NOT closed",
    "CREATE INDEX ticket_planned ON ticket (connection, scheduled_until + 0)"
    " WHERE NOT closed AND scheduled_until IS NOT NULL",
    "CREATE INDEX time_by_ticket ON time_entry (connection, ticket_id)",
    "CREATE INDEX note_question ON note (connection, ticket_id)"
    " WHERE NOT public AND substr(text, 1, 8) = 'Question'",
    "CREATE INDEX time_overlay_by_ticket ON time_overlay (connection, ticket_id)",
    "CREATE INDEX parent_by_parent ON ticket_parent (connection, parent_id, ticket_id)",
    f"CREATE INDEX choice_by_domain ON choice (connection, {domain_sql('email')}, company_id)"
    " WHERE kind = 'contact' AND email IS NOT NULL",
    "CREATE INDEX rule_group_by_ticket ON rule_group (connection, ticket_id, key)",
    "CREATE INDEX rule_life_by_ticket ON rule_life (connection, ticket_id)",
    "CREATE INDEX rule_life_newest ON rule_life (connection, who, at)",
    "CREATE INDEX rule_due_at ON rule_due (connection, kind, at)",
    "CREATE INDEX exception_by_ticket ON exception (connection, ticket_id)",
    # The whole table in the order of the lists: their numbers and their rows.
    # (By an expression for the reason given above.)
    "CREATE INDEX exception_in_order ON exception (connection || '', kind, gate DESC, psa_only, since, ticket_id,"
    " connection)",
    "CREATE INDEX exception_in_pane ON exception (kind, gate, since)",
    "CREATE INDEX reason_by_ticket ON reason (connection, ticket_id)",
)
