"""Headers: ours checked before they are sent, the PSA's read for what they say about time and limits."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from connectors import OptionsError


def checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Our headers, if they can be sent. Raises `OptionsError`, without showing the value."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise OptionsError(
                name, "a value of plain characters (something else got in, perhaps when copying)"
            )
    return dict(headers)


def secret_forms(secrets: Sequence[str], headers: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets in the forms they travel in, longest first. Under 4 characters nothing is a secret."""
    found = set(secrets) | {quote(secret, safe="") for secret in secrets}
    for name, value in headers.items():
        if name.lower() == "authorization":
            found.update((value, value.partition(" ")[2]))
    return tuple(sorted((form for form in found if len(form) >= 4), key=len, reverse=True))


# ---------------------------------------------------------------- what the PSA says


@lru_cache(maxsize=16)  # answers of one second have the same
def http_date(value: str) -> float | None:
    """An HTTP date as UTC seconds; `None` for anything else."""
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, TypeError, OverflowError):
        return None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, from `Retry-After` as seconds or as an HTTP date (RFC 9110, 10.2.3).

    `now`: UTC seconds by the server's clock.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    stamp = http_date(value)
    return None if stamp is None else max(0.0, stamp - now)


def used_up(headers: Mapping[str, str], now: float) -> tuple[bool, float | None]:
    """Whether the PSA says that no request is left, and in how many seconds there will be (`None`: unsaid).

    Reads `RateLimit-Remaining`/`-Reset` with and without `X-`, and the one-line form `RateLimit: "x";r=0;t=30`.
    A reset is given as seconds from now, as seconds or milliseconds since 1970, or as a date; which of them a
    PSA means is seen from the number's size (a limit that lasts over 30 years is none).
    """
    line = headers.get("ratelimit", "")
    if (left := re.search(r";\s*r=(\d+)", line)) is not None:
        after = re.search(r";\s*t=(\d+)", line)
        return int(left[1]) == 0, float(after[1]) if after else None
    for start in ("ratelimit", "x-ratelimit"):
        remaining = headers.get(f"{start}-remaining", "").strip()
        reset = _reset(headers.get(f"{start}-reset", "").strip(), now)
        if re.fullmatch(r"-?\d+", remaining):
            return int(remaining) <= 0, reset
        if reset is not None:  # a 429 may name nothing else
            return False, reset
    return False, None


def _reset(value: str, now: float) -> float | None:
    if re.fullmatch(r"\d{1,15}(\.\d+)?", value):
        number = float(value)
        if number > 1e11:
            number /= 1000
        return max(0.0, number - now) if number > 1e9 else number
    stamp = http_date(value)
    if stamp is None:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        stamp = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return max(0.0, stamp - now)
