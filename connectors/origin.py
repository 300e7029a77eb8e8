"""The address of a PSA: its origin, and the rule that plain http is for this machine only."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from connectors import OptionsError


def is_loopback(host: str) -> bool:
    """Whether `host` is this very machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str, key: str = "url") -> str:
    """`scheme://host[:port]` in lower case, default ports left out.

    Raises `OptionsError` (about `key`) unless it is https, or http to the loopback address.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise OptionsError(key, "an address like https://psa.example.com") from None
    if parts.scheme not in ("http", "https") or not host or not host.isascii() or " " in host:
        raise OptionsError(key, "an address like https://psa.example.com")
    if parts.username is not None or parts.password is not None:
        raise OptionsError(key, "an address without a name and password in it")
    if parts.scheme == "http" and not is_loopback(host):
        raise OptionsError(key, "an https:// address (http:// goes to the loopback address only)")
    shown = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{shown}" + ("" if port in (None, default) else f":{port}")
