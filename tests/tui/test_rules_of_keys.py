"""The rules about keys, over all of them: one meaning, no modifier needed, every keyboard, the mouse."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.tui.screen import painted, press, running, settle, until
from tui import keymap
from tui.key_tables import tables
from tui.keys import QUEUE
from tui.screens.help import Help
from tui.screens.queue import QueueScreen
from tui.screens.writing import Writing
from tui.widgets.key_bar import entry_at, key_line

TUI = Path(keymap.__file__).parent
NEEDS = re.compile(r"(ctrl|alt)\+|f\d+$")
"""A key that terminals, editors and multiplexers swallow."""
AS_TEXT = {"writing.snippet": "//"}
"""Has no other key, but something that is typed does it too."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EVERYWHERE = set(LETTERS + LETTERS.upper() + "0123456789")
NAMED = {"enter", "escape", "space", "tab", "shift+tab", "up", "down", "left", "right", "pageup", "pagedown"}
NAMED |= {"home", "end", "shift+up", "shift+down", "backspace", "delete"}
SIGNS = {
    "US": "!@#$%^&*()-_=+[]{}\\|;:'\",.<>/?`~",
    "UK": "!\"$%^&*()-_=+[]{};:'@#~,.<>/?\\|`",
    "German": "!\"$%&/()=?+*#',;.:-_<>",
    "Swiss German": "!\"*%&/()=?+',;.:-_<>$",
    "French": "!\"&'(-_)=,;:.?/%*+$<>",
    "Belgian": "!\"&'()-_=,;:.?/+%*$<>",
    "Spanish": "!\"$%&/()=?'+*,;.:-_<>",
    "Italian": "!\"$%&/()=?'+*,;.:-_<>",
    "Portuguese": "!\"#$%&/()=?'+*,;.:-_<>",
    "Danish": "!\"#%&/()=?+*',;.:-_<>",
    "Swedish": "!\"#%&/()=?+*',;.:-_<>",
    "Turkish": "!'%&/()=?*-_,;.:<>\"",
}
"""Signs with Shift at most, no AltGr, no dead key (US International and Polish are as US, without `' \" ^ ~ ` ` `)."""


class TestRule2:
    """Rule 2: one letter, one meaning; no Ctrl, Alt or F key alone; a capital never writes."""

    def test_in_list_and_ticket_a_key_has_one_action(self):
        taken: dict[str, str] = {}
        for key in QUEUE:
            for name in key.keys:
                assert taken.setdefault(name, key.id) == key.id
        assert not {"d", "l"} & set(taken), "the habits of deleting and of going right stay free"

    def test_the_end_of_day_gives_no_letter_another_meaning(self):
        """The same action, the same movement, or one step back (Rule 2)."""
        same = {"end_of_day.hand_over": "queue.who", "end_of_day.ask": "queue.sync"}
        same |= {"end_of_day.down": "queue.down", "end_of_day.up": "queue.up", "dialog.help": "queue.help"}
        same |= {"dialog.cancel": "queue.back"}
        back = {"q", "E"}  # what opens it or leaves the queue leaves it
        queue = {name: key.id for key in QUEUE for name in key.keys}
        (table,) = (one for one in tables() if one.name == "end_of_day")
        for action in table.actions:
            for name in action.default:
                if name in queue and name not in back and action.place != "app":
                    assert same.get(action.id, action.id.replace("end_of_day.", "queue.")) == queue[name], (
                        action
                    )

    @pytest.mark.parametrize(
        "table", [one for one in tables() if one.name != "ask"], ids=lambda one: one.name
    )
    def test_in_each_dialog_a_key_has_one_action(self, table):
        taken: dict[str, str] = {}
        for action in table.actions:
            for name in action.default:
                mine = action.action if action.place != "app" else ""
                if mine:
                    assert taken.setdefault(name, mine) == mine, (table.name, name)

    def test_nothing_needs_ctrl_alt_or_a_function_key(self):
        leaving = {
            "app.quit",
            "app.how_to_quit",
            "app.nothing",
        }  # taken over from Textual, beside our own `q`
        for table in tables():
            plain = {one.action for one in table.actions for key in one.default if not NEEDS.match(key)}
            for action in table.actions:
                assert action.action in plain or action.id in leaving | set(AS_TEXT), action

    def test_a_capital_never_writes_by_itself(self):
        for key in QUEUE:
            capitals = [name for name in key.keys if len(name) == 1 and name.isupper()]
            assert not (capitals and key.writes), key
        asks = {"review.discard", "outbox.drop"}  # "(asks)" stands in their words, and a question follows
        for table in tables():
            for action in table.actions:
                if action.id in asks:
                    assert "asks" in action.words
                elif any(len(name) == 1 and name.isupper() for name in action.default):
                    writes = ("answer", "yes", "again", "take_back", "drop", "discard", "send", "submit")
                    assert not action.action.startswith(writes), action

    async def test_textuals_own_three_are_taken_over(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await press(pilot, "ctrl+c")
            assert "q quits." in painted(screen)
            await press(pilot, "ctrl+p")
            assert pilot.app.screen is screen
            await press(pilot, "question_mark", "ctrl+q")
            assert pilot.app.screen is screen, "in a dialog one step back"
            await press(pilot, "j", "ctrl+q")
            assert pilot.app.return_code == 0, "and it takes the way of q"

    @pytest.mark.parametrize("key", ["d", "l"])
    async def test_delete_habits_do_nothing(self, key, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            before = painted(screen)
            await press(pilot, key, key.upper() if key == "d" else key)
            assert painted(screen) == before


@pytest.mark.parametrize("layout", SIGNS)
def test_every_key_can_be_typed_without_altgr_and_without_a_dead_key(layout):
    """On German keyboards `@ \\ [ ] { } ~ |` are AltGr and `^ `` are dead; others differ."""
    can = EVERYWHERE | set(SIGNS[layout])
    for table in tables():
        for action in table.actions:
            same = [one for one in table.actions if one.action == action.action]  # Ctrl+S beside Esc
            keys = [*(key for one in same for key in one.default), *AS_TEXT.get(action.id, "")]
            assert action.place == "app" or any(key in NAMED or keymap.written(key) in can for key in keys), (
                action
            )


class TestMouse:
    def test_an_entry_is_where_it_is_painted(self):
        entries = (("f", "fix"), ("r", "reply"), ("?", "all keys"))
        line = key_line(entries, 40).plain
        for entry in entries:
            start = line.index(f" {entry[0]} {entry[1]}")
            assert entry_at(entries, 40, start) == entry
            assert entry_at(entries, 40, start + len(entry[1])) == entry
        assert entry_at(entries, 40, 20) is None, "between them is nothing"

    async def click(self, pilot, screen: QueueScreen, words: str, *, opens: type, times: int = 1) -> None:
        x = screen.bar.render().plain.index(words)
        await pilot.click(screen.bar, offset=(x, 0), times=times)
        await until(pilot, lambda: isinstance(pilot.app.screen, opens), f"{words} opens it")
        await settle(pilot)

    async def test_a_click_on_the_bar_is_its_key(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await self.click(pilot, screen, "? all keys", opens=Help)
            await press(pilot, "escape")
            await self.click(pilot, screen, "r reply", opens=Writing)
            assert "PUBLIC: the customer reads this" in painted(pilot.app.screen)

    async def test_a_click_acts_on_the_list_also_while_a_filter_is_typed(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await press(pilot, "slash", "a")
            await self.click(pilot, screen, "? all keys", opens=Help)
            assert screen.filter == "a", "it was no text"

    async def test_two_clicks_are_one_act(self, tmp_path):
        """Rule 5."""
        async with running(tmp_path) as (pilot, screen):
            await self.click(pilot, screen, "r reply", opens=Writing, times=2)
            assert len(pilot.app.screen_stack) == 2

    async def test_panes_and_rows(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            place = next(y for y, (pane, _) in enumerate(screen.panes._lines()) if pane == "4")
            await pilot.click(screen.panes, offset=(5, place))
            await settle(pilot)
            assert screen.pane == "4"
            await pilot.click(screen.list, offset=(10, 1))
            await settle(pilot)
            assert screen.list.cursor == 1
            await pilot.click(screen.list, offset=(10, 1), times=2)
            await settle(pilot)
            assert screen.has_class("-ticket")


def test_no_sentence_names_a_key_by_itself():
    """Keys can be changed: a sentence takes its key from `tui.keymap.label`, a test finds those that do not."""
    names = r"(?:^|[·(.:;,!?] )(?:[b-zB-HJ-Z!*]|Esc|PgUp|PgDn|S-Tab|j k|J K) [a-z]{2,}"
    found = []
    for path in sorted(TUI.rglob("*.py")):
        if {"connect", "commands"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        loose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{path.name}:{node.lineno}: {node.value!r}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | loose
            if re.search(names, node.value)
        ]
    assert not found, 'write f"{label(\'queue.undo\')} undo", not "u undo": ' + "; ".join(found)
