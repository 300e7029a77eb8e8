"""`deskzero web`: the screen in a real browser; and nobody else gets to see it."""

from __future__ import annotations

import base64
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.tui.cli_runner import Cli

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
REQUIRED = os.environ.get("DESKZERO_REQUIRE_CHROMIUM")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--window-size=1280,800",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WATCH = """
window.received = ""; window.sizes = [];
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", async (message) => {
      let data = message.data;
      if (data.arrayBuffer) data = await data.arrayBuffer();
      window.received += typeof data === "string" ? data : new TextDecoder().decode(data);
    });
  }
  send(data) {
    const said = JSON.parse(data);
    if (said[0] === "resize") window.sizes.push(said[1]);
    return super.send(data);
  }
};
"""
"""Keeps what the terminal is sent: the screen is painted on a canvas, which has no text to be read."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running `deskzero web --demo`."""
    cli = Cli(tmp_path_factory.mktemp("home"))
    process = subprocess.Popen(
        cli.command("web", "--demo"),
        env=cli.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Open http://127.0.0.1:"), line
    found = line.removeprefix("Open ").strip()
    _until(lambda: _answers(found), "it listens")
    yield found
    process.terminate()
    process.wait(20)
    process.stdout.close()


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 302
    except httpx.ConnectError:
        return False


def _until(holds: Callable[[], object], what: str, seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"did not happen: {what}")


# ---------------------------------------------------------------- who is let in


def root(address: str) -> str:
    return address.partition("?")[0]


@pytest.mark.parametrize(
    "path", ["", "?token=wrong", "static/js/textual.js", "page/page.css", "download/x", "ws"]
)
def test_without_the_token_there_is_nothing(address: str, path: str) -> None:
    assert httpx.get(root(address) + path).status_code == 401


def test_the_websocket_is_closed_to_who_has_no_token(address: str) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x" * 22 + "==",
    }
    assert httpx.get(root(address) + "ws", headers=upgrade).status_code == 401


def test_the_token_becomes_a_cookie_and_leaves_the_address(address: str) -> None:
    answer = httpx.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    with httpx.Client() as browser:
        browser.get(address)
        page = browser.get(root(address))
        assert page.status_code == 200
        assert "https://" not in page.text, "the page loads something from elsewhere"
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "http" not in policy


def test_another_name_for_this_machine_is_refused(address: str) -> None:
    """DNS rebinding: a page elsewhere whose name points here has a Host of its own."""
    cookie = httpx.get(address).headers["Set-Cookie"].partition(";")[0]
    port = root(address).rsplit(":", 1)[1].strip("/")
    for host in (f"evil.example:{port}", f"localhost:{port}", "127.0.0.1"):
        assert httpx.get(root(address), headers={"Host": host, "Cookie": cookie}).status_code == 403


def test_another_page_may_not_speak_for_this_one(address: str) -> None:
    cookie = httpx.get(address).headers["Set-Cookie"].partition(";")[0]
    answer = httpx.get(root(address) + "ws", headers={"Origin": "https://evil.example", "Cookie": cookie})
    assert answer.status_code == 403


def test_only_this_machine_is_listened_to(address: str) -> None:
    port = int(root(address).rsplit(":", 1)[1].strip("/"))
    if sys.platform != "linux":
        pytest.skip("needs /proc: who is listened to was NOT looked at")
    table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
    listening = [line.split()[1] for line in table if line.split()[3:4] == ["0A"]]
    assert f"0100007F:{port:04X}" in listening and f"00000000:{port:04X}" not in listening


# ---------------------------------------------------------------- in a browser


def test_in_a_browser_a_key_a_click_and_a_picture(address: str) -> None:
    if CHROMIUM is None or DRIVER is None:
        if REQUIRED:
            raise AssertionError(
                "DESKZERO_REQUIRE_CHROMIUM is set, and there is no chromium with chromedriver"
            )
        pytest.skip("no chromium with chromedriver: the screen was NOT tried in a browser")
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains

    options = ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    browser = Chrome(options=options, service=Service(DRIVER))
    try:
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        browser.get(address)

        def shown(words: str) -> Callable[[], bool]:
            return lambda: words in browser.execute_script("return window.received")

        _until(shown("to zero"), "the queue is painted")
        _until(shown("1 Responded"), "its panes are there")
        assert "token" not in browser.current_url

        browser.execute_script("window.received = ''")
        ActionChains(browser).send_keys("4").perform()
        _until(shown("4 Billing code"), "a key changes the pane")

        size = browser.execute_script("return window.sizes.at(-1)")
        box = browser.find_element("css selector", "#terminal .xterm-screen").rect
        browser.execute_script("window.received = ''")
        cell, line = box["width"] / size["width"], box["height"] / size["height"]
        # "2 Missing" stands in the eighth line of the left pane, inside the demo's frame.
        ActionChains(browser).move_by_offset(
            round(box["x"] + 6 * cell), round(box["y"] + 6.5 * line)
        ).click().perform()
        _until(shown("2 Missing"), "a click changes the pane")

        time.sleep(1.0)  # the canvas is painted after the text has come
        assert _colours(base64.b64decode(browser.get_screenshot_as_base64())) > 20, "the picture is blank"
        told = [entry["message"] for entry in browser.get_log("performance")]
        asked = [message for message in told if "requestWillBeSent" in message]
        assert asked
        assert not [one for one in asked if '"url":"https://' in one], "something was asked for elsewhere"
    finally:
        browser.quit()


def _colours(png: bytes) -> int:
    """How many colours a picture has (8 bits a channel, RGB or RGBA, as browsers write them)."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    data, place = b"", 8
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        if name == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += 12 + length
    raw = zlib.decompress(data)
    stride = 1 + width * size
    lines = {raw[y * stride : (y + 1) * stride] for y in range(height)}
    return len({line[x : x + size] for line in lines for x in range(1, stride, size)})
