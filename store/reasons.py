"""The sentences: why a ticket is here, in words, made when they are read from what the rules stored.

The rules store codes and data; the words, the time zone and "today" belong to whoever reads. Every
foreign word is cleaned here, so a sentence may be shown as it is (never as markup).
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from connectors.contract import TICKET_FIELDS
from connectors.text import clean
from store import reasons_late, reasons_mixed, reasons_money
from store.saying import Data, Say, Sentence, day, when

__all__ = ["LABELS", "label", "place", "sentence", "when"]

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


def sentence(
    code: str, data: Data, *, field: str | None, hours: float | None, zone: ZoneInfo, now: int
) -> str:
    """The sentence of one reason. `data` is what the rules stored with it; times in `zone`."""
    say = Say(data, field, hours, zone, now)
    make = _SENTENCES.get(code)
    text = make(say) if make else f"{clean(code)}."
    return f"{text} Only in the PSA itself can this be put right." if data.get("psa_only") else text


def _flag_set(say: Say) -> str:
    if say.data.get("untold"):
        return f"{say.signal}; what was said is not known from this PSA."
    if say.data.get("last_at") is None:
        return f"{say.signal}; there is no note by the customer."
    return f"{say.signal}."


def _flag_set_answered(say: Say) -> str:
    return f"{say.signal}, though {say.word('staff', 'a colleague')} answered {say.at('staff_at')}."


def _flag_not_set(say: Say) -> str:
    return f"{say.wrote} and nobody has answered; the PSA's own mark is off: somebody may have opened it."


def _replied_after_close(say: Say) -> str:
    if say.data.get("closed_at") is None:
        return f"{say.wrote} and nobody has answered; the ticket is closed, the PSA does not say since when."
    return f"{say.wrote}, after the ticket was closed ({say.at('closed_at')}{say.by('closed_by')})."


def _missing(say: Say) -> str:
    value = say.word("value", "")
    name = label(say.field or "")
    return f'{name} is "{value}", which stands for nothing.' if value else f"{name} is empty."


def _agreement_inactive(say: Say) -> str:
    name = f'Agreement "{say.word("agreement", "?")}"'
    match say.data.get("state"):
        case "ended":
            return f"{name} ended on {day(say.data.get('ends_on'))}."
        case "not_begun":
            return f"{name} begins only on {day(say.data.get('starts_on'))}."
        case _:
            return f"{name} is cancelled."


def _no_parent(say: Say) -> str:
    return f'The status is "{say.word("status", "?")}", a child\'s, but there is no parent.'


def _not_child_status(say: Say) -> str:
    wanted = clean(" or ".join(f'"{name}"' for name in say.data.get("child_statuses", ())))
    return f'It has parent {say.parent}, but its status is "{say.word("status", "?")}", not {wanted}.'


def _parent_closed(say: Say) -> str:
    if say.data.get("closed_at") is None:
        return f'Parent {say.parent} is closed ("{say.word("parent_status", "?")}").'
    return f"Parent {say.parent} was closed {say.at('closed_at')}{say.by('closed_by')}."


def _parent_missing(say: Say) -> str:
    if say.data.get("presence") == "merged":
        into = say.word("merged_into", "")
        return f"Parent {say.parent} was merged" + (f" into #{into}." if into else " away.")
    return f"Parent {say.parent} was deleted."


def _parent_not_visible(say: Say) -> str:
    return f"Parent {say.parent} is not there or not for you to see: the PSA does not say which."


def _ticket_without_code(say: Say) -> str:
    hours = say.data.get("ticket_hours")
    worked = f"{hours:.2f} h worked and" if hours else "It has"
    return f"{worked} no {say.code_name} on the ticket."


def _closed_without_code(say: Say) -> str:
    if say.data.get("closed_at") is None:
        return f"Closed without a {say.code_name}."
    return f"Closed {say.at('closed_at')}{say.by('closed_by')} without a {say.code_name}."


def _time_without_code(say: Say) -> str:
    begun = "" if say.data.get("at") is None else f" of {say.at('at')}"
    return f"{say.hours}{begun} without a {say.code_name}."


def _locked(say: Say) -> str:
    return f"{_time_without_code(say)[:-1]}, and locked: invoiced or approved."


# In the order in which a row's reasons are told.
_SENTENCES: dict[str, Sentence] = {
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
    **reasons_late.SENTENCES,
    **reasons_mixed.SENTENCES,
    **reasons_money.SENTENCES,
    "custom": lambda say: say.word("means", "A rule of the company's own holds."),
}

_PLACES = {code: place for place, code in enumerate(_SENTENCES)}


def place(code: str) -> int:
    """Where a reason stands among the others of its row: people's words before the PSA's marks."""
    return _PLACES.get(code, len(_PLACES))


def telling_place(code: str, field: str, since: int, time_entry_id: str) -> tuple[int, int, str, int, str]:
    """What a row's reasons are sorted by."""
    named = TICKET_FIELDS.index(field) if field in TICKET_FIELDS else len(TICKET_FIELDS)
    return (place(code), named, field, since, time_entry_id)
