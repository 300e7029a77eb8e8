"""What a PSA's request limit is, how much of it is ours, and what of that is used, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.text import clean
from store.setup_requests import interval, per_hour, team_of, uses, window

if TYPE_CHECKING:
    from connectors.contract import Capabilities, Quota
    from store.bucket import State
    from store.settings import Connection
    from store.setup_records import Facts


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
        f"{quota.requests} requests {window(quota.seconds)} for {_WHOSE[quota.whose]}"
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


_WHOSE = {"company": "the company", "key": "these credentials", "address": "this IP address"}


def rounds_words(facts: Facts) -> str:
    """One line: what rounds take in an hour, of one technician and of the team, and how much of the limit that is."""
    one, team = per_hour(facts), team_of(facts)
    if one is None:
        return "rounds: what they take is known when the screen has been open for a while"
    said = [
        f"rounds: about {facts.view.usual_requests} requests each while little changes,"
        f" {one:.0f} an hour at {interval(facts)}"
    ]
    found = uses(facts)
    if team > 1 and (not found or any(use.team > 1 for use in found)):
        guessed = "" if facts.team is not None else " (another number: --team)"
        said.append(f"with {team} technicians{guessed} {one * team:.0f} an hour")
    if found:
        worst = max(found, key=lambda use: use.used / use.allowed)
        said.append(f"{100 * worst.part:.2g} % of the limit")
    return "; ".join(said[:-1]) + f", {said[-1]}" if found else "; ".join(said)
