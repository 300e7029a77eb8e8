"""The sender's lock: one holder, gone with its process, none at all rather than a bad one."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from store.database import DatabaseProblem
from store.home import Home
from store.lock import take_lock

HOLD = """
import sys
from store.home import Home
from store.lock import take_lock
lock = take_lock(Home.at(sys.argv[1]))
assert lock is not None
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holder_and_it_dies_with_its_process(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert take_lock(home) is None
        other.kill()
        other.wait()
    lock = take_lock(home)
    assert lock is not None
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="flock is POSIX; Windows locks with msvcrt")
def test_no_lock_at_all_is_better_than_one_that_outlives_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without locks cannot be had in a test: its answer is given in its place."""
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(DatabaseProblem, match="no locks") as caught:
        take_lock(Home.at(tmp_path))
    assert "DESKZERO_HOME" in caught.value.hint
