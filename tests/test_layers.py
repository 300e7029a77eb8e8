"""The layers: `tui` -> `store` -> `connectors`, never back, and nothing heavy before it is needed.

The static graph is import-linter's; a deferred import is seen only by running it, so each case starts a fresh
process and looks at `sys.modules`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.cli_runner import Cli

ROOT = Path(__file__).parents[1]
HEAVY = (
    "sqlmodel",
    "sqlalchemy",
    "httpx",
    "keyring",
    "textual",
    "starlette",
    "uvicorn",
    "stamina",
    "tomlkit",
)
LOADED = (
    "import json, sys; sys.stderr.write(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
)


def loaded_by(program: str, **variables: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after `program`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{LOADED}"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


def loaded_by_command(cli: Cli, *arguments: str) -> set[str]:
    """The same after a run of the command line, whatever its exit code."""
    program = f"from tui.cli import run\nrun({list(arguments)!r})"
    return loaded_by(program, **{k: v for k, v in cli.environment.items() if k.startswith("DESKZERO_")})


@pytest.fixture
def home(tmp_path: Path) -> Cli:
    """A home with a connection and both databases, as they are after a first start."""
    from store.database import Databases
    from store.home import Home

    cli = Cli(tmp_path / "home")
    cli.configure("http://127.0.0.1:9")
    cli.append("[[rules.custom]]\nname = 'x'\nmeans = 'x'\nwhere = 't.closed'\n")
    Databases.open(Home.at(cli.home)).close()
    return cli


def test_the_layers_hold() -> None:
    linter = shutil.which(
        "lint-imports", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert linter is not None, "import-linter belongs to the extra [test]"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_entry_point_is_light() -> None:
    assert not loaded_by("import tui.cli") & {*HEAVY, "sqlite3", "asyncio"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--connection", "acme"),
        ("show", "70123"),
        ("check", "--offline", "--gate", "orphaned"),
        ("outbox",),
        ("rules", "list"),
        ("rules", "plan", "--json"),
        ("rules", "exceptions"),
    ],
)
def test_commands_that_read_start_light(home: Cli, arguments: tuple[str, ...]) -> None:
    loaded = loaded_by_command(home, *arguments)
    assert "click" in loaded
    assert not loaded & {*HEAVY, "asyncio"}


def test_the_queue_goes_past_click(home: Cli) -> None:
    loaded = loaded_by_command(home)
    assert "msgspec" in loaded
    assert not loaded & {*HEAVY, "asyncio", "click"}


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("list", "--json"), ("check", "--offline"), ("check", "--offline", "--json")],
)
def test_what_scripts_ask_goes_past_click(home: Cli, arguments: tuple[str, ...]) -> None:
    loaded = loaded_by_command(home, *arguments)
    assert "msgspec" in loaded
    assert not loaded & {*HEAVY, "asyncio", "click", "typing_extensions", "rich"}


def test_help_starts_light(home: Cli) -> None:
    """It loads the modules of all commands, for their first lines."""
    assert not loaded_by_command(home, "--help") & set(HEAVY)


@pytest.mark.parametrize(
    "module",
    ["store.read", "store.check", "store.settings", "store.home", "connectors", "connectors.contract"],
)
def test_what_reading_needs_is_light(module: str) -> None:
    assert not loaded_by(f"import {module}") & set(HEAVY)


def test_the_screen_loads_nothing_that_writes_before_its_first_paint() -> None:
    loaded = loaded_by("import tui.app")
    assert "textual" in loaded
    assert not loaded & {
        "sqlmodel",
        "sqlalchemy",
        "httpx",
        "keyring",
        "starlette",
        "uvicorn",
        "stamina",
        "tomlkit",
    }


def test_connectors_work_without_the_other_two() -> None:
    program = "import connectors\n" + "".join(
        f"connectors.spec({psa!r})\n" for psa in ("algapsa", "connectwise", "revio", "rt", "syncro")
    )
    loaded = loaded_by(program)
    # Every command checks the settings against a connector's options, and so loads its module.
    assert not loaded & {"store", "tui", "httpx", "asyncio"}


def test_httpx_is_imported_in_one_place() -> None:
    """Beside the session only what stands a simulator in for the network may name it."""
    allowed = {"connectors/http.py", "connectors/http_client.py", "connectors/simulators/serve.py"}
    found = set()
    for path in [*ROOT.glob("connectors/**/*.py"), *ROOT.glob("store/**/*.py"), *ROOT.glob("tui/**/*.py")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        checking = [number for number, line in enumerate(lines) if line.startswith("if TYPE_CHECKING:")]
        for number, line in enumerate(lines):
            if line.strip() in ("import httpx", "from httpx import") or line.strip().startswith(
                "import httpx."
            ):
                in_checking = any(start < number <= start + 12 for start in checking) and line.startswith(
                    "    "
                )
                if not in_checking:
                    found.add(path.relative_to(ROOT).as_posix())
    assert found <= allowed
