"""The outbox, trouble and conflicts: what waits, in whose words, and the way out of each."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing

import msgspec
from textual.widgets import OptionList

from store.changes import to_json
from store.desk import Desk
from store.home import Home
from tests.tui.dialog_day import (
    CONFLICT,
    NEWER,
    ask,
    asked,
    become,
    changes,
    full_outbox,
    made,
    states,
)
from tests.tui.screen import running, until
from tests.tui.small_day import NOW, SETTINGS, fill
from tui.asks import Jump
from tui.screens.confirm import Ask
from tui.screens.conflict import Conflict
from tui.screens.outbox import Outbox
from tui.screens.trouble import Trouble


@asynccontextmanager
async def engine_at_work(folder):
    """The small day with a change in each state and the engine running; its PSA cannot be reached."""
    home = Home.at(folder)

    def open_desk():
        return Desk(home, SETTINGS, secrets={"acme": {}}, clock=lambda: NOW)

    async with running(folder, open_desk=open_desk) as (pilot, _):
        ids = await full_outbox(home)
        pilot.app.engine.start()
        yield pilot, home, ids


async def conflicting(folder, detail=CONFLICT):
    """A change in conflict, as the screen reads it."""
    home = fill(folder)
    change = await made(home, "70151", billing_code="Remote Support")
    become(home, change, "conflict", detail=to_json(detail))
    return changes(home)[change]


class TestConflict:
    async def test_both_sides_are_shown_with_who_and_when_and_enter_alone_decides_nothing(self, tmp_path):
        async with asked(tmp_path, Conflict(await conflicting(tmp_path / "home"))) as one:
            for words in (
                "#70151 · Contoso Ltd · billing code",
                "mine    Remote Support",
                "theirs  After Hours   (asmith 14:10)",
                "was     empty",
            ):
                assert words in one.text
            await one.press("enter", "y", "space")
            assert one.open
            assert "y to confirm" not in one.text
            await one.press("left", "y")
            assert one.open
            assert "[ mine ]" in one.text
            await one.press("enter", "right", "y")
            assert one.open, "the side was changed: Enter again"
            await one.press("left", "enter")
            assert "y to confirm" in one.text
            await one.press("y")
            assert one.answers == ["mine"]

    async def test_theirs_edit_open_and_esc(self, tmp_path):
        change = await conflicting(tmp_path / "home", NEWER)
        async with running(tmp_path / "other") as (pilot, _):
            wanted = (
                (("right", "enter", "y"), "theirs"),
                (("e",), "edit"),
                (("o",), "open"),
                (("left", "enter", "escape"), None),
            )
            for keys, answer in wanted:
                one = await ask(pilot, Conflict(change))
                assert "! Ann Lee wrote at 14:31, after what you had read:" in one.text
                assert "Wait, it is the [bold]other[/bold] laptop." in one.text
                await one.press(*keys)
                assert one.answers == [answer]

    async def test_one_that_has_no_detail_says_why_it_is_one(self, tmp_path):
        change = msgspec.structs.replace(
            await conflicting(tmp_path / "home"),
            detail={},
            error="It was decided after a reply that never went.",
        )
        async with asked(tmp_path, Conflict(change)) as one:
            assert "It was decided after a reply that never went." in one.text

    async def test_one_that_is_in_the_psa_already_does_not_say_not_sent(self, tmp_path):
        home = fill(tmp_path / "home")
        made_here = await made(home, "70101", reply="I call you at three.")
        said = "The customer wrote on #70101 in the moment in which the reply went out; it is in the PSA."
        become(home, made_here, "conflict", detail=to_json(NEWER), wrote=1, error=said)
        async with asked(tmp_path, Conflict(changes(home)[made_here])) as one:
            assert "some of it is in the PSA" in one.text
            assert "Not sent" not in one.text
            assert "in the moment in which the reply went out" in one.text
            await one.press("right")
            assert "what is in the PSA stays" in one.text


class TestOutbox:
    async def test_an_old_reply_asks_and_an_uncertain_one_has_two_ways_out(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            home = screen.deskzero.home
            late = await made(home, "70101", reply="On my way.")
            become(home, late, "held", due_at=None, error="It was written 40 min ago: is it still right?")
            lost = await made(home, "70166", note="Backup looked at.")
            become(home, lost, "uncertain", error="It is not known whether the note arrived.")
            one = await ask(pilot, Trouble())
            assert {change.change for change in one.dialog._changes} == {late, lost}
            assert "late: does it still go?" in one.text
            while one.dialog.chosen().change != late:
                await one.press("j")
            assert "is it still right?" in one.text
            assert "t send it now · u take back" in one.text
            while one.dialog.chosen().change != lost:
                await one.press("j")
            assert "t it is not there: send it again · D it is there (asks)" in one.text

    async def test_what_waits_comes_first_with_its_state_in_words(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            ids = await full_outbox(screen.deskzero.home)
            one = await ask(pilot, Outbox())
            shown = [change.change for change in one.dialog._changes]
            assert set(shown) == set(ids.values())
            ended = {ids["confirmed"], ids["already"], ids["undone"]}
            assert set(shown[-3:]) == ended
            for words in ("leaves in 10 s", "waits to be sent", "conflict: a person decides", "✓ in the PSA"):
                assert words in one.text
            while one.dialog.chosen().change != ids["rejected"]:
                await one.press("j")
            assert "! status: is not valid for [this] board" in one.text
            assert "Choose a status of the board Help Desk." in one.text
            assert "Enter go to it · t try again · D drop (asks) · m mistake log · Esc back" in one.text
            await one.press("enter")
            assert one.answers == [Jump("acme", "70112")]

    async def test_seconds_are_counted_down_and_the_cursor_stays(self, tmp_path):
        now = [float(NOW)]
        async with running(tmp_path, clock=lambda: now[0]) as (pilot, screen):
            ids = await full_outbox(screen.deskzero.home)
            one = await ask(pilot, Outbox())
            await one.press("j", "j")
            here = one.dialog.chosen().change
            now[0] += 4
            await until(pilot, lambda: "leaves in 6 s" in one.text, "counted down", 3)
            become(screen.deskzero.home, ids["held"], "undone")
            await one.again()
            assert one.dialog.chosen().change == here

    async def test_an_empty_one_says_that_all_is_in_the_psa(self, tmp_path):
        async with asked(tmp_path, Outbox()) as one:
            assert "Nothing waits. Everything you did is in the PSA." in one.text
            await one.press("enter", "t", "u", "D", "j", "k")
            assert one.open
            await one.press("q")
            assert one.answers == [None]

    async def test_take_back_try_again_and_drop(self, tmp_path):
        async with engine_at_work(tmp_path) as (pilot, home, ids):
            one = await ask(pilot, Outbox())

            async def on(name, *keys):
                names = [change.change for change in one.dialog._changes]
                one.dialog.query_one(OptionList).highlighted = names.index(ids[name])
                await one.press(*keys)

            async def becomes(name, state):
                await until(pilot, lambda: states(home)[ids[name]] == state, f"{name} is {state}")

            await on("held", "u")
            await becomes("held", "undone")
            await on("rejected", "t")
            await becomes("rejected", "queued")
            await on("queued", "D")
            assert isinstance(pilot.app.screen, Ask)
            await one.press("enter", "escape")
            assert states(home)[ids["queued"]] == "queued"
            await on("queued", "D", "y")
            await becomes("queued", "dropped")
            await on("uncertain", "t")
            assert "it may arrive twice" in one.text
            await one.press("escape")
            assert states(home)[ids["uncertain"]] == "uncertain"
            await on("uncertain", "t", "y")
            await becomes("uncertain", "queued")
            await on("conflict", "enter")
            assert isinstance(pilot.app.screen, Conflict)
            await one.press("right", "enter", "y")
            await becomes("conflict", "dropped")
            assert one.open

    async def test_what_is_refused_is_said_and_stays_as_it_is(self, tmp_path):
        async with engine_at_work(tmp_path) as (pilot, home, ids):
            one = await ask(pilot, Outbox())
            become(home, ids["held"], "sending")  # a sender was faster than this list
            while one.dialog.chosen().change != ids["held"]:
                await one.press("j")
            await one.press("u")
            await until(pilot, lambda: "is being sent." in one.text, "refused")
            assert "Try again when it has arrived" in one.text
            assert states(home)[ids["held"]] == "sending"
            assert one.open


class TestTrouble:
    async def test_only_what_needs_a_person(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            ids = await full_outbox(screen.deskzero.home)
            one = await ask(pilot, Trouble())
            shown = {change.change for change in one.dialog._changes}
            assert shown == {ids["conflict"], ids["rejected"], ids["uncertain"]}
            while one.dialog.chosen().change != ids["conflict"]:
                await one.press("j")
            await one.press("enter")
            assert isinstance(pilot.app.screen, Conflict)
            await one.press("o")
            assert one.answers == [Jump("acme", "70151", then="browser")]

    async def test_connections_and_records_that_could_not_be_read(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            with closing(sqlite3.connect(screen.deskzero.home.cache)) as cache, cache:
                cache.execute(
                    "UPDATE connection_state SET error_kind = 'unauthorized', error = 'the key was refused',"
                    " hint = 'Make a new key.', since_down = ?",
                    (NOW - 600,),
                )
            one = await ask(pilot, Trouble())
            assert "! acme since 14:23  the key was refused" in one.text
            assert "Make a new key." in one.text
            await one.press("enter", "t", "D", "escape")
            assert one.answers == [None]
