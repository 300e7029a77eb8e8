"""`deskzero check --offline`, and how every answer is told; without click."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tui.commands.out import counted, echo, local, now, say, say_json
from tui.problem import CANNOT_TELL, NOT_ZERO, Problem, explain

if TYPE_CHECKING:
    from store.check import Verdict
    from store.home import Home
    from store.settings import Settings

CODES = {"zero": 0, "not_zero": NOT_ZERO, "cannot_tell": CANNOT_TELL}


def answer_offline(home: Home, settings: Settings, gates: list[str] | None, *, as_json: bool) -> int:
    """Tells what the cache knows; the exit code."""
    with never_a_zero():
        from store.check import verdict
        from store.read_evidence import EvidenceReader

        answer = verdict(EvidenceReader(home, settings), settings, now=now(), gates=gates, asked=False)
    return told(answer, settings, as_json=as_json)


@contextmanager
def never_a_zero() -> Iterator[None]:
    """Whatever goes wrong here, zero is not known."""
    try:
        yield
    except Exception as error:
        problem = explain(error)
        if problem is None:
            raise
        raise Problem(str(problem), problem.hint, CANNOT_TELL) from error


def told(answer: Verdict, settings: Settings, *, as_json: bool, quiet: bool = False) -> int:
    """Prints an answer; the exit code. `quiet`: not in words."""
    if as_json:
        from store.check import as_json as document

        say_json(document(answer))
    elif not quiet:
        tell(answer, settings)
    return CODES[answer.verdict]


def tell(answer: Verdict, settings: Settings) -> None:
    words = {"zero": "ZERO", "not_zero": f"NOT ZERO, {answer.to_zero} to go", "cannot_tell": "CANNOT TELL"}
    synced = f", synced {local(answer.synced_at, settings.timezone)}" if answer.synced_at else ""
    say(words[answer.verdict] + synced)
    for kind, count in answer.counts.items():
        echo(f"  {kind:<20}{count.must:>4} must {count.later:>5} later")
    if answer.outbox:
        say(f"  outbox: {counted(answer.outbox, 'change')} not in the PSA yet")
    if answer.quarantined:
        say(f"  quarantine: {answer.quarantined} records cannot be read")
    if answer.aged_out:
        say(f"  aged out: {answer.aged_out} rows left by age, never resolved")
    for sentence in answer.why:
        say(f"  {sentence}")
