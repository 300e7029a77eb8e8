"""Where deskzero keeps things on this machine: one folder with `DESKZERO_HOME`, else the platform's own."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Home(msgspec.Struct, frozen=True):
    """The paths of one home. Nothing is created by asking for a path."""

    config: Path
    cache: Path
    journal: Path
    log: Path
    lock: Path
    """Held by the one process that sends; the operating system lets go of it when that process dies."""
    whose_budget: Path | None = None
    """The budget of another home, where this one asks the same PSAs."""

    @property
    def budget(self) -> Path:
        """What is used of the PSAs' request limits, beside the cache; worth nothing."""
        return self.whose_budget or self.cache.with_name("budget.db")

    @classmethod
    def at(cls, folder: Path | str) -> Home:
        """Everything in one folder."""
        root = Path(folder).expanduser().absolute()
        return cls(
            config=root / "config.toml",
            cache=root / "cache.db",
            journal=root / "journal.db",
            log=root / "deskzero.log",
            lock=root / "sender.lock",
        )

    @classmethod
    def find(cls, folder: str | None = None) -> Home:
        """`folder` (the `--home` option), else `DESKZERO_HOME`, else the platform's folders."""
        chosen = folder or os.environ.get("DESKZERO_HOME")
        if chosen:
            return cls.at(chosen)
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("deskzero", appauthor=False)
        data = Path(dirs.user_data_dir)
        return cls(
            config=Path(dirs.user_config_dir) / "config.toml",
            cache=Path(dirs.user_cache_dir) / "cache.db",
            journal=data / "journal.db",
            log=Path(dirs.user_log_dir) / "deskzero.log",
            lock=data / "sender.lock",
        )

    @property
    def baseline(self) -> Home:
        """What `deskzero baseline` has pulled: databases of their own in a folder beside the cache, which can be thrown
        away. Settings, log and the budget of requests are those of this home."""
        folder = self.cache.with_name("baseline")
        return Home(
            config=self.config,
            cache=folder / "cache.db",
            journal=folder / "journal.db",
            log=self.log,
            lock=folder / "sender.lock",
            whose_budget=self.budget,
        )

    @property
    def snippets(self) -> Path:
        """The folder of snippets, beside the settings."""
        return self.config.parent / "snippets"

    @property
    def backups(self) -> Path:
        """The journal's backups."""
        return self.journal.parent / "backups"

    @property
    def running(self) -> Path:
        """A mark for each process that has the databases open."""
        return self.journal.parent / "running"

    @property
    def restoring(self) -> Path:
        """There while a backup takes the journal's place: a crash in between must not start an empty one."""
        return self.journal.with_name(f"{self.journal.name}.restoring")

    def make(self) -> None:
        """Creates the folders, readable by their owner alone where the system knows of such a thing."""
        for path in (self.config, self.cache, self.journal, self.log, self.lock):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
