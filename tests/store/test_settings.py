"""The settings file: what it means, and errors that name file, table, key and what is expected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.contract import Scope
from store.business_time import Hours
from store.settings import RequiredFor, Settings, SettingsError, load, machine_timezone, parse
from store.settings_records import AgreementScope, CompanyRate, Money
from store.settings_save import (
    laid_over,
    remove_connection,
    required_of,
    save_connection,
    saved_table,
)

FILE = Path("config.toml")

CONTRACT = """
timezone = "Europe/Berlin"
[connections.acme]
psa = "connectwise"
url = "https://na.myconnectwise.net"
company = "acme"
client_id = "guid"
public_key = "PUB"
technician = "jdoe"
scope = "mine"
timezone = "America/New_York"
date_form = "utc-z"
read_only = false
closed_statuses = []
child_statuses = ["Child Ticket"]
responded_statuses = ["Customer Responded"]
answered_status = "Waiting Customer"
closing_statuses = ["Completed"]
waiting_statuses = ["Waiting Customer"]
quota_share = 0.1
private_key_command = ["op", "read", "x"]

[connections.desk]
psa = "rt"
url = "http://127.0.0.1:8082"
technician = "tess"
[connections.desk.fields]
billing_code = "Billing Code"
company = "Client"

[rules.customer_responded]
auto_reply = ["^Automatic reply", "^Out of office", "^Undeliverable"]
[rules.reply_after_close]
window = "14d"
[rules.missing_fields]
required = ["contact", "contact_phone", "contact_email", "agreement", "type"]
placeholders = ["n/a", "none", "unknown", "-"]
[[rules.missing_fields.for]]
board = "Projects"
required = ["contact", "agreement"]
[rules.billing_code]
when = "worked"
window = "30d"
exclude = { statuses = [], boards = [], types = [] }

[sync]
every = "3m"
[cache]
retention = "180d"
[suggestions]
strong = { count = 8, share = 0.85 }
[outbox]
hold = "10s"
[check]
max_age = "5m"
gates = ["customer_responded", "child_reply", "reply_after_close", "orphaned", "billing_code"]
"""

RT = '[connections.desk]\npsa = "rt"\nurl = "https://rt.example.com"\ntechnician = "tess"\n'


def wrong(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        parse(text, FILE)
    assert "\n" not in str(caught.value)
    assert "\n" not in caught.value.hint
    assert caught.value.hint
    assert str(FILE) in str(caught.value)
    return caught.value


def test_the_whole_contract_is_read() -> None:
    settings = parse(CONTRACT, FILE)
    acme, desk = settings.connections["acme"], settings.connections["desk"]
    assert settings.timezone == "Europe/Berlin"
    assert acme.timezone == "America/New_York"
    assert desk.timezone == "Europe/Berlin"
    assert acme.scope == Scope("mine")
    assert acme.options["company"] == "acme"
    assert acme.commands == {"private_key": ("op", "read", "x")}
    assert not any("command" in key for key in acme.options)
    assert desk.options["fields"] == {"billing_code": "Billing Code", "company": "Client"}
    assert settings.rules.required_for == (RequiredFor(board="Projects", required=("contact", "agreement")),)
    # Everything below the connections stands in the contract with its default.
    plain = Settings(timezone="Europe/Berlin")
    assert settings.sync_every == plain.sync_every == 180
    assert settings.retention == plain.retention
    assert settings.hold == plain.hold == 10
    assert settings.max_age == plain.max_age == 300
    assert settings.gates == plain.gates
    assert settings.checkpoints == plain.checkpoints == ()
    assert settings.overrides_before_approval == plain.overrides_before_approval == 3
    assert (settings.strong_count, settings.strong_share) == (8, 0.85)
    assert settings.rules.auto_reply == plain.rules.auto_reply
    assert settings.rules.largest_window == 30 * 86400


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("", None),
        ('quota = "none"', ()),
        ('quota = " None "', ()),
        ('quota = "600/1m"', (600, 60)),
        ('quota = "5000 / 1h"', (5000, 3600)),
    ],
)
def test_the_company_s_limit_may_be_another(line: str, limits: tuple[int, ...] | None) -> None:
    quota = parse(RT + line, Path("x.toml")).connections["desk"].quota
    if not limits:
        assert quota == limits
    else:
        assert quota is not None
        assert [(one.requests, one.seconds) for one in quota] == [limits]


def test_no_file_is_no_connection(tmp_path: Path) -> None:
    settings = load(tmp_path / "config.toml")
    zone = machine_timezone()
    assert settings == Settings(timezone=zone, hours=Hours(zone=zone))


@pytest.mark.parametrize("variable", ["Asia/Tokyo", "Nowhere/At_All"])
def test_the_machines_timezone_is_what_its_variable_says_where_that_is_one(variable: str) -> None:
    program = "from store.settings import machine_timezone; print(machine_timezone())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TZ": variable},
        capture_output=True,
        text=True,
        check=True,
    )
    zone = ZoneInfo(done.stdout.strip())  # always one that exists
    assert variable != "Asia/Tokyo" or zone.key == variable


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("mine", Scope("mine")),
        ("all", Scope("all")),
        ("owner:asmith", Scope("owner", "asmith")),
        ("board:Help Desk", Scope("board", "Help Desk")),
        ("team: Blue ", Scope("team", "Blue")),
    ],
)
def test_scopes(text: str, scope: Scope) -> None:
    assert parse(f'{RT}scope = "{text}"', FILE).connections["desk"].scope == scope


@pytest.mark.parametrize(
    ("text", "table", "key", "says", "hint"),
    [
        ("tiemzone = 'UTC'", "", "tiemzone", "unknown key", "timezone"),
        ("timezone = 'Europe/Berlyn'", "", "timezone", "Europe/Berlyn", "Europe/Berlin"),
        ("timezone = 3", "", "timezone", "a time zone such as", ""),
        ("timezone = '../etc/passwd'", "", "timezone", "is expected", ""),
        ("[sync]\nevery = '3 minutes'", "sync", "every", "90s, 5m, 48h or 14d", ""),
        ("[sync]\nevery = 180", "sync", "every", "not a number", ""),
        ("[sync]\nevery = '1s'", "sync", "every", "at least", ""),
        ("[sync]\nevry = '3m'", "sync", "evry", "unknown key", "every"),
        ("[check]\ngates = ['billing']", "check", "gates", 'unknown kind "billing"', "billing_code"),
        (
            "[check]\ngates = 'billing_code'",
            "check",
            "gates",
            "a list of strings is expected, not a string",
            "",
        ),
        ("[check]\ngates = [1]", "check", "gates", "with a number in it", ""),
        ("[check]\ncheckpoints = ['noon']", "check", "checkpoints", 'not "noon"', '["12:00"]'),
        ("[check]\ncheckpoints = ['24:00']", "check", "checkpoints", 'not "24:00"', ""),
        ("[check]\ncheckpoints = ['12:60']", "check", "checkpoints", 'not "12:60"', ""),
        ("[check]\ncheckpoints = '12:00'", "check", "checkpoints", "a list of strings is expected", ""),
        (
            "[check]\noverrides_before_approval = -1",
            "check",
            "overrides_before_approval",
            "a whole number from 0 is expected, not -1",
            "",
        ),
        (
            "[rules.missing_fields]\nrequired = ['contct']",
            "rules.missing_fields",
            "required",
            "contct",
            "contact",
        ),
        ("[rules.missing_fields]\nrequired = ['custom:']", "rules.missing_fields", "required", "custom:", ""),
        (
            "[[rules.missing_fields.for]]\nboard = 'P'",
            "rules.missing_fields.for",
            "required",
            "is missing",
            "Add required",
        ),
        (
            "[[rules.missing_fields.for]]\nrequired = []\nconnection = 'acme'",
            "rules.missing_fields.for",
            "connection",
            "acme",
            "",
        ),
        (
            "[rules.missing_fields]\nfor = {board = 'P'}",
            "rules.missing_fields",
            "for",
            "a list of tables",
            "",
        ),
        (
            "[rules.billing_code]\nwhen = 'wroked'",
            "rules.billing_code",
            "when",
            "worked, always, closing",
            "worked",
        ),
        (
            "[rules.billing_code.exclude]\nborads = []",
            "rules.billing_code.exclude",
            "borads",
            "unknown",
            "boards",
        ),
        (
            "[rules.customer_responded]\nauto_reply = ['(']",
            "rules.customer_responded",
            "auto_reply",
            "not a regular expression",
            "",
        ),
        ("[rules.stales]\nx = 1", "rules", "stales", "unknown key", "stale"),
        ("[rules.stale]\nx = 1", "rules.stale", "x", "unknown key", ""),
        ("[rules.stale]\ndays = 0", "rules.stale", "days", "from 1", ""),
        ('[rules.stale]\nreview = "soon"', "rules.stale", "review", "a day such as", ""),
        ('[[rules.stale.exclude]]\nwhy = "x"', "rules.stale.exclude", None, "leaves nothing out", "boards"),
        ('[check]\ngates = ["stales"]', "check", "gates", "unknown kind", "stale"),
        ("[suggestions]\nstrong = {count = 0}", "suggestions.strong", "count", "from 1", ""),
        ("[suggestions]\nstrong = {share = 2}", "suggestions.strong", "share", "at most 1", ""),
        ("sync = 3", "", "sync", "a table is expected, not a number", ""),
        ("connections = 'acme'", "", "connections", "a table is expected", ""),
        ("[connections.a]", "connections.a", "psa", "is missing", "Add psa"),
        ("[connections.a]\npsa = 'conectwise'", "connections.a", "psa", "conectwise", "connectwise"),
        ("[connections.id]\npsa = 'rt'", "connections", "id", "a connection's name", ""),
        ('[connections."a b"]\npsa = "rt"', "connections", "a b", "a connection's name", ""),
        (RT + "scpoe = 'mine'", "connections.desk", "scpoe", "unknown key", "scope"),
        (RT + "scope = 'minee'", "connections.desk", "scope", "mine, owner:<name>", "mine"),
        (RT + "scope = 'board:'", "connections.desk", "scope", "owner:<name>", "board:<name>"),
        (
            RT + "read_only = 'yes'",
            "connections.desk",
            "read_only",
            "true or false is expected, not a string",
            "",
        ),
        (RT + "quota_share = 1.5", "connections.desk", "quota_share", "at most 1", ""),
        (RT + 'quota = "fast"', "connections.desk", "quota", "600/1m", ""),
        (RT + 'quota = "600"', "connections.desk", "quota", "600/1m", ""),
        (RT + 'quota = "0/1m"', "connections.desk", "quota", "600/1m", ""),
        (RT + 'quota = "600/0s"', "connections.desk", "quota", "600/1m", ""),
        (RT + "quota = 600", "connections.desk", "quota", "600/1m", ""),
        (RT + "quota_share = true", "connections.desk", "quota_share", "not true/false", ""),
        (RT + "child_statuses = [' ']", "connections.desk", "child_statuses", "an empty one", ""),
        (RT + "answered_status = 3", "connections.desk", "answered_status", "a string is expected", ""),
        (RT + "timezone = 'Mars/Base'", "connections.desk", "timezone", "Mars/Base", ""),
        (RT + "token_command = []", "connections.desk", "token_command", "not an empty one", ""),
        (RT + "token_command = 'op read x'", "connections.desk", "token_command", "a list of strings", ""),
        (RT + "fields = 3", "connections.desk", "fields", "is expected", ""),
        (
            "[connections.desk]\npsa = 'rt'\ntechnician = 'tess'",
            "connections.desk",
            "url",
            "is missing",
            "Add url",
        ),
        (
            RT.replace("https://rt.example.com", "http://rt.example.com"),
            "connections.desk",
            "url",
            "https://",
            "",
        ),
        (
            RT.replace("rt.example.com", "me:pw@rt.example.com"),
            "connections.desk",
            "url",
            "without a name",
            "",
        ),
        (RT.replace("https://rt.example.com", "rt.example.com"), "connections.desk", "url", "https://", ""),
    ],
)
def test_errors_name_table_key_and_what_is_expected(
    text: str, table: str, key: str | None, says: str, hint: str
) -> None:
    error = wrong(text)
    assert (error.table, error.key) == (table, key)
    assert says in str(error)
    assert (key or table) in str(error)
    assert f"[{table}]" in str(error) if table else True
    assert hint in error.hint


@pytest.mark.parametrize("key", ["token", "private_key", "password", "api_key", "client_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(key: str) -> None:
    error = wrong(f"{RT}{key} = 'hunter2-hunter2'")
    assert "secret" in str(error)
    assert "DESKZERO_DESK_TOKEN" in error.hint
    assert "keyring" in error.hint
    assert "token_command" in error.hint
    assert "hunter2" not in str(error) + error.hint


def test_two_connections_may_not_read_the_same_variable() -> None:
    error = wrong(RT + RT.replace("connections.desk", "connections.DESK"))
    assert error.table == "connections"
    assert "too like" in str(error)


@pytest.mark.parametrize("text", ["[sync\nevery = '3m'", "a = 1\na = 2\n", 'x = "\n', "= 3"])
def test_a_typing_error_names_the_line(text: str) -> None:
    assert "line" in str(wrong(text))


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"timezone = '\xff'")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(path)
    path.write_bytes("\ufefftimezone = 'Asia/Tokyo'\r\n".encode())
    assert load(path).timezone == "Asia/Tokyo"
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        load(path)


# ---------------------------------------------------------------- saving


TABLE = {"psa": "rt", "url": "https://rt.example.com", "technician": "tess"}


def test_saving_makes_the_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    save_connection(path, "desk", TABLE)
    assert load(path).connections["desk"].technician == "tess"
    assert path.stat().st_mode & 0o077 == 0


def test_saving_keeps_comments_order_and_other_tables(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "# mine\ntimezone = 'UTC' # here\n\n[connections.old] # keep\n"
        "psa = 'rt'\nurl = 'https://old.example.com' # why\ntechnician = 'omar'\n"
        "child_statuses = ['Child'] # ours\n\n[rules.reply_after_close]\nwindow = '7d' # a week\n"
    )
    save_connection(path, "desk", TABLE)
    save_connection(path, "old", TABLE)
    text = path.read_text()
    for kept in ("# mine", "# here", "# keep", "# why", "# ours", "# a week"):
        assert kept in text
    settings = load(path)
    assert list(settings.connections) == ["old", "desk"]
    assert settings.connections["old"].technician == "tess"
    assert settings.connections["old"].child_statuses == ("Child",)
    assert settings.rules.reply_after_close_window == 7 * 86400


def test_saving_beside_tables_in_between(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[sync]\nevery = '5m'\n{RT}\n[cache]\nretention = '90d'\n{RT.replace('desk', 'two')}")
    save_connection(path, "three", TABLE)
    assert set(load(path).connections) == {"desk", "two", "three"}
    assert load(path).retention == 90 * 86400


def test_another_psa_takes_the_old_ones_keys_away(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONTRACT)
    save_connection(path, "acme", TABLE)
    acme = load(path).connections["acme"]
    assert acme.psa == "rt"
    assert acme.child_statuses == ("Child Ticket",)
    assert set(acme.options) == {"url"}


def test_what_would_not_load_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(RT)
    with pytest.raises(SettingsError, match="scope"):
        save_connection(path, "desk", {**TABLE, "scope": "nonsense"})
    path.write_text(RT + "[broken")
    with pytest.raises(SettingsError, match="line"):
        save_connection(path, "desk", TABLE)
    assert path.read_text() == RT + "[broken"
    assert [file.name for file in tmp_path.iterdir()] == ["config.toml"]


def test_a_link_into_another_folder_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text(RT)
    link.symlink_to(real)
    save_connection(link, "two", TABLE)
    assert link.is_symlink()
    assert set(load(real).connections) == {"desk", "two"}


def test_removing_a_connection_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONTRACT)
    assert remove_connection(path, "desk")
    assert not remove_connection(path, "desk")
    assert list(load(path).connections) == ["acme"]
    assert load(path).rules.required_for


def test_a_key_is_taken_out_and_a_table_laid_over_the_one_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        "[connections.desk]\npsa = 'rt'\nurl = 'https://a.example' # why\ntechnician = 'tess'\n"
        "read_only = true\nscope = 'all'\n[connections.desk.fields]\ncompany = 'Client' # its name\nsite = 'Place'\n"
    )
    table = {**TABLE, "read_only": None, "child_statuses": None}
    table["fields"] = {"billing_code": "Code", "site": None}
    expected = laid_over(saved_table(path, "desk"), table)
    save_connection(path, "desk", table)
    assert saved_table(path, "desk") == expected
    desk = load(path).connections["desk"]
    assert not desk.read_only
    assert desk.scope == Scope("all")
    assert desk.options["fields"] == {"company": "Client", "billing_code": "Code"}
    assert "# why" in path.read_text() and "# its name" in path.read_text()
    save_connection(path, "desk", {**TABLE, "fields": {"company": None, "billing_code": None}})
    assert "fields" not in saved_table(path, "desk")
    assert saved_table(path, "nobody") == {}


@pytest.mark.parametrize(
    "rules",
    [
        "",
        "[rules.billing_code]\nwhen = 'always' # stays\n",
        "[rules.missing_fields]\nrequired = ['contact'] # stays\n",
        "[rules]\nmissing_fields.required = ['contact'] # stays\n",
        "[[rules.missing_fields.for]]\nboard = 'Projects' # stays\nrequired = ['contact']\n",
        "[rules.missing_fields]\nfor = [{ board = 'Projects', required = ['contact'] }] # stays\n",
    ],
)
def test_required_fields_of_one_connection(tmp_path: Path, rules: str) -> None:
    """An entry for the connection alone; one for a board still wins on its board, as it did before."""
    path = tmp_path / "config.toml"
    path.write_text(RT + rules)
    before = load(path).rules
    save_connection(path, "two", TABLE, required=("contact", "owner"))
    save_connection(path, "two", TABLE)
    now = load(path)
    assert required_of(now, "two") == ("contact", "owner")
    assert required_of(now, "desk") == before.required
    assert now.rules.required_for[0].connection == "two"
    assert now.rules.required_for[1:] == before.required_for
    save_connection(path, "two", TABLE, required=())
    assert required_of(load(path), "two") == ()
    assert ("# stays" in rules) == ("# stays" in path.read_text())
    assert remove_connection(path, "two")
    assert load(path).rules == before


# ---------------------------------------------------------------- hostile


def test_strange_names_and_values_never_break_the_reader() -> None:
    """Whatever TOML holds, the answer is settings or a SettingsError."""
    for name in ("psa", "url", "scope", "timezone", "fields", "quota_share", "commands", "name"):
        for value in (
            "1",
            "-1.5",
            "true",
            "'x'",
            "''",
            "[]",
            "[[1]]",
            "{a = {b = 1}}",
            "2026-11-20",
            "nan",
            "inf",
        ):
            text = f"[connections.desk]\npsa = 'rt'\nurl = 'https://a.example'\ntechnician = 't'\n{name} = {value}\n"
            lines = [line for line in text.splitlines() if not line.startswith(f"{name} = ")]
            with_value = "\n".join([*lines, f"{name} = {value}"])
            try:
                parse(with_value, FILE)
            except SettingsError as error:
                assert error.hint


def test_a_psa_may_have_a_share_of_its_own_and_the_file_has_the_last_word(tmp_path: Path) -> None:
    table = '[connections.alga]\npsa = "algapsa"\nurl = "https://psa.test"\ntechnician = "jdoe"\n'
    assert parse(table, tmp_path).connections["alga"].quota_share == 0.5
    assert parse(table + "quota_share = 0.2\n", tmp_path).connections["alga"].quota_share == 0.2


def test_checkpoints_in_the_order_of_the_day_each_once_and_an_override_that_nobody_approves() -> None:
    text = "[check]\ncheckpoints = ['16:30', '9:05', '16:30', ' 00:00 ']\noverrides_before_approval = 0\n"
    settings = parse(text, FILE)
    assert settings.checkpoints == (0, 9 * 60 + 5, 16 * 60 + 30)
    assert settings.overrides_before_approval == 0


def test_money_and_what_agreements_do_not_cover() -> None:
    text = """
[[rules.out_of_scope.agreement]]
name = "Gold"
codes = ["Project Work"]
[[rules.out_of_scope.agreement]]
name = "*"
boards = ["Projects"]
types = ["Move"]
[rules.out_of_scope]
on = true
[money]
currency = "USD"
rate = 120
[money.rates]
"Project Work" = 180.5
[[money.for]]
company = "Acme"
rate = 100
rates = { "On site" = 150 }
"""
    settings = parse(text, FILE)
    assert settings.rules.agreements == (
        AgreementScope(name="Gold", codes=("Project Work",)),
        AgreementScope(name="*", boards=("Projects",), types=("Move",)),
    )
    assert settings.rules.of("out_of_scope").on
    acme = CompanyRate(company="Acme", rate=100.0, rates={"On site": 150.0})
    assert settings.money == Money(
        currency="USD", rate=120.0, rates={"Project Work": 180.5}, companies=(acme,)
    )
    assert parse("", FILE).money == Money() and parse("", FILE).rules.agreements == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[[rules.out_of_scope.agreement]]\nname = "Gold"',
            '[rules.out_of_scope.agreement]: "Gold" leaves nothing',
        ),
        (
            '[[rules.out_of_scope.agreement]]\ncodes = ["x"]',
            "[rules.out_of_scope.agreement] name: is missing",
        ),
        (
            '[[rules.out_of_scope.agreement]]\nname = "x"\ncode = ["x"]',
            "[rules.out_of_scope.agreement] code: unknown key",
        ),
        ("[money]\nrate = 120", "[money] currency: is missing"),
        ('[money]\ncurrency = "USD"\nrate = 0', "[money] rate: a number above 0 is expected, not 0"),
        ('[money]\ncurrency = "USD"\nrate = inf', "[money] rate: a number above 0 is expected, not inf"),
        (
            '[money]\ncurrency = "USD"\nrates = { a = "b" }',
            "[money.rates] a: a number above 0 is expected, not a string",
        ),
        ('[money]\ncurrency = "USD"\n[[money.for]]\ncompany = "A"', "[money.for]: sets no rate"),
        ('[money]\ncurrencies = "USD"', "[money] currencies: unknown key"),
    ],
)
def test_money_that_cannot_be_meant_is_named(text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, FILE)
    assert f"{FILE}: {said}" in str(caught.value)


def test_conversations_matter_as_long_as_a_kind_that_rests_on_them_counts() -> None:
    rules = parse('[rules.undocumented]\non = true\nwindow = "60d"\n', FILE).rules
    assert rules.talk_window(()) == rules.talk_window(("orphaned", "custom:x")) == 14 * 86400
    assert rules.talk_window(("orphaned", "undocumented")) == 60 * 86400
