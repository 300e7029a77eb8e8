"""`check --hook`: one line, an exit code, in its time; it reads and never sends, and asks nobody anything."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from connectors.simulators.connectwise import simulator
from connectors.simulators.serve import run_in_thread
from connectors.simulators.world import World
from store import overrides, sign_offs
from store.day_gate import day_of
from store.home import Home
from store.lock import take_lock
from store.read import Reader
from store.settings import load
from store.sign_offs import Signed
from tests.tui.cli_runner import KEY, Cli, first, interruptible

ADVICE = "Run deskzero, E is the end of the day"


class Psa:
    """The simulated PSA, which can fall silent: it takes requests and does not answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.silent = False
        self.asked = 0
        """Requests that were taken while it is silent."""
        self._app = simulator(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += self.silent and scope["type"] == "http"
        while self.silent and scope["type"] == "http":  # noqa: ASYNC110  # another thread says so
            await asyncio.sleep(0.05)
        await self._app(scope, receive, send)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Cli, Psa]]:
    """A home and a shop of a test's own, without a limit on its requests."""
    psa = Psa(World(1, 25, speed=0.0))
    cli = Cli(tmp_path / "home", dict(KEY))
    with run_in_thread(psa) as url:
        cli.configure(url, quota_share=1.0)
        assert cli.run("sync").code == 0
        yield cli, psa
        psa.silent = False


@pytest.fixture
def own(desk: tuple[Cli, Psa]) -> tuple[Cli, World]:
    cli, psa = desk
    return cli, psa.world


def home(cli: Cli) -> Home:
    return Home.find(str(cli.home))


def sign(cli: Cli, *, leave_out: int = 0, to: str = "asmith") -> int:
    """Signs this day with the rows that the cache has; how many."""
    settings = load(home(cli).config)
    rows = [row for row in Reader(home(cli), settings).rows() if row.gate][leave_out:]
    left = tuple((row.connection, row.number, row.kind or "", to, "tomorrow") for row in rows)
    now = int(time.time())
    sign_offs.sign(home(cli), Signed(day_of(now, settings), now, "jdoe", "not_zero", left))
    return len(left)


def test_one_line_with_what_is_left_and_an_exit_code(own: tuple[Cli, World]) -> None:
    cli, _ = own
    done = cli.run("check", "--hook")
    asked = cli.run("check", "--json").json
    kinds = ", ".join(f"{one['must']} {kind}" for kind, one in asked["counts"].items() if one["must"])
    assert (done.code, done.err) == (1, "")
    assert done.out == f"NOT ZERO, {asked['to_zero']} to go: {kinds}. {ADVICE}\n"


def test_json_is_the_answer_of_check_and_how_the_gate_stands(own: tuple[Cli, World]) -> None:
    cli, _ = own
    done = cli.run("check", "--hook", "--json")
    assert (done.code, done.err, done.out.count("\n")) == (1, "", 1)
    assert done.json["verdict"] == done.json["gate"] == "not_zero"
    assert done.json["passes"] is False
    assert done.json["line"].startswith("NOT ZERO, ")
    assert (done.json["signed_off"], done.json["override"]) == (None, None)
    assert set(cli.run("check", "--json").json) <= set(done.json)


def test_a_changed_key_is_the_one_that_is_named(own: tuple[Cli, World]) -> None:
    cli, _ = own
    cli.append('\n[keys]\n"queue.end_of_day" = "F9"\n')
    assert "Run deskzero, F9 is the end of the day" in cli.run("check", "--hook", "--offline").out


def test_zero_passes(own: tuple[Cli, World]) -> None:
    cli, world = own
    for row in cli.run("list", "reply_after_close", "--json").json:
        world.reassign(int(row["ticket_id"]), "asmith")
        world.tickets[int(row["ticket_id"])].resources = ("asmith",)
    done = cli.run("check", "--hook", "--gate", "reply_after_close", "--because", "not needed")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("ZERO, asked ")
    assert overrides.since(home(cli), 0) == [], "who needs no reason keeps none"


# ---------------------------------------------------------------- it only reads


def test_it_sends_nothing_and_says_what_waits(own: tuple[Cli, World]) -> None:
    cli, world = own
    number = first(cli, "billing_code")
    assert cli.run("fix", number, "--billing-code", "remote support", "--later").code == 0
    writes = len(world.writes)
    done = cli.run("check", "--hook", "--gate", "reply_after_close", "--json")
    assert len(world.writes) == writes
    assert done.json["outbox"] == 1
    (change,) = cli.run("outbox", "--json").json
    assert change["state"] == "queued"
    assert cli.run("check", "--json").code == 1
    assert len(world.writes) > writes, "`check` without --hook sends it"


def test_it_does_not_wait_for_whoever_is_sending(own: tuple[Cli, World]) -> None:
    cli, _ = own
    lock = take_lock(home(cli))
    assert lock is not None
    try:
        done = cli.run("check", "--hook")
        assert done.code == 1
        assert lock.is_locked
    finally:
        lock.release()


# ---------------------------------------------------------------- in its time


def test_a_psa_that_does_not_answer_in_time_cannot_tell(desk: tuple[Cli, Psa]) -> None:
    cli, psa = desk
    psa.silent = True
    begun = time.monotonic()
    done = cli.run("check", "--hook", "--limit", "0.03")
    assert time.monotonic() - begun < 1.8 + 5 + 5 + 4
    assert (done.code, done.err) == (3, "")
    assert done.out.startswith("CANNOT TELL: There was no whole answer within 1.8 seconds; ")
    assert "to go by what was read before" in done.out
    assert done.out.count("\n") == 1


def test_what_never_comes_back_does_not_keep_it(own: tuple[Cli, World], tmp_path: Path) -> None:
    cli, _ = own
    command = [sys.executable, "-c", "import time; time.sleep(25)"]
    text = (cli.home / "config.toml").read_text(encoding="utf-8")
    text = text.replace("quota_share", f"private_key_command = {json.dumps(command)}\nquota_share")
    (cli.home / "config.toml").write_text(text, encoding="utf-8")
    begun = time.monotonic()
    done = cli.run("check", "--hook", "--limit", "0.01", DESKZERO_ACME_PRIVATE_KEY="")
    assert time.monotonic() - begun < 0.6 + 5 + 5 + 4 < 20
    assert done.code == 3
    assert "CANNOT TELL" in done.out
    assert cli.run("list").code == 0, "the next one finds the databases sound"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_ends_it_at_once(desk: tuple[Cli, Psa]) -> None:
    cli, psa = desk
    psa.silent = True
    command = cli.command("check", "--hook", "--limit", "2")
    with subprocess.Popen(
        command,
        env=cli.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=interruptible,
    ) as hook:
        until = time.monotonic() + 60
        while not psa.asked and time.monotonic() < until:  # it is under way, however busy the machine is
            time.sleep(0.05)
        os.kill(hook.pid, signal.SIGINT)
        begun = time.monotonic()
        hook.communicate(timeout=20)
    assert time.monotonic() - begun < 10
    assert hook.returncode == 130


def test_a_home_that_cannot_be_read_cannot_tell_in_one_line(own: tuple[Cli, World]) -> None:
    cli, _ = own
    (cli.home / "journal.db").write_bytes(b"no database at all" * 500)
    done = cli.run("check", "--hook", "--because", "the journal is damaged")
    assert (done.code, done.err, done.out.count("\n")) == (3, "", 1)
    assert "CANNOT TELL: The journal " in done.out
    assert "The reason could not be kept" in done.out, "a reason that is not kept lets nothing pass"
    document = cli.run("check", "--hook", "--json").json
    assert (document["verdict"], document["to_zero"], document["passes"]) == ("cannot_tell", None, False)


# ---------------------------------------------------------------- a signed day


def test_a_signed_day_passes_until_something_comes_up(own: tuple[Cli, World]) -> None:
    cli, world = own
    left = sign(cli)
    done = cli.run("check", "--hook")
    assert (done.code, done.err) == (0, "")
    at = time.strftime("%H:", time.gmtime())
    assert done.out.startswith(f"signed off {at}") and done.out.endswith(f", {left} left to others\n")
    mine = [one for one in world.tickets.values() if world.assigned(one, "jdoe")]
    quiet = next(one for one in mine if world.is_open(one) and not one.flag)
    world.customer_replies(quiet.id, "Hello?")
    done = cli.run("check", "--hook", "--json")
    assert done.code == 1
    assert (done.json["gate"], done.json["to_zero"]) == ("not_zero", left + 1)
    assert done.json["signed_off"]["left"] == done.json["signed_off"]["to_others"] == left
    assert done.json["signed_off"]["came_up"] == {"customer_responded": 1}
    assert "NOT ZERO, 1 to go, since the sign-off at " in done.json["line"]


def test_a_signed_day_with_a_psa_that_is_silent_now_cannot_tell(desk: tuple[Cli, Psa]) -> None:
    cli, psa = desk
    sign(cli, to="jdoe")
    assert cli.run("check", "--hook").out.endswith(" stay\n")
    psa.silent = True
    done = cli.run("check", "--hook", "--limit", "0.02")
    assert done.code == 3
    assert "CANNOT TELL" in done.out


# ---------------------------------------------------------------- reasons


def test_a_reason_passes_and_is_kept_and_the_week_has_so_many(own: tuple[Cli, World]) -> None:
    cli, _ = own
    cli.append("\n[check]\noverrides_before_approval = 1\n")
    done = cli.run("check", "--hook", "--offline", "--because", "  the customer asked for tomorrow ")
    assert (done.code, done.err) == (0, "")
    assert "PASSED WITH A REASON (the customer asked for tomorrow): NOT ZERO" in done.out
    (one,) = overrides.since(home(cli), 0)
    assert (one.who, one.verdict, one.reason) == ("jdoe", "not_zero", "the customer asked for tomorrow")
    assert one.to_zero == cli.run("check", "--json", "--offline").json["to_zero"]
    assert one.os_user and one.day and abs(one.at - time.time()) < 60
    again = cli.run("check", "--hook", "--offline", "--because", "again")
    assert again.code == 1
    assert "This week has 1 override already: --approved-by NAME is wanted beside --because" in again.out
    assert len(overrides.since(home(cli), 0)) == 1
    approved = cli.run("check", "--hook", "--offline", "--because", "again", "--approved-by", "Pat", "--json")
    assert (approved.code, approved.json["passes"]) == (0, True)
    assert approved.json["override"] == {"reason": "again", "approved_by": "Pat"}
    assert [one.approved_by for one in overrides.since(home(cli), 0)] == ["", "Pat"]


def test_with_0_nobody_is_asked_for(own: tuple[Cli, World]) -> None:
    cli, _ = own
    cli.append("\n[check]\noverrides_before_approval = 0\n")
    for count in range(1, 5):
        assert cli.run("check", "--hook", "--offline", "--because", "x").code == 0
        assert len(overrides.since(home(cli), 0)) == count


def test_a_reason_passes_too_where_nothing_can_be_told(desk: tuple[Cli, Psa]) -> None:
    cli, psa = desk
    psa.silent = True
    done = cli.run("check", "--hook", "--limit", "0.02", "--because", "no network at the customer's")
    assert done.code == 0
    (one,) = overrides.since(home(cli), 0)
    assert one.verdict == "cannot_tell"
    assert "no whole answer within 1.2 seconds" in one.why[0]


def test_wrong_usage(empty: Cli) -> None:
    empty.configure("http://127.0.0.1:9")
    for options, said in (
        (["--hook", "--wait"], "--hook and --wait"),
        (["--because", "x"], "--because was given without --hook"),
        (["--hook", "--approved-by", "Pat"], "--approved-by was given without --because"),
        (["--hook", "--because", " "], "--because is empty"),
        (["--hook", "--because", "x", "--approved-by", ""], "--approved-by is empty"),
        (["--hook", "--because", "x", "--approved-by", "JDOE"], "is you"),
        (["--hook", "--every", "60"], "--every was given without --wait"),
    ):
        done = empty.run("check", *options)
        assert (done.code, done.out) == (2, ""), options
        assert said in done.error[0], options
