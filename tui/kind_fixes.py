"""What clears each kind of exception: actions of the queue by their ids, and what they do about it.

The first six have flows of their own (`tui.flows_fix`); of the others the keys stand in one dialog.
"""

from __future__ import annotations

Way = tuple[str, str]
"""An action without its `queue.`, and what it does."""

_ANSWERS: tuple[Way, ...] = (("reply", "reply"), ("seen", "no answer needed"))
_LATE: tuple[Way, ...] = (
    ("reply", "reply"),
    ("note", "internal note"),
    ("status", "status"),
    ("who", "hand it over"),
)
_IN_THE_PSA: tuple[Way, ...] = (("browser", "open it in the PSA"),)

FIXES: dict[str, tuple[Way, ...]] = {
    "customer_responded": _ANSWERS,
    "child_reply": _ANSWERS,
    "reply_after_close": (*_ANSWERS, ("status", "re-open by a status")),
    "missing_fields": (("fix", "fills the field"), ("field", "any field")),
    "orphaned": (("parent", "parent"), ("status", "status")),
    "billing_code": (("code", "billing code"),),
    "sla": _LATE,
    "unassigned": (("who", "give it to somebody"),),
    "stale": (*_LATE, ("log_time", "log time")),
    "waiting_too_long": (("reply", "ask again"), ("status", "another status"), ("note", "internal note")),
    "too_old": (
        ("wrap_up", "wrap it up"),
        ("status", "status"),
        ("who", "hand it over"),
        ("note", "internal note"),
    ),
    "abandoned": (("status", "status"), ("who", "hand it over"), ("timer", "start a timer"), *_IN_THE_PSA),
    "owner_absent": (("who", "hand it over"), *_ANSWERS),
    "reopened": (("note", "internal note"), ("who", "hand it over"), ("wrap_up", "wrap it up")),
    "undocumented": (("note", "note how it was solved"),),
    "unlogged": (("log_time", "log time"),),
    "unbilled": _IN_THE_PSA,
    "out_of_scope": (*_IN_THE_PSA, ("code", "billing code")),
    "project_in_disguise": (("field", "another type or board"), ("note", "internal note"), *_IN_THE_PSA),
    "repeated_fix": (("note", "internal note"), *_IN_THE_PSA),
    "time_gap": (("log_time", "log time"), *_IN_THE_PSA),
    "billing_question": (("note", "internal note"), ("code", "billing code")),
    "possible_duplicate": (("parent", "attach it to the other"), ("wrap_up", "close it"), *_IN_THE_PSA),
    "wrong_client": (("field", "contact, agreement, site"), ("parent", "parent"), *_IN_THE_PSA),
    "crossed": _ANSWERS,
    "children_open": (("status", "status"), ("wrap_up", "wrap it up"), ("parent", "parent")),
}

_OWN_RULE: tuple[Way, ...] = (*_LATE, ("field", "any field"), ("code", "billing code"), *_IN_THE_PSA)


def fixes(kind: str | None) -> tuple[Way, ...]:
    """The ways for a kind; a company's own rule may be about anything."""
    return FIXES.get(kind, _OWN_RULE) if kind is not None else ()
