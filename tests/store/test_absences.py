"""Who is away: the entries of the settings, and the errors for those that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.absences import Absence, absence
from store.settings import SettingsError, load


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("asmith", Absence("asmith")),
        (" Ann Smith ", Absence("Ann Smith")),
        ("room-2", Absence("room-2")),
        ("Ann Smith II", Absence("Ann Smith II")),
        ("asmith 2026-12-21", Absence("asmith", "2026-12-21", "2026-12-21")),
        ("Ann Smith  2026-12-21..2026-12-31", Absence("Ann Smith", "2026-12-21", "2026-12-31")),
    ],
)
def test_an_entry(entry: str, found: Absence) -> None:
    assert absence(entry) == found


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("asmith 2026-12-32", '"2026-12-32" in'),
        ("asmith 21.12.2026", '"21.12.2026" in'),
        ("asmith 20261221..20261231", '"20261221" in'),
        ("asmith 2026-12-21..", '"" in'),
        ("asmith 2026-12-21..2026-12-20", "ends before it begins"),
    ],
)
def test_an_entry_that_cannot_be_read(entry: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        absence(entry)


def test_the_days_are_included_on_both_ends() -> None:
    one = absence("asmith 2026-12-21..2026-12-31")
    days = ("2026-12-20", "2026-12-21", "2026-12-31", "2027-01-01")
    assert [one.holds(day) for day in days] == [False, True, True, False]
    assert absence("asmith").holds("1999-01-01")


def test_the_settings_say_what_is_wrong_and_where(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[rules.owner_absent]\non = true\naway = ["asmith 24.12.2026"]\n', encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        load(file)
    assert "rules.owner_absent" in str(error.value) and "away" in str(error.value)
    assert '"24.12.2026" in "asmith 24.12.2026" is no day such as 2026-12-21' in str(error.value)
