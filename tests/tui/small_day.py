"""One small working day in the databases, by hand: what the screen tests look at. Nothing here is random."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.orm import Session

from connectors.contract import Capabilities
from store.cache_upkeep import set_state
from store.database import Databases
from store.home import Home
from store.models import ChoiceRow, FileRow, Note, Ticket, TicketParent, TimeEntry
from store.rules import evaluate as rules
from store.settings import Connection, Settings

ZONE = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    """`26 14:33` of November 2026 in Berlin, as UTC seconds."""
    day, time = text.split()
    hour, minute = time.split(":")
    return int(datetime(2026, 11, int(day), int(hour), int(minute), tzinfo=ZONE).timestamp())


NOW = at("26 14:33")

SETTINGS = Settings(
    timezone="Europe/Berlin",
    connections={
        "acme": Connection(
            name="acme",
            psa="connectwise",
            technician="jdoe",
            timezone="Europe/Berlin",
            child_statuses=("Child Ticket",),
            closing_statuses=("Completed",),
            responded_statuses=("Customer Responded",),
            answered_status="Waiting Customer",
            options={"url": "http://127.0.0.1:1", "company": "acme", "client_id": "c", "public_key": "p"},
        )
    },
)
CAN = Capabilities(
    fields=frozenset({"contact", "contact_phone", "contact_email", "agreement", "type", "priority", "site", "owner"}),
    flag=True,
    code_on_ticket=True,
    code_on_time=True,
    code_name="work type",
    writes=frozenset(
        {"contact", "contact_phone", "contact_email", "agreement", "type", "priority", "site", "owner", "status",
         "billing_code", "entry_code", "reply", "note", "time", "attach", "detach", "customer_flag", "summary"}
    ),
    undoable=frozenset({"status", "owner", "billing_code", "entry_code", "contact", "agreement", "type"}),
    mails=frozenset({"reply"}),
)  # fmt: skip

PEOPLE = {
    "Acme": ("1", "Ann Lee", "555 0101", "ann@acme.test"),
    "Contoso Ltd": ("2", "Maria Lopez", "555 0102", "maria@contoso.test"),
    "Fabrikam": ("3", "Otto Brandt", "555 0103", "otto@fabrikam.test"),
    "Northwind": ("4", "山田 花子", "555 0104", "hanako@northwind.test"),
}
STATUSES = (
    ("1", "New", False), ("2", "In Progress", False), ("3", "Waiting Customer", False),
    ("4", "Customer Responded", False), ("5", "Child Ticket", False), ("6", "Completed", True),
)  # fmt: skip
CODES = ("Remote Support", "On-site", "After Hours", "Project Work", "Travel")


def ticket(number: str, company: str, summary: str, **more: Any) -> Ticket:
    """A ticket that lacks nothing, except what `more` says."""
    company_id, contact, phone, mail = PEOPLE[company]
    status = more.pop("status", "In Progress")
    values: dict[str, Any] = {
        "connection": "acme", "ticket_id": number, "number": number, "summary": summary, "board_id": "1",
        "board": "Help Desk", "status": status, "status_key": status.casefold(), "type_id": "1", "type": "Incident",
        "priority": "P3 Medium", "priority_rank": 3, "company_id": company_id, "company": company,
        "contact_id": f"c{company_id}", "contact": contact, "contact_phone": phone, "contact_email": mail,
        "agreement_id": f"a{company_id}", "agreement": "Gold", "owner_id": "7", "owner": "jdoe", "resources": "jdoe",
        "customer_flag": False, "billing_code_id": "1", "billing_code": "Remote Support", "hours": 0.5,
        "created_at": NOW - 86400, "updated_at": NOW - 3600, "updated_by": "jdoe", "in_scope": True,
        "read_at": NOW - 60, "notes_read_at": NOW - 60, "time_read_at": NOW - 60, "first_sync": True,
        "url": f"https://psa.test/{number}",
    }  # fmt: skip
    return Ticket(**(values | more))


TICKETS = (
    ticket("70101", "Acme", "Outlook asks for the password every five minutes", status="Customer Responded",
           customer_flag=True, created_at=at("25 08:10")),
    ticket("70107", "Northwind", "請求書 printer prints 文字化け instead of invoices", created_at=at("26 07:55")),
    ticket("70112", "Fabrikam", "Teams: no sound since [bold]Monday[/bold] [/foo] [@click=app.quit]x[/]",
           created_at=at("24 09:00"), priority="P2 High"),
    ticket("70119", "Contoso Ltd", "Laptop for the new colleague", status="Child Ticket", created_at=at("25 10:00")),
    ticket("70123", "Acme", "Printer offline again", billing_code=None, billing_code_id=None, hours=0.75,
           created_at=at("24 11:20")),
    ticket("70140", "Contoso Ltd", "New laptop for Maria", billing_code=None, billing_code_id=None, hours=1.5,
           contact_phone=None, status="Completed", closed=True, closed_at=at("26 09:30"), closed_by="jdoe",
           created_at=at("25 09:00")),
    ticket("70151", "Contoso Ltd", "VPN drops every hour", billing_code=None, billing_code_id=None, hours=0.25,
           created_at=at("25 13:00")),
    ticket("70160", "Fabrikam", "Mailbox full", billing_code=None, billing_code_id=None, created_at=at("26 09:33")),
    ticket("70188", "Northwind", "Migrate file server", status="Child Ticket", billing_code=None,
           billing_code_id=None, hours=4.0, created_at=at("26 11:20")),
    ticket("70171", "Acme", "Guest Wi-Fi voucher printer", contact_phone="n/a", type=None, type_id=None,
           created_at=at("23 16:00")),
    ticket("70175", "Fabrikam", "Share for the works council", agreement=None, agreement_id=None,
           created_at=at("24 15:00")),
    ticket("70180", "Contoso Ltd", "Door camera shows yesterday", contact=None, contact_id=None, contact_phone=None,
           contact_email=None, created_at=at("26 13:05")),
    ticket("70090", "Contoso Ltd", "Onboarding December (parent)", status="Completed", closed=True,
           closed_at=at("26 10:20"), closed_by="asmith", in_scope=False, owner="asmith", owner_id="8"),
    ticket("70166", "Fabrikam", "Backup report", created_at=at("26 08:30")),
)  # fmt: skip


def note(ticket_id: str, number: int, when: str, author: str, speaker: str, text: str, **more: Any) -> Note:
    moment = at(when)
    return Note(
        connection="acme", ticket_id=ticket_id, note_id=str(number), note_sort=number, created_at=moment,
        order_at=moment, author=author, speaker=speaker, psa_speaker=speaker, public=more.pop("public", True),
        text=text, **more,
    )  # fmt: skip


NOTES = (
    note("70101", 1, "25 09:12", "jdoe", "staff", "Hi Ann, I have reset the profile. Is it quiet now?"),
    note("70101", 2, "25 11:40", "jdoe", "staff", "Profile was 14 GB, OST rebuilt.", public=False),
    note("70101", 3, "25 16:02", "Ann Lee", "customer",
         "Better, but it came back after lunch. It asks as soon as I open the shared calendar.\n\n"
         "Could somebody look at it together with me? I am in the office until five."),
    note("70101", 4, "26 08:45", "Ann Lee", "customer", "Good morning, it still asks. Any news?"),
    note("70107", 5, "26 08:20", "山田 花子", "customer",
         "文字化けしています。見本を添付しました。 Please see the attached sample."),
    note("70112", 6, "25 15:12", "Otto Brandt", "customer",
         "Headset is the Jabra one, the sound is gone in Teams only."),
    note("70119", 7, "26 10:03", "Maria Lopez", "customer", "She starts on the first, is there a chance by Monday?"),
    note("70140", 8, "25 16:10", "jdoe", "staff", "Imaged the laptop, on site.", time_id="t2"),
    note("70140", 9, "26 09:44", "Maria Lopez", "customer", "Works, thank you! One question: can I take it home?"),
    note("70151", 10, "25 14:00", "jdoe", "staff", "New MTU set, please watch it until tomorrow."),
    note("70123", 11, "25 09:05", "workflow", "system", "Status changed from New to In Progress.", public=False),
    note("70123", 12, "25 09:30", "jdoe", "staff", "Print server restarted, the queue was stuck.", time_id="t1"),
)  # fmt: skip


FILES = (
    FileRow(connection="acme", ticket_id="70107", note_id="5", place=0, name="見本.pdf", size=48_213),
    FileRow(connection="acme", ticket_id="70107", note_id="5", place=1, name="screen.png"),
    FileRow(
        connection="acme", ticket_id="70107", note_id="", place=0, name="price list.xlsx", size=1_482_752,
        added_at=at("25 17:00"), added_by="山田 花子",
    ),
)  # fmt: skip


def entry(time_id: str, ticket_id: str, started: str, worked: float, text: str) -> TimeEntry:
    begin = at(started)
    return TimeEntry(
        connection="acme", time_id=time_id, ticket_id=ticket_id, member_id="7", member="jdoe", started_at=begin,
        ended_at=begin + int(worked * 3600), hours=worked, billable="Billable", text=text,
    )  # fmt: skip


TIME = (
    entry("t1", "70123", "25 09:00", 0.75, "Print server restarted, the queue was stuck."),
    entry("t2", "70140", "25 14:40", 1.5, "Imaged the laptop, on site."),
)


def choices() -> Sequence[ChoiceRow]:
    """Statuses, codes, people, contacts, agreements."""
    rows = [
        ChoiceRow(
            connection="acme", kind="status", id=id, name=name, board_id="1", closed=closed, position=place
        )
        for place, (id, name, closed) in enumerate(STATUSES)
    ]
    rows += [
        ChoiceRow(connection="acme", kind="billing_code", id=str(place), name=name, position=place)
        for place, name in enumerate(CODES, 1)
    ]
    for id, login, name in (("7", "jdoe", "John Doe"), ("8", "asmith", "Ada Smith")):
        rows.append(ChoiceRow(connection="acme", kind="owner", id=id, name=login, detail=name))
    for company_id, name, phone, mail in PEOPLE.values():
        detail = f"{phone} · {mail}"
        rows.append(
            ChoiceRow(connection="acme", kind="contact", id=f"c{company_id}", name=name, company_id=company_id,
                      detail=detail, phone=phone, email=mail)
        )  # fmt: skip
        rows.append(
            ChoiceRow(connection="acme", kind="agreement", id=f"a{company_id}", name="Gold", company_id=company_id,
                      starts_on="2025-01-01")
        )  # fmt: skip
    rows.append(ChoiceRow(connection="acme", kind="type", id="1", name="Incident", board_id="1"))
    return rows


def copies(rows: Sequence[Any]) -> list[Any]:
    """New objects with the same columns: one object belongs to one session."""
    return [type(row)(**row.model_dump()) for row in rows]


def fill(
    folder: Path,
    tickets: Sequence[Ticket] = TICKETS,
    *,
    settings: Settings = SETTINGS,
    more: Sequence[Any] = (),
) -> Home:
    """A home with this day in it, and what else there is to be (`more`: notes, choices)."""
    home = Home.at(folder)
    with Databases.open(home, now=NOW) as databases:
        with Session(databases.cache) as session, session.begin():
            session.add_all(copies([*tickets, *NOTES, *FILES, *TIME, *choices(), *more]))
            session.flush()
            session.merge(TicketParent(connection="acme", ticket_id="70119", parent_id="70090"))
            child = session.get(Ticket, ("acme", "70119"))
            if child is not None:
                child.parent_id = "70090"
        with databases.cache.begin() as cache:
            set_state(
                cache, "acme", psa="connectwise", title="ConnectWise PSA", scope="mine", member_id="7", member="jdoe",
                tried_at=NOW - 60, synced_at=NOW - 60, generation=3, requests=9, count_confirmed=True,
                capabilities=msgspec.json.encode(CAN).decode(),
            )  # fmt: skip
        evaluate(databases, settings)
    return home


def evaluate(databases: Databases, settings: Settings = SETTINGS, *, now: int = NOW) -> None:
    """The rules, as after a sync."""
    rules.evaluate(
        databases.cache, databases.journal, settings, now=now, connections=list(settings.connections)
    )
