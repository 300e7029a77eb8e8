"""The tables of docs/keys.md, from the bindings themselves: `python -m tests.keys_page` renews them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tui import keymap
from tui.key_tables import PLACES, Action, place_name, tables
from tui.screens.help import FIXED

PAGE = Path(__file__).resolve().parent.parent / "docs" / "keys.md"
BEGIN = "<!-- keys: written by `python -m tests.keys_page` -->"
END = "<!-- end of keys -->"


def actions() -> dict[str, dict[str, Action]]:
    """Place -> id -> action, places in the order of the help."""
    found: dict[str, dict[str, Action]] = {}
    for table in tables():
        for action in table.actions:
            found.setdefault(action.place, {})[action.id] = action
    known = [place for place in PLACES if place in found]
    return {place: found[place] for place in (*known, *(place for place in found if place not in PLACES))}


def _keys(action: Action) -> str:
    written = (keymap.written(key) for key in action.default)
    return " ".join(f"`{key}`" for key in written).replace("|", "\\|")


def _words(words: str) -> str:
    return (words[:1].upper() + words[1:]).replace("|", "\\|")


def rows() -> Iterator[str]:
    """The page's tables, line by line."""
    for place, found in actions().items():
        if place == "ask":
            continue
        yield f"### {place_name(place)}"
        yield ""
        yield "| key | does | id |"
        yield "| --- | --- | --- |"
        for keys, words in FIXED.get(place, ()):
            yield f"| {keys} | {_words(words)} | |"
        for action in found.values():
            yield f"| {_keys(action)} | {_words(action.words)} | `{action.id}` |"
        yield ""


def renewed(text: str) -> str:
    """The page with its tables as the bindings are. Raises `ValueError` where their place is missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no place for the keys: {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n" + "\n".join(rows()) + f"{END}{after}"


def main() -> None:
    """Renews docs/keys.md and says whether it was out of date."""
    text = PAGE.read_text(encoding="utf-8")
    new = renewed(text)
    PAGE.write_text(new, encoding="utf-8", newline="\n")
    sys.stdout.write(f"docs/keys.md {'was current' if new == text else 'is renewed'}.\n")


if __name__ == "__main__":
    main()
