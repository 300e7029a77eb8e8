"""What came back from a PSA: a successful answer and its decoding, and web pages in its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from connectors.contract import Unreadable
from connectors.text import clean

T = TypeVar("T")


class WebPage(Unreadable):
    """An HTML page where the API should have answered; `status` is its HTTP status."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Answer(msgspec.Struct, frozen=True):
    """A successful answer (2xx). `began_at`: our clock when the request was begun, UTC seconds."""

    status: int
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    began_at: int
    where: str = ""
    """Method and path, for messages."""
    redact: Callable[[str], str] = str

    def __repr__(self) -> str:
        return f"<Answer {self.status} to {self.where}, {len(self.body)} bytes>"

    def decode(self, shape: type[T]) -> T:
        """The body as `shape`; raises `Unreadable` with the path in it and the first words of what came."""
        page = web_page_words(self.headers, self.body)
        if page is not None:
            raise Unreadable(
                f"{self.where}: a web page came instead of the API's answer: “{self.redact(page)}”",
                hint="Check the address: a proxy, a login page or another program answers there.",
            )
        try:
            return msgspec.json.decode(self.body, type=shape)
        except msgspec.ValidationError as error:
            raise Unreadable(
                f"{self.where}: the answer has another shape than expected: {self.redact(clean(str(error)))}",
                hint="Check the address and the PSA's version.",
            ) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unreadable(
                f"{self.where}: {_unparsed(self.body, error, self.redact)}",
                hint="Try again; if it stays, something between here and the PSA alters its answers.",
            ) from None


def web_page_words(headers: Mapping[str, str], body: bytes) -> str | None:
    """The first words of an HTML page, or `None` when the body is none."""
    start = body[:2000].lstrip().lower()
    html = headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml"))
    if not (
        start.startswith((b"<!doctype", b"<html", b"<head", b"<body")) or (html and start[:1] not in b"[{")
    ):
        return None
    return first_words(body) or "(an empty page)"


def first_words(body: bytes) -> str:
    text = body[:8000].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1>|$)", " ", text)
    words = clean(re.sub(r"<[^>]*>?", " ", text) if text.lstrip().startswith("<") else text)
    return words[:120] + ("…" if len(words) > 120 else "")


def _unparsed(body: bytes, error: Exception, redact: Callable[[str], str]) -> str:
    if not body.strip():
        return "the answer is empty"
    if "truncated" in str(error):
        return f"the answer is cut short after {len(body)} bytes"
    return f"the answer is not JSON: “{redact(first_words(body))}”"
