"""`[[rules.custom]]`: what it means, and how each wrong rule is named with its line while the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.custom_settings import header_lines
from store.settings import CustomRule, Exclude, SettingsError, parse, rules_mark

FILE = Path("config.toml")
GOOD = """[[rules.custom]]
name = "good"
means = "It is good."
where = "t.company = 'Acme'"
"""


def rules(text: str):
    return parse(text, FILE).rules


def wrong(body: str, head: str = ""):
    """The one problem of a rule with this body, between two that are right."""
    found = rules(f"{head}{GOOD}\n[[rules.custom]]\n{body}\n{GOOD.replace('good', 'fine')}")
    assert [rule.name for rule in found.custom] == ["good", "fine"]
    (problem,) = found.custom_problems
    return problem


def test_all_keys() -> None:
    text = """
# [[rules.custom]]
[rules]
custom_limit = "5s"
snoozes_before_approval = 0
[[rules.custom]]
name = "vip_waiting-2"
means = "Contoso waits."
where = '''
t.company = 'Contoso'  -- [[rules.custom]]
AND NOT t.is_closed
'''
on = false
gate = true
sop = "https://wiki.example/vip"
review = 2026-12-31
exclude = [{ boards = ["Projects"], who = "Kim", why = "asked", until = "2026-12-01" }]
"""
    found = rules(text)
    assert found.custom == (
        CustomRule(
            name="vip_waiting-2",
            means="Contoso waits.",
            where="t.company = 'Contoso'  -- [[rules.custom]]\nAND NOT t.is_closed\n",
            on=False,
            gate=True,
            sop="https://wiki.example/vip",
            review="2026-12-31",
            exclude=(Exclude(boards=("Projects",), who="Kim", why="asked", until="2026-12-01"),),
            line=6,
        ),
    )
    assert (found.custom_limit, found.snoozes_before_approval, found.custom_problems) == (5, 0, ())


def test_defaults_and_its_place_among_the_kinds() -> None:
    settings = parse(GOOD, FILE)
    (rule,) = settings.rules.custom
    assert (rule.on, rule.gate, rule.kind, rule.line) == (True, False, "custom:good", 1)
    assert settings.kinds[-1] == "custom:good" and "custom:good" not in settings.counted
    assert (settings.rules.custom_limit, settings.rules.snoozes_before_approval) == (2, 3)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("means = 'x'\nwhere = '1'", "name: is missing"),
        ("name = 'Big'\nmeans = 'x'\nwhere = '1'", 'name: "Big" is no name'),
        ("name = 'a b'\nmeans = 'x'\nwhere = '1'", 'name: "a b" is no name'),
        ("name = 3\nmeans = 'x'\nwhere = '1'", "name: a name such as vip_waiting is expected, not a number"),
        ("name = 'orphaned'\nmeans = 'x'\nwhere = '1'", "is a kind that deskzero has"),
        ("name = 'good'\nmeans = 'x'\nwhere = '1'", 'there is a rule "good" in line 1 already'),
        ("name = 'a'\nwhere = '1'", "means: is missing"),
        ("name = 'a'\nmeans = ' '\nwhere = '1'", "means: "),
        ("name = 'a'\nmeans = 'x'", "where: is missing"),
        ("name = 'a'\nmeans = 'x'\nwhere = 1", "where: "),
        ("name = 'a'\nmeans = 'x'\nwhere = 't.nope = 1'", "where: SQLite says: no such column: t.nope"),
        ("name = 'a'\nmeans = 'x'\nwhere = '1; DROP TABLE x'", "where: holds a semicolon"),
        ("name = 'a'\nmeans = 'x'\nwhere = '1'\non = 'yes'", "on: true or false is expected"),
        ("name = 'a'\nmeans = 'x'\nwhere = '1'\nreview = 'soon'", "review: a day such as"),
        ("name = 'a'\nmeans = 'x'\nwhere = '1'\nwhen = 'now'", "when: unknown key"),
        ("name = 'a'\nmeans = 'x'\nwhere = '1'\nexclude = { bords = ['x'] }", "bords: unknown key"),
        ("name = 'a'\nmeans = 'x'\nwhere = '1'\nexclude = [{ who = 'x' }]", "leaves nothing out"),
    ],
)
def test_a_wrong_one_is_named_and_the_others_go_on(body: str, says: str) -> None:
    problem = wrong(body)
    assert says in problem.problem
    assert problem.line == 6
    assert problem.hint and not problem.counts


def test_the_name_is_told_or_its_place() -> None:
    assert wrong("name = 'a'\nmeans = 'x'\nwhere = ''").name == "a"
    assert wrong("means = 'x'\nwhere = '1'").name == "number 2"


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ("", False),
        ("gate = false", False),
        ("gate = true", True),
        ("gate = 'yes'", True),  # whatever it means, it is no clear no
        ("gate = true\non = false", False),
    ],
)
def test_whether_a_wrong_one_counts(more: str, counts: bool) -> None:
    body = f"name = 'a'\nmeans = 'x'\nwhere = 't.nope'\n{more}"
    assert wrong(body).counts is counts
    settings = parse(f"[[rules.custom]]\n{body}", FILE)
    assert ("custom:a" in settings.gates) is counts
    assert "custom:a" not in settings.kinds


def test_one_that_check_gates_names_counts_too() -> None:
    text = "[check]\ngates = ['custom:a']\n[[rules.custom]]\nname = 'a'\nmeans = 'x'\nwhere = 't.nope'"
    assert parse(text, FILE).gates == ("custom:a",)
    with pytest.raises(SettingsError, match='unknown kind "custom:b"'):
        parse(text.replace("custom:a", "custom:b"), FILE)


def test_a_wrong_one_that_is_off_is_a_problem_that_changes_nothing() -> None:
    (problem,) = rules("[[rules.custom]]\nname = 'a'\nwhere = '1'\non = false").custom_problems
    assert problem.off and not problem.counts


def test_what_is_no_list_of_tables_is_an_error() -> None:
    with pytest.raises(SettingsError, match=r"\[rules\] custom: a list of tables"):
        rules("[rules]\ncustom = 3")


def test_rules_in_one_line_have_no_line_of_their_own() -> None:
    found = rules("[rules]\ncustom = [{ name = 'a', means = 'x', where = 't.nope' }]")
    assert [(one.name, one.line) for one in found.custom_problems] == [("a", 0)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[[rules.custom]]", [1]),
        ("\n  [[ rules . custom ]] # yes\n[[rules.custom]]", [2, 3]),
        ("[[\"rules\".'custom']]", [1]),
        ("# [[rules.custom]]\n[[rules.custom]]", [2]),
        ('a = "[[rules.custom]]"\n[[rules.custom]]', [2]),
        ('a = """\n[[rules.custom]]\n"""\n[[rules.custom]]', [4]),
        ("a = '''\n[[rules.custom]]\n''' # '''\n[[rules.custom]]", [4]),
        ('a = """x\\"""\n[[rules.custom]]\n"""\n[[rules.custom]]', [4]),
        ("a = [\n[['rules.custom']],\n]\n[[rules.custom]]", [4]),
        ("[[rules.customers]]\n[[rules.custom.exclude]]\n[rules.custom]", []),
        ("a = 'it''\n[[rules.custom]]".replace("''", "'"), [2]),
        ("[[rules.custom]]\r\nname = 'x'\r\n[[rules.custom]]\r\n", [1, 3]),
    ],
)
def test_the_lines_of_the_headings(text: str, lines: list[int]) -> None:
    assert list(header_lines(text)) == lines


def test_a_comment_above_a_rule_does_not_make_its_results_old() -> None:
    connection = '[connections.acme]\npsa = "rt"\nurl = "http://127.0.0.1:9"\n'
    marks = {
        rules_mark(parse(connection + above + GOOD.replace("Acme", company), FILE), "acme")
        for above, company in (("", "Acme"), ("# a comment\n", "Acme"), ("", "Contoso"))
    }
    assert len(marks) == 2


def test_rules_of_ones_own_may_be_panes() -> None:
    text = GOOD + '[[panes]]\nname = "Good"\nfilter = "age>3d"\nkind = "custom:good"\n'
    assert parse(text, FILE).panes[0].kind == "custom:good"
