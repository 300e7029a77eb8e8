"""The set-up lint against simulated PSAs on real sockets: a healthy shop, and shops with a broken set-up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.simulators.serve import SIMULATED, demo_secrets, demo_settings, make_app, run_in_thread
from connectors.simulators.world import World
from store.board_statuses import MOST_BOARDS
from store.desk import Desk
from store.home import Home
from store.settings import load
from store.settings_save import save_connection
from store.setup_facts import gather
from store.setup_lint import lint
from store.setup_records import Facts, Finding

TELLS_CLOCK = ("connectwise", "halopsa")
PSAS = tuple(SIMULATED)


class Shop:
    """A simulated shop that stands still, its home, and what the lint makes of it."""

    def __init__(self, psa: str, app: Any, world: World, desk: Desk) -> None:
        self.psa, self.app, self.world, self.desk = psa, app, world, desk
        self.cost = 0
        """Requests beyond those of `verify`."""

    async def facts(self, *, team: int | None = None) -> Facts:
        connector = await self.desk.connector("acme")
        identity = await connector.verify()
        before = connector.requests
        connection = self.desk.settings.connections["acme"]
        found = await gather(self.desk.reader, connection, connector, identity, team=team)
        self.cost = connector.requests - before
        return found

    async def findings(self, code: str = "") -> list[Finding]:
        return [one for one in lint(await self.facts()) if code in ("", one.code)]


@asynccontextmanager
async def opened(
    folder: Path, psa: str, world: World, *, sync: bool = True, **settings: Any
) -> AsyncIterator[Shop]:
    app = make_app(psa, world)
    home = Home.at(folder / psa)
    with run_in_thread(app) as url:
        save_connection(home.config, "acme", demo_settings(psa, url) | {"quota": "none"} | settings)
        async with Desk(home, load(home.config), secrets={"acme": demo_secrets(psa)}) as desk:
            if sync:
                (report,) = await desk.sync()
                assert report.ok, report.error
            yield Shop(psa, app, world, desk)


def shop_of(tickets: int = 60) -> World:
    return World(1, tickets, speed=0.0)


# ---------------------------------------------------------------- all is well


@pytest.mark.parametrize("psa", PSAS)
async def test_the_demos_setup_is_healthy(tmp_path: Path, psa: str) -> None:
    async with opened(tmp_path, psa, shop_of()) as shop:
        found = await shop.findings()
        facts, required = await shop.facts(), shop.desk.settings.rules.required
        can = facts.can
        lacking = ["required_field_absent"] if set(required) - can.fields else []
        assert [one.code for one in found if one.level == "wrong"] == lacking, (
            "the rules' default fields apart"
        )
        unknown = [one.code for one in found if one.level == "unknown"]
        asks = "note_moves_ticket" in facts.effective and can.note_moves_ticket is None
        moves = ["notes_move"] if asks else []  # it does, in these shops
        assert unknown == [*([] if psa in TELLS_CLOCK else ["clock_unknown"]), *moves]


@pytest.mark.parametrize("psa", PSAS)
async def test_it_costs_a_request_a_board_at_most(tmp_path: Path, psa: str) -> None:
    async with opened(tmp_path, psa, shop_of()) as shop:
        facts = await shop.facts()
        assert shop.cost == (len(facts.use.boards) if psa == "connectwise" else 0)
        assert shop.cost <= MOST_BOARDS


async def test_before_the_first_sync_the_boards_are_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path, "connectwise", shop_of(), sync=False) as shop:
        facts = await shop.facts()
        assert [board.board for board in facts.boards] == ["Help Desk", "Managed Services", "Projects"]
        assert shop.cost == 4
        assert await shop.findings() == []


# ---------------------------------------------------------------- broken


async def test_a_child_status_that_escalates_on_one_board(tmp_path: Path) -> None:
    world = shop_of()
    board = next(board for board in world.boards.values() if board.name == "Managed Services")
    world.status(board.id, "Child Ticket").clock = "runs"
    async with opened(tmp_path, "connectwise", world) as shop:
        (found,) = await shop.findings("child_clock")
        assert found.what == (
            "the child status “Child Ticket” runs the SLA clock on Managed Services (escalation status Responded)"
        )
        assert "Setup Tables" in found.do


async def test_halo_puts_no_child_on_hold(tmp_path: Path) -> None:
    world = shop_of()
    for status in world.statuses.values():
        if status.name == "Child Ticket":
            status.clock = "runs"
        if status.name == "Waiting Customer":
            status.clock = "ends"
    async with opened(tmp_path, "halopsa", world) as shop:
        (child,) = await shop.findings("child_clock")
        assert "“Child Ticket” runs the SLA clock (SLA action removehold)" in child.what
        (waiting,) = await shop.findings("waiting_clock")
        assert "“Waiting Customer” does not hold the SLA clock (SLA action none)" in waiting.what


async def test_statuses_that_differ_from_board_to_board(tmp_path: Path) -> None:
    world = shop_of()
    projects = next(board for board in world.boards.values() if board.name == "Projects")
    completed = world.status(projects.id, "Completed")
    completed.closed = completed.no_time = True
    async with opened(tmp_path, "connectwise", world) as shop:
        (differs,) = await shop.findings("same_name_differs")
        assert "closes on Projects" in differs.what and "does not close on Help Desk" in differs.what
        (refuses,) = await shop.findings("status_refuses_time")
        assert "the closing status “Completed” refuses time entries on Projects" in refuses.what


@pytest.mark.parametrize("psa", PSAS)
async def test_names_that_the_psa_does_not_have(tmp_path: Path, psa: str) -> None:
    wrong = {"responded_statuses": ["Costumer Responded"], "closed_statuses": ["Archived"]}
    async with opened(tmp_path, psa, shop_of(), **wrong) as shop:
        found = await shop.findings("status_unknown")
        assert [one.what.split(",")[0] for one in found] == [
            "responded_statuses names “Costumer Responded”",
            "closed_statuses names “Archived”",
        ]
        listed = (await shop.facts()).can.statuses_listed
        assert {one.level for one in found} == {"wrong" if listed else "unknown"}


async def test_a_closed_status_without_the_mark(tmp_path: Path) -> None:
    world = shop_of()
    for status in world.statuses.values():
        if status.name == ">Cancelled":
            status.closed = False
    async with opened(tmp_path, "connectwise", world) as shop:
        (found,) = await shop.findings("closed_without_mark")
        assert "“>Cancelled” sounds closed, but ConnectWise PSA does not mark it so" in found.what


async def test_the_application_of_another_agent(tmp_path: Path) -> None:
    async with opened(tmp_path, "halopsa", shop_of(), technician="Aisha Smith") as shop:
        (found,) = await shop.findings("key_of_other")
        assert "belong to “Jordan Doe”, and technician is “Aisha Smith”" in found.what
        shop.app.state.switches.agent = False  # the PSA does not tell any more
        assert await shop.findings("key_of_other") == []


async def test_rights_that_are_missing_say_what_they_block(tmp_path: Path) -> None:
    async with opened(tmp_path, "halopsa", shop_of()) as shop:
        shop.app.state.switches.forbidden = frozenset({"ClientContract"})
        (found,) = await shop.findings("right_missing")
        assert "permission to read “ClientContract”" in found.what
        assert found.why.startswith("No agreement")


async def test_statuses_that_may_not_be_read(tmp_path: Path) -> None:
    async with opened(tmp_path, "halopsa", shop_of(), sync=False) as shop:
        shop.app.state.switches.forbidden = frozenset({"Status"})
        found = await shop.findings()
        assert [one.code for one in found if one.level == "unknown"] == ["statuses_unread"]
        assert "status_unknown" not in [one.code for one in found]


# ---------------------------------------------------------------- what the cache knows


async def test_a_required_field_that_nobody_fills(tmp_path: Path) -> None:
    world = shop_of()
    for ticket in world.tickets.values():
        ticket.agreement_id = None
    async with opened(tmp_path, "connectwise", world) as shop:
        (found,) = await shop.findings("required_field_unused")
        assert found.what.startswith("agreement is required, and none of the ")
        use = (await shop.facts()).use
        assert use.never_filled[0].tickets == use.open >= 10


async def test_one_ticket_that_has_the_field_is_enough(tmp_path: Path) -> None:
    world = shop_of()
    kept = 0
    for ticket in world.tickets.values():
        mine = world.is_open(ticket) and world.assigned(ticket, world.technician)
        if mine and ticket.agreement_id is not None and not kept:
            kept = ticket.id
        else:
            ticket.agreement_id = None
    assert kept
    async with opened(tmp_path, "connectwise", world) as shop:
        assert await shop.findings("required_field_unused") == []


async def test_few_tickets_prove_nothing(tmp_path: Path) -> None:
    world = shop_of()
    mine = [one for one in world.tickets.values() if world.assigned(one, world.technician)]
    for ticket in mine:
        ticket.agreement_id = None
    for ticket in [one for one in mine if world.is_open(one)][9:]:
        world.set_status(ticket, world.status(ticket.board_id, ">Closed"), "asmith")
    async with opened(tmp_path, "connectwise", world) as shop:
        assert 0 < (await shop.facts()).use.open <= 9
        assert await shop.findings("required_field_unused") == []


async def test_what_rounds_take_is_measured_after_the_first_of_a_process(tmp_path: Path) -> None:
    async with opened(tmp_path, "halopsa", shop_of()) as shop:
        assert (await shop.facts()).view.usual_requests is None
        await shop.desk.sync()
        unchanged = (await shop.desk.sync())[0].requests
        facts = await shop.facts()
        assert facts.view.usual_requests == unchanged == 2  # docs/requests.md: 1 + ceil(n / 100)
        limited = msgspec.structs.replace(
            facts.connection, quota=None
        )  # the shop's own is none, not to wait here
        for team, wanted in ((50, 0), (100, 1)):
            asked = msgspec.structs.replace(facts, connection=limited, team=team)
            assert [one.code for one in lint(asked)].count("too_many_requests") == wanted
        assert facts.members == 5, "five active agents, and nobody called Unassigned"


async def test_a_round_that_reads_everything_is_no_measure(tmp_path: Path) -> None:
    async with opened(tmp_path, "connectwise", shop_of()) as shop:
        await shop.desk.sync()
        usual = (await shop.facts()).view.usual_requests
        (full,) = await shop.desk.sync(full=True)
        assert usual is not None and full.requests > usual
        assert (await shop.facts()).view.usual_requests == usual


async def test_a_round_that_asks_nothing_is_no_measure(tmp_path: Path) -> None:
    """Rev.io's list is read whole and holds for a while."""
    async with opened(tmp_path, "revio", shop_of()) as shop:
        (report,) = await shop.desk.sync(force=True)
        assert report.requests == 2
        usual = (await shop.facts()).view.usual_requests
        (report,) = await shop.desk.sync(force=True)  # what `facts` has just read still holds
        assert report.requests == 0
        assert (await shop.facts()).view.usual_requests == usual == 2


@pytest.mark.parametrize(("moves", "said"), [(True, 1), (False, 0)])
async def test_whether_a_note_moves_its_ticket_is_learnt_from_what_was_read(
    tmp_path: Path, moves: bool, said: int
) -> None:
    world = shop_of()
    world.note_moves_ticket = moves
    quiet = [t for t in world.tickets.values() if world.is_open(t) and t.flag and t.owner_id][:8]
    for ticket in quiet:  # the flag is set already: nothing but the note itself could move them
        world.customer_replies(ticket.id, "Are you there?", at=world.now() - 60)
    async with opened(tmp_path, "connectwise", world) as shop:
        assert len(await shop.findings("notes_move")) == said
