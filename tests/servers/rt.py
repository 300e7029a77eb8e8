"""A real Request Tracker 5 for the tests: a private instance, seeded, on a free port.

Nothing of the machine's own RT is touched: `RT_SITE_CONFIG` points RT at a configuration, a SQLite
database, a mail file and caches in a directory of our own. It works as root or as any other user. Facts
about starting and seeding RT were seen on RT 5.0.3 as Debian 12 packages it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

INSTALL = (
    "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
    "request-tracker5 rt5-db-sqlite rt5-standalone"
)
LIB = Path("/usr/share/request-tracker5/lib")
SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
SETUP = Path("/usr/sbin/rt-setup-database-5")
HERE = Path(__file__).parent

FIELDS = {
    "billing_code": "Billing Code",
    "company": "Client",
    "type": "Request Type",
    "agreement": "Contract",
}
"""`fields` of a connection's settings that fit the seeded custom fields."""


def why_not() -> str | None:
    """Why the real server cannot run here; `None` if it can."""
    missing = [str(path) for path in (LIB / "RT.pm", SERVER, SETUP) if not path.exists()]
    if missing:
        return f"Request Tracker 5 is not installed (no {missing[0]}). As root: {INSTALL}"
    drivers = subprocess.run(["perl", "-MDBD::SQLite", "-e1"], capture_output=True, check=False)
    return None if drivers.returncode == 0 else f"Perl has no DBD::SQLite. As root: {INSTALL}"


@dataclass(frozen=True)
class Said:
    """One answer of RT's API."""

    status: int
    headers: dict[str, str]
    body: Any


class RtServer:
    """A running RT.

    Users: tess (staff, Timezone Europe/Berlin), omar (staff, no zone of his own; the server's is Asia/Tokyo),
    nora (staff, Timezone America/New_York, sees users' phone numbers), lena (privileged, may read and answer,
    not change), pat (a customer, pat@contoso.test). Queues: General, Projects (a lifecycle of its own: new,
    doing, done), Vault (nobody's).
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.tokens: dict[str, str] = {}
        self._server: subprocess.Popen[bytes] | None = None
        self._message = 0
        self._env = {
            **os.environ,
            "RT_SITE_CONFIG": str(home / "site.pm"),
            "RT_SITE_CONFIG_DIR": str(home / "no-such-directory"),
        }

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Makes the database, seeds it and serves it; about 5 seconds."""
        for name in ("var", "mason", "sessions"):
            (self.home / name).mkdir()
        (self.home / "mails").touch()
        config = (HERE / "rt_site.pm").read_text(encoding="utf-8")
        config = config.replace("@HOME@", str(self.home)).replace("@PORT@", str(self.port))
        (self.home / "site.pm").write_text(config, encoding="utf-8")
        self._run([str(SETUP), "--action", "init", "--skip-create", "--prompt-for-dba-password=0"])
        seeded = self._run(["perl", f"-I{LIB}", "-MRT=-init", str(HERE / "rt_seed.pl")])
        self.tokens = json.loads(seeded.splitlines()[-1])
        shutil.copy(self.home / "rtdb", self.home / "seeded")
        self._serve()

    def stop(self) -> None:
        """Ends the server and its workers."""
        server, self._server = self._server, None
        if server is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)

    def reset(self) -> None:
        """Back to the seed: no tickets, no mails. The server goes on running."""
        seeded = sqlite3.connect(self.home / "seeded")
        live = sqlite3.connect(self.home / "rtdb", timeout=10)
        try:
            seeded.backup(live)
        finally:
            live.close()
            seeded.close()
        (self.home / "mails").write_bytes(b"")

    def sql(self, statement: str, *values: Any) -> None:
        """Changes RT's database behind its back: for what the API does not offer, such as the past."""
        live = sqlite3.connect(self.home / "rtdb", timeout=10)
        try:
            live.execute(statement, values)
            live.commit()
        finally:
            live.close()

    def run_perl(self, script: str) -> str:
        """Runs Perl inside RT (about a second). Gives what it printed."""
        return self._run(["perl", f"-I{LIB}", "-MRT=-init", "-e", script])

    def copies(self, table: str, row: str, count: int) -> None:
        """`count` copies of one row of a table, with ids of their own."""
        live = sqlite3.connect(self.home / "rtdb", timeout=10)
        try:
            names = [column[1] for column in live.execute(f"PRAGMA table_info({table})") if column[1] != "id"]
            columns = ", ".join(names)
            for _ in range(count):
                live.execute(
                    f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id = ?", (row,)
                )
            live.commit()
        finally:
            live.close()

    # ------------------------------------------------------------ what people do

    def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "tess",
        headers: dict[str, str] | None = None,
    ) -> Said:
        """One request to REST 2 as `user`; errors come back as their status."""
        request = urllib.request.Request(
            f"{self.url}/REST/2.0{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"token {self.tokens[user]}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Said(answer.status, dict(answer.headers), _decoded(answer.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Said(error.code, dict(error.headers), _decoded(error.read()))

    def get(self, path: str, *, user: str = "tess", **params: str) -> Any:
        """The decoded body of a read that must succeed."""
        query = f"?{urllib.parse.urlencode(params)}" if params else ""
        said = self.api("GET", path + query, user=user)
        assert said.status == 200, (path, said)
        return said.body

    def put(self, ticket_id: str, body: dict[str, Any], *, user: str = "tess") -> Any:
        """Changes a ticket, as a colleague in RT would; the sentences that RT answers."""
        said = self.api("PUT", f"/ticket/{ticket_id}", body, user=user)
        assert said.status == 200, said
        return said.body

    def create_ticket(
        self,
        subject: str = "Printer offline",
        *,
        queue: str = "General",
        owner: str = "tess",
        requestor: str = "pat@contoso.test",
        content: str = "It does not print.",
        user: str = "tess",
        **fields: Any,
    ) -> str:
        """A new ticket's id. `fields` as REST 2 takes them: `Cc`, `CustomFields`, `MemberOf`, `Status` …"""
        body = {
            "Queue": queue,
            "Subject": subject,
            "Requestor": requestor,
            "Owner": owner,
            "Content": content,
        }
        said = self.api("POST", "/ticket", {**body, **fields}, user=user)
        assert said.status == 201, said
        return str(said.body["id"])

    def reply(self, ticket_id: str, text: str, *, user: str = "tess", **more: Any) -> None:
        """A public answer (RT's correspond)."""
        self._message_to(ticket_id, "correspond", text, user, more)

    def comment(self, ticket_id: str, text: str, *, user: str = "tess", **more: Any) -> None:
        """An internal note; `TimeTaken=15` logs 15 minutes."""
        self._message_to(ticket_id, "comment", text, user, more)

    def mail(
        self,
        sender: str,
        ticket_id: str | None,
        body: str,
        *,
        subject: str = "Re: help",
        content_type: str = "text/plain; charset=utf-8",
        queue: str = "General",
        file: tuple[str, int] | None = None,
    ) -> None:
        """A customer's mail, through RT's own mail gateway; without a ticket it opens one. `file`: a picture's name and
        size in bytes, sent with it."""
        self._message += 1
        if file is not None:
            content_type, body = _with_file(content_type, body, *file)
        tag = f"[deskzero.test #{ticket_id}] " if ticket_id else ""
        message = (
            f"From: {sender}\nTo: rt@deskzero.test\nSubject: {tag}{subject}\n"
            f"Message-Id: <{self._message}.{time.time_ns()}@contoso.test>\nMIME-Version: 1.0\n"
            f"Content-Type: {content_type}\nContent-Transfer-Encoding: 8bit\n\n{body}\n"
        )
        form = urllib.parse.urlencode({"message": message, "queue": queue, "action": "correspond"}).encode()
        gateway = f"{self.url}/REST/1.0/NoAuth/mail-gateway"
        with urllib.request.urlopen(gateway, data=form, timeout=30) as answer:
            said = answer.read().decode("utf-8", "replace")
        assert said.startswith("ok"), said

    def etag(self, ticket_id: str) -> str:
        """The ticket's conflict token now."""
        return self.api("GET", f"/ticket/{ticket_id}").headers["ETag"]

    def custom(self, ticket_id: str, name: str) -> list[str]:
        """A custom field's values as RT has them now."""
        fields = self.get(f"/ticket/{ticket_id}")["CustomFields"]
        return next(field["values"] for field in fields if field["name"] == name)

    def notes(self, ticket_id: str, kind: str = "Correspond") -> list[dict[str, Any]]:
        """The ticket's transactions of one type, oldest first."""
        rows = self.get(f"/ticket/{ticket_id}/history", fields="Type,Creator,TimeTaken", per_page="100")
        return [row for row in rows["items"] if row["Type"] == kind]

    def outgoing(self) -> list[str]:
        """The mails that RT has sent since the start or the last reset, headers included."""
        text = (self.home / "mails").read_text(encoding="utf-8", errors="replace")
        return text.split("\n===\n")[1:]

    # ------------------------------------------------------------ inside

    def _message_to(self, ticket_id: str, verb: str, text: str, user: str, more: dict[str, Any]) -> None:
        body = {"Content": text, "ContentType": "text/plain", **more}
        said = self.api("POST", f"/ticket/{ticket_id}/{verb}", body, user=user)
        assert said.status == 201, said

    def _run(self, command: Sequence[str]) -> str:
        done = subprocess.run(
            command,
            env=self._env,
            cwd=self.home,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def _serve(self) -> None:
        command = ["perl", str(SERVER), "--host", "127.0.0.1", "--port", str(self.port), "--max-workers", "3"]
        if setpriv := shutil.which("setpriv"):
            # A signal from the kernel when this process dies, however it dies.
            command = [setpriv, "--pdeathsig", "TERM", *command]
        with (self.home / "rt.log").open("wb") as log:
            self._server = subprocess.Popen(
                command, env=self._env, cwd=self.home, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._server.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                break
            time.sleep(0.05)
        else:
            pytest.fail(f"RT did not start: {(self.home / 'rt.log').read_text(encoding='utf-8')[-2000:]}")
        assert "Version" in self.get("/rt")


def _with_file(content_type: str, body: str, name: str, size: int) -> tuple[str, str]:
    picture = base64.encodebytes(bytes(size)).decode()
    parts = (
        f"Content-Type: {content_type}\n\n{body}\n",
        f'Content-Type: image/png; name="{name}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{name}"\n\n{picture}',
    )
    return 'multipart/mixed; boundary="part"', "".join(f"--part\n{part}" for part in parts) + "--part--"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


@pytest.fixture(scope="session")
def rt_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtServer]:
    """The one RT of this test run. Tests ask for `rt_server`. Where RT is not installed they are skipped;
    with `DESKZERO_REQUIRE_RT` set they fail."""
    if reason := why_not():
        if os.environ.get("DESKZERO_REQUIRE_RT"):
            pytest.fail(reason)
        pytest.skip(f"REAL SERVER NOT TESTED: {reason}")
    server = RtServer(tmp_path_factory.mktemp("rt"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def rt_server(rt_process: RtServer) -> RtServer:
    """A real RT, as seeded: no tickets, no mails."""
    rt_process.reset()
    return rt_process
