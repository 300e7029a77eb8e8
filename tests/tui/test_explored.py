"""What a first day at the screen found: each of these went wrong once, in a real terminal."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import pytest
from textual.content import Content

from connectors.simulators.serve import demo_settings
from store import drafts
from store.settings import load
from store.settings_save import save_connection
from tests.tui.screen import WIDE, make_app, press, settle, until
from tests.tui.test_queue_flows import Shop, _key, at_work, choose, opened, told
from tui.asks import Item
from tui.messages import Saved
from tui.screens.conflict import Conflict
from tui.screens.end_of_day import EndOfDay
from tui.screens.look import Look
from tui.screens.palette import Palette
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.trouble import Trouble
from tui.screens.writing import Writing
from tui.text import field_text
from tui.widgets.labelled import Labelled, labelled_lines
from tui.widgets.status_line import StatusLine, held_line


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "home")


async def reply(pilot, text):
    await press(pilot, "r")
    await opened(pilot, Writing)
    await press(pilot, *text, "escape")
    await opened(pilot, Review)
    await press(pilot, "y")
    await until(pilot, lambda: bool(pilot.app.queue.standing.held), "held")


def gone(screen, row):
    return screen.list.find(*row.key[:2]) is None


class TestTakingBack:
    """`u` promises only what it can do, and loses no text."""

    async def test_a_withdrawn_reply_is_a_draft_again(self, shop):
        async with at_work(shop, "1") as (pilot, screen):
            row = screen.row
            await reply(pilot, "Almost.")
            await press(pilot, "u")
            await until(pilot, lambda: not screen.standing.held, "withdrawn")
            assert "r goes on" in told(screen)
            assert drafts.load(shop.home, row.connection, row.ticket_id, "reply") == "Almost."
            await press(pilot, "r")
            await opened(pilot, Writing)
            assert pilot.app.screen.query_one("#edit").text == "Almost."

    async def test_a_reply_in_the_psa_is_not_offered(self, shop):
        async with at_work(shop, "1") as (pilot, screen):
            row = screen.row
            await reply(pilot, "Done.")
            shop.now += 60
            await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
            assert screen.query_one(StatusLine).said.key == ""
            await until(pilot, lambda: ("u", "undo") not in screen.bar.entries, "no undo in the bar")
            await press(pilot, "u")
            await until(pilot, lambda: "stays there" in told(screen), "said")
            assert f"#{row.number}" in told(screen)
            assert pilot.app.screen is screen

    async def test_an_older_change_is_not_taken_back_in_its_place(self, shop):
        async with at_work(shop, "4") as (pilot, screen):
            row = screen.row
            await press(pilot, "b")
            await choose(pilot, "after hours")
            await until(pilot, lambda: "is in the PSA" in told(screen), "confirmed")
            await press(pilot, "1")
            await reply(pilot, "Done.")
            shop.now += 60
            await until(pilot, lambda: "reply is in the PSA" in told(screen), "confirmed")
            await press(pilot, "u")
            await opened(pilot, Picker)
            (only,) = pilot.app.screen._items
            assert row.number in only.label


class TestTheRightTicket:
    """A dialog that sends the cursor to a ticket acts on that ticket."""

    async def test_end_of_day_hands_over_the_row_that_was_chosen(self, shop):
        async with at_work(shop, "1") as (pilot, screen):
            await press(pilot, "E")
            await opened(pilot, EndOfDay)
            await until(pilot, lambda: bool(pilot.app.screen._rows), "answered")
            await settle(pilot)
            await press(pilot, "j", "j")
            wanted = pilot.app.screen._row()
            assert wanted.key != screen.row.key
            await press(pilot, "w")
            await opened(pilot, Picker)
            assert f"#{wanted.number}" in pilot.app.screen._title.plain

    async def test_a_key_right_after_a_pane_key_hits_that_pane(self, shop):
        async with at_work(shop, "1") as (pilot, screen):
            for key in ("4", "b"):
                pilot.app.post_message(_key(key))
            await opened(pilot, Picker)
            assert f"#{screen.row.number}" in pilot.app.screen._title.plain
            assert screen.row.kind == "billing_code"

    async def test_a_ticket_of_no_list_can_be_read(self, shop):
        async with at_work(shop, "1") as (pilot, screen):
            row = screen.row
            shop.world.reassign(row.ticket_id, "asmith")
            shop.now += 300
            await pilot.app.engine.call(lambda desk: desk.sync())
            await press(pilot, "colon")
            await choose(pilot, row.number)
            await opened(pilot, Look)
            await press(pilot, "escape")
            await until(pilot, lambda: pilot.app.screen is screen, "back")


class TestConflict:
    async def test_e_goes_back_to_the_text(self, shop):
        """The stuck change is given up, its text is in the editor, with the new note below it."""
        async with at_work(shop, "1") as (pilot, screen):
            row = screen.row
            await reply(pilot, "Done.")
            shop.now += 5
            shop.world.customer_replies(row.ticket_id, "Wait, one more thing!")
            shop.now += 60
            await until(pilot, lambda: bool(screen.standing.stuck), "a conflict")
            await press(pilot, "exclamation_mark")
            await opened(pilot, Trouble)
            assert "deskzero outbox" not in pilot.app.screen.query_one("#about").render().plain
            await press(pilot, "enter")
            await opened(pilot, Conflict)
            await press(pilot, "e")
            await opened(pilot, Writing)
            assert pilot.app.screen.query_one("#edit").text == "Done."
            assert not await pilot.app.read(lambda reader: reader.changes())


class TestTheList:
    async def test_the_first_rows_of_a_first_sync_are_not_news(self, shop):
        app = make_app(shop.home, shop.settings, clock=lambda: shop.now, open_desk=shop.desk)
        async with app.run_test(size=WIDE) as pilot:
            app.engine.start()
            await settle(pilot)
            assert len(app.queue.list) == 0
            await app.engine.call(lambda desk: desk.sync())
            app.saved.publish(Saved())
            await until(pilot, lambda: len(app.queue.list) > 1, "rows")
            assert app.queue.list.new_rows == 0

    async def test_the_line_names_what_u_takes_back(self, shop):
        """Two are held: the one named is the one that `u` withdraws."""
        async with at_work(shop, "1") as (pilot, screen):
            rows = []
            for _ in range(2):
                row = screen.row
                rows.append(row)
                await press(pilot, "c")
                await choose(pilot, "thanks")
                await until(pilot, partial(gone, screen, row), "the row leaves")
                shop.now += 2
            line = held_line(screen.standing.held, int(shop.now)).plain
            assert f"#{rows[1].number}" in line
            await press(pilot, "u")
            await until(pilot, lambda: len(screen.standing.held) == 1, "withdrawn")
            assert f"#{rows[1].number}" in told(screen)


class TestLeavingTheEditor:
    async def test_letters_right_after_esc_are_in_no_text_and_send_nothing(self, shop):
        """Esc and a quick `y`, as a hand does that knows the way: the review waits for a key of its own."""
        async with at_work(shop, "1") as (pilot, screen):
            await press(pilot, "r")
            await opened(pilot, Writing)
            await press(pilot, *"Done.")
            for key in ("escape", "y", "x", "escape"):
                pilot.app.post_message(_key(key))
            await opened(pilot, Review)
            await settle(pilot)
            assert isinstance(pilot.app.screen, Review)
            assert pilot.app.screen._prepared.fix.reply == "Done."
            assert not screen.standing.held


class TestEndOfDay:
    async def test_the_queue_shows_what_the_check_has_read(self, shop):
        async with at_work(shop, "1") as (pilot, screen):
            gone_one = screen.row
            shop.world.reassign(screen.list.keys[1][1], "asmith")
            left = screen.list.keys[1]
            shop.now += 300
            await press(pilot, "E")
            await opened(pilot, EndOfDay)
            await until(pilot, lambda: screen.list.find(*left[:2]) is None, "the row is gone behind it")
            assert screen.standing.states[0].synced_at >= shop.now - 5
            assert screen.row.key == gone_one.key

    async def test_what_is_sent_meanwhile_changes_the_answer(self, shop):
        """The answer on the screen is never older than the cache."""
        async with at_work(shop, "1") as (pilot, screen):
            await reply(pilot, "Done.")
            before = screen.counts.to_zero
            await press(pilot, "E")
            await opened(pilot, EndOfDay)
            dialog = pilot.app.screen
            await until(pilot, lambda: dialog._verdict is not None, "answered")
            assert dialog._verdict.outbox == 1
            shop.now += 60
            await until(pilot, lambda: dialog._verdict.outbox == 0, "looked again", 20)
            assert dialog._verdict.to_zero == before

    async def test_an_error_is_cannot_tell(self, shop):
        async with at_work(shop, "1") as (pilot, _screen):

            async def broken(work):
                raise RuntimeError("the disk is full")

            pilot.app.engine.call = broken
            await press(pilot, "E")
            await opened(pilot, EndOfDay)
            why = pilot.app.screen.query_one("#why")
            await until(pilot, lambda: "the disk is full" in str(why.render()), "said")
            assert "CANNOT TELL" in str(pilot.app.screen.query_one("#verdict").render())

    @pytest.mark.parametrize("size", [(80, 24), (100, 20), (200, 50)])
    async def test_its_keys_are_in_sight(self, shop, size):
        await shop.pull()
        app = make_app(shop.home, shop.settings, clock=lambda: shop.now, open_desk=shop.desk)
        async with app.run_test(size=size) as pilot:
            app.engine.start()
            await settle(pilot)
            await press(pilot, "E")
            await opened(pilot, EndOfDay)
            await until(pilot, lambda: bool(app.screen._rows), "answered")
            await settle(pilot)
            keys = app.screen.query_one(".dialog-keys").region
            assert keys.bottom < app.screen.query_one("#box").region.bottom <= size[1]
            assert app.screen.query_one("OptionList").region.height >= 3


class TestWords:
    def test_times_of_fields_are_local(self):
        zone = ZoneInfo("Europe/Berlin")
        assert field_text("due_at", "2026-11-21T07:00:06Z", zone) == "2026-11-21 08:00"
        assert field_text("due_at", "", zone) == ""
        assert field_text("customer_flag", "yes", zone) == "set"

    def test_a_long_label_does_not_run_into_its_value(self):
        pairs = [("Customer flag", Content("set → cleared")), ("By us", Content("one two three four five"))]
        lines = [line.plain for line in labelled_lines(pairs, 30)]
        assert lines[0] == "Customer flag  set → cleared"
        assert lines[2].startswith(" " * 15), "what goes on stands below its own beginning"

    @pytest.mark.parametrize("number", ["3", "#70123", "7"])
    def test_a_number_typed_in_the_palette_is_a_ticket(self, number):
        actions = [Item("pane('3')", "Orphaned children", "3", value="pane('3')"), Item("help", "All keys 7")]
        assert Palette(actions).matching(number)[0].label == number
        assert Palette(actions).matching("orphaned")[0].key == "pane('3')"

    async def test_what_is_too_long_for_the_line_gets_a_second_one(self, shop):
        """The frame's last line makes room: the rows stay where they are."""
        async with at_work(shop, "4") as (pilot, screen):
            heights = screen.list.size.height, screen.talk.size.height
            screen.tell("word " * 40 + "end", "bad")
            await settle(pilot)
            assert "end" in screen.status.render().plain.splitlines()[1]
            assert (screen.list.size.height, screen.talk.size.height) == heights
            screen.tell("short", "info")
            await settle(pilot)
            assert screen.status.size.height == 1


async def test_an_orphan_with_a_status_of_its_own_is_offered_the_childs(shop):
    async with at_work(shop, "3") as (pilot, screen):
        row = next(
            row
            for row in screen.list._rows.values()
            if row.reasons[0].code == "not_child_status" and row.gate
        )
        screen.list.go(screen.list.find(*row.key[:2]))
        await settle(pilot)
        await press(pilot, "s")
        await opened(pilot, Picker)
        await press(pilot, "enter")
        await until(pilot, partial(gone, screen, row), "the row leaves")
        await until(pilot, lambda: "Child Ticket is in the PSA" in told(screen), "confirmed")


async def test_a_read_only_reply_shows_what_would_go_out_and_sends_nothing(tmp_path):
    shop = Shop(tmp_path / "home")
    shop.settings = load_read_only(shop)
    async with at_work(shop, "1") as (pilot, screen):
        notes = shop.notes
        await press(pilot, "r")
        await opened(pilot, Writing)
        await press(pilot, *"Done.", "escape")
        await opened(pilot, Review)
        await settle(pilot)
        labels = dict(pilot.app.screen.query_one(Labelled).pairs)
        assert "/notes" in labels["Would go out"].plain or "/service" in labels["Would go out"].plain
        assert "y send" not in pilot.app.screen.query_one(".dialog-keys").render().plain
        await press(pilot, "y")
        assert isinstance(pilot.app.screen, Review)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen, "back")
        assert shop.notes == notes
        assert not await pilot.app.read(lambda reader: reader.changes(True))


def load_read_only(shop):
    save_connection(shop.home.config, "demo", demo_settings("connectwise") | {"read_only": True})
    return load(shop.home.config)
