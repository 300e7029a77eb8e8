"""Step 3: real requests, and what they prove."""

from __future__ import annotations

import asyncio
import logging
import time
from importlib import import_module

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from connectors.text import clean
from tui.connect.answers_step import AnswersStep
from tui.connect.course import Proven
from tui.connect.draft import Draft, Wrong
from tui.connect.proof import Proof, prove, sentences
from tui.connect.step import BACK, GO_ON, Step, marked
from tui.problem import Problem, explain
from tui.widgets.key_bar import Entry

log = logging.getLogger(__name__)


class ProofStep(Step):
    """Asks the PSA as soon as it is shown, unless the same answers are proven already."""

    label = "Proof"
    short = "Proof"

    DEFAULT_CSS = """
    ProofStep VerticalScroll { height: 1fr; }
    ProofStep .head { height: auto; margin-bottom: 1; }
    ProofStep .facts { height: auto; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._problem: Problem | None = None
        self._began = 0.0
        self._tick: Timer | None = None

    @property
    def keys(self) -> tuple[Entry, ...]:
        if self._problem is not None:
            return (("Esc", "back: correct it"), ("q", "leave"), ("Enter", "try again"))
        if self.course.proven is None:
            return (("Esc", "stop, one step back"),)
        return (BACK, ("↑ ↓", "scroll"), ("q", "leave"), GO_ON)

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(classes="head")
            yield Static(classes="facts")

    async def enter(self) -> None:
        self.query_one(VerticalScroll).focus()
        draft = self.course.connection
        proven = self.course.proven
        if proven is not None and proven.table == draft.table() and self._same_secrets(proven, draft):
            self._tell(proven.proof)
        else:
            self._start()

    def _same_secrets(self, proven: Proven, draft: Draft) -> bool:
        return all(proven.secrets.get(field) == value for field, value in draft.secrets.items())

    def on_resize(self) -> None:
        if self.course.proven is not None:
            self._tell(self.course.proven.proof)

    def leave(self) -> None:
        self.workers.cancel_group(self, "proof")
        self._stop_clock()

    async def go_on(self) -> None:
        if self._problem is not None:
            self._start()
        elif self.course.proven is not None:
            await self.guide.next()

    # ------------------------------------------------------------ asking

    def _start(self) -> None:
        self.course.proven, self._problem = None, None
        self.guide.say("")
        self._began = time.monotonic()
        self._stop_clock()
        self._tick = self.set_interval(1.0, self._clock)
        self.query_one(".facts", Static).update(Content(""))
        self._clock()
        self.guide.paint()
        self._ask(self.course.connection)

    def _clock(self) -> None:
        seconds = int(time.monotonic() - self._began)
        words = f"Asking {clean(self.course.connection.spec.title)} …" + (f" {seconds} s" if seconds else "")
        self.query_one(".head", Static).update(Content(words))

    def _stop_clock(self) -> None:
        if self._tick is not None:
            self._tick.stop()
            self._tick = None

    @work(exclusive=True, group="proof", exit_on_error=False)
    async def _ask(self, draft: Draft) -> None:
        try:
            proven = await _proven(draft)
        except Wrong as error:
            self._stop_clock()
            await self.guide.back_to(AnswersStep)
            self.guide.step_of(AnswersStep).point_at(error.key, str(error), error.hint)
            return
        # Whatever a connector raises: the guide goes on, the log has the place.
        except Exception as error:
            log.warning("the proof failed", exc_info=error)
            self._refused(
                explain(error) or Problem(f"a bug in deskzero: {type(error).__name__}", "See the log.")
            )
            return
        self._stop_clock()
        self.course.prove_with(proven)
        self._tell(proven.proof)
        self.guide.settle()
        self.guide.paint()

    def _refused(self, problem: Problem) -> None:
        self._stop_clock()
        self._problem, self.course.refused = problem, True
        head = Content.assemble(("✗ ", "bold $warning"), (f"{clean(str(problem))}", "bold"))
        self.query_one(".head", Static).update(head)
        rest = f"{clean(problem.hint)}\n\nNothing is saved. Esc goes back with everything as you typed it."
        self.query_one(".facts", Static).update(Content(rest))
        self.guide.paint()

    def _tell(self, proof: Proof) -> None:
        self._problem = None
        self.query_one(".head", Static).update(Content.styled(f"{clean(proof.title)} lets you in.", "bold"))
        lines = [line for kind, words in sentences(proof) for line in marked(kind, words, self.room)]
        self.query_one(".facts", Static).update(Content("\n").join(lines))


async def _proven(draft: Draft) -> Proven:
    """The proof for the answers as they now are. Raises `Wrong`, `SecretError`, `ConnectorError` …"""

    def ask(field: str) -> str:
        raise Wrong(field, "this is needed", "")

    table = draft.table()
    settings = draft.settings(table)
    connection = settings.connections[draft.name]
    secrets, new = await asyncio.to_thread(draft.all_secrets, connection, ask)
    await asyncio.to_thread(
        import_module, "connectors.http"
    )  # half a second of imports, off the screen's thread
    return Proven(table, secrets, frozenset(new), await prove(settings, secrets))
