"""What can go wrong between us and a PSA, whatever its wire format says."""

from __future__ import annotations


class ConnectorError(Exception):
    """Something a connector could not do. `str()` says what and where; `hint` says what to do."""

    kind = "error"

    def __init__(self, message: str, *, hint: str = "", field: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.field = field


class Unauthorized(ConnectorError):
    """The credentials were refused (401, or what the PSA answers instead)."""

    kind = "unauthorized"


class Forbidden(ConnectorError):
    """We are known, and may not (403)."""

    kind = "forbidden"


class NotThere(ConnectorError):
    """No such thing, or not for us (404)."""

    kind = "not_there"


class UnknownName(ConnectorError):
    """A technician, board or team of a scope does not exist or is inactive. Never an empty queue."""

    kind = "unknown_name"


class Rejected(ConnectorError):
    """The PSA refused a change, in its own words; `field` where it names one."""

    kind = "rejected"


class Conflict(ConnectorError):
    """A conditional write found that the ticket has changed since (412)."""

    kind = "conflict"


class Throttled(ConnectorError):
    """Too many requests; `retry_after` seconds. The request was not carried out."""

    kind = "throttled"

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Unreachable(ConnectorError):
    """No (usable) answer. `sent` is false only when the request certainly never reached the server."""

    kind = "unreachable"

    def __init__(self, message: str, *, sent: bool, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.sent = sent


class Unreadable(ConnectorError):
    """An answer came that is not what the PSA's API gives: HTML, cut short, another shape.

    For a write its outcome is unknown, as with `Unreachable(sent=True)`.
    """

    kind = "unreadable"


class Unsupported(ConnectorError):
    """This PSA's API does not offer it, as known."""

    kind = "unsupported"
