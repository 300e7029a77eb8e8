"""A report whose every text is hostile, for the tests of what it is written out as."""

from __future__ import annotations

from store.measures.section import Figure, Report, Section, Table, Trend

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[click](javascript:alert(1)) ![x](http://evil.example/p.png)",
    "http://evil.example www.evil.example a@evil.example",
    "| a | b |\n\n# head\n- item\n1. one\n```\ncode",
    "</style></title></svg><svg onload=alert(1)>",
    "&lt;b&gt; &amp; {{ 7*7 }} ${x} `x` *x* _x_ ~~x~~",
    "\x1b[31mred\x1b[0m \u202eevil\u202c \x00 \ud800",
    "مطعم السلام",
)
NOON = 1_795_780_800


def hostile_report() -> Report:
    """Every field of every part holds every hostile text."""
    everything = " ".join(HOSTILE)
    table = Table(
        (everything, "Count"),
        tuple((text, "7") for text in HOSTILE),
        title=everything,
        numbers=frozenset({1}),
    )
    days = tuple(f"2026-11-{day:02}" for day in range(20, 27))
    trends = (
        Trend(everything, days, (None, 0, 3, 9, 2, 2, 1), everything),
        Trend("one day", days[:1], (4,)),
        Trend("nothing known", days, (None,) * 7),
        Trend("nothing there", days, (0,) * 7),
        Trend("with a gap", days, (1, None, 12, 30, None, 47, 47)),
    )
    section = Section(
        key="fixed",
        title=everything,
        lines=(everything, *HOSTILE),
        figures=(Figure(everything, everything, everything), Figure("plain", "3")),
        tables=(table,),
        trends=trends,
        data={"text": everything},
    )
    return Report(
        begins=NOON - 7 * 86400,
        ends=NOON,
        made_at=NOON,
        timezone="Europe/Berlin",
        connections=(everything,),
        names=False,
        sections=(section, Section(key="next", title="Next")),
    )
