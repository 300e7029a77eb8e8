"""`[[panes]]` of the settings: filters that are kept, as panes after the four."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from store.filter_words import Filter
from store.toml_table import Table, meant

SAVED_KEYS = ("5", "6", "7", "8", "9")
"""The digits that panes of one's own may have: the others are taken. 5 to 8 are those of further kinds, where any is
looked for and nobody else asks for the digit."""
OPEN = "open"
"""What `kind` says for all open tickets."""


class SavedPane(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[panes]]` table."""

    name: str
    filter: str
    kind: str = OPEN
    """One kind of exception, or `open`."""
    key: str = ""
    """A digit; empty: it is reached with Tab and by its name alone."""


def saved_panes(top: Table, kinds: Sequence[str], used: Collection[str] = ()) -> tuple[SavedPane, ...]:
    """The panes in the order of the file; those without a `key` get the free digits in that order. `used`: digits of
    the panes of further kinds, which only who names one takes away.

    Raises `SettingsError`: a name or a key twice, a filter that is not understood.
    """
    tables = top.tables("panes")
    found: list[SavedPane] = []
    for table in tables:
        one = _pane(table, (OPEN, *kinds))
        for other in found:
            if other.name.casefold() == one.name.casefold():
                raise table.error("name", f'"{one.name}" is there twice', "Rename one of them.")
            if one.key and other.key == one.key:
                raise table.error("key", f'{one.key} is the key of "{other.name}" already', _free(found))
        found.append(one)
    taken = {one.key for one in found} | set(used)
    free = iter([key for key in SAVED_KEYS if key not in taken])
    return tuple(one if one.key else msgspec.structs.replace(one, key=next(free, "")) for one in found)


def _free(found: Sequence[SavedPane]) -> str:
    left = [key for key in SAVED_KEYS if key not in {one.key for one in found}]
    return f"Use {', '.join(left)}, or none." if left else "Remove the key: Tab reaches it."


def _pane(table: Table, kinds: Sequence[str]) -> SavedPane:
    name = table.text("name", expected="the pane's name")
    text = table.text("filter", expected='a filter such as "company:acme age>3d"')
    wanted = Filter.of(text)
    problem = wanted.problems[0] if wanted.problems else ""
    if wanted.open_quote:
        problem = "a double quote is not closed"
    if problem or not wanted.terms:
        raise table.error(
            "filter",
            problem or f'"{text}" filters nothing',
            f'It is the filter of the pane "{name}". docs/settings.md lists what a filter may say.',
        )
    kind = table.one_of("kind", kinds, OPEN)
    key = table.text("key", "", expected=f"a digit of {', '.join(SAVED_KEYS)} in quotes")
    if key and key not in SAVED_KEYS:
        hint = "1 to 4 and 0 are the queue's own." if key in "01234" else meant(key, SAVED_KEYS)
        raise table.error("key", f'one of {", ".join(SAVED_KEYS)} is expected, not "{key}"', hint)
    table.finish()
    return SavedPane(name=name.strip(), filter=text, kind=kind, key=key)
