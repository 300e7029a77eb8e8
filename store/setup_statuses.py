"""Lint of statuses: what the settings call them, and what the PSA does with them.

The settings name statuses, whatever the board. So each rule looks at all active statuses of a name, case ignored,
on the boards that were read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from connectors.contract import Choice
from store.setup_records import Facts, Finding
from store.toml_table import near

Place = tuple[str | None, Choice]
"""A status and its board's name."""

WORDS = {
    "child_statuses": "child status",
    "responded_statuses": "responded status",
    "answered_status": "answered status",
    "waiting_statuses": "waiting status",
    "closing_statuses": "closing status",
    "closed_statuses": "closed status",
    "reaction_statuses": "reaction status",
}
"""Key of a connection -> what a status named there is called."""

EFFECTS = {
    "child_statuses": "A child in another status is reported as orphaned; one that lost its parent is not found.",
    "responded_statuses": "The PSA's signal that a customer has written is not seen.",
    "answered_status": "A reply goes out, but the ticket stays in its responded status.",
    "waiting_statuses": "Tickets that wait for the customer are not known as such.",
    "closing_statuses": "`deskzero check` lets a ticket without billing code pass until it is closed.",
    "closed_statuses": "Tickets that you hold for closed count as open.",
    "reaction_statuses": "A status set by the PSA's own rules makes a conflict of the fix that follows.",
}
"""Key -> what goes wrong when no status is called so."""

NEED_CLOCK_HELD = ("child_statuses", "waiting_statuses")
NEED_TIME = ("closing_statuses", "waiting_statuses", "answered_status", "child_statuses")
_TOLD = {"clock": NEED_CLOCK_HELD, "time": NEED_TIME}

_CLOSED = re.compile(r"\W*(closed?|resolved|completed?|cancell?ed|done)\W*", re.IGNORECASE)
_CLOSED_IN = re.compile(r"\b(closed|resolved|completed?|cancell?ed|done)\b", re.IGNORECASE)
_NOT_CLOSED = re.compile(r"\b(not|never|re-?open\w*|to be|before|part\w*|wait\w*|pending)\b", re.IGNORECASE)
"""Names that say so, and that say it of something else: "Waiting to be closed"."""


def named(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Key -> the statuses that the settings name there."""
    of = facts.connection
    return {
        "child_statuses": of.child_statuses,
        "responded_statuses": of.responded_statuses,
        "answered_status": () if of.answered_status is None else (of.answered_status,),
        "waiting_statuses": of.waiting_statuses,
        "closing_statuses": of.closing_statuses,
        "closed_statuses": of.closed_statuses,
        "reaction_statuses": of.reaction_statuses,
    }


def unknown_names(facts: Facts) -> Iterator[Finding]:
    """Names in the settings that no active status has. Where not all statuses could be read nobody can tell."""
    known = _by_name(facts)
    wanted = {key: names for key, names in named(facts).items() if names}
    if facts.unread and wanted:
        yield facts.unknown(
            "statuses_unread",
            f"the statuses could not be read: {facts.unread}",
            f"Whether those of {_listed(wanted)} exist and what they do is not known.",
            "Ask the administrator for the right to read boards and statuses, then run `deskzero doctor` again.",
        )
    if facts.unread or not known:
        return
    make = facts.wrong if facts.can.statuses_listed and not facts.boards_left else facts.unknown
    names_there = list(dict.fromkeys(choice.name for places in known.values() for _, choice in places))
    for key, names in wanted.items():
        for name in names:
            if _key(name) in known:
                continue
            like = near(name, names_there)
            hint = f'Did you mean "{like}"?' if like else f"Seen were: {_listed(names_there, 12)}."
            yield make(
                "status_unknown",
                f"{key} names “{name}”, but no active status is called so ({_looked_at(facts, len(known))})",
                EFFECTS[key],
                f"Correct {key} in {facts.table}. {hint}",
            )


def _looked_at(facts: Facts, statuses: int) -> str:
    boards = sum(board.board is not None for board in facts.boards)
    said = f"{counted(boards, 'board') if boards else counted(statuses, 'status', 'statuses')} looked at"
    if facts.boards_left:
        said += f", {facts.boards_left} not"
    if not facts.can.statuses_listed:
        said += f"; {facts.title} has no list of them, tickets show some"
    return said


def clocks(facts: Facts) -> Iterator[Finding]:
    """A child waits for its parent, a waiting ticket for the customer: neither should run the SLA's clock."""
    known = _by_name(facts)
    unknown: dict[str, None] = {}
    whys = {
        "child_statuses": (
            "A child waits for its parent. Its own clock goes on meanwhile: it escalates and ends as a breach,"
            " although nobody was meant to work on it."
        ),
        "waiting_statuses": (
            "The clock goes on while the customer is asked: the ticket escalates, and the customer's silence is"
            " counted as your breach."
        ),
    }
    for key, why in whys.items():
        for name in named(facts)[key]:
            places = known.get(_key(name), [])
            if places and all(choice.clock is None for _, choice in places):
                unknown[name] = None
            for clock, does in (("runs", "runs the SLA clock"), ("keeps", "does not hold the SLA clock")):
                at = [place for place in places if place[1].clock == clock]
                if at:
                    words = at[0][1].clock_words
                    said = f" ({words})" if words else ""
                    yield facts.wrong(
                        f"{key.removesuffix('_statuses')}_clock",
                        f"the {WORDS[key]} “{name}” {does}{_on(at)}{said}",
                        why,
                        f"{facts.setup}: let this status hold the clock. If the ticket is worked on in it,"
                        f" take it out of {key} in {facts.table} instead.",
                    )
    if unknown:
        yield facts.unknown(
            "clock_unknown",
            f"whether {_quoted(unknown)} {'runs' if len(unknown) == 1 else 'run'} the SLA clock is not known from"
            f" {facts.title}",
            "Its API does not say what a status does to the clock.",
            f"Look once: {facts.setup}. Child and waiting statuses should hold it.",
        )


def open_roles_that_close(facts: Facts) -> Iterator[Finding]:
    """A status in which tickets are worked on, by the settings, and that closes them, by the PSA or the settings."""
    closed = {_key(name) for name in facts.connection.closed_statuses}
    known = _by_name(facts)
    for key in ("child_statuses", "responded_statuses", "waiting_statuses", "answered_status"):
        for name in named(facts)[key]:
            at = [place for place in known.get(_key(name), []) if place[1].closed]
            if not at and _key(name) not in closed:
                continue
            who = f"{facts.title} marks it as closed{_on(at)}" if at else "closed_statuses names it too"
            why = (
                "A reply would close the ticket, so deskzero leaves the status as it is and the ticket stays a reply"
                " to answer."
                if key == "answered_status"
                else "Tickets in it count as closed: they leave the panes of open tickets."
            )
            yield facts.wrong(
                "open_status_closes",
                f"the {WORDS[key]} “{name}” closes: {who}",
                why,
                f"Name another status in {key} of {facts.table}, or take the mark off: {facts.setup}.",
            )


def looks_closed(facts: Facts) -> Iterator[Finding]:
    """A status that is called closed and does not close; one that is merely like it only where tickets are in it."""
    roles = {_key(name) for names in named(facts).values() for name in names}
    for key, places in _by_name(facts).items():
        name = places[0][1].name
        count = facts.use.statuses.get(key, 0)
        says_so = _CLOSED.fullmatch(name) or (
            count and _CLOSED_IN.search(name) and not _NOT_CLOSED.search(name)
        )
        if key in roles or not says_so or any(choice.closed for _, choice in places):
            continue
        now = f"; {counted(count, 'open ticket')} in it" if count else ""
        yield facts.wrong(
            "closed_without_mark",
            f"“{name}” sounds closed, but {facts.title} does not mark it so{_on(places)}{now}",
            "Tickets in it count as open: they stay in your queue, in every pane and in `deskzero check`.",
            f"If it closes: add it to closed_statuses in {facts.table}, or have it marked as closed where the PSA lets"
            f" you ({facts.setup}). If closing follows later: add it to closing_statuses.",
        )


def no_time(facts: Facts) -> Iterator[Finding]:
    """Statuses that tickets are wrapped up in, or wait in, and that refuse time."""
    known = _by_name(facts)
    told = set()
    for key in NEED_TIME:
        for name in named(facts)[key]:
            at = [place for place in known.get(_key(name), []) if not place[1].accepts_time]
            if not at or _key(name) in told:
                continue
            told.add(_key(name))
            yield facts.wrong(
                "status_refuses_time",
                f"the {WORDS[key]} “{name}” refuses time entries{_on(at)}",
                "deskzero logs time first and sets the status last, so a fix that does both works. Time for a ticket"
                " that is already in this status is refused: only a fix that also sets another status can log it.",
                f"{facts.setup}: allow time in it. Or log time before, and do not name it in {key} of {facts.table}.",
            )


def same_name(facts: Facts) -> Iterator[Finding]:
    """One name on several boards that does not do the same everywhere: the settings cannot tell them apart.

    Of names without a role only closing matters. What `clocks` and `no_time` say board by board is not said again.
    """
    roles: dict[str, list[str]] = defaultdict(list)
    for role, names in named(facts).items():
        for name in names:
            roles[_key(name)].append(role)
    for key, places in _by_name(facts).items():
        if len({board for board, _ in places}) < 2:
            continue
        mine = roles.get(key, [])
        differ = [
            f"it {_grouped(places, does)}"
            for what, does in _DIFFERENCES.items()
            if len({does(choice) for _, choice in places}) > 1
            and (what == "closed" or (mine and not set(mine).intersection(_TOLD[what])))
        ]
        if not differ:
            continue
        named_in = f" ({_listed(mine)} {'names' if len(mine) == 1 else 'name'} it)" if mine else ""
        yield facts.wrong(
            "same_name_differs",
            f"“{places[0][1].name}” is not the same on every board{named_in}: {'; '.join(differ)}",
            "The settings and `--status` go by the name. What deskzero takes it for is right on one board and"
            " wrong on the other.",
            f"{facts.setup}: make them the same, or give one of them another name.",
        )


def answered(facts: Facts) -> Iterator[Finding]:
    """What a reply does to a responded status."""
    of, known = facts.connection, _by_name(facts)
    if not of.responded_statuses or "status" not in facts.can.writes or not known or facts.unread:
        return
    if of.answered_status is None:
        if not of.reaction_statuses:
            yield facts.wrong(
                "answered_status_missing",
                f"there are responded statuses ({_listed(of.responded_statuses)}) but no answered_status",
                "A reply does not move the ticket out of the responded status, so it stays in the pane after it was"
                " answered, unless the PSA's own rules move it.",
                f"Set answered_status in {facts.table} to what an answered ticket should be in. If the PSA moves"
                " it, name that status in reaction_statuses.",
            )
        return
    if _key(of.answered_status) not in known or not facts.can.statuses_listed:
        return  # told already, or not known
    lacking = []
    for board in facts.boards:
        names = {_key(choice.name) for choice in board.statuses}
        if names.intersection(map(_key, of.responded_statuses)) and _key(of.answered_status) not in names:
            lacking.append(board.board or "?")
    if lacking:
        yield facts.wrong(
            "answered_status_not_on_board",
            f"answered_status “{of.answered_status}” does not exist on {_listed(lacking)}, a responded status does",
            EFFECTS["answered_status"],
            f"{facts.setup}: add the status there.",
        )


# ---------------------------------------------------------------- words


def _closes(choice: Choice) -> str:
    return "closes" if choice.closed else "does not close"


def _takes_time(choice: Choice) -> str:
    return "takes time" if choice.accepts_time else "refuses time"


def _clock(choice: Choice) -> str:
    told = {
        "runs": "runs the SLA clock",
        "waits": "holds the SLA clock",
        "ends": "ends the SLA clock",
        "keeps": "leaves the SLA clock as it is",
    }
    return told.get(choice.clock or "", "says nothing of the SLA clock")


_DIFFERENCES: dict[str, Callable[[Choice], str]] = {"closed": _closes, "time": _takes_time, "clock": _clock}


def _grouped(places: Sequence[Place], does: Callable[[Choice], str]) -> str:
    """`closes on Projects, does not close on Help Desk`."""
    boards: dict[str, list[Place]] = defaultdict(list)
    for place in places:
        boards[does(place[1])].append(place)
    return ", ".join(f"{what}{_on(at)}" for what, at in boards.items())


def _key(name: str) -> str:
    return name.strip().casefold()


def _by_name(facts: Facts) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for board in facts.boards:
        for choice in board.statuses:
            if choice.active:
                found[_key(choice.name)].append((board.board, choice))
    return dict(found)


def _on(places: Sequence[Place]) -> str:
    boards = list(dict.fromkeys(board for board, _ in places if board is not None))
    return f" on {_listed(boards)}" if boards else ""


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 board`, `2 boards`."""
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def _listed(names: Iterable[str], most: int = 4) -> str:
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _quoted(names: Iterable[str]) -> str:
    return " and ".join(f"“{name}”" for name in names)
