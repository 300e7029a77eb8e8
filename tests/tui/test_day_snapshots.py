"""What a day of fixes looks like: marks, a preview of many, the forms about work, a story, the end of the day; at both
sizes, dark and light, and with hostile text."""

from __future__ import annotations

import msgspec
from textual.content import Content

from store.read_day import Left
from store.read_log import Happened
from store.timers import start
from tests.tui import small_day
from tests.tui.dialog_day import prepared, view
from tests.tui.pictures import LOOKS
from tests.tui.screen import press, settle
from tui.asks import Item
from tui.orders import Refused
from tui.screens.sign_off import SignOff
from tui.screens.story import Story
from tui.screens.together import Together
from tui.screens.work_form import Offered, WorkForm
from tui.story import whole_story

HOSTILE = "[bold]Hi[/] \x1b[31m\u202eevil\u202c 桜桜桜 " + "long " * 40


@LOOKS
def test_marks(picture, look):
    assert picture(look, "4", "space", "space", "v", "j")


@LOOKS
def test_all_marked_before_it_happens(picture, look):
    async def before(pilot):
        home = pilot.app.home
        rows = pilot.app.reader.rows(("billing_code",))
        fix = await prepared(home, "70171", set={"type": "Incident"})
        some = [(rows[0], fix), (rows[1], Refused("it closes: that goes ticket by ticket"))]
        some += [(msgspec.structs.replace(row, summary=HOSTILE), Refused(HOSTILE)) for row in rows[2:4]]
        await pilot.app.push_screen(Together("type → Incident", some))

    assert picture(look, before=before)


def form(home, title, text="", **more):
    offered = Offered(
        title=title,
        time="0.25",
        time_words="timer 0:13, rounded up to 0.25 h",
        codes=[Item("1", "Remote Support", "21 of 24, same company and type"), Item("", "none")],
        billable=[Item("", "as the PSA decides", "agreement Gold, active"), Item("Billable", "Billable")],
        text=text,
        **more,
    )

    async def guards(_wanted):
        from store.fixes import Guard

        lacks = {"answer": "an answer to the customer's last note"}
        names = ("code", "time", "text", "answer", "children")
        return [Guard(name, lacks.get(name, "")) for name in names]

    return WorkForm(view(home, "70101"), offered, guards)


@LOOKS
def test_wrapping_up(picture, look):
    async def before(pilot):
        more = {
            "statuses": [Item("", "In Progress (stays)"), Item("5", "Completed", "closes")],
            "status_at": 1,
            "tell": [Item("none", "no mail"), Item("reply", "a reply with this text", "PUBLIC")],
            "text_goes": "goes on the time entry; without time, into an internal note",
        }
        await pilot.app.push_screen(
            form(pilot.app.home, "Wrap up", "Archive policy applied, mailbox at 60 %.", **more)
        )
        await settle(pilot)
        await press(pilot, "tab", "tab", "tab", "tab", "tab")

    assert picture(look, before=before)


@LOOKS
def test_logging_time(picture, look):
    async def before(pilot):
        await pilot.app.push_screen(form(pilot.app.home, "Log time", HOSTILE.replace("\x1b", "")))

    assert picture(look, before=before)


@LOOKS
def test_a_timer_runs(picture, look):
    async def before(pilot):
        start(
            pilot.app.home,
            "acme",
            "70101",
            number="70101",
            summary="x",
            company="Acme",
            now=small_day.NOW - 780,
        )
        pilot.app.queue.read_standing()

    assert picture(look, before=before)


@LOOKS
def test_what_happened(picture, look):
    async def before(pilot):
        app = pilot.app
        some = [
            Happened(app.now - 7200, "opened", "acme", "70101", "70101", "customer_responded"),
            Happened(app.now - 3600, "cleared", "acme", "70102", HOSTILE[:30], "orphaned"),
            Happened(
                app.now - 60, "decided", "acme", "70103", "70103", verb="billing code", state="confirmed"
            ),
        ]
        lines = whole_story(some, [(app.now - 30, HOSTILE)], app.now, app.zone, [])
        await app.push_screen(Story(Content("What happened"), lines, "Nothing."))

    assert picture(look, before=before)


@LOOKS
def test_signing_off(picture, look):
    async def before(pilot):
        rows = [row for row in pilot.app.reader.rows() if row.gate][:3]
        left = [
            (row, Left("asmith" if place else HOSTILE, "Out of time today", 0))
            for place, row in enumerate(rows)
        ]
        await pilot.app.push_screen(SignOff("NOT ZERO, 3 left", "Thu 17:01", left))

    assert picture(look, before=before)


@LOOKS
def test_hiding_a_row(picture, look):
    assert picture(look, "2", "z")
