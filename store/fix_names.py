"""Names to ids: what a person typed for a status, a code, a contact … found among the valid choices.

Candidates come from the cache; what the cache does not know is asked once, where the PSA can be reached.
Only choices of the ticket's own board and company are candidates: that is the company fence.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from connectors.contract import Choice, ChoiceContext, ConnectorError, Ref, TicketRecord
from connectors.text import clean
from store import cached
from store.database import Databases

Loader = Callable[[str, ChoiceContext], Awaitable[Sequence[Choice]]]
"""Asks the PSA for choices of a kind, caches and returns them; raises `ConnectorError`."""

KIND_WORDS = {
    "status": "status",
    "billing_code": "billing code",
    "owner": "technician",
    "agreement": "agreement",
    "contact": "contact",
    "type": "type",
    "subtype": "subtype",
    "item": "item",
    "priority": "priority",
    "site": "site",
    "source": "source",
    "board": "board",
}
_OF_BOARD = ("status", "type", "subtype", "item")
_OF_COMPANY = ("agreement", "contact", "site")


class FixRefused(Exception):
    """A fix that is not prepared. `str()` says why, `hint` what to do, `candidates` what could be meant."""

    def __init__(self, message: str, *, hint: str = "", candidates: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.hint = hint
        self.candidates = tuple(candidates)


class Names:
    """Finds choices for one ticket."""

    def __init__(
        self, databases: Databases, connection: str, ticket: TicketRecord, now: int, loader: Loader | None
    ) -> None:
        self._databases = databases
        self._connection = connection
        self._ticket = ticket
        self._now = now
        self._loader = loader
        self._asked: set[str] = set()

    async def find(self, kind: str, said: str) -> Choice:
        """The one choice that `said` (an id or a name, case ignored) means.

        Raises `FixRefused` with the candidates, or the `ConnectorError` where the cache knows no choices of
        the kind and the PSA could not be asked.
        """
        found = _matching(self.cached(kind), said)
        if len(found) != 1:
            found = _matching(await self.ask(kind), said)
        if len(found) == 1:
            if problem := self._unusable(found[0]):
                raise FixRefused(f"The {KIND_WORDS.get(kind, kind)} {_label(found[0])} {problem}.")
            return found[0]
        raise self._refusal(kind, said, found)

    async def all(self, kind: str) -> list[Choice]:
        """All usable choices; asks only where the cache has none."""
        usable = [choice for choice in self.cached(kind) if not self._unusable(choice)]
        return usable or [choice for choice in await self.ask(kind) if not self._unusable(choice)]

    async def has_list(self, kind: str) -> bool:
        """Whether the PSA has choices of the kind, for any board and company; yes while it was not asked."""
        await self.ask(kind)
        with self._databases.cache_reads.begin() as db:
            known = cached.choices(db, self._connection, kind)
        return bool(known) or kind not in self._asked

    def cached(self, kind: str) -> list[Choice]:
        """What the cache has for this ticket's board and company."""
        with self._databases.cache_reads.begin() as db:
            return cached.choices(
                db,
                self._connection,
                kind,
                board_id=self._ticket.board_id if kind in _OF_BOARD else None,
                company_id=self._ticket.company_id if kind in _OF_COMPANY else None,
            )

    async def ask(self, kind: str) -> list[Choice]:
        """The choices after asking the PSA, once per kind; the cached ones where it cannot be asked."""
        if self._loader is not None and kind not in self._asked:
            self._asked.add(kind)
            ticket = self._ticket
            context = ChoiceContext(
                board_id=ticket.board_id, company_id=ticket.company_id, type_id=ticket.type_id
            )
            try:
                await self._loader(kind, context)
            except ConnectorError:
                if not self.cached(kind):
                    raise
        return self.cached(kind)

    def _unusable(self, choice: Choice) -> str | None:
        today = datetime.fromtimestamp(self._now, UTC).strftime("%Y-%m-%d")
        if choice.cancelled:
            return "is cancelled"
        if not choice.active:
            return "is not active"
        if choice.ends_on and choice.ends_on < today:
            return f"ended on {choice.ends_on}"
        return None

    def _refusal(self, kind: str, said: str, found: Sequence[Choice]) -> FixRefused:
        word, shown = KIND_WORDS.get(kind, kind), clean(said)
        if found:
            return FixRefused(
                f'"{shown}" is more than one {word}.', hint="Name it by its id.", candidates=_labels(found)
            )
        candidates = [choice for choice in self.cached(kind) if not self._unusable(choice)]
        if not candidates and self._loader is None:
            return FixRefused(
                f'The {word} "{shown}" cannot be looked up: the valid ones are not in the cache.',
                hint="Run `deskzero sync` when the PSA can be reached.",
            )
        if kind in _OF_COMPANY and self._ticket.company_id is not None:
            with self._databases.cache_reads.begin() as db:
                elsewhere = _matching(cached.choices(db, self._connection, kind), said)
            if elsewhere:
                return FixRefused(
                    f'The {word} "{shown}" belongs to another company than this ticket '
                    f"({clean(self._ticket.company) or self._ticket.company_id}).",
                    hint=f"Choose one of the company's own, or change the {word} in the PSA.",
                    candidates=_labels(candidates),
                )
        where = ""
        if kind in _OF_BOARD and self._ticket.board:
            where = f" on {clean(self._ticket.board)}"
        elif kind in _OF_COMPANY and self._ticket.company:
            where = f" of {clean(self._ticket.company)}"
        return FixRefused(f'There is no {word} "{shown}"{where}.', candidates=_labels(candidates))


def ref(choice: Choice) -> Ref:
    """The choice as a field's value."""
    return Ref(choice.id, choice.name)


def _matching(choices: Sequence[Choice], said: str) -> list[Choice]:
    wanted = said.strip().casefold()
    by_id = {choice.id: choice for choice in choices if choice.id.casefold() == wanted}
    if by_id:
        return list(by_id.values())
    by_name = {choice.id: choice for choice in choices if choice.name.strip().casefold() == wanted}
    if by_name:
        # An inactive namesake is not a second meaning.
        active = [choice for choice in by_name.values() if choice.active and not choice.cancelled]
        return active or list(by_name.values())
    return list({c.id: c for c in choices if c.kind == "owner" and _is_called(c, wanted)}.values())


def _is_called(choice: Choice, wanted: str) -> bool:
    return (choice.detail or "").strip().casefold() == wanted


def _labels(choices: Sequence[Choice]) -> list[str]:
    return list(dict.fromkeys(_label(choice) for choice in choices))


def _label(choice: Choice) -> str:
    name = clean(choice.name)
    return name if name.casefold() == choice.id.casefold() else f"{name} ({choice.id})"
