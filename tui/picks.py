"""What the pickers of the fixes list, and the line that says what a choice will change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace
from textual.content import Content

from connectors.contract import Choice
from connectors.text import clean
from store.promise import Part
from store.read_records import Row, TicketView
from tui.asks import Item
from tui.text import say


def change_line(what: str, was: str, becomes: str) -> Content:
    """`status: In Progress → Completed`."""
    return Content(f"{what}: ") + say(was, "$quiet") + Content(" → ") + say(becomes, "bold")


def code_items(
    choices: Sequence[Choice],
    usual: dict[str, int],
    row: Row | None,
    view: TicketView,
    said: Part | None = None,
) -> list[Item]:
    """Codes: the suggestion (`said`, else the row's) first, then what this company usually gets, then all."""
    all_times = sum(usual.values())
    said = said or (row.promise.of("billing_code") if row and row.promise else None)
    at = clean(view.record.company) or "this company"
    items = []
    for choice in choices:
        times = usual.get(choice.id, usual.get(choice.name, 0))
        group, detail = "all", ""
        if times:
            group, detail = f"usual at {at}", f"{times} of {all_times} at {at}"
        if said is not None and said.value == choice.id:
            group, detail = "suggested", rests_on(said)
        items.append(Item(choice.id, choice.name, detail, group, choice))
    rank = {"suggested": 0, "all": 2}
    return sorted(
        items, key=lambda item: (rank.get(item.group, 1), -usual.get(item.key, usual.get(item.label, 0)))
    )


def rests_on(said: Part) -> str:
    """`16 of 18, same company and type`; `contact card`."""
    counted = f"{said.agree} of {said.alike}, " if said.alike else ""
    return f"{counted}{clean(said.because)}"


def suggested(items: Sequence[Item], said: Part | None, *, free: bool) -> list[Item]:
    """The promised value first, under its own heading. `free`: values are texts, not choices."""
    if said is None:
        return list(items)
    first = [replace(one, detail=rests_on(said), group="suggested") for one in items if one.key == said.value]
    if not first and free:
        first = [Item(said.value, said.label, rests_on(said), "suggested")]
    others = [
        one if one.group or not first else replace(one, group="all") for one in items if one.key != said.value
    ]
    return [*first, *others]


def choice_item(choice: Choice) -> Item:
    return Item(choice.id, choice.name, choice.detail or "", value=choice)


def parent_line(view: TicketView) -> Callable[[Item], Content]:
    was = ", ".join(f"#{clean(link.number)}" for link in view.parents) or "—"

    def line(item: Item) -> Content:
        verb, other = item.value or ("attach", None)
        if verb == "go":
            return Content("Goes to that ticket. Nothing is written.")
        if verb == "detach":
            return change_line("parent", was, "—")
        return change_line("parent", was, f"#{clean(other.number)}" if other is not None else item.label)

    return line
