"""A deskzero process for the crash tests, to be killed: `python -m tests.store.crash_child HOME URL DOES TEXT`.

`DOES` is `submit` (a note, into the outbox, then waits for the end) or `push` (the same, then sends). It prints
a line when the fix is in the journal.
"""

from __future__ import annotations

import asyncio
import sys
import time

from connectors import open_connector
from connectors.simulators.serve import demo_secrets, demo_settings
from store.database import Databases
from store.fixes import Intent, prepare
from store.home import Home
from store.outbox import submit
from store.sender import push
from store.settings import Connection, Settings


def demo_connection(url: str) -> tuple[Connection, dict[str, str]]:
    """The connection to a simulator, and the options that open it."""
    table = demo_settings("connectwise", url)
    own = ("url", "company", "client_id", "public_key", "technician")
    connection = Connection(
        name="demo",
        psa="connectwise",
        technician=table["technician"],
        child_statuses=tuple(table["child_statuses"]),
        responded_statuses=tuple(table["responded_statuses"]),
        answered_status=table["answered_status"],
        closing_statuses=tuple(table["closing_statuses"]),
    )
    return connection, {name: table[name] for name in own}


async def main(home: Home, url: str, does: str, ticket_id: str, words: str) -> None:
    connection, options = demo_connection(url)
    settings = Settings(connections={"demo": connection})
    connector = open_connector("connectwise", "demo", options, demo_secrets())

    def now() -> int:
        return int(time.time())

    with Databases.open(home) as databases:
        prepared = await prepare(
            databases, settings, connection, connector, Intent(note=words), ticket_id, now=now()
        )
        change = submit(databases, settings, connection, prepared, now=now(), immediately=True)
        sys.stdout.write(f"{change}\n")
        sys.stdout.flush()
        if does == "push":
            await push(databases, settings, {"demo": connector}, home, now=now)
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(Home.at(sys.argv[1]), *sys.argv[2:6]))
