"""What a step came to, in the journal and in the audit log, each in one transaction and before anything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.contract import Applied
from connectors.text import clean
from store.database import Databases
from store.outbox_rows import Entry, StepEntry, move, set_step

Clock = Callable[[], int]


class Withdrawn(Exception):
    """Somebody took the change back before this step went out."""


class StepJournal:
    """Keeps `StepEntry` and the journal's row the same."""

    def __init__(self, databases: Databases, clock: Clock) -> None:
        self._databases = databases
        self._clock = clock

    def begin(self, entry: Entry, step: StepEntry, read_at: float) -> None:
        """Committed before the request goes out. Raises `Withdrawn` if somebody took the change back.

        `read_at`: when the read began that the step was compared with (UTC seconds): from there until the
        PSA has the request, somebody else's change goes unseen where the PSA has no conditional write.
        """
        step.attempts += 1
        entry.sent_at = self._clock()
        with self._databases.journal.begin() as db:
            sending = move(
                db,
                entry.change,
                ("queued", "sending"),
                state="sending",
                sent_at=entry.sent_at,
                next_try_at=None,
            )
            if not sending:
                raise Withdrawn(entry.change)
            set_step(
                db,
                entry.change,
                step.position,
                event="request",
                also={"request": step.step.request, "attempt": step.attempts, "read_at": round(read_at, 6)},
                state="sending",
                attempts=step.attempts,
                baseline=step.baseline,
                absent=0,
            )
        step.state = "sending"

    def not_sent(self, entry: Entry, step: StepEntry, attempts: int, why: Exception) -> None:
        """The request was certainly not carried out: the step is as it was before."""
        step.attempts, step.state = attempts, "waiting"
        said = {"said": clean(str(why))[:400]}
        self._write(entry, step, event="not carried out", also=said, state="waiting", attempts=attempts)

    def answered(self, entry: Entry, step: StepEntry, applied: Applied) -> None:
        """The PSA has taken it; what it says it made is claimed."""
        step.created_id = applied.created_id
        said = {"created_id": applied.created_id, "said": clean(applied.said)[:400]}
        self._write(
            entry, step, event="answer", also=said, created_id=applied.created_id, said=applied.said or None
        )

    def unknown(self, entry: Entry, step: StepEntry, why: Exception) -> None:
        """It may have arrived or not."""
        step.state = "unknown"
        self._write(
            entry, step, event="outcome unknown", also={"said": clean(str(why))[:400]}, state="unknown"
        )

    def found(self, entry: Entry, step: StepEntry, created_id: str | None) -> None:
        """A look-up found what the step made."""
        step.created_id = created_id
        also = {"found": created_id or "as wanted"}
        self._write(entry, step, event="looked up", also=also, created_id=created_id)

    def absent(self, entry: Entry, step: StepEntry, times: int) -> None:
        """A look-up found nothing, for the `times`th time in a row."""
        step.absent = times
        also = {"found": None, "times": times}
        self._write(entry, step, event="looked up", also=also, absent=times, looked_at=self._clock())

    def wrong(self, entry: Entry, step: StepEntry, words: str) -> None:
        """The PSA said yes and has something else."""
        self._write(entry, step, event="not as asked", also={"said": words}, state="waiting")

    def end(self, entry: Entry, step: StepEntry, state: str) -> None:
        """`done`, or `already`: nothing had to be written."""
        step.state = state
        event = "done" if state == "done" else "had it already"
        also = {"created_id": step.created_id}
        self._write(entry, step, event=event, also=also, state=state, done_at=self._clock())

    def _write(
        self, entry: Entry, step: StepEntry, *, event: str, also: Mapping[str, object], **values: object
    ) -> None:
        with self._databases.journal.begin() as db:
            set_step(db, entry.change, step.position, event=event, also=also, **values)
