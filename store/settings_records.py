"""What the settings say, as plain frozen records with their defaults; `store.settings` reads them from the file."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from connectors.contract import Quota, Scope
from store.key_settings import KeyWish
from store.saved_panes import SavedPane

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
    reaction_statuses: tuple[str, ...] = ()
    """What the PSA's own rules set when staff adds a text or time: no conflict for the status that goes out next."""
    quota_share: float = 0.1
    quota: tuple[Quota, ...] | None = None
    """The PSA's limits where they are others than known; empty: none; `None`: as the connector knows them."""
    options: dict[str, Any] = {}
    """The PSA's own keys (`url`, `company`, …) as read; checked against the connector's options."""
    commands: dict[str, tuple[str, ...]] = {}
    """`<field>_command`: secret's name -> the program and its arguments that print it."""


class RequiredFor(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[rules.missing_fields.for]]`: the one with the most keys that match wins, a tie: the later."""

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
    checkpoints: tuple[int, ...] = ()
    """`[check]`: when the screen tells how many are to zero, in minutes after midnight in `timezone`, in order."""
    overrides_before_approval: int = 3
    """Reasons given to the gate in a week after which it wants to know who approves; 0: it never does."""
    bell: bool = True
    """`[notices]`: the terminal's bell for a customer's new reply while the terminal is not in front."""
    snippets: dict[str, str] = {}
    """`[snippets]`: name -> text."""
    shift: tuple[int, int] | None = None
    """`[day]`: when the technician works, in minutes after midnight in `timezone`; `None`: not said."""
    gap: int = 900
    """A stretch of the shift without time on it is told from so many seconds on."""
    time_round: int = 900
    """`[time]`: a timer counts up to whole steps of so many seconds; 0: as it is."""
    time_least: int = 0
    """A timer counts at least so many seconds."""
    billing_people: tuple[str, ...] = ()
    """`[billing]`: whom a question to billing is for."""
    billing_overdue_days: int = 2
    """Business days after which an unanswered question to billing is overdue."""
    strong_count: int = 8
    """`[suggestions]`: a suggestion is strong with this many tickets like it …"""
    strong_share: float = 0.85
    """… and this share of them."""
    theme: str = ""
    """The colours' name; empty: the one that fits the terminal. Which there are, the screen knows."""
    plain: bool = False
    """For a screen reader: words in place of frames, signs and columns, nothing that moves by itself."""
    keys: tuple[KeyWish, ...] = ()
    """`[keys]`: other keys than the ones that deskzero comes with."""
    panes: tuple[SavedPane, ...] = ()
    """`[[panes]]`: filters that are kept."""


def rules_mark(settings: Settings, connection: str) -> str:
    """A text that changes with whatever the exceptions of a connection follow from in the settings."""
    of = settings.connections[connection]
    roles = (of.closed_statuses, of.child_statuses, of.responded_statuses, of.closing_statuses)
    return msgspec.json.encode([settings.rules, settings.gates, roles, of.technician, of.timezone]).decode()
