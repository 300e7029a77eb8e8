"""A rule of the company's own that cannot be used is in sight: no zero of the screen's stands for it."""

from __future__ import annotations

from pathlib import Path

from store.database import Databases
from store.home import Home
from store.read import Reader
from store.rules.evaluate import evaluate
from store.settings import parse
from tests.store import plain_reading as plain
from tests.store import worlds
from tests.store.conftest import NOW
from tests.store.test_rules import ticket
from tui.pane_list import panes_of
from tui.readings import standing_of
from tui.widgets.empty import _not_known

SHOP = """
timezone = "UTC"
[connections.acme]
psa = "connectwise"
url = "https://na.myconnectwise.net"
company = "acme"
client_id = "x"
public_key = "x"
technician = "jdoe"
[rules.missing_fields]
required = []
[[rules.custom]]
name = "endless"
means = "It never ends."
where = "(SELECT count(*) FROM v_ticket a, v_note b, v_note c) >= 0 AND t.nothing = 1"
gate = true
[[rules.custom]]
name = "fine"
means = "It is new."
where = "t.status = 'Newer'"
"""


def test_the_header_cannot_tell_the_trouble_counts_it_and_the_pane_says_why(tmp_path: Path) -> None:
    settings = parse(SHOP, tmp_path / "config.toml")
    with Databases.open(Home.at(tmp_path), now=NOW) as databases:
        world = plain.World(settings, settings.connections["acme"], None, "jdoe", [ticket()], [])
        with databases.cache.begin() as cache:
            worlds.put(cache, world)
        evaluate(databases.cache, databases.journal, settings, now=NOW, connections=["acme"])
        reader = Reader(databases.home, settings, clock=lambda: NOW)
        panes = panes_of(settings)
        counts, standing = standing_of(None, None, tuple(panes.values()), reader)
    assert counts.to_zero == 0 and counts.unsure and standing.unsure
    assert standing.trouble == 1
    assert panes["8"].kinds == ("custom:fine",)
    said = " ".join(_not_known(panes["8"], standing))
    assert "Nothing of what can be known here: fine." in said
    assert 'our rule "endless" (config.toml, line' in said and "switched off" in said
