"""What the README promises is what the project runs."""

import re
from pathlib import Path

import pytest

from connectors.contract import Capabilities, Quota
from tests import kinds_table
from tests.capability_table import Row, limits, renewed

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    return [
        line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
    ]


def test_ci_calls_the_test_command_of_the_readme() -> None:
    (tests,) = [line for line in commands() if "pytest" in line]
    assert tests in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_files_that_the_readme_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if "://" not in link and not (ROOT / link).is_file()] == []


def test_the_demo_command_installs_with_the_constraints() -> None:
    (demo,) = [line for line in commands() if "deskzero demo" in line]
    assert "-c constraints.txt" in demo
    assert (ROOT / "constraints.txt").is_file()


def test_the_table_of_kinds_is_what_the_catalogue_says() -> None:
    said = kinds_table.PAGE.read_text(encoding="utf-8")
    assert kinds_table.renewed(kinds_table.PAGE) == said, (
        "docs/exceptions.md is out of date: run `python -m tests.kinds_table`"
    )


def test_the_capability_table_is_what_the_connectors_say() -> None:
    assert renewed(README) == README, "README.md is out of date: run `python -m tests.capability_table`"


def test_a_readme_without_the_tables_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="no place for the table"):
        renewed("# deskzero\n")


def test_an_old_table_is_replaced_and_nothing_else() -> None:
    before, _, rest = README.partition("| reply to the customer | yes")
    stale = f"{before}| reply to the customer | no{rest}"
    assert stale != README
    assert renewed(stale) == README


def test_what_is_not_offered_is_said_in_the_table() -> None:
    can = Capabilities(
        fields=frozenset(),
        flag=False,
        code_on_ticket=False,
        code_on_time=True,
        code_name="labour",
        writes=frozenset({"attach", "reply"}),
        undoable=frozenset(),
        absent={},
    )
    row = Row.__new__(Row)
    row.can, row.more = can, can
    assert [row.verb("reply"), row.verb("attach"), row.verb("status")] == ["yes", "yes, no undo", "–"]
    assert row.code() == "labour: time"
    assert limits((Quota(requests=10, seconds=3600), Quota(requests=300, seconds=300))) == (
        "10 an hour, 300 in 5 minutes"
    )
    assert limits(()) == "none known"


def test_the_documentation_of_connectors_shows_the_example_as_it_is() -> None:
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    example = ROOT / "tests" / "contract" / "example"
    there = "".join(one.read_text(encoding="utf-8") for one in sorted(example.rglob("*.py")))
    there += (example / "pyproject.toml").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:toml|python)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    for line in "".join(blocks).splitlines():
        assert line.split("  #")[0].strip() in there, line
