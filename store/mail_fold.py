"""Mail taken apart for reading: the writer's own words, and what may be folded to one line.

Folded are quotes (`> …`), the copy of an earlier mail below a header block or "On … wrote:", and signatures. Everything
else is shown, and so is whatever is in doubt: a line that the customer has just written must never be hidden.
No line is changed or left out: the lines of all parts together are the lines of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from store.mail_patterns import (
    ANSWERS_BELOW,
    CLOSING,
    DISCLAIMER,
    FORWARDED,
    HEADER,
    INTRO,
    ORIGINAL,
    POSTSCRIPT,
    REACH,
    REPLY_ABOVE,
    RULE,
    SENT_FROM,
    SMALL_WORDS,
)

Kind = Literal["words", "quote", "history", "signature"]

LONGEST_INTRO = 3
"""Lines over which "On … wrote:" may be broken."""
CONTEXT = 4
"""Lines of a quote at most that stay in sight above an answer to it."""
LONGEST_SIGNATURE = 12
"""Lines that are not empty; what is longer is shown."""
LONGEST_MARK = 300
"""Characters of a line that may mark where a copied mail begins."""
TELLING = 12
"""Characters of a copied line from which on it is known again."""
WRAPPED = 60
"""Characters of a line from which on the next one may go on with its sentence."""
WORTH = 2
"""Lines that are not empty; fewer are not worth a line that says they are folded."""


class Part(NamedTuple):
    """Lines in a row that are of one kind."""

    kind: Kind
    lines: tuple[str, ...]


class Fold(NamedTuple):
    """Shown lines (`folded` empty), or lines that one line stands for: what it says, and what it hides."""

    lines: tuple[str, ...]
    folded: str = ""


@lru_cache(maxsize=2048)
def folds(text: str, earlier: tuple[str, ...] = ()) -> tuple[Fold, ...]:
    """A note's text (cleaned, with its line ends) as what is shown and what is folded, in order.

    `earlier`: the texts of the notes before it. What is between two lines that follow one another there was written
    into the copy of a mail, so that copy is shown.
    """
    found = parts(text, earlier)
    if not any(part.kind == "words" and _filled(part.lines) for part in found):
        return (Fold(tuple(text.split("\n"))),)  # a forwarded mail: there is nothing else to read
    made: list[Fold] = []
    run: list[Part] = []
    for part in [*found, Part("words", ())]:
        if part.kind != "words":
            run.append(part)
            continue
        made += _folded(run)
        run = []
        if part.lines:
            made.append(Fold(part.lines))
    return tuple(made)


def _folded(run: Sequence[Part]) -> list[Fold]:
    lines = tuple(line for part in run for line in part.lines)
    if _filled(lines) < WORTH:
        return [Fold(lines)] if lines else []
    said = []
    for kind, words in (("quote", "quoted line"), ("history", "line")):
        count = sum(_filled(part.lines) for part in run if part.kind == kind)
        if count:
            of = " of an earlier mail" if kind == "history" else ""
            said.append(f"{count} {words}{'' if count == 1 else 's'}{of}")
    if any(part.kind == "signature" for part in run):
        said.append("signature")
    return [Fold(lines, " · ".join(said))]


def parts(text: str, earlier: Sequence[str] = ()) -> tuple[Part, ...]:
    """The text's lines in order, by kind; all of them, unchanged."""
    lines = text.split("\n")
    end = _history(lines, earlier)
    kinds: list[Kind] = ["words" for _ in lines[:end]]
    kinds += ["history" for _ in lines[end:]]
    _mark_quotes(lines[:end], kinds)
    _mark_signatures(lines[:end], kinds)
    made: list[Part] = []
    start = 0
    for place in range(1, len(lines) + 1):
        if place == len(lines) or kinds[place] != kinds[start]:
            made.append(Part(kinds[start], tuple(lines[start:place])))
            start = place
    return tuple(made)


def _filled(lines: Sequence[str]) -> int:
    return sum(1 for line in lines if line.strip(" >\xa0"))


# ---------------------------------------------------------------- quotes


def _is_quote(line: str) -> bool:
    bare = line.lstrip(" \xa0")
    return bare.startswith(">") and not bare.startswith(">=")


def _mark_quotes(lines: Sequence[str], kinds: list[Kind]) -> None:
    """Runs of `>` lines with what introduces them; the end of one that is answered below it stays in sight."""
    place = 0
    while place < len(lines):
        if not _is_quote(lines[place]):
            place += 1
            continue
        start = place
        while place < len(lines) and (
            _is_quote(lines[place]) or (not lines[place].strip() and _more(lines, place))
        ):
            place += 1
        first = start - _intro_above(lines, start)
        last = place
        if any(line.strip() for line in lines[place:]) and not _ends(lines[place:]):
            last = _context(lines, start, place)
        if last > start:
            kinds[first:last] = ["quote"] * (last - first)


def _more(lines: Sequence[str], place: int) -> bool:
    """Whether the quote goes on below empty lines."""
    following = next((line for line in lines[place:] if line.strip()), "")
    return _is_quote(following)


def _intro_above(lines: Sequence[str], start: int) -> int:
    """How many lines above a quote introduce it ("On … wrote:"), empty ones between included."""
    above = start
    while above > 0 and not lines[above - 1].strip():
        above -= 1
    for count in range(1, LONGEST_INTRO + 1):
        if above - count < 0 or not lines[above - count].strip():
            break
        if INTRO.fullmatch(" ".join(line.strip() for line in lines[above - count : above])):
            return start - above + count
    return 0


def _context(lines: Sequence[str], start: int, end: int) -> int:
    """Where the last paragraph of a quote begins, which the words below it answer."""
    while end > start and not lines[end - 1].strip(" >\xa0"):
        end -= 1
    first = end
    while first > start and lines[first - 1].strip(" >\xa0"):
        first -= 1
    return max(first, end - CONTEXT)


def _ends(lines: Sequence[str]) -> bool:
    """Whether nothing follows but a signature: a quote above it is not answered."""
    filled = [place for place, line in enumerate(lines) if line.strip()]
    return bool(filled) and _signature_at(lines, filled[0], len(lines))


# ---------------------------------------------------------------- the copy of an earlier mail


def _history(lines: Sequence[str], earlier: Sequence[str]) -> int:
    """Where the copy of an earlier mail begins that goes on to the end; the number of lines if there is none.

    Only below words of the writer's own, only where nothing says that answers are in it or that it is what is meant to
    be read, and only if it is known: a line of it stands in an earlier note of the ticket.
    """
    for place in range(len(lines)):
        length = _history_starts(lines, place)
        if not length:
            continue
        own = [line.strip() for line in lines[:place] if line.strip() and not _is_quote(line)]
        below = lines[place + length :]
        quoted = [_is_quote(line) for line in below if line.strip()]
        if not own or (len(own) == 1 and own[0].endswith(",")):  # a greeting: the words come below
            return len(lines)
        if ANSWERS_BELOW.search(" ".join(own)) or FORWARDED.search(" ".join(own)):
            return len(lines)
        if any(quoted) and not all(
            quoted
        ):  # quotes and words by turns: who wrote which is for the reader to see
            return len(lines)
        return place if _known(below, earlier) and not _written_into(below, earlier) else len(lines)
    return len(lines)


def _history_starts(lines: Sequence[str], place: int) -> int:
    """How many lines the beginning of a copied mail takes at this place; 0: none begins here."""
    line = lines[place].strip()
    if not line or len(line) > LONGEST_MARK:
        return 0
    if REPLY_ABOVE.search(line) or ORIGINAL.fullmatch(line):
        return 1
    if RULE.fullmatch(line):
        after = next((n for n in range(place + 1, min(place + 4, len(lines))) if lines[n].strip()), None)
        headers = 0 if after is None else _headers(lines, after)
        return headers and headers + (after or 0) - place
    if headers := _headers(lines, place):
        return headers
    for count in range(1, LONGEST_INTRO + 1):
        if INTRO.fullmatch(" ".join(part.strip() for part in lines[place : place + count])):
            following = next((part for part in lines[place + count :] if part.strip()), ">")
            return 0 if _is_quote(following) else count
    return 0


def _headers(lines: Sequence[str], place: int) -> int:
    """How many lines a block of mail headers takes, if one of at least three with a sender begins here."""
    names: set[str] = set()
    end = place
    for offset, line in enumerate(lines[place : place + 16]):
        match = HEADER.match(line.strip())
        if match is None:
            if line.strip() and offset > 0 and names and line.startswith((" ", "\t")):
                end = place + offset + 1
                continue
            if not line.strip() and offset > 0:  # some programs put empty lines between them
                continue
            break
        names.add(match.lastgroup or "")
        end = place + offset + 1
    return end - place if "sender" in names and len(names) >= 3 else 0


@lru_cache(maxsize=512)
def _flat(text: str) -> str:
    return " ".join(text.split())


def _telling(line: str) -> str:
    """A copied line as it stands in `_flat` of what was copied; empty where it is too short to be known by."""
    words = _flat(line.strip(" >\xa0"))
    return words if len(words) >= TELLING and " " in words else ""


def _known(copied: Sequence[str], earlier: Sequence[str]) -> bool:
    lines = [words for line in copied if (words := _telling(line))]
    return any(words in _flat(text) for words in lines for text in earlier)


def _written_into(copied: Sequence[str], earlier: Sequence[str]) -> bool:
    """Whether words stand in the copy between two lines that follow one another in what was copied."""
    lines = [words for line in copied if (words := _flat(line.strip(" >\xa0")))]
    for text in map(_flat, earlier):
        last, between = -1, False
        for words in lines:
            at = text.find(words, max(0, last)) if _telling(words) or (last >= 0 and words) else -1
            if at < 0:
                between = last >= 0
                continue
            if between and not text[last:at].strip():
                return True
            last, between = at + len(words), False
    return False


# ---------------------------------------------------------------- signatures


def _mark_signatures(lines: Sequence[str], kinds: list[Kind]) -> None:
    """The signature at the end of each run of the writer's own words."""
    start = 0
    while start < len(lines):
        if kinds[start] != "words":
            start += 1
            continue
        end = start
        while end < len(lines) and kinds[end] == "words":
            end += 1
        for place in range(start, end):
            if _signature_at(lines, place, end) and any(line.strip() for line in lines[start:place]):
                kinds[place:end] = ["signature"] * (end - place)
                break
        start = end


def _signature_at(lines: Sequence[str], place: int, end: int) -> bool:
    """Whether everything from here to `end` is a signature: it begins like one, and nothing in it is a sentence."""
    line = lines[place].strip()
    if line in ("--", "\u2014") or lines[place] == "-- ":
        below, proof = place + 1, True
    elif CLOSING.fullmatch(line):
        below, proof = place + 1, False
    elif SENT_FROM.fullmatch(line) or DISCLAIMER.match(line):
        below, proof = place, True
    else:
        return False
    signed: list[str] = []
    legal = False
    for part in (part.strip() for part in lines[below:end]):
        is_legal = legal or DISCLAIMER.match(part) is not None
        if part and not is_legal:
            signed.append(part)
        legal = is_legal and len(part) >= WRAPPED  # else the next line is not a part of the same sentence
    if len(signed) > LONGEST_SIGNATURE or not all(_signs(part) for part in signed):
        return False
    return proof or len(signed) <= 3 or any(REACH.search(part) for part in signed)


def _signs(line: str) -> bool:
    """Whether a line is a name, a title or an address; what may be a sentence is none, and then all of it is shown."""
    if SENT_FROM.fullmatch(line) or CLOSING.fullmatch(line):
        return True
    words = line.split()
    if POSTSCRIPT.match(line) or line.endswith(("?", "!")) or len(words) > 14:
        return False
    if line.endswith((".", ":")) and len(words) > 4:
        return False
    return all(_names(word) for word in words)


def _names(word: str) -> bool:
    """A word as names, titles, addresses and numbers have it: with a capital, or no word of a sentence at all."""
    bare = word.strip("()[]<>|,;*_\"'")
    if not any(letter.isalpha() for letter in bare) or bare.lower() in SMALL_WORDS:
        return True
    return bare[:1].isupper() or bare.endswith(":") or any(sign in bare[1:-1] for sign in "@./")
