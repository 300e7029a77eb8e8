"""The machine's time zone: read from its link where that is plain, else what tzlocal finds."""

from __future__ import annotations

from pathlib import Path

import pytest
import tzlocal

from store import machine_zone


@pytest.mark.parametrize("said", ["Europe/Berlin\n", None])
def test_the_machines_zone_is_read_from_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    zone = tmp_path / "zoneinfo" / "Europe" / "Berlin"
    zone.parent.mkdir(parents=True)
    zone.write_bytes(b"")
    link, text = tmp_path / "localtime", tmp_path / "timezone"
    link.symlink_to(zone)
    if said is not None:
        text.write_text(said)
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(machine_zone, "_LOCALTIME", link)
    monkeypatch.setattr(machine_zone, "_TIMEZONE", text)
    monkeypatch.setattr(machine_zone, "_FURTHER", ())
    monkeypatch.setattr(tzlocal, "get_localzone_name", lambda: pytest.fail("asked"))
    assert machine_zone.machine_timezone() == "Europe/Berlin"


@pytest.mark.parametrize("case", ["TZ", "another name", "no link", "further"])
def test_a_zone_that_is_not_so_plain_is_tzlocals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    zone = tmp_path / "zoneinfo" / "Europe" / "Berlin"
    zone.parent.mkdir(parents=True)
    zone.write_bytes(b"")
    link, text = tmp_path / "localtime", tmp_path / "timezone"
    text.write_text("Europe/Paris" if case == "another name" else "Europe/Berlin")
    link.write_bytes(b"") if case == "no link" else link.symlink_to(zone)
    if case == "TZ":
        monkeypatch.setenv("TZ", "Asia/Tokyo")
    else:
        monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(machine_zone, "_LOCALTIME", link)
    monkeypatch.setattr(machine_zone, "_TIMEZONE", text)
    monkeypatch.setattr(machine_zone, "_FURTHER", (text,) if case == "further" else ())
    monkeypatch.setattr(tzlocal, "get_localzone_name", lambda: "Asia/Tokyo")
    assert machine_zone.machine_timezone() == "Asia/Tokyo"
