"""The sentences: why a ticket is here, in words, made when they are read from what the rules stored.

The rules store codes and data; the words, the time zone and "today" belong to whoever reads. Every
foreign word is cleaned here, so a sentence may be shown as it is (never as markup).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.text import clean

Data = Mapping[str, Any]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

LABELS = {
    "contact": "Contact",
    "contact_phone": "Contact's phone",
    "contact_email": "Contact's mail address",
    "agreement": "Agreement",
    "type": "Type",
    "subtype": "Subtype",
    "item": "Item",
    "priority": "Priority",
    "site": "Site",
    "owner": "Owner",
    "source": "Source",
    "due_at": "Due date",
}


def label(field: str) -> str:
    """A field's name for people: `contact_phone` is "Contact's phone", `custom:Asset` is "Asset"."""
    return LABELS.get(field) or clean(field.removeprefix("custom:"))


def when(at: int | None, zone: ZoneInfo, now: int) -> str:
    """A moment for people: `Thu 16:02` within the last six days, else `20 Nov 16:02`, else `20 Nov 2025`."""
    if at is None:
        return "at an unknown time"
    then, today = (
        datetime.fromtimestamp(at, UTC).astimezone(zone),
        datetime.fromtimestamp(now, UTC).astimezone(zone),
    )
    clock = f"{then.hour:02}:{then.minute:02}"
    if 0 <= (today.date() - then.date()).days < 7:
        return f"{_DAYS[then.weekday()]} {clock}"
    if then.year == today.year:
        return f"{then.day} {_MONTHS[then.month - 1]} {clock}"
    return f"{then.day} {_MONTHS[then.month - 1]} {then.year}"


def sentence(
    code: str, data: Data, *, field: str | None, hours: float | None, zone: ZoneInfo, now: int
) -> str:
    """The sentence of one reason. `data` is what the rules stored with it; times in `zone`."""
    say = _Say(data, field, hours, zone, now)
    make = _SENTENCES.get(code)
    text = make(say) if make else f"{clean(code)}."
    return f"{text} Only in the PSA itself can this be put right." if data.get("psa_only") else text


class _Say:
    """What the sentences below draw on."""

    def __init__(self, data: Data, field: str | None, hours: float | None, zone: ZoneInfo, now: int) -> None:
        self.data, self.field, self.zone, self.now = data, field, zone, now
        self.hours = f"{hours or 0:.2f} h"

    def word(self, key: str, otherwise: str) -> str:
        value = self.data.get(key)
        return clean(str(value)) if value not in (None, "") else otherwise

    def at(self, key: str) -> str:
        return when(self.data.get(key), self.zone, self.now)

    @property
    def wrote(self) -> str:
        first, last = self.data.get("first_at"), self.data.get("last_at")
        more = f" (first {self.at('first_at')})" if first is not None and first != last else ""
        return f"{self.word('who', 'The customer')} wrote {self.at('last_at')}{more}"

    @property
    def signal(self) -> str:
        flag, status = self.data.get("flag"), self.data.get("status")
        said = f'the status is "{clean(str(status))}"' if status else ""
        mark = 'the PSA\'s "customer responded" flag is set' if flag else ""
        text = (
            " and ".join(part for part in (mark, said) if part) or "the PSA says that the customer responded"
        )
        return text[0].upper() + text[1:]

    @property
    def code_name(self) -> str:
        name = self.word("code_name", "billing code")
        return name[0].lower() + name[1:]

    @property
    def parent(self) -> str:
        return "#" + self.word("parent", "?")

    def by(self, key: str) -> str:
        name = self.word(key, "")
        return f" by {name}" if name else ""


def _flag_set(say: _Say) -> str:
    if say.data.get("untold"):
        return f"{say.signal}; what was said is not known from this PSA."
    if say.data.get("last_at") is None:
        return f"{say.signal}; there is no note by the customer."
    return f"{say.signal}."


def _flag_set_answered(say: _Say) -> str:
    return f"{say.signal}, though {say.word('staff', 'a colleague')} answered {say.at('staff_at')}."


def _flag_not_set(say: _Say) -> str:
    return f"{say.wrote} and nobody has answered; the PSA's own mark is off: somebody may have opened it."


def _replied_after_close(say: _Say) -> str:
    if say.data.get("closed_at") is None:
        return f"{say.wrote} and nobody has answered; the ticket is closed, the PSA does not say since when."
    return f"{say.wrote}, after the ticket was closed ({say.at('closed_at')}{say.by('closed_by')})."


def _missing(say: _Say) -> str:
    value = say.word("value", "")
    name = label(say.field or "")
    return f'{name} is "{value}", which stands for nothing.' if value else f"{name} is empty."


def _agreement_inactive(say: _Say) -> str:
    name = f'Agreement "{say.word("agreement", "?")}"'
    match say.data.get("state"):
        case "ended":
            return f"{name} ended on {_day(say.data.get('ends_on'))}."
        case "not_begun":
            return f"{name} begins only on {_day(say.data.get('starts_on'))}."
        case _:
            return f"{name} is cancelled."


def _no_parent(say: _Say) -> str:
    return f'The status is "{say.word("status", "?")}", a child\'s, but there is no parent.'


def _not_child_status(say: _Say) -> str:
    wanted = clean(" or ".join(f'"{name}"' for name in say.data.get("child_statuses", ())))
    return f'It has parent {say.parent}, but its status is "{say.word("status", "?")}", not {wanted}.'


def _parent_closed(say: _Say) -> str:
    if say.data.get("closed_at") is None:
        return f'Parent {say.parent} is closed ("{say.word("parent_status", "?")}").'
    return f"Parent {say.parent} was closed {say.at('closed_at')}{say.by('closed_by')}."


def _parent_missing(say: _Say) -> str:
    if say.data.get("presence") == "merged":
        into = say.word("merged_into", "")
        return f"Parent {say.parent} was merged" + (f" into #{into}." if into else " away.")
    return f"Parent {say.parent} was deleted."


def _parent_not_visible(say: _Say) -> str:
    return f"Parent {say.parent} is not there or not for you to see: the PSA does not say which."


def _ticket_without_code(say: _Say) -> str:
    hours = say.data.get("ticket_hours")
    worked = f"{hours:.2f} h worked and" if hours else "It has"
    return f"{worked} no {say.code_name} on the ticket."


def _closed_without_code(say: _Say) -> str:
    if say.data.get("closed_at") is None:
        return f"Closed without a {say.code_name}."
    return f"Closed {say.at('closed_at')}{say.by('closed_by')} without a {say.code_name}."


def _time_without_code(say: _Say) -> str:
    begun = "" if say.data.get("at") is None else f" of {say.at('at')}"
    return f"{say.hours}{begun} without a {say.code_name}."


def _locked(say: _Say) -> str:
    return f"{_time_without_code(say)[:-1]}, and locked: invoiced or approved."


# In the order in which a row's reasons are told.
_SENTENCES: dict[str, Callable[[_Say], str]] = {
    "last_word_customer": lambda say: f"{say.wrote} and nobody has answered.",
    "flag_not_set": _flag_not_set,
    "replied_after_close": _replied_after_close,
    "flag_set_answered": _flag_set_answered,
    "flag_set": _flag_set,
    "author_unknown": lambda say: (
        f"Whether {say.word('unknown', 'the author')} is a customer cannot be told: taken for one."
    ),
    "missing": _missing,
    "agreement_inactive": _agreement_inactive,
    "no_parent": _no_parent,
    "parent_closed": _parent_closed,
    "parent_missing": _parent_missing,
    "parent_not_visible": _parent_not_visible,
    "not_child_status": _not_child_status,
    "closed_without_code": _closed_without_code,
    "ticket_without_code": _ticket_without_code,
    "time_without_code": _time_without_code,
    "locked": _locked,
}

_PLACES = {code: place for place, code in enumerate(_SENTENCES)}


def place(code: str) -> int:
    """Where a reason stands among the others of its row: people's words before the PSA's marks."""
    return _PLACES.get(code, len(_PLACES))


def _day(text: object) -> str:
    try:
        day = date.fromisoformat(str(text)[:10])
    except ValueError:
        return clean(str(text))
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
