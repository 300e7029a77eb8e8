"""A report written out: what is foreign stays text, in HTML and in Markdown."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from textual.color import Color

from connectors.text import clean
from store.measures.section import Section, Table, Trend
from tests.tui.report_page import HOSTILE, hostile_report
from tui.contrast import FRAME, TEXT, ratio
from tui.report import chart as charts
from tui.report.chart import _ceiling, chart
from tui.report.html import html_page
from tui.report.markdown import escaped, markdown

TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "p", "nav", "ul", "li", "a", "main", "section",
    "h2", "dl", "div", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption",
    "strong", "span", "svg", "desc", "line", "polyline", "circle", "text",
}  # fmt: skip


class Read(HTMLParser):
    """What a page is made of, as a browser's parser sees it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.cells: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.cells:
            self.cells[-1] += data


def harmless(text: str) -> str:
    return clean(text).encode("utf-8", "replace").decode("utf-8")


def test_html_holds_nothing_that_it_was_not_made_of() -> None:
    page = Read(html_page(hostile_report()))
    assert {tag for tag, _ in page.tags} <= TAGS
    for _, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on") and name not in ("src", "style", "action")
            assert name != "href" or (value or "").startswith("#")
    assert page.cells[::2][: len(HOSTILE)] == [harmless(text) for text in HOSTILE], (
        "they read as they were written"
    )


def test_html_needs_nothing_from_elsewhere_and_allows_nothing() -> None:
    page = html_page(msgspec.structs.replace(hostile_report(), sections=(), connections=("acme",)))
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert (
        "http" not in re.sub(r'http-equiv|xmlns="[^"]*"', "", page)
        and "url(" not in page
        and "@import" not in page
    )
    assert "default-src 'none'" in page and "<script" not in page
    html_page(hostile_report()).encode("utf-8")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=60))
def test_any_text_in_a_cell_is_that_text(text: str) -> None:
    section = Section(key="x", title="X", tables=(Table(("A",), ((text,),)),))
    page = Read(html_page(msgspec.structs.replace(hostile_report(), sections=(section,))))
    assert page.cells[-1].strip() == harmless(text).strip()


# ---------------------------------------------------------------- Markdown


def reader() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def kinds_of(tokens: Any) -> set[str]:
    return {one.type for token in tokens for one in (token, *(token.children or ()))}


def test_markdown_holds_nothing_that_it_was_not_made_of() -> None:
    text = markdown(hostile_report())
    kinds = kinds_of(reader().parse(text))
    assert not kinds & {
        "link_open", "image", "html_block", "html_inline", "code_inline", "fence", "code_block", "em_open", "s_open",
        "ordered_list_open", "blockquote_open", "hr",
    }, kinds  # fmt: skip
    assert text.count("\n## ") == 2 and "alert(1)" in text
    cells = re.findall(r"<td[^>]*>(.*?)</td>", reader().render(text), re.DOTALL)
    assert len(cells) % 2 == 0 and cells


marks = st.text(
    st.sampled_from("\\`*_{}[]()<>#+-.!|~&:@$^=/ \"'\n1aw") | st.characters(codec="utf-8"), max_size=40
)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(marks)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    shown = " ".join(harmless(text).split())
    made = reader().parse(escaped(text))
    assert kinds_of(made) <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}, escaped(
        text
    )
    words = "".join(one.content for token in made for one in token.children or ())
    assert " ".join(words.split()) == shown


@settings(max_examples=200, derandomize=True, deadline=None)
@given(marks, marks)
def test_a_row_stays_one_row_of_its_cells(one: str, other: str) -> None:
    section = Section(key="x", title="X", tables=(Table(("A", "B"), ((one, other),)),))
    text = markdown(msgspec.structs.replace(hostile_report(), sections=(section,)))
    made = reader().parse(text)
    assert sum(token.type == "td_open" for token in made) == 2
    cells = [made[place + 1] for place, token in enumerate(made) if token.type == "td_open"]
    shown = ["".join(part.content for part in cell.children or ()) for cell in cells]
    assert [" ".join(cell.split()) for cell in shown] == [
        " ".join(harmless(cell).split()) for cell in (one, other)
    ]


@pytest.mark.parametrize(
    "text", ["http://x.example", "https://x.example", "www.x.example", "a@x.example", "@asmith"]
)
def test_bare_addresses_are_broken_for_those_that_link_them(text: str) -> None:
    assert not re.search(r"(?<!\\)://|(?<!\\)@|www\.", escaped(text))


def test_trends_are_blocks_or_words() -> None:
    trend = Trend("Orphaned", ("2026-11-25", "2026-11-26"), (1, 6))
    report = msgspec.structs.replace(
        hostile_report(), sections=(Section(key="trends", title="Trends", trends=(trend,)),)
    )
    assert "| Orphaned | ▃█ | 6 |" in markdown(report)
    plain = markdown(report, plain=True)
    assert "from 1 to 6 in 2 days" in plain and "█" not in plain


# ---------------------------------------------------------------- charts and colours


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 1), (1, 1), (2, 2), (3, 4), (5, 5), (6, 8), (9, 10), (11, 20), (47, 50), (81, 100), (801, 1000)],
)
def test_the_scale_ends_at_a_round_number(most: int, top: int) -> None:
    assert _ceiling(most) == top


def test_a_chart_stays_in_its_frame_says_what_it_shows_and_breaks_where_nothing_is_known() -> None:
    trend = Trend("Stale", tuple(f"2026-11-{n:02}" for n in range(1, 8)), (5, 5, None, 9, None, 0, 40))
    svg = chart(trend, "a")
    assert svg.find("title") is not None and svg.findtext("desc") == "from 5 to 40 in 7 days, lowest 0"
    lines = [one.get("points", "").split() for one in svg.iter("polyline")]
    assert [len(line) for line in lines] == [2, 2, 2], "what stands alone is a short line"
    for line in lines:
        for point in line:
            x, y = map(float, point.split(","))
            assert charts.LEFT <= x <= charts.WIDTH - charts.RIGHT
            assert charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM


def palettes() -> list[dict[str, str]]:
    """Light, dark and print, as the style sheet says."""
    css = (Path(charts.__file__).parent / "page.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root\s*\{([^}]*)\}", css)
    return [dict(re.findall(r"--([a-z]+):\s*(#[0-9a-f]{6})", block)) for block in blocks]


def test_colours_can_be_read_on_their_grounds() -> None:
    found = palettes()
    assert len(found) == 3
    for palette in found:
        grounds = [Color.parse(palette[name]) for name in ("ground", "card")]
        for ground in grounds:
            assert ratio(Color.parse(palette["ink"]), ground) >= TEXT
            assert ratio(Color.parse(palette["quiet"]), ground) >= TEXT
            assert ratio(Color.parse(palette["line"]), ground) >= TEXT, "links have its colour too"
    assert FRAME < TEXT
