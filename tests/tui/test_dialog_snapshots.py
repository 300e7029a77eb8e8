"""What the dialogs look like. The clock stands still and no cursor blinks."""

from __future__ import annotations

from textual.content import Content

from store.cache_upkeep import set_state
from store.changes import to_json
from store.database import Databases
from tests.tui import small_day
from tests.tui.dialog_day import (
    CONFLICT,
    NEWER,
    become,
    changes,
    full_outbox,
    made,
    prepared,
    type_in,
    view,
    writes_again,
)
from tests.tui.pictures import LOOKS, SIZES, SMALL
from tests.tui.screen import settle, until
from tui.asks import Item
from tui.messages import Saved
from tui.screens.conflict import Conflict
from tui.screens.look import Look
from tui.screens.picker import Picker
from tui.screens.review import Review
from tui.screens.writing import Writing


def dialog(make):
    """Opens what `make(home)` gives."""

    async def before(pilot):
        await pilot.app.push_screen(await make(pilot.app.home))
        await settle(pilot)

    return before


CODES = (
    Item("2", "On-site", "9 of 11 like this", "suggested"),
    Item("1", "Remote Support", "2 of 11 at Contoso Ltd", "usual at Contoso Ltd"),
    Item("3", "After Hours", "", "all"),
    Item("4", "Project Work with a name that is much longer than anybody would expect of a work type", "", "all"),
    Item("5", "出張サポート", "Travel · 長い", "all"),
)  # fmt: skip


def codes(items=CODES):
    return Picker(
        Content("Billing code · #70151 · Contoso Ltd · VPN drops every hour"),
        items,
        preview=lambda item: Content(
            f"billing code: — → {item.label} and on 2 of your time entries (0.25 h)"
        ),
        hint="Old changes are taken back only if nobody has changed the same thing since.",
    )


class TestPicker:
    @LOOKS
    def test_suggested(self, picture, look):
        """The suggestion is preselected; groups; details at the right."""

        async def make(_):
            return codes()

        assert picture(look, before=dialog(make))

    @SMALL
    def test_nothing_chosen(self, picture, look):
        async def make(_):
            return codes(CODES[1:])

        assert picture(look, before=dialog(make))

    @SIZES
    def test_long_list(self, picture, look):
        """Preview and keys stay in sight."""

        async def make(_):
            return codes([Item(str(number), f"Work type {number}") for number in range(40)])

        async def before(pilot):
            await dialog(make)(pilot)
            await pilot.press("pagedown", "pagedown")

        assert picture(look, before=before)


class TestTexts:
    @LOOKS
    def test_writing(self, picture, look):
        """PUBLIC, a heavy frame, the conversation below; somebody wrote meanwhile."""

        async def before(pilot):
            home = pilot.app.home
            statuses = [Item("3", "Waiting Customer")]
            one = Writing(view(home, "70101"), "reply", draft="Hi Ann,\n\nI call", statuses=statuses)
            await pilot.app.push_screen(one)
            await settle(pilot)
            await type_in(pilot, " you at three.")
            writes_again(home, 20, "Forget it, it works now.", when="26 14:31")
            pilot.app.saved.publish(Saved())
            await until(pilot, lambda: one._saved_text.endswith("three."), "saved")

        assert picture(look, before=before)

    @SMALL
    def test_writing_a_note(self, picture, look):
        async def make(home):
            return Writing(view(home, "70101"), "note", draft="Looked at the calendar.")

        assert picture(look, before=dialog(make))

    @LOOKS
    def test_review(self, picture, look):
        """To whom, what changes, up to which note; one came in between."""

        async def make(home):
            text = "Hi Ann,\n\nI call you at three. " + "Please keep the calendar open. " * 8
            fix = await prepared(home, "70101", reply=text, status="Waiting Customer")
            writes_again(home, 20, "Forget it, it works now.", when="26 14:31")
            return Review(view(home, "70101"), fix, side="reply")

        assert picture(look, before=dialog(make))


class TestOutbox:
    @LOOKS
    def test_conflict(self, picture, look):
        """A side is chosen and taken; only y is missing."""

        async def make(home):
            change = await made(home, "70151", billing_code="Remote Support")
            become(home, change, "conflict", detail=to_json(CONFLICT))
            return Conflict(changes(home)[change])

        async def before(pilot):
            await dialog(make)(pilot)
            await pilot.press("left", "enter")

        assert picture(look, before=before)

    @SMALL
    def test_conflict_with_a_note(self, picture, look):
        async def make(home):
            change = await made(home, "70101", reply="I call you at three.")
            become(home, change, "conflict", detail=to_json(NEWER))
            return Conflict(changes(home)[change])

        assert picture(look, before=dialog(make))

    @LOOKS
    def test_outbox(self, picture, look):
        """A change in every state; the refused one in the PSA's words."""

        async def before(pilot):
            home = pilot.app.home
            await full_outbox(home)
            for _ in range(6):  # more than fit at 80x24
                become(home, await made(home, "70160", billing_code="Travel"), "undone")
            pilot.app.saved.publish(Saved())
            await pilot.press("O", "j", "j", "j")

        assert picture(look, before=before)

    @LOOKS
    def test_trouble(self, picture, look):
        async def before(pilot):
            await full_outbox(pilot.app.home)
            _state(pilot, error_kind="unauthorized", error="the key was refused", hint="Make a new key.",
                   since_down=small_day.at("26 13:05"))  # fmt: skip
            await pilot.press("exclamation_mark")

        assert picture(look, before=before)


def end_of_day(**state):
    """`E`, and the answer."""

    async def before(pilot):
        if state:
            _state(pilot, **state)
        pilot.app.engine.start()
        await pilot.press("E")
        screen = pilot.app.screen
        await until(pilot, lambda: screen._verdict is not None, "answered")

    return before


class TestEndOfDay:
    @LOOKS
    def test_not_zero(self, picture, look):
        """Every gate with its rows."""
        assert picture(look, before=end_of_day())

    @LOOKS
    def test_zero(self, picture, look, tmp_path):
        assert picture(look, before=end_of_day(), home=small_day.fill(tmp_path, small_day.TICKETS[-1:]))

    @SIZES
    def test_cannot_tell(self, picture, look, tmp_path):
        """As large as zero, and why."""
        before = end_of_day(error_kind="unreachable", error="no answer", since_down=small_day.at("26 13:05"))
        assert picture(look, before=before, home=small_day.fill(tmp_path, small_day.TICKETS[-1:]))


@LOOKS
def test_ask(picture, look):
    """Quitting with a mail held."""

    async def before(pilot):
        await made(pilot.app.home, "70101", reply="Hi Ann, I call you at three.")
        await pilot.press("q")

    assert picture(look, before=before)


@LOOKS
def test_why(picture, look):
    assert picture(look, "j", "i")


@LOOKS
def test_fields(picture, look):
    """The missing ones first, each with its value now."""
    assert picture(look, "2", "e", "down")


@LOOKS
def test_a_ticket_of_no_list(picture, look):
    """To read only: why it is not mine stands above."""

    async def make(home):
        return Look(view(home, "70090"))

    assert picture(look, before=dialog(make))


@LOOKS
def test_undo_list(picture, look):
    async def before(pilot):
        await full_outbox(pilot.app.home)
        await pilot.press("U", "down")

    assert picture(look, before=before)


def _state(pilot, **values):
    with Databases.open(pilot.app.home, now=small_day.NOW) as databases, databases.cache.begin() as cache:
        set_state(cache, "acme", **values)
    pilot.app.saved.publish(Saved())
