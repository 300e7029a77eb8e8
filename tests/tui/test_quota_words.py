"""What `doctor` and `sync` say of a PSA's limit, our share and what is used of it."""

from __future__ import annotations

import json

import msgspec
import pytest

from connectors.contract import Quota
from store.bucket import State
from store.settings import Connection
from tests.tui.cli_runner import Cli
from tests.tui.small_day import CAN, NOW
from tui.commands.quota_words import quota_words

HALOPSA = Quota(requests=300, seconds=300, source="users say so")
ALGAPSA = Quota(requests=60, seconds=60, burst=120, whose="key")


def words(*quotas, state=None, settings=None, share=0.1):
    can = msgspec.structs.replace(CAN, quota=quotas)
    of = Connection(name="acme", psa="connectwise", quota=settings, quota_share=share)
    return quota_words(of, can, state, NOW)


def used(quota, part):
    state = State()
    state.fit((quota,), 0.1, NOW)
    state.buckets[0].tokens *= 1 - part
    return state


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (words(), "quota: no limit is known"),
        (words(HALOPSA, settings=()), "quota: none, as the settings say"),
        (
            words(HALOPSA, share=0.05),
            "quota: 300 requests in 5 minutes for the company (users say so); 5 % of it is ours",
        ),
        (
            words(ALGAPSA, state=used(ALGAPSA, 0.5)),
            "quota: 60 requests a minute for these credentials; 10 % of it is ours;"
            " 50 % of the 60 that may go at once is used",
        ),
    ],
)
def test_in_one_line(said, line):
    assert said == line


def test_before_the_first_sync_nothing_is_known():
    assert quota_words(Connection(name="acme", psa="rt"), None, None, NOW) == "quota: no limit is known"


def test_the_psa_s_wait_is_named():
    state = State()
    state.hush(40, NOW)
    assert words(state=state) == "quota: no limit is known; the PSA asks to wait 40 s"


def test_sync_names_it_too(synced: Cli):
    done = synced.run("sync")
    assert done.code == 0 and "10 % of it is ours" in done.out and "that may go at once is used" in done.out
    budget = json.loads(synced.run("sync", "--json").out)["budget"]
    assert 0 < budget["acme"]["used"] < 1 and budget["acme"]["waits"] == 0
