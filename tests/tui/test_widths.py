"""Columns stand: wide characters, pictures with shapes and skins, right-to-left names, combining marks."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.screen import NARROW, WIDE, painted, running, settle
from tui.text import fit, steady, wrap

NAMES = (
    "🖨️ Drucker ❤️ ⚠️", "👍🏽 Danke 1️⃣", "مكتب النور للتجارة", "שלום עולם", "桜旅行株式会社", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "ไทยแลนด์",
    "👨‍👩‍👧‍👦 Family", "🇩🇪🇫🇷", "e\u0301lan vital",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_is_as_wide_as_it_says(name):
    for width in (1, 4, 9, 20, 40):
        assert cell_len(fit(name, width)) == width
    assert "\ufe0f" not in fit(name, 40) and "🏽" not in fit(name, 40)


def test_plain_text_is_left_alone():
    assert steady("Müller & Söhne, 桜") == "Müller & Söhne, 桜"


def test_what_is_indented_stays_so():
    assert wrap("List:\n  - one two three\n    - deep", 14) == [
        "List:",
        "  - one two",
        "  three",
        "    - deep",
    ]


@given(st.text(alphabet=st.characters(blacklist_categories=("Cc", "Cs"))), st.integers(4, 60))
def test_no_line_is_wider_than_there_is_room(text, width):
    assert all(cell_len(line) <= width for line in wrap(text, width))


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_frame_stands_whatever_people_are_called(tmp_path, size):
    async with running(tmp_path, size=size) as (pilot, screen):
        rows = list(screen.list._rows.values())
        odd = [
            msgspec.structs.replace(row, company=name, summary=f"{name} {name}")
            for row, name in zip(rows * 3, NAMES, strict=False)
        ]
        screen.list.show("1", odd, now=screen.list.now, zone=screen.list.zone)
        await settle(pilot)
        assert {cell_len(line) for line in painted(screen).splitlines() if "│" in line and "#" in line} <= {
            size[0]
        }


def test_a_row_of_the_list_reads_html_mail_as_words():
    from store.read_records import Words
    from tui.files import said

    html = "<html><body><p>It is <b>down</b> again</p><p>Ann</p></body></html>"
    assert said(Words("1", "Ann", "customer", 0, html)).startswith("It is down again")
    assert said(Words("1", "Ann", "customer", 0, "if a < b then")) == "if a < b then"
