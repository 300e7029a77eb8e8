"""The domain of a mail address, as Python reads it and as an index of the cache has it.

Small functions and a regular expression: the cache is made with it before any rule is loaded.
"""

from __future__ import annotations

import re
from email.utils import parseaddr

_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)\.?")

_ODD = ("'*[^-A-Za-z0-9@._+]*'", "'*@*@*'", "'*..*'", "'*.@*'", "'*@.*'", "'.*'")

_DOMAIN = (
    f"CASE WHEN instr({{email}}, '@') < 2 OR {' OR '.join(f'{{email}} GLOB {odd}' for odd in _ODD)} THEN ''"
    " ELSE rtrim(lower(substr({email}, instr({email}, '@') + 1)), '.') END"
)


def domain_sql(email: str) -> str:
    """SQL for the domain of a plain address in this column; empty for one that `mail_domain` has to read (with a name
    before it, in other letters, none at all). The index `choice_by_domain` is used where it is the same text."""
    return _DOMAIN.format(email=email)


def mail_domain(address: str) -> str:
    """The part of a mail address after its @, in small letters; empty for what is none."""
    if plain := _PLAIN.fullmatch(address):  # parsing takes a hundred times as long
        return plain[1].lower()
    name, _, domain = parseaddr(address)[1].rpartition("@")
    return domain.strip().rstrip(".").lower() if name else ""
