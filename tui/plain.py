"""The queue, rows and one ticket as plain text: for pipes, for `list` and for `show`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from connectors.text import clean
from store.not_known import by_connection, not_known
from tui.commands.out import echo, local, say

if TYPE_CHECKING:
    from store.home import Home
    from store.read import Reader
    from store.read_evidence import EvidenceReader
    from store.read_list import Listed
    from store.read_records import ConnectionView, FileView, NoteView, Parent, Row, TicketView, TimeView
    from store.settings import Settings


def print_queue(
    home: Home, settings: Settings, *, now: int, title: str = "deskzero", only: str | None = None
) -> None:
    """The whole queue, or that of one connection: how each is doing, every pane with its two numbers, every row."""
    from store.read import Reader

    reader = Reader(home, settings)
    states = [state for state in reader.states() if only in (None, state.connection)]
    for view in states:
        say(f"{title} {state_line(view, settings, now)}")
    say(zero_words(reader, only=only))
    for line in not_known_lines(reader, settings.kinds, only):
        say(line)
    for line in rule_problem_lines(reader, only):
        say(line)
    lost = {kind for state in states for kind in not_known(state.capabilities)}
    lost |= {one.kind for one in reader.rule_problems() if only in (None, one.connection or only)}
    for pane in reader.panes(only):
        if pane.pane == 0:
            say()
            say(f"All open · {pane.later}")
            continue
        say()
        must = "?" if pane.kind in lost and not pane.must else pane.must
        say(f"{pane.pane} {pane.title} · {must} must, {pane.later} later")
        for line in row_lines(reader.rows([pane.kind], connection=only), now=now):
            echo(line)


def zero_words(reader: Reader, at: str = "", *, only: str | None = None) -> str:
    """`3 to zero`, `3 to zero at 14:32`, `3 to zero in north alone`; where a kind that counts cannot be known
    everywhere, that too."""
    states = [state for state in reader.states() if only in (None, state.connection)]
    lost = by_connection(states, reader.settings.counted)
    more = f", but of {', '.join(map(clean, lost))} not all can be known" if lost else ""
    broken = [
        one.name for one in reader.rule_problems() if one.counts and only in (None, one.connection or only)
    ]
    if broken:
        named = ", ".join(dict.fromkeys(map(clean, broken)))
        more += f"{' and' if more else ', but'} what {named} would find is not known"
    to_zero = sum(pane.must for pane in reader.panes(only))
    alone = f" in {clean(only)} alone" if only is not None else ""
    return f"{to_zero} to zero{alone}{f' at {at}' if at else ''}{more}"


def not_known_lines(
    reader: EvidenceReader, kinds: Iterable[str], connection: str | None = None
) -> Iterator[str]:
    """A line for each connection whose PSA does not let these kinds be known."""
    states = [state for state in reader.states() if connection in (None, state.connection)]
    for name, sentences in by_connection(states, kinds).items():
        for sentence, lost in sentences.items():
            yield f"{clean(name)}: {', '.join(lost)} not known, which is no zero. {clean(sentence)}"


def rule_problem_lines(reader: EvidenceReader, connection: str | None = None) -> Iterator[str]:
    """A line for each of the company's own rules that does not work (at this connection)."""
    for one in reader.rule_problems():
        if connection in (None, one.connection or connection):
            yield f"{clean(one.sentence)} What it would find is not known, which is no zero. {clean(one.hint)}"


def state_line(view: ConnectionView, settings: Settings, now: int) -> str:
    """How one connection is doing, in one line that never says more than is known."""
    who = " · ".join(clean(word) for word in (view.member, view.scope) if word)
    name = f"{view.connection} {view.title or view.psa}"
    zone = settings.timezone
    if view.error:
        since = f" since {local(view.since_down, zone)}" if view.since_down else ""
        state = f"{(view.error_kind or 'error').replace('_', ' ')}{since}: {clean(view.error)}"
    elif view.synced_at is None:
        state = "never synced: run `deskzero sync`"
    else:
        state = f"synced {local(view.synced_at, zone)}, {age(now - view.synced_at)} ago"
    parts = [name, who, state, "read only" if view.read_only else ""]
    return " · ".join(part for part in parts if part)


def row_lines(rows: Iterable[Row | Listed], *, now: int) -> Iterator[str]:
    """Two or more lines a row: the ticket, then why it is here. `●` counts to zero."""
    for row in rows:
        mark = "●" if row.gate else "○" if row.psa_only else " "
        parts = [f"#{clean(row.number)}", clean(row.company), clean(row.summary), clean(row.status)]
        ahead = f"{age(now - row.since)}" if row.since else ""
        yield f"  {mark} " + "  ".join(part for part in (*parts, ahead) if part)
        for reason in row.reasons:
            yield f"      {clean(reason.text)}"
        if row.psa_only:
            yield f"      only in the PSA itself: {clean(row.url) or 'no link is known'}"


def age(seconds: int) -> str:
    """How long, in one number: `40s`, `12m`, `5h`, `3d`."""
    seconds = max(0, seconds)
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


# ---------------------------------------------------------------- one ticket


def ticket_lines(view: TicketView, settings: Settings, *, now: int) -> Iterator[str]:
    """Everything about one ticket: why it is here, fields, conversation, time, history of what was done."""
    zone = settings.connections[view.connection].timezone
    yield f"#{clean(view.record.number)}  {clean(view.record.company)}  {clean(view.record.summary)}"
    yield f"{view.connection}  {clean(view.record.url)}".rstrip()
    if view.presence != "here":
        yield f"In the PSA: {view.presence.replace('_', ' ')}"
    yield "\nWhy here"
    for row in view.exceptions:
        for reason in row.reasons:
            yield f"  {'●' if row.gate else ' '} {row.kind}: {clean(reason.text)}"
    if not view.exceptions:
        yield "  nothing is wrong with it"
    yield "\nFields"
    for name, value in _fields(view, zone):
        yield f"  {name:<16}{value}"
    for what in view.can.not_read.values() if view.can is not None else ():
        yield f"  not known: {clean(what)}"
    yield from _section("Parents", (_link_line(link, zone) for link in view.parents))
    yield from _section("Children", (_link_line(link, zone) for link in view.children))
    read = local(view.notes_read_at, zone)
    yield from _section(f"Conversation (read {read})", _note_lines(view.notes, zone))
    from tui.files import NOT_ASKED

    files = [_file_line(file, zone) for file in view.files]
    files += filter(None, [clean(view.files_problem), NOT_ASKED if view.files_due else ""])
    yield from _section("Files on the ticket", files)
    yield from _section("Time", (_time_line(entry, zone) for entry in view.time))
    yield from _section("History", _history_lines(view, zone))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"\n{title}"
        yield from (f"  {line}" for line in found)


def _fields(view: TicketView, zone: str) -> Iterator[tuple[str, str]]:
    record = view.record
    names: tuple[str, ...] = (
        "status",
        "owner",
        "board",
        "team",
        "type",
        "subtype",
        "item",
        "priority",
        "source",
        "company",
    )
    names += ("site", "contact", "contact_phone", "contact_email", "cc", "resources", "billing_code")
    for name in names:
        yield name, clean(getattr(record, name)) or "-"
    agreement = view.agreement
    yield "agreement", f"{clean(agreement.name)} ({agreement.state})" if agreement else "-"
    yield "hours", f"{record.hours:g}" if record.hours is not None else "-"
    for name in ("due_at", "created_at", "updated_at", "closed_at"):
        at = getattr(record, name)
        yield name, local(at, zone) if at is not None else "-"
    for name, value in sorted(record.custom.items()):
        yield clean(name), clean(value) or "-"


def _link_line(link: Parent, zone: str) -> str:
    closed = f" {local(link.closed_at, zone)} by {clean(link.closed_by) or '?'}" if link.closed_at else ""
    return f"#{clean(link.number)}  {link.state.replace('_', ' ')}{closed}  {clean(link.summary)}".rstrip()


def _note_lines(notes: Iterable[NoteView], zone: str) -> Iterator[str]:
    from tui.files import NO_WORDS, file_words

    for note in notes:
        side = "PUBLIC" if note.public else "internal"
        waiting = "  (not in the PSA yet)" if note.ours else ""
        yield f"{local(note.at, zone)}  {clean(note.author)} ({note.speaker}, {side}){waiting}"
        yield from (f"    {line}" for line in (clean(note.text, lines=True) or NO_WORDS).splitlines())
        yield from (f"    [file] {file_words(file)}" for file in note.files)


def _file_line(file: FileView, zone: str) -> str:
    from tui.files import file_words

    at = local(file.at, zone) if file.at is not None else "-"
    return f"{at}  {file_words(file)}  {clean(file.by)}".rstrip()


def _time_line(entry: TimeView, zone: str) -> str:
    code = clean(entry.billing_code) or "no code"
    locked = "  locked" if entry.locked else ""
    text = clean(entry.text)
    started = local(entry.started_at, zone) if entry.started_at else "-"
    who = f"{started}  {clean(entry.member)}"
    return f"{who}  {entry.hours:g} h  {code}{locked}  id {entry.time_id}  {text}".rstrip()


def _history_lines(view: TicketView, zone: str) -> Iterator[str]:
    lines = [(h.opened_at, f"{h.kind} opened") for h in view.history]
    for h in view.history:
        if h.cleared_at is not None:
            how = f"by change {h.cleared_by}" if h.cleared_by else "by itself or in the PSA"
            lines.append((h.cleared_at, f"{h.kind} cleared {how}"))
    for change in view.changes:
        error = f": {clean(change.error)}" if change.error else ""
        lines.append(
            (change.created_at, f"change {change.change} {clean(change.verb)}, {change.state}{error}")
        )
    for at, text in sorted(lines):
        yield f"{local(at, zone)}  {text}"
