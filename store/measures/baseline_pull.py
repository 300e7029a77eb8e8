"""Pulls closed tickets of a span with their conversations and time into databases of their own, and looks for what is
wrong with them.

It reads with the requests' budget of the home and writes nothing to the PSA, the cache or the journal: its own
databases are in `Home.baseline`. Each page and each conversation is stored as it comes, so what was interrupted goes on
where it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence

import msgspec

from connectors.budget import told as told_of_waits
from connectors.contract import Capabilities, Quota
from store.cache_upkeep import mark, marked, quarantine, release_tickets, set_state, store_roles
from store.cache_writes import store_tickets
from store.conversations import PER_REQUEST, conversations_of, time_of
from store.desk import Desk
from store.not_known import told
from store.rules.evaluate import evaluate
from store.rules.registry import RULES
from store.settings import KINDS, Settings
from store.sync_round import Progress, Round, Telling

DAY = 86400
_LISTED = "baseline"
SAMPLE = 3
"""So many conversations are read to know what one takes."""

CLOSED_KINDS = (
    "reply_after_close",
    "billing_code",
    "undocumented",
    "unlogged",
    "unbilled",
    "out_of_scope",
)
"""Kinds that say something of a closed ticket."""

IN_SPAN = (
    "t.connection = :c AND t.in_scope AND t.presence = 'here' AND t.is_closed"
    " AND coalesce(t.closed_at, t.updated_at, t.created_at) >= :begins"
    " AND coalesce(t.closed_at, t.updated_at, t.created_at) < :ends"
)


class Estimate(msgspec.Struct, frozen=True):
    """What is still to be read of one connection."""

    connection: str
    closed: int
    """Closed tickets of the span."""
    unread: int
    """Of them, tickets whose conversation or time has not been read."""
    requests: int
    """About so many, by what the first few took."""
    seconds: int | None
    """About so long within the connection's share of the PSA's limits; `None`: no limit is known."""


def looked_for() -> tuple[str, ...]:
    """Those of `CLOSED_KINDS` that this deskzero has rules for."""
    there = {kind for rule in RULES for kind in rule.kinds}
    return tuple(kind for kind in CLOSED_KINDS if kind in there)


def widened(settings: Settings, window: int) -> Settings:
    """The settings with only those kinds looked for, and with windows of `window` seconds; thresholds, exclusions and
    what counts as what stay the company's."""
    rules = settings.rules
    kinds = {}
    for kind in KINDS:
        own = rules.of(kind)
        limits = own.limits | {"window": window} if "window" in own.limits else own.limits
        kinds[kind] = msgspec.structs.replace(own, on=kind in looked_for(), limits=limits)
    wide = msgspec.structs.replace(
        rules, kinds=kinds, custom=(), reply_after_close_window=window, billing_window=window
    )
    return msgspec.structs.replace(settings, rules=wide)


class Closed:
    """The closed tickets of one connection in a span. The desk is that of `Home.baseline`, with `widened` settings."""

    def __init__(
        self, desk: Desk, name: str, begins: int, ends: int, tell: Callable[[Progress], None] | None = None
    ) -> None:
        """`begins` to `ends`: UTC seconds of the closing. Nothing is asked yet."""
        self.desk, self.name, self.begins, self.ends = desk, name, begins, ends
        self.why: list[str] = []
        """Sentences on what could not be read."""
        self.unreadable: set[str] = set()
        """Ids of tickets that were asked for in vain; the next time they are asked for again."""
        self._telling = Telling(name, tell)

    def tell(self, tell: Callable[[Progress], None]) -> None:
        """From now on this hears how far it is."""
        self._telling = Telling(self.name, tell)

    async def estimate(self) -> Estimate:
        """Lists them, unless that was done within a day; reads the first few and says what the rest will take.

        Raises `ConnectorError`.
        """
        round = await self._round()
        can = round.connector.capabilities
        with told_of_waits(self._telling.waits):
            await self._list(round)
            few = self._unread(can)[:SAMPLE]
            conversation, batch = await self._read(round, few)
        left = len(self._unread(can)) - len(self.unreadable)
        requests = left * conversation / max(1, len(few))
        if batch >= len(few) > 1:  # one for each ticket and not one for many
            requests += left * batch / len(few)
        else:
            requests += math.ceil(left / PER_REQUEST) * batch
        connection = self.desk.settings.connections[self.name]
        quotas = can.quota if connection.quota is None else connection.quota
        return Estimate(
            connection=self.name,
            closed=len(self._ids("1")),
            unread=max(0, left),
            requests=math.ceil(requests),
            seconds=_seconds(requests, quotas, connection.quota_share),
        )

    async def read(self) -> None:
        """Reads what is still to be read. Raises `ConnectorError`; what was read until then stays."""
        round = await self._round()
        unread = [one for one in self._unread(round.connector.capabilities) if one not in self.unreadable]
        with told_of_waits(self._telling.waits):
            await self._read(round, unread)

    def evaluate(self) -> None:
        """Looks for what is wrong with them; the rows are in the baseline's own cache."""
        self._telling.goes_on(Progress(self.name, "rules", text="Looking for exceptions"))
        databases = self.desk.databases
        evaluate(
            databases.cache, databases.journal, self.desk.settings, now=self.desk.now, connections=[self.name]
        )

    # ------------------------------------------------------------ reading

    async def _round(self) -> Round:
        connector = await self.desk.connector(self.name)
        return Round(
            databases=self.desk.databases,
            connection=self.desk.settings.connections[self.name],
            connector=connector,
            settings=self.desk.settings,
            now=lambda: self.desk.now,
            tell=self._telling.goes_on,
            began=self.desk.now,
            requests_before=connector.requests,
        )

    async def _list(self, round: Round) -> None:
        """Their records, a transaction a page; open ones are not kept. A list cut off begins again."""
        connection, connector = round.connection, round.connector
        wanted = json.dumps([self.begins, str(connection.scope), connection.technician])
        with self.desk.databases.cache_reads.connect() as cache:
            before = marked(cache, self.name, _LISTED)
        if before is not None and before[0] == wanted and before[1] > round.began - DAY:
            return
        round.progress("verify", text=f"Asking {connector.title}")
        identity = await connector.verify()
        scope = await connector.resolve(connection.scope)
        with self.desk.databases.cache.begin() as cache:
            store_roles(cache, connection)
            set_state(
                cache,
                self.name,
                psa=connection.psa,
                title=connector.title,
                scope=str(connection.scope),
                member_id=identity.member_id,
                member=identity.member,
                identity=msgspec.json.encode(identity).decode(),
                capabilities=msgspec.json.encode(connector.capabilities, order="sorted").decode(),
            )
        closed = {name.casefold() for name in connection.closed_statuses}
        done = 0
        async for page in connector.tickets(scope, None, self.begins):
            kept = [one for one in page.tickets if one.closed or one.status.casefold() in closed]
            with self.desk.databases.cache.begin() as cache:
                store_tickets(cache, self.name, kept, read_at=page.read_at or round.began, scope=scope)
                quarantine(cache, self.name, page.odd, round.now())
                release_tickets(cache, self.name, [one.ticket_id for one in page.tickets])
            done += len(page.tickets)
            round.progress("tickets", done, page.expected, "Reading tickets")
        with self.desk.databases.cache.begin() as cache:
            mark(cache, self.name, _LISTED, wanted, round.began)

    async def _read(self, round: Round, ids: Sequence[str]) -> tuple[int, int]:
        """Conversations and time entries of these tickets; the requests for the one and for the other."""
        can, requests = round.connector.capabilities, round.connector
        before = requests.requests
        if ids and told(can, "conversations"):
            await conversations_of(round, ids)
        between = requests.requests
        if ids and told(can, "time"):
            await time_of(round, ids)
        self.why += round.why
        round.why.clear()
        self.unreadable |= set(ids) & set(self._unread(can))
        return between - before, requests.requests - between

    def _unread(self, can: Capabilities) -> list[str]:
        parts = [
            f"t.{column} IS NULL"
            for what, column in (("conversations", "notes_read_at"), ("time", "time_read_at"))
            if told(can, what)
        ]
        return self._ids(f"({' OR '.join(parts) or '0'})")

    def _ids(self, condition: str) -> list[str]:
        values = {"c": self.name, "begins": self.begins, "ends": self.ends}
        sql = f"SELECT t.ticket_id FROM v_ticket t WHERE {IN_SPAN} AND {condition} ORDER BY t.ticket_id"
        with self.desk.databases.cache_reads.connect() as cache:
            return list(cache.exec_driver_sql(sql, values).scalars())


def _seconds(requests: float, quotas: Sequence[Quota], share: float) -> int | None:
    """How long so many requests take at a share of the tightest limit; its burst is not counted on."""
    rates = [quota.requests * min(1.0, share) / quota.seconds for quota in quotas]
    return math.ceil(requests / min(rates)) if rates else None
