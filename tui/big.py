"""The three answers of the end of day in large letters, from half blocks."""

from __future__ import annotations

LETTERS = {
    "A": ("0110", "1001", "1111", "1001", "1001"),
    "C": ("0111", "1000", "1000", "1000", "0111"),
    "E": ("1111", "1000", "1110", "1000", "1111"),
    "L": ("1000", "1000", "1000", "1000", "1111"),
    "N": ("1001", "1101", "1011", "1001", "1001"),
    "O": ("0110", "1001", "1001", "1001", "0110"),
    "R": ("1110", "1001", "1110", "1010", "1001"),
    "T": ("11111", "00100", "00100", "00100", "00100"),
    "Z": ("11111", "00010", "00100", "01000", "11111"),
    " ": ("00", "00", "00", "00", "00"),
}
HALVES = {("0", "0"): " ", ("1", "0"): "▀", ("0", "1"): "▄", ("1", "1"): "█"}


def big(words: str) -> str:
    """`words` (of the letters above) three lines high."""
    rows = ["0".join(LETTERS[letter][row] for letter in words) for row in range(5)]
    rows.append("0" * len(rows[0]))
    pairs = zip(rows[0::2], rows[1::2], strict=True)
    return "\n".join(
        "".join(HALVES[pair] for pair in zip(above, below, strict=True)) for above, below in pairs
    )
