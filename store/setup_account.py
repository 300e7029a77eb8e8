"""Lint of the account and of what it sees: its clock, whose it is, its rights, its keys, required fields."""

from __future__ import annotations

from collections.abc import Iterator

from store.setup_records import Facts, Finding

CLOCK_SECONDS = 30
"""From this difference on a clock is a finding: cursors and "now" begin to matter."""

BLOCKED: tuple[tuple[str, str], ...] = (
    ("schedule", "Tickets that you are assigned to without owning them are not in your queue."),
    ("assigned besides", "Tickets that you are assigned to without owning them are not in your queue."),
    ("customer responded", "The signal is not seen: who wrote last is all that tells."),
    ("labour product", "Time cannot be logged with a code, and codes on time cannot be set."),
    ("conversation", "Who wrote last is not known: `deskzero check` cannot say zero."),
    ("reply", "Fixes of this kind are refused: they end as rejected in the outbox."),
    ("note", "No notes, and no “no answer needed”: they end as rejected in the outbox."),
    ("time", "Time without a billing code is not found, and its code cannot be set."),
    ("ticket types", "The type of a ticket cannot be chosen, and which status signals a reply is not known."),
    ("status", "No status can be set: no close, no wrap-up, and the signal stays after a reply."),
    ("work types", "No billing code can be chosen."),
    ("billing code", "No billing code can be chosen."),
    ("agreement", "No agreement can be chosen, and one that has ended is not noticed."),
    ("contract", "No agreement can be chosen, and one that has ended is not noticed."),
    (
        "contact's card",
        "A contact's phone and mail cannot be set: such a fix ends as rejected in the outbox.",
    ),
    ("contact phone", "These fields are left out of the required ones: that one is missing is not noticed."),
    ("contact", "No contact can be chosen."),
    ("companies", "Companies have no names here; searching by company finds nothing."),
    ("site", "No site can be chosen."),
    ("priorit", "No priority can be chosen."),
    ("source", "No source can be chosen."),
    ("team", "No scope `team:` or `board:` can be used."),
    ("ticket", "There is no queue."),
)
"""A word in what a connector calls missing -> what it blocks; the first that fits."""


def clock(facts: Facts) -> Iterator[Finding]:
    """The server's clock against this machine's."""
    ahead = facts.identity.clock_ahead
    if abs(ahead) > CLOCK_SECONDS:
        yield facts.wrong(
            "clock_differs",
            f"the server's clock is {ahead:+.0f} s against this machine's",
            "Ages, windows and “not read since” are reckoned with this machine's clock, and time that you log ends at"
            " the wrong minute.",
            "Let this machine set its clock from the network.",
        )


def key_of_other(facts: Facts) -> Iterator[Finding]:
    """Credentials that write in somebody else's name. Where the PSA refuses to tell, its connector says so."""
    writes_as, me = facts.identity.writes_as, facts.identity
    if writes_as is None or writes_as.casefold() in (me.member.casefold(), me.name.casefold()):
        return
    yield facts.wrong(
        "key_of_other",
        f"the credentials belong to “{writes_as}”, and technician is “{me.member}”",
        f"Replies, notes and time carry the name “{writes_as}”: that is what customers and colleagues read, and whose"
        " timesheet it is.",
        f"Use credentials of {me.member}, or set technician in {facts.table} to “{writes_as}” if that is you.",
    )


def rights(facts: Facts) -> Iterator[Finding]:
    """Rights that are missing, with what each blocks."""
    for verb, right in facts.identity.missing:
        yield facts.wrong(
            "right_missing",
            f"the right {right} is missing: no {verb}",
            _blocked(verb),
            f"Ask the administrator of {facts.title} for it, for the account of these credentials.",
        )


def _blocked(verb: str) -> str:
    said = verb.casefold().replace("_", " ")
    return next((blocks for word, blocks in BLOCKED if word in said), "deskzero goes without it here.")


def settings_found(facts: Facts) -> Iterator[Finding]:
    """Keys that are set, and that probing found to be another. What is not set is found out by itself."""
    for key, value in facts.identity.found.items():
        now = facts.effective.get(key)
        if now in (None, "", ()) or str(now).casefold() == value.casefold():
            continue
        yield facts.wrong(
            "setting_refuted",
            f"{key} is “{now}”, but {facts.title} answers as if it were “{value}”",
            "What changed there may be missed or read twice.",
            f'Set {key} = "{value}" in {facts.table}; `deskzero connect {facts.name}` does it too.',
        )


def absent_fields(facts: Facts) -> Iterator[Finding]:
    """Required fields that the PSA has not, as the last sync found."""
    if facts.view.missing_fields:
        yield facts.wrong(
            "required_field_absent",
            f"required fields that {facts.title} does not have: {', '.join(facts.view.missing_fields)}",
            "They are left out, and not reported on tickets.",
            "Take them out of rules.missing_fields.required, or leave them for the sake of another connection.",
        )


def never_filled(facts: Facts) -> Iterator[Finding]:
    """Required fields that no open ticket has: a field that nobody uses makes a pane that nobody reads."""
    for use in facts.use.never_filled:
        yield facts.wrong(
            "required_field_unused",
            f"{use.field} is required, and none of the {use.tickets} open tickets that should have it has it",
            "Each of them is under “Missing fields”, so that those which lack something else are not seen among them.",
            f"If nobody fills it: take {use.field} out of rules.missing_fields.required. If it is filled in"
            f" {facts.title}: these credentials may not read it.",
        )
