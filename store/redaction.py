"""Personal data taken out of a text that leaves its ticket, by simple rules that docs/learning.md lists.

The rules know patterns and the names on the ticket, nothing more: a person reads what comes out. Where a rule cannot be
sure it takes out too much rather than too little.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

PERSON, STAFF, COMPANY = "[customer]", "[technician]", "[company]"

# Every repetition has an end: the texts are foreign, and none of them may hold anything up.
_SECRET = re.compile(
    r"\b(pass ?words?|pass ?phrase|pass ?code|passwort|kennwort|pwd|pin|mot de passe|contraseña)"
    r"(\s{0,3}[:=]\s{0,3}|\s{1,3}(?:is|was|ist|lautet|est|es)\s{1,3}(?=\S{0,80}[\d!@#$%^&*]))(\S+)",
    re.IGNORECASE,
)
_LINK = re.compile(r"\b(?:https?|ftp|file)://[^\s<>\"'`]+", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+'%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?!\.?\w)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}(?![\w:])", re.IGNORECASE)
_USER = re.compile(r"([A-Za-z]:\\Users\\|/home/|/Users/)([^\\/\s:*?\"<>|]{1,80})", re.IGNORECASE)
_SERVER = re.compile(r"(?<![\\\w])\\\\[\w.-]{1,80}")
_PHONE = re.compile(r"(?<![\w.,:/\\#-])(?:\+|\(\+?)?\d[\d \t()./\u00a0-]{5,22}\d(?![\w:])")
_EXTENSION = re.compile(r"\b(?:ext|extension|durchwahl|nebenstelle)\b\.?:?\s{0,3}\d{2,6}\b", re.IGNORECASE)
_DATE = re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})(?=\D|$)")
_VERSION = re.compile(r"\d+(?:\.\d+){3,}")
_UP = "A-ZÀ-ÖØ-Þ"
_STREET = re.compile(
    rf"\b\d{{1,5}}[a-zA-Z]?,?\s{{1,3}}(?:[{_UP}][\w'.-]{{0,40}}\s{{1,3}}){{1,4}}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln"
    r"|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Parkway|Pkwy|Highway|Hwy)\b\.?"
    rf"|\b[{_UP}][\w-]{{0,40}}(?:straße|strasse|str\.|weg|platz|allee|gasse|damm|ufer)\s{{1,3}}\d{{1,4}}(?:\s?[a-z])?\b"
    rf"(?:,?\s{{1,3}}\d{{5}}\s{{1,3}}[{_UP}]\w{{1,40}})?"
    rf"|\b\d{{1,4}}(?:\s?bis)?,?\s{{1,3}}(?:rue|avenue|boulevard|place|chemin|allée)\s{{1,3}}(?:d[eu]\s|de\sla\s|des\s)?"
    rf"[{_UP}]\w{{1,40}}"
    r"|\bP\.?\s?O\.?\s{1,3}Box\s{1,3}\d{1,9}|\bPostfach\s{1,3}\d{1,9}"
    r"|\b[A-Z]{2}\s\d{5}(?:-\d{4})?\b|\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"
)
_WORD = rf"[{_UP}][\w'-]{{1,40}}"
_TITLED = re.compile(
    rf"\b(Mr|Mrs|Ms|Miss|Dr|Prof|Herrn?|Frau|Mme|Sr|Sra)(\.?\s{{1,3}}){_WORD}(?:\s{{1,3}}{_WORD})?"
)
_GREETED = re.compile(
    r"^([ \t]{0,8}(?:Hi|Hello|Hey|Dear|Hallo|Lieber?|Moin|Bonjour|Hola|Good (?:morning|afternoon|evening)),?[ \t]{1,3})"
    rf"(?!there\b|all\b|team\b){_WORD}(?:[ \t]{{1,3}}{_WORD})?(?=[ \t]{{0,3}}(?:[,.!:–-]|$))",
    re.MULTILINE,
)

_LEGAL = re.compile(
    r"[,\s]+(?:ltd|limited|llc|llp|inc|incorporated|corp|corporation|co|company|plc|gmbh|mbh|ag|kg|ohg|ug|sarl|sas|sa"
    r"|bv|nv|oy|ab|as|srl|spa|pty|& co)\.?$",
    re.IGNORECASE,
)
_COMMON = {
    "city",
    "data",
    "first",
    "general",
    "global",
    "cloud",
    "network",
    "office",
    "print",
    "service",
    "services",
}
_COMMON |= {
    "system",
    "systems",
    "united",
    "national",
    "international",
    "american",
    "group",
    "north",
    "south",
    "west",
}
_COMMON |= {
    "east",
    "central",
    "law",
    "medical",
    "dental",
    "school",
    "church",
    "hotel",
    "bank",
    "the",
    "new",
    "best",
}
"""Words that begin a company's name and are words of a solution too."""


class Redactor:
    """Takes personal data out of texts and counts what it took."""

    def __init__(
        self,
        *,
        people: Iterable[str | None] = (),
        staff: Iterable[str | None] = (),
        companies: Iterable[str | None] = (),
        domains: Iterable[str] = (),
    ) -> None:
        """`people`: the customer's, `staff`: our own, `companies`: companies and sites; `domains`: of their mail."""
        self.taken: Counter[str] = Counter()
        """What was taken out, by what it is, as one."""
        names: dict[str, str] = {}
        for label, group in ((COMPANY, companies), (STAFF, staff), (PERSON, people)):
            for name in group:
                for part in _forms(name or "", whole=label == COMPANY):
                    names[part] = label
        self._names = _matcher(names)
        self._labels = {name.casefold(): label for name, label in names.items()}
        kept = sorted({one.casefold() for one in domains if "." in one}, key=len, reverse=True)
        joined = "|".join(map(re.escape, kept))
        self._domains = (
            re.compile(rf"(?<![\w-])(?:[\w-]{{1,63}}\.){{0,5}}(?:{joined})(?![\w-])", re.IGNORECASE)
            if kept
            else None
        )

    def __call__(self, text: str) -> str:
        """The text without what the rules know."""
        text = _SECRET.sub(lambda m: f"{m[1]}{m[2]}{self._took('secret', '[secret]')}", text)
        text = _LINK.sub(lambda m: self._link(m[0]), text)
        text = self._sub(_MAIL, text, "mail address", "[mail]")
        if self._domains is not None:
            text = self._sub(self._domains, text, "domain", "[domain]")
        text = _IP.sub(lambda m: self._took("IP address", "[IP address]") if _is_ip(m[0]) else m[0], text)
        text = self._sub(_IP6, text, "IP address", "[IP address]")
        text = _USER.sub(lambda m: m[1] + self._took("user folder", "[user]"), text)
        text = self._sub(_SERVER, text, "server name", r"\\[server]")
        text = self._sub(_STREET, text, "postal address", "[address]")
        text = _PHONE.sub(lambda m: self._took("phone number", "[phone]") if _is_phone(m[0]) else m[0], text)
        text = self._sub(_EXTENSION, text, "phone number", "[phone]")
        if self._names is not None:
            text = self._names.sub(lambda m: self._name(m[0]), text)
        text = _TITLED.sub(lambda m: f"{m[1]}{m[2]}{self._took('name', '[name]')}", text)
        return _GREETED.sub(lambda m: f"{m[1]}{self._took('name', '[name]')}", text)

    def said(self) -> str:
        """What was taken out, in words: `2 names, 1 phone number`; empty: nothing."""
        return ", ".join(
            f"{count} {what}{'' if count == 1 else 'es' if what.endswith('ss') else 's'}"
            for what, count in sorted(self.taken.items(), key=lambda pair: (-pair[1], pair[0]))
        )

    def _sub(self, pattern: re.Pattern[str], text: str, what: str, label: str) -> str:
        return pattern.sub(lambda _: self._took(what, label), text)

    def _took(self, what: str, label: str) -> str:
        self.taken[what] += 1
        return label

    def _name(self, found: str) -> str:
        label = self._labels[" ".join(found.split()).casefold()]
        return self._took("company name" if label == COMPANY else "name", label)

    def _link(self, url: str) -> str:
        """Page and host of a public site stay; who is signed in, what is asked for and hosts of a house do not."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            return self._took("link", "[link]")
        if parts.scheme.casefold() not in ("http", "https") or "." not in host or _IP.fullmatch(host):
            return self._took("link", "[link]")
        if host.endswith((".local", ".lan", ".internal", ".corp", ".home")):
            return self._took("link", "[link]")
        if self._domains is not None and self._domains.search(host):
            return self._took("link", "[link]")
        plain = f"{parts.scheme}://{host}{parts.path}"
        if parts.query or parts.fragment or parts.username is not None:
            self._took("part of a link", "")
        return plain


def _is_ip(text: str) -> bool:
    return all(int(part) < 256 for part in text.partition(":")[0].split("."))


def _is_phone(text: str) -> bool:
    """Seven to fifteen digits; no date, no version."""
    digits = sum(letter.isdigit() for letter in text)
    return 7 <= digits <= 15 and not _DATE.match(text) and not _VERSION.fullmatch(text)


def _forms(name: str, *, whole: bool) -> list[str]:
    """A name and the parts by which it is called. Of a company (`whole`): without its legal form, and its first word
    where that is no common one; of a person: each word of three letters or more."""
    name = " ".join(name.split())
    if len(name) < 2:
        return []
    words = [word.strip(".,;()\"'") for word in name.replace(",", " ").split()]
    if whole:
        short = _LEGAL.sub("", name)
        first = words[0]
        forms = [name, short]
        if len(first) >= 4 and first.casefold() not in _COMMON:
            forms.append(first)
    else:
        forms = [
            name,
            " ".join(words[::-1]),
            *(word for word in words if len(word) >= 3 or not word.isascii()),
        ]
    return [form for form in dict.fromkeys(forms) if len(form) >= 2]


def _matcher(names: Mapping[str, str]) -> re.Pattern[str] | None:
    """One pattern for all names, the longest first. A single plain word counts only as it is written or in capitals:
    `will` is no name where `Will` is."""
    if not names:
        return None
    made = []
    for name in sorted(names, key=len, reverse=True):
        spaced = r"\s+".join(map(re.escape, name.split()))
        if not name.isascii():
            made.append(f"(?i:{spaced})")
        elif not name.isalpha():
            made.append(rf"(?<!\w)(?i:{spaced})(?!\w)")
        else:
            cases = dict.fromkeys((name, name.capitalize(), name.upper()))
            made.append(rf"(?<!\w)(?:{'|'.join(cases)})(?!\w)")
    return re.compile("|".join(made))
