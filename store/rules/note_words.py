"""Whether an answer seems to have seen a note, by its words: it quotes it, or takes up something that only it has said.

This is a judgement, and a cheap one: words that carry no meaning, the names of those who write, signatures and whatever
was said before do not count. `tests/corpus/mixed_crossed.py` says how often it is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_RUN = 5
"""So many words of a note in a row are a quotation."""

_LIKE = 80
"""Of a hundred: so like are "reboot" and "rebooted"."""

_SHORTEST = 4
"""Shorter words say little; a number says something with two digits."""

_ENDS = re.compile(
    r"^\s*(--\s*$|_{5,}|-{3,}\s*original message|-{3,}\s*ursprüngliche nachricht|sent from my |von meinem "
    r"|(best|kind|many|warm) regards|regards\b|sincerely|cheers\b|mit freundlichen|freundliche grüße|viele grüße"
    r"|beste grüße|mfg\b|lg\b|gruß\b|(from|von):\s.*@|on .+ wrote:\s*$|am .+ schrieb.*:\s*$)",
    re.IGNORECASE,
)
"""A line with which the signature or the quoted mail begins."""

_ENGLISH = """
    about above actually after afternoon again already also always another anybody anyone anything around
    back because been before being below best between both bring call came cannot case come could customer
    dear does doing done down during each either else evening ever every everybody everyone everything fine
    first from further give glad good great have having hello help here hope hour into issue just keep kind
    know last later least less like little look made make many maybe mean message might minute moment month
    more morning most much must need never next nobody none nothing often once only open other ours over
    perfect please possible problem quite really request right said same send sent should since some
    somebody someone something soon sorry still such sure take team tell than thank thanks that their them
    then there these they thing think this those through ticket time today together tomorrow tonight tried
    tries under unless until update upon very wait want week well went were what when where whether which
    while will wish with within without wonderful would write wrote yesterday your yours yourself
"""

_GERMAN = """
    abend aber alle allem allen alles also andere anderen auch auf bald beide beim bereits besten bevor
    bitte bleiben damit danke dann darauf dass davon dazu dein deine dem denn der deren deshalb dessen diese
    diesem diesen dieser dieses doch dort durch eben eine einem einen einer eines einfach einige etwas euch
    euer eure fall falls fast fehler frau freundlich ganz gegen genau gern gerne gestern gibt gleich guten
    habe haben hallo hatte hatten heißt helfen herr herrn herzlich heute hier hinter ihnen ihre ihrem ihren
    ihrer immer inzwischen ist ja jede jeden jeder jemand jetzt kann kein keine keinen keiner klar konnte
    können könnte könnten leider lieber mache machen macht mehr mein meine meinem meinen meiner melde melden
    meldung mich morgen muss müssen nach nachdem nachricht nicht nichts noch nochmal nochmals nun nächste
    nächsten oder ohne problem recht schon schön schönen sehen sehr sein seine seit sich sicher sind sobald
    sofort sollte sollten sonst super tag uhr und uns unser unsere unserem unseren unserer unter verfügung
    viel viele vielen vielleicht vom von vorher wann warum was weil weiter weitere welche wenden wenn werde
    werden wie wieder wir wird wirklich wissen woche wollen worden wurde wurden würde würden zeit zum zur
    zurück zusammen zwischen über
"""

_COMMON = frozenset(word.casefold() for word in (_ENGLISH + _GERMAN).split())
"""Words of everyday notes that say nothing of what a note is on."""


def has_seen(answer: str, note: str, earlier: Iterable[str], people: Iterable[str]) -> bool:
    """Whether the answer quotes the note, or shares a word with it that nothing earlier has.

    Also true where the note has no such word ("Yes, please."): there is nothing in it that could be missed. `people`:
    names that do not count, whose ever they are.
    """
    own = _body(note)
    if _quotes(answer, own):
        return True
    known = {word for text in (*earlier, *people) for word in _all_words(text)}
    new = [word for word in _telling(own) if not _is_among(word, known)]
    if not new:
        return True
    said = _telling(answer)
    return any(_is_among(word, said) for word in new)


def _body(text: str) -> str:
    """What is said, without quoted lines, and without what follows a signature's beginning."""
    lines = []
    for line in text.splitlines():
        if _ENDS.match(line):
            break
        if not line.lstrip().startswith(">"):
            lines.append(line)
    return "\n".join(lines)


def _quotes(answer: str, note: str) -> bool:
    """So many of the note's words in a row, or all of them where there are fewer."""
    words = _all_words(note)
    length = min(_RUN, len(words))
    if length < 2:
        return False
    said = f" {' '.join(_all_words(answer))} "
    runs = (words[at : at + length] for at in range(len(words) - length + 1))
    return any(f" {' '.join(run)} " in said for run in runs)


def _all_words(text: str) -> Sequence[str]:
    return re.findall(r"\w+", text.casefold())


def _telling(text: str) -> set[str]:
    """Words that carry something: long enough and not common, or numbers."""
    return {
        word
        for word in _all_words(text)
        if word not in _COMMON and (len(word) >= _SHORTEST or (len(word) >= 2 and word.isdigit()))
    }


def _is_among(word: str, others: Iterable[str]) -> bool:
    others = others if isinstance(others, (set, frozenset)) else set(others)
    if word in others:
        return True
    if any(letter.isdigit() for letter in word):
        return False
    from rapidfuzz import fuzz

    return any(len(other) >= _SHORTEST and fuzz.ratio(word, other) >= _LIKE for other in others)
