"""The httpx client of one session: what it sends is what httpx would send, with less work for each request.

Beside `connectors.http` the only module that imports httpx.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

PLAIN_TARGET = re.compile(
    r"(?:/(?!\.)[A-Za-z0-9_~!$&'()*+,;=:@%.-]*)+(?:\?[A-Za-z0-9_~!$&'()*+,;=:@%/?.-]*)?"
)
"""Path and query in which httpx changes nothing: no character that has to be escaped, no step up or down."""


class Client(httpx.AsyncClient):
    """Sends to one origin, at most `concurrency` requests each for reading and writing at once; follows no redirect."""

    def __init__(
        self,
        origin: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        concurrency: int,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`timeout`: seconds for each connect, read and write. `transport`: somebody else's, in place of a socket."""
        super().__init__(
            transport=transport,
            headers={"User-Agent": "deskzero", "Accept": "application/json", **headers},
            timeout=httpx.Timeout(timeout, connect=min(10.0, timeout)),
            limits=httpx.Limits(max_connections=2 * concurrency, max_keepalive_connections=2 * concurrency),
            follow_redirects=False,
            # A proxy from the environment must not get what is meant for this machine.
            trust_env=urlsplit(origin).scheme == "https",
        )
        self._origin = origin
        self._origin_url = httpx.URL(origin) if transport is None else None
        """Taken apart once; with a transport of somebody else's, who may look at it, each address is."""
        self._always = {name: (name, value) for name, value in self.headers.items()}
        """Name in lower case -> header of every request."""
        self._timeouts = self.timeout.as_dict()
        self._sparing = _Cookies()

    @property
    def cookies(self) -> httpx.Cookies:
        return self._sparing

    @cookies.setter
    def cookies(self, cookies: Any) -> None:  # noqa: ANN401 - what httpx takes for some
        self._sparing = _Cookies(cookies)

    def built(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> httpx.Request:
        """As `build_request` has it, which takes each address apart twice and copies all headers three times."""
        every = self._always
        if headers:
            every = every | {name.lower(): (name, value) for name, value in headers.items()}
        # Which cookies go with a request depends on its whole address.
        plain = self._origin_url is not None and params is None and not len(self.cookies)
        target = url[len(self._origin) :] if plain and url.startswith(self._origin) else ""
        plain = PLAIN_TARGET.fullmatch(target) is not None
        built = httpx.Request(
            method,
            self._origin_url if plain and self._origin_url is not None else url,
            params=params,
            headers=list(every.values()),
            cookies=self.cookies if len(self.cookies) else None,
            content=content,
            extensions={"timeout": self._timeouts},
        )
        if plain:
            built.url = _Target(built.url, target)
        return built


class _Target(httpx.URL):
    """An address below an origin that is taken apart already; httpx looks at every character of a whole one, which for
    `fields=` with thirty names takes as long as sending it."""

    def __init__(self, origin: httpx.URL, target: str) -> None:
        super().__init__(origin)
        self._target = target.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        """What goes on the wire."""
        return self._target


class _Cookies(httpx.Cookies):
    """Looks into the answers that set one: httpx makes a request and an answer of the standard library's of each, a
    twentieth of what a request costs."""

    def extract_cookies(self, response: httpx.Response) -> None:
        if "set-cookie" in response.headers:
            super().extract_cookies(response)
