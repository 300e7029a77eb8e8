"""What a PSA's request limit is, how much of it is ours, and what of that is used, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.text import clean

if TYPE_CHECKING:
    from connectors.contract import Capabilities, Quota
    from store.bucket import State
    from store.settings import Connection


def quota_words(connection: Connection, can: Capabilities | None, state: State | None, now: float) -> str:
    """One line. `can`: what the connector knows, `None` before the first sync; `now`: UTC seconds."""
    known = can.quota if can is not None else ()
    quotas = known if connection.quota is None else connection.quota
    if not quotas:
        limit = "no limit is known" if connection.quota is None else "none, as the settings say"
    else:
        limit = f"{_limits(quotas)}; {connection.quota_share * 100:g} % of it is ours"
    return "; ".join([f"quota: {limit}", *_use(state, now)])


def _limits(quotas: Sequence[Quota]) -> str:
    return " and ".join(
        f"{quota.requests} requests {_window(quota.seconds)} for {_WHOSE[quota.whose]}"
        + (f" ({clean(quota.source)})" if quota.source else "")
        for quota in quotas
    )


def _use(state: State | None, now: float) -> list[str]:
    if state is None:
        return []
    said = []
    if state.buckets:
        at_once = min(one.capacity for one in state.buckets)
        said.append(
            f"{state.used(now):.0%} of the {at_once:.0f} that may go at once is used".replace("%", " %")
        )
    quiet = state.quiet_for(now)
    if quiet >= 1:
        said.append(f"the PSA asks to wait {quiet:.0f} s")
    return said


def _window(seconds: int) -> str:
    names = {60: "a minute", 3600: "an hour", 86400: "a day"}
    if seconds in names:
        return names[seconds]
    return f"in {seconds // 60} minutes" if seconds % 60 == 0 else f"in {seconds} s"


_WHOSE = {"company": "the company", "key": "these credentials", "address": "this IP address"}
