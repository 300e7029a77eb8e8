"""The time zone of this machine, by name."""

from __future__ import annotations

import os
from pathlib import Path

_LOCALTIME, _TIMEZONE = Path("/etc/localtime"), Path("/etc/timezone")
_FURTHER = tuple(
    map(Path, ("/var/db/zoneinfo", "/etc/sysconfig/clock", "/etc/conf.d/clock", "/system/bin/getprop"))
)
"""Where tzlocal looks besides."""


def machine_timezone() -> str:
    """The IANA name of this machine's time zone; `UTC` when it has none that can be named."""
    name = _linked_timezone()
    if name is not None and is_timezone(name):
        return name
    import tzlocal

    try:
        name = tzlocal.get_localzone_name()
    except (LookupError, ValueError, OSError):  # a TZ that names nothing, a broken /etc/localtime
        name = None
    return name if name and is_timezone(name) else "UTC"


def _linked_timezone() -> str | None:
    """The zone as most systems have it, where nothing speaks against it: `/etc/localtime` is a link to it, and
    `/etc/timezone`, where there is one, says the same. All else is for tzlocal, which takes 10 ms to load."""
    if os.environ.get("TZ") or os.name != "posix" or any(path.exists() for path in _FURTHER):
        return None
    try:
        _, found, name = os.path.realpath(_LOCALTIME).rpartition("/zoneinfo/")
        said = _TIMEZONE.read_text(encoding="ascii").strip() if _TIMEZONE.exists() else name
    except (OSError, UnicodeDecodeError):
        return None
    return name if found and said == name else None


def is_timezone(name: str) -> bool:
    """Whether there is a zone of this IANA name."""
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return False
    return True
