"""Lets the requests of a technician's process say which step they belong to, and what it was decided on.

A header that the PSA does not look at; the judge does. Nothing else of the product is changed by it.
"""

from __future__ import annotations

import contextvars
import json
import os
import time
from typing import Any

import msgspec

from connectors import http
from connectors.contract import Ref, TicketRecord
from store.outbox_rows import Entry, StepEntry
from store.sender_compare import PsaSide
from store.sender_step import StepSender
from tests.torture.proxy import TAG

_STEP: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("step", default=None)


def install(psa: str) -> None:
    """For the rest of this process's life."""
    carry, read, attempt = StepSender.carry, PsaSide.ticket, http.Session._attempt

    async def tagged_carry(self: StepSender, entry: Entry, step: StepEntry) -> None:
        _STEP.set(_said(entry, step, psa))
        try:
            await carry(self, entry, step)
        finally:
            _STEP.set(None)

    async def timed_read(self: PsaSide, entry: Entry) -> TicketRecord:
        said = _STEP.get()
        if said is not None:
            said["read_at"] = time.time()
        return await read(self, entry)

    async def tagged_attempt(self: http.Session, request: Any, deadline: float) -> Any:
        said = _STEP.get()
        if said is not None:
            header = json.dumps({**said, "begun_at": time.time()})
            request = msgspec.structs.replace(request, headers={**request.headers, TAG: header})
        return await attempt(self, request, deadline)

    StepSender.carry = tagged_carry  # type: ignore[method-assign]
    PsaSide.ticket = timed_read  # type: ignore[method-assign]
    http.Session._attempt = tagged_attempt  # type: ignore[method-assign]


def _said(entry: Entry, step: StepEntry, psa: str) -> dict[str, Any]:
    plan, fix = step.step, entry.fix
    known = {} if plan.entry_id else fix.was
    earlier = {
        field: value
        for one in entry.steps
        if one.position < step.position and one.over and not one.step.entry_id
        for field, value in one.step.sets.items()
    }
    was = {
        field: plan.was.get(field, known.get(field)) for field in plan.sets if field in {**known, **plan.was}
    }
    if not plan.entry_id:
        was |= {field: value for field, value in earlier.items() if field in plan.sets}
    named = f"entry:{plan.entry_id}" if plan.entry_id else ""
    return {
        "change": entry.change,
        "step": step.position,
        "pid": os.getpid(),
        "read_at": 0.0,
        "read_up_to": None if fix.read_up_to is None else [fix.read_up_to, fix.read_up_to_id or ""],
        "was": {named or field: plain(value, psa) for field, value in was.items()},
        "sets": {named or field: plain(value, psa) for field, value in plan.sets.items()},
    }


def plain(value: object, psa: str) -> object:
    """As the ledger has it: a reference by its id, in Request Tracker by its name."""
    if isinstance(value, Ref) and psa == "rt":
        return value.name or value.id
    if isinstance(value, Ref):
        return int(value.id) if value.id.isdecimal() else value.name or value.id
    return value
