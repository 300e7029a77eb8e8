"""One fix in the making: each verb of an intent adds its part, names resolved, fences kept."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.contract import (
    TICKET_FIELDS,
    Choice,
    Connector,
    ConnectorError,
    NewTime,
    Ref,
    TimeRecord,
    Value,
)
from connectors.text import clean
from store import cached
from store.changes import BY_NAME_ONLY, same_value, value_of
from store.contact_tickets import others_open
from store.database import Databases
from store.fix_names import FixRefused, Names, ref
from store.fix_words import closes, closing_first
from store.settings import Connection

CHOSEN = ("contact", "agreement", "type", "subtype", "item", "priority", "site", "source", "board")
"""Fields whose values are choices; the others that `--set` knows are texts and `due_at`."""
_TEXTS = ("contact_phone", "contact_email", "cc", "summary")
MOST_HOURS = 24.0


class FixDraft:
    """Collects the parts of a fix of one ticket. Every method raises `FixRefused` for what cannot be."""

    def __init__(
        self,
        databases: Databases,
        connection: Connection,
        connector: Connector,
        seen: cached.Roles,
        names: Names,
    ) -> None:
        self.databases = databases
        self.connection = connection
        self.connector = connector
        self.roles = seen
        self.ticket = seen.record
        self.names = names
        self.fields: dict[str, Value] = {}
        self.entries: dict[str, Ref | None] = {}
        self.entries_was: dict[str, Ref | None] = {}
        self.reply: str | None = None
        self.note: str | None = None
        self.time: NewTime | None = None
        self.verbs: list[str] = []
        self.remarks: list[str] = []
        self.closing: Choice | None = None
        """The status that closes, if this fix closes the ticket."""

    # ------------------------------------------------------------ billing code

    async def billing_code(self, said: str, entry: str | None, *, new_time: bool) -> None:
        """The code on the ticket if that is empty, and on the technician's own uncoded, unlocked entries;
        with `entry` on that one alone; with `new_time` on the new entry, and on the ticket if it has none.
        Where nothing lacks a code, the ticket's own is replaced."""
        code = ref(await self.names.find("billing_code", said))
        can = self.connector.capabilities
        self.verbs.append("billing code")
        if entry is not None:
            self._code_entry(self._entry(entry), code)
            return
        on_ticket = can.code_on_ticket and "billing_code" in can.writes
        if on_ticket and value_of(self.ticket, "billing_code") is None:
            self.fields["billing_code"] = code
        if new_time:
            if not on_ticket and not can.code_on_time:
                self.offered("billing_code")
            return
        if can.code_on_time:
            for uncoded in self.own_uncoded():
                if not uncoded.locked and "entry_code" in can.writes:
                    self._code_entry(uncoded, code)
        if not self.fields.get("billing_code") and not self.entries:
            self.offered("billing_code" if can.code_on_ticket else "entry_code")
            if not can.code_on_ticket:
                raise FixRefused(
                    f"{self.named} has no time entry of yours that lacks a {can.code_name}.",
                    hint="Name another entry with --entry ID.",
                )
            self.fields["billing_code"] = code

    async def replace_code(self, said: str) -> None:
        """The ticket's own code, whatever it was; an empty one takes it away."""
        self.offered("billing_code")
        code = await self.names.find("billing_code", said) if said.strip() else None
        self.fields["billing_code"] = None if code is None else ref(code)
        self.verbs.append("billing code")

    async def code_for_time(self, said: str | None) -> Ref | None:
        """The new entry's code, where this PSA has codes on time."""
        if said is None or not self.connector.capabilities.code_on_time:
            return None
        return ref(await self.names.find("billing_code", said))

    def own_uncoded(self) -> list[TimeRecord]:
        """The technician's own entries without a code that are already in the PSA, locked ones too."""
        with self.databases.cache_reads.begin() as db:
            entries = cached.time_entries(db, self.connection.name, self.ticket.ticket_id)
            member_id, member, _ = cached.us(db, self.connection.name)
        mine = {name.casefold() for name in (member, self.connection.technician) if name}
        return [
            entry
            for entry in entries
            if not entry.billing_code_id
            and not entry.billing_code
            and not entry.time_id.startswith("~")
            and ((member_id and entry.member_id == member_id) or (entry.member or "").casefold() in mine)
        ]

    def _entry(self, entry_id: str) -> TimeRecord:
        with self.databases.cache_reads.begin() as db:
            entries = cached.time_entries(db, self.connection.name, self.ticket.ticket_id)
        known = [entry for entry in entries if not entry.time_id.startswith("~")]
        for entry in known:
            if entry.time_id == entry_id.strip():
                return entry
        raise FixRefused(
            f'{self.named} has no time entry "{clean(entry_id)}".',
            candidates=[f"{entry.time_id} ({entry.hours:g} h, {clean(entry.member)})" for entry in known],
        )

    def _code_entry(self, entry: TimeRecord, code: Ref) -> None:
        self.offered("entry_code")
        if entry.locked:
            raise FixRefused(
                f"Time entry {entry.time_id} of {self.named} is invoiced or approved: the PSA will not let it"
                " change.",
                hint="Ask billing to unlock it, or to set the code in the PSA.",
            )
        self.entries[entry.time_id] = code
        has = entry.billing_code_id or entry.billing_code
        self.entries_was[entry.time_id] = (
            Ref(entry.billing_code_id or "", entry.billing_code or "") if has else None
        )

    # ------------------------------------------------------------ fields

    async def status(self, said: str) -> None:
        """Another status of the ticket's board."""
        choice = await self.names.find("status", said)
        self.set_status(choice)
        self.verbs.append("status")

    def set_status(self, choice: Choice) -> None:
        """Notes whether the status closes the ticket; then the close guard is due."""
        self.offered("status")
        self.fields["status"] = ref(choice)
        if self.closes(choice) and not self.roles.closed:
            self.closing = choice

    def closes(self, choice: Choice) -> bool:
        """By the PSA's own marker or by the settings."""
        return closes(choice, self.connection)

    async def close(self) -> None:
        """Picks the closing status: among those valid for the board that close, the first one that the
        settings name in `closing_statuses`, then in `closed_statuses`, then the PSA's own order."""
        if self.roles.closed:
            raise FixRefused(f"{self.named} is closed already ({clean(self.ticket.status)}).")
        self.offered("status")
        valid = closing_first(await self.names.all("status"), self.connection)
        if not valid:
            raise FixRefused(
                f"No status of {clean(self.ticket.board) or 'this board'} is known to close a ticket.",
                hint="Name it with --status, or in closed_statuses of the settings.",
            )
        self.set_status(valid[0])
        self.verbs.append("close")

    async def owner(self, said: str) -> None:
        """Another technician; an empty name takes the owner away."""
        self.offered("owner")
        self.fields["owner"] = ref(await self.names.find("owner", said)) if said.strip() else None
        self.verbs.append("owner")

    async def set(self, field: str, said: str) -> None:
        """`--set FIELD=VALUE`: a canonical field or `custom:<name>`; an empty value empties it."""
        if field == "status":
            return await self.status(said)
        if field == "owner":
            return await self.owner(said)
        if field.startswith("custom:"):
            return self._set_custom(field, said)
        if field not in (*TICKET_FIELDS, *CHOSEN, *_TEXTS):
            raise FixRefused(
                f'There is no field "{clean(field)}".',
                candidates=[*sorted({*TICKET_FIELDS, *CHOSEN, *_TEXTS}), "custom:<name>"],
            )
        if field not in self.connector.capabilities.fields:
            raise FixRefused(f'{self.connector.title} has no field "{field}".')
        self.offered(field)
        if not said.strip():
            self.fields[field] = None
        elif field in CHOSEN:
            self.fields[field] = await self._chosen(field, said)
        elif field == "due_at":
            self.fields[field] = _time(said, self.connection.timezone)
        else:
            self.fields[field] = said.strip()
        self.verbs.append(field)
        return None

    def tell_of_the_card(self) -> None:
        """What is set on the contact's card holds for all of his tickets: says so."""
        if not self.connector.capabilities.on_the_card & self.fields.keys():
            return
        with self.databases.cache_reads.connect() as cache:
            others = others_open(cache, self.connection.name, self.ticket.contact_id, self.ticket.ticket_id)
        more = f" {len(others)} other open one{'s' * (len(others) > 1)} here." if others else ""
        self.remarks.append(
            f"On the card of {clean(self.ticket.contact)}: it holds for all tickets of this contact.{more}"
        )

    async def _chosen(self, field: str, said: str) -> Value:
        """One of the valid choices; plain text where this PSA has no list for the field at all."""
        try:
            return ref(await self.names.find(field, said))
        except FixRefused:
            if await self.names.has_list(field):
                raise
            return said.strip()

    def _set_custom(self, field: str, said: str) -> None:
        name = field.removeprefix("custom:")
        # The PSA's own spelling, where case alone differs.
        for known in self.ticket.custom:
            if known.casefold() == name.casefold():
                field = f"custom:{known}"
        writes = self.connector.capabilities.writes
        if field not in writes:
            self.offered("custom")
        self.fields[field] = said.strip() or None
        self.verbs.append(field)

    def no_parent(self) -> None:
        """Takes the ticket from its parent."""
        if not self.ticket.parent_ids:
            raise FixRefused(f"{self.named} has no parent.")
        self.offered("detach")
        self.fields["parent"] = None
        self.verbs.append("no parent")

    # ------------------------------------------------------------ words and time

    def log_time(
        self, hours: float, text: str, code: Ref | None, started_at: int | None, billable: str | None
    ) -> None:
        """Hours of work, with `text` as the entry's text."""
        self.offered("time")
        if not 0 < hours <= MOST_HOURS:  # also refuses what is not a number
            raise FixRefused(f"Time is more than 0 and at most {MOST_HOURS:g} hours, not {hours:g}.")
        self.time = NewTime(
            hours=hours,
            code=code if self.connector.capabilities.code_on_time else None,
            text=text,
            started_at=started_at,
            billable=billable,
        )
        self.verbs.append("time")

    async def check_time_status(self) -> None:
        """Refuses time where neither the present nor the new status takes any, as far as is known."""
        wanted = self.fields.get("status")
        ids = [self.ticket.status_id, wanted.id if isinstance(wanted, Ref) else self.ticket.status_id]
        known = {choice.id: choice for choice in self.names.cached("status")}
        if all(one in known and not known[one].accepts_time for one in ids if one is not None) and any(ids):
            raise FixRefused(
                f'The status "{clean(known[ids[-1] or ids[0] or ""].name)}" takes no time.',
                hint="Set a status that does with --status, in the same fix.",
            )

    def needs_customers_word(self) -> None:
        """A seen note is about the customer's last word: there has to be one, or a signal."""
        with self.databases.cache_reads.begin() as db:
            last = cached.last_word_is_customers(db, self.connection.name, self.ticket.ticket_id)
        if last or self.ticket.customer_flag or self.roles.responded:
            return
        raise FixRefused(
            f"{self.named} has no customer's note that waits for an answer.",
            hint="For a remark of your own use --note.",
        )

    def needs_our_word(self, *, answering: bool) -> None:
        """The flag alone is cleared only when staff has the last word: else somebody is left unanswered."""
        with self.databases.cache_reads.begin() as db:
            last = cached.last_word_is_customers(db, self.connection.name, self.ticket.ticket_id)
        if last is False or answering:
            return
        raise FixRefused(
            f"The flag of {self.named} stays: "
            + ("the customer has the last word." if last else "nobody has answered yet."),
            hint="Answer with --reply, or say why none is needed with --seen.",
        )

    def needs_signal(self) -> None:
        """Clearing needs something to clear."""
        if "customer_flag" in self.fields or "status" in self.fields:
            return
        if self.ticket.customer_flag:
            self.offered("customer_flag")
        raise FixRefused(f"{self.named} has no flag to clear.")

    async def answered(self) -> None:
        """Clears the PSA's signal where there is one and it can be written: the flag, and a status of
        `responded_statuses`, which becomes `answered_status`."""
        can = self.connector.capabilities
        if can.flag and self.ticket.customer_flag and "customer_flag" in can.writes:
            self.fields["customer_flag"] = False
        wanted = self.connection.answered_status
        if (
            not self.roles.responded
            or wanted is None
            or "status" in self.fields
            or "status" not in can.writes
        ):
            return
        try:
            choice = await self.names.find("status", wanted)
        except (FixRefused, ConnectorError) as error:
            self.remarks.append(f'The status stays "{clean(self.ticket.status)}": {clean(str(error))}')
            return
        if self.closes(choice):
            self.remarks.append(f'The status stays: "{clean(choice.name)}" (answered_status) would close it.')
        elif not same_value(value_of(self.ticket, "status"), ref(choice)):
            self.fields["status"] = ref(choice)

    # ------------------------------------------------------------ shared

    def was(self) -> dict[str, Value]:
        """The present values of the fields that are set, as a fix could put them back: a record has the mere
        name of some, which becomes a reference where the choice is known."""
        values: dict[str, Value] = {}
        for field, wanted in self.fields.items():
            value = value_of(self.ticket, field)
            if field in BY_NAME_ONLY and isinstance(value, str) and isinstance(wanted, Ref):
                named = [choice for choice in self.names.cached(field) if same_value(ref(choice), value)]
                value = ref(named[0]) if named else value
            values[field] = value
        return values

    def anything_offered(self) -> None:
        """Refuses every fix where this PSA's API takes none, before names are looked up that it does not list."""
        can = self.connector.capabilities
        if not can.writes:
            raise FixRefused(
                f"{self.connector.title}: changing a ticket is not offered by its API as known.",
                hint=can.absent.get("status", ""),
            )

    def offered(self, verb: str) -> None:
        """Refuses what this PSA's API does not offer, with the connector's reason."""
        can = self.connector.capabilities
        if verb in can.writes:
            return
        raise FixRefused(
            f"{self.connector.title}: {verb.replace('_', ' ')} is not offered by its API as known.",
            hint=can.absent.get(verb, ""),
        )

    @property
    def named(self) -> str:
        """The ticket as people say it."""
        return f"#{clean(self.ticket.number)}"


def _time(said: str, timezone: str) -> int:
    """`YYYY-MM-DD[ HH:MM]`, in the connection's zone unless it has one of its own; as UTC seconds."""
    try:
        when = datetime.fromisoformat(said.strip())
    except ValueError:
        raise FixRefused(
            f'"{clean(said)}" is no time.', hint="Write it as 2026-11-20 or 2026-11-20 14:30."
        ) from None
    return int((when if when.tzinfo else when.replace(tzinfo=ZoneInfo(timezone))).timestamp())
