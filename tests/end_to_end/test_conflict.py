"""Somebody else was quicker: nothing is sent until a person has seen it."""

from __future__ import annotations

import time

from tests.end_to_end.shop import Shop


def test_a_customer_who_wrote_meanwhile_is_read_before_anything_is_sent(shop: Shop) -> None:
    """Only after a person has seen every note it goes, once."""
    shop.world.customer_replies(shop.asked, "Wait! Now [bold]smoke[/bold] comes out of it.")
    done = shop.cli.run("fix", shop.asked, "--reply", "All is well again.", "--now")
    assert done.code == 1
    assert "conflict" in done.error[0]
    assert "smoke" in done.error[0]
    assert shop.world.writes == []
    assert shop.world.mails == []

    (change,) = shop.cli.run("outbox", "--json").json
    assert change["state"] == "conflict"
    assert change["ticket_id"] == shop.asked
    assert "after what you had read" in change["error"]
    assert "[bold]smoke[/bold]" in shop.cli.run("outbox").out, "the new note is shown, as it was written"
    assert "smoke" in shop.cli.run("show", shop.asked).out, "the conversation has it too"
    assert ("customer_responded", shop.asked) in shop.listed(), "the ticket is not done"
    assert shop.cli.run("sync").code == 0
    assert shop.world.writes == [], "a conflict waits for a person, not for the next sync"

    shop.world.customer_replies(shop.asked, "Second surprise.")
    again = shop.cli.run("outbox", "--retry", change["change"])
    assert again.code == 1
    assert "Second surprise" in again.error[0], "the person had seen the first one only"
    assert shop.world.mails == []

    again = shop.cli.run("outbox", "--retry", change["change"])
    assert again.code == 0, again.err
    assert shop.cli.run("sync").code == 0
    assert len(shop.notes(shop.asked, "All is well again.")) == 1
    (mail,) = shop.world.mails
    assert mail.text == "All is well again."
    assert shop.listed("customer_responded") == set()
    assert shop.cli.run("outbox", "--json").json == []


def test_what_is_dropped_is_never_sent(shop: Shop) -> None:
    shop.world.customer_replies(shop.asked, "Never mind, it works.")
    assert shop.cli.run("fix", shop.asked, "--reply", "On my way.", "--now").code == 1
    (change,) = shop.cli.run("outbox", "--json").json
    done = shop.cli.run("outbox", "--drop", change["change"])
    assert done.code == 0, done.err
    assert done.out.startswith("dropped: ")
    assert shop.cli.run("sync").code == 0
    assert shop.cli.run("outbox", "--json").json == []
    assert shop.states() == ["dropped"]
    assert shop.world.writes == []
    assert shop.world.mails == []
    assert ("customer_responded", shop.asked) in shop.listed(), "the customer still waits"


def test_a_customer_who_writes_while_a_reply_is_held_stops_it(shop: Shop) -> None:
    done = shop.cli.run("fix", shop.asked, "--reply", "All is well again.")
    assert done.code == 0, done.err
    assert done.out.startswith("held: ")
    shop.world.customer_replies(shop.asked, "One more thing, please.", at=shop.world.now() + 1)
    time.sleep(4.1)  # as long as it is held in this shop
    answer = shop.cli.run("check", "--json")
    assert answer.code == 1
    assert answer.json["outbox"] == 1
    (change,) = shop.cli.run("outbox", "--json").json
    assert change["state"] == "conflict"
    assert shop.world.writes == []
    assert shop.world.mails == []


def test_a_colleagues_code_wins_until_a_person_decides(shop: Shop) -> None:
    shop.world.set_field(shop.uncoded, "billing_code", "On-site")
    done = shop.cli.run("fix", shop.uncoded, "--billing-code", "Remote Support")
    assert done.code == 1
    assert "Remote Support" in done.error[0]
    assert "On-site" in done.error[0]
    assert shop.code(shop.uncoded) == "On-site"
    assert shop.world.writes == []
    (change,) = shop.cli.run("outbox", "--json").json
    assert change["state"] == "conflict"
    again = shop.cli.run("outbox", "--retry", change["change"])
    assert again.code == 0, again.err
    assert shop.code(shop.uncoded) == "Remote Support"
    assert len(shop.world.writes) == 1
