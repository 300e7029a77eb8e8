"""HTML mail as words: what a person would read, line by line, with the addresses of links.

The text is foreign: nothing in it is fetched, run or trusted, and what is not known as HTML stays as it was written.
A mail of any nesting takes one pass and no recursion.
"""

from __future__ import annotations

import re

from connectors.html_tags import Token, tokens

_LINES = frozenset(
    {
        "address", "article", "aside", "body", "caption", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "header", "html", "legend", "main", "nav", "section", "tbody", "tfoot", "thead",
    }
)  # fmt: skip
"""A line of its own begins and ends with these."""
_PARAGRAPHS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "hr"})
_HIDDEN = frozenset({"head", "script", "style", "title"})
"""Of the last three only what `tokens` leaves: an opening tag that nothing closes."""
_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "base", "bdi", "bdo", "big", "button", "cite", "code", "col", "colgroup", "del",
        "dfn", "em", "font", "i", "input", "ins", "kbd", "label", "link", "mark", "meta", "noscript", "option",
        "picture", "q", "s", "samp", "select", "small", "source", "span", "strike", "strong", "sub", "sup", "textarea",
        "time", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
_SHAPES = frozenset({"blockquote", "br", "img", "li", "ol", "table", "td", "th", "tr", "ul"})
_KNOWN = _LINES | _PARAGRAPHS | _HIDDEN | _INLINE | _SHAPES

_FOLLOWED = ("http://", "https://", "mailto:", "tel:", "ftp://", "sip:")
"""Schemes of addresses that are worth showing; of others only the scheme is."""

DEEPEST = 16
"""Tables and quotes within one another; deeper ones are read as plain lines, so that hostile nesting costs nothing."""

PICTURE = "[picture]"

_TAG = re.compile(r"</?([A-Za-z][^\s<>/]*)(?:\s[^<>]*)?/?>")
_WHOLE = re.compile(r"\s*<(?:!doctype\s+html|[A-Za-z])[^<>]*>", re.IGNORECASE)
_END = re.compile(r"(?:</[A-Za-z][^\s<>]*\s*>|<br\s*/?>)\s*\Z", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr)\s*>", re.IGNORECASE)


def is_html(text: str) -> bool:
    """Whether a text of which the PSA does not say so is HTML: only where nothing else would make sense.

    Every tag in it is one of HTML's, and it either begins and ends with one, or breaks its lines with them alone.
    Somebody who writes about `<script>` or gives `<ann@acme.test>` has not written HTML.
    """
    if "<" not in text or not _BREAK.search(text):
        return False
    tags = [match[1].lower() for match in _TAG.finditer(text)]
    if not all(tag in _KNOWN or ":" in tag for tag in tags):
        return False
    if _WHOLE.match(text) and _END.search(text):
        return True
    return "\n" not in text.strip() and len(tags) > 1


def words_of(text: str) -> str:
    """A note's text as a person reads it: HTML as words, anything else as it is."""
    return html_words(text) if is_html(text) else text


def html_words(page: str) -> str:
    """What an HTML mail says, as plain lines.

    Links keep their address where it differs from the words; lists have their dashes or numbers, rows of a table stand
    in a line, quotes are marked with `> `, pictures are `[picture: what it shows]`.
    """
    words = _Words()
    for token in tokens(page):
        words.read(token)
    return words.words()


def only_pictures(words: str) -> bool:
    """Whether `html_words` found nothing but pictures that say nothing."""
    return not words.replace(PICTURE, "").strip()


class _Block:
    """Lines that are being collected: of the whole, of a quote, of a table's row or of one of its cells."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.lines: list[str] = []
        self.parts: list[str] = []
        self.cells: list[list[str]] = []
        """Of a row: the lines of each cell."""
        self.prefix = ""
        """Of a list's item, before its first line."""

    def end_line(self, *, always: bool = False) -> None:
        """Ends the line that is being written; an empty one only counts when `always`."""
        text, self.parts = "".join(self.parts), []
        text = " ".join(text.split())
        if text or always:
            self.lines.append(self.prefix + text if text else "")
            self.prefix = "" if text else self.prefix

    def gap(self) -> None:
        """An empty line, unless there is one or nothing stands before it."""
        self.end_line()
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def take(self, lines: list[str]) -> None:
        self.end_line()
        self.lines += lines


class _Words:
    def __init__(self) -> None:
        self.blocks = [_Block("whole")]
        self.link: tuple[str, int, _Block] | None = None
        """Where the open link leads, and where its words begin."""
        self.counts: list[int | None] = []
        """Of each open list its last number; `None`: it has none."""
        self.preformatted = 0

    @property
    def block(self) -> _Block:
        return self.blocks[-1]

    def read(self, token: Token) -> None:
        """The next tag or text."""
        if not token.tag:
            self._text(token.text)
        elif token.tag not in _KNOWN:
            if ":" not in token.tag:  # not HTML's and not Office's: somebody wrote it
                self._text(token.text)
        elif token.closes:
            self._close(token.tag)
        else:
            self._open(token.tag, token)

    def _text(self, text: str) -> None:
        if self.preformatted:
            first, *more = text.split("\n")
            self.block.parts.append(first)
            for line in more:
                self._end_pre_line()
                self.block.parts.append(line)
        else:
            self.block.parts.append(text)

    def words(self) -> str:
        """All of it, after the last."""
        self._end_link()
        while len(self.blocks) > 1:
            self._end_block()
        self.block.end_line()
        lines: list[str] = []
        for line in self.block.lines:
            if line.strip(" >") or (lines and lines[-1].strip(" >")):
                lines.append(line.rstrip())
        return "\n".join(lines).strip("\n")

    # ------------------------------------------------------------ elements

    def _open(self, tag: str, token: Token) -> None:
        block = self.block
        if tag == "br":
            block.end_line(always=True)
        elif tag in _PARAGRAPHS:
            # Outlook's lines are paragraphs without space between them.
            block.end_line() if "MsoNormal" in token.attributes().get("class", "") else block.gap()
            self.preformatted += tag == "pre"
        elif tag in _LINES:
            block.end_line()
        elif tag == "a":
            self._end_link()
            self.link = (token.attributes().get("href", ""), len(block.parts), block)
        elif tag == "img":
            self._picture(token.attributes())
        elif tag in ("ul", "ol"):
            block.end_line()
            self.counts.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag in ("blockquote", "tr", "td", "th", "table"):
            self._begin_block(tag)

    def _close(self, tag: str) -> None:
        block = self.block
        if tag in _PARAGRAPHS:
            if tag == "pre" and self.preformatted:
                self._end_pre_line()
                self.preformatted -= 1
            # `<p>&nbsp;</p>` is how Outlook writes an empty line.
            empty = tag == "p" and "\xa0" in "".join(block.parts) and not "".join(block.parts).strip()
            block.end_line(always=empty)
        elif tag in _LINES or tag == "li":
            block.end_line()
            if tag == "li":
                block.prefix = ""
        elif tag == "a":
            self._end_link()
        elif tag in ("ul", "ol"):
            block.end_line()
            if self.counts:
                self.counts.pop()
        elif tag in ("blockquote", "tr", "td", "th", "table"):
            self._end_until("td" if tag == "th" else tag)

    def _end_pre_line(self) -> None:
        block = self.block
        block.lines.append("".join(block.parts).rstrip())
        block.parts = []

    def _item(self) -> None:
        block = self.block
        block.end_line()
        indent = "  " * max(0, min(len(self.counts), DEEPEST) - 1)
        count = self.counts[-1] if self.counts else None
        if self.counts and count is not None:
            self.counts[-1] = count + 1
            block.prefix = f"{indent}{count + 1}. "
        else:
            block.prefix = f"{indent}- "

    def _picture(self, attrs: dict[str, str]) -> None:
        alt = " ".join(attrs.get("alt", "").split())
        if alt:
            self.block.parts.append(f"[picture: {alt}]")
        elif {attrs.get("width"), attrs.get("height")}.isdisjoint({"0", "1"}):  # those count who reads
            self.block.parts.append(PICTURE)

    def _end_link(self) -> None:
        if self.link is None:
            return
        (href, start, block), self.link = self.link, None
        words = " ".join("".join(block.parts[start:]).split()) if block is self.block else ""
        address = _address(href)
        if address and _bare(address) != _bare(words):
            self.block.parts.append(f" <{address}>" if words else f"<{address}>")

    # ------------------------------------------------------------ quotes and tables

    def _begin_block(self, tag: str) -> None:
        kind = "td" if tag == "th" else tag
        if kind == "tr":  # a cell that was never closed belongs to the row before
            self._end_within("table", {"tr", "td"})
        elif kind == "td":
            self._end_within("tr", {"td"})
        self.block.end_line()
        if len(self.blocks) < DEEPEST * 3:
            self.blocks.append(_Block(kind))

    def _end_within(self, around: str, kinds: set[str]) -> None:
        """Ends the open blocks of these kinds down to `around`, if it is open below nothing but them."""
        place = len(self.blocks) - 1
        while place > 0 and self.blocks[place].kind in kinds:
            place -= 1
        if self.blocks[place].kind == around:
            while len(self.blocks) - 1 > place:
                self._end_block()

    def _end_until(self, kind: str) -> None:
        """Ends the innermost open block of this kind and what was left open in it; a cell does not end a quote."""
        for place in range(len(self.blocks) - 1, 0, -1):
            if self.blocks[place].kind == kind:
                while len(self.blocks) > place:
                    self._end_block()
                return
        self.block.end_line()

    def _end_block(self) -> None:
        ended = self.blocks.pop()
        ended.end_line()
        around = self.block
        if ended.kind == "td" and around.kind == "tr":
            around.take([])
            around.cells.append(ended.lines)
        elif ended.kind == "tr":
            around.take([*ended.lines, *_row(ended.cells)])
        elif ended.kind == "blockquote":
            around.take([f"> {line}".rstrip() for line in ended.lines])
        else:
            around.take(ended.lines)


def _row(cells: list[list[str]]) -> list[str]:
    """The cells of a row: short ones in one line, those that were used to lay out a page one below the other."""
    filled = [[line for line in cell if line] for cell in cells]
    if len(filled) > 1 and all(len(cell) <= 1 for cell in filled):
        texts = [cell[0] if cell else "" for cell in filled]
        return [" | ".join(texts).rstrip(" |")] if any(texts) else []
    return [line for cell in cells for line in cell]


def _address(href: str) -> str:
    """The address as it is shown; nothing where a link leads nowhere else."""
    if not href or href.startswith("#"):
        return ""
    if href.lower().startswith(_FOLLOWED):
        return href
    scheme = re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]{0,20}):", href)
    return f"{scheme[1].lower()}: address left out" if scheme else href


def _bare(address: str) -> str:
    """An address without what people leave out when they write it."""
    bare = address.strip().lower().removeprefix("mailto:").removeprefix("tel:")
    bare = bare.removeprefix("https://").removeprefix("http://")
    return bare.rstrip("/")
