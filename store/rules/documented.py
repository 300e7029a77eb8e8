"""The views that a company's own rules may read, column by column. Plain data: settings are checked against it, and
`docs/rules.md` shows it. A test holds it together with `store.views.views`.
"""

from __future__ import annotations

import msgspec


class Column(msgspec.Struct, frozen=True):
    """One column. `of` is `text`, `number`, `0/1` or `moment` (UTC seconds)."""

    name: str
    of: str
    means: str


class View(msgspec.Struct, frozen=True):
    """One view."""

    name: str
    means: str
    columns: tuple[Column, ...]


def _columns(text: str) -> tuple[Column, ...]:
    found = []
    for line in filter(None, text.splitlines()):
        name, of, means = (part.strip() for part in line.split("|"))
        found.append(Column(name, of, means))
    return tuple(found)


_KEY = """
connection | text | the connection's name in the settings
ticket_id | text | the PSA's own id of the ticket
"""

VIEWS: tuple[View, ...] = (
    View(
        "v_ticket",
        "one row a ticket, with changes that wait in the outbox laid over it; also tickets outside the scope (parents)",
        _columns(
            _KEY
            + """
number | text | what people see
summary | text | the ticket's title
board_id | text | id of the board (queue)
board | text | its name
team_id | text | id of the team
team | text | its name
status_id | text | id of the status
status | text | its name
status_key | text | the same with case folded
closed | 0/1 | closed for the PSA itself
type_id | text | id of the type
type | text | its name
subtype | text | name of the subtype
item | text | name of the item
priority_id | text | id of the priority
priority | text | its name
priority_rank | number | its place in the PSA's order; the lowest is the most urgent
source | text | how it came in
company_id | text | id of the company
company | text | its name
site_id | text | id of the site
site | text | its name
contact_id | text | id of the contact
contact | text | their name
contact_phone | text | their phone number
contact_email | text | their mail address
cc | text | who else gets mail
agreement_id | text | id of the agreement (contract)
agreement | text | its name
owner_id | text | id of the technician who owns it
owner | text | their name
resources | text | who else works on it, as the PSA lists them
customer_flag | 0/1 | the PSA's "customer responded" flag; NULL where it has none
billing_code_id | text | id of the billing code
billing_code | text | its name
hours | number | hours of work, as the PSA counts them
due_at | moment | when it is due
created_at | moment | when it was opened
updated_at | moment | when it was last changed
updated_by | text | by whom
closed_at | moment | when it was closed
closed_by | text | by whom
merged_into | text | id of the ticket that it was merged into
version | text | the PSA's mark of this version of the record
url | text | its address in the PSA
respond_by | moment | until when the SLA asks for a first response
responded_at | moment | when that was given
resolve_by | moment | until when the SLA asks for a resolution
resolved_at | moment | when it was resolved
sla_waits | 0/1 | the SLA's clock stands still
scheduled_until | moment | the end of the last appointment that is planned
project | 0/1 | belongs to a project
resolution | text | how it was solved, in the PSA's own field
parent_id | text | the lowest open parent, else the lowest; all of them are in v_parent
in_scope | 0/1 | in the connection's scope; always 1 for `t`
presence | text | `here`, `deleted`, `merged`, `not_visible`; always `here` for `t`
read_at | moment | when the reading began that brought this record
notes_read_at | moment | when the conversation was last read in full; NULL: not since the record changed
time_read_at | moment | the same for time entries
first_sync | 0/1 | came with the connection's first pull
row_hash | text | changes with the record
is_closed | 0/1 | closed for the PSA, or by `closed_statuses`
is_child | 0/1 | has a parent, or a status of `child_statuses`
has_child | 0/1 | the status is one of `child_statuses`
has_responded | 0/1 | the status is one of `responded_statuses`
has_closing | 0/1 | the status is one of `closing_statuses`
has_waiting | 0/1 | the status is one of `waiting_statuses`
"""
        ),
    ),
    View(
        "v_note",
        "one row a note: what was said after the ticket was opened",
        _columns(
            _KEY
            + """
note_id | text | the PSA's id of the note
note_sort | number | the id as a number, for order within a second
created_at | moment | when it was written
author | text | by whom
author_id | text | id of the author
speaker | text | `customer`, `staff`, `system` or `unknown`; auto-replies are `system`
psa_speaker | text | the same before auto-replies are told apart
public | 0/1 | the customer can read it
text | text | the words
time_id | text | id of the time entry that it is the text of
seen | 0/1 | a note "Seen, no answer needed"
seen_up_to | moment | up to which note of the customer's that goes
order_at | moment | the notes' order: order_at, order_rank, note_sort
order_rank | number | 1 for a seen note that stands behind the note it covers
row_hash | text | changes with the note
"""
        ),
    ),
    View(
        "v_time",
        "one row a time entry",
        _columns(
            """
connection | text | the connection's name in the settings
time_id | text | the PSA's id of the entry
ticket_id | text | the PSA's own id of the ticket
member_id | text | id of the technician
member | text | their name, as `technician` in the settings
started_at | moment | begin of the work
ended_at | moment | end of the work
hours | number | hours
billing_code_id | text | id of the billing code
billing_code | text | its name
billable | text | how it is charged, in the PSA's own words
locked | 0/1 | invoiced or approved: the PSA will not let it change
charge | 0/1 | the customer is to pay for it; NULL: not told
invoiced | 0/1 | it is on an invoice; NULL: not told
entered_at | moment | when it was put in
rate | number | what an hour costs
text | text | the words
row_hash | text | changes with the entry
"""
        ),
    ),
    View(
        "v_parent",
        "one row a link from a child to a parent",
        _columns(_KEY + "parent_id | text | the PSA's own id of the parent"),
    ),
    View(
        "v_custom",
        "one row a custom field of a ticket",
        _columns(
            _KEY
            + """
name | text | the field's name in the PSA
value | text | what is in it; NULL: nothing
"""
        ),
    ),
)

COLUMNS: dict[str, frozenset[str]] = {
    view.name: frozenset(column.name for column in view.columns) for view in VIEWS
}
"""View -> its columns."""

VALUES: dict[str, str] = {
    "now": "the moment of the evaluation, UTC seconds",
    "me": "the technician, as the PSA names them (empty while it is not known)",
    "today": "the calendar day in the connection's zone, such as '2026-11-20'",
}
"""What a condition may name with a colon in front."""

FUNCTIONS: dict[str, str] = {
    "business_seconds": "`business_seconds(a, b)`: business seconds from moment a to moment b, by the connection's"
    " hours; 0 when b is not after a, NULL where one is NULL",
    "business_days_ago": "`business_days_ago(n)`: the moment n business days before now, at the same time of day",
}
"""What is added to SQLite's own functions."""

OF_SQLITE: frozenset[str] = frozenset(
    (
        "abs",
        "avg",
        "char",
        "coalesce",
        "count",
        "date",
        "datetime",
        "dense_rank",
        "first_value",
        "glob",
        "group_concat",
        "ifnull",
        "iif",
        "instr",
        "julianday",
        "lag",
        "last_value",
        "lead",
        "length",
        "like",
        "lower",
        "ltrim",
        "max",
        "min",
        "nullif",
        "rank",
        "replace",
        "round",
        "row_number",
        "rtrim",
        "sign",
        "strftime",
        "substr",
        "substring",
        "sum",
        "time",
        "total",
        "trim",
        "typeof",
        "unicode",
        "upper",
    )
)
"""SQLite's functions that a condition may use: none of them reads a file, a clock or chance (save `date('now')` and
its like, for which there is `:now`)."""
