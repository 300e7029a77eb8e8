"""The lock of a home's one sender: the operating system's own, so that it dies with its process."""

from __future__ import annotations

from filelock import FileLock, Timeout

from store.database_problems import DatabaseProblem
from store.home import Home


def take_lock(home: Home) -> FileLock | None:
    """The home's sending lock, or `None` while another process (or another part of this one) has it.

    A file whose existence is the lock would outlive a crash and let nobody send again, or be broken by age and
    let two send at once: where the file system has no locks (some network drives) this raises `DatabaseProblem`.
    """
    home.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home.lock, fallback_to_soft=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    except (NotImplementedError, OSError) as error:
        raise DatabaseProblem(
            f"{home.lock}: this file system has no locks, so nothing can be sent safely ({error}).",
            hint="Put deskzero's home on a local disk (DESKZERO_HOME).",
        ) from None
    return lock
