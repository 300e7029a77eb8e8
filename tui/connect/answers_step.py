"""Step 2: the address, the credentials, who one is there, and what the connection is called."""

from __future__ import annotations

import asyncio
import os
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input

from store.credentials import SecretError, find_secret
from store.psa_options import environment_name
from store.settings import Connection, Settings
from store.toml_table import SettingsError
from tui.connect.draft import Draft, Wrong
from tui.connect.fields import Field, Tick
from tui.connect.questions import EVERYWHERE, Question, questions
from tui.connect.step import BACK, Step
from tui.widgets.key_bar import Entry

NAME = Question(
    key="name", label="Connection's name", where="what deskzero calls it: letters, digits, - and _"
)
SCOPE = Question(key="scope", label=EVERYWHERE["scope"].label, where=EVERYWHERE["scope"].where)
PILOT = "pilot: every fix is shown, none is sent (read_only)"


class AnswersStep(Step):
    """A line for each answer. What was typed for a PSA stays, also when another one is looked at between."""

    label = "Address and credentials"
    short = "Credentials"

    DEFAULT_CSS = """
    AnswersStep VerticalScroll { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", "next", show=False),
        Binding("up", "step(-1)", "previous", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[str, str] = ("", "")
        self._typed: dict[tuple[str, str], dict[str, str]] = {}

    @property
    def keys(self) -> tuple[Entry, ...]:
        return (BACK, ("↑ ↓", "line"), ("Enter", "next line; at the end: prove it"))

    def compose(self) -> ComposeResult:
        yield VerticalScroll(can_focus=False)

    # ------------------------------------------------------------ the lines

    async def enter(self) -> None:
        draft = self.course.connection
        if self._shown != (draft.spec.psa, draft.name):
            await self._lines(draft)
        fields = list(self.query(Field))
        doubtful = [field for field in fields if field.question.secret] if self.course.refused else []
        first = next(iter([field for field in fields if field.lacks] or doubtful), None)
        if first is not None:
            first.focus_line()
        else:
            self.query_one(Tick).focus()
        self._look_for_secrets(draft)

    async def _lines(self, draft: Draft) -> None:
        self._remember()
        self._shown = (draft.spec.psa, draft.name)
        before = self._typed.get(self._shown, {})
        holder = self.query_one(VerticalScroll)
        await holder.remove_children()
        lines = []
        for question in (*questions(draft.spec), SCOPE, NAME):
            value = before.get(question.key, self._preset(draft, question))
            kept = self._environment(draft, question) if question.secret else ""
            # What a variable holds wins at every start, whatever is typed here.
            lines.append(Field(question, "" if kept else value, kept=kept, fixed=bool(kept)))
        pilot = draft.read_only if draft.read_only is not None else bool(draft.saved().get("read_only"))
        await holder.mount(*lines, Tick(PILOT, pilot))

    def _remember(self) -> None:
        self._typed[self._shown] = {field.question.key: field.value for field in self.query(Field)}

    def _preset(self, draft: Draft, question: Question) -> str:
        if question.secret:
            return draft.secrets.get(question.key, "")
        if question.key == "name":
            return draft.name
        default = "mine" if question.key == "scope" else question.default
        return draft.texts.get(question.key) or draft.saved_text(question.key) or default

    def _environment(self, draft: Draft, question: Question) -> str:
        variable = environment_name(draft.name, question.key)
        return f"from {variable}" if os.environ.get(variable) else ""

    @work(exclusive=True, group="secrets")
    async def _look_for_secrets(self, draft: Draft) -> None:
        """A saved connection's secrets may be kept already; a locked keyring may take seconds to say so."""
        saved = draft.saved()
        if not saved and not draft.commands:
            return
        connection = Connection(name=draft.name, psa=draft.spec.psa, commands=self._commands(draft))
        for field in self.query(Field):
            if field.question.secret and not field.kept:
                try:
                    _, source = await asyncio.to_thread(find_secret, connection, field.question.key)
                except SecretError:
                    continue  # it has to be typed: the empty line says so
                field.keep(f"kept ({source}): empty stays as it is")

    def _commands(self, draft: Draft) -> dict[str, tuple[str, ...]]:
        saved = draft.saved()
        found = {name: tuple(saved.get(f"{name}_command", ())) for name in draft.spec.secrets}
        found |= {name: tuple(words) for name, words in draft.commands.items()}
        return {name: words for name, words in found.items() if words}

    # ------------------------------------------------------------ moving and going on

    def action_step(self, by: int) -> None:
        if by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        field = event.input.parent.parent if event.input.parent is not None else None
        if isinstance(field, Field):
            field.wrong("")

    async def go_on(self) -> None:
        """Everything that can be seen to be wrong without a request is said here, at its line."""
        try:
            self._take()
        except Wrong as error:
            self.point_at(error.key, str(error), error.hint)
            return
        except SettingsError as error:
            self.point_at(error.key or "", str(error), error.hint)
            return
        await self.guide.next()

    def _take(self) -> tuple[Draft, Settings]:
        """What was typed, into the draft. Raises `Wrong`, `SettingsError`."""
        draft = self.course.connection
        for field in self.query(Field):
            key = field.question.key
            if field.lacks:
                raise Wrong(key, "this is needed", "")
            if key == "name":
                self._rename(draft, field.value)
            elif not field.question.secret:
                draft.texts[key] = field.value
            elif field.value:
                draft.secrets[key] = field.value
            else:
                draft.secrets.pop(key, None)
        draft.read_only = self.query_one(Tick).value
        return draft, draft.settings(draft.table())

    def _rename(self, draft: Draft, name: str) -> None:
        taken = {one.casefold() for one in self.course.names()}
        if name.casefold() in taken and name != self.course.again:
            raise Wrong("name", f"there is a connection {name} already", "Take another name, or step 1.")
        draft.name = name
        self._shown = (draft.spec.psa, name)

    def point_at(self, key: str, text: str, hint: str) -> None:
        """Says at its line what is wrong with an answer, and puts the cursor there."""
        for field in self.query(Field):
            if field.question.key == key or field.question.key.partition(".")[0] == key:
                field.wrong(_short(text, key))
                field.focus_line()
                if hint and hint not in text:
                    self.guide.say(hint)
                return
        self.guide.say(text, hint)


def _short(text: str, key: str) -> str:
    """The settings' message without the file and table that it would stand in."""
    _, found, rest = text.partition(f" {key}: ")
    return rest if found else text
