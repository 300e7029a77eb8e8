"""The tests' own Request Tracker: what it promises to tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import rt
from tests.servers.rt import RtServer


def test_where_it_is_not_installed_the_reason_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rt, "SERVER", Path("/no/such/rt-server"))
    reason = rt.why_not()
    assert reason is not None and "apt-get install" in reason and "request-tracker5" in reason


def test_each_test_begins_with_an_empty_server(rt_server: RtServer) -> None:
    first = rt_server.create_ticket()
    rt_server.mail("pat@contoso.test", first, "Hello")
    assert rt_server.outgoing()
    rt_server.reset()
    assert (rt_server.get("/tickets", query="id > 0")["total"], rt_server.outgoing()) == (0, [])
    assert rt_server.create_ticket() == first


def test_nothing_of_the_machines_own_server_is_used(rt_server: RtServer) -> None:
    places = rt_server.run_perl(
        "print join ' ', map { RT->Config->Get($_) } qw(DatabaseName WebBaseURL); print \" $RT::MasonDataDir\""
    )
    assert places == f"{rt_server.home}/rtdb {rt_server.url} {rt_server.home}/mason"
