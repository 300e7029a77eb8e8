"""The audit log: everything that becomes of a change is in it, nothing can be altered unseen, no text is in it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from connectors.contract import Ref, Unreachable
from store import audit
from store.database import Databases
from store.forget import forget_journal
from store.home import Home
from store.outbox import submit_together
from tests.store.memory_psa import Bench, psa_with_ticket


@pytest.fixture
async def bench(databases: Databases) -> Bench:
    bench = Bench(databases, psa_with_ticket())
    bench.psa.customer("1", "Printer offline")
    await bench.sync()
    return bench


def events(home: Home, change: str) -> list[str]:
    return [entry.event for entry in audit.entries(home.journal, change=change)]


def alter(home: Home, *statements: str) -> None:
    """What somebody with the file in his hands can do."""
    with closing(sqlite3.connect(home.journal)) as db, db:
        db.execute("DROP TRIGGER audit_is_kept")
        db.execute("DROP TRIGGER audit_is_fixed")
        for statement in statements:
            db.execute(statement)


class TestWhatIsTold:
    async def test_a_fix_from_the_decision_to_the_answer(self, bench: Bench, home: Home) -> None:
        change = await bench.fix(billing_code="3")
        await bench.push()
        assert events(home, change) == [
            "decided",
            "queued",
            "sending",
            "request",
            "answer",
            "done",
            "confirmed",
        ]
        decided, *_, confirmed = audit.entries(home.journal, change=change)
        assert decided.data["fields"]["billing_code"] == {
            "was": None,
            "becomes": {"id": "3", "name": "Remote Support"},
        }
        assert (decided.who, decided.connection, decided.ticket_id) == ("jdoe", "acme", "1")
        assert decided.os_user == audit.os_user()
        assert confirmed.data == {"from": "sending", "wrote": True}

    async def test_a_held_reply_that_is_withdrawn(self, bench: Bench, home: Home) -> None:
        change = await bench.fix(reply="On my way.", hold=True)
        bench.undo(change)
        assert events(home, change) == ["decided", "held", "undone"]

    async def test_an_unknown_outcome_and_what_looking_found(self, bench: Bench, home: Home) -> None:
        def broken(_: object) -> None:
            bench.psa.after = None
            raise Unreachable("gone", sent=True)

        bench.psa.after = broken
        change = await bench.fix(note="Disk replaced.")
        await bench.push()
        found = [e for e in audit.entries(home.journal, change=change) if e.event == "looked up"]
        assert events(home, change)[3:] == ["request", "outcome unknown", "looked up", "done", "confirmed"]
        assert found[0].data["found"] == bench.psa.notes["1"][-1].note_id

    async def test_a_conflict_and_the_decision_about_it(self, bench: Bench, home: Home) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "billing_code", Ref("4", "On-site"))
        await bench.push()
        bench.retry(change)
        conflict, rebased, queued = list(audit.entries(home.journal, change=change))[-3:]
        (field,) = conflict.data["conflict"]["fields"]
        assert (field["theirs"]["name"], field["mine"]["name"], field["was"], field["who"]) == (
            "On-site",
            "Remote Support",
            None,
            "asmith",
        )
        assert (rebased.event, rebased.data["was"]["billing_code"]["name"]) == ("rebased", "On-site")
        assert (queued.event, queued.data["decision"]) == ("queued", "mine")

    async def test_a_seen_note_that_covers_more_is_told_by_its_new_text(
        self, bench: Bench, home: Home
    ) -> None:
        change = await bench.fix(seen="thanks only")
        bench.psa.customer("1", "thanks again")
        await bench.push(refresh=True)
        bench.retry(change)
        await bench.push(refresh=True)
        (rebased,) = [e for e in audit.entries(home.journal, change=change) if e.event == "rebased"]
        assert rebased.data["note"] == audit.digest(bench.psa.notes["1"][-1].text)

    async def test_theirs_counts(self, bench: Bench, home: Home) -> None:
        change = await bench.fix(billing_code="3")
        bench.psa.put("1", "billing_code", Ref("4", "On-site"))
        await bench.push()
        bench.drop(change)
        *_, last = audit.entries(home.journal, change=change)
        assert (last.event, last.data["decision"]) == ("dropped", "theirs")

    async def test_an_undo_tells_of_both_changes(self, bench: Bench, home: Home) -> None:
        change = await bench.fix(billing_code="3")
        await bench.push()
        by = bench.undo(change).by
        await bench.push()
        assert events(home, change)[-2:] == ["undo begun", "undone"]
        assert by is not None
        assert next(audit.entries(home.journal, change=by)).data["undo_of"] == change

    async def test_the_window_between_reading_and_writing_can_be_measured(
        self, bench: Bench, home: Home
    ) -> None:
        change = await bench.fix(billing_code="3")
        await bench.push()
        request, answer = (
            e for e in audit.entries(home.journal, change=change) if e.event in ("request", "answer")
        )
        assert request.data["read_at"] <= request.at <= answer.at
        assert answer.at - request.data["read_at"] < 5

    async def test_entry_and_transition_are_one_transaction(self, bench: Bench, home: Home) -> None:
        """The log cannot be written: nothing is decided."""
        with closing(sqlite3.connect(home.journal)) as db, db:
            db.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END")
        with pytest.raises(IntegrityError, match="no room"):
            await bench.fix(billing_code="3")
        with bench.databases.journal_reads.begin() as db:
            assert db.exec_driver_sql("SELECT count(*) FROM change").scalar_one() == 0

    def test_nothing_else_moves_a_change(self) -> None:
        """Only `outbox_rows.move` may change a state, so that no move goes untold."""
        store = Path(audit.__file__).parent
        found = {
            path.name
            for path in store.glob("*.py")
            if "UPDATE change SET {" in path.read_text(encoding="utf-8")
            or "update(Change)" in path.read_text(encoding="utf-8")
        }
        assert found == {"outbox_rows.py"}


class TestTexts:
    async def test_no_text_is_in_the_log(self, bench: Bench, home: Home) -> None:
        change = await bench.fix(
            reply="Secret words of ours", note="More words of ours", because="Words of why"
        )
        bench.psa.customer("1", "Secret words of hers")
        await bench.push()
        assert bench.state(change) == "conflict"
        said = " ".join(entry.payload or "" for entry in audit.entries(home.journal))
        assert "ords of" not in said
        digest = hashlib.sha256(b"Secret words of ours").hexdigest()
        assert digest in said
        assert hashlib.sha256(b"Secret words of hers").hexdigest() in said

    async def test_forgetting_a_connection_keeps_the_chain(self, bench: Bench, home: Home) -> None:
        await bench.fix(billing_code="3")
        await bench.push()
        before = audit.verify(home.journal)
        forget_journal(bench.databases, "acme")
        after = audit.verify(home.journal)
        assert (after.problems, after.head, after.entries) == ((), before.head, before.entries)
        assert after.purged == after.entries
        assert all(entry.data == {} for entry in audit.entries(home.journal))


class TestVerify:
    @pytest.fixture(autouse=True)
    async def _some(self, bench: Bench) -> None:
        self.changes = [await bench.fix(billing_code="3"), await bench.fix(owner="asmith")]
        await bench.push()
        bench.databases.close()

    def test_an_untouched_log_holds(self, home: Home) -> None:
        found = audit.verify(home.journal)
        assert found.problems == ()
        assert found.entries == len(list(audit.entries(home.journal))) > 10

    def test_sql_cannot_alter_or_remove(self, home: Home) -> None:
        with closing(sqlite3.connect(home.journal)) as db:
            for statement in (
                "DELETE FROM audit WHERE seq = 3",
                "UPDATE audit SET event = 'confirmed' WHERE seq = 3",
                "UPDATE audit SET payload = '{}' WHERE seq = 3",
                "UPDATE audit SET payload = NULL, who = 'asmith' WHERE seq = 3",
            ):
                with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                    db.execute(statement)

    @pytest.mark.parametrize(
        ("statement", "says"),
        [
            ('UPDATE audit SET payload = \'{"said":"no"}\' WHERE seq = 4', "Entry 4"),
            ("UPDATE audit SET who = 'asmith' WHERE seq = 4", "Entry 4"),
            ("UPDATE audit SET at = at - 60 WHERE seq = 4", "Entry 4"),
            ("DELETE FROM audit WHERE seq = 4", "Entry 5"),
            ("DELETE FROM audit WHERE seq = 1", "Entry 2"),
            ("DELETE FROM audit WHERE seq >= (SELECT max(seq) FROM audit)", "removed from its end"),
            ("UPDATE change SET state = 'dropped' WHERE seq = 1", "altered by hand"),
        ],
    )
    def test_what_was_altered_is_found(self, home: Home, statement: str, says: str) -> None:
        alter(home, statement)
        assert says in " ".join(audit.verify(home.journal).problems)

    def test_a_forged_entry_is_found(self, home: Home) -> None:
        alter(
            home,
            "INSERT INTO audit SELECT seq + 100, at, who, os_user, connection, ticket_id, change, event, payload,"
            " payload_hash, previous, hash FROM audit WHERE seq = 2",
        )
        assert audit.verify(home.journal).problems

    def test_a_noted_head_proves_that_nothing_was_cut_off(self, home: Home) -> None:
        head = audit.verify(home.journal).head
        assert audit.verify(home.journal, expect=head).problems == ()
        assert audit.verify(home.journal, expect=head[:12]).problems == ()
        # Changes and entries removed together: the chain alone cannot tell.
        alter(
            home,
            f"DELETE FROM audit WHERE change = '{self.changes[1]}'",
            f"DELETE FROM change WHERE change = '{self.changes[1]}'",
        )
        (problem,) = audit.verify(home.journal, expect=head).problems[-1:]
        assert head in problem

    def test_the_export_can_be_checked_without_deskzero(self, home: Home) -> None:
        """The recipe of docs/write-back.md."""
        previous = "0" * 64
        for entry in audit.entries(home.journal):
            line = json.loads(json.dumps({name: getattr(entry, name) for name in entry.__struct_fields__}))
            if line["payload"] is not None:
                assert hashlib.sha256(line["payload"].encode()).hexdigest() == line["payload_hash"]
            names = (
                "who",
                "os_user",
                "connection",
                "ticket_id",
                "change",
                "event",
                "payload_hash",
                "previous",
            )
            said = [line["seq"], repr(line["at"]), *(line[name] for name in names)]
            text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
            assert hashlib.sha256(text.encode()).hexdigest() == line["hash"]
            assert line["previous"] == previous
            previous = line["hash"]


async def test_a_bulk_fix_is_one_entry_in_the_log_per_change_and_one_undo(bench: Bench, home: Home) -> None:
    bench.psa.add("2", status_id="16", status="New", company_id="250", company="Acme", hours=1.0)
    await bench.sync()
    prepared = [await bench.prepare(ticket, billing_code="3") for ticket in ("1", "2")]
    changes = submit_together(bench.databases, bench.settings, prepared, now=bench.now())
    await bench.push()
    assert [bench.state(change) for change in changes] == ["confirmed", "confirmed"]
    undone = bench.undo()
    assert len(undone.together) == 1
    await bench.push()
    assert [bench.state(change) for change in changes] == ["undone", "undone"]
    assert bench.psa.rows["1"].billing_code is None
    assert bench.psa.rows["2"].billing_code is None
    bench.undo(undone.by)  # redo, of all of them
    await bench.push()
    assert bench.psa.rows["1"].billing_code == bench.psa.rows["2"].billing_code == "Remote Support"
