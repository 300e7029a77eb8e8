"""`deskzero report` and `deskzero baseline`, in processes of their own."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from tests.tui.cli_runner import ISO, KEY, Cli, first, interruptible
from tui.commands.baseline_command import last_quarter

# ---------------------------------------------------------------- report


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A home in which two fixes were made; the tests that share it only read."""
    cli = Cli(tmp_path_factory.mktemp("worked") / "home", dict(KEY))
    with run_in_thread(simulator(World(1, 40, speed=0.0))) as url:
        cli.configure(url)
        assert cli.run("sync").code == 0
        code = cli.run("fix", first(cli, "billing_code"), "--billing-code", "On-site", "--now")
        assert code.code == 0, code.err
        reply = cli.run("fix", first(cli, "customer_responded"), "--reply", "On my way.", "--now")
        assert reply.code == 0, reply.err
        yield cli


def test_markdown_says_what_was_fixed_what_is_broken_and_what_is_next(worked: Cli) -> None:
    done = worked.run("report")
    assert done.code == 0 and done.err == ""
    heads = [line[3:] for line in done.out.splitlines() if line.startswith("## ")]
    assert heads[:3] == ["What got fixed", "What is still broken", "What is next"]
    assert "Answer time" in heads and "Trends" in heads
    assert "- fixed with deskzero: **2**" in done.out
    must = worked.run("check", "--offline", "--json").json["to_zero"]
    assert f"- to zero: **{must}**" in done.out


def test_json_is_one_document_in_the_documented_form(worked: Cli) -> None:
    done = worked.run("report", "--format", "json", "--since", "2d")
    document = done.json
    assert set(document) == {
        "report",
        "begins_at",
        "ends_at",
        "made_at",
        "timezone",
        "connections",
        "names",
        "sections",
    }
    assert document["report"] == 1 and document["names"] is False and document["connections"] == ["acme"]
    assert all(ISO.fullmatch(document[key]) for key in ("begins_at", "ends_at", "made_at"))
    data = {one["key"]: one["data"] for one in document["sections"]}
    assert data["fixed"]["fixed"] == 2
    verbs = {kind["kind"]: kind["verbs"] for kind in data["fixed"]["kinds"]}
    assert verbs == {"customer_responded": {"reply": 1}, "billing_code": {"billing code": 1}}
    assert data["answers"]["channels"]["deskzero"] == 1
    assert [len(one["days"]) for one in data["trends"]["kinds"]] == [2] * len(data["trends"]["kinds"])


def test_people_are_not_named_in_any_format(worked: Cli) -> None:
    with closing(sqlite3.connect(worked.home / "cache.db")) as cache:
        people = {
            str(row[0])
            for row in cache.execute(
                "SELECT contact FROM ticket UNION SELECT owner FROM ticket UNION SELECT author FROM note"
                " UNION SELECT contact_email FROM ticket"
            )
            if row[0] and len(str(row[0])) > 3
        }
        companies = " ".join(str(row[0]) for row in cache.execute("SELECT DISTINCT company FROM ticket"))
    people = {name for name in people if name not in companies}
    assert len(people) > 10
    for form in ("md", "html", "json"):
        shown = worked.run("report", "--format", form).out
        assert [name for name in people if name in shown] == []
    assert any(name in worked.run("report", "--open-names").out for name in people)
    assert worked.run("report", "--open-names", "--format", "json").json["names"] is True


def test_the_files_name_says_the_format_and_a_file_that_is_there_is_left(worked: Cli, tmp_path: Path) -> None:
    path = tmp_path / "week.html"
    done = worked.run("report", "--output", str(path))
    assert done.code == 0 and done.out == f"{path} is written.\n"
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    again = worked.run("report", "--output", str(path), "--format", "md")
    assert again.code == 2 and "exists already" in again.error[0]
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    nowhere = worked.run("report", "--output", str(tmp_path / "no" / "week.md"))
    assert nowhere.code == 2 and nowhere.error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "soon"), "--since soon"),
        (("--since", "0d"), "1 to 3660 days"),
        (("--since", "2999-01-01"), "lies in the future"),
        (("--until", "31.12.2025"), "--until 31.12.2025"),
        (("--since", "2025-02-02", "--until", "2025-02-01"), "ends before it begins"),
    ],
)
def test_what_is_no_span_is_told(worked: Cli, arguments: tuple[str, ...], said: str) -> None:
    done = worked.run("report", *arguments)
    assert done.code == 2 and said in done.error[0]


def test_a_home_that_never_synced_has_a_report_that_says_so(empty: Cli) -> None:
    empty.configure("http://127.0.0.1:9")
    done = empty.run("report")
    assert done.code == 0 and done.err == ""
    assert "Nothing was ever recorded in this home." in done.out
    assert "Not read without error lately, so it may be more: acme." in done.out


# ---------------------------------------------------------------- baseline


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Cli]:
    """A home that has never synced, of a shop with many closed tickets."""
    cli = Cli(tmp_path / "home", dict(KEY))
    with run_in_thread(simulator(World(1, 200, speed=0.0))) as url:
        cli.configure(url, scope="all")
        yield cli


def test_it_says_what_it_takes_and_asks_first(shop: Cli) -> None:
    done = shop.run("baseline")
    assert done.code == 2 and done.out == ""
    estimate, *error = done.err.splitlines()
    assert "closed tickets; " in estimate and " requests" in estimate
    assert error[0].startswith("deskzero: not done without an answer") and "--yes" in error[1]


def test_what_was_found_and_where_to_begin(shop: Cli) -> None:
    done = shop.run("baseline", "--yes")
    assert done.code == 0, done.err
    assert "closed tickets, something was missed on" in done.out and "Where to begin" in done.out
    assert not (shop.home / "cache.db").exists() and not (shop.home / "journal.db").exists()
    again = shop.run("baseline", "--yes", "--json")
    assert again.code == 0 and "all of them read" in again.err
    document = again.json
    assert document["baseline"] == 1 and ISO.fullmatch(document["begins_at"])
    (one,) = document["connections"]
    assert one["closed"] == document["closed"] > 0 and one["unread"] == 0
    assert {kind["name"] for kind in document["kinds"]} <= set(document["looked_for"])
    assert shop.run("disconnect", "acme", "--yes").code == 0
    assert not (shop.home / "baseline").exists()


class Slow:
    """A PSA that takes its time, so that whoever reads from it can be stopped on the way."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await asyncio.sleep(0.1)
        await self.app(scope, receive, send)


@pytest.fixture
def slow_shop(tmp_path: Path) -> Iterator[Cli]:
    cli = Cli(tmp_path / "home", dict(KEY))
    with run_in_thread(Slow(simulator(World(1, 200, speed=0.0)))) as url:
        cli.configure(url, scope="all")
        yield cli


def test_stopped_it_says_how_far_it_got_and_goes_on_there(slow_shop: Cli) -> None:
    shop = slow_shop
    process = subprocess.Popen(
        shop.command("baseline", "--yes"),
        env=shop.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=interruptible,
    )
    cache = shop.home / "baseline" / "cache.db"
    end = time.monotonic() + 60
    while time.monotonic() < end and _read(cache) < 6:  # three are read for the estimate
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "Stopped. The same command goes on from here."
    assert "Reading conversations" in err and "Traceback" not in err
    before = _read(cache)
    assert before >= 6
    done = shop.run("baseline", "--yes")
    assert done.code == 0 and _read(cache) > before


def _read(cache: Path) -> int:
    """Conversations that the baseline has."""
    if not cache.exists():
        return 0
    with closing(sqlite3.connect(f"{cache.as_uri()}?mode=ro", uri=True)) as db:
        try:
            return int(
                db.execute("SELECT count(*) FROM ticket WHERE notes_read_at IS NOT NULL").fetchone()[0]
            )
        except sqlite3.OperationalError:  # its tables are being made
            return 0


def test_a_psa_that_is_not_there_is_an_error_of_two_lines(empty: Cli) -> None:
    empty.variables.update(KEY)
    empty.configure("http://127.0.0.1:9")
    done = empty.run("baseline", "--yes")
    assert done.code == 3 and "deskzero: " in done.err.splitlines()[-2]


@pytest.mark.parametrize(
    "arguments", [("--quarter", "--since", "7d"), ("--since", "never"), ("--connection", "other")]
)
def test_what_it_cannot_do_is_told(empty: Cli, arguments: tuple[str, ...]) -> None:
    empty.configure("http://127.0.0.1:9")
    done = empty.run("baseline", *arguments)
    assert done.code == 2 and done.error


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        ("2026-11-27", "2026-07-01", "2026-09-30"),
        ("2026-01-01", "2025-10-01", "2025-12-31"),
        ("2026-04-01", "2026-01-01", "2026-03-31"),
        ("2026-03-31", "2025-10-01", "2025-12-31"),
    ],
)
def test_the_last_quarter_is_the_one_that_is_over(today: str, first: str, last: str) -> None:
    assert last_quarter(date.fromisoformat(today)) == (date.fromisoformat(first), date.fromisoformat(last))
