"""`[hours]` and `[connections.<name>.hours]`: when a shop is open, as people write it."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

from store.business_time import Hours, Span
from store.toml_table import Table, meant, near

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WEEK = 'days and times such as "Mon-Fri 09:00-17:00" or "Sat,Sun 10:00-12:00,13:00-15:00"'
_TIMES = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")
_HOLIDAY = 'a date such as "2026-12-25", or "12-25" for every year'
_COUNTRY = "a country's code such as US, or none"


def read_hours(table: Table, zone: str, general: Hours | None = None) -> Hours:
    """The hours in `zone` (IANA name) that a table gives. Keys that it does not give are as in `general`.

    `region` belongs to its country: with a `country` of its own a table has no region but its own.
    Raises `SettingsError`.
    """
    base = general or Hours()
    week = _week(table) if "week" in table.data else base.week
    own = table.texts("holidays", base.holidays)
    country, region = _public(table, base)
    table.known.append("week")
    table.finish()
    for day in own:
        if not _is_day(day):
            raise table.error("holidays", f'{_HOLIDAY} is expected, not "{day}"')
    try:
        return Hours(week=week, holidays=own, country=country, region=region, zone=zone)
    except ValueError as error:  # the spans of a day were looked at: what is left is never open
        key = "holidays" if any(week) else "week"
        raise table.error(
            key, f"never open: {error}", f"Write {_WEEK} in week, fewer days in holidays."
        ) from None


def _week(table: Table) -> tuple[tuple[Span, ...], ...]:
    days: list[list[Span]] = [[] for _ in DAYS]
    for entry in table.texts("week"):
        for day, spans in _entry(table, entry):
            days[day].extend(spans)
    for name, spans in zip(DAYS, days, strict=True):
        spans.sort()
        for (_, end), (begin, _) in pairwise(spans):
            if begin < end:
                problem = f"{name} is given twice: {_said(begin)} is before {_said(end)}"
                raise table.error("week", problem, f"Write each time of {name} once.")
    return tuple(tuple(spans) for spans in days)


def _entry(table: Table, entry: str) -> list[tuple[int, list[Span]]]:
    """`Mon-Fri,Sun 09:00-12:00,13:00-17:00`: the spans of each of its days."""
    words = re.sub(r"\s*([-,])\s*", r"\1", entry.replace("–", "-")).split()
    if len(words) != 2:
        raise table.error("week", f'{_WEEK} is expected, not "{entry}"')
    spans = [_span(table, entry, text) for text in words[1].split(",")]
    return [(day, spans) for part in words[0].split(",") for day in _days(table, part)]


def _days(table: Table, text: str) -> list[int]:
    first, dash, last = text.partition("-")
    begin = _day(table, first)
    end = _day(table, last) if dash else begin
    return [day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)]


def _day(table: Table, text: str) -> int:
    for place, name in enumerate(DAYS):
        if name.casefold() == text.casefold():
            return place
    raise table.error("week", f'{_WEEK} is expected: "{text}" is no day', meant(text, DAYS))


def _span(table: Table, entry: str, text: str) -> Span:
    found = _TIMES.fullmatch(text)
    if found is None:
        raise table.error("week", f'{_WEEK} is expected, not "{entry}"')
    hours, minutes = (int(found[1]), int(found[3])), (int(found[2]), int(found[4]))
    begin, end = (hour * 60 + minute for hour, minute in zip(hours, minutes, strict=True))
    if max(minutes) > 59 or end > 24 * 60:
        raise table.error("week", f'a time from 00:00 to 24:00 is expected, not "{text}"')
    if begin >= end:
        hint = "Over midnight it is two: up to 24:00, and from 00:00 on the next day."
        raise table.error("week", f'an end after the begin is expected, not "{text}"', hint)
    return begin, end


def _said(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _is_day(text: str) -> bool:
    if not re.fullmatch(r"(\d{4}-)?\d\d-\d\d", text, re.ASCII):
        return False
    try:
        date.fromisoformat(
            text if len(text) > 5 else f"2000-{text}"
        )  # 2000: 29 February is a day of the year
    except ValueError:
        return False
    return True


def _public(table: Table, base: Hours) -> tuple[str, str]:
    """Country and region, spelled as the library of public holidays does."""
    given = table.optional("country", expected=_COUNTRY)
    part = table.optional("region", expected="a region's code such as CA")
    country, region = base.country, base.region
    if given is not None:
        country, region = ("" if given.strip().casefold() == "none" else _known_country(table, given)), ""
    if part is not None:
        if not country:
            raise table.error("region", "a region needs a country", 'Add country, such as country = "US".')
        region = _known_region(table, country, part.strip())
    return country, region


def _known_country(table: Table, given: str) -> str:
    import holidays
    from holidays.registry import COUNTRIES

    code = given.strip().upper()
    if re.fullmatch("[A-Z]{2,3}", code):
        try:
            if getattr(holidays.country_holidays(code), "country", None):
                return code
        except NotImplementedError:
            pass  # told below, with a name that is near
    names = {name: codes[1] for key, codes in COUNTRIES.items() for name in (key, codes[0], *codes[1:])}
    close = near(given, names)
    hint = (
        f'Did you mean "{names[close]}"?'
        if close
        else "Use the country's code in ISO 3166, such as US, DE or GB."
    )
    raise table.error("country", f'{_COUNTRY} is expected, not "{given}"', hint)


def _known_region(table: Table, country: str, given: str) -> str:
    import holidays

    calendar = holidays.country_holidays(country)
    aliases: dict[str, str] = getattr(calendar, "subdivisions_aliases", {})
    codes = {code.casefold(): code for code in calendar.subdivisions}
    codes.update({alias.casefold(): code for alias, code in aliases.items()})
    if given.casefold() in codes:
        return codes[given.casefold()]
    close = near(given, [*calendar.subdivisions, *aliases])
    if close:
        hint = f'Did you mean "{close}"?'
    elif calendar.subdivisions:
        hint = f"Known are: {', '.join(calendar.subdivisions)}."
    else:
        hint = f"Remove it: {country} has none."
    raise table.error("region", f'a region of {country} is expected, not "{given}"', hint)
