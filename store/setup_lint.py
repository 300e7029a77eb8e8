"""The set-up lint of one connection: rules over plain facts, no database, no network, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from store.setup_account import absent_fields, clock, key_of_other, never_filled, rights, settings_found
from store.setup_records import Facts, Finding
from store.setup_requests import notes_move, too_many_requests
from store.setup_statuses import (
    answered,
    clocks,
    looks_closed,
    no_time,
    open_roles_that_close,
    same_name,
    unknown_names,
)

RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    clock,
    key_of_other,
    rights,
    settings_found,
    unknown_names,
    answered,
    clocks,
    open_roles_that_close,
    looks_closed,
    no_time,
    same_name,
    absent_fields,
    never_filled,
    too_many_requests,
    notes_move,
)
"""In the order in which a technician would look into them: the account, the statuses, the fields, the requests."""


def lint(facts: Facts) -> list[Finding]:
    """All findings, in the order of `RULES`."""
    return [finding for rule in RULES for finding in rule(facts)]
