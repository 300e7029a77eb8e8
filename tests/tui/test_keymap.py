"""Other keys: what may be wanted, what becomes of it on the screen, what is said of the rest."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Static

from store.key_settings import KeyWish
from store.settings import SettingsError, parse
from tests import keys_page
from tests.tui import small_day
from tests.tui.dialog_day import ask, prepared, type_in, view
from tests.tui.screen import painted, press, running
from tui import keymap
from tui.key_tables import tables
from tui.key_wishes import keymap_of
from tui.keyboard import SAME_KEY
from tui.keys import QUEUE
from tui.screens.confirm import Ask
from tui.screens.help import DialogHelp, Help
from tui.screens.palette import Palette
from tui.screens.picker import Picker
from tui.screens.review import Review

PATH = Path("config.toml")
TUI = Path(keymap.__file__).parent


@pytest.fixture(autouse=True)
def own_keys() -> Iterator[None]:
    """Each test begins and ends with the keys that deskzero comes with."""
    keymap.use(keymap.Keymap())
    yield
    keymap.use(keymap.Keymap())


def wish(id: str, *keys: str) -> KeyWish:
    return KeyWish(id=id, keys=keys, line=7)


def with_keys(*wishes: KeyWish):
    return msgspec.structs.replace(small_day.SETTINGS, keys=wishes)


class TestSettings:
    def test_ids_may_be_written_with_and_without_quotes_and_each_knows_its_line(self):
        text = '[keys]\nqueue.fix = "x"\n"queue.undo" = ["F5", "z"]\n\n[keys.review]\nsend = "s"\n'
        assert parse(text, PATH).keys == (
            KeyWish(id="queue.fix", keys=("x",), line=2),
            KeyWish(id="queue.undo", keys=("F5", "z"), line=3),
            KeyWish(id="review.send", keys=("s",), line=6),
        )

    @pytest.mark.parametrize("value", ["5", '["x", 5]', "true"])
    def test_what_is_no_key_at_all_is_an_error_of_the_file(self, value):
        with pytest.raises(SettingsError, match=r"\[keys\] queue.fix: a key"):
            parse(f"[keys]\nqueue.fix = {value}\n", PATH)

    @pytest.mark.parametrize("value", ['""', "[]", '["x", ""]'])
    def test_no_key_is_no_way_to_take_an_action_away(self, value):
        with pytest.raises(SettingsError, match="not an empty one"):
            parse(f"[keys]\nqueue.fix = {value}\n", PATH)


class TestNames:
    @pytest.mark.parametrize(
        ("typed", "name", "written"),
        [
            ("f", "f", "f"),
            ("F", "F", "F"),
            ("?", "question_mark", "?"),
            ("/", "slash", "/"),
            ("+", "plus", "+"),
            (",", "comma", ","),
            ("ö", "ö", "ö"),
            (" ", "space", "Space"),
            ("Esc", "escape", "Esc"),
            ("PgUp", "pageup", "PgUp"),
            ("ctrl+s", "ctrl+s", "Ctrl+S"),
            ("F5", "f5", "F5"),
            ("shift+a", "A", "A"),
            ("Shift+Down", "shift+down", "Shift+↓"),
            ("question_mark", "question_mark", "?"),
        ],
    )
    def test_a_key_as_people_write_it(self, typed, name, written):
        assert keymap.key_name(typed) == name
        assert keymap.written(name) == written

    @pytest.mark.parametrize("typed", ["", "foo", "alt+j", "F99", "ctrl+", "ctrl+ctrl+a", "\x1b", "<ignore>"])
    def test_what_is_no_key(self, typed):
        assert keymap.key_name(typed) is None

    def test_every_key_of_ours_is_read_as_it_is_written(self):
        for table in tables():
            for action in table.actions:
                for key in action.default:
                    back = {"S-Tab": "shift+tab"}.get(keymap.written(key), keymap.written(key))
                    assert keymap.key_name(back) == key, action


class TestWhatFits:
    def test_a_free_key(self):
        found = keymap_of([wish("queue.fix", "l"), wish("review.send", "s")])
        assert found.changed == {"queue.fix": ("l",), "review.send": ("s",)}
        assert not found.problems

    def test_two_that_change_places(self):
        found = keymap_of([wish("queue.fix", "b"), wish("queue.code", "f")])
        assert found.changed == {"queue.fix": ("b",), "queue.code": ("f",)}
        assert not found.problems

    def test_a_key_that_has_its_action_is_left_to_it_and_both_are_named_with_the_line(self):
        found = keymap_of([wish("queue.fix", "b"), wish("queue.note", "F6")])
        assert found.changed == {"queue.note": ("f6",)}
        (said,) = found.problems
        assert "line 7, [keys] queue.fix = b: b is queue.code (Set the billing code) too" in said
        assert "queue.fix stays on f." in said

    def test_two_wishes_for_one_key_both_stay(self):
        found = keymap_of([wish("queue.fix", "F6"), wish("queue.code", "F6")])
        assert not found.changed
        (said,) = found.problems
        assert "queue.code" in said
        assert "queue.fix stays on f. queue.code stays on b." in said

    def test_one_that_goes_back_takes_its_key_from_the_one_that_had_taken_it(self):
        found = keymap_of([wish("queue.fix", "b"), wish("queue.note", "f")])
        assert not found.changed, "fix cannot be b, so f is not free"
        assert len(found.problems) == 2

    def test_the_same_key_in_two_places_is_no_conflict(self):
        assert not keymap_of([wish("review.send", "b")]).problems

    @pytest.mark.parametrize(
        ("one", "says"),
        [
            (wish("queue.fx", "x"), 'there is no such action. Did you mean "queue.fix"?'),
            (wish("queue.fix", "nope"), '"nope" is not a key that can be used'),
            (wish("queue.fix", "alt+f"), "a terminal sends Alt as Esc and the letter"),
            (wish("queue.fix", "ctrl+i"), "in a terminal Ctrl+I is Tab"),
            (wish("queue.sync", "ctrl+q"), "Ctrl+Q is"),
            (wish("picker.next", "x"), "x is text there"),
            (wish("dialog.cancel", "x"), "x is text in pickers and editors"),
        ],
    )
    def test_what_cannot_be_is_said(self, one, says):
        found = keymap_of([one])
        assert not found.changed
        assert says in found.problems[0]

    @pytest.mark.parametrize(
        "id", ["queue.fix", "queue.undo", "review.send", "together.yes", "outbox.again", "ask.y"]
    )
    @pytest.mark.parametrize("key", ["Enter", "Esc", "S"])
    def test_enter_esc_and_capitals_write_nothing_whatever_the_settings_say(self, id, key):
        """Rules 1 and 2."""
        found = keymap_of([wish(id, key)])
        assert not found.changed
        assert "never writes" in found.problems[0]

    def test_foreign_characters_in_the_settings_do_not_reach_the_terminal(self):
        (said,) = keymap_of([wish("queue.\x1b]0;x\x07", "\x1b[2J")]).problems
        assert "\x1b" not in said

    def test_without_wishes_no_dialog_is_loaded(self):
        import subprocess
        import sys

        code = (
            "import sys; from tui.key_wishes import keymap_of; import tui.app; keymap_of(());"
            "sys.exit('tui.screens.review' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestOnTheScreen:
    async def test_the_new_key_acts_the_old_one_does_not_and_every_word_follows(self, tmp_path):
        settings = with_keys(
            wish("queue.code", "l"), wish("queue.help", "F6"), wish("dialog.cancel", "Esc", "F7")
        )
        async with running(tmp_path, settings=settings) as (pilot, screen):
            await press(pilot, "4")
            assert "l code" in painted(screen)
            assert "F6 all keys" in painted(screen)
            await press(pilot, "b")
            assert pilot.app.screen is screen, "the old key does nothing"
            await press(pilot, "l")
            assert isinstance(pilot.app.screen, Picker)
            await press(pilot, "f7")
            assert pilot.app.screen is screen
            await press(pilot, "f6")
            assert isinstance(pilot.app.screen, Help)
            await type_in(pilot, "billing code")
            assert re.search(r"l +Set the billing code", painted(pilot.app.screen))
            await press(pilot, "escape", "colon")
            assert isinstance(pilot.app.screen, Palette)
            assert next(item.detail for item in pilot.app.screen._items if item.value == "code") == "l"

    async def test_what_cannot_be_done_is_said_when_the_screen_opens(self, tmp_path):
        settings = with_keys(wish("queue.fix", "b"), wish("queue.fx", "x"))
        async with running(tmp_path, settings=settings) as (pilot, screen):
            text = " ".join(painted(screen).split())
            assert "config.toml, line 7, [keys] queue.fx = x: there is no such action." in text
            assert "1 more: `deskzero doctor` lists them." in text
            await press(pilot, "4", "b")
            assert "Billing code" in painted(pilot.app.screen), "b is what it was"

    async def test_a_review_is_sent_with_the_key_that_it_shows(self, tmp_path):
        settings = with_keys(wish("review.send", "s"), wish("review.edit", "x"))
        async with running(tmp_path, settings=settings) as (pilot, _):
            home = pilot.app.home
            fix = await prepared(home, "70101", reply="Hi Ann")
            one = await ask(pilot, Review(view(home, "70101"), fix, side="reply"))
            assert "s send, 10 s to take back · x edit · " in one.text
            await one.press("y")
            assert one.open
            await one.press("s")
            assert one.answers == ["send"]

    async def test_the_answers_of_questions_follow_too(self, tmp_path):
        settings = with_keys(wish("ask.y", "j"), wish("queue.reply", "l"))
        async with running(tmp_path, settings=settings) as (pilot, _):
            one = await ask(
                pilot, Ask("?", "!", [("y", "yes", True), ("r", "reply", "reply"), ("n", "no", 0)])
            )
            assert " j " in one.text
            await one.press("y", "r")
            assert one.open
            await one.press("l")
            assert one.answers == ["reply"], "what a key of the queue does has that key"
            one = await ask(pilot, Ask("?", "!", [("y", "yes", True), ("j", "later", False)]))
            await one.press("y")
            assert one.answers == [True], "two on one key: all have their own letters"

    async def test_a_bounce_of_the_new_writing_key_counts_once_and_its_typing_is_kept(self, tmp_path):
        """Rule 5, on remapped keys: `n` moves here, `j` writes a note."""
        settings = with_keys(wish("queue.down", "n"), wish("queue.note", "j"))
        async with running(tmp_path, settings=settings) as (pilot, screen):
            app = pilot.app
            app.keyboard.moving = app._moving()
            assert not app.keyboard.is_repeat("n", 1.0, "list")
            assert not app.keyboard.is_repeat("n", 1.0 + SAME_KEY / 2, "list"), "moving may be held"
            assert not app.keyboard.is_repeat("j", 5.0, "list")
            assert app.keyboard.is_repeat("j", 5.0 + SAME_KEY / 2, "list"), "writing may not"
            assert not app.keyboard.is_paste([("n", True)] * 4, 9.0, "list")
            assert app.keyboard.is_paste([("j", True)] * 4, 20.0, "list")
            row = screen.row
            await press(pilot, "n")
            assert screen.row is not row
            await type_in(pilot, "jhello")
            assert "hello" in painted(app.screen), "what is typed while the editor opens goes into it"

    async def test_in_a_dialog_its_own_keys_move(self, tmp_path):
        settings = with_keys(wish("review.down", "s"))
        async with running(tmp_path, settings=settings) as (pilot, _):
            home = pilot.app.home
            fix = await prepared(home, "70101", reply="Hi Ann")
            await ask(pilot, Review(view(home, "70101"), fix, side="reply"))
            moving = pilot.app._moving()
            assert "s" in moving
            assert not {"y", "e", "D"} & moving

    async def test_each_dialog_shows_its_own_keys(self, tmp_path):
        settings = with_keys(wish("review.send", "s"))
        async with running(tmp_path, settings=settings) as (pilot, _):
            home = pilot.app.home
            fix = await prepared(home, "70101", reply="Hi Ann")
            one = await ask(pilot, Review(view(home, "70101"), fix, side="reply"))
            await one.press("question_mark")
            assert isinstance(pilot.app.screen, DialogHelp)
            assert re.search(r"s +Send", one.text)
            assert "Set the billing code" not in one.text
            await one.press("question_mark")
            assert one.open
            assert one.answers == []

    async def test_where_letters_are_text_f1_does_it(self, tmp_path):
        async with running(tmp_path) as (pilot, _):
            await press(pilot, "4", "b")
            await type_in(pilot, "what?")
            assert isinstance(pilot.app.screen, Picker), "a question mark is text there"
            await press(pilot, "f1")
            assert isinstance(pilot.app.screen, DialogHelp)
            assert "Take what is chosen" in painted(pilot.app.screen)


class TestHelp:
    async def test_typing_looks_for_a_word_or_a_key(self, tmp_path):
        async with running(tmp_path) as (pilot, _):
            one = await ask(pilot, Help())
            await one.type("billing")
            assert "Set the billing code" in one.text
            assert "Hand it to somebody" not in one.text
            for _ in "billing":
                await one.press("backspace")
            await one.type("w")
            assert "Hand it to somebody" in one.text
            assert "Set the billing code" not in one.text
            await one.type("xyz")
            assert "No key does that." in one.text
            await one.press("escape")
            assert not one.open

    async def test_everything_can_be_reached_in_80x24(self, tmp_path):
        async with running(tmp_path, size=(80, 24)) as (pilot, _):
            one = await ask(pilot, Help())
            everything = one.dialog.query_one("#lines", Static).size.height
            seen = one.text
            for _ in range(everything // 12 + 1):
                await one.press("pagedown")
                seen += one.text
            for key in QUEUE:
                assert key.help[:30] in seen, key
            assert "Enter and Esc never write." in seen


def test_every_binding_has_an_id_of_its_own_place():
    for table in tables():
        assert table.name
    missing = [
        f"{path.name}:{call.lineno}"
        for path in sorted(TUI.rglob("*.py"))
        if "connect" not in path.parts  # the guide of `deskzero connect` has fixed keys, said in docs/keys.md
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "Binding"
        and not any(one.arg == "id" for one in call.keywords)
    ]
    assert not missing, f"bindings without an id: {missing}"


def test_no_id_stands_for_two_actions():
    seen: dict[str, str] = {}
    for table in tables():
        for action in table.actions:
            assert seen.setdefault(action.id, action.action) == action.action


def test_every_label_that_is_asked_for_has_a_binding():
    """A message that names a key by an id that nothing has would fail when it is shown."""
    known = {action.id for table in tables() for action in table.actions}
    asked = {
        (path.name, name)
        for path in sorted(TUI.rglob("*.py"))
        for name in re.findall(
            r"""["']((?:queue|dialog|[a-z_]+)\.[a-z_0-9]+)["']""", path.read_text(encoding="utf-8")
        )
        if re.search(rf"labels?\([^)]*['\"]{re.escape(name)}", path.read_text(encoding="utf-8"))
    }
    assert asked
    assert not {one for one in asked if one[1] not in known}


def test_the_page_of_keys_is_what_the_bindings_say():
    text = keys_page.PAGE.read_text(encoding="utf-8")
    assert keys_page.renewed(text) == text, "docs/keys.md is out of date: run `python -m tests.keys_page`"


def test_a_page_without_the_tables_place_is_an_error():
    with pytest.raises(ValueError, match="no place"):
        keys_page.renewed("# Keys\n")
