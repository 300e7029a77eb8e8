"""What stands above the conversation: why the ticket is here, where else, who, under which agreement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from rich.cells import cell_len
from textual.app import RenderResult
from textual.content import Content

from connectors.text import clean
from store.read_records import AgreementView, Parent, Row, TicketView, pane_number
from tui.picks import rests_on
from tui.text import fit, hours, say, when, wrap
from tui.widgets.columns import SECTION, pane_words
from tui.widgets.painted import Painted

LABEL = 10
UNTOLD = "not known from this PSA"
_STATES = {
    "active": "active",
    "cancelled": "CANCELLED",
    "ended": "ENDED",
    "not_begun": "NOT BEGUN",
    "unknown": "not known if active",
}


class Facts(Painted):
    """A few lines of facts; all of them when the ticket is open in full."""

    DEFAULT_CSS = """
    Facts {
        height: auto;
        border-left: solid $frame;
        border-right: solid $frame;
        padding: 0 1;
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view: TicketView | None = None
        self._row: Row | None = None
        self._now = 0
        self._zone: tzinfo = UTC
        self.full = False
        self.most = 6
        """Lines at most while the list is in sight."""

    def show(self, view: TicketView | None, row: Row | None, *, now: int, zone: tzinfo) -> None:
        """`row` is the row under the cursor: its reasons come first."""
        self._view, self._row, self._now, self._zone = view, row, now, zone
        self.refresh(layout=len(self._lines(max(20, self.size.width))) != self.size.height)

    def render(self) -> RenderResult:
        width = max(20, self.size.width or 80)
        return Content("\n").join(self._lines(width))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(self._lines(max(20, width))))

    def _lines(self, width: int) -> list[Content]:
        view, row = self._view, self._row
        if view is None:
            return [Content("")]
        lines = labelled("Why here", _why(view, row), width, "$must" if row and row.gate else "", 3)
        lines += _promised(row, width)
        lines += _asked(row, width, self._now, self._zone)
        also = _also(view, row)
        if also:
            lines += labelled("Also in", also, width, "", 1 if not self.full else 3)
        lines += _people(view, width)
        if self.full:
            return lines + self._everything(view, width)
        return lines[: self.most]

    def _everything(self, view: TicketView, width: int) -> list[Content]:
        record = view.record
        now, zone = self._now, self._zone
        kinds = " / ".join(clean(part) for part in (record.type, record.subtype, record.item) if part)
        pairs = [
            ("Status", record.status), ("Board", record.board), ("Priority", record.priority), ("Type", kinds),
            ("Owner", record.owner), ("Also on it", record.resources), ("Site", record.site),
            ("Source", record.source), ("Code", record.billing_code), ("Hours", hours(record.hours)),
            ("Due", when(record.due_at, now, zone) if record.due_at else None), ("Cc", record.cc),
            ("Opened", when(record.created_at, now, zone) if record.created_at else None),
            ("Closed", when(record.closed_at, now, zone) if record.closed_at else None),
        ]  # fmt: skip
        known = [(name, clean(value)) for name, value in pairs if value]
        known += [(clean(name), clean(value)) for name, value in record.custom.items() if value]
        half = max(20, width // 2)
        lines = []
        for left, right in zip(known[::2], [*known[1::2], ("", "")], strict=False):
            lines.append(_pair(*left, half) + _pair(*right, width - half))
        for name, links in (("Parent", view.parents), ("Children", view.children)):
            if links:
                lines += labelled(name, [_link(link) for link in links[:12]], width, "", 3)
        return lines


def labelled(label: str, texts: Sequence[str], width: int, style: str, most: int) -> list[Content]:
    """Sentences behind a label, wrapped, at most `most` lines; what is cut ends in `…`."""
    room = max(10, width - LABEL)
    wrapped = wrap(" · ".join(texts), room) or [""]
    if len(wrapped) > most:
        wrapped = [*wrapped[: most - 1], fit(wrapped[most - 1] + " " + wrapped[most], room)]
    return [
        Content.styled(fit(label if place == 0 else "", LABEL), "$quiet") + Content.styled(line, style)
        for place, line in enumerate(wrapped)
    ]


def _why(view: TicketView, row: Row | None) -> list[str]:
    if row is not None and row.kind is not None:
        return [clean(reason.text).rstrip(".") for reason in row.reasons] or [
            "No longer: it is about to leave"
        ]
    if view.exceptions:
        return [f"{pane_words(one.kind)}: {_first(one)}" for one in view.exceptions]
    if view.not_known:
        return ["No exception among those that can be known from this PSA"]
    return ["No exception: nothing is missing here"]


def _promised(row: Row | None, width: int) -> list[Content]:
    """What the key that accepts would do, in full, and what that rests on."""
    if row is None or row.promise is None:
        return []
    rests = ", ".join(dict.fromkeys(rests_on(part) for part in row.promise.parts))
    mark, style = ("→", "$success") if row.promise.strong else ("~", "")
    return labelled("Suggested", [f"{mark} {clean(row.promise.label)} ({rests})"], width, style, 1)


def _asked(row: Row | None, width: int, now: int, zone: tzinfo) -> list[Content]:
    """The question to billing, and its answer."""
    asked = row.asked if row is not None else None
    if asked is None:
        return []
    if asked.state == "answered":
        said = f"{clean(asked.answered_by)} {when(asked.answered_at or 0, now, zone)}: {clean(asked.answer)}"
        return labelled("Billing", [f"Asked: {clean(asked.question)}", said], width, "$success", 2)
    late = "OVERDUE, no answer yet" if asked.state == "overdue" else "no answer yet"
    said = f"{clean(asked.to)} was asked {when(asked.at, now, zone)}: {clean(asked.question)}"
    return labelled("Billing", [said, late], width, "$must" if asked.state == "overdue" else "", 2)


def _first(row: Row) -> str:
    return clean(row.reasons[0].text).rstrip(".") if row.reasons else ""


def _also(view: TicketView, row: Row | None) -> list[str]:
    if row is None or row.kind is None:
        return []
    others = [one for one in view.exceptions if one.kind != row.kind and one.kind is not None]
    return [
        f"{pane_number(one.kind)} {pane_words(one.kind)}"
        f"{' (' + SECTION[one.kind] + ')' if one.kind in SECTION else ''}: {_first(one)}"
        for one in others
    ]


def _people(view: TicketView, width: int) -> list[Content]:
    record = view.record
    person = "  ".join(
        clean(part) for part in (record.contact, record.contact_phone, record.contact_email) if part
    )
    person = person or ("nobody" if _told(view, "contact") else UNTOLD)
    agreement = _agreement(view.agreement) if view.agreement or _told(view, "agreement") else UNTOLD
    used = LABEL + max(cell_len(person), len("nobody"))
    if used + cell_len(agreement) + 14 <= width:
        contact = _pair("Contact", person, used)
        return [contact + Content.styled("    Agreement ", "$quiet") + say(agreement)]
    return [_pair("Contact", person, width), _pair("Agreement", agreement, width)]


def _told(view: TicketView, field: str) -> bool:
    """Whether the ticket's PSA has this field at all; taken for yes before the first sync."""
    return view.can is None or field in view.can.fields


def _agreement(agreement: AgreementView | None) -> str:
    if agreement is None:
        return "none"
    ends = f" {agreement.ends_on}" if agreement.state == "ended" and agreement.ends_on else ""
    return f"{clean(agreement.name)}, {_STATES.get(agreement.state, agreement.state)}{ends}"


def _pair(label: str, value: str, width: int) -> Content:
    if not label:
        return Content("")
    wide = max(LABEL, len(label) + 1)
    return Content.styled(fit(label, wide), "$quiet") + Content(fit(value, width - wide))


def _link(link: Parent) -> str:
    return (
        f"#{clean(link.number)} {clean(link.summary)} ({clean(link.status) or link.state.replace('_', ' ')})"
    )
