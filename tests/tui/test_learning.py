"""`m` and `S`: a mistake with words for a client and its note, the SOP of a kind; facts for a note that is missing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual.widgets import TextArea

from store import drafts, mistakes
from store.read_records import Row
from store.settings import CustomRule, KindRule, Rules
from tests.tui import small_day
from tests.tui.dialog_day import made, type_in
from tests.tui.screen import painted, press, running, settle, until
from tests.tui.small_shop import Shop, at_work, opened, told
from tui.screens.confirm import Ask
from tui.screens.mistake import MistakeForm
from tui.screens.outbox import Outbox
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.sop import Sop
from tui.screens.writing import Writing


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "home")


async def form(pilot) -> MistakeForm:
    await press(pilot, "m")
    await opened(pilot, MistakeForm)
    return pilot.app.screen


def words(dialog) -> str:
    return dialog.query_one("#words", TextArea).text


async def test_a_mistake_goes_into_the_log_and_its_note_into_the_psa(shop, monkeypatch):
    async with at_work(shop, "1") as (pilot, screen):
        row = screen.row
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        dialog = await form(pilot)
        await type_in(pilot, "Nobody called back.")
        assert "We are adding a check" in words(dialog)
        await press(pilot, "tab", "tab", "p", "e", "tab", "t", "tab", "right")  # people, training, is told
        assert "slipped through" in words(dialog) and "as a team" in words(dialog)
        said = words(dialog)
        await press(pilot, "escape")
        await opened(pilot, Ask)
        assert "Nobody called back." in painted(pilot.app.screen)
        assert mistakes.since(shop.home, 0) == [], "nothing is kept before the answer"
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, Ask), "Enter is no answer"
        await press(pilot, "c")
        await opened(pilot, Review)
        (one,) = mistakes.since(shop.home, 0, names=True)
        assert (one.ticket_id, one.what, one.kind) == (row.ticket_id, "Nobody called back.", row.kind)
        assert (one.cause, one.remedy, one.shared, one.source) == ("people", "training", True, "ticket")
        assert one.who == shop.settings.connections["demo"].technician
        assert copied == [said] == [one.words]
        before = shop.notes
        await press(pilot, "y")
        shop.now += 11
        await until(pilot, lambda: shop.notes == before + 1, "the note is in the PSA")
        note = shop.world.notes[int(row.ticket_id)][-1]
        assert note.text == "Lesson: Nobody called back. Cause: people. Remedy: training."
        assert not note.public


async def test_the_note_may_be_left_out_and_the_log_has_it_all_the_same(shop):
    async with at_work(shop, "1") as (pilot, screen):
        await form(pilot)
        await type_in(pilot, "Late")
        await press(pilot, "escape", "y")
        await opened(pilot, Review)
        await press(pilot, "escape")
        await until(pilot, lambda: "No note was written." in told(screen), "said")
        assert len(mistakes.since(shop.home, 0)) == 1
        await form(pilot)
        await type_in(pilot, "Late again")
        await press(pilot, "tab", "tab", "tab", "tab", "tab", "tab", "right", "escape", "y")
        await until(pilot, lambda: "is in the mistake log." in told(screen), "said")
        assert pilot.app.screen is screen
        assert [one.what for one in mistakes.since(shop.home, 0)] == ["Late", "Late again"]
        assert screen.standing.changes == ()


async def test_in_the_open_ticket_on_a_small_terminal_the_next_key_is_no_filter(tmp_path):
    """There the list is not to be seen and has no focus: what is typed after a dialog is still a key."""
    async with running(tmp_path, size=(80, 24)) as (pilot, screen):
        await press(pilot, "enter")
        for _ in range(2):
            await form(pilot)
            await press(pilot, "escape")
        assert screen.filter == ""


async def test_a_wording_that_somebody_changed_stays(tmp_path):
    async with running(tmp_path) as (pilot, _):
        dialog = await form(pilot)
        dialog.query_one("#words", TextArea).text = "We were late, sorry."
        await press(pilot, "tab", "tab", "right", "tab", "right")
        assert words(dialog) == "We were late, sorry."


async def test_what_is_not_kept_in_the_log_is_kept_as_a_draft(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        home, row = pilot.app.home, screen.row
        await form(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "Nothing was written down." in told(screen), "said")
        await form(pilot)
        await type_in(pilot, "Half a thought")
        await press(pilot, "escape")
        await opened(pilot, Ask)
        await press(pilot, "e")
        await opened(pilot, MistakeForm)
        await press(pilot, "escape")
        await opened(pilot, Ask)
        await press(pilot, "escape")
        await until(pilot, lambda: "The text is kept" in told(screen), "said")
        assert mistakes.since(home, 0) == []
        assert drafts.load(home, row.connection, row.ticket_id, mistakes.DRAFT) == "Half a thought"
        dialog = await form(pilot)
        assert dialog.query_one("#what", TextArea).text == "Half a thought"
        await press(pilot, "escape", "y")
        await opened(pilot, Review)
        await press(pilot, "escape")
        await until(pilot, lambda: len(mistakes.since(home, 0)) == 1, "kept")
        assert drafts.load(home, row.connection, row.ticket_id, mistakes.DRAFT) == ""


async def test_it_can_be_about_a_fix(tmp_path):
    """Chosen in the form, or from the outbox."""
    async with running(tmp_path) as (pilot, screen):
        home, row = pilot.app.home, screen.row
        change = await made(home, row.ticket_id, status="Waiting Customer")
        await press(pilot, "O")
        await opened(pilot, Outbox)
        await press(pilot, "m")
        await opened(pilot, MistakeForm)
        assert "the fix of" in painted(pilot.app.screen)
        await type_in(pilot, "The wrong status")
        await press(pilot, "escape", "y")
        await until(pilot, lambda: len(mistakes.since(home, 0)) == 1, "kept")
        (one,) = mistakes.since(home, 0)
        assert (one.change, one.source, one.ticket_id) == (change, "fix", row.ticket_id)


async def test_a_psa_that_takes_no_notes_still_has_a_log(tmp_path, monkeypatch):
    absent = {"note": "Its API takes none."}
    can = msgspec.structs.replace(small_day.CAN, writes=frozenset(), absent=absent)
    monkeypatch.setattr(small_day, "CAN", can)
    async with running(tmp_path) as (pilot, screen):
        await form(pilot)
        assert "Its API takes none." in painted(pilot.app.screen)
        await type_in(pilot, "Late")
        await press(pilot, "escape", "y")
        await until(pilot, lambda: "is in the mistake log." in told(screen), "said")
        assert len(mistakes.since(pilot.app.home, 0)) == 1


async def test_a_screen_reader_hears_the_line_and_the_question(tmp_path):
    settings = msgspec.structs.replace(with_sop("Call them."), plain=True)
    async with running(tmp_path, settings=settings) as (pilot, _):
        await press(pilot, "S")
        await opened(pilot, Sop)
        assert painted(pilot.app.screen).splitlines()[0].startswith("SOP · Responded")
        await press(pilot, "escape")
        await form(pilot)
        assert "What slipped?" in painted(pilot.app.screen).splitlines()[0]


# ---------------------------------------------------------------- SOP


def with_sop(text: str, kind: str = "customer_responded", **more) -> object:
    rules = Rules(kinds={kind: KindRule(on=True, sop=text)}, **more)
    return msgspec.structs.replace(small_day.SETTINGS, rules=rules)


async def test_an_sop_is_shown_with_what_the_kind_means(tmp_path):
    text = "1. Read it.\n" + "\n".join(f"{n}. Step" for n in range(2, 60)) + "\nMore: https://wiki.test/sop."
    async with running(tmp_path, settings=with_sop(text)) as (pilot, _):
        urls: list[str] = []
        pilot.app.open_url = lambda url, **_: urls.append(url)
        await press(pilot, "S")
        await opened(pilot, Sop)
        shown = painted(pilot.app.screen)
        assert "SOP · Responded" in shown and "1. Read it." in shown
        assert "The customer has the last word, or the PSA says that they wrote." in shown
        assert "59. Step" not in shown
        await press(pilot, *["pagedown"] * 8)
        assert "59. Step" in painted(pilot.app.screen)
        await press(pilot, "o")
        assert urls == ["https://wiki.test/sop"]


@pytest.mark.parametrize("url", ["https://wiki.test/sop?id=1", "http://wiki.test/sop"])
async def test_an_address_opens_in_the_browser(tmp_path, url):
    async with running(tmp_path, settings=with_sop(f" {url} ")) as (pilot, screen):
        urls: list[str] = []
        pilot.app.open_url = lambda url, **_: urls.append(url)
        await press(pilot, "S")
        assert urls == [url]
        assert pilot.app.screen is screen and f"Opened {url}" in told(screen)


@pytest.mark.parametrize("text", ["javascript:alert(1)", "file:///etc/passwd", "see https://wiki.test/sop"])
async def test_anything_else_is_a_text(tmp_path, text):
    async with running(tmp_path, settings=with_sop(text)) as (pilot, _):
        urls: list[str] = []
        pilot.app.open_url = lambda url, **_: urls.append(url)
        await press(pilot, "S")
        await opened(pilot, Sop)
        assert text in painted(pilot.app.screen)
        assert urls == []


async def test_no_sop_says_how_to_set_one(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "S")
        assert "No SOP for Responded yet" in told(screen)
        assert "[rules.customer_responded]" in told(screen) and "config.toml" in told(screen)


async def test_a_ticket_in_several_kinds_asks_where_the_row_has_none(tmp_path):
    settings = with_sop("Call them.")
    async with running(tmp_path, settings=settings) as (pilot, screen):
        await press(pilot, "0")
        several = next(row for row in screen.list._rows.values() if len(row.also) > 1)
        screen.list.go(screen.list.find(*several.key[:2]))
        await settle(pilot)
        await press(pilot, "S")
        await opened(pilot, Picker)
        assert "The SOP of which kind?" in painted(pilot.app.screen)
        assert "none set" in painted(pilot.app.screen)
        await press(pilot, "escape")
        none = next(row for row in screen.list._rows.values() if not row.also)
        screen.list.go(screen.list.find(*none.key[:2]))
        await settle(pilot)
        await press(pilot, "S")
        assert "is no exception" in told(screen)


def test_an_own_rule_has_an_sop_too():
    rules = Rules(
        custom=(CustomRule(name="vip", means="A very important client.", where="1", sop=" Call. "),)
    )
    assert (rules.sop_of("custom:vip"), rules.meaning("custom:vip")) == ("Call.", "A very important client")
    assert (rules.sop_of("custom:gone"), rules.meaning("custom:gone")) == ("", "")
    assert rules.sop_of("stale") == ""


# ---------------------------------------------------------------- the note that is missing


def undocumented(monkeypatch, view):
    """The ticket as it is in that kind: which rule puts it there is not what is looked at here."""
    row: Row = msgspec.structs.replace(view.row, kind="undocumented")
    return msgspec.structs.replace(view, exceptions=(row,))


async def writing(pilot, screen, monkeypatch) -> Writing:
    screen.view = undocumented(monkeypatch, screen.view)
    await press(pilot, "n")
    await opened(pilot, Writing)
    return pilot.app.screen


async def test_the_note_of_an_undocumented_ticket_begins_with_its_facts(tmp_path, monkeypatch):
    async with running(tmp_path) as (pilot, screen):
        home, ticket_id = pilot.app.home, screen.row.ticket_id
        dialog = await writing(pilot, screen, monkeypatch)
        text = dialog.query_one("#edit", TextArea).text
        assert text.startswith("Reported by Otto Brandt (Fabrikam), 2026-11-25 15:12: Headset")
        assert text.endswith("How it was solved: {ticket.solution}")
        await press(pilot, "escape")
        await until(pilot, lambda: "Nothing was written" in told(screen), "left as it was")
        assert drafts.load(home, "acme", ticket_id, "note") == ""


async def test_it_does_not_leave_before_somebody_has_said_how(tmp_path, monkeypatch):
    async with running(tmp_path) as (pilot, screen):
        dialog = await writing(pilot, screen, monkeypatch)
        await type_in(pilot, " x")
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is not dialog, "back")
        assert isinstance(pilot.app.screen, Writing)
        assert "{ticket.solution} is not filled in" in painted(pilot.app.screen)


async def test_a_reply_and_other_kinds_begin_empty(tmp_path):
    async with running(tmp_path) as (pilot, _):
        await press(pilot, "n")
        await opened(pilot, Writing)
        assert pilot.app.screen.query_one("#edit", TextArea).text == ""
