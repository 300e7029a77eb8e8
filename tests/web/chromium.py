"""Debian's Chromium, driven: a file opened as a person would open it, and what it did."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1280,900",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


@contextmanager
def browser() -> Iterator[Any]:
    """A headless browser that keeps what it logs and asks for."""
    if CHROMIUM is None or DRIVER is None:
        if os.environ.get("DESKZERO_REQUIRE_CHROMIUM"):
            raise AssertionError(
                "DESKZERO_REQUIRE_CHROMIUM is set, and there is no chromium with chromedriver"
            )
        pytest.skip("no chromium with chromedriver: the page was NOT opened in a browser")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    found = Chrome(options=options, service=Service(DRIVER))
    try:
        yield found
    finally:
        found.quit()


def as_wide_as(driver: Any, width: int, *, dark: bool = False) -> None:
    """The window has this many pixels, as a phone or a desk has, and wants light or dark."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    wish = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [wish]})


def picture(driver: Any, path: Path | None = None) -> bytes:
    """A picture of the whole page, as PNG."""
    said = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
    png = base64.b64decode(said["data"])
    if path is not None:
        path.write_bytes(png)
    return png
