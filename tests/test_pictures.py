"""The pictures in README and docs show what the app paints today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pictures import DOCS, PICTURES, Picture, painted, plain

ROOT = DOCS.parent


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file)
async def test_it_is_current(picture: Picture, tmp_path: Path) -> None:
    svg = await painted(tmp_path, picture)
    kept = (DOCS / picture.file).read_text(encoding="utf-8")
    assert plain(svg) == plain(kept), f"docs/{picture.file} is out of date: run `python -m tests.pictures`"


def test_every_picture_is_shown_somewhere() -> None:
    pages = [ROOT / "README.md", *DOCS.glob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"\(?([\w-]+\.svg)\)", page.read_text(encoding="utf-8"))
    }
    assert {picture.file for picture in PICTURES} <= shown
