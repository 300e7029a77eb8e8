"""`mistakes` and `kb`, as scripts see them: the log, its note in the PSA, the sample, an article."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from connectors.simulators.world import World
from store import kb
from store.home import Home
from store.read import Reader
from store.settings import load
from tests.tui.cli_runner import ISO, Cli, first

ENTRY = ("--what", "Nobody called back", "--cause", "process", "--remedy", "automation")


def notes(world: World, number: str) -> list[str]:
    return [note.text for note in world.notes.get(int(number), []) if note.text.startswith("Lesson")]


def test_a_dispute_is_in_the_log_and_in_the_psa(own: tuple[Cli, World]) -> None:
    cli, world = own
    cli.append('[outbox]\nhold = "0s"\n')
    number = first(cli, "billing_code")
    done = cli.run("mistakes", "add", number, *ENTRY, "--source", "dispute", "--shared")
    assert done.code == 0, done.err
    assert f"#{number}: in the mistake log" in done.out
    assert "Words for the client, to copy: " in done.out
    cli.run("sync")
    assert notes(world, number) == ["Lesson: Nobody called back. Cause: process. Remedy: automation."]
    assert all(not note.public for note in world.notes[int(number)] if note.text.startswith("Lesson"))

    document = cli.run("mistakes", "--json").json
    (one,) = document["mistakes"]
    assert (one["number"], one["source"], one["shared"]) == (number, "dispute", True)
    assert ISO.fullmatch(one["at"])
    assert "who" not in one and "jdoe" not in json.dumps(document)
    assert document["patterns"] == [
        {"cause": "process", "remedy": "automation", "times": 1, "numbers": [number]}
    ]
    assert cli.run("mistakes", "--json", "--names").json["mistakes"][0]["who"] == "jdoe"
    shown = cli.run("mistakes")
    assert "Nobody called back" in shown.out and "shared with the client" in shown.out
    assert f"1 × process, automation: #{number}" in shown.out
    assert "jdoe" not in shown.out
    assert "jdoe" in cli.run("mistakes", "--names").out


def test_without_a_note_nothing_is_written(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "billing_code")
    assert (
        cli.run("mistakes", "add", number, *ENTRY, "--no-note", "--words", "Sorry, we were late.").code == 0
    )
    cli.append("[mistakes]\nnote = false\n")
    assert cli.run("mistakes", "add", number, *ENTRY).code == 0
    assert cli.run("outbox", "--all", "--json").json == []
    assert notes(world, number) == []
    words = [one["words"] for one in cli.run("mistakes", "--json").json["mistakes"]]
    assert words[0] == "Sorry, we were late." and "We are sorry" in words[1]


def test_since(own: tuple[Cli, World]) -> None:
    cli, _ = own
    number = first(cli, "billing_code")
    cli.run("mistakes", "add", number, *ENTRY, "--no-note")
    with closing(sqlite3.connect(cli.home / "journal.db")) as db, db:
        db.execute("UPDATE mistake SET at = at - 40 * 86400")
    assert "Nothing is in the mistake log since 30d." in cli.run("mistakes", "--since", "30d").out
    assert cli.run("mistakes", "--since", "30d", "--json").json == {"mistakes": [], "patterns": []}
    assert number in cli.run("mistakes", "--since", "50d").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "month"), "--since month: an age such as 30d"),
        (("--names", "sample"), "before `sample` do nothing"),
        (("add", "nothing-such", *ENTRY), "no ticket nothing-such"),
        (("add", "T", "--what", " "), "--what and --cause and --remedy must be given"),
        (("add", "T", "--what", "x", "--cause", "people"), "--remedy must be given"),
        (("add", "T", "--what", "x", "--cause", "him", "--remedy", "training"), "'him' is not one of"),
        (("sample", "--month", "2026-13"), "--month 2026-13: a month such as 2026-10"),
        (("sample", "--month", "9999-01"), "9999-01 has not begun"),
        (("sample", "--connection", "other"), "no connection other"),
        (("audited", "T"), "either --fine or --what"),
        (("audited", "T", "--fine", "--what", "x"), "either --fine or --what"),
        (("audited", "T", "--fine"), "is in no sample"),
    ],
)
def test_wrong_words(synced: Cli, arguments: tuple[str, ...], words: str) -> None:
    number = first(synced, "billing_code")
    done = synced.run("mistakes", *(number if one == "T" else one for one in arguments))
    assert done.code == 2
    assert words in done.error[0]


def closed_month(cli: Cli) -> str:
    """A month in which most tickets of the cache were closed."""
    with closing(sqlite3.connect(cli.home / "cache.db")) as db:
        (month,) = db.execute(
            "SELECT strftime('%Y-%m', closed_at, 'unixepoch') AS m FROM v_ticket WHERE is_closed AND in_scope"
            " AND presence = 'here' GROUP BY m ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
    return str(month)


def test_a_sample_is_drawn_audited_and_remembered(own: tuple[Cli, World]) -> None:
    cli, _ = own
    month = closed_month(cli)
    drawn = cli.run("mistakes", "sample", "--month", month, "--size", "3", "--json").json
    assert 1 < len(drawn) <= 3
    assert {one["state"] for one in drawn} == {"open"}
    assert cli.run("mistakes", "sample", "--month", month, "--size", "3", "--json").json == drawn
    one, two = drawn[0]["number"], drawn[1]["number"]
    assert cli.run("mistakes", "audited", one, "--fine").out == f"#{one} of {month}: audited, fine.\n"
    assert cli.run("mistakes", "audited", two, *ENTRY, "--no-note").code == 0
    states = [
        row["state"] for row in cli.run("mistakes", "sample", "--month", month, "--size", "3", "--json").json
    ]
    assert states[:2] == ["fine", "mistake"]
    text = cli.run("mistakes", "sample", "--month", month, "--size", "3").out
    assert "audited, fine (" in text and "audited, a mistake (" in text
    assert f"{len(drawn) - 2} ticket" in text.splitlines()[-1]
    (entry,) = cli.run("mistakes", "--json").json["mistakes"]
    assert (entry["source"], entry["number"]) == ("audit", two)
    assert "is in the log already" in cli.run("mistakes", "audited", two, "--fine").error[0]
    assert "stays as it is" in cli.run("mistakes", "sample", "--month", month, "--seed", "9").error[0]
    assert "No ticket that was closed in 2001-01" in cli.run("mistakes", "sample", "--month", "2001-01").out


def test_an_article_is_written_or_refused(own: tuple[Cli, World]) -> None:
    cli, _ = own
    home = Home.at(cli.home)
    settings = load(home.config)
    reader = Reader(home, settings)
    with closing(sqlite3.connect(home.cache)) as db:
        ids = [row[0] for row in db.execute("SELECT ticket_id FROM v_ticket WHERE is_closed AND in_scope")]
        (opened,) = db.execute("SELECT number FROM v_ticket WHERE NOT is_closed AND in_scope").fetchone()
    views = [view for one in ids if (view := reader.ticket("acme", one)) is not None]
    good = next(view for view in views if not kb.lacks(view, settings.rules))
    number = good.record.number
    done = cli.run("kb", number)
    assert done.code == 0, done.err
    assert done.out == kb.article(good, settings.rules)
    for name in (good.record.contact, good.record.contact_email, good.record.company):
        assert name is None or name not in done.out
    file = cli.home.parent / "article.md"
    assert cli.run("kb", number, "--output", str(file)).code == 0
    assert file.read_text(encoding="utf-8") == done.out
    assert "exists already" in cli.run("kb", number, "--output", str(file)).error[0]
    refused = cli.run("kb", str(opened))
    assert refused.code == 2
    assert "it is open, so how it is solved is not known yet" in refused.error[0]
