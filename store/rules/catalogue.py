"""Which kinds of exception there are, in the order of the panes, and what each company may set of them.

Plain data, needed before the first paint; how a kind is found is in the modules beside this one, what it means exactly
in `docs/exceptions.md`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Of = Literal["duration", "count", "hours", "share", "texts", "absences"]
"""What a limit is: seconds, a whole number, hours, a part of 1, a list of names, who is away when (`store.absences`),
yes or no."""


class Limit(msgspec.Struct, frozen=True):
    """One threshold of a kind: a key of its table `[rules.<kind>]`."""

    key: str
    of: Of
    default: Any
    means: str


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of exception."""

    name: str
    pane: int
    title: str
    """In the list of panes."""
    means: str
    """What it is, in a sentence without its end."""
    on: bool = False
    """Looked for unless the settings say otherwise."""
    gate: bool = False
    """Counts to zero unless the settings say otherwise."""
    needs: tuple[str, ...] = ()
    """What a PSA has to tell for it: of `Capabilities.not_read` and `connectors.contract.TELLS`."""
    limits: tuple[Limit, ...] = ()
    own_table: bool = False
    """Its table has keys of its own, which `store.settings` reads."""


_WINDOW = Limit("window", "duration", 30 * 86400, "closed tickets count for so long")

CATALOGUE: tuple[Kind, ...] = (
    Kind(
        name="customer_responded",
        pane=1,
        title="Responded",
        means="the customer has the last word, or the PSA says that they wrote",
        on=True,
        gate=True,
        needs=("conversations",),
        own_table=True,
    ),
    Kind(
        name="child_reply",
        pane=1,
        title="on children",
        means="the same on an open child",
        on=True,
        gate=True,
        needs=("conversations",),
    ),
    Kind(
        name="reply_after_close",
        pane=1,
        title="after close",
        means="closed, and the customer wrote after that",
        on=True,
        gate=True,
        needs=("conversations",),
        own_table=True,
    ),
    Kind(
        name="missing_fields",
        pane=2,
        title="Missing",
        means="open, and a field that every ticket has to have is empty",
        on=True,
        own_table=True,
    ),
    Kind(
        name="orphaned",
        pane=3,
        title="Orphaned",
        means="a child whose parent is gone or closed, or that has none",
        on=True,
        gate=True,
        needs=("parents",),
    ),
    Kind(
        name="billing_code",
        pane=4,
        title="Billing code",
        means="worked on, and without the code that an invoice needs",
        on=True,
        gate=True,
        needs=("billing_codes", "time"),
        own_table=True,
    ),
    # ------------------------------------------------------------ 5: late
    Kind(
        name="sla",
        pane=5,
        title="SLA",
        means="a target of the SLA is breached, or most of its time is gone",
        needs=("sla",),
        limits=(Limit("warn_at", "share", 0.8, "share of the business time after which it is here"),),
    ),
    Kind(
        name="unassigned",
        pane=5,
        title="Unassigned",
        means="open, and nobody owns it",
        limits=(Limit("after", "duration", 20 * 60, "more business time than that since it was opened"),),
    ),
    Kind(
        name="stale",
        pane=5,
        title="Stale",
        means="open, and nothing has happened on it",
        needs=("conversations",),
        limits=(
            Limit(
                "high_days", "count", 1, "more business days than that without activity, of high priorities"
            ),
            Limit("days", "count", 3, "the same, of all others"),
            Limit(
                "high_priorities",
                "texts",
                (),
                "high priorities by name; none: the two highest in the PSA's order",
            ),
        ),
    ),
    Kind(
        name="waiting_too_long",
        pane=5,
        title="Waiting",
        means="waits for somebody who does not answer",
        needs=("conversations",),
        limits=(
            Limit("follow_up", "duration", 48 * 3600, "after so long somebody should ask again"),
            Limit("stale", "duration", 7 * 86400, "after so long it should not wait any more"),
        ),
    ),
    Kind(
        name="too_old",
        pane=5,
        title="Too old",
        means="open for too long, and no project",
        limits=(Limit("after", "duration", 14 * 86400, "more time than that since it was opened"),),
    ),
    Kind(
        name="abandoned",
        pane=5,
        title="Abandoned",
        means="in progress, and nothing is planned for it",
        needs=("schedule",),
        limits=(
            Limit(
                "statuses",
                "texts",
                ("In Progress", "Work In Progress", "Working"),
                "those that mean work in progress",
            ),
        ),
    ),
    Kind(
        name="owner_absent",
        pane=5,
        title="Owner away",
        means="has to be gone today, and its owner is not there",
        needs=("conversations",),
        limits=(
            Limit(
                "away", "absences", (), 'who is away: "asmith", or with days "asmith 2026-12-21..2026-12-31"'
            ),
            Limit(
                "quiet_for",
                "duration",
                4 * 3600,
                "business time of the day without a sign of life; 0s: do not guess",
            ),
        ),
    ),
    Kind(
        name="reopened",
        pane=5,
        title="Reopened",
        means="closed and reopened again and again",
        limits=(
            Limit("times", "count", 2, "so often"),
            Limit("within", "duration", 30 * 86400, "in so long"),
        ),
    ),
    # ------------------------------------------------------------ 6: time and money
    Kind(
        name="undocumented",
        pane=6,
        title="Undocumented",
        means="closed, and nothing says how it was solved",
        needs=("conversations",),
        limits=(
            Limit("least", "count", 20, "characters that a resolution or a technician's note has to have"),
            Limit(
                "generic",
                "texts",
                (
                    "fixed",
                    "done",
                    "resolved",
                    "completed",
                    "closed",
                    "ok",
                    "issue resolved",
                    "no further action",
                ),
                "texts that say nothing",
            ),
            _WINDOW,
        ),
    ),
    Kind(
        name="unlogged",
        pane=6,
        title="Unlogged",
        means="closed, or worked on today, and no time on it",
        needs=("conversations", "time"),
        limits=(_WINDOW,),
    ),
    Kind(
        name="unbilled",
        pane=6,
        title="Unbilled",
        means="time that the customer is to pay for, and on no invoice",
        needs=("time", "charge", "invoices"),
        limits=(
            Limit("after", "duration", 30 * 86400, "since the work"),
            Limit("window", "duration", 180 * 86400, "closed tickets count for so long"),
        ),
    ),
    Kind(
        name="out_of_scope",
        pane=6,
        title="Out of scope",
        means="time that the agreement does not cover, and that nobody marked to be paid",
        needs=("time", "charge"),
        limits=(_WINDOW,),
        own_table=True,
    ),
    Kind(
        name="project_in_disguise",
        pane=6,
        title="A project",
        means="a support ticket as large as a project",
        needs=("time",),
        limits=(
            Limit("hours", "hours", 4.0, "hours of work"),
            Limit("technicians", "count", 3, "people who worked on it"),
            Limit("entries", "count", 5, "time entries"),
        ),
    ),
    Kind(
        name="repeated_fix",
        pane=6,
        title="Repeated fix",
        means="the same small fix for one company again and again, and never paid",
        needs=("time", "charge"),
        limits=(
            Limit("entries", "count", 5, "so many short entries"),
            Limit("longest", "duration", 15 * 60, "an entry is short up to this"),
            Limit("within", "duration", 30 * 86400, "in so long"),
        ),
    ),
    Kind(
        name="time_gap",
        pane=6,
        title="Time gap",
        means="today's time entries overlap, leave a gap, or were put in late",
        needs=("time",),
        limits=(Limit("late_days", "count", 1, "business days after the work"),),
    ),
    Kind(
        name="billing_question",
        pane=6,
        title="Billing question",
        means="a question to billing that nobody answered",
        needs=("conversations",),
    ),
    # ------------------------------------------------------------ 7: mixed up
    Kind(
        name="possible_duplicate",
        pane=7,
        title="Duplicate?",
        means="the same contact has another open ticket about what seems the same",
        limits=(
            Limit("within", "duration", 24 * 3600, "opened so close to each other"),
            Limit("alike", "share", 0.8, "how alike the summaries have to be"),
        ),
    ),
    Kind(
        name="wrong_client",
        pane=7,
        title="Wrong client",
        means="contact, mail domain, agreement, site or parent belongs to another company",
        limits=(Limit("catch_all", "texts", (), "companies that only collect what nobody could assign"),),
    ),
    Kind(
        name="crossed",
        pane=7,
        title="Crossed",
        means="an answer went out right after a customer's note that it does not seem to have seen",
        needs=("conversations",),
        limits=(Limit("within", "duration", 5 * 60, "so soon after the note"), _WINDOW),
    ),
    Kind(
        name="children_open",
        pane=7,
        title="Children open",
        means="the parent is closed and children are not, or the other way round",
        needs=("parents",),
    ),
)

BY_NAME = {kind.name: kind for kind in CATALOGUE}

_PLACES = {kind.name: place for place, kind in enumerate(CATALOGUE)}

CUSTOM = "custom:"
"""Before the name of a company's own rule, where the name of a kind stands."""

PANES: dict[int, str] = {
    1: "Responded",
    2: "Missing",
    3: "Orphaned",
    4: "Billing code",
    5: "Late",
    6: "Time, money",
    7: "Mixed up",
    8: "Our rules",
    0: "All open",
}
"""The panes' numbers and titles; 5 to 8 are there when a kind of theirs is looked for."""


def pane_of(kind: str) -> int:
    """The number of the pane that a kind stands in; one that is not known (any more) stands with the own rules."""
    return BY_NAME[kind].pane if kind in BY_NAME else 8


def place_of(kind: str) -> tuple[int, str]:
    """Where a kind stands among the others; the company's own come last, by name."""
    return (_PLACES.get(kind, len(_PLACES)), kind)


def title_of(kind: str) -> str:
    """What a kind is called in the list of panes."""
    return BY_NAME[kind].title if kind in BY_NAME else kind.removeprefix(CUSTOM)
