"""The smallest full pull: `python pull.py PLAN CACHE`; prints the processor time, user and system, in ms.

httpx sends the same requests (as many at once, with the same headers), msgspec decodes the fields that are used into
typed structs, and one `executemany` a table and 1,000 tickets puts them into the same tables, with the same indexes
and pragmas. Nothing else: no retries, no budget, no check of the order, no lenient reading, no hashes, no triggers, no
comparison with what is there, no quarantine.

PLAN is JSON: `url`, `headers`, `at_once`, `requests` (method, target, body), `ddl`, `now`.
"""

import asyncio
import json
import sqlite3
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
import msgspec


class Ref(msgspec.Struct, frozen=True):
    id: int | None = None
    name: str | None = None
    identifier: str | None = None
    sort: int | None = None


class Info(msgspec.Struct, rename="camel"):
    last_updated: datetime | None = None
    updated_by: str | None = None
    date_entered: datetime | None = None


class Custom(msgspec.Struct):
    caption: str
    value: str | None = None


class Ticket(msgspec.Struct, rename="camel"):
    id: int
    status: Ref
    info: Info = msgspec.field(name="_info")
    closed_flag: bool = False
    customer_updated_flag: bool = False
    parent_ticket_id: int | None = None
    merged_parent_ticket: Ref | None = None
    owner: Ref = Ref()
    resources: str | None = None
    work_type: Ref = Ref()
    board: Ref = Ref()
    team: Ref = Ref()
    summary: str = ""
    closed_date: datetime | None = None
    closed_by: str | None = None
    type: Ref = Ref()
    sub_type: Ref = Ref()
    item: Ref = Ref()
    priority: Ref = Ref()
    source: Ref = Ref()
    company: Ref = Ref()
    site: Ref = Ref()
    contact: Ref = Ref()
    contact_name: str | None = None
    contact_phone_number: str | None = None
    contact_email_address: str | None = None
    automatic_email_cc: str | None = msgspec.field(default=None, name="automaticEmailCc")
    agreement: Ref = Ref()
    actual_hours: float | None = None
    required_date: datetime | None = None
    respond_by_goal: datetime | None = msgspec.field(default=None, name="respondByGoalUTC")
    resolution_goal: datetime | None = msgspec.field(default=None, name="resolutionGoalUTC")
    date_responded: datetime | None = None
    date_resolved: datetime | None = None
    custom_fields: list[Custom] = []


class Note(msgspec.Struct, rename="camel"):
    id: int
    ticket_id: int
    date_created: datetime
    text: str = ""
    created_by: str = ""
    member: Ref | None = None
    contact: Ref | None = None
    external_flag: bool = False
    issue_flag: bool = False


class Entry(msgspec.Struct, rename="camel"):
    id: int
    charge_to_id: int
    member: Ref = Ref()
    work_type: Ref = Ref()
    invoice: Ref | None = None
    add_to_detail_description_flag: bool = False
    time_start: datetime | None = None
    time_end: datetime | None = None
    actual_hours: float = 0.0
    billable_option: str | None = None
    hourly_rate: float | None = None
    notes: str = ""
    date_entered: datetime | None = None


TICKETS = msgspec.json.Decoder(list[Ticket])
NOTES = msgspec.json.Decoder(list[Note])
ENTRIES = msgspec.json.Decoder(list[Entry])

TICKET = (
    "INSERT OR REPLACE INTO ticket (connection, ticket_id, number, status_id, status, status_key, closed,"
    " customer_flag, parent_id, owner_id, owner, resources, billing_code_id, billing_code, board_id, board,"
    " team_id, team, summary, closed_at, closed_by, type_id, type, subtype, item, priority_id, priority, priority_rank,"
    " source, company_id, company, site_id, site, contact_id, contact, contact_phone, contact_email, cc, agreement_id,"
    " agreement, hours, due_at, created_at, updated_at, updated_by, respond_by, resolve_by, responded_at, resolved_at,"
    " in_scope, presence, read_at, notes_read_at, time_read_at, first_sync, row_hash)"
    f" VALUES ({', '.join('?' * 49)}, 1, 'here', ?, ?, ?, 1, '')"
)
NOTE = (
    "INSERT OR REPLACE INTO note (connection, ticket_id, note_id, note_sort, created_at, author, author_id, speaker,"
    " psa_speaker, public, text, time_id, seen, order_at, order_rank, row_hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, '')"
)
TIME = (
    "INSERT OR REPLACE INTO time_entry (connection, time_id, ticket_id, member_id, member, started_at, ended_at, hours,"
    " billing_code_id, billing_code, billable, locked, invoiced, entered_at, rate, text, row_hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')"
)
CUSTOM = "INSERT OR REPLACE INTO ticket_custom (connection, ticket_id, name, value) VALUES (?, ?, ?, ?)"
PARENT = "INSERT OR REPLACE INTO ticket_parent (connection, ticket_id, parent_id) VALUES (?, ?, ?)"


def seconds(when: datetime | None) -> int | None:
    return None if when is None else int(when.timestamp())


def text(number: int | None) -> str | None:
    return None if number is None else str(number)


def ticket(one: Ticket, now: int) -> tuple:
    key, sure = str(one.id), seconds
    return (
        "acme", key, key, text(one.status.id), one.status.name, (one.status.name or "").casefold(), one.closed_flag,
        one.customer_updated_flag, text(one.parent_ticket_id), text(one.owner.id), one.owner.identifier, one.resources,
        text(one.work_type.id), one.work_type.name, text(one.board.id), one.board.name, text(one.team.id),
        one.team.name, one.summary, sure(one.closed_date), one.closed_by, text(one.type.id), one.type.name,
        one.sub_type.name, one.item.name, text(one.priority.id), one.priority.name, one.priority.sort, one.source.name,
        text(one.company.id), one.company.name, text(one.site.id), one.site.name, text(one.contact.id),
        one.contact_name, one.contact_phone_number, one.contact_email_address, one.automatic_email_cc,
        text(one.agreement.id), one.agreement.name, one.actual_hours, sure(one.required_date),
        sure(one.info.date_entered), sure(one.info.last_updated), one.info.updated_by, sure(one.respond_by_goal),
        sure(one.resolution_goal), sure(one.date_responded), sure(one.date_resolved), now, now, now,
    )  # fmt: skip


def note(one: Note) -> tuple:
    who = one.member or one.contact or Ref()
    speaker = "staff" if one.member else "customer" if one.contact else "unknown"
    when = seconds(one.date_created)
    return (
        "acme", str(one.ticket_id), str(one.id), one.id, when, who.name or one.created_by, text(who.id), speaker,
        speaker, one.external_flag, one.text, None, when,
    )  # fmt: skip


def shown(one: Entry) -> tuple:
    """The note that a time entry is that the customer sees."""
    when = seconds(one.date_entered)
    return (
        "acme", str(one.charge_to_id), f"time-{one.id}", one.id, when, one.member.name, text(one.member.id), "staff",
        "staff", True, one.notes, str(one.id), when,
    )  # fmt: skip


def entry(one: Entry) -> tuple:
    return (
        "acme", str(one.id), str(one.charge_to_id), text(one.member.id), one.member.identifier,
        seconds(one.time_start), seconds(one.time_end), one.actual_hours, text(one.work_type.id), one.work_type.name,
        one.billable_option, one.invoice is not None, one.invoice is not None, seconds(one.date_entered),
        one.hourly_rate, one.notes,
    )  # fmt: skip


async def pull(plan: dict, cache: sqlite3.Connection) -> None:
    now = plan["now"]
    tickets: list[tuple] = []
    parents: list[tuple] = []
    notes: list[tuple] = []
    customs: list[tuple] = []
    entries: dict[int, tuple] = {}
    waiting = iter(plan["requests"])

    def store() -> None:
        cache.execute("BEGIN IMMEDIATE")
        for sql, rows in (
            (TICKET, tickets),
            (PARENT, parents),
            (CUSTOM, customs),
            (NOTE, notes),
            (TIME, list(entries.values())),
        ):
            if rows:
                cache.executemany(sql, rows)
        cache.execute("COMMIT")
        for table in (tickets, parents, customs, notes, entries):
            table.clear()

    async def worker(client: httpx.AsyncClient) -> None:
        for method, target, body in waiting:
            answer = await client.request(method, plan["url"] + target, content=body or None)
            path = target.partition("?")[0]
            if path.endswith("/service/tickets"):
                if "summary" in target:  # not the list of ids, which is there to be compared
                    rows = TICKETS.decode(answer.content)
                    tickets.extend(ticket(one, now) for one in rows)
                    parents.extend(
                        ("acme", str(one.id), str(one.parent_ticket_id))
                        for one in rows
                        if one.parent_ticket_id
                    )
                    customs.extend(
                        ("acme", str(one.id), custom.caption, custom.value)
                        for one in rows
                        for custom in one.custom_fields
                    )
            elif path.endswith("/notes"):
                notes.extend(note(one) for one in NOTES.decode(answer.content) if not one.issue_flag)
            elif path.endswith("/time/entries") and "billableOption" in target:
                for one in ENTRIES.decode(answer.content):
                    if one.id not in entries:
                        entries[one.id] = entry(one)
                        if one.add_to_detail_description_flag and one.notes:
                            notes.append(shown(one))
            if len(tickets) >= 1000 or len(notes) >= 5000:
                store()

    async with (
        httpx.AsyncClient(headers=plan["headers"], trust_env=False) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(plan["at_once"]):
            group.create_task(worker(client))
    store()


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_bytes())
    cache = sqlite3.connect(sys.argv[2], isolation_level=None)
    for statement in plan["ddl"]:
        cache.execute(statement).close()
    began = time.process_time()
    asyncio.run(pull(plan, cache))
    took = 1000 * (time.process_time() - began)
    cache.close()
    sys.stdout.write(json.dumps({"pull": took, "requests": len(plan["requests"])}) + "\n")


if __name__ == "__main__":
    main()
