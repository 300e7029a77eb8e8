"""A contact's card and the tickets that show it: one after the other out, all of them read again, some later."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connectors.contract import Step, Unreachable, Value
from store import contact_tickets
from store.database import Databases
from store.outbox import submit_together
from store.sender import push
from store.sync import refresh_others_of_contact
from tests.store.memory_psa import Bench, MemoryPsa, psa_with_ticket

ON = frozenset({"contact_phone", "contact_email"})


class CardPsa(MemoryPsa):
    """Phone and mail stand on the contact's card: who sets them on a ticket sets them on all of the contact's."""

    def put(self, ticket_id: str, field: str, value: Value, *, by: str = "asmith") -> None:
        if field not in ON:
            super().put(ticket_id, field, value, by=by)
            return
        contact = self.rows[ticket_id].contact_id
        for key, row in self.rows.items():
            if row.contact_id == contact:  # and no date of a ticket moves
                self.rows[key] = msgspec.structs.replace(row, **{field: value})


class CardBench(Bench):
    async def others(self, connection: str, ticket_id: str) -> None:
        await refresh_others_of_contact(
            self.databases, self.connection, self.psa, self.settings, ticket_id, now=self.now
        )

    async def send(self) -> list[Any]:
        return await push(
            self.databases,
            self.settings,
            {"acme": self.psa},
            self.databases.home,
            now=self.now,
            refresh=self.refresh,
            others=self.others,
            sleep=self.sleep,
        )

    def phones(self) -> dict[str, str | None]:
        """What the cache has from the PSA, ticket by ticket."""
        return {row.ticket_id: row.contact_phone for row in self.rows("SELECT * FROM ticket")}

    def missing(self) -> set[str]:
        rows = self.rows("SELECT ticket_id FROM reason WHERE code = 'missing' AND field = 'contact_phone'")
        return {row.ticket_id for row in rows}


@pytest.fixture
async def bench(databases: Databases) -> CardBench:
    plain = psa_with_ticket(contact_phone=None)
    psa = CardPsa()
    psa.capabilities = msgspec.structs.replace(psa.capabilities, on_the_card=ON)
    row = msgspec.structs.asdict(plain.rows["1"])
    fields = {
        name: row[name]
        for name in row
        if row[name] is not None and name not in ("ticket_id", "number", "custom", "parent_ids")
    }
    for key in ("1", "2", "3"):
        psa.add(key, **fields)
    psa.add("9", **fields | {"contact_id": "78", "contact": "Pat", "contact_phone": None})
    made = CardBench(databases, psa)
    await made.sync()
    assert made.missing() == {"1", "2", "3", "9"}
    return made


async def test_the_review_says_whom_it_holds_for(bench: CardBench) -> None:
    prepared = await bench.prepare("1", set={"contact_phone": "555 0199"})
    assert prepared.on_the_card
    assert prepared.remarks == (
        "On the card of Ann Lee: it holds for all tickets of this contact. 2 other open ones here.",
    )
    alone = await bench.prepare("9", set={"contact_phone": "555 0199"})
    assert alone.remarks == ("On the card of Pat: it holds for all tickets of this contact.",)
    other = await bench.prepare("1", set={"agreement": ""})
    assert not other.on_the_card and other.remarks == ()


async def test_the_others_stop_saying_missing_when_it_is_confirmed(bench: CardBench) -> None:
    change = await bench.fix("1", set={"contact_phone": "555 0199"})
    await bench.send()
    assert bench.state(change) == "confirmed"
    assert bench.missing() == {"9"}, "another contact's is not touched"
    assert bench.phones() == {"1": "555 0199", "2": "555 0199", "3": "555 0199", "9": None}


async def test_what_could_not_be_read_again_is_read_in_the_next_round(bench: CardBench) -> None:
    """No date of theirs has moved, so no round would bring them by itself."""
    change = await bench.fix("1", set={"contact_phone": "555 0199"})
    whole = bench.psa.fetch

    async def fetch(ids: Any) -> Any:
        if list(ids) != ["1"]:
            raise Unreachable("gone", sent=False)
        return await whole(ids)

    bench.psa.fetch = fetch  # type: ignore[method-assign]
    await bench.send()
    assert bench.state(change) == "confirmed", "what was written is in the PSA"
    assert bench.missing() == {"2", "3", "9"}
    bench.psa.fetch = whole  # type: ignore[method-assign]
    await bench.sync()
    assert bench.missing() == {"9"}
    asked = bench.psa.asked["fetch"]
    await bench.sync()
    assert bench.psa.asked["fetch"] == asked, "they are read once, not in every round"


async def test_of_many_some_are_read_at_once_and_the_rest_in_rounds(
    bench: CardBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.refresh.AT_ONCE", 1)
    assert contact_tickets.AT_ONCE >= 1
    await bench.fix("1", set={"contact_phone": "555 0199"})
    await bench.send()
    assert bench.missing() == {"3", "9"}
    await bench.sync()
    assert bench.missing() == {"9"}


async def test_a_closed_ticket_is_not_read_again(bench: CardBench) -> None:
    bench.psa.change("3", closed=True, status="Completed", closed_at=bench.now())
    await bench.sync()
    await bench.fix("1", set={"contact_phone": "555 0199"})
    await bench.send()
    assert bench.phones()["3"] is None and bench.phones()["2"] == "555 0199"


async def test_another_field_reads_no_other_ticket(bench: CardBench) -> None:
    seen: list[list[str]] = []
    whole = bench.psa.fetch

    async def fetch(ids: Any) -> Any:
        seen.append(list(ids))
        return await whole(ids)

    bench.psa.fetch = fetch  # type: ignore[method-assign]
    await bench.fix("1", set={"agreement": ""})
    await bench.send()
    assert {one for ids in seen for one in ids} == {"1"}


async def test_the_second_of_several_writes_nothing(bench: CardBench) -> None:
    prepared = [await bench.prepare(key, set={"contact_phone": "555 0199"}) for key in ("1", "2", "3")]
    changes = submit_together(bench.databases, bench.settings, prepared, now=bench.now())
    outcomes = await bench.send()
    assert {one.state for one in outcomes} == {"confirmed"}
    assert sorted(one.wrote for one in outcomes) == [False, False, True]
    assert len(bench.psa.writes) == 1
    bench.undo(changes[0])
    await bench.send()
    assert bench.psa.rows["2"].contact_phone is None and len(bench.psa.writes) == 2


async def test_two_values_for_one_card_are_a_conflict_and_never_a_race(bench: CardBench) -> None:
    """Tickets go out side by side; changes of one card do not."""
    first = await bench.fix("1", set={"contact_phone": "555 0001"})
    second = await bench.fix("2", set={"contact_phone": "555 0002"})
    await bench.send()
    assert sorted((bench.state(first), bench.state(second))) == ["confirmed", "conflict"]
    assert len(bench.psa.writes) == 1


async def test_what_a_step_wrote_is_told_although_a_later_one_is_refused(bench: CardBench) -> None:
    """The others show the card as it is, whatever becomes of the rest of the change."""
    prepared = await bench.prepare("1", set={"contact_phone": "555 0199"}, note="Called.")
    (card,) = [step for step in prepared.steps if "contact_phone" in step.sets]
    steps = (card, *(step for step in prepared.steps if step is not card))
    bench.psa.plan = lambda fix, ticket: steps  # type: ignore[method-assign]
    change = await bench.fix("1", set={"contact_phone": "555 0199"}, note="Called.")

    def refuse(step: Step) -> None:
        if step.creates == "note":
            from connectors.contract import Rejected

            raise Rejected("no notes today")

    bench.psa.before = refuse
    await bench.send()
    assert bench.state(change) == "rejected"
    assert bench.phones()["2"] == "555 0199"
