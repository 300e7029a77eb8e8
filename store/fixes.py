"""From what a person asks for to a prepared fix: names resolved, guards checked, every request planned.

Nothing here writes. It works on the cache, so that it works without network too; what is sent later is
compared again by the sender. `Prepared` says field by field what would be written and whom the PSA would be
asked to mail; `store.outbox.submit` puts it into the outbox.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from connectors.contract import Connector, ConnectorError, Fix, Ref, Step, TicketRecord
from connectors.text import clean
from store import cached
from store.changes import PreviewLine, new_change_id, show_field
from store.database import Databases
from store.fix_draft import FixDraft
from store.fix_guards import Guard, choose_parent, close_guards, missing_for_close
from store.fix_names import FixRefused, Loader, Names
from store.seen import seen_text
from store.settings import Connection, Settings
from store.snippets import unfilled

__all__ = ["FixRefused", "Guard", "Intent", "Loader", "Prepared", "ReadUpTo", "guards", "prepare"]

ReadUpTo = tuple[int, str] | None | Literal["cache"]
"""The newest customer's note that was on the screen, as (creation in UTC seconds, id); `None`: there was
none; `"cache"`: the newest in the cache, for commands."""


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for, as the options of `deskzero fix` name it. Names are ids or names."""

    billing_code: str | None = None
    entry: str | None = None
    """With `billing_code`: this time entry alone."""
    set: dict[str, str] = {}
    """Canonical field or `custom:<name>` -> value; an empty text empties it."""
    status: str | None = None
    owner: str | None = None
    parent: str | None = None
    no_parent: bool = False
    reply: str | None = None
    """A public note: the customer reads it."""
    note: str | None = None
    """An internal note; with `time` the entry's text."""
    seen: str | None = None
    """No answer needed, and why."""
    clear_flag: bool = False
    time: float | None = None
    """Hours; `billing_code` is then the entry's code."""
    started_at: int | None = None
    """When the work began, UTC seconds; without, it ended when the fix was decided."""
    billable: str | None = None
    close: bool = False
    because: str | None = None
    """Why a guard may be passed."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A fix, ready for the outbox, and all that a review shows of it."""

    connection: str
    fix: Fix
    ticket: TicketRecord
    """As it was on the screen."""
    steps: tuple[Step, ...]
    verb: str
    preview: tuple[PreviewLine, ...]
    mails: tuple[str, ...]
    """Whom we ask the PSA to mail; its own rules may mail more."""
    held: bool
    """Has a step that cannot be undone: waits for `outbox.hold` first."""
    read_only: bool
    closes: bool = False
    """Sets a status that closes the ticket, which was open."""
    because: str | None = None
    remarks: tuple[str, ...] = ()
    """Sentences on what was asked for and is left out, or done besides."""
    on_the_card: bool = False
    """Changes the contact's card, and with it more than this ticket: a person sees that before it goes."""


async def prepare(
    databases: Databases,
    settings: Settings,
    connection: Connection,
    connector: Connector,
    intent: Intent,
    ticket_id: str,
    *,
    now: int,
    read_up_to: ReadUpTo = "cache",
    choices: Loader | None = None,
) -> Prepared:
    """The fix that carries out `intent` on one ticket (the PSA's id). `now`: UTC seconds.

    `choices` asks the PSA for choices that the cache lacks (and caches them); without it the cache alone
    counts. Raises `FixRefused`; a `ConnectorError` only where choices had to be asked for and could not.
    """
    with databases.cache_reads.begin() as db:
        seen = cached.ticket(db, connection.name, ticket_id)
        if read_up_to == "cache":
            note = cached.newest_customer_note(db, connection.name, ticket_id)
            read_up_to = None if note is None else (note.created_at, note.note_id)
    if seen is None:
        raise FixRefused(
            f'There is no ticket "{clean(ticket_id)}" in the cache.', hint="Run `deskzero sync` first."
        )
    if seen.presence != "here":
        raise FixRefused(
            f"#{clean(seen.record.number)} is {seen.presence.replace('_', ' ')} in the PSA.",
            hint="`deskzero sync` looks for it again.",
        )
    names = Names(databases, connection.name, seen.record, now, choices)
    draft = FixDraft(databases, connection, connector, seen, names)
    await _filled(draft, intent, read_up_to)
    _guard(draft, intent, read_up_to)
    draft.tell_of_the_card()
    fix = Fix(
        change=new_change_id(now),
        ticket_id=ticket_id,
        fields=draft.fields,
        was=draft.was(),
        entries=draft.entries,
        entries_was=draft.entries_was,
        reply=draft.reply,
        note=draft.note,
        time=draft.time,
        read_up_to=read_up_to[0] if read_up_to else None,
        read_up_to_id=read_up_to[1] if read_up_to else None,
        decided_at=now,
    )
    return _prepared(draft, fix, intent)


async def guards(
    databases: Databases,
    connection: Connection,
    connector: Connector,
    intent: Intent,
    ticket_id: str,
    *,
    now: int,
    choices: Loader | None = None,
) -> tuple[Guard, ...]:
    """What the close guard would say of this fix, each thing apart, whether or not it closes. Raises `FixRefused`."""
    with databases.cache_reads.begin() as db:
        seen = cached.ticket(db, connection.name, ticket_id)
        note = cached.newest_customer_note(db, connection.name, ticket_id)
    if seen is None:
        raise FixRefused(
            f'There is no ticket "{clean(ticket_id)}" in the cache.', hint="Run `deskzero sync` first."
        )
    names = Names(databases, connection.name, seen.record, now, choices)
    draft = FixDraft(databases, connection, connector, seen, names)
    await _filled(draft, intent, None if note is None else (note.created_at, note.note_id))
    return close_guards(draft, answers=_answers(intent))


async def _filled(draft: FixDraft, intent: Intent, read_up_to: ReadUpTo) -> None:
    _check_words(intent)
    draft.anything_offered()
    await _fields(draft, intent)
    await _words(draft, intent, read_up_to)


def _answers(intent: Intent) -> bool:
    return intent.reply is not None or intent.seen is not None


def _check_words(intent: Intent) -> None:
    for option, text in (("reply", intent.reply), ("note", intent.note), ("seen", intent.seen)):
        if text is not None and not text.strip():
            raise FixRefused(f"The text of --{option} is empty.")
    if missing := unfilled((intent.reply, intent.note, intent.seen)):
        raise FixRefused(
            f"{', '.join(missing)} is not filled in: such a text does not leave.",
            hint="Write what belongs there, or take it out.",
        )
    if intent.seen is not None and intent.reply is not None:
        raise FixRefused("A ticket is answered (--reply) or needs no answer (--seen), not both.")
    if intent.seen is not None and intent.note is not None and intent.time is None:
        raise FixRefused("--seen is an internal note itself: put what --note says into its reason.")
    if intent.parent is not None and intent.no_parent:
        raise FixRefused("--parent and --no-parent exclude each other.")
    if intent.close and intent.status is not None:
        raise FixRefused("--close picks the status itself: give --close or --status, not both.")
    if intent.entry is not None and intent.billing_code is None:
        raise FixRefused("--entry names the time entry for --billing-code: give both.")
    if intent.entry is not None and intent.time is not None:
        raise FixRefused("--entry is for an entry that exists, --time makes a new one: give one of them.")


async def _fields(draft: FixDraft, intent: Intent) -> None:
    if intent.billing_code is not None:
        await draft.billing_code(intent.billing_code, intent.entry, new_time=intent.time is not None)
    for field, said in intent.set.items():
        if field == "billing_code":
            await draft.replace_code(said)
        elif field == "parent":
            await choose_parent(draft, said, intent.because) if said.strip() else draft.no_parent()
        else:
            await draft.set(field, said)
    if intent.owner is not None:
        await draft.owner(intent.owner)
    if intent.parent is not None:
        await choose_parent(draft, intent.parent, intent.because)
    if intent.no_parent:
        draft.no_parent()
    if intent.status is not None:
        await draft.status(intent.status)
    if intent.close:
        await draft.close()


async def _words(draft: FixDraft, intent: Intent, read_up_to: ReadUpTo) -> None:
    if intent.reply is not None:
        draft.offered("reply")
        draft.reply = intent.reply
        draft.verbs.append("reply")
    if intent.time is not None:
        code = await draft.code_for_time(intent.billing_code)
        draft.log_time(intent.time, intent.note or "", code, intent.started_at, intent.billable)
        await draft.check_time_status()
    elif intent.note is not None:
        draft.offered("note")
        draft.note = intent.note
        draft.verbs.append("note")
    if intent.seen is not None:
        draft.offered("note")
        draft.needs_customers_word()
        draft.note = seen_text(intent.seen, read_up_to[0] if isinstance(read_up_to, tuple) else None)
        draft.verbs.append("seen")
    if intent.clear_flag:
        draft.needs_our_word(answering=intent.reply is not None or intent.seen is not None)
    if intent.reply is not None or intent.seen is not None or intent.close or intent.clear_flag:
        await draft.answered()
    if intent.clear_flag:
        draft.needs_signal()
        draft.verbs.append("clear flag")


def _guard(draft: FixDraft, intent: Intent, read_up_to: ReadUpTo) -> None:
    missing = missing_for_close(draft, answers=_answers(intent))
    if not missing:
        return
    if not (intent.because or "").strip():
        raise FixRefused(
            f"{draft.named} is not closed: it lacks {'; '.join(missing)}.",
            hint="Give what is missing, or say why it may be left with --because REASON.",
        )
    reason = f"Closed without {'; '.join(missing)}, because: {(intent.because or '').strip()}"
    if intent.seen is not None:
        # One note: the seen note says both (its mark has to stay at the end).
        up_to = read_up_to[0] if isinstance(read_up_to, tuple) else None
        draft.note = seen_text(f"{intent.seen.strip().rstrip('.')}. {reason}", up_to)
    elif draft.note is not None:
        draft.note = f"{draft.note.rstrip()}\n\n{reason}"
    elif "note" in draft.connector.capabilities.writes:
        draft.note = reason
    draft.remarks.append(f"{reason}.")


def _prepared(draft: FixDraft, fix: Fix, intent: Intent) -> Prepared:
    try:
        steps = draft.connector.plan(fix, draft.ticket)
    except ConnectorError as error:
        raise FixRefused(clean(str(error)), hint=error.hint) from error
    if not steps:
        raise FixRefused(
            f"Nothing to change on {draft.named}.", hint="Name what to fix; see `deskzero fix --help`."
        )
    mails = tuple(dict.fromkeys(address for step in steps for address in step.mails))
    return Prepared(
        connection=draft.connection.name,
        fix=fix,
        ticket=draft.ticket,
        steps=steps,
        verb=", ".join(dict.fromkeys(verb.replace("_", " ") for verb in draft.verbs)),
        preview=_preview(fix),
        mails=mails,
        held=not all(step.undoable for step in steps),
        read_only=draft.connection.read_only,
        closes=draft.closing is not None,
        because=(intent.because or "").strip() or None,
        remarks=tuple(draft.remarks),
        on_the_card=bool(draft.connector.capabilities.on_the_card & fix.fields.keys()),
    )


def _preview(fix: Fix) -> tuple[PreviewLine, ...]:
    lines = [
        PreviewLine(field, show_field(field, fix.was.get(field)), show_field(field, value))
        for field, value in fix.fields.items()
    ]
    for entry, code in fix.entries.items():
        was = fix.entries_was.get(entry)
        lines.append(PreviewLine(f"time entry {entry}", show_field("", was), show_field("", code)))
    if fix.time is not None:
        named = f" {_named(fix.time.code)}" if fix.time.code else ""
        words = f": {fix.time.text}" if fix.time.text else ""
        lines.append(PreviewLine("new time entry", "", f"{fix.time.hours:g} h{named}{words}"))
    if fix.reply is not None:
        lines.append(PreviewLine("reply (public)", "", fix.reply))
    if fix.note is not None:
        lines.append(PreviewLine("note (internal)", "", fix.note))
    return tuple(lines)


def _named(code: Ref) -> str:
    return code.name or code.id
