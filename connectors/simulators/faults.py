"""Trouble on order: what a test or a demo can make the next answers of a simulator look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from connectors.simulators.answers import json_response

Kind = Literal["500", "429", "401", "403", "404", "html", "cut", "drop", "drop-after-commit", "wrong-type"]

Answer = Callable[[Any, int, dict[str, str] | None], Response]
"""Body, status and headers as a response."""

HTML = (
    "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to continue.</body></html>"
)


@dataclass(slots=True)
class Fault:
    prefix: str
    kind: Kind
    method: str | None
    left: int
    retry_after: int

    def fits(self, path: str) -> bool:
        """Whether the path begins so; `{}` in the prefix stands for any one part."""
        begin = re.escape(self.prefix).replace(r"\{\}", "[^/]+")
        return re.match(begin, path) is not None


class Faults:
    """Ordered trouble; each fault serves requests whose path begins with its prefix, until it is used up.

    `cut`: the answer ends in the middle of its JSON. `drop`: the connection breaks and nothing was done.
    `drop-after-commit`: it was done, and then the connection breaks. `html`: 200 with a sign-in page.
    `wrong-type`: rows come with a field of the wrong type. The two `drop`s need a real socket.
    """

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def next(
        self, path_prefix: str, kind: Kind, *, times: int = 1, method: str | None = None, retry_after: int = 1
    ) -> None:
        """The next `times` requests under `path_prefix` (`/service/tickets`) meet this fault."""
        self._waiting.append(Fault(path_prefix, kind, method, times, retry_after))

    def clear(self) -> int:
        """Ends all trouble; how many orders nobody had met, or not as often as was ordered."""
        left = len(self._waiting)
        self._waiting.clear()
        return left

    def take(self, method: str, path: str) -> Fault | None:
        for fault in self._waiting:
            if fault.fits(path) and fault.method in (None, method):
                fault.left -= 1
                if fault.left <= 0:
                    self._waiting.remove(fault)
                return fault
        return None


class Broken(Response):
    """An answer that never ends: the server closes the connection in the middle of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"[", "more_body": True})


def page() -> Response:
    """A sign-in page where JSON was expected."""
    return HTMLResponse(HTML)


def instead(
    fault: Fault | None, refusals: Mapping[Kind, tuple[int, Any]], answer: Answer = json_response
) -> Response | None:
    """The answer of a fault that keeps the request from being carried out; `None`: nothing keeps it.

    `refusals`: kind -> status and body as the vendor has them. A 429 says how long to wait unless it was
    ordered not to.
    """
    if fault is None:
        return None
    if fault.kind == "html":
        return page()
    if fault.kind == "drop":
        return Broken()
    if fault.kind not in refusals:
        return None
    status, body = refusals[fault.kind]
    waits = fault.kind == "429" and fault.retry_after
    return answer(body, status, {"Retry-After": str(fault.retry_after)} if waits else None)


def spoiled(
    fault: Fault, response: Response, wrong: Callable[[Any], None], answer: Answer = json_response
) -> Response:
    """What a fault makes of an answer to a request that was carried out. `wrong` gives a row of the decoded body a
    field of the wrong type."""
    if fault.kind == "drop-after-commit":
        return Broken()
    body = bytes(response.body)
    if fault.kind == "cut":
        return Response(body[: len(body) // 2], response.status_code, media_type="application/json")
    if fault.kind == "wrong-type":
        whole = msgspec.json.decode(body)
        wrong(whole)
        return answer(whole, response.status_code, None)
    return response
