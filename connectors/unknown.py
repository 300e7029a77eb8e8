"""The error for a name that a PSA does not have, with the names most like it: the same words whatever the PSA."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from connectors.contract import UnknownName
from connectors.text import clean


def unknown_name(psa: str, what: str, wanted: str | None, known: Iterable[str]) -> UnknownName:
    """`psa` has no `what` (with its “active”, where that is meant) called `wanted`; `known` are those that it has."""
    by_key = {name.casefold(): name for name in known}
    close = difflib.get_close_matches((wanted or "").casefold(), by_key, n=5, cutoff=0.5)
    shown = [by_key[key] for key in close] or sorted(by_key.values())[:8]
    listed = ", ".join(f"“{clean(name)}”" for name in shown) or "none that this account may see"
    return UnknownName(
        f"{psa} has no {what} “{clean(wanted)}”",
        hint=f"Did you mean {listed}?" if close else f"There are {listed}.",
    )
