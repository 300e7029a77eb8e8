"""What the guide of `deskzero connect` looks like; the PSA's answers are made here."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors
from connectors.autotask import Options
from connectors.autotask.connector import capabilities
from connectors.contract import Identity
from store.home import Home
from store.status_meanings import Status
from store.sync_round import SyncReport
from tests.tui.connecting import make_guide
from tests.tui.pictures import CONTRAST, DARK, LIGHT, LOOKS, Look
from tests.tui.screen import NARROW, WIDE, until
from tests.tui.test_themes import unreadable
from tui.connect import sync_step
from tui.connect.answers_step import AnswersStep
from tui.connect.app import ConnectApp
from tui.connect.course import Proven
from tui.connect.guide import STEPS
from tui.connect.keeping import Unkept
from tui.connect.proof import Proof
from tui.connect.proof_step import ProofStep
from tui.connect.required_step import RequiredStep
from tui.connect.statuses_step import StatusesStep
from tui.connect.sync_step import SyncStep

CAN = capabilities(Options(username="api@msp.test", integration_code="X", technician="jdoe"))
WORDS = ["--psa", "autotask", "--technician", "jdoe", "--set", "username=api@msp.test", "--set"]
WORDS += ["integration_code=TRACKINGID01", "--secret", "secret=never-to-be-seen"]
IDENTITY = Identity(
    member_id="101",
    member="jdoe",
    name="Jordan Doe",
    version="REST v1.0, zone America East",
    clock_ahead=42.0,
    missing=(("time entries", "Timesheets: view others' time entries"),),
    notes=(
        "124 of the company's 10000 requests of this hour are used.",
        "[bold]Foreign[/bold] text is text.",
    ),
)
BOARDS = ("Help Desk", "Projects", "マネージドサービス")
STATUSES = (
    Status("New", BOARDS),
    Status("In Progress", BOARDS),
    Status("Waiting Customer", BOARDS),
    Status("Customer Note Added", BOARDS[:2]),
    Status("Child Ticket", BOARDS),
    Status("[red]odd[/] name that is longer than its column has cells", BOARDS[2:]),
    Status("Completed", BOARDS),
    Status("Closed", BOARDS, closes=True),
)

REPORT = SyncReport(
    connection="autotask",
    ok=True,
    full=True,
    new=214,
    conversations=31,
    requests=58,
    seconds=12.4,
    remarks=("3 tickets of [bold]other[/bold] boards are left out.",),
)
UNKEPT = Unkept("secret", "The keyring is locked", "Unlock it")


class Pulled:
    """An engine that has pulled already."""

    async def call(self, _ask):
        return REPORT, 12


def prove(app):
    """What was given is proven."""
    draft = app.course.connection
    proof = Proof("Autotask PSA", IDENTITY, CAN, STATUSES)
    secrets = dict(draft.secrets)
    app.guide.step_of(AnswersStep)._take()
    app.course.prove_with(Proven(draft.table(), secrets, frozenset(secrets), proof))


@pytest.fixture
def guide(taken, tmp_path: Path, monkeypatch):
    """Compares the guide with its kept picture after `before(pilot)`, at a step that was reached with a proof."""
    monkeypatch.setattr(connectors, "known", lambda: ("autotask", "connectwise", "halopsa"))
    monkeypatch.delenv("DESKZERO_AUTOTASK_SECRET", raising=False)

    def compare(look, words=WORDS, step=None, before=None):
        app = make_guide(tmp_path / "home", *words)

        async def ready(pilot):
            await pilot.pause()
            if step is not None:
                prove(app)
                await app.guide.show(STEPS.index(step))
                await pilot.pause()
            if before is not None:
                await before(pilot)
            await pilot.pause()

        return taken(app, look, ready)

    return compare


def keys(*pressed):
    async def before(pilot):
        for key in pressed:
            await pilot.press(key)
            await pilot.pause()

    return before


@LOOKS
class TestSteps:
    """Each step as it comes up."""

    def test_psa(self, guide, look):
        """What there is to choose, with what each takes."""
        assert guide(look, words=[])

    def test_answers(self, guide, look):
        """A line that is wrong, a secret that is not shown."""
        words = [word for word in WORDS if word not in ("--technician", "jdoe")]

        async def before(pilot):
            pilot.app.guide.query_one("Tick").focus()
            await keys("enter")(pilot)

        assert guide(look, words=words, before=before)

    def test_proof(self, guide, look):
        """Who one is, what is missing for what, what is worth knowing."""
        assert guide(look, step=ProofStep)

    def test_statuses(self, guide, look):
        """Guesses are marked; what a letter has said is not one any more."""
        assert guide(look, step=StatusesStep, before=keys("j", "j", "j", "w"))

    def test_required(self, guide, look):
        """What is required already is ticked; what the API does not set says so."""
        assert guide(look, step=RequiredStep, before=keys("j", "space"))

    def test_sync(self, guide, look, monkeypatch):
        """What is saved where, a secret that no keyring took, what the PSA gave."""
        monkeypatch.setattr(sync_step, "save", lambda *_: None)
        monkeypatch.setattr(sync_step, "keep_secrets", lambda *_: [UNKEPT])
        monkeypatch.setattr(ConnectApp, "start_engine", lambda _: Pulled())

        async def before(pilot):
            app = pilot.app
            app.course.home = Home.at("/home/jdoe/.config/deskzero")  # the same folder in every picture
            await app.guide.show(STEPS.index(SyncStep))
            await until(pilot, lambda: app.guide.step_of(SyncStep)._state == "done", "synced")

        assert guide(look, step=RequiredStep, before=before)


def test_leaving_asks(guide):
    assert guide(Look(size=NARROW), before=keys("ctrl+c"))


def test_without_colour(guide, monkeypatch):
    """The chosen line and the ticks are to be seen without it."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert guide(Look(), step=StatusesStep, before=keys("j"))


@pytest.mark.parametrize("theme", [DARK, LIGHT, CONTRAST])
async def test_whatever_is_painted_can_be_read(tmp_path: Path, theme):
    """The line under the cursor too, with what stands quietly at its end."""
    app = make_guide(tmp_path / "home", *WORDS)
    app.theme = theme
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        prove(app)
        for place in range(len(STEPS) - 1):  # the last one syncs, and has no cursor
            await app.guide.show(place)
            await pilot.pause()
            assert not unreadable(app.guide, None), STEPS[place]
