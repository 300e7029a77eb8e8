"""The settings (`config.toml`): what may be set, its defaults, and errors that name file, table and key."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from connectors.contract import Scope

KINDS = (
    "customer_responded",
    "child_reply",
    "reply_after_close",
    "missing_fields",
    "orphaned",
    "billing_code",
)
"""The exceptions, in the order of the panes."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One `[connections.<name>]` table; durations here and below are seconds."""

    name: str
    psa: str
    scope: Scope = Scope("mine")
    technician: str = ""
    timezone: str = "UTC"
    """IANA name; falls back to the top-level `timezone`, then to the machine's."""
    read_only: bool = False
    closed_statuses: tuple[str, ...] = ()
    child_statuses: tuple[str, ...] = ()
    responded_statuses: tuple[str, ...] = ()
    answered_status: str | None = None
    closing_statuses: tuple[str, ...] = ()
    waiting_statuses: tuple[str, ...] = ()
    quota_share: float = 0.1
    options: dict[str, Any] = {}
    """The PSA's own keys (`url`, `company`, …) as read; checked against the connector's options when opened."""


class RequiredFor(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[rules.missing_fields.for]]`: the entry with the most keys that match wins, a tie goes to the later."""

    required: tuple[str, ...]
    connection: str | None = None
    board: str | None = None
    company: str | None = None
    type: str | None = None


class Exclude(msgspec.Struct, frozen=True, kw_only=True):
    statuses: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """`[rules.*]`, flattened."""

    auto_reply: tuple[str, ...] = ("^Automatic reply", "^Out of office", "^Undeliverable")
    reply_after_close_window: int = 14 * 86400
    required: tuple[str, ...] = ("contact", "contact_phone", "contact_email", "agreement", "type")
    placeholders: tuple[str, ...] = ("n/a", "none", "unknown", "-")
    required_for: tuple[RequiredFor, ...] = ()
    billing_when: Literal["worked", "always", "closing"] = "worked"
    billing_window: int = 30 * 86400
    billing_exclude: Exclude = Exclude()

    @property
    def largest_window(self) -> int:
        """Closed tickets stay in the queue for this many seconds."""
        return max(self.reply_after_close_window, self.billing_window)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `config.toml` says, defaults filled in, nothing secret."""

    timezone: str = "UTC"
    connections: dict[str, Connection] = {}
    rules: Rules = Rules()
    sync_every: int = 180
    retention: int = 180 * 86400
    hold: int = 10
    """Seconds that a step which cannot be undone waits, so that it can be taken back."""
    max_age: int = 300
    gates: tuple[str, ...] = (
        "customer_responded",
        "child_reply",
        "reply_after_close",
        "orphaned",
        "billing_code",
    )
