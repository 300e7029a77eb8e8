"""HTML mail becomes words: nothing said is lost, nothing in it can do harm, whatever it is made of."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.html import html_words, is_html, only_pictures, words_of


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<html><head><title>x</title><style>p{}</style></head><p>Hello&nbsp;you,<br>it &lt;fails&gt;</p>",
         "Hello you,\nit <fails>"),
        ("<p>One <b>bold</b> word</p><p>next</p><div>Pat</div>", "One bold word\n\nnext\nPat"),
        ("<p class=MsoNormal>one</p><p class=MsoNormal>two<p class=MsoNormal>&nbsp;</p><p class=MsoNormal>three",
         "one\ntwo\n\nthree"),
        ("<ul><li>one<li>two<ol><li>a</li><li>b</li></ol></li></ul>after", "- one\n- two\n  1. a\n  2. b\nafter"),
        ("<table><tr><th>Name<th>PC</tr><tr><td>Ann</td><td>PC-1</td></tr></table>", "Name | PC\nAnn | PC-1"),
        ("<table><tr><td><div>a page</div><div>laid out</div></td><td>right</td></tr></table>",
         "a page\nlaid out\nright"),
        ("On Thu, Ann wrote:<blockquote>Old<br>more<blockquote>older</blockquote></blockquote>new",
         "On Thu, Ann wrote:\n> Old\n> more\n> > older\nnew"),
        ("<img src=x alt='A > fan'> <img src=y><img width=1 height=1 src=z>", "[picture: A > fan] [picture]"),
        ("<pre>  code\n    deeper</pre>end", "  code\n    deeper\nend"),
    ],
)  # fmt: skip
def test_a_mail_reads_as_its_writer_saw_it(page, words) -> None:
    assert html_words(page) == words


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("<a href='https://evil.test/x'>https://bank.test</a>", "https://bank.test <https://evil.test/x>"),
        ("<a href='https://bank.test@evil.test/'>your bank</a>", "your bank <https://bank.test@evil.test/>"),
        ("<a href='https://ok.test/'>ok.test</a>", "ok.test"),
        ("<a href='mailto:ann@acme.test'>ann@acme.test</a>", "ann@acme.test"),
        ("<a href='mailto:ann@acme.test'>write me</a>", "write me <mailto:ann@acme.test>"),
        ("<a href='https://x.test/a'><img src=b alt=Shop></a>", "[picture: Shop] <https://x.test/a>"),
        ("<a href='javascript:alert(1)'>press</a>", "press <javascript: address left out>"),
        ("<a href='#top'>up</a>", "up"),
        ("<a href=https://a.test>one<a href=https://b.test>two", "one <https://a.test>two <https://b.test>"),
    ],
)
def test_a_link_keeps_its_address_where_it_differs_from_the_words(link, words) -> None:
    assert html_words(link) == words


def test_what_only_looks_like_a_tag_was_written_by_somebody() -> None:
    assert (
        html_words("the <password> of <ann@acme.test><br>if a < b")
        == "the <password> of <ann@acme.test>\nif a < b"
    )


def test_a_script_is_not_shown_but_one_that_never_ends_hides_nothing() -> None:
    assert html_words("a<script>var b = '<p>';</script>c") == "ac"
    assert html_words("<p>Hello</p><script>the rest <b>of it</b>") == "Hello\nthe rest of it"
    assert html_words("Hello <!-- the rest") == "Hello <!-- the rest"
    assert html_words("Hello <!-- the <b>rest</b>") == "Hello <!-- the rest"
    assert html_words("<!DOCTYPE html><p>Hello <!the <b>rest</b>") == "Hello <!the rest"
    assert html_words("a<!-- b <p> -->c<![if !mso]>d<![endif]>e<?xml:namespace prefix=o />f") == "acdef"


def test_a_picture_alone_says_nothing() -> None:
    assert only_pictures(html_words("<div><img src='cid:1'><br></div>"))
    assert not only_pictures(html_words("<div><img src='cid:1' alt='Error 17'></div>"))


@pytest.mark.parametrize(
    "text",
    [
        "<html><body>Hello</p></body></html>",
        "<div>One<br>two</div>",
        "Hello,<br><br>it is <b>broken</b>.<br/>Ann",
        "<p>A mail<o:p></o:p></p>\n<p>of Outlook</p>\n",
    ],
)
def test_html_is_known_by_its_tags(text) -> None:
    assert is_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "Plain words, 1 < 2 and 3 > 2.",
        "Put a <br> where the line ends,\nand close the <div>.",
        "<ann@acme.test> wrote:<br>",
        "The page shows <script>alert(1)</script><password></p>",
        "Mail from Ann <ann@acme.test><br>Bye<br>",
        "",
    ],
)
def test_a_text_about_html_stays_as_it_was_written(text) -> None:
    assert not is_html(text)
    assert words_of(text) == text


HOSTILE = {
    "comments": "<!--" * 50_000,
    "sections": "<![" * 50_000,
    "tags": "<" * 200_000,
    "tables": "<table><tr><td>" * 20_000 + "x",
    "closed tables": "<table><tr><td>" * 5_000 + "x<br>" * 1_000 + "</td></tr></table>" * 5_000,
    "quotes": "<blockquote>" * 20_000 + "x<br>" * 2_000,
    "links": "<a href=x>" * 30_000,
    "attributes": '<a "' * 50_000 + ">",
    "ends": "</td>" * 50_000 + "</blockquote>" * 50_000,
    "scripts": "<script>" * 20_000,
    "lists": "<ul><li>x" * 20_000,
}


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_hostile_html_takes_no_more_than_its_length(page) -> None:
    began = time.perf_counter()
    html_words(page)
    is_html(page)
    assert (
        time.perf_counter() - began < 8
    )  # the standard library's parser took 54 s for the first; here 1 s at most


@given(st.lists(st.sampled_from(["<td>", "</table>", "<a href='x'>", "</a>", "<li>", "</ul>", "<blockquote>", "<pre>",
                                 "</pre>", "<p>", "</blockquote>", "<br>", "<tr>", "<table>", "</td>", "<title>",
                                 "<!--",
                                 "<script>", "<", ">", '"', "word", "other", "\n"])))  # fmt: skip
def test_no_word_is_lost_in_broken_html(pieces) -> None:
    broken = "".join(pieces)
    words = html_words(broken)
    assert words.count("word") == broken.count("word")
    assert words.count("other") == broken.count("other")
