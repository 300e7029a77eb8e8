"""`deskzero rules` as a technician and as a script runs it, on a home that has synced with a simulated PSA."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from connectors.simulators.world import World
from store.settings import KINDS
from tests.tui.cli_runner import Cli

RULES = """
[rules]
custom_limit = "1s"
[rules.customer_responded]
sop = "https://wiki.example/answer"
review = "2020-01-31"
exclude = [{ companies = ["Nobody Ltd"], who = "Kim", why = "asked for it", until = "2020-02-01" }]
[rules.reply_after_close]
window = "7d"
[rules.stale]
days = 5
[[rules.custom]]
name = "no_board"
means = "It is open."
where = "NOT t.is_closed AND t.board IS NOT NULL"
[[rules.custom]]
name = "later"
means = "It is for later."
where = "t.is_closed"
on = false
[[rules.custom]]
name = "wrong"
means = "It is wrong."
where = "t.compny = 'x'"
gate = true
[[rules.custom]]
name = "endless"
means = "It never ends."
where = '''EXISTS (SELECT 1 FROM v_note a, v_note b, v_note c, v_note d, v_note e
  WHERE length(a.text || b.text || c.text || d.text || e.text) < 0)'''
"""


def line_of(cli: Cli, name: str) -> int:
    text = f'name = "{name}"'
    lines = (cli.home / "config.toml").read_text(encoding="utf-8").splitlines()
    return lines.index(text)  # the heading stands above it, and lines count from 1


@pytest.fixture(scope="module")
def desk(shop: tuple[World, str], tmp_path_factory: pytest.TempPathFactory) -> Cli:
    from tests.tui.cli_runner import KEY

    cli = Cli(tmp_path_factory.mktemp("rules") / "home", dict(KEY))
    cli.configure(shop[1])
    cli.append(RULES)
    done = cli.run("sync")
    assert done.code == 0, done.err
    return cli


def prints(folder: Path) -> dict[str, str]:
    """What the databases hold, row by row."""
    found = {}
    for name in ("cache.db", "journal.db"):
        with closing(sqlite3.connect(folder / name)) as db:
            found[name] = hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()
    return found


class TestList:
    def test_every_rule_is_there_once(self, desk: Cli) -> None:
        done = desk.run("rules", "list", "--json")
        assert (done.code, done.err) == (0, "")
        kinds = [one["kind"] for one in done.json]
        own = ["custom:no_board", "custom:later", "custom:endless", "custom:wrong"]
        assert kinds == [*KINDS, *own]

    def test_how_each_is_set(self, desk: Cli) -> None:
        by_kind = {one["kind"]: one for one in desk.run("rules", "list", "--json").json}
        responded, closed, stale = (
            by_kind[kind] for kind in ("customer_responded", "reply_after_close", "stale")
        )
        assert (responded["on"], responded["gate"], responded["pane"]) == (True, True, 1)
        assert responded["sop"] == "https://wiki.example/answer" and responded["review_due"]
        assert responded["exclude"][0]["who"] == "Kim"
        assert closed["limits"]["window"] == {"value": '"7d"', "default": '"14d"', "differs": True}
        assert stale["on"] is False and stale["limits"]["days"]["value"] == "5"
        assert "acme" in by_kind["sla"]["not_known"] or by_kind["sla"]["not_known"] == {}
        own = by_kind["custom:no_board"]
        assert (own["on"], own["gate"], own["pane"], own["own"]) == (True, False, 8, True)
        assert own["later"] == len(desk.run("list", "--json", "custom:no_board").json) > 0
        assert by_kind["custom:later"]["on"] is False

    def test_what_is_wrong_is_told_with_file_and_line(self, desk: Cli) -> None:
        by_kind = {one["kind"]: one for one in desk.run("rules", "list", "--json").json}
        (wrong,) = by_kind["custom:wrong"]["problems"]
        assert wrong["line"] == line_of(desk, "wrong")
        assert wrong["file"] == str(desk.home / "config.toml")
        assert "no such column: t.compny" in wrong["problem"]
        (endless,) = by_kind["custom:endless"]["problems"]
        assert endless["connection"] == "acme" and "longer than 1 s" in endless["problem"]
        assert endless["line"] == line_of(desk, "endless")

    def test_in_lines(self, desk: Cli) -> None:
        out = desk.run("rules", "list").out
        lines = out.splitlines()
        at = next(n for n, line in enumerate(lines) if line.startswith("reply_after_close "))
        assert '    * window = "7d"   (default "14d")' in lines[at : at + 4]
        assert "    review me: it was to be looked at by 2020-01-31" in lines
        assert "    leaves out companies Nobody Ltd (by Kim, asked for it, until 2020-02-01)" in lines
        at = line_of(desk, "wrong")
        assert f"config.toml, line {at}: where: SQLite says" in out.replace(str(desk.home) + "/", "")
        assert any(line.startswith("custom:endless") and line.endswith("? rows") for line in lines)
        assert any(line.startswith("custom:later") and " off " in line for line in lines)


class TestTold:
    def test_check_cannot_tell_for_one_that_counts(self, desk: Cli) -> None:
        why = desk.run("check", "--offline", "--json").json["why"]
        (said,) = [sentence for sentence in why if "our rule" in sentence]
        assert 'our rule "wrong"' in said and f"line {line_of(desk, 'wrong')}" in said

    def test_the_printed_queue_and_list_name_both(self, desk: Cli) -> None:
        for arguments in ([], ["list"]):
            out = desk.run(*arguments).out
            assert 'our rule "wrong"' in out and 'acme: our rule "endless"' in out
        assert "but what wrong would find is not known" in desk.run().out

    def test_doctor_names_both(self, desk: Cli) -> None:
        found = {one["code"]: one for one in desk.run("doctor", "--json").json["findings"]}
        assert "no such column" in found["custom_rule"]["what"]
        assert "It counts" in found["custom_rule"]["why"]
        assert found["custom_rule_failed"]["connection"] == "acme"
        assert "It counts" not in found["custom_rule_failed"]["why"]

    def test_to_ask_for_a_wrong_one_is_an_error_that_says_why(self, desk: Cli) -> None:
        for arguments in (["list", "custom:wrong"], ["rules", "test", "wrong"]):
            done = desk.run(*arguments)
            assert done.code == 2
            assert "no such column: t.compny" in done.error[0]
            assert str(line_of(desk, "wrong")) in done.error[0]


class TestTest:
    def test_it_shows_what_the_rule_has_published(self, desk: Cli) -> None:
        published = {row["ticket_id"] for row in desk.run("list", "--json", "custom:no_board").json}
        found = desk.run("rules", "test", "no_board", "--json", "--limit", "1000").json
        assert {row["ticket_id"] for row in found["shown"]} == published
        assert found["rows"] == len(published) and found["kind"] == "custom:no_board"
        assert found["connections"][0]["seconds"] >= 0 and found["connections"][0]["problem"] is None
        assert found["shown"][0]["reasons"][0]["text"] == "It is open."

    @pytest.mark.parametrize("kind", ["customer_responded", "missing_fields", "orphaned", "billing_code"])
    def test_a_kind_shows_what_is_published(self, desk: Cli, kind: str) -> None:
        published = {row["ticket_id"]: row for row in desk.run("list", "--json", kind).json}
        shown = desk.run("rules", "test", kind, "--json", "--limit", "1000").json["shown"]
        assert {row["ticket_id"] for row in shown} == set(published)
        for row in shown:
            before = published[row["ticket_id"]]
            assert (row["gate"], row["reasons"]) == (before["gate"], before["reasons"])

    def test_one_that_is_off_and_one_in_no_file(self, desk: Cli) -> None:
        off = desk.run("rules", "test", "later", "--json").json
        scratch = desk.run(
            "rules", "test", "--where", "t.is_closed", "--means", "Closed.", "--json", "--limit", "0"
        ).json
        assert off["rows"] == scratch["rows"] and scratch["shown"] == []
        assert desk.run("list", "custom:later").code == 2

    def test_nothing_is_written(self, desk: Cli) -> None:
        before = prints(desk.home)
        for arguments in (
            ["test", "later"],
            ["test", "endless"],
            ["test", "unassigned"],
            ["test", "--where", "1"],
            ["list"],
            ["plan"],
            ["exceptions"],
        ):
            assert desk.run("rules", *arguments).code == 0
        assert prints(desk.home) == before

    def test_in_lines_with_a_limit(self, desk: Cli) -> None:
        out = desk.run("rules", "test", "no_board", "--limit", "1").out.splitlines()
        assert out[0].startswith("acme: ") and " rows in 0." in out[0]
        assert out[1].lstrip().startswith("#") and out[2].strip() == "It is open."
        assert out[3].startswith("… and ")

    def test_one_that_takes_too_long_says_so(self, desk: Cli) -> None:
        began = time.monotonic()
        done = desk.run("rules", "test", "endless")
        assert done.code == 0 and "longer than 1 s" in done.out
        assert time.monotonic() - began < 10

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["no_bord"], "no rule no_bord"),
            ([], "no rule was named"),
            (["later", "--where", "1"], "both given"),
            (["later", "--means", "x"], "without --where"),
            (["--where", "1;2"], "semicolon"),
            (["--where", "t.nope"], "no such column"),
        ],
    )
    def test_wrong_usage(self, desk: Cli, arguments: list[str], says: str) -> None:
        done = desk.run("rules", "test", *arguments)
        assert done.code == 2 and says in done.error[0]

    def test_before_the_first_sync(self, empty: Cli) -> None:
        empty.configure("http://127.0.0.1:9")
        done = empty.run("rules", "test", "orphaned")
        assert done.code == 2 and "nothing has been synced" in done.error[0]
        assert empty.run("rules", "list").code == 0
        assert not (empty.home / "cache.db").exists()


class TestExplain:
    def test_what_it_is_in_and_what_is_in_the_way(self, desk: Cli) -> None:
        row = desk.run("list", "--json", "customer_responded").json[0]
        found = desk.run("rules", "explain", row["number"], "--json").json
        rules = {one["kind"]: one for one in found["rules"]}
        assert [*rules][: len(KINDS)] == list(KINDS)
        assert rules["customer_responded"]["holds"] and rules["customer_responded"]["failed"] is None
        assert rules["customer_responded"]["reasons"] == [
            {key: reason[key] for key in ("code", "text", "field")} for reason in row["reasons"]
        ]
        assert rules["child_reply"]["failed"] == "It is no child: customer_responded is the kind for it."
        assert rules["reply_after_close"]["failed"].startswith("It is open (status ")
        assert rules["custom:later"]["failed"] == "t.is_closed does not hold (is_closed is 0)."
        assert rules["custom:no_board"]["holds"]
        assert "cannot be worked out" in rules["custom:endless"]["failed"]
        for one in found["rules"]:
            assert one["holds"] or one["failed"].endswith("."), one

    def test_every_published_row_is_explained_by_its_own_kind(self, desk: Cli) -> None:
        rows = [row for row in desk.run("list", "--json").json if not row["kind"].startswith("custom:")]
        kinds = {row["kind"]: row for row in rows}
        assert len(kinds) >= 4
        for kind, row in kinds.items():
            found = desk.run("rules", "explain", f"id:{row['ticket_id']}", "--json").json["rules"]
            assert next(one for one in found if one["kind"] == kind)["holds"]

    def test_in_lines(self, desk: Cli) -> None:
        row = desk.run("list", "--json", "customer_responded").json[0]
        lines = desk.run("rules", "explain", row["number"]).out.splitlines()
        assert lines[0].startswith(f"#{row['number']}")
        assert "  yes  customer_responded" in lines
        assert any(line.startswith("  no   unassigned: switched off; ") for line in lines)

    def test_no_such_ticket(self, desk: Cli) -> None:
        assert "no ticket 1" in desk.run("rules", "explain", "1").error[0]


class TestPlan:
    def test_it_begins_with_two(self, desk: Cli) -> None:
        found = desk.run("rules", "plan", "--json").json
        assert [step["kind"] for step in found["steps"]][:2] == ["customer_responded", "billing_code"]
        assert found["next"] is None and "easier to begin" in found["why"]
        assert found["lines"][:2] == ["[rules.reply_after_close]", "on = false"]
        assert {step["kind"] for step in found["steps"]} == set(KINDS)

    def test_in_lines(self, desk: Cli) -> None:
        out = desk.run("rules", "plan").out
        assert "  1  customer_responded    on\n" in out
        assert "two weeks" in out and "    [rules.reply_after_close]\n    on = false\n" in out


class TestExceptions:
    def test_what_the_settings_leave_out(self, desk: Cli) -> None:
        (one,) = desk.run("rules", "exceptions", "--json").json
        assert (one["sort"], one["kind"], one["what"]) == (
            "exclusion",
            "customer_responded",
            "companies Nobody Ltd",
        )
        assert (one["who"], one["why"], one["until"], one["over"]) == (
            "Kim",
            "asked for it",
            "2020-02-01",
            True,
        )
        out = desk.run("rules", "exceptions").out
        assert 'companies Nobody Ltd: by Kim, "asked for it", until 2020-02-01, over' in out

    def test_a_closing_past_the_guard(self, own: tuple[Cli, World]) -> None:
        cli, _ = own
        number = cli.run("list", "--json", "customer_responded").json[0]["number"]
        done = cli.run("fix", number, "--close", "--because", "duplicate of a call", "--later")
        assert done.code == 0, done.err
        (one,) = cli.run("rules", "exceptions", "--json").json
        assert (one["sort"], one["why"], one["times"]) == ("override", "duplicate of a call", 1)
        assert number in one["what"]
