"""ConnectWise PSA's lists: which there are, what may be filtered on, and how one page of rows is cut."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.simulators.conditions import INFO, BadCondition, Predicate, parse, value_of
from connectors.simulators.connectwise.answers import Refusal, not_found, unfilterable
from connectors.simulators.connectwise.rows import Row, Rows

Path = Mapping[str, int]
DEFAULT_PAGE = 25
LARGEST_PAGE = 1000


@dataclass(slots=True, frozen=True)
class Listing:
    """One list: its path below the API's base, its rows, and the fields that conditions may name."""

    path: str
    rows: Callable[[Rows, Path], Iterable[Row]]
    fields: frozenset[str]
    index: Callable[[Rows, str], Iterable[Row] | None] | None = None
    """A quick way to the rows that certain conditions can match at all; `None`: look at every row."""

    def candidates(self, made: Rows, path: Path, conditions: str) -> Iterable[Row]:
        found = self.index(made, conditions) if self.index is not None else None
        return self.rows(made, path) if found is None else found


@dataclass(slots=True, frozen=True)
class Query:
    """A list's parameters, as they came."""

    conditions: str = ""
    child_conditions: str = ""
    custom_conditions: str = ""
    order_by: str = ""
    fields: str = ""
    page: int = 1
    page_size: int = DEFAULT_PAGE
    after: int | None = None
    """Forward-only paging: rows with a higher id."""

    @classmethod
    def of(cls, parameters: Mapping[str, str], *, forward_only: bool) -> Query:
        """Parameter names are taken without case, as the vendor's framework does."""
        given = {name.lower(): value for name, value in parameters.items()}
        size = _number(given, "pagesize", DEFAULT_PAGE)
        return cls(
            given.get("conditions", ""),
            given.get("childconditions", ""),
            given.get("customfieldconditions", ""),
            given.get("orderby", ""),
            given.get("fields", ""),
            max(1, _number(given, "page", 1)),
            min(size or DEFAULT_PAGE, LARGEST_PAGE),
            _number(given, "pageid", 0) if forward_only else None,
        )


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise Refusal(400, "InvalidParameter", f"{name} must be a number")
    return int(text)


def matching(listing: Listing, rows: Iterable[Row], query: Query, date_forms: Collection[str]) -> list[Row]:
    """The rows that the conditions ask for, in order of `orderBy` (id, where nothing is said)."""
    found = list(rows)
    for text, key in (
        (query.conditions, ""),
        (query.child_conditions, "*"),
        (query.custom_conditions, "customFields"),
    ):
        if text.strip():
            found = _filtered(listing, found, text, key, date_forms)
    for part in reversed(query.order_by.split(",")):
        words = part.split()
        if not words:
            continue
        path = tuple(words[0].split("/"))
        if path[0] not in listing.fields:
            raise unfilterable(f"'{words[0]}' is not a valid field to sort on")
        down = len(words) > 1 and words[1].lower() == "desc"
        found.sort(key=lambda row, p=path: _rank(value_of(row, p)), reverse=down)  # type: ignore[misc]
    return found


def _filtered(
    listing: Listing, rows: list[Row], text: str, key: str, date_forms: Collection[str]
) -> list[Row]:
    try:
        if key == "customFields":
            test = parse(text, ("caption", "value", "id", "type"), date_forms)
            return [row for row in rows if any(test(item) for item in row.get(key, ()))]
        if key == "*":
            return [
                row for row in rows if _child_matches(row, parse(text, ("communicationItems",), date_forms))
            ]
        test = parse(text, listing.fields, date_forms)
    except BadCondition as problem:
        raise unfilterable(str(problem)) from None
    return [row for row in rows if test(row)]


def _child_matches(row: Row, test: Predicate) -> bool:
    return any(test({"communicationItems": item}) for item in row.get("communicationItems", ()))


def _rank(value: object) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | float):
        return (1, value)
    return (2, str(value).casefold())


def cut(rows: list[Row], query: Query) -> tuple[list[Row], bool]:
    """One page, and whether more follows (in forward-only paging the vendor always says so)."""
    if query.after is not None:
        after = sorted((row for row in rows if row["id"] > query.after), key=lambda row: row["id"])
        return after[: query.page_size], True
    start = (query.page - 1) * query.page_size
    return rows[start : start + query.page_size], start + query.page_size < len(rows)


def projected(rows: list[Row], fields: str) -> list[Row]:
    """Only the listed fields; `_info` goes unless it is listed (field report)."""
    wanted = [tuple(name.strip().split("/")) for name in fields.split(",") if name.strip()]
    if not wanted:
        return rows
    return [_pick(row, wanted) for row in rows]


def _pick(row: Row, wanted: list[tuple[str, ...]]) -> Row:
    out: Row = {}
    for path in wanted:
        value = value_of(row, path)
        if value is None:
            continue
        into = out
        for part in path[:-1]:
            into = into.setdefault(part, {})
            if not isinstance(into, dict):
                break
        else:
            into[path[-1]] = value
    return out


# ---------------------------------------------------------------- which lists there are


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split()) | INFO | {"id", "_info"}


TICKET = _names(
    "summary recordType board status company site siteName contact contactName contactPhoneNumber "
    "contactEmailAddress type subType item team owner resources priority source serviceLocation workType workRole "
    "agreement billTime budgetHours actualHours requiredDate isInSla customerUpdatedFlag closedFlag closedDate "
    "closedBy parentTicketId hasChildTicket mergedParentTicket automaticEmailCc automaticEmailCcFlag approved "
    "dateResolved dateResplan dateResponded respondByGoalUTC resolutionGoalUTC slaStatus "
    "severity impact location department sla externalXRef poNumber"
)
NOTE = _names(
    "ticketId text detailDescriptionFlag internalAnalysisFlag resolutionFlag issueFlag member contact "
    "customerUpdatedFlag processNotifications dateCreated createdBy internalFlag externalFlag noteType ticket "
    "timeStart timeEnd bundledFlag"
)
TIME = _names(
    "company chargeToId chargeToType member workType workRole agreement timeStart timeEnd actualHours "
    "hoursBilled invoiceHours hourlyRate billableOption notes addToDetailDescriptionFlag enteredBy dateEntered invoice "
    "status ticket"
)
SETUP = _names(
    "name identifier board sortOrder inactive inactiveFlag closedStatus timeEntryNotAllowed displayOnBoard "
    "defaultFlag projectFlag typeAssociationIds boardId billTime location department"
)
AGREEMENT = _names(
    "name type company contact site startDate endDate noEndingDateFlag cancelledFlag dateCancelled agreementStatus"
)
COMPANY = _names("identifier name phoneNumber website deletedFlag status city")
CONTACT = _names("firstName lastName title company site inactiveFlag defaultPhoneNbr defaultPhoneType")
MEMBER = _names("identifier firstName lastName title inactiveFlag licenseClass officeEmail primaryEmail")
SCHEDULE = _names("objectId name member type doneFlag ownerFlag dateStart dateEnd status")


def _of_board(table: str, make: str) -> Callable[[Rows, Path], Iterable[Row]]:
    def rows(made: Rows, path: Path) -> Iterable[Row]:
        if path["parent"] not in made.world.boards:
            raise not_found(f"Board {path['parent']}")
        every = getattr(made.world, table).values()
        return (getattr(made, make)(row) for row in every if row.board_id == path["parent"])

    return rows


def _all(table: str, make: str) -> Callable[[Rows, Path], Iterable[Row]]:
    return lambda made, path: (getattr(made, make)(row) for row in getattr(made.world, table).values())


def _existing(made: Rows, path: Path) -> int:
    if path["parent"] not in made.world.tickets:
        raise not_found(f"Ticket {path['parent']}")
    return path["parent"]


def _notes(made: Rows, path: Path) -> Iterable[Row]:
    return (made.note(note) for note in made.world.notes[_existing(made, path)])


def _all_notes(made: Rows, path: Path) -> Iterable[Row]:
    """Notes and time shown among them; a parent's hold its children's too (a public client says so)."""
    parent = _existing(made, path)
    world = made.world
    family = [parent, *sorted(i for i in world.children.get(parent, ()) if i in world.tickets)]
    for ticket_id in family:
        bundled = ticket_id != parent
        yield from (made.all_note(note, bundled=bundled) for note in world.notes[ticket_id])
        for key in world.time_of.get(ticket_id, ()):
            yield made.time_note(world.time[key], bundled=bundled)


def _ticket_time(made: Rows, path: Path) -> Iterable[Row]:
    world = made.world
    return (made.time(world.time[key]) for key in world.time_of.get(_existing(made, path), ()))


_CHARGED = re.compile(r"chargeToId\s*(?:=|\bin\b)\s*\(?([\d,\s]+)", re.IGNORECASE)


def _time_of_tickets(made: Rows, conditions: str) -> Iterable[Row] | None:
    """Time is asked for by ticket, again and again: not all entries are looked at each time."""
    match = _CHARGED.search(conditions)
    if match is None or re.search(r"\b(or|not)\b", conditions, re.IGNORECASE):
        return None
    tickets = sorted({int(number) for number in re.findall(r"\d+", match.group(1))})
    keys = sorted(key for ticket in tickets for key in made.world.time_of.get(ticket, ()))
    return (made.time(made.world.time[key]) for key in keys)


def _schedule(made: Rows, path: Path) -> Iterable[Row]:
    world = made.world
    members = {m.identifier: m for m in world.members.values()}
    for ticket in world.tickets.values():
        if world.is_open(ticket):
            owner = world.members.get(ticket.owner_id or 0) if ticket.appointment else None
            for identifier in dict.fromkeys((*ticket.dispatched, *([owner.identifier] if owner else []))):
                yield made.schedule(ticket, members[identifier], ticket.id * 10 + members[identifier].id % 10)


def _sites(made: Rows, path: Path) -> Iterable[Row]:
    if path["parent"] not in made.world.companies:
        raise not_found(f"Company {path['parent']}")
    return (made.site(s) for s in made.world.sites.values() if s.company_id == path["parent"])


def _no_rows(made: Rows, path: Path) -> Iterable[Row]:
    return ()


LISTINGS: tuple[Listing, ...] = (
    Listing("service/tickets", _all("tickets", "ticket"), TICKET),
    Listing("service/tickets/{parent:int}/notes", _notes, NOTE),
    Listing("service/tickets/{parent:int}/allNotes", _all_notes, NOTE),
    Listing("service/tickets/{parent:int}/timeentries", _ticket_time, TIME),
    Listing("service/boards", _all("boards", "board"), SETUP),
    Listing("service/boards/{parent:int}/statuses", _of_board("statuses", "status"), SETUP),
    Listing("service/boards/{parent:int}/types", _of_board("types", "type"), SETUP),
    Listing("service/boards/{parent:int}/subtypes", _of_board("subtypes", "type"), SETUP),
    Listing("service/boards/{parent:int}/items", _of_board("items", "type"), SETUP),
    Listing("service/boards/{parent:int}/teams", _of_board("teams", "team"), SETUP),
    Listing("service/statuses", _no_rows, SETUP),
    Listing("service/priorities", _all("priorities", "priority"), SETUP),
    Listing("service/sources", _all("sources", "source"), SETUP),
    Listing("service/teams", _all("teams", "team"), SETUP),
    Listing("time/entries", _all("time", "time"), TIME, _time_of_tickets),
    Listing("time/workTypes", _all("work_types", "work_type"), SETUP),
    Listing("time/workRoles", _all("work_roles", "work_role"), SETUP),
    Listing("finance/agreements", _all("agreements", "agreement"), AGREEMENT),
    Listing("company/companies", _all("companies", "company"), COMPANY),
    Listing("company/companies/{parent:int}/sites", _sites, _names("name city inactiveFlag company")),
    Listing("company/contacts", _all("contacts", "contact"), CONTACT),
    Listing("system/members", _all("members", "member"), MEMBER),
    Listing("schedule/entries", _schedule, SCHEDULE),
)
