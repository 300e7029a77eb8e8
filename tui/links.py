"""Links in a conversation: found, shown in full before they are opened, and what is odd about them said."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from connectors.text import clean
from store.read_records import TicketView

_URL = re.compile(r"https?://[^\s<>\"'`]+", re.IGNORECASE)
_AFTER = ".,;:!?)]}»”"
"""What ends a sentence behind an address is not part of it, unless the address opened that bracket."""
_OPENS = {")": "(", "]": "[", "}": "{"}


def addresses(text: str) -> list[str]:
    """The web addresses in a text, in its order, each once; never anything but http and https."""
    found = []
    for match in _URL.finditer(clean(text, lines=True)):
        url = match[0]
        while url and url[-1] in _AFTER and url.count(_OPENS.get(url[-1], "\0")) < max(1, url.count(url[-1])):
            url = url[:-1]
        if urlsplit(url).netloc:
            found.append(url)
    return list(dict.fromkeys(found))


def in_conversation(view: TicketView) -> list[tuple[str, str]]:
    """(address, who wrote it first) of a ticket's notes, the newest first."""
    found: dict[str, str] = {}
    for note in reversed(view.notes):
        for url in addresses(note.text):
            found.setdefault(url, clean(note.author))
    return list(found.items())


def oddities(url: str) -> str:
    """What a person should see about an address before it is opened; empty: nothing."""
    odd = []
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.username is not None:
            odd.append(f"goes to {host}, not to what stands before the @")
        if not host.isascii() or "xn--" in host:
            odd.append("letters of several alphabets in its name: it may only look like another one")
        if parts.scheme == "http":
            odd.append("not encrypted")
    except ValueError:
        odd.append("not a proper address")
    return ", ".join(odd)
