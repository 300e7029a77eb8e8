"""Autotask's refusals: what a 500 means, and its words.

Errors are `{"errors": ["…"]}`, mostly with HTTP 500, for validation and rights too (vendor's documentation and
maintained clients). A 500 without them, or with words of a crash, is trouble: what was asked may have been
done.
"""

from __future__ import annotations

import re

import msgspec

from connectors.contract import ConnectorError, Forbidden, Rejected, Throttled
from connectors.http import Answer, Session
from connectors.text import clean

THREADS = "itgenatr005"
"""The code with which a fourth request to one entity is refused."""

_CRASH = re.compile(
    r"unexpected error|internal (server )?error|object reference|time(d)? ?out|deadlock|unavailable|try again"
    r"|an error (has )?occurred",
    re.IGNORECASE,
)
"""Words after which nobody knows whether it was done; seen in clients' issues, surely not all of them."""
_RIGHTS = re.compile(
    r"permission|not authori[sz]ed|access denied|security level|not allowed to|does not have access",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"request (limit|threshold)|threshold (has been )?exceeded|too many requests", re.IGNORECASE
)


class AutotaskSession(Session):
    """A session that reads the `errors` of a 500 before it takes it for the PSA's trouble."""

    def _failure(self, answer: Answer, after: float | None) -> ConnectorError:
        words = said(answer.body)
        if answer.status < 500 or not words:
            return super()._failure(answer, after)
        told = self.redact(f"{answer.where}: {answer.status} {words}")[:500]
        if THREADS in words.casefold():
            hint = "Three requests at a time are let in for each kind of record; it is tried again by itself."
            return Throttled(told, retry_after=2.0 if after is None else after, hint=hint)
        if _LIMIT.search(words):
            hint = "The company's requests of this hour are used up; it is tried again by itself."
            return Throttled(told, retry_after=60.0 if after is None else after, hint=hint)
        if _CRASH.search(words):
            return super()._failure(answer, after)
        if _RIGHTS.search(words):
            return Forbidden(
                told, hint="The API user's security level, or the resource's, does not allow this."
            )
        return Rejected(told, hint="Autotask did not take it; its own words are above.")


def said(body: bytes) -> str:
    """The words of an error body; empty where it has none."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    if not isinstance(found, dict):
        return ""
    errors = next((value for key, value in found.items() if str(key).lower() == "errors"), None)
    if not isinstance(errors, list):
        return ""
    return clean("; ".join(str(error) for error in errors if error))


def explain(status: int, body: bytes) -> tuple[str, str | None]:
    """Autotask's own words from an error body; it names no field of its own."""
    return said(body), None
