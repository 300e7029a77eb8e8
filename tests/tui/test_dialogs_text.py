"""Writing and review: nothing is sent from the editor, no text is lost, and what was not read is not answered."""

from __future__ import annotations

from textual.widgets import TextArea

from store import drafts
from tests.tui.dialog_day import ask, asked, prepared, view, writes_again
from tests.tui.screen import running, until
from tests.tui.small_day import fill
from tui.asks import Item
from tui.screens.confirm import Ask
from tui.screens.review import Review
from tui.screens.writing import SIDES, Writing

WAITING, DONE = Item("3", "Waiting Customer"), Item("6", "Completed", "closes")


def writing(home, side="reply", **more):
    return Writing(view(home, "70101"), side, **more)


async def reviewed(home, side="reply", **wanted):
    fix = await prepared(home, "70101", **({side: "Line one\nline [b]two[/b]"} | wanted))
    return Review(view(home, "70101"), fix, side=side)


class TestWriting:
    async def test_esc_ends_it_and_hands_over_text_status_and_what_was_read(self, tmp_path):
        home = fill(tmp_path / "home")
        dialog = writing(home, draft="Hi Ann, ", statuses=[WAITING, DONE], status=WAITING)
        async with asked(tmp_path, dialog) as one:
            assert SIDES["reply"] in one.text
            assert "it still asks. Any news?" in one.text, "the question stays in sight"
            await one.type("I call\ryou.")
            await one.press("tab", "right", "right", "left", "shift+tab")
            await one.press("escape")
            await until(one.pilot, lambda: bool(one.answers), "answered")
            (written,) = one.answers
            assert (written.side, written.text, written.status) == ("reply", "Hi Ann, I call\nyou.", DONE)
            assert written.read_up_to_id == "4"
            assert drafts.load(one.app.home, "acme", "70101", "reply") == "Hi Ann, I call\nyou."

    async def test_the_draft_is_kept_while_one_writes(self, tmp_path):
        home = fill(tmp_path / "home")
        async with asked(tmp_path, writing(home, "note")) as one:
            assert SIDES["note"] in one.text
            assert SIDES["reply"] not in one.text
            await one.type("fq 12 [b]")
            load = drafts.load
            await until(
                one.pilot,
                lambda: load(one.app.home, "acme", "70101", "note") == "fq 12 [b]",
                "saved by itself",
                2.5,
            )
            assert load(one.app.home, "acme", "70101", "reply") == "", "a text never changes sides"
            assert one.open
            await one.press("ctrl+s")
            await until(one.pilot, lambda: bool(one.answers), "Ctrl+S ends it too")
            assert one.answers[0].side == "note"

    async def test_an_empty_text_is_no_answer_and_no_draft(self, tmp_path):
        home = fill(tmp_path / "home")
        async with asked(tmp_path, writing(home, draft="x")) as one:
            drafts.save(one.app.home, "acme", "70101", "reply", "x", now=1)
            await one.press("backspace", "space", "escape")
            await until(one.pilot, lambda: bool(one.answers), "answered")
            assert one.answers == [None]
            assert drafts.every(one.app.home) == []

    async def test_a_newer_note_announces_itself_and_counts_as_read_only_when_it_was_shown(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            home = screen.deskzero.home
            one = await ask(pilot, writing(home, draft="Hi"))
            writes_again(home, 20, "Forget it, it works now.", when="26 14:31")
            await one.again()
            assert "! Ann Lee wrote again at 14:31, not read yet · PgUp shows it" in one.text
            assert one.dialog.query_one(TextArea).has_focus
            assert "Forget it, it works now." not in one.text
            await one.press("pageup", "escape")
            await until(pilot, lambda: bool(one.answers), "answered")
            assert one.answers[0].read_up_to_id == "20"

            one = await ask(pilot, writing(home, draft="Hi"))
            writes_again(home, 21, "And one more.", when="26 14:32")
            await one.again()
            await one.press("escape")
            await until(pilot, lambda: bool(one.answers), "answered")
            assert one.answers[0].read_up_to_id == "20", "it was announced, not read"

    async def test_keys_that_act_elsewhere_are_letters_here(self, tmp_path):
        home = fill(tmp_path / "home")
        async with asked(tmp_path, writing(home)) as one:
            await one.type("qyDfu:?/0\t")
            assert one.open
            assert one.dialog.query_one(TextArea).text == "qyDfu:?/0"


class TestReview:
    async def test_it_says_to_whom_what_changes_and_up_to_which_note(self, tmp_path):
        home = fill(tmp_path / "home")
        async with asked(tmp_path, await reviewed(home, status="Waiting Customer")) as one:
            text = one.text
            assert "Send? PUBLIC: the customer reads it ── #70101 · Acme" in text
            assert "Ann Lee <ann@acme.test>" in text
            assert "1 mail, to ann@acme.test. What the PSA's own rules send" in text
            assert "Customer Responded → Waiting Customer" in text
            assert "up to the customer's note of 08:45" in text
            assert "line [b]two[/b]" in text
            assert "y send, 10 s to take back" in text
            await one.press("enter", "space", "Y")
            assert one.open, "only a small y sends"
            await one.press("y", "y")
            assert one.answers == ["send"]

    async def test_esc_keeps_e_edits_and_capital_d_asks(self, tmp_path):
        home = fill(tmp_path / "home")
        async with running(tmp_path / "other") as (pilot, _):
            for key, answer in (("escape", "keep"), ("e", "edit")):
                one = await ask(pilot, await reviewed(home))
                await one.press(key)
                assert one.answers == [answer]
            one = await ask(pilot, await reviewed(home))
            await one.press("D")
            assert isinstance(pilot.app.screen, Ask)
            await one.press("enter", "escape")
            assert one.open
            await one.press("D", "y")
            assert one.answers == ["discard"]

    async def test_a_note_is_internal_and_mails_nobody(self, tmp_path):
        home = fill(tmp_path / "home")
        async with asked(tmp_path, await reviewed(home, "note")) as one:
            assert "Save? INTERNAL note" in one.text
            assert "no mail. What the PSA's own rules send" in one.text
            assert "ann@acme.test" not in one.text.partition("INTERNAL note")[2]

    async def test_without_a_text_there_is_nothing_to_edit_or_keep(self, tmp_path):
        home = fill(tmp_path / "home")
        fix = await prepared(home, "70101", status="Waiting Customer")
        async with running(tmp_path / "other") as (pilot, _):
            one = await ask(pilot, Review(view(home, "70101"), fix))
            await one.press("e", "D")
            assert one.open
            await one.press("escape")
            assert one.answers == [None]

    async def test_a_newer_note_is_shown_as_not_read(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            home = screen.deskzero.home
            dialog = await reviewed(home)
            one = await ask(pilot, dialog)
            assert "Not read" not in one.text
            writes_again(home, 20, "Forget it, it works now.", when="26 14:31")
            await one.again()
            assert "! Ann Lee wrote at 14:31, so this will not go out" in one.text
            await one.press("escape")

            one = await ask(pilot, Review(dialog._view, dialog._prepared, side="reply"))
            assert "! Ann Lee wrote at 14:31, so" in one.text, "also if it came before the review"
