"""`kill -9` at the worst moments: what was decided is sent, and sent once."""

from __future__ import annotations

import sys
import time

import pytest

from tests.end_to_end.shop import Shop, wait_for

pytestmark = pytest.mark.skipif(
    sys.platform == "win32",
    reason="kill -9: Windows has no SIGKILL, and its databases stay locked for a while",
)


def sync(shop: Shop, rounds: int = 1) -> None:
    for _ in range(rounds):
        done = shop.cli.run("sync")
        assert done.code == 0, done.err


def test_killed_right_after_a_fix_for_later(shop: Shop) -> None:
    process = shop.start("fix", shop.uncoded, "--billing-code", "Remote Support", "--later")
    wait_for(lambda: shop.journal("SELECT 1 FROM change WHERE state = 'queued'"))
    shop.kill(process)
    assert shop.world.writes == []
    sync(shop, rounds=2)
    assert shop.code(shop.uncoded) == "Remote Support"
    assert len(shop.world.writes) == 1
    assert shop.states() == ["confirmed"]
    assert shop.listed("billing_code") == set()


def test_killed_right_after_a_reply_that_is_held(shop: Shop) -> None:
    process = shop.start("fix", shop.asked, "--reply", "It works again.")
    wait_for(lambda: shop.journal("SELECT 1 FROM change WHERE state = 'held'"))
    shop.kill(process)
    time.sleep(4.1)  # as long as it is held in this shop
    sync(shop, rounds=2)
    assert len(shop.notes(shop.asked, "It works again.")) == 1
    assert len(shop.world.mails) == 1
    assert shop.states() == ["confirmed"]
    assert shop.listed("customer_responded") == set()


def test_killed_while_a_code_is_on_its_way(shop: Shop) -> None:
    """The PATCH never arrived; the next round sends it."""
    shop.killed_at_the_gate(
        "fix",
        shop.uncoded,
        "--billing-code",
        "Remote Support",
        method="PATCH",
        end=f"/tickets/{shop.uncoded}",
        where="before",
    )
    assert shop.code(shop.uncoded) is None
    assert shop.cli.run("check", "--offline").code in (1, 3), "zero is not known"
    sync(shop)
    assert shop.code(shop.uncoded) == "Remote Support"
    assert len(shop.world.writes) == 1
    assert shop.states() == ["confirmed"]


def test_killed_after_a_note_arrived(shop: Shop) -> None:
    """It stands in the PSA and nobody read the answer."""
    shop.killed_at_the_gate(
        "fix", shop.fine, "--note", "Disk replaced.", "--now", method="POST", end="/notes", where="after"
    )
    assert len(shop.notes(shop.fine, "Disk replaced.")) == 1
    sync(shop)
    assert len(shop.notes(shop.fine, "Disk replaced.")) == 1
    assert shop.states() == ["confirmed"]
    assert shop.world.mails == []


def test_killed_after_a_reply_arrived(shop: Shop) -> None:
    shop.killed_at_the_gate(
        "fix", shop.asked, "--reply", "It works.", "--now", method="POST", end="/notes", where="after"
    )
    assert len(shop.world.mails) == 1
    sync(shop, rounds=2)
    assert len(shop.notes(shop.asked, "It works.")) == 1
    assert len(shop.world.mails) == 1, "nobody gets it twice"
    assert shop.states() == ["confirmed"]
    assert not shop.world.ticket(shop.asked).flag, "the step after it went out too"
    assert shop.listed("customer_responded") == set()


def test_killed_before_a_note_and_a_reply_arrived(shop: Shop) -> None:
    """The note is sent again, once it is sure that it is not there. The reply may have mailed somebody, for
    all deskzero knows: that is for a person to say."""
    assert shop.cli.run("fix", shop.asked, "--reply", "It works.", "--later").code == 0
    assert shop.cli.run("fix", shop.fine, "--note", "Disk replaced.", "--later").code == 0
    time.sleep(4.1)  # as long as they are held in this shop
    shop.killed_at_the_gate("sync", method="POST", end="/notes", where="before", count=2)
    assert shop.world.writes == []

    sync(shop)
    assert len(shop.notes(shop.fine, "Disk replaced.")) == 1
    assert shop.notes(shop.asked, "It works.") == []
    assert shop.world.mails == []
    (change,) = shop.cli.run("outbox", "--json").json
    assert (change["state"], change["ticket_id"]) == ("uncertain", shop.asked)
    answer = shop.cli.run("check", "--json", "--offline").json
    assert answer["verdict"] != "zero"
    assert answer["outbox"] == 1

    again = shop.cli.run("outbox", "--retry", change["change"])
    assert again.code == 0, again.err
    assert len(shop.notes(shop.asked, "It works.")) == 1
    assert len(shop.world.mails) == 1
    assert shop.states() == ["confirmed", "confirmed"]


def test_a_connection_that_breaks_after_the_reply_arrived(shop: Shop) -> None:
    """No crash: the answer got lost on the way. The same look-up finds it."""
    shop.faults.next("/service/tickets", "drop-after-commit", method="POST")
    done = shop.cli.run("fix", shop.asked, "--reply", "It works.", "--now")
    assert done.code == 0, done.err
    assert done.out.startswith("confirmed: ")
    assert len(shop.notes(shop.asked, "It works.")) == 1
    assert len(shop.world.mails) == 1


def test_killed_while_pulling_loses_nothing(shop: Shop) -> None:
    """In the middle of a round the lists are the old ones; the next round makes them new."""
    before = shop.listed()
    shop.world.set_field(shop.uncoded, "billing_code", "On-site")
    shop.world.customer_replies(shop.fine, "And now mine, too.")
    shop.killed_at_the_gate("sync", method="GET", end=f"/tickets/{shop.fine}/notes", where="before")
    assert shop.listed() == before
    assert shop.cli.run("sync").code == 0
    assert shop.listed() == {("customer_responded", shop.asked), ("customer_responded", shop.fine)}
