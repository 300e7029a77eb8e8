"""The budget that all processes of a home share: burst, refill, reserve, the PSA's word, bad clocks, bad files."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.budget import GO
from connectors.contract import Quota
from store import budget as budgets
from store.bucket import LONGEST_QUIET, State, fitted
from store.budget import SharedBudget, look

ROOT = Path(__file__).parents[2]
T0 = 1_795_183_200.0
CONNECTWISE = Quota(requests=1000, seconds=60)
AUTOTASK = Quota(requests=10_000, seconds=3600)
HALOPSA = Quota(requests=300, seconds=300, pause=60)
SYNCRO = Quota(requests=180, seconds=60, whose="address")
ALGAPSA = Quota(requests=60, seconds=60, burst=120, whose="key")
ALL = [CONNECTWISE, AUTOTASK, HALOPSA, SYNCRO, ALGAPSA]


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "budget.db"


def budget(path: Path, clock: Clock, *quotas: Quota, share: float = 0.1) -> SharedBudget:
    made = SharedBudget(path, "acme", share, clock=clock)
    made.limit(quotas or (CONNECTWISE,))
    return made


def drain(of: SharedBudget, *, personal: bool = False) -> int:
    """Takes what there is; how many that were."""
    count = 0
    while of.take(personal=personal) == GO:
        count += 1
        assert count < 20_000
    return count


# ---------------------------------------------------------------- arithmetic


@pytest.mark.parametrize(
    ("quota", "burst", "reserve", "a_minute"),
    [(CONNECTWISE, 500, 100, 100), (AUTOTASK, 5000, 1000, 16.67), (HALOPSA, 150, 30, 6), (SYNCRO, 90, 18, 18),
     (ALGAPSA, 60, 12, 6), (Quota(requests=60, seconds=60), 30, 10, 6), (Quota(requests=10, seconds=60), 5, 2.5, 1)],
)  # fmt: skip
def test_what_each_psa_leaves_us(quota: Quota, burst: float, reserve: float, a_minute: float) -> None:
    bucket = fitted(quota, 0.1, T0)
    assert (bucket.capacity, bucket.reserve) == (burst, reserve)
    assert bucket.refill * 60 == pytest.approx(a_minute, rel=0.01)


@given(
    st.integers(1, 20_000),
    st.sampled_from((1, 60, 300, 3600)),
    st.floats(0.001, 1.0),
    st.none() | st.integers(1, 5000),
)
def test_everybody_gets_something_whatever_the_limit(
    requests: int, seconds: int, share: float, burst: int | None
) -> None:
    quota = Quota(requests=requests, seconds=seconds, burst=burst)
    bucket = fitted(quota, share, T0)
    assert bucket.wait(T0, personal=False) == 0
    assert bucket.refill > 0 and 0 <= bucket.reserve <= bucket.capacity - 1
    bucket.tokens = 0.0
    assert bucket.wait(T0 + bucket.wait(T0, personal=False) + 1e-3, personal=False) == 0


@given(
    st.sampled_from(ALL),
    st.sampled_from((0.01, 0.1, 0.5, 0.9, 1.0)),
    st.lists(st.tuples(st.floats(0, 400), st.integers(1, 300), st.booleans()), min_size=1, max_size=25),
)
def test_over_any_window_no_more_goes_than_burst_and_refill(
    quota: Quota, share: float, tries: list[tuple[float, int, bool]]
) -> None:
    """Whoever asks, however often: and never more than the whole company may send."""
    state, now = State(), T0
    state.fit((quota,), share, now)
    bucket = state.buckets[0]
    sent: list[tuple[float, int]] = []
    for pause, count, personal in tries:
        now += pause
        state.fit((quota,), share, now)
        sent.append((now, sum(state.take(now, personal=personal) == GO for _ in range(count))))
    bucket = state.buckets[0]
    for first, (begin, _) in enumerate(sent):
        for end in range(first, len(sent)):
            used = sum(count for _, count in sent[first : end + 1])
            length = sent[end][0] - begin
            assert used <= bucket.capacity + bucket.refill * length + 0.01
            if length <= quota.seconds and quota.burst is None:
                assert used <= quota.requests + 0.01


# ---------------------------------------------------------------- burst, reserve, refill


def test_the_reserve_is_for_a_person(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    assert drain(of) == 400
    assert drain(of, personal=True) == 100
    turn = of.take(personal=True)
    assert turn.wait == pytest.approx(0.6, abs=0.01) and not turn.asked
    assert of.take(personal=False).wait == pytest.approx(101 * 0.6, abs=0.1)
    of.close()


def test_what_flows_back_fills_the_reserve_first(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    drain(of, personal=True)
    clock.now += 30
    assert drain(of) == 0
    assert drain(of, personal=True) == 50
    of.close()


def test_on_average_our_share_goes(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    drain(of)
    sent = 0
    for _ in range(600):
        clock.now += 1
        sent += drain(of)
    assert sent == pytest.approx(1000, abs=2), "ten minutes at 10 % of 1000 a minute"
    of.close()


def test_after_a_sleep_it_is_full_and_no_fuller(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    drain(of, personal=True)
    clock.now += 8 * 3600
    assert drain(of, personal=True) == 500
    of.close()


def test_several_limits_hold_at_once(path: Path, clock: Clock) -> None:
    of = budget(path, clock, SYNCRO, Quota(requests=100, seconds=3600))
    assert drain(of, personal=True) == 50
    of.close()


def test_without_a_known_limit_only_the_psa_s_word_counts(path: Path, clock: Clock) -> None:
    of = SharedBudget(path, "desk", 0.1, clock=clock)
    assert all(of.take(personal=False) == GO for _ in range(2000))
    of.quiet(30)
    assert of.take(personal=True) == (30, True)
    of.close()


def test_connections_do_not_share(path: Path, clock: Clock) -> None:
    acme, other = budget(path, clock), SharedBudget(path, "other", 0.1, clock=clock)
    other.limit((CONNECTWISE,))
    drain(acme, personal=True)
    acme.quiet(30)
    assert drain(other) == 400
    acme.close()
    other.close()


def test_other_settings_keep_what_was_used(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    drain(of, personal=True)
    of.close()
    more = budget(path, clock, share=0.5)
    assert drain(more, personal=True) == 0
    clock.now += 6
    assert drain(more, personal=True) == 50
    more.close()


# ---------------------------------------------------------------- the PSA's word


def test_the_psa_s_wait_holds_for_all_and_for_a_person_too(path: Path, clock: Clock) -> None:
    one, two = budget(path, clock), budget(path, clock)
    one.quiet(40)
    clock.now += 10
    assert two.take(personal=True) == (30, True)
    two.quiet(5)
    assert one.take(personal=False) == (30, True), "a shorter wait does not end a longer one"
    clock.now += 30
    assert two.take(personal=False) == GO
    one.close()
    two.close()


@pytest.mark.parametrize(
    ("quotas", "pause"), [((HALOPSA,), 60), ((CONNECTWISE,), 1), ((CONNECTWISE, HALOPSA), 60)]
)
def test_a_429_without_a_time_waits_as_the_limit_says(
    path: Path, clock: Clock, quotas: tuple[Quota, ...], pause: int
) -> None:
    of = budget(path, clock, *quotas)
    of.quiet(None)
    assert of.take(personal=True) == (pause, True)
    of.close()


def test_an_absurd_wait_ends_after_an_hour(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    of.quiet(1e9)
    assert of.take(personal=True).wait == LONGEST_QUIET
    of.close()


# ---------------------------------------------------------------- clocks


def test_a_clock_set_back_neither_gives_nor_takes_for_long(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    drain(of, personal=True)
    clock.now -= 86400
    assert drain(of, personal=True) == 0
    clock.now += 6
    assert drain(of, personal=True) == 10, "it fills again from the new time on"
    of.close()


def test_a_clock_set_back_does_not_make_the_psa_s_wait_longer(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    of.quiet(40)
    clock.now -= 86400
    assert of.take(personal=False) == (40, True)
    clock.now += 41
    assert of.take(personal=False) == GO
    of.close()


def test_two_readings_of_the_clock_out_of_order_give_nothing_twice() -> None:
    state = State()
    state.fit((CONNECTWISE,), 0.1, T0)
    state.buckets[0].tokens = 0.0
    for now in (T0 + 6.0, T0 + 5.5, T0 + 6.0, T0 + 5.5, T0 + 6.0):
        state.take(now, personal=True)
    assert state.buckets[0].tokens <= 10 - 5 + 1e-6


# ---------------------------------------------------------------- the file


def test_a_damaged_file_is_made_anew_and_the_log_says_so(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database, however long one looks at it" * 100)
    of = budget(path, clock)
    assert of.take(personal=False) == GO
    assert "was damaged" in caplog.text
    assert look(path)["acme"].buckets[0].tokens == 499
    of.close()


def test_one_damaged_while_it_is_open(path: Path, clock: Clock) -> None:
    of = budget(path, clock)
    of.take(personal=False)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE budget")
    assert of.take(personal=False) == GO
    assert "acme" in look(path)
    of.close()


@pytest.mark.parametrize("state", ["", "{", "[]", '{"buckets": 5}', '{"buckets": [{"tokens": "many"}]}'])
def test_nonsense_in_it_is_a_new_beginning(path: Path, clock: Clock, state: str) -> None:
    of = budget(path, clock)
    of.take(personal=False)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE budget SET state = ?", (state,))
    assert of.take(personal=False) == GO
    assert look(path)["acme"].buckets[0].tokens == 499
    of.close()


def test_a_file_taken_away_is_followed(path: Path, clock: Clock) -> None:
    one, two = budget(path, clock), budget(path, clock)
    drain(one, personal=True)
    two.take(personal=True)
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    one.take(personal=True)
    one.quiet(30)
    assert two.take(personal=True) == (30, True), "both are at the new file"
    one.close()
    two.close()


def test_a_file_of_a_later_version_is_made_anew(path: Path, clock: Clock) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE budget (something_else)")
        db.execute("PRAGMA user_version = 99")
    of = budget(path, clock)
    assert of.take(personal=False) == GO and "acme" in look(path)
    of.close()


def test_a_locked_file_stops_no_work_and_the_limit_holds_all_the_same(
    path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "BUSY", 0.05)
    of = budget(path, clock)
    for _ in range(390):
        of.take(personal=False)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert drain(of) == 10
        assert time.monotonic() - began < 3, "it is not waited for again and again"
        other.execute("ROLLBACK")
    assert caplog.text.count("cannot be used (database is locked)") == 1
    of.close()


def test_a_folder_that_cannot_be_written_stops_no_work(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("in the way")
    of = budget(tmp_path / "file" / "budget.db", clock)
    assert drain(of) == 400
    of.close()


def test_looking_makes_no_file_and_reads_what_there_is(path: Path, clock: Clock) -> None:
    assert look(path) == {} and not path.exists()
    of = budget(path, clock)
    drain(of)
    state = look(path)["acme"]
    assert state.used(T0) == pytest.approx(0.8)
    assert state.waits_for(T0) == pytest.approx(0.6, abs=0.01)
    of.quiet(40)
    assert look(path)["acme"].waits_for(T0 + 10) == 30
    of.close()
    path.write_bytes(b"no database" * 1000)
    assert look(path) == {}


def test_a_take_is_quick(path: Path, clock: Clock) -> None:
    """It is asked on the event loop: 0.04 ms measured, allowed 5 for a busy machine."""
    of = budget(path, clock, Quota(requests=10**6, seconds=60))
    began = time.perf_counter()
    for _ in range(500):
        of.take(personal=False)
    assert (time.perf_counter() - began) / 500 < 0.005
    of.close()


# ---------------------------------------------------------------- processes

TAKER = """
import json, sys, time
from pathlib import Path
from connectors.budget import GO
from connectors.contract import Quota
from store.budget import SharedBudget

of = SharedBudget(Path(sys.argv[1]), "acme", 0.1)
of.limit((Quota(requests=1000, seconds=3600),))
print("ready", flush=True)
for line in sys.stdin:
    words = line.split()
    if words[0] == "drain":
        count, until = 0, time.monotonic() + 30
        while of.take(personal=False) == GO and time.monotonic() < until:
            count += 1
        print(count, flush=True)
    elif words[0] == "quiet":
        of.quiet(float(words[1]))
        print("said", flush=True)
    else:
        print(json.dumps(of.take(personal=True)), flush=True)
of.close()
"""


class Process:
    """Another deskzero of the same home."""

    def __init__(self, path: Path) -> None:
        self._run = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", TAKER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            encoding="utf-8",
        )
        assert self.answer() == "ready"

    def tell(self, words: str) -> None:
        assert self._run.stdin is not None
        self._run.stdin.write(f"{words}\n")
        self._run.stdin.flush()

    def answer(self) -> str:
        assert self._run.stdout is not None
        return self._run.stdout.readline().strip()

    def close(self) -> None:
        self._run.communicate(timeout=30)
        assert self._run.returncode == 0


def test_two_processes_share_one_budget(path: Path) -> None:
    one, two = Process(path), Process(path)
    began = time.time()
    for process in (one, two):
        process.tell("take")
        assert json.loads(process.answer()) == [0.0, False]
    for process in (one, two):
        process.tell("drain")
    counts = [int(process.answer()) for process in (one, two)]
    refilled = (time.time() - began) * 100 / 3600
    assert 398 <= sum(counts) <= 398 + refilled + 1
    one.close()
    two.close()


def test_a_429_in_one_process_quiets_the_other(path: Path) -> None:
    one, two = Process(path), Process(path)
    two.tell("take")
    assert json.loads(two.answer()) == [0.0, False]
    one.tell("quiet 50")
    assert one.answer() == "said"
    two.tell("take")
    wait, asked = json.loads(two.answer())
    assert asked and 40 < wait <= 50
    one.close()
    two.close()


def test_the_log_tells_of_the_psa_s_wait(path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    of = budget(path, clock)
    of.quiet(40)
    assert "acme: the PSA asks to wait for 40 s" in caplog.text
    of.close()
