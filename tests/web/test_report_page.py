"""A report in a real browser: what it shows, what it asks for, what it looks like."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.tui.report_page import hostile_report
from tests.web.chromium import as_wide_as, browser, picture
from tests.web.test_web import _colours
from tui.report.html import html_page

READABLE = """
// Every element with text of its own: the ratio of its colour to the first ground behind it that is not clear.
const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = parts(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const ground = getComputedStyle(one).backgroundColor;
    if ((parts(ground)[3] ?? 1) > 0) return ground;
  }
  return "rgb(255, 255, 255)";
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())) continue;
  if (["title", "desc"].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const ink = element instanceof SVGElement ? style.fill : style.color;
  const [dark, bright] = [light(ink), light(behind(element))].sort((a, b) => a - b);
  found.push([element.tagName, (bright + 0.05) / (dark + 0.05)]);
}
return found;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html_page(hostile_report()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def driver() -> Any:
    with browser() as found:
        yield found


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False), (390, True)])
def test_it_opens_quietly_asks_for_nothing_and_can_be_read(
    driver: Any, page: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    driver.get_log("performance")
    driver.get_log("browser")
    as_wide_as(driver, width, dark=dark)
    driver.get(page.as_uri())
    assert driver.get_log("browser") == []
    asked = [one["message"] for one in driver.get_log("performance") if "requestWillBeSent" in one["message"]]
    assert asked and all(page.as_uri() in one for one in asked), "something was asked for besides the file"
    shown = driver.execute_script("return document.body.innerText")
    assert "<script>alert(1)</script>" in shown and "Made 27 Nov 2026" in shown
    assert driver.execute_script("return document.querySelectorAll('body script, img, iframe').length") == 0
    assert driver.execute_script("return document.documentElement.scrollWidth") == width, "nothing sticks out"
    ratios = driver.execute_script(READABLE)
    assert len(ratios) > 40
    assert [one for one in ratios if one[1] < 4.5] == []
    png = picture(driver, tmp_path / "page.png")
    assert _colours(png) > 20, "the picture is blank"


def test_the_chart_is_named_for_who_cannot_see_it(driver: Any, page: Path) -> None:
    driver.get(page.as_uri())
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    images = [
        one for one in tree if one.get("role", {}).get("value") in ("image", "img", "graphics-document")
    ]
    said = [one["description"]["value"] for one in images if "description" in one]
    named = [one["name"]["value"] for one in images]
    assert len(images) == 5 and any("nothing known" in name for name in named)
    assert any("in 7 days" in text for text in (*said, *named))


def test_it_prints_on_white_with_all_its_rows(driver: Any, page: Path) -> None:
    as_wide_as(driver, 1280, dark=True)
    driver.get(page.as_uri())
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert (
        driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    assert driver.execute_script("return getComputedStyle(document.querySelector('nav')).display") == "none"
    assert (
        driver.execute_script("return getComputedStyle(document.querySelector('.scroll')).overflow")
        == "visible"
    )
    pdf = base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert pdf.startswith(b"%PDF") and len(pdf) > 10_000
