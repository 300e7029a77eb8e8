"""Dialogs for a test: opened over the small day, what they answer, and an outbox with a change in every state."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from sqlalchemy.orm import Session
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from connectors.contract import Ref
from store.changes import ConflictDetail, FieldConflict, NoteConflict, to_json
from store.database import Databases
from store.desk import Desk
from store.fixes import Intent, Prepared
from store.home import Home
from store.models import Note
from store.read import Reader
from store.read_records import ChangeView, TicketView
from tests.tui import small_day
from tests.tui.screen import painted, press, running, settle
from tui.app import Deskzero
from tui.messages import Saved
from tui.screens.base import Dialog


@dataclass
class Asked:
    """A dialog that is open over the small day."""

    pilot: Pilot[Any]
    dialog: Any
    answers: list[Any] = field(default_factory=list)
    """What it answered; a dialog answers once."""

    @property
    def app(self) -> Deskzero:
        assert isinstance(self.pilot.app, Deskzero)
        return self.pilot.app

    @property
    def open(self) -> bool:
        """Whether it is (still) the screen that keys go to."""
        return self.app.screen is self.dialog

    @property
    def text(self) -> str:
        """What is painted, dialog and all."""
        text = painted(self.app.screen)  # type: ignore[arg-type]
        assert all(cell_len(line) <= self.app.size.width for line in text.splitlines())
        return text

    def static(self, name: str) -> str:
        """The words of one part."""
        return str(self.dialog.query_one(name, Static).render())

    async def press(self, *keys: str) -> None:
        await press(self.pilot, *keys)

    async def type(self, text: str) -> None:
        """A text, as fast as it goes."""
        await type_in(self.pilot, text)

    async def again(self, quiet: bool = True) -> None:
        """The databases have changed: everybody reads again."""
        self.app.saved.publish(Saved(quiet=quiet))
        await settle(self.pilot)


async def type_in(pilot: Pilot[Any], text: str) -> None:
    """Letter after letter without a pause between them."""
    for letter in text:
        pilot.app.post_message(events.Key(_KEYS.get(letter, letter), letter))
    await settle(pilot)


_KEYS = {" ": "space", "\r": "enter"}


@asynccontextmanager
async def asked(folder: Path, dialog: Dialog[Any], **more: Any) -> AsyncIterator[Asked]:
    """Opens the dialog over the small day."""
    async with running(folder, **more) as (pilot, _):
        yield await ask(pilot, dialog)


async def ask(pilot: Pilot[Any], dialog: Dialog[Any]) -> Asked:
    """Opens the dialog over what is there."""
    one = Asked(pilot, dialog)
    pilot.app.push_screen(dialog, one.answers.append)
    await settle(pilot)
    return one


def desk(home: Home) -> Desk:
    """A desk of the small day; its PSA answers nobody."""
    return Desk(home, small_day.SETTINGS, secrets={"acme": {"private_key": "x"}}, clock=lambda: small_day.NOW)


def view(home: Home, ticket_id: str) -> TicketView:
    """The ticket as the cache has it."""
    found = Reader(home, small_day.SETTINGS, lambda: small_day.NOW).ticket("acme", ticket_id)
    assert found is not None
    return found


async def prepared(home: Home, ticket_id: str, **wanted: Any) -> Prepared:
    """A fix, ready for the review."""
    async with desk(home) as open_desk:
        return await open_desk.prepare("acme", ticket_id, Intent(**wanted))


async def made(home: Home, ticket_id: str, **wanted: Any) -> str:
    """Puts a fix into the outbox; its id."""
    async with desk(home) as open_desk:
        return await open_desk.submit(await open_desk.prepare("acme", ticket_id, Intent(**wanted)))


def become(home: Home, change: str, state: str, **values: Any) -> None:
    """What a sender would have written."""
    sets = "".join(f", {name} = :{name}" for name in values)
    with closing(sqlite3.connect(home.journal)) as journal, journal:
        journal.execute(
            f"UPDATE change SET state = :state{sets} WHERE change = :change",
            {"state": state, "change": change, **values},
        )


def changes(home: Home) -> dict[str, ChangeView]:
    """All changes, by id."""
    reader = Reader(home, small_day.SETTINGS, lambda: small_day.NOW)
    return {change.change: change for change in reader.changes(True)}


def states(home: Home) -> dict[str, str]:
    """Change id -> state."""
    return {name: change.state for name, change in changes(home).items()}


def writes_again(home: Home, number: int, text: str, when: str = "26 14:35") -> None:
    """The customer of #70101 writes, and a sync brings it."""
    with (
        Databases.open(home, now=small_day.NOW) as databases,
        Session(databases.cache) as session,
        session.begin(),
    ):
        row: Note = small_day.note("70101", number, when, "Ann Lee", "customer", text)
        session.add(row)


CONFLICT = ConflictDetail(
    fields=(
        FieldConflict(
            field="billing_code",
            mine=Ref("1", "Remote Support"),
            theirs=Ref("3", "After Hours"),
            was=None,
            who="asmith",
            when=small_day.at("26 14:10"),
        ),
    ),
)
NEWER = ConflictDetail(
    note=NoteConflict(
        note_id="99",
        created_at=small_day.at("26 14:31"),
        author="Ann Lee",
        text="Wait, it is the [bold]other[/bold] laptop.",
    )
)


async def full_outbox(home: Home) -> dict[str, str]:
    """A change in each state that people meet; state -> its id."""
    ids = {
        "held": await made(home, "70101", reply="Hi Ann, I call you at three."),
        "queued": await made(home, "70171", set={"type": "Incident"}),
        "conflict": await made(home, "70151", billing_code="Remote Support"),
        "rejected": await made(home, "70112", status="Waiting Customer"),
        "uncertain": await made(home, "70166", note="Backup looked at."),
        "confirmed": await made(home, "70188", billing_code="Project Work"),
        "already": await made(home, "70107", status="Waiting Customer"),
        "undone": await made(home, "70160", billing_code="Travel"),
    }
    become(
        home, ids["conflict"], "conflict", detail=to_json(CONFLICT), error="asmith was faster: After Hours"
    )
    become(
        home,
        ids["rejected"],
        "rejected",
        error="status: is not valid for [this] board",
        hint="Choose a status of the board Help Desk.",
    )
    become(home, ids["uncertain"], "uncertain", error="It is not known whether the note arrived, no answer.")
    confirmed_at = small_day.NOW - 30
    become(home, ids["confirmed"], "confirmed", wrote=1, confirmed_at=confirmed_at)
    become(home, ids["already"], "confirmed", wrote=0, confirmed_at=confirmed_at)
    become(home, ids["undone"], "undone")
    return ids
