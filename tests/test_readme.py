"""What the README promises is what the project runs."""

import re
from pathlib import Path

from tests.capability_table import renewed

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


def test_the_capability_table_is_what_the_connectors_say() -> None:
    assert renewed(README) == README, "README.md is out of date: run `python -m tests.capability_table`"
