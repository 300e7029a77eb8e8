"""What may be said to a client about something that slipped: plain, without blame and without a promise of a day.

A proposal to edit and to copy. Nothing here is ever sent.
"""

from __future__ import annotations

from store.mistakes import Cause, Remedy
from store.rules.catalogue import BY_NAME

_HAPPENED = {
    "customer_responded": "You wrote to us and waited longer for an answer than you should have.",
    "child_reply": "You wrote to us and waited longer for an answer than you should have.",
    "reply_after_close": "You wrote to us after we had closed your request, and we saw it later than we should have.",
    "missing_fields": "Some details of your request were not written down, and that held it up.",
    "orphaned": "Your request had lost its link to the larger job that it belongs to, and that held it up.",
    "billing_code": "The work on your request was not recorded the way your invoice needs it.",
    "sla": "Your request took longer than we have agreed with you.",
    "unassigned": "Your request waited before somebody took it on.",
    "stale": "Your request stood still for longer than it should have.",
    "waiting_too_long": "We waited for a next step without asking about it in time.",
    "too_old": "Your request has been open for longer than it should be.",
    "abandoned": "Your request was begun, and its next step was not planned.",
    "owner_absent": "Your request was with somebody who was away, and it was not passed on in time.",
    "reopened": "Your request was closed before it was really solved.",
    "undocumented": "We closed your request without writing down how it was solved.",
    "unlogged": "The work on your request was not recorded in time.",
    "unbilled": "Work on your request reached your invoice later than it should have.",
    "out_of_scope": "We did work that your agreement does not cover and did not tell you beforehand.",
    "project_in_disguise": "Your request turned out to be a larger job, and we did not tell you early enough.",
    "repeated_fix": "We fixed the same thing several times in place of its cause.",
    "time_gap": "The work on your request was recorded later than it was done.",
    "billing_question": "A question about your invoice waited longer inside our house than it should have.",
    "possible_duplicate": "We worked on the same request of yours twice.",
    "wrong_client": "Your request was filed in the wrong place for a while.",
    "crossed": "Our answer crossed with your message and did not take it into account.",
    "children_open": "Parts of a larger job were closed at different times.",
}
"""By kind of exception: what the client will have noticed of it."""
_ANY = "Something in the way we handled your request did not go as it should have."
_BECAUSE: dict[Cause, str] = {
    "process": "A step was missing in the way we work.",
    "technology": "One of our tools did not do what we rely on it for.",
    "people": "It slipped through in a day's work.",
}
_REMEDY: dict[Remedy, str] = {
    "automation": "We are adding a check that notices this by itself.",
    "training": "We are going through it as a team.",
    "documentation": "We are writing down how this is done, so that it is the same each time.",
}


def suggested(kind: str | None, cause: Cause, remedy: Remedy) -> str:
    """The wording for a kind (`None` or an own rule's: a general one), a cause and a remedy."""
    happened = _HAPPENED.get(kind or "", _ANY) if kind in BY_NAME else _ANY
    return f"{happened} We are sorry about that. {_BECAUSE[cause]} {_REMEDY[remedy]}"
