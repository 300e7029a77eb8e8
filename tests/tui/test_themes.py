"""Colours: ours can be read, others get ours made readable, a name that there is not is an error; and none at all."""

from __future__ import annotations

import re

import msgspec
import pytest
from rich.cells import cell_len
from textual.color import Color
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme
from textual.widgets import OptionList

from tests.tui import small_day
from tests.tui.cli_runner import Cli
from tests.tui.dialog_day import made, type_in
from tests.tui.screen import make_app, painted, press, running, settle
from tui import themes
from tui.contrast import FRAME, TEXT, ratio, readable
from tui.messages import Saved
from tui.problem import WRONG, Problem

TEXTS = ("primary", "secondary", "accent", "warning", "error", "success", "foreground")
OTHERS = [name for name in themes.names() if name not in {theme.name for theme in themes.OURS}]


def colours(theme: Theme) -> dict[str, Color]:
    """What a theme's names stand for on the screen, our own names too."""
    made = theme.to_color_system().generate() | themes.ours_for(theme) | theme.variables
    return {name: Color.parse(value) for name, value in made.items() if re.fullmatch("#[0-9A-Fa-f]+", value)}


def test_the_ratio_is_the_one_of_wcag():
    black, white = Color.parse("#000"), Color.parse("#fff")
    assert ratio(black, white) == pytest.approx(21)
    assert ratio(white, white) == 1
    assert ratio(Color.parse("#767676"), white) == pytest.approx(4.54, abs=0.01), "the grey that just passes"


def test_a_colour_is_moved_only_as_far_as_it_must():
    white = Color.parse("#fff")
    good, bad = Color.parse("#333"), Color.parse("#ddd")
    assert readable(good, [white]) == good
    assert TEXT <= ratio(readable(bad, [white]), white) < 6


@pytest.mark.parametrize("theme", themes.OURS, ids=lambda theme: theme.name)
def test_our_text_can_be_read_on_every_ground_that_it_stands_on(theme):
    known = colours(theme)
    grounds = [known[name] for name in ("background", "surface", "panel", "cursor")]
    for name in (*TEXTS, *theme.variables):
        if name in ("cursor", "frame"):
            continue
        for ground in grounds:
            assert ratio(known[name], ground) >= TEXT, (theme.name, name, ground.hex)
    for ground in grounds[:2]:
        assert ratio(known["frame"], ground) >= FRAME, (theme.name, ground.hex)
    assert ratio(known["background"], known["warning"]) >= TEXT, "DEMO, and a newer note's line"


def test_high_contrast_is_that():
    known = colours(themes.CONTRAST)
    for name in (*TEXTS, "quiet", "must", "public", "internal", "customer", "frame-title"):
        assert ratio(known[name], known["background"]) >= 7, name  # WCAG 1.4.6
    assert ratio(known["frame"], known["background"]) >= TEXT


@pytest.mark.parametrize("name", OTHERS)
def test_our_own_colours_can_be_read_in_textuals_themes(name):
    known = colours(BUILTIN_THEMES[name])
    for ours in ("frame-title", "quiet", "must", "public", "internal", "customer"):
        for ground in ("background", "surface", "panel"):
            assert ratio(known[ours], known[ground]) >= TEXT, (ours, ground)
    assert ratio(known["frame"], known["background"]) >= FRAME


@pytest.mark.parametrize("name", ["deskzero-light", "deskzero-contrast", "nord", "solarized-light"])
async def test_the_settings_choose(tmp_path, name):
    settings = msgspec.structs.replace(small_day.SETTINGS, theme=name)
    async with running(tmp_path, settings=settings) as (pilot, screen):
        assert pilot.app.theme == name
        assert "to zero" in painted(screen)


async def test_the_palette_changes_it_for_the_session_and_says_how_it_stays(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await press(pilot, "colon")
        await type_in(pilot, "deskzero-contrast")
        await press(pilot, "enter")
        assert pilot.app.theme == "deskzero-contrast"
        text = " ".join(painted(screen).split())
        assert 'To keep them: theme = "deskzero-contrast" in' in text


def test_a_theme_that_there_is_not_is_an_error_with_all_names(tmp_path):
    with pytest.raises(Problem, match='theme: there is no theme "deskzero-drak"') as caught:
        themes.check("deskzero-drak", tmp_path / "config.toml")
    assert 'Did you mean "deskzero-dark"?' in caught.value.hint
    for name in themes.names():
        assert name in caught.value.hint
    assert caught.value.code == WRONG
    for name in ("", *themes.names()):
        themes.check(name, tmp_path)


def test_doctor_says_so_and_what_of_the_keys_cannot_be(empty: Cli):
    empty.home.mkdir(parents=True, exist_ok=True)
    text = 'theme = "nope"\n[keys]\nqueue.fix = "b"\nqueue.note = "F6"\n'
    (empty.home / "config.toml").write_text(text, encoding="utf-8")
    done = empty.run("doctor")
    words = " ".join(done.out.split())
    assert 'theme: there is no theme "nope"' in words
    assert "line 3, [keys] queue.fix = b: b is queue.code" in words
    assert "queue.note" in words
    assert done.code != 0


def unreadable(screen: Screen[object], box: str | None) -> list[str]:
    """What is painted with too little contrast, inside the box of a dialog where there is one."""
    region = screen.size.region if box is None else screen.query_one(box).region
    found = []
    for y, strip in enumerate(screen._compositor.render_strips()):
        x = 0
        for text, style, _ in strip:
            inside = region.contains(x, y)
            x += cell_len(text)
            words = re.sub("[\\s\u2500-\u259f]", "", text)
            if not inside or not words or style is None or style.color is None or style.bgcolor is None:
                continue
            front, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            front = front.blend(ground, 0.5) if style.dim else front  # as Textual paints dim text
            if ratio(front, ground) < TEXT - 0.05:  # rounding of mixed colours
                found.append(f"{text!r} {front.hex} on {ground.hex}: {ratio(front, ground):.1f}")
    return found


@pytest.mark.parametrize("theme", themes.OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize(
    ("keys", "box"),
    [
        (("1",), None),
        (("4", "j"), None),
        (("0", "space"), None),
        (("enter",), None),
        (("4", "b"), "#box"),
        (("4", "b", "down"), "#box"),
        (("question_mark",), "#box"),
        (("colon",), "#box"),
        (("O",), "#box"),
        (("i",), "#box"),
        (("r",), "#frame"),
        (("slash",), None),
        (("x",), "#box"),
        (("h",), "#box"),
        (("E",), "#box"),
    ],
)
async def test_whatever_is_painted_can_be_read(tmp_path, theme, keys, box):
    settings = msgspec.structs.replace(small_day.SETTINGS, theme=theme.name)
    async with running(tmp_path, settings=settings) as (pilot, _):
        await press(pilot, *keys)
        assert not unreadable(pilot.app.screen, box)


class TestWithoutColour:
    """NO_COLOR: every state is a sign or a word. Rule 7 too: PUBLIC and INTERNAL differ by word and frame."""

    @pytest.fixture(autouse=True)
    def no_colour(self, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")

    async def test_rows_and_panes(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            assert pilot.app.has_class("-plain")
            lines = painted(screen).splitlines()
            assert any("▌" in line and "●" in line and "#" in line for line in lines), "cursor and must"
            assert any("▌1 Responded" in line for line in lines), "the pane that is open"
            await press(pilot, "4")
            rows = [line for line in painted(screen).splitlines() if "#7" in line]
            assert any("●" in line for line in rows)
            assert any("●" not in line for line in rows), "what counts is told from what does not"

    async def test_marks_changes_and_mails(self, tmp_path):
        async with running(tmp_path) as (pilot, screen):
            await press(pilot, "space")
            assert " + " in painted(screen) or "+●" in painted(screen)
            assert "1 MARKED" in painted(screen)
            await press(pilot, "escape")
            await made(pilot.app.home, "70101", reply="Hi Ann, I call you at three.")
            pilot.app.saved.publish(Saved())
            await settle(pilot)
            assert "✉ 1 held" in painted(screen)

    async def test_public_and_internal(self, tmp_path):
        async with running(tmp_path) as (pilot, _):
            await press(pilot, "r")
            public = painted(pilot.app.screen)
            assert "PUBLIC: the customer reads this" in public
            assert "┏" in public
            await press(pilot, "escape", "n")
            internal = painted(pilot.app.screen)
            assert "INTERNAL: only colleagues read this" in internal
            assert "╭" in internal
            assert "┏" not in internal

    async def test_the_line_chosen_in_a_dialog(self, tmp_path):
        app = make_app(small_day.fill(tmp_path))
        async with app.run_test() as pilot:
            await settle(pilot)
            await press(pilot, "4", "b", "down")

            options = app.screen.query_one(OptionList)
            style = options.get_component_styles("option-list--option-highlighted").text_style
            assert style.bold
            assert style.underline
