"""What scripts and prompts ask again and again (`check --offline`, `list`, `--version`), past click.

Loading it and building the commands takes longer than the answer.

Only words that leave nothing to be understood are taken here; click, which defines the options, gets all others:
help, further options, abbreviations, mistakes.
"""

from __future__ import annotations

import os
import sys

FLAGS = {
    "check": {"--offline": "offline", "--json": "as_json"},
    "list": {"--json": "as_json", "--csv": "as_csv"},
}
"""Command -> flag -> the parameter's name, as the commands define them."""

taken = False
"""This process was one of these commands: it has only read, has no threads, and nothing is to be put away."""


def completing() -> bool:
    """Whether a shell wants to complete a line: click's, whatever stands in it."""
    return "_DESKZERO_COMPLETE" in os.environ


def lean(arguments: list[str]) -> int | None:
    """Runs the command line if it is one of these; the exit code. `None`: it is click's. Raises what commands raise."""
    global taken
    if not arguments or completing():
        return None
    if arguments == ["--version"]:
        taken = True
        return _version()
    flags = FLAGS.get(arguments[0])
    if flags is None:
        return None
    given: set[str] = set()
    words: list[str] = []
    for word in arguments[1:]:
        if word in flags:
            given.add(flags[word])
        elif arguments[0] == "list" and not word.startswith("-"):
            words.append(word)
        else:
            return None
    if arguments[0] == "check" and "offline" not in given:
        return None
    taken = True
    if arguments[0] == "check":
        return _check(as_json="as_json" in given)
    return _list(words, as_json="as_json" in given, as_csv="as_csv" in given)


def _version() -> int:
    _prepare()
    from tui.commands.out import say_version

    say_version()
    return 0


def _check(*, as_json: bool) -> int:
    _prepare()
    from store.home import Home
    from tui.commands.check_answer import answer_offline
    from tui.commands.out import settings_of

    home = Home.find()
    return answer_offline(home, settings_of(home), None, as_json=as_json)


def _list(kinds: list[str], *, as_json: bool, as_csv: bool) -> int:
    _prepare()
    from store.home import Home
    from tui.commands.list_rows import list_rows

    list_rows(Home.find(), kinds, as_json=as_json, as_csv=as_csv)
    return 0


def _prepare() -> None:
    """msgspec without `typing_extensions`, which it asks for and does without: 8 ms. What a command of so few
    milliseconds leaves behind, the end of the process takes away."""
    import gc

    gc.disable()
    if "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # so is said that there is none
    try:
        import msgspec  # noqa: F401
    except ImportError:
        pass  # then it does not do without
    finally:
        del sys.modules["typing_extensions"]
