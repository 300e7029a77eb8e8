"""How it goes, in lines: a sparkline a kind, what leaks and what was got back, with what that rests on."""

from __future__ import annotations

from textual.content import Content

from connectors.text import clean
from store.measures.glance import DAYS, Glance, KindTrend
from store.measures.leak import Leak, Sum
from tui.sparkline import sparkline, spoken_trend
from tui.story import kind_words
from tui.text import fit

_NAME = 19
_COMPANIES = 5


def glance_lines(found: Glance, *, width: int, spoken: bool) -> list[Content]:
    """Lines of at most so many cells, where nothing foreign is longer. `spoken`: words in place of blocks."""
    lines = [Content.styled(f"Open at each day's end, {DAYS} days up to now", "bold")]
    lines += [_trend(one, width, spoken=spoken) for one in found.trends]
    if not found.trends:
        lines.append(Content.styled("Nothing was seen in this time.", "$quiet"))
    if found.leak is not None:
        lines += [Content(""), *_leak(found.leak)]
    return lines


def _trend(one: KindTrend, width: int, *, spoken: bool) -> Content:
    now = next((count for count in reversed(one.open) if count is not None), 0)
    told = f"{now:>4} now, {one.opened} seen, {one.fixed} fixed here, {one.by_itself} gone"
    if spoken:
        return Content(f"{kind_words(one.kind)}: {spoken_trend(one.open)}. {told.strip()}.")
    bars = sparkline(one.open, width=max(4, width - _NAME - len(told) - 2))
    return Content.assemble(fit(kind_words(one.kind), _NAME), " ", (bars, "$accent"), " ", told)


def _leak(found: Leak) -> list[Content]:
    lines = [
        Content.styled(
            f"Leaks: {_worth(found.total, found.currency)} unbilled, uncoded or out of scope", "bold"
        ),
        Content(f"  got back today: {_worth(found.recovered, found.currency)}"),
    ]
    if found.under_way.hours:
        lines.append(Content(f"  on its way to the PSA: {_worth(found.under_way, found.currency)}"))
    for one in found.by_company[:_COMPANIES]:
        lines.append(
            Content(f"  {fit(clean(one.name) or 'no company', _NAME)} {_worth(one, found.currency)}")
        )
    if len(found.by_company) > _COMPANIES:
        lines.append(Content(f"  and {len(found.by_company) - _COMPANIES} more companies"))
    lines += [Content.styled(f"  {clean(sentence)}", "$quiet") for sentence in found.rests_on]
    lines += [Content.styled(f"  not in it: {clean(sentence)}", "$quiet") for sentence in found.unknown]
    return lines


def _worth(of: Sum, currency: str) -> str:
    """`1.50 h, 180.00 USD`; hours alone where no rate is known."""
    amount = "" if of.amount is None else f", {of.amount:,.2f} {clean(currency)}".rstrip()
    return f"{of.hours:.2f} h{amount}"
