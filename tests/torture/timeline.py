"""What happened on the tickets of a violation, in order, for whoever looks into it."""

from __future__ import annotations

import re

from tests.torture.books import Book, read_books
from tests.torture.ledger import Deed
from tests.torture.shop import Shop
from tests.torture.verdict import Verdict


def timeline(shop: Shop, verdict: Verdict) -> str:
    """For each violation: its change as the journal has it, and all deeds on its ticket."""
    books, lines = read_books(shop.home), list[str]()
    for kind, words in verdict.violations:
        lines.append(f"\n=== {kind}: {words}")
        tickets = set(re.findall(r"#?\b(7\d{4})\b", words))
        for change in re.findall(r"\b[0-9a-z]{12}\b", words):
            if change in books:
                lines += _book(books[change])
                tickets.add(books[change].ticket)
        for ticket in sorted(tickets):
            lines += [_deed(shop, deed) for deed in shop.ledger.deeds if deed.ticket == ticket]
    return "\n".join(lines)


def _book(book: Book) -> list[str]:
    head = f"{book.change} #{book.ticket} {book.verb}: {book.state}, undone by {book.undone_by}"
    about = f"   fix {book.fix}\n   named {book.named}"
    return [head, about, *(f"   {step}" for step in book.steps)]


def _deed(shop: Shop, deed: Deed) -> str:
    own = {key: value for key, value in vars(deed).items() if key not in ("tag", "ticket", "seq", "at")}
    fault = "" if deed.request is None else shop.proxy.exchanges[deed.request].fault
    return f"   {deed.seq:6} {deed.at:.3f} {type(deed).__name__} {own} {fault} {deed.tag or ''}"
