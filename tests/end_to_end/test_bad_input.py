"""Whatever comes in: a clear message of two lines, the right exit code, nothing lost, the rest still working.

Most of it meets a second connection, `two`, beside one that works: what is wrong there must not hide `acme`.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from connectors.simulators.connectwise import ACCOUNT, simulator
from connectors.simulators.serve import demo_settings, run_in_thread
from connectors.simulators.world import World
from store.settings_save import save_connection
from tests.end_to_end.shop import Shop, open_shop
from tests.tui.cli_runner import Cli

SECRET = "KeyThatMustNotShow4711"

HOSTILE = (
    "=HYPERLINK(1) [bold]b[/bold] [/foo] [@click=app.quit]x[/] \x1b[31mred\x1b[0m \x1b]0;title\x07 "
    "\x9b1mz\x9b0m a\u200bb \u202egnp.exe\u202c \x07\x08\x7f\ufeff 画面"
)
LITERAL = "[bold]b[/bold] [/foo] [@click=app.quit]x[/]"
"""What of it is text, and has to be shown as it stands."""
LETTERS = set("\x1b\x9b\x9d\x07\x08\x7f\x00\u200b\u202e\u202c\ufeff")


def calm(shop: Shop) -> None:
    """Nothing is left to do but a missing telephone number, which is no gate: it is zero."""
    shop.world.staff_note(shop.asked, "It is done.", member="jdoe")
    shop.world.set_field(shop.asked, "flag", False)
    shop.world.set_field(shop.uncoded, "billing_code", "On-site")
    for entry in shop.world.time.values():
        entry.work_type_id = shop.world.work_type("On-site").id
    shop.world.set_field(shop.fine, "contact_phone", "")


@pytest.fixture(scope="module")
def calm_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One shop for all that is wrong elsewhere; its own tickets stay as they are."""
    with open_shop(tmp_path_factory.mktemp("calm")) as shop:
        calm(shop)
        done = shop.cli.run("check", "--json")
        assert (done.code, done.json["verdict"]) == (0, "zero"), done.out
        yield shop


def rest_works(shop: Shop) -> None:
    """`acme` is listed and can be looked at, from the cache."""
    assert shop.listed() == {("missing_fields", shop.fine)}
    assert shop.cli.run("show", f"acme:{shop.fine}").code == 0


@contextmanager
def settings_kept(cli: Cli) -> Iterator[None]:
    """Afterwards the settings and the environment are as before."""
    config, variables = cli.home / "config.toml", dict(cli.variables)
    before = config.read_bytes()
    try:
        yield
    finally:
        config.write_bytes(before)
        cli.variables = variables


# ---------------------------------------------------------------- a connection that does not work


@contextmanager
def page(title: str) -> Iterator[str]:
    """A server that answers everything with a web page."""

    async def answer(request: Request) -> Response:
        return HTMLResponse(f"<html><head><title>{title}</title></head><body>Hello</body></html>")

    with run_in_thread(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as url:
        yield url


@contextmanager
def redirect(seen: list[str]) -> Iterator[str]:
    """A server that sends everybody on to another one, which writes down who came."""

    async def trap(request: Request) -> Response:
        seen.append(f"{request.url} {dict(request.headers)}")
        return HTMLResponse("gotcha")

    with run_in_thread(Starlette(routes=[Route("/{path:path}", trap, methods=["GET", "POST"])])) as elsewhere:

        async def answer(request: Request) -> Response:
            return RedirectResponse(f"{elsewhere}{request.url.path}", 302)

        with run_in_thread(Starlette(routes=[Route("/{path:path}", answer)])) as url:
            yield url


@contextmanager
def cut_short() -> Iterator[str]:
    """A PSA whose lists of tickets end in the middle."""
    app = simulator(World(2, 1, speed=0))
    app.state.faults.next("/service/tickets", "cut", times=1000)
    with run_in_thread(app) as url:
        yield url


def test_connections_in_trouble_hide_no_other(calm_shop: Shop) -> None:
    """Nine that each fail in a way of their own, and one that works: all are named, it is read."""
    cli, trapped = calm_shop.cli, list[str]()
    with ExitStack() as stack:
        troubles: dict[str, tuple[dict[str, Any], str]] = {
            "refused": ({"url": "http://127.0.0.1:9"}, "http://127.0.0.1:9 could not be reached"),
            "webpage": ({"url": stack.enter_context(page("Sign in here"))}, "Sign in here"),
            "redirected": ({"url": stack.enter_context(redirect(trapped))}, "redirects to"),
            "cutshort": ({"url": stack.enter_context(cut_short())}, "/service/tickets"),
            "wrongkey": ({"public_key": "NobodysKey"}, "401"),
            "nocompany": ({"company": "nobody-inc"}, "nobody-inc"),
            "notechnician": ({"technician": "nobody-here"}, "nobody-here"),
            "noboard": ({"scope": "board:No Such Board"}, "No Such Board"),
            "noowner": ({"scope": "owner:jdo"}, "jdo"),
        }
        stack.enter_context(settings_kept(cli))
        for name, (more, _) in troubles.items():
            settings = demo_settings(url=calm_shop.url) | more
            save_connection(cli.home / "config.toml", name, settings)
            cli.variables[f"DESKZERO_{name.upper()}_PRIVATE_KEY"] = ACCOUNT.private_key
        done = cli.run("sync")
        assert done.code == 2, "the last one's"
        lines = done.err.splitlines()
        assert len(lines) == 2 * len(troubles), done.err
        said = dict(zip(troubles, zip(lines[::2], lines[1::2], strict=True), strict=True))
        for name, (_, words) in troubles.items():
            what, do = said[name]
            assert what.startswith(f"deskzero: {name}: "), what
            assert words in what
            assert do and not do.startswith("deskzero:")
        assert "acme: 0 new" in done.out, "the other connection was read"
        assert ACCOUNT.private_key not in done.out + done.err
        assert trapped == [], "nobody else gets the credentials, nor a visit"
        rest_works(calm_shop)
        answer = cli.run("check", "--offline", "--json")
        assert answer.code == 3
        assert answer.json["verdict"] == "cannot_tell"
        named = {sentence.split(":")[0].split()[0] for sentence in answer.json["why"]}
        assert named == set(troubles)
    assert cli.run("check", "--offline").code == 0, "without these connections it is as before"


def test_a_single_failing_connection_is_the_commands_error(calm_shop: Shop) -> None:
    cli = calm_shop.cli
    with settings_kept(cli):
        settings = demo_settings(url=calm_shop.url) | {"public_key": "NobodysKey"}
        save_connection(cli.home / "config.toml", "two", settings)
        cli.variables["DESKZERO_TWO_PRIVATE_KEY"] = ACCOUNT.private_key
        done = cli.run("sync")
        assert done.code == 3
        assert done.error[0].startswith("deskzero: two: ")
        asked = cli.run("check")
        assert asked.code == 3
        assert asked.out.startswith("CANNOT TELL")
        assert "two: the last sync failed" in asked.out
        assert asked.err == ""


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "no.such.Backend"])
def test_without_a_keyring(calm_shop: Shop, backend: str) -> None:
    """The variable is named, and everything that needs no secret goes on."""
    nothing = {"DESKZERO_ACME_PRIVATE_KEY": "", "PYTHON_KEYRING_BACKEND": backend}
    rows = calm_shop.cli.run("list", "--json", **nothing)
    assert rows.code == 0
    assert [row["number"] for row in rows.json] == [calm_shop.fine]
    done = calm_shop.cli.run("sync", **nothing)
    assert done.code == 3
    what, do = done.error
    assert "DESKZERO_ACME_PRIVATE_KEY" in what
    assert "keyring" in what
    assert "DESKZERO_ACME_PRIVATE_KEY" in do
    assert calm_shop.cli.run("check", "--offline", **nothing).code == 3
    rest_works(calm_shop)


# ---------------------------------------------------------------- odd tickets and texts


def test_a_ticket_whose_field_has_the_wrong_type(tmp_path: Path) -> None:
    """It is put aside and named; the others are listed; zero is not known until it can be read."""
    with open_shop(tmp_path) as shop:
        calm(shop)
        shop.world.set_field(shop.fine, "contact_phone", "")
        shop.world.set_field(shop.uncoded, "contact_phone", "")

        def spoil(path: str, body: bytes) -> bytes:
            if not path.endswith("/service/tickets"):
                return body
            rows = json.loads(body)
            for row in rows:
                if str(row["id"]) == shop.uncoded and "status" in row:
                    row["status"] = ["New"]
            return json.dumps(rows).encode()

        shop.gate.spoil = spoil
        done = shop.cli.run("sync")
        assert done.code == 0, done.err
        assert "1 unreadable record" in done.out
        assert ("missing_fields", shop.fine) in shop.listed()
        answer = shop.cli.run("check", "--json")
        assert answer.code == 3
        assert answer.json["verdict"] == "cannot_tell"
        assert answer.json["quarantined"] == 1
        (sentence,) = [why for why in answer.json["why"] if shop.uncoded in why]
        assert "status" in sentence
        assert "acme" in sentence
        shop.gate.spoil = None
        again = shop.cli.run("check", "--json")
        assert (again.code, again.json["quarantined"]) == (0, 0), again.out
        assert shop.listed() == {("missing_fields", shop.fine), ("missing_fields", shop.uncoded)}


def test_an_empty_list_is_not_believed(calm_shop: Shop) -> None:
    """A PSA that suddenly lists nothing, and counts three: nothing is removed, and zero is not known."""
    calm_shop.gate.spoil = lambda path, body: b"[]" if path.endswith("/service/tickets") else body
    try:
        answer = calm_shop.cli.run("check", "--json")
    finally:
        calm_shop.gate.spoil = None
    assert answer.code == 3
    assert answer.json["verdict"] == "cannot_tell"
    assert any("counts 3" in sentence for sentence in answer.json["why"])
    rest_works(calm_shop)
    assert calm_shop.cli.run("check").code == 0


def test_a_ticket_that_is_gone_with_a_change_for_it(shop: Shop) -> None:
    """What cannot be written any more is said, and waits for a person to give it up."""
    assert shop.cli.run("fix", shop.uncoded, "--billing-code", "On-site", "--later").code == 0
    shop.world.delete(shop.uncoded)
    assert shop.cli.run("sync").code == 0
    assert shop.listed("billing_code") == set()
    (change,) = shop.cli.run("outbox", "--json").json
    assert change["state"] == "rejected"
    assert f"--drop {change['change']}" in shop.cli.run("outbox").out
    assert shop.cli.run("check", "--offline", "--json").json["outbox"] == 1
    assert shop.cli.run("outbox", "--drop", change["change"]).code == 0
    again = shop.cli.run("fix", shop.uncoded, "--note", "Hello?")
    assert again.code == 2
    assert "deskzero sync" in again.error[1]


def test_hostile_text_is_text(shop: Shop) -> None:
    """Markup is shown as it stands; what a terminal or a spreadsheet would obey does not get there."""
    ticket = shop.world.ticket(shop.asked)
    shop.world.set_field(shop.asked, "summary", HOSTILE)
    shop.world.companies[ticket.company_id].name = HOSTILE
    shop.world.contacts[ticket.contact_id or 0].last = HOSTILE
    ticket.contact_name = HOSTILE
    shop.world.customer_replies(shop.asked, HOSTILE)
    shop.world.staff_note(shop.asked, f"{HOSTILE}\n{HOSTILE}", public=False)
    assert shop.cli.run("sync").code == 0
    outputs = {
        arguments: shop.cli.run(*arguments)
        for arguments in (
            (),
            ("list",),
            ("list", "--csv"),
            ("list", "--json"),
            ("show", shop.asked),
            ("show", shop.asked, "--json"),
            ("fix", shop.asked, "--reply", "Yes.", "--dry-run"),
        )
    }
    for arguments, done in outputs.items():
        assert done.code == 0, (arguments, done.err)
        assert not set(done.out + done.err) & LETTERS, arguments
        assert not [letter for letter in done.out if ord(letter) < 32 and letter != "\n"], arguments
        assert LITERAL in done.out, arguments
        assert "画面" in done.out, arguments
        assert "title" not in done.out, "a whole sequence goes, not its first letter"
    (row,) = [row for row in outputs["list", "--json"].json if row["number"] == shop.asked]
    assert LITERAL in row["summary"]
    assert not set(json.dumps(row, ensure_ascii=False)) & LETTERS
    (cells,) = [
        row
        for row in csv.DictReader(io.StringIO(outputs["list", "--csv"].out))
        if row["number"] == shop.asked
    ]
    assert cells["summary"].startswith("'="), "no formula for a spreadsheet"
    assert cells["company"].startswith("'=")

    shop.world.customer_replies(shop.asked, HOSTILE)
    conflict = shop.cli.run("fix", shop.asked, "--reply", "Yes.", "--now")
    assert conflict.code == 1
    assert LITERAL in conflict.error[0]
    assert not set(conflict.err) & LETTERS
    assert not set(shop.cli.run("outbox").out) & LETTERS
    log = (shop.cli.home / "deskzero.log").read_text(encoding="utf-8")
    assert not set(log) & LETTERS
    assert "[bold]" not in log, "no customer's words in the log"


# ---------------------------------------------------------------- settings

GOOD = """[connections.acme]
psa = "connectwise"
url = "http://127.0.0.1:9"
company = "riverside"
client_id = "c"
public_key = "p"
technician = "jdoe"
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[connections.acme\n", ["line 1"]),
        (GOOD + "read_only = yes\n", ["line 8"]),
        (GOOD + 'tecnician = "jdoe"\n', ["[connections.acme] tecnician", "technician"]),
        (GOOD + 'read_only = "yes"\n', ["[connections.acme] read_only", "true or false"]),
        (GOOD + 'scope = "bord:Help Desk"\n', ["[connections.acme] scope", "board:"]),
        (GOOD + 'date_form = "utc"\n', ["[connections.acme] date_form", "utc-z"]),
        (
            GOOD + f'private_key = "{SECRET}"\n',
            ["[connections.acme] private_key", "DESKZERO_ACME_PRIVATE_KEY"],
        ),
        (GOOD.replace("http://127.0.0.1:9", "http://psa.test"), ["[connections.acme] url", "https://"]),
        (GOOD.replace("http://127.0.0.1:9", "psa.test"), ["[connections.acme] url"]),
        (GOOD.replace('company = "riverside"\n', ""), ["[connections.acme] company", "missing"]),
        (GOOD.replace('"connectwise"', '"conectwise"'), ["[connections.acme] psa", "connectwise"]),
        (GOOD + "[chek]\n", ["chek", "check"]),
        (GOOD + '[check]\nmax_age = "5 minutes"\n', ["[check] max_age", "5m"]),
        (GOOD + '[check]\ngates = ["orphans"]\n', ["[check] gates", "orphaned"]),
        (GOOD + '[rules.billing_code]\nwhen = "allways"\n', ["[rules.billing_code] when", "always"]),
        (GOOD + '[[rules.missing_fields.for]]\nboard = "X"\n', ["rules.missing_fields.for", "required"]),
    ],
)
def test_a_typing_error_in_the_settings(tmp_path: Path, text: str, words: list[str]) -> None:
    cli = Cli(tmp_path / "home")
    cli.home.mkdir()
    cli.append(text)
    done = cli.run("list")
    assert done.code == 2
    assert done.out == ""
    what, do = done.error
    assert str(cli.home / "config.toml") in what
    for word in words:
        assert word in f"{what}\n{do}", done.err
    assert SECRET not in done.err
    assert [path.name for path in cli.home.iterdir()] == ["config.toml"], "nothing was made beside it"


def test_broken_settings_stop_every_command_and_lose_nothing(calm_shop: Shop) -> None:
    cli = calm_shop.cli
    config = cli.home / "config.toml"
    good = config.read_bytes()
    with settings_kept(cli):
        for broken in (good + b"scoop = 1\n", good + b"# \xff\n"):
            config.write_bytes(broken)
            for arguments in ((), ("show", calm_shop.fine), ("sync",), ("check", "--json"), ("outbox",)):
                done = cli.run(*arguments)
                assert done.code == 2, arguments
                assert done.out == ""
                assert str(config) in done.error[0]
            assert config.read_bytes() == broken
    rest_works(calm_shop)


# ---------------------------------------------------------------- databases


def test_databases_from_a_newer_version(shop: Shop) -> None:
    """The journal is left alone and named. The cache is only a cache."""
    done = shop.cli.run("fix", shop.fine, "--note", "Kept.", "--later")
    assert done.code == 0, done.err
    journal = shop.cli.home / "journal.db"
    with closing(sqlite3.connect(journal)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = 9999")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = journal.read_bytes()
    for arguments, code in (
        (("sync",), 2),
        (("check", "--json"), 3),
    ):
        done = shop.cli.run(*arguments)
        assert done.code == code, (arguments, done.err)
        what, do = done.error
        assert "journal.db" in what
        assert "newer deskzero" in what
        assert "Update deskzero" in do
    assert journal.read_bytes() == before
    assert shop.world.writes == []
    with closing(sqlite3.connect(journal)) as db:
        db.execute(f"PRAGMA user_version = {version:d}")
    with closing(sqlite3.connect(shop.cli.home / "cache.db")) as db:
        db.execute("PRAGMA user_version = 9999")
    time.sleep(4.1)  # as long as it is held in this shop
    done = shop.cli.run("sync")
    assert done.code == 0, done.err
    assert len(shop.notes(shop.fine, "Kept.")) == 1, "what waited was not lost"
    assert shop.listed() == {("customer_responded", shop.asked), ("billing_code", shop.uncoded)}


def test_a_damaged_journal_is_left_alone(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    cli.configure("http://127.0.0.1:9")
    (cli.home / "journal.db").write_bytes(b"no database " * 500)
    for arguments, code in ((("outbox",), 2), (("sync",), 2), (("check",), 3)):
        done = cli.run(*arguments)
        assert done.code == code, arguments
        what, do = done.error
        assert "journal.db" in what
        assert "It may hold changes not yet sent" in do
    assert (cli.home / "journal.db").read_bytes() == b"no database " * 500
