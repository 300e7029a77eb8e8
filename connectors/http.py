"""One HTTP session with a PSA: origin, credentials, retries, typed errors, redaction.

With the client it uses (`connectors.http_client`) the only module that imports httpx. What it promises to connectors:

- Credentials go to the configured origin and nowhere else. Redirects are never followed.
- Reads and repeatable updates are tried again on 408, 429, 5xx and transport errors, with jitter, within
  `retry_for` seconds; `Retry-After` (and an answer that says that no request is left) wins and holds back the
  session's other requests too. Anything else is sent exactly once.
- With a `Budget` every request asks for its turn first. Background reads wait for it as long as it takes; what is
  sent for a person waits a little or is not sent at all (`Throttled`), never late.
- Every failure is a `ConnectorError` that says what and where (method and path, never the query) and carries a
  hint. Secrets are blacked out wherever text leaves, even where a server echoes them. Bodies are never logged.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
import stamina

from connectors.answers import Answer, WebPage, first_words, web_page_words
from connectors.budget import STALE, Budget, Turn, tell, urgency
from connectors.contract import (
    Conflict,
    ConnectorError,
    Forbidden,
    NotThere,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
    Unreadable,
)
from connectors.headers import checked, http_date, retry_after, secret_forms, used_up
from connectors.http_client import Client
from connectors.origin import origin_of
from connectors.text import clean

__all__ = ["Answer", "Session", "WebPage"]

log = logging.getLogger("deskzero.http")
logging.getLogger("stamina").addHandler(logging.NullHandler())  # a retry must not print over a terminal app
for _chatty in ("httpx", "httpcore"):  # they would log whole addresses and headers; `log` says what is needed
    logging.getLogger(_chatty).setLevel(logging.WARNING)

Explain = Callable[[int, bytes], tuple[str, str | None]]
"""Status and body of a refusal -> (the PSA's own words, the field they are about)."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
LOOK_AGAIN = 1.0
"""Seconds after which whoever waits asks again: other processes and the clock may have moved."""


class Session:
    """One account's HTTP session. Usable in one event loop; the client is made by its first request."""

    def __init__(
        self,
        base: str,
        headers: Mapping[str, str] | None = None,
        *,
        secrets: Sequence[str] = (),
        transport: httpx.AsyncBaseTransport | None = None,
        concurrency: int = 4,
        timeout: float = 30.0,
        retry_for: float = 20.0,
        explain: Explain | None = None,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`base` may have a path, which relative paths are put after. `timeout` (seconds) holds for each
        connect, read and write; one attempt as a whole may take four times as long. Raises `OptionsError`
        for an address or header that cannot be used."""
        self.origin = origin_of(base)
        self._base = base.rstrip("/")
        self._headers = checked(headers or {})
        self._secrets = secret_forms(secrets, self._headers)
        self._transport = transport
        self._concurrency = concurrency
        self._timeout = timeout
        self._retry_for = retry_for
        self._explain = explain
        self._budget = budget
        self._clock = clock
        self._sleep = sleep
        self._client: Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(concurrency)
        self._write_slots = asyncio.Semaphore(concurrency)
        """Of their own: a person's fix does not wait behind a round's reads with what it was compared with."""
        self._quiet_until = 0.0
        self.requests = 0
        """Sent so far, retries included."""
        self.clock_ahead = 0.0
        """Seconds by which the server's clock is ahead of ours, from the last `Date` header (± 1 s)."""

    def __repr__(self) -> str:
        return f"<Session {self.origin}, {self.requests} requests>"

    @property
    def base(self) -> str:
        """The address that relative paths are put after."""
        return self._base

    def now(self) -> float:
        """Our clock, UTC seconds, as answers have it in `began_at`."""
        return self._clock()

    async def close(self) -> None:
        """Ends the connections; a later request would open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def redact(self, text: str) -> str:
        """`text` with every secret of this session blacked out."""
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return text

    async def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Reads; tried again where that helps. `path` may be a whole URL of the same origin."""
        return await self.send("GET", path, params=params, headers=headers, repeatable=True)

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,  # noqa: ANN401 - any JSON
        form: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """One request (with `repeatable`, retried). Raises a `ConnectorError` unless the answer is 2xx.

        Without `repeatable` it goes out exactly once; `Unreachable.sent` then tells whether it may have
        arrived (a 408 or 5xx: it may). A write that would have to wait longer than `STALE` for its turn is
        not sent (`Throttled`): what was compared before it may be no longer true."""
        url = self._url(path)
        where = f"{method} {urlsplit(url).path}"
        content = None if json is None else msgspec.json.encode(json)
        extra = {"Content-Type": "application/json"} if content is not None else {}
        if form is not None:
            content, extra = urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        extra.update(checked(headers or {}))
        once = method != "GET" and not repeatable
        request = _Request(method, url, where, params, content, extra, once)
        stale = time.monotonic() + STALE
        await self._turn(request)
        if not repeatable:
            return await self._attempt(request, stale if once else time.monotonic() + self._retry_for)
        deadline = time.monotonic() + self._retry_for
        tries = 0

        def again(error: Exception) -> bool:
            nonlocal tries
            tries += 1
            return self._worth(error, tries, deadline)

        try:
            return await self._attempt(request, deadline)
        except ConnectorError as error:
            first = error
        async for attempt in stamina.retry_context(
            on=again,
            attempts=6,
            timeout=max(0.001, deadline - time.monotonic()),
            wait_initial=0.3,
            wait_max=5.0,
            wait_jitter=0.7,
        ):
            if attempt.num > 1:
                await self._turn(request)  # outside the attempt: what is not sent in time is not tried again
            with attempt:
                if attempt.num == 1:
                    raise first  # made above: most requests are answered, and need nothing of this
                return await self._attempt(request, deadline)
        raise AssertionError("unreachable: the last attempt returns or raises")  # pragma: no cover

    def _url(self, path: str) -> str:
        if "://" not in path.split("?", 1)[0]:
            return f"{self._base}/{path.lstrip('/')}"
        if origin_of(path) != self.origin:
            raise Unreadable(
                f"the PSA points to {self.redact(clean(_short(path)))}, another server than {self.origin}",
                hint="Credentials are sent to the configured address only. Check `url` in the settings.",
            )
        return path

    def _worth(self, error: Exception, tries: int, deadline: float) -> bool:
        """Whether trying again may help, after `tries` attempts."""
        if isinstance(error, Throttled):
            return time.monotonic() + error.retry_after < deadline
        if not isinstance(error, Unreachable) or self._quiet_until >= deadline:
            return False
        # Nobody there at all: a wrong address or no network, which a person should be told soon.
        return error.sent or tries < 3

    async def _turn(self, request: _Request) -> None:
        """Waits for the budget's leave to send. Raises `Throttled` for what must not wait so long."""
        if self._budget is None:
            return
        who = urgency()
        patience = STALE if request.once else who.patience
        waited = 0.0
        while (turn := self._budget.take(personal=who.personal)).wait > 0:
            longest = patience
            if turn.asked and longest is None:  # a round that the PSA itself sends away ends, and says so
                longest = self._retry_for
            if longest is not None and waited + turn.wait > longest:
                raise _held_back(self.redact(request.where), turn)
            tell(turn)
            await self._sleep(step := min(turn.wait, LOOK_AGAIN))
            waited += step

    @asynccontextmanager
    async def _slot(self, request: _Request, deadline: float) -> AsyncIterator[Client]:
        """A free place among the concurrent requests, once a `Retry-After` is over."""
        loop = asyncio.get_running_loop()
        dead = self._loop is not loop and self._loop is not None and self._loop.is_closed()
        if self._client is None or dead:
            self._client, self._loop = self._new_client(), loop
            self._slots = asyncio.Semaphore(self._concurrency)
            self._write_slots = asyncio.Semaphore(self._concurrency)
        elif self._loop is not loop:
            raise RuntimeError("a Session belongs to the event loop of its first request")
        async with self._write_slots if request.once or urgency().personal else self._slots:
            wait = self._quiet_until - time.monotonic()
            if wait > 0 and self._quiet_until > deadline:
                raise _throttled(self.redact(request.where), wait)
            if request.once and time.monotonic() > deadline:
                raise _throttled(self.redact(request.where), 1.0, "no place was free in time")
            await asyncio.sleep(max(0.0, wait))
            yield self._client

    def _new_client(self) -> Client:
        return Client(
            self.origin,
            self._headers,
            timeout=self._timeout,
            concurrency=self._concurrency,
            transport=self._transport,
        )

    async def _attempt(self, request: _Request, deadline: float) -> Answer:
        async with self._slot(request, deadline) as client:
            self.requests += 1
            began, ticks = self._clock(), time.monotonic()
            try:
                async with asyncio.timeout(self._timeout * 4):
                    response = await client.send(
                        client.built(
                            request.method,
                            request.url,
                            params=request.params,
                            headers=request.headers,
                            content=request.content,
                        )
                    )
            except _UNSENT as error:
                raise self._unreachable(request.where, error, sent=False) from None
            except (httpx.RequestError, TimeoutError) as error:
                raise self._unreachable(request.where, error, sent=True) from None
            except (httpx.InvalidURL, UnicodeError) as error:
                raise Unreadable(f"{request.where}: not an address: {self.redact(str(error))}") from None
        took = time.monotonic() - ticks
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s -> %s in %.0f ms", self.redact(request.where), response.status_code, took * 1000)
        headers = dict(response.headers.items())
        self._read_clock(headers, began + took / 2)
        answer = Answer(
            response.status_code, headers, response.content, int(began), request.where, self.redact
        )
        after = self._read_limits(answer)
        if not response.is_success:
            raise self._failure(answer, after)
        return answer

    def _read_limits(self, answer: Answer) -> float | None:
        """What the PSA says about its limits holds back this session, and all who share its budget."""
        status, now = answer.status, self._clock() + self.clock_ahead
        none_left, reset = used_up(answer.headers, now)
        seconds = retry_after(answer.headers, now) if status == 429 or status >= 500 else None
        if seconds is None and (none_left or status == 429):
            seconds = reset
        if seconds is not None:
            self._quiet_until = max(self._quiet_until, time.monotonic() + seconds)
        if self._budget is not None and (seconds is not None or none_left or status == 429):
            self._budget.quiet(seconds)
        return seconds

    def _read_clock(self, headers: Mapping[str, str], at: float) -> None:
        stamp = http_date(headers.get("date", ""))
        if stamp is not None:
            self.clock_ahead = stamp + 0.5 - at

    def _unreachable(self, where: str, error: Exception, *, sent: bool) -> Unreachable:
        words = self.redact(clean(str(error))) or type(error).__name__
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            words = f"no answer within {self._timeout:.0f} s"
        hint = "Check the network and the address; deskzero tries again by itself."
        if "certificate" in words.lower() or "ssl" in words.lower():
            hint = "The server's certificate is not trusted here: check the address and this machine's clock."
        return Unreachable(
            f"{self.redact(where)}: {self.origin} could not be reached: {words}", sent=sent, hint=hint
        )

    def _failure(self, answer: Answer, after: float | None) -> ConnectorError:
        """The typed error for an answer that is not 2xx; `after`: in how many seconds the PSA wants to be asked."""
        status, where = answer.status, self.redact(answer.where)
        if 300 <= status < 400:
            return self._redirected(answer, where)
        page = web_page_words(answer.headers, answer.body)
        words, field = self._words(answer, page)
        said = f"{where}: {status} {words}".rstrip()
        if status == 429:
            return _throttled(where, 1.0 if after is None else after, words)
        if status == 408 or status >= 500:
            return Unreachable(
                said, sent=True, hint="The PSA has trouble of its own; deskzero tries again by itself."
            )
        if status == 401:
            return Unauthorized(said, hint="Check the credentials: `deskzero connect` asks for them again.")
        if status == 403:
            return Forbidden(said, hint="The PSA knows us but does not allow this: ask for the right there.")
        if page is not None:
            return WebPage(
                f"{where}: a web page came instead of the API's answer ({status}): “{self.redact(page)}”",
                status=status,
                hint="Check the address: a proxy, a login page or another program answers there.",
            )
        if status in (404, 410):
            return NotThere(
                said, field=field, hint="It is gone, or not for this account; or the address is wrong."
            )
        if status == 412:
            return Conflict(said, field=field, hint="Somebody changed it in the meantime: read it again.")
        return Rejected(said, field=field, hint="The PSA did not take it; its own words are above.")

    def _words(self, answer: Answer, page: str | None) -> tuple[str, str | None]:
        """What the PSA says, cleaned and without secrets."""
        words, field = "", None
        if page is not None:
            words = page
        elif self._explain is not None and answer.body:
            words, field = self._explain(answer.status, answer.body)
        if not words and page is None:
            words = first_words(answer.body)
        return self.redact(clean(words))[:400], None if field is None else self.redact(clean(field))

    def _redirected(self, answer: Answer, where: str) -> ConnectorError:
        target = self.redact(clean(_short(answer.headers.get("location", ""))))
        return WebPage(
            f"{where}: the server redirects to “{target}” instead of answering ({answer.status})",
            status=answer.status,
            hint=f"Redirects are not followed: credentials go to {self.origin} only. "
            "If the other address is yours, set it as `url`.",
        )


class _Request(msgspec.Struct, frozen=True):
    method: str
    url: str
    where: str
    params: Mapping[str, Any] | None
    content: bytes | None
    headers: Mapping[str, str]
    once: bool
    """A write that is not to be repeated."""


def _throttled(where: str, seconds: float, words: str = "") -> Throttled:
    said = f": {words}" if words else ""
    return Throttled(
        f"{where}: too many requests{said}",
        retry_after=seconds,
        hint=f"The PSA asks to wait {seconds:.0f} s; deskzero tries again by itself.",
    )


def _held_back(where: str, turn: Turn) -> Throttled:
    """The budget's no."""
    if turn.asked:
        return _throttled(where, turn.wait)
    return Throttled(
        f"{where}: our share of the company's requests is used up",
        retry_after=turn.wait,
        hint=f"There will be room in {turn.wait:.0f} s; deskzero tries again by itself. `quota_share` in the settings"
        " is how much of the company's limit is ours.",
    )


def _short(url: str) -> str:
    return url.split("?", 1)[0][:200]
