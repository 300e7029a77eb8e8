"""The sentences of what is late: SLA, nobody's, silent, waiting, old, abandoned, of somebody who is away, reopened."""

from __future__ import annotations

from store.saying import Say, Sentence, day


def _held(say: Say) -> str:
    return " The SLA's clock is held now." if say.data.get("held") else ""


def _share(say: Say) -> str:
    return f"{round(float(say.data.get('share') or 0) * 100, 2):g} %"


def _respond_soon(say: Say) -> str:
    return f"The first answer is due {say.at('by')}: {_share(say)} of the business time for it is gone."


def _resolve_soon(say: Say) -> str:
    return f"It has to be resolved by {say.at('by')}: {_share(say)} of the business time for it is gone."


def span(seconds: object) -> str:
    """A length of time for people, in the largest unit that it is whole in: `20 minutes`, `1 hour`, `14 days`."""
    whole = int(str(seconds or 0))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if whole and whole % size == 0 and (unit != "day" or whole > 2 * size):
            return f"{whole // size} {unit}{'' if whole == size else 's'}"
    return f"{whole} second{'' if whole == 1 else 's'}"


def _no_owner(say: Say) -> str:
    if say.data.get("created_at") is None:
        return "Nobody owns it; the PSA does not say since when it is open."
    after = span(say.data.get("after"))
    return f"Nobody owns it since it was opened {say.at('created_at')}: more than {after} of business time."


def _no_activity(say: Say) -> str:
    days = say.data.get("days")
    unit = "business day" if days == 1 else "business days"
    priority = say.word("priority", "")
    of = f' for priority "{priority}"' if priority else ""
    return f"No note and no time since {say.at('at')}: more than {days} {unit}{of}."


def _waits(say: Say) -> str:
    last = "staff wrote last" if say.data.get("asked") else "staff never asked; the last was said"
    ago = span(say.data.get("after"))
    return f'The status is "{say.word("status", "?")}"; {last} {say.at("at")}, at least {ago} ago'


def _too_old(say: Say) -> str:
    return f"Open since {say.at('created_at')}: more than {span(say.data.get('after'))}."


def _nothing_planned(say: Say) -> str:
    return f'The status is "{say.word("status", "?")}"; no appointment and no timer.'


def _planned_in_the_past(say: Say) -> str:
    return (
        f'The status is "{say.word("status", "?")}"; the last appointment was over {say.at("until")},'
        " nothing is planned after it."
    )


def _owner_away(say: Say) -> str:
    until = say.word("until", "")
    last = f" until {day(until)}" if until else ""
    return f"It has to be gone today, and {say.word('owner', 'its owner')} is away{last}."


def _owner_quiet(say: Say) -> str:
    since = say.at("from") if say.data.get("last_at") is None else say.at("last_at")
    who = say.word("owner", "its owner")
    return f"It has to be gone today, and {who} has written no note and put in no time since {since}."


def _reopened(say: Say) -> str:
    return (
        f"Closed and reopened {say.word('times', '?')} times: seen open again first {say.at('first_at')},"
        f" last {say.at('last_at')}."
    )


# In the order in which a row's reasons are told.
SENTENCES: dict[str, Sentence] = {
    "respond_breached": lambda say: f"The first answer was due {say.at('by')}.{_held(say)}",
    "resolve_breached": lambda say: f"It had to be resolved by {say.at('by')}.{_held(say)}",
    "respond_soon": _respond_soon,
    "resolve_soon": _resolve_soon,
    "no_owner": _no_owner,
    "no_activity": _no_activity,
    "stale_waiting": lambda say: f"{_waits(say)}; it should not wait any more.",
    "follow_up": lambda say: f"{_waits(say)}; somebody should ask again.",
    "too_old": _too_old,
    "nothing_planned": _nothing_planned,
    "planned_in_the_past": _planned_in_the_past,
    "owner_away": _owner_away,
    "owner_quiet": _owner_quiet,
    "reopened": _reopened,
}
