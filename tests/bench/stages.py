"""The stages of a key, in their order: what the clock in the program marks, and what the table tells."""

from __future__ import annotations

TAKEN = "the app has it"
ACTS = "it is known to be no paste"
READS = "a thread begins to read"
FOUND = "which rows: found"
BUILT = "rows: put together"
PREPARED = "the fix is prepared, its guards asked"
DURABLE = "it is durable in the journal"
HELD = "the list has what it is to show"
COMPOSES = "the screen begins to put the frame together"
WRITTEN = "the frame is written"

STAGES = (TAKEN, ACTS, READS, FOUND, BUILT, PREPARED, DURABLE, HELD, COMPOSES, WRITTEN)
