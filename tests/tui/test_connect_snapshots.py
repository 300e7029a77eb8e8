"""What the guide of `deskzero connect` looks like, at both sizes; the PSA's answers are made here."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

import connectors
from connectors.autotask import Options
from connectors.autotask.connector import capabilities
from connectors.contract import Identity
from store.status_meanings import Status
from tests.tui.connecting import make_guide
from tests.tui.screen import NARROW, WIDE
from tui.connect.answers_step import AnswersStep
from tui.connect.course import Proven
from tui.connect.guide import STEPS
from tui.connect.proof import Proof
from tui.connect.proof_step import ProofStep
from tui.connect.required_step import RequiredStep
from tui.connect.statuses_step import StatusesStep

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


@pytest.fixture
def picture(snap_compare, tmp_path: Path, monkeypatch):
    """Compares the guide with its snapshot after `before(pilot)`, at a step that was reached with a proof."""
    monkeypatch.setattr(Input.cursor_blink, "_default", False)
    monkeypatch.setattr(connectors, "known", lambda: ("autotask", "connectwise", "halopsa"))
    monkeypatch.delenv("DESKZERO_AUTOTASK_SECRET", raising=False)

    def compare(size, words=WORDS, step=None, before=None):
        app = make_guide(tmp_path / "home", *words)

        async def ready(pilot):
            await pilot.pause()
            if step is not None:
                draft = app.course.connection
                proof = Proof("Autotask PSA", IDENTITY, CAN, STATUSES)
                secrets = dict(draft.secrets)
                app.guide.step_of(AnswersStep)._take()
                app.course.prove_with(Proven(draft.table(), secrets, frozenset(secrets), proof))
                await app.guide.show(STEPS.index(step))
                await pilot.pause()
            if before is not None:
                await before(pilot)
            await pilot.pause()

        return snap_compare(app, terminal_size=size, run_before=ready)

    return compare


def keys(*pressed):
    async def before(pilot):
        for key in pressed:
            await pilot.press(key)
            await pilot.pause()

    return before


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x30", "80x24"])
class TestSteps:
    """Each step as it comes up."""

    def test_psa(self, picture, size):
        """What there is to choose, with what each takes."""
        assert picture(size, words=[])

    def test_answers(self, picture, size):
        """A line that is wrong, a secret that is not shown."""
        words = [word for word in WORDS if word not in ("--technician", "jdoe")]

        async def before(pilot):
            pilot.app.guide.query_one("Tick").focus()
            await keys("enter")(pilot)

        assert picture(size, words=words, before=before)

    def test_proof(self, picture, size):
        """Who one is, what is missing for what, what is worth knowing."""
        assert picture(size, step=ProofStep)

    def test_statuses(self, picture, size):
        """Guesses are marked; what a letter has said is not one any more."""
        assert picture(size, step=StatusesStep, before=keys("j", "j", "j", "w"))

    def test_required(self, picture, size):
        """What is required already is ticked; what the API does not set says so."""
        assert picture(size, step=RequiredStep, before=keys("j", "space"))


def test_leaving_asks(picture):
    assert picture(NARROW, before=keys("ctrl+c"))


def test_without_colour(picture, monkeypatch):
    """The chosen line and the ticks are to be seen without it."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert picture(WIDE, step=StatusesStep, before=keys("j"))
