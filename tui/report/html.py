"""A report as one HTML file that needs nothing else.

Built as a tree with the standard library's ElementTree and written out by it, so that every text and attribute is
escaped by what writes them and none can be forgotten; customers' words are hostile. Jinja comes only with the extra
`web` and escapes by a setting; a tree needs no setting. A Content-Security-Policy in the page forbids scripts
and every address, should anything get through all the same.
"""

from __future__ import annotations

from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement, tostring

from connectors.text import clean
from store.measures.section import Report, Section, Table
from tui.report.chart import chart
from tui.report.heading import made_words, span_title

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_SENTENCE = 28
"""Characters from which on a cell is more than a name."""


def html_page(report: Report) -> str:
    """The whole file's text."""
    page = Element("html", {"lang": "en"})
    head = SubElement(page, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": POLICY})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "meta", {"name": "referrer", "content": "no-referrer"})
    _text(head, "title", f"deskzero: {span_title(report)}")
    SubElement(head, "style").text = files("tui.report").joinpath("page.css").read_text(encoding="utf-8")
    body = SubElement(page, "body")
    header = SubElement(body, "header")
    _text(header, "h1", f"deskzero, {span_title(report)}")
    _text(header, "p", made_words(report), {"class": "quiet"})
    if len(report.sections) > 1:
        listed = SubElement(SubElement(header, "nav", {"aria-label": "Sections"}), "ul")
        for section in report.sections:
            _text(SubElement(listed, "li"), "a", section.title, {"href": f"#{section.key}"})
    main = SubElement(body, "main")
    for section in report.sections:
        _section(main, section)
    return f"<!DOCTYPE html>\n{tostring(page, encoding='unicode', method='html')}\n"


def _section(main: Element, section: Section) -> None:
    place = SubElement(main, "section", {"id": section.key, "aria-labelledby": f"{section.key}-head"})
    _text(place, "h2", section.title, {"id": f"{section.key}-head"})
    if section.figures:
        figures = SubElement(place, "dl")
        for figure in section.figures:
            group = SubElement(figures, "div")
            _text(group, "dt", f"{figure.label}, {figure.note}" if figure.note else figure.label)
            _text(group, "dd", figure.value)
    for line in section.lines:
        _text(place, "p", line)
    for table in section.tables:
        _table(place, table, section.title)
    if section.trends:
        grid = SubElement(place, "div", {"class": "trends"})
        for number, trend in enumerate(section.trends):
            figure_ = SubElement(grid, "figure")
            figure_.append(_cleaned(chart(trend, f"{section.key}-{number}")))
            caption = SubElement(figure_, "figcaption")
            _text(caption, "strong", trend.title)
            if trend.note:
                _text(caption, "span", f" {trend.note}", {"class": "note"})


def _table(place: Element, table: Table, section: str) -> None:
    # Whoever has no mouse scrolls it with the keys: so it can be focused and has a name.
    name = _harmless(table.title or section)
    scroll = SubElement(
        place, "div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": name}
    )
    made = SubElement(scroll, "table")
    if table.title:
        _text(made, "caption", table.title)
    heads = SubElement(SubElement(made, "thead"), "tr")
    for column, words in enumerate(table.columns):
        _text(heads, "th", words, {"scope": "col"} | _shape(table, column))
    body = SubElement(made, "tbody")
    for row in table.rows:
        line = SubElement(body, "tr")
        for column, words in enumerate(row):
            # A name from right to left keeps its order and leaves the others theirs.
            _text(line, "td", words, {"dir": "auto"} | _shape(table, column))


def _shape(table: Table, column: int) -> dict[str, str]:
    """Numbers stand below each other; sentences keep some width on a phone, where the table is scrolled."""
    if column in table.numbers:
        return {"class": "n"}
    longest = max((len(row[column]) for row in table.rows), default=0)
    return {"class": "w"} if longest > _SENTENCE else {}


def _text(parent: Element, tag: str, words: str, attributes: dict[str, str] | None = None) -> Element:
    """An element that holds this text and nothing else; what no page may hold is taken out."""
    made = SubElement(parent, tag, attributes or {})
    blank = " " if words.startswith(" ") else ""
    made.text = blank + _harmless(words)
    return made


def _cleaned(element: Element) -> Element:
    for one in element.iter():
        one.text = _harmless(one.text) if one.text else one.text
    return element


def _harmless(words: str) -> str:
    """Without control characters and halves of characters, which no UTF-8 file can hold."""
    return clean(words).encode("utf-8", "replace").decode("utf-8")
