"""Step 1: which PSA, or which saved connection again."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

import connectors
from connectors.text import clean
from tui.connect.questions import questions
from tui.connect.step import Step
from tui.problem import Problem
from tui.text import fit
from tui.widgets.key_bar import Entry

NAME_CELLS = 26


class PsaStep(Step):
    """A list: the PSAs that there are connectors for, then the connections that are saved already."""

    label = "PSA"
    short = "PSA"

    DEFAULT_CSS = """
    PsaStep OptionList { height: auto; max-height: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    PsaStep Static { height: auto; margin-bottom: 1; }
    """

    @property
    def keys(self) -> tuple[Entry, ...]:
        return (("↑ ↓", "choose"), ("q", "leave"), ("Enter", "take it"))

    def compose(self) -> ComposeResult:
        yield Static(Content("Which PSA do you work in?"))
        yield OptionList(markup=False)

    async def skip_if_known(self) -> None:
        """The command line has said it: on with the next step; Esc comes back here."""
        if self.course.draft is not None:
            await self.guide.next()

    async def enter(self) -> None:
        options = self.query_one(OptionList)
        if not options.option_count:
            options.add_options([*(_psa(psa) for psa in connectors.known()), *self._saved()])
            chosen = self.course.draft.spec.psa if self.course.draft is not None else ""
            places = [option.id for option in options.options]
            options.highlighted = places.index(chosen) if chosen in places else 0
        options.focus()

    def _saved(self) -> list[Option]:
        names = self.course.names()
        if not names:
            return []
        heading = Option(Content.styled("\n  or a saved connection again", "$quiet"), disabled=True)
        return [
            heading,
            *(
                Option(Content(f"  {fit(name, NAME_CELLS)}{clean(psa)}"), id=f"again:{name}")
                for name, psa in names.items()
            ),
        ]

    async def go_on(self) -> None:
        options = self.query_one(OptionList)
        if options.highlighted is None:
            self.guide.say("No PSA is chosen.", "↑ and ↓ choose one.")
            return
        chosen = options.get_option_at_index(options.highlighted).id or ""
        again, _, name = chosen.partition(":")
        try:
            if again == "again" and name:
                self.course.choose(self.course.names()[name], again=name)
            else:
                self.course.choose(chosen)
        except Problem as problem:
            self.guide.say(str(problem), problem.hint)
            return
        await self.guide.next()


def _psa(psa: str) -> Option:
    """A PSA with what it takes; one whose connector cannot be loaded says so and cannot be chosen."""
    try:
        spec = connectors.spec(psa)
    except (ValueError, ImportError) as error:
        words = f"  {fit(clean(psa), NAME_CELLS)}its connector cannot be loaded: {clean(str(error))}"
        return Option(Content.styled(words, "$quiet"), disabled=True)
    labels = [one.label for one in questions(spec) if one.required and one.key not in ("technician", "url")]
    needs = ", ".join(label if label[:2].isupper() else label[:1].lower() + label[1:] for label in labels)
    return Option(
        Content.assemble(f"  {fit(clean(spec.title), NAME_CELLS)}", (needs, "$quiet")),
        id=psa,
    )
