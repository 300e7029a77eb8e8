"""What the settings say, as plain frozen records with their defaults; `store.settings` reads them from the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from connectors.contract import Quota, Scope
from store.business_time import Hours
from store.rules.catalogue import BY_NAME, CATALOGUE, CUSTOM

if TYPE_CHECKING:
    from store.key_settings import KeyWish
    from store.saved_panes import SavedPane

KINDS = tuple(kind.name for kind in CATALOGUE)
"""The kinds that deskzero knows, in the order of the panes. Which are looked for, `Settings.kinds` says."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One `[connections.<name>]` table; durations here and below are seconds."""

    name: str
    psa: str
    scope: Scope = Scope("mine")
    technician: str = ""
    timezone: str = "UTC"
    """IANA name; falls back to the top-level `timezone`, then to the machine's."""
    hours: Hours = Hours()
    """When this connection's business is open, in its `timezone`; what its table does not say is as in `[hours]`."""
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
    """What a kind leaves out: tickets with one of these names, case ignored."""

    statuses: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()
    technicians: tuple[str, ...] = ()
    """Owners."""
    who: str = ""
    why: str = ""
    until: str = ""
    """The last day on which it holds, `YYYY-MM-DD`; empty: for good."""


class KindRule(msgspec.Struct, frozen=True, kw_only=True):
    """`[rules.<kind>]`: what a company has made of a kind."""

    on: bool
    gate: bool | None = None
    """Whether its rows count; `None`: as `check.gates` says."""
    limits: dict[str, Any] = {}
    """By the keys of `catalogue.Limit`, all of them."""
    exclude: tuple[Exclude, ...] = ()
    sop: str = ""
    """A text or an address that says what to do."""
    review: str = ""
    """The day after which somebody should look whether it still fits, `YYYY-MM-DD`."""


class CustomRule(msgspec.Struct, frozen=True, kw_only=True):
    """`[[rules.custom]]`: a rule of the company's own."""

    name: str
    means: str
    """A sentence, shown as the reason."""
    where: str
    """A condition in SQL over `v_ticket t`."""
    on: bool = True
    gate: bool = False
    exclude: tuple[Exclude, ...] = ()
    sop: str = ""
    review: str = ""
    line: int = 0
    """Where it stands in the file."""

    @property
    def kind(self) -> str:
        return CUSTOM + self.name


class AgreementScope(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[rules.out_of_scope.agreement]]`: what an agreement does not cover, by names, case ignored."""

    name: str
    """The agreement's; `*`: any."""
    codes: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class CompanyRate(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[money.for]]`: what an hour costs one company, in place of what it costs the others."""

    company: str
    """Case ignored."""
    rate: float | None = None
    rates: dict[str, float] = {}
    """Billing code's name -> an hour of it."""


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """`[money]`: what an hour costs the customer where the PSA does not say."""

    currency: str = ""
    rate: float | None = None
    rates: dict[str, float] = {}
    """Billing code's name -> an hour of it."""
    companies: tuple[CompanyRate, ...] = ()


class CustomProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the company's own that cannot be used as it is written: it is switched off."""

    name: str
    """As written; `number 2` where it has none."""
    line: int
    """Where it stands in the file; 0: not known."""
    problem: str
    hint: str
    counts: bool
    """It says, or may mean to say, that its rows count to zero."""
    off: bool = False
    """It is switched off anyway."""

    @property
    def kind(self) -> str:
        return CUSTOM + self.name


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """`[rules.*]`, flattened."""

    auto_reply: tuple[str, ...] = ("^Automatic reply", "^Out of office", "^Undeliverable")
    reply_after_close_window: int = 14 * 86400
    required: tuple[str, ...] = ("contact", "contact_phone", "contact_email", "agreement", "type")
    placeholders: tuple[str, ...] = ("n/a", "none", "unknown", "-")
    required_for: tuple[RequiredFor, ...] = ()
    billing_when: Literal["worked", "always", "closing"] = "worked"
    billing_window: int = 30 * 86400
    agreements: tuple[AgreementScope, ...] = ()
    """`out_of_scope`: what they do not cover."""
    kinds: dict[str, KindRule] = {}
    """Those that have a table."""
    custom: tuple[CustomRule, ...] = ()
    """Those that can be used."""
    custom_problems: tuple[CustomProblem, ...] = ()
    """What is wrong with the others."""
    custom_limit: int = 2
    """Seconds that one of the company's own rules may take."""
    snoozes_before_approval: int = 3
    """So often one row is hidden before somebody has to approve; 0: nobody has to."""

    def of(self, kind: str) -> KindRule:
        """What holds for a kind, with its defaults. Raises `KeyError` for one that there is not."""
        found = self.kinds.get(kind)
        if found is None:
            known = BY_NAME[kind]
            found = KindRule(on=known.on, limits={limit.key: limit.default for limit in known.limits})
        return found

    def exclusions(self, kind: str) -> tuple[Exclude, ...]:
        """What is left out of a kind, also of one of the company's own."""
        if kind in BY_NAME:
            return self.of(kind).exclude
        return next((rule.exclude for rule in self.custom if rule.kind == kind), ())

    def sop_of(self, kind: str) -> str:
        """The text or the address that says what to do about a kind, also one of the company's own; empty: none."""
        if kind in BY_NAME:
            return self.of(kind).sop.strip()
        return next((rule.sop.strip() for rule in self.custom if rule.kind == kind), "")

    def meaning(self, kind: str) -> str:
        """What a kind is, in a sentence without its end; empty for one that there is not (any more)."""
        if kind in BY_NAME:
            return BY_NAME[kind].means
        return next((rule.means.strip().rstrip(".") for rule in self.custom if rule.kind == kind), "")

    def talk_window(self, kinds: Iterable[str]) -> int:
        """For so many seconds closed tickets' conversations matter to these kinds."""
        known = [BY_NAME[kind] for kind in kinds if kind in BY_NAME]
        further: list[int] = [
            self.of(kind.name).limits.get("window", 0) for kind in known if "conversations" in kind.needs
        ]
        return max([self.reply_after_close_window, *further])

    @property
    def largest_window(self) -> int:
        """Closed tickets stay in the queue for this many seconds."""
        further: list[int] = [self.of(kind).limits.get("window", 0) for kind in KINDS if self.of(kind).on]
        return max(self.reply_after_close_window, self.billing_window, *further)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `config.toml` says, defaults filled in, nothing secret."""

    timezone: str = "UTC"
    connections: dict[str, Connection] = {}
    hours: Hours = Hours()
    """`[hours]`: when business is open, in `timezone`."""
    rules: Rules = Rules()
    sync_every: int = 180
    retention: int = 180 * 86400
    hold: int = 10
    """Seconds that a step which cannot be undone waits, so that it can be taken back."""
    max_age: int = 300
    gates: tuple[str, ...] = tuple(kind.name for kind in CATALOGUE if kind.gate)
    """Kinds whose rows have to be gone: `check.gates`, and what the kinds' own tables say."""
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
    money: Money = Money()
    lesson_note: bool = True
    """`[mistakes]`: what goes into the mistake log is offered as an internal note on its ticket too."""
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

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are looked for, in the order of the panes, the company's own last."""
        known = [kind for kind in KINDS if self.rules.of(kind).on]
        return (*known, *(rule.kind for rule in self.rules.custom if rule.on))

    @property
    def counted(self) -> tuple[str, ...]:
        """The kinds that are looked for and count to zero."""
        return tuple(kind for kind in self.kinds if kind in self.gates)


def rules_mark(settings: Settings, connection: str) -> str:
    """A text that changes with whatever the exceptions of a connection follow from in the settings."""
    of = settings.connections[connection]
    roles = (
        of.closed_statuses,
        of.child_statuses,
        of.responded_statuses,
        of.closing_statuses,
        of.waiting_statuses,
    )
    day = (settings.shift, settings.gap, settings.billing_overdue_days)
    # Where a rule stands in the file, and when hiding a row asks for a name, changes no result.
    custom = tuple(msgspec.structs.replace(rule, line=0) for rule in settings.rules.custom)
    rules = msgspec.structs.replace(
        settings.rules, custom=custom, custom_problems=(), snoozes_before_approval=0
    )
    parts = [rules, settings.gates, roles, of.technician, of.timezone, of.hours, day]
    return msgspec.json.encode(parts).decode()
