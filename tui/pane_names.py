"""What the panes are called, in full and in the strip."""

from __future__ import annotations

from store.rules.catalogue import PANES

PANE_NAMES = {str(number): name for number, name in PANES.items()}
SHORT_NAMES = {
    "1": "Resp",
    "2": "Miss",
    "3": "Orph",
    "4": "Code",
    "5": "Late",
    "6": "Time",
    "7": "Mixed",
    "8": "Ours",
    "0": "All",
}
