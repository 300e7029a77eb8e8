"""How it goes: a sparkline a kind, what leaks; in plain mode words."""

from __future__ import annotations

from decimal import Decimal

from textual.widgets import Static

from store.measures.glance import Glance, KindTrend
from store.measures.leak import Leak, Sum
from tests.tui.screen import running, settle, until
from tui.glance_words import glance_lines
from tui.screens.story import Story


def trend(*counts: int | None, kind: str = "stale") -> KindTrend:
    return KindTrend(kind=kind, open=counts, opened=7, fixed=3, by_itself=2)


def leak(**more: object) -> Leak:
    usual = {
        "currency": "USD",
        "total": Sum(hours=Decimal("1.5"), amount=Decimal(180)),
        "by_ticket": (),
        "by_company": (Sum(name="Acme", hours=Decimal("1.5"), amount=Decimal(180)),),
        "by_week": (),
        "pieces": (),
        "recovered": Sum(hours=Decimal(1), amount=Decimal(120)),
        "under_way": Sum(),
        "in_progress": (),
        "rests_on": ("1.50 h by the rate of [money]: 180.00 USD.",),
        "unknown": ("acme: its API does not tell invoices.",),
    }
    return Leak(**(usual | more))  # type: ignore[arg-type]


def test_every_line_of_figures_fits_a_narrow_screen_and_blocks_are_as_many_as_there_is_room() -> None:
    found = Glance((trend(*[None] * 10, *range(20)),), None)
    for width in (70, 102):
        (line,) = glance_lines(found, width=width, spoken=False)[1:]
        assert line.cell_length <= width
        assert "19 now, 7 seen, 3 fixed here, 2 gone" in line.plain and "█" in line.plain


def test_a_screen_reader_hears_words() -> None:
    (line,) = glance_lines(Glance((trend(1, 4, 2),), None), width=70, spoken=True)[1:]
    assert line.plain == "Stale: from 1 to 2 in 3 days, highest 4. 2 now, 7 seen, 3 fixed here, 2 gone."


def test_what_leaks_is_hours_and_money_with_what_it_rests_on_and_what_is_not_in_it() -> None:
    said = [line.plain for line in glance_lines(Glance((), leak()), width=70, spoken=False)]
    assert "Leaks: 1.50 h, 180.00 USD unbilled, uncoded or out of scope" in said
    assert "  got back today: 1.00 h, 120.00 USD" in said
    assert "  1.50 h by the rate of [money]: 180.00 USD." in said
    assert "  not in it: acme: its API does not tell invoices." in said
    hours = leak(currency="", total=Sum(hours=Decimal(2), without_rate=Decimal(2)))
    (first,) = [
        line.plain
        for line in glance_lines(Glance((), hours), width=70, spoken=False)
        if "Leaks" in line.plain
    ]
    assert first == "Leaks: 2.00 h unbilled, uncoded or out of scope"


async def test_a_key_shows_it_from_the_first_line_on(tmp_path):
    async with running(tmp_path) as (pilot, screen):
        await pilot.press("M")
        await until(pilot, lambda: isinstance(screen.app.screen, Story), "how it goes")
        await settle(pilot)
        said = str(screen.app.screen.query_one("#lines", Static).visual)
        assert "Open at each day's end" in said.splitlines()[0] and "Leaks: " in said
