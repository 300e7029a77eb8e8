"""The first line: where we are, whether it can be believed, what waits, how far it is to zero, the time."""

from __future__ import annotations

from datetime import UTC, tzinfo

from textual.app import RenderResult
from textual.content import Content
from textual.reactive import reactive

from connectors.text import clean
from tui.keymap import label
from tui.spoken import header_words, is_spoken
from tui.standing import Standing
from tui.text import clock, spent, when
from tui.widgets.painted import Painted

TELLING = 0.7
"""From this part of our requests on the header says how much is used."""


class Header(Painted):
    """Painted from a `Standing`; ticks with the clock."""

    DEFAULT_CSS = """
    Header { height: 1; background: $panel; color: $frame-title; }
    """

    standing: reactive[Standing] = reactive(Standing())
    now: reactive[int] = reactive(0)
    demo: reactive[bool] = reactive(False)

    def __init__(self) -> None:
        super().__init__()
        self.zone: tzinfo = UTC

    def render(self) -> RenderResult:
        if is_spoken(self):
            sync = sync_state(self.standing, self.now, self.zone)
            words = header_words(self.standing, _places(self.standing), sync, demo=self.demo)
            return Content(words).truncate(self.size.width, ellipsis=True)
        return header_line(self.standing, self.now, self.zone, self.size.width, demo=self.demo)


def header_line(standing: Standing, now: int, zone: tzinfo, width: int, *, demo: bool = False) -> Content:
    """The line in exactly `width` cells. What matters least goes first where it is narrow."""
    short = width < 100
    brand = Content.styled(" deskzero ", "bold $primary")
    if demo:
        brand += Content.styled(" DEMO ", "bold $background on $warning")
    sync = sync_state(standing, now, zone, short=short)
    requests = requests_used(standing, now, short=short)
    right = _right(standing, now, zone, requests, short=short)
    if requests and width - brand.cell_length - sync.cell_length - right.cell_length < 2:
        right = _right(standing, now, zone, None, short=short)
    for place in _places(standing):
        left = brand + Content(" ") + Content.styled(place, "$frame-title")
        free = width - left.cell_length - sync.cell_length - right.cell_length
        if free >= 10:
            break
    else:
        left = brand
        free = width - left.cell_length - sync.cell_length - right.cell_length
    if free < 2:
        line = left + Content(" ") + sync + Content(" ") + right
        return line.truncate(width)
    before = max(1, min(free - 1, (width - sync.cell_length) // 2 - left.cell_length))
    return left + Content(" " * before) + sync + Content(" " * (free - before)) + right


def _places(standing: Standing) -> list[str]:
    """What is connected, long and short."""
    states = standing.states
    if not states:
        return ["no connection"]
    if standing.shown:
        here = " + ".join(clean(one.connection) for one in states if standing.only in (None, one.connection))
        of = " + ".join(sorted({clean(one.scope) for one in states}))
        return [
            f"{here} · shows {standing.shown}, of {of}",
            f"{here} · {standing.shown}",
            standing.shown,
        ]
    if len(states) == 1:
        one = states[0]
        who = clean(one.member)
        parts = [f"{clean(one.connection)} {clean(one.title)}".strip(), who, clean(one.scope)]
        long = " · ".join(part for part in parts if part)
        return [
            long,
            " · ".join(part for part in (clean(one.connection), who) if part),
            clean(one.connection),
        ]
    names = [clean(state.connection) for state in states]
    if standing.only is not None:
        alone = f"{clean(standing.only)} alone"
        return [f"{alone}, of {' + '.join(names)}", f"{alone}, of {len(names)} PSAs", alone]
    scopes = {clean(state.scope) for state in states}
    return [f"{' + '.join(names)} · {' + '.join(sorted(scopes))}", " + ".join(names), f"{len(names)} PSAs"]


def sync_state(standing: Standing, now: int, zone: tzinfo, *, short: bool = False) -> Content:
    """`synced 14:32, ok`, `syncing 3/12`, `offline since 13:05`, `credentials refused (!)`. It never lies."""
    bad = [state for state in standing.states if state.error is not None]
    name = f"{clean(bad[0].connection)} " if bad and len(standing.states) > 1 else ""
    if any(state.error_kind == "unauthorized" for state in bad):
        return Content.styled(f"{name}credentials refused ({label('queue.trouble')})", "bold $error")
    if standing.syncing is not None:
        done, expected = standing.syncing
        count = f" {done}/{expected}" if expected else (f" {done}" if done else " …")
        return Content.styled(f"↻ syncing{count}", "$accent")
    if bad:
        one = bad[0]
        since = when(one.since_down or one.tried_at or now, now, zone)
        words = (
            f"offline since {since}"
            if one.error_kind in ("unreachable", "throttled")
            else f"sync fails since {since}"
        )
        return Content.styled(f"{name}{words} ({label('queue.trouble')})", "bold $warning")
    times = [state.synced_at for state in standing.states]
    if not times or any(at is None for at in times):
        return Content.styled("not synced yet", "$warning")
    oldest = min(at for at in times if at is not None)
    return Content.styled(f"synced {when(oldest, now, zone)}{'' if short else ', ok'}", "$success")


def _right(standing: Standing, now: int, zone: tzinfo, requests: Content | None, *, short: bool) -> Content:
    parts = [part for part in (requests, *_outgoing(standing, now, short=short), _zero(standing)) if part]
    return Content("   ").join(parts) + Content.styled(f"  {clock(now, zone)} ", "$frame-title")


def requests_used(standing: Standing, now: int, *, short: bool = False) -> Content | None:
    """`requests: waits 40 s`, `requests 83 %`; `None` while there are enough. The connection that is worst off."""
    word = "req" if short else "requests"
    waits = [(state.waits_for(now), name) for name, state in standing.budgets.items()]
    used = [(state.used(now), name) for name, state in standing.budgets.items()]
    several = len(standing.states) > 1 and not short
    if waits and (longest := max(waits))[0] >= 1:
        name = f"{clean(longest[1])} " if several else ""
        return Content.styled(f"{name}{word}: waits {longest[0]:.0f} s", "bold $warning")
    if used and (most := max(used))[0] >= TELLING:
        name = f"{clean(most[1])} " if several else ""
        return Content.styled(f"{name}{word} {most[0] * 100:.0f} %", "$warning")
    return None


def _outgoing(standing: Standing, now: int, *, short: bool) -> list[Content]:
    parts = []
    running = [one for one in standing.timers if one.runs]
    if running:
        first, more = running[0], f" +{len(running) - 1}" if len(running) > 1 else ""
        named = "" if short else f" #{clean(first.number)}"
        parts.append(
            Content.styled(
                f"{label('queue.timer')} {spent(first.counted(now))}{named}{more}", "bold $warning"
            )
        )
    if standing.waiting:
        parts.append(
            Content.styled(f"↑{standing.waiting}" if short else f"↑ {standing.waiting} waiting", "$accent")
        )
    held = standing.held
    if held:
        left = max(0, (held[0].due_at or now) - now)
        words = f"✉ held {left} s" if short else f"✉ {len(held)} held {left} s"
        parts.append(Content.styled(words, "bold $public"))
    if standing.trouble:
        parts.append(Content.styled(f"{label('queue.trouble')} {standing.trouble}", "bold $error"))
    return parts


def _zero(standing: Standing) -> Content:
    if standing.to_zero is None:
        return Content.styled("● … to zero", "$quiet")
    if standing.whole is not None and (standing.whole or not standing.unsure):
        style = "bold $must" if standing.whole else "bold $success"
        dot = "●" if standing.whole else "○"
        return Content.styled(f"{dot} {standing.to_zero} of {standing.whole} to zero", style)
    if standing.to_zero == 0 and standing.unsure:
        return Content.styled("? 0 known to zero", "bold $warning")
    if standing.to_zero == 0:
        return Content.styled("○ 0 to zero", "bold $success")
    return Content.styled(f"● {standing.to_zero} to zero", "bold $must")
