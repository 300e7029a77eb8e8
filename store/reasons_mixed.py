"""The sentences of what is mixed up: duplicates, the wrong client, crossed notes, open children."""

from __future__ import annotations

from connectors.text import clean
from store.saying import Say, Sentence

_MOST = 5
"""So many numbers of tickets are told."""


def _similar_open(say: Say) -> str:
    who = say.word("contact", "The same contact")
    first = f'"{say.word("summary", "?")}", opened {say.at("opened_at")}'
    others = say.data.get("others", ())
    also = f"; {len(others)} in all" if len(others) > 1 else ""
    return f"{who} has {_numbers(others)} open too: {first}{also}."


def _elsewhere(what: str) -> Sentence:
    return lambda say: f'{what} "{say.word("name", "?")}" belongs to {say.word("other", "another company")}.'


def _domain_elsewhere(say: Say) -> str:
    other = say.word("other", "another company")
    return f"Mail from {say.word('name', '?')}: of all contacts only those of {other} have it."


def _parent_elsewhere(say: Say) -> str:
    return f"Parent #{say.word('name', '?')} belongs to {say.word('other', 'another company')}."


def _crossed(say: Say) -> str:
    who, staff = say.word("who", "The customer"), say.word("staff", "a colleague")
    answer = f"the answer by {staff} {say.at('staff_at')}"
    return f"{who} wrote {say.at('wrote_at')}; {answer} does not seem to have seen it."


def _closed_with_open_children(say: Say) -> str:
    children = say.data.get("children", ())
    more = f"{_numbers(children)} {'is' if len(children) == 1 else 'are'} open"
    if say.data.get("closed_at") is not None:
        return f"Closed {say.at('closed_at')}{say.by('closed_by')}, and {_child(children)} {more}."
    return f'The status is "{say.word("status", "?")}", and {_child(children)} {more}.'


def _all_children_closed(say: Say) -> str:
    count = say.data.get("count", 0)
    children = "The only child is closed" if count == 1 else f"All {count} children are closed"
    last = f" since {say.at('last_at')}" if say.data.get("last_at") is not None else ""
    return f'{children}{last}, and this ticket is "{say.word("status", "?")}".'


def _child(children: object) -> str:
    return "child" if isinstance(children, list | tuple) and len(children) == 1 else "children"


def _numbers(numbers: list[object] | tuple[object, ...]) -> str:
    told = [f"#{clean(str(number))}" for number in numbers[:_MOST]]
    if len(numbers) > _MOST:
        told.append(f"{len(numbers) - _MOST} more")
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else "".join(told)


SENTENCES: dict[str, Sentence] = {
    "similar_open": _similar_open,
    "contact_elsewhere": _elsewhere("Contact"),
    "domain_elsewhere": _domain_elsewhere,
    "agreement_elsewhere": _elsewhere("Agreement"),
    "site_elsewhere": _elsewhere("Site"),
    "parent_elsewhere": _parent_elsewhere,
    "catch_all": lambda say: (
        f'"{say.word("name", "?")}" only collects what nobody could assign: whose is this?'
    ),
    "crossed": _crossed,
    "closed_with_open_children": _closed_with_open_children,
    "all_children_closed": _all_children_closed,
}
"""In the order in which a row's reasons are told."""
