"""A technician's end of the day on a real Request Tracker, from the command line alone.

What deskzero says is held against what RT's own API and its outgoing mail say.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from tests.servers.rt import FIELDS, RtServer
from tests.tui.cli_runner import Cli

KINDS = (
    "customer_responded",
    "child_reply",
    "reply_after_close",
    "missing_fields",
    "orphaned",
    "billing_code",
)


@pytest.fixture
def desk(rt_server: RtServer, tmp_path: Path) -> Cli:
    """Tess's home, its settings written by hand; her token comes from the environment."""
    cli = Cli(tmp_path / "home", {"DESKZERO_DESK_TOKEN": rt_server.tokens["tess"]})
    cli.home.mkdir()
    lines = ["[connections.desk]", 'psa = "rt"', f'url = "{rt_server.url}"', 'technician = "tess"']
    lines += ["[connections.desk.fields]", *(f'{name} = "{field}"' for name, field in FIELDS.items())]
    cli.append("\n".join(lines) + "\n")
    return cli


def said_by(server: RtServer, ticket: str, user: str) -> list[dict[str, Any]]:
    """The correspondence of one user on the ticket, from RT's API."""
    return [note for note in server.notes(ticket) if note["Creator"]["id"] == user]


def test_the_end_of_the_day(rt_server: RtServer, desk: Cli) -> None:
    closed = rt_server.create_ticket("Old laptop")
    rt_server.put(closed, {"Status": "resolved"})
    asked = rt_server.create_ticket("[@click=app.quit]Printer[/] of\u200bfline [/foo]")
    rt_server.mail("pat@contoso.test", asked, "It is still [bold]offline[/bold].\nPat")

    done = desk.run("sync")
    assert done.code == 0, done.err
    rows = desk.run("list", "--json").json
    gates = {(row["kind"], row["number"]): row for row in rows if row["gate"]}
    assert set(gates) == {("billing_code", closed), ("customer_responded", asked)}
    (reason,) = gates["customer_responded", asked]["reasons"]
    assert reason["code"] == "last_word_customer", "RT has no flag"
    assert gates["customer_responded", asked]["summary"] == "[@click=app.quit]Printer[/] of\ufffdfline [/foo]"
    assert gates["billing_code", closed]["url"].startswith(rt_server.url)
    assert [row["code"] for row in gates["billing_code", closed]["reasons"]] == ["closed_without_code"]
    assert "[bold]offline[/bold]" in desk.run("show", asked).out

    before = desk.run("check", "--json")
    assert before.code == 1
    assert before.err == ""
    is_answer(before.json, "not_zero", to_zero=2)
    assert before.json["counts"]["billing_code"]["must"] == 1
    assert before.json["counts"]["customer_responded"]["must"] == 1

    coded = desk.run("fix", closed, "--billing-code", "time-mat")
    assert coded.code == 0, coded.err
    assert rt_server.custom(closed, "Billing Code") == ["TIME-MAT"]
    assert rt_server.get(f"/ticket/{closed}")["Status"] == "resolved"

    mails = len(rt_server.outgoing())
    replied = desk.run("fix", asked, "--reply", "I come at ten.\nTess", "--now")
    assert replied.code == 0, replied.err
    (note,) = said_by(rt_server, asked, "tess")
    (attachment,) = rt_server.get(f"/transaction/{note['id']}/attachments")["items"]
    content = base64.b64decode(rt_server.get(f"/attachment/{attachment['id']}")["Content"]).decode()
    assert content.splitlines() == ["I come at ten.", "Tess"]
    sent = rt_server.outgoing()[mails:]
    assert len(sent) == 1, "one mail, to the customer"
    assert "To: pat@contoso.test" in sent[0]
    assert "I come at ten." in sent[0]

    after = desk.run("check")
    assert after.code == 0, after.out + after.err
    assert after.out.startswith("ZERO")
    is_answer(desk.run("check", "--json", "--offline").json, "zero", to_zero=0)
    assert len(said_by(rt_server, asked, "tess")) == 1
    assert len(rt_server.outgoing()) == mails + 1
    assert {change["state"] for change in desk.run("outbox", "--all", "--json").json} == {"confirmed"}


def is_answer(answer: dict[str, Any], verdict: str, *, to_zero: int) -> None:
    """The shape of `check --json`."""
    assert set(answer) == {
        "verdict",
        "to_zero",
        "counts",
        "synced_at",
        "outbox",
        "quarantined",
        "aged_out",
        "why",
    }
    assert (answer["verdict"], answer["to_zero"]) == (verdict, to_zero)
    assert tuple(answer["counts"]) == KINDS
    for count in answer["counts"].values():
        assert set(count) == {"must", "later"}
    assert sum(count["must"] for count in answer["counts"].values()) == to_zero
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["synced_at"])
    assert (answer["outbox"], answer["quarantined"], answer["aged_out"]) == (0, 0, 0)
    assert all(isinstance(sentence, str) and sentence for sentence in answer["why"])


def test_a_colleague_who_changed_the_code_meanwhile(rt_server: RtServer, desk: Cli) -> None:
    ticket = rt_server.create_ticket("Old laptop")
    rt_server.put(ticket, {"Status": "resolved"})
    assert desk.run("sync").code == 0
    rt_server.put(ticket, {"CustomFields": {"Billing Code": "NO-CHARGE"}}, user="omar")
    version = rt_server.etag(ticket)

    done = desk.run("fix", ticket, "--billing-code", "CONTRACT")
    assert done.code == 1
    assert "conflict" in done.error[0]
    assert rt_server.custom(ticket, "Billing Code") == ["NO-CHARGE"]
    assert rt_server.etag(ticket) == version, "nothing was written"
    (change,) = desk.run("outbox", "--json").json
    assert change["state"] == "conflict"
    text = desk.run("outbox").out
    assert "mine CONTRACT, theirs NO-CHARGE" in text

    dropped = desk.run("outbox", "--drop", change["change"])
    assert dropped.code == 0, dropped.err
    assert desk.run("check").code == 0, "the colleague's code is a code"
    assert rt_server.etag(ticket) == version


def test_a_token_that_is_somebody_elses(rt_server: RtServer, desk: Cli) -> None:
    """RT says whose a token is: tess's queue is not pulled with omar's rights."""
    rt_server.create_ticket("Old laptop")
    done = desk.run("sync", DESKZERO_DESK_TOKEN=rt_server.tokens["omar"])
    assert done.code == 3, "RT does not let us in as tess"
    what, _ = done.error
    assert "omar" in what
    assert "tess" in what
    assert rt_server.tokens["omar"] not in done.err
    assert desk.run("list", "--json").json == []
    assert desk.run("check", "--offline").code == 3
