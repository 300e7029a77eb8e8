"""The guide's one screen: the steps at the side or above, the step itself, what is to be said, the keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ContentSwitcher, OptionList, Static

from connectors.text import clean
from tui.connect.answers_step import AnswersStep
from tui.connect.course import Course
from tui.connect.proof_step import ProofStep
from tui.connect.psa_step import PsaStep
from tui.connect.required_step import RequiredStep
from tui.connect.statuses_step import StatusesStep
from tui.connect.step import Step
from tui.connect.sync_step import SyncStep
from tui.screens.confirm import Ask
from tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from tui.connect.app import ConnectApp

AnyStep = TypeVar("AnyStep", bound=Step)
STEPS: tuple[type[Step], ...] = (PsaStep, AnswersStep, ProofStep, StatusesStep, RequiredStep, SyncStep)
WIDE = 100
"""Columns from which the steps stand at the side."""
SETTLING = 0.25
"""Seconds after a step is done in which Enter does nothing: it was meant for that one."""


class Guide(Screen[None]):
    """Leads through the steps. Esc goes back one; what was typed stays."""

    DEFAULT_CSS = """
    Guide {
        background: $background; color: $foreground; layout: vertical;
        #top { height: 1; padding: 0 1; background: $panel; color: $frame-title; }
        #strip { height: 1; padding: 0 1; display: none; }
        #side { width: 30; height: 100%; padding: 1 1; border-right: solid $frame; color: $frame-title; }
        #middle { height: 1fr; }
        #body { width: 1fr; padding-top: 1; }
        ContentSwitcher { height: 1fr; }
        #said { height: auto; max-height: 4; min-height: 1; padding: 0 1; }
        OptionList, OptionList:focus { border: none; background: transparent; padding: 0; }
        &.-narrow {
            #side { display: none; }
            #strip { display: block; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "one step back", show=False, id="guide.back"),
        Binding("enter", "go_on", "go on", show=False, id="guide.go_on"),
        Binding("q", "leave", "leave", show=False, id="guide.leave"),
    ]

    def __init__(self, course: Course, *, settling: float = SETTLING) -> None:
        super().__init__()
        self.course = course
        self.at = 0
        self._settling = settling
        self._came = 0.0
        self._asking = False

    def compose(self) -> ComposeResult:
        yield Static(id="top")
        yield Static(id="strip")
        with Horizontal(id="middle"):
            yield Static(id="side")
            with Vertical(id="body"), ContentSwitcher(id="switcher", initial="step-0"):
                for place, step in enumerate(STEPS):
                    yield step(id=f"step-{place}")
        yield Static(id="said")
        yield KeyBar()

    async def on_mount(self) -> None:
        self.set_class(self.size.width < WIDE, "-narrow")
        await self.show(0)
        await self.step_of(PsaStep).skip_if_known()

    def on_resize(self) -> None:
        self.set_class(self.size.width < WIDE, "-narrow")
        self.paint()

    @property
    def step(self) -> Step:
        """The one that is shown."""
        return self.query_one(f"#step-{self.at}", Step)

    def step_of(self, kind: type[AnyStep]) -> AnyStep:
        """One of the steps, shown or not."""
        return self.query_one(kind)

    # ------------------------------------------------------------ from step to step

    async def show(self, place: int) -> None:
        """Brings a step up."""
        self.at = place
        self.say("")
        self.query_one("#switcher", ContentSwitcher).current = f"step-{place}"
        self.paint()
        await self.step.enter()
        self.paint()

    async def next(self) -> None:
        """The step is done."""
        self.settle()
        if self.at + 1 < len(STEPS):
            await self.show(self.at + 1)

    def settle(self) -> None:
        """Something new is to be read: an Enter that is on its way was not meant for it."""
        self._came = time.monotonic()

    async def back_to(self, kind: type[Step]) -> None:
        """Back to an earlier step."""
        await self.show(STEPS.index(kind))

    async def action_back(self) -> None:
        self.step.leave()
        if self.at == 0:
            self.action_leave()
        else:
            await self.show(self.at - 1)

    async def action_go_on(self) -> None:
        """Enter, wherever the focus is. One that follows on the heels of the last belongs to the step before."""
        if time.monotonic() - self._came >= self._settling:
            await self.step.go_on()

    @on(OptionList.OptionSelected)
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        await self.action_go_on()

    def action_leave(self) -> None:
        """q, Ctrl+C, Ctrl+Q: asks, and says what stays."""
        if not self._asking:
            self._asking = True
            self._ask_to_leave()

    @work(group="leave")
    async def _ask_to_leave(self) -> None:
        course = self.course
        if course.saved:
            stays = (
                f"The connection {course.connection.name} is saved. `deskzero` goes on with its first sync."
            )
        else:
            stays = "Nothing is saved yet: leaving forgets what was typed here."
        answer = await self.app.push_screen_wait(
            Ask(Content("Leave?"), Content(clean(stays)), [("y", "leave", True)])
        )
        self._asking = False
        if answer:
            await cast("ConnectApp", self.app).end(opens_queue=False)

    # ------------------------------------------------------------ what it says

    def say(self, text: str, hint: str = "") -> None:
        """What went wrong and what to do, above the keys; empty: nothing."""
        said = Content("")
        if text:
            said = Content.assemble(("! ", "bold $warning"), (clean(text), "bold"))
            if hint:
                said += Content("\n  ") + Content(clean(hint))
        self.query_one("#said", Static).update(said)

    def paint(self) -> None:
        """The steps, the title and the keys as they are now."""
        course = self.course
        what = course.draft.spec.title if course.draft is not None else "a PSA"
        state = "saved" if course.saved else "nothing is saved yet"
        top = Content.assemble(("deskzero connect", "bold"), f" · {clean(what)}")
        room = self.size.width - 2 - top.cell_length - len(state)
        self.query_one("#top", Static).update(top + Content(" " * max(1, room)) + Content(state))
        self.query_one("#strip", Static).update(self._steps("  ", short=True))
        self.query_one("#side", Static).update(self._steps("\n\n", short=False))
        self.query_one(KeyBar).entries = self.step.keys

    def _steps(self, between: str, *, short: bool) -> Content:
        parts = []
        for place, step in enumerate(STEPS):
            mark = "✓" if place < self.at else "▸" if place == self.at else " "
            words = f"{mark}{'' if short else ' '}{place + 1} {step.short if short else step.label}"
            parts.append(Content.styled(words, "bold $primary" if place == self.at else ""))
        if not short:
            parts.append(Content.styled("    then the queue", "$quiet"))
        return Content(between).join(parts)
