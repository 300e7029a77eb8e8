"""Panes of further kinds: they are there when one of their kinds is on, and the one key fixes there too."""

from __future__ import annotations

import msgspec
import pytest

from store.rules.catalogue import BY_NAME
from store.saved_panes import SavedPane
from store.settings import CustomRule, KindRule, Rules
from tests.tui import small_day
from tests.tui.pictures import LOOKS
from tests.tui.screen import make_app, painted, press, settle, until
from tui.pane_list import panes_of
from tui.screens.confirm import Ask
from tui.screens.picker import Picker

ON = ("unassigned", "stale", "too_old", "undocumented", "unlogged", "project_in_disguise", "children_open")


def on(*kinds: str, gate: bool | None = None, **more: object) -> object:
    """The small day's shop, which looks for these kinds too."""
    rules = {
        kind: KindRule(on=True, gate=gate, limits={one.key: one.default for one in BY_NAME[kind].limits})
        for kind in kinds
    }
    vip = CustomRule(
        name="vip", means="Contoso waits.", where="t.company LIKE 'Contoso%' AND NOT t.is_closed"
    )
    own = msgspec.structs.replace(small_day.SETTINGS.rules, kinds=rules, custom=(vip,))
    return msgspec.structs.replace(small_day.SETTINGS, rules=own, **more)


SETTINGS = on(*ON)


class TestPictures:
    @LOOKS
    def test_late(self, picture, look, tmp_path):
        """What kind it is and why, beside each row."""
        home = small_day.fill(tmp_path, settings=SETTINGS)
        assert picture(look, "5", "j", settings=SETTINGS, home=home)

    @LOOKS
    def test_own_rules(self, picture, look, tmp_path):
        home = small_day.fill(tmp_path, settings=SETTINGS)
        assert picture(look, "8", settings=SETTINGS, home=home)

    @LOOKS
    def test_its_fixes(self, picture, look, tmp_path):
        """The reasons, and every way out of them."""
        home = small_day.fill(tmp_path, settings=SETTINGS)
        assert picture(look, "5", "f", settings=SETTINGS, home=home)


class TestWhichThereAre:
    def test_none_without_a_kind_of_theirs(self):
        assert list(panes_of(small_day.SETTINGS)) == ["1", "2", "3", "4", "0"]

    def test_those_of_the_kinds_that_are_on(self):
        assert list(panes_of(SETTINGS)) == ["1", "2", "3", "4", "5", "6", "7", "8", "0"]
        assert panes_of(SETTINGS)["5"].kinds == ("unassigned", "stale", "too_old")

    def test_a_pane_of_ones_own_has_the_digit_that_it_asks_for(self):
        mine = SavedPane(name="VIP", filter="company:acme", key="5")
        panes = panes_of(msgspec.structs.replace(SETTINGS, panes=(mine,)))
        assert panes["5"].name == "VIP" and panes["=Late"].kinds == ("unassigned", "stale", "too_old")


async def test_the_key_that_fixes_offers_the_ways_and_starts_the_one_that_is_chosen(tmp_path):
    home = small_day.fill(tmp_path / "home", settings=SETTINGS)
    app = make_app(home, SETTINGS)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        said = painted(app.queue)
        assert "Stale" in said or "Too old" in said or "Unassigned" in said
        await press(pilot, "f")
        await until(pilot, lambda: isinstance(app.screen, Ask), "the ways")
        await pilot.pause(0.2)
        await press(pilot, "w")
        await until(pilot, lambda: isinstance(app.screen, Picker), "whom to give it to")
        await press(pilot, "escape")
        await until(pilot, lambda: app.screen is app.queue, "back in the queue")


@pytest.mark.parametrize("gate", [False, True])
async def test_their_gate_rows_are_in_the_sum(tmp_path, gate):
    more = {"gates": (*small_day.SETTINGS.gates, "stale")} if gate else {}
    settings = on("stale", gate=gate, **more)
    app = make_app(small_day.fill(tmp_path / "home", settings=settings), settings)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        counts = app.queue.counts
        must, later = counts.of("5")
        assert must + later > 0 and bool(must) == gate
        assert counts.to_zero == sum(counts.of(pane)[0] for pane in ("1", "2", "3", "4", "5"))


def test_the_limits_of_these_settings_are_the_defaults():
    assert Rules().of("stale").limits == SETTINGS.rules.of("stale").limits
