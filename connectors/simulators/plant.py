"""Which tickets the world has: every kind of exception for the technician, its near misses, the crowd."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.simulators import talk
from connectors.simulators.draft import Draft, Drafts

if TYPE_CHECKING:
    from connectors.simulators.world import World

FLAG, LAST = "customer_responded/flag_set", "customer_responded/last_word_customer"
UNFLAGGED = "customer_responded/flag_not_set"


class Planter:
    """The tickets of one world, in no particular order; each scenario is one method."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng
        self.make = Drafts(world, rng)
        self.all: list[Draft] = []

    def drafts(self, wanted: int) -> list[Draft]:
        """At least the planted ones (about 75 tickets), repeated in larger worlds, filled up to `wanted`."""
        for _ in range(max(1, wanted // 400)):
            for scenario in (
                self._responded,
                self._child_replies,
                self._after_close,
                self._missing,
                self._agreements,
                self._orphans,
                self._codes_open,
                self._codes_closed,
                self._near_talk,
                self._near_fields,
                self._near_codes,
            ):
                scenario()
            for _ in range(6):
                self._add(status=self.rng.choice(("New", "Assigned", "In Progress", "Waiting Customer")))
            for _ in range(5):
                self._add(days=self.rng.uniform(8, 25), closed_days=self.rng.uniform(0.5, 6))
        for _ in range(wanted - sum(not draft.deleted for draft in self.all)):
            self._crowd(wanted)
        return self.all

    def _add(
        self,
        owner: str = "jdoe",
        plants: tuple[str, ...] = (),
        near: str | None = None,
        *,
        board: int = 1,
        status: str = "In Progress",
        days: float | None = None,
        company: int | None = None,
        worked: bool = True,
        closed_days: float | None = None,
    ) -> Draft:
        draft = self.make.make(
            owner,
            board=board,
            status=status,
            days=days,
            company=company,
            worked=worked,
            closed_days=closed_days,
        )
        draft.plants.extend(plants)
        if near:
            draft.near.append(near)
        self.all.append(draft)
        return draft

    def _company_with(self, state: str) -> tuple[int, int]:
        """(company, agreement) where the agreement is Active, Expired, Cancelled, Inactive or Ends soon."""
        now = self.world.start
        for agreement in self.world.agreements.values():
            soon = agreement.end is not None and now <= agreement.end
            if (state == "Ends soon" and soon) or (not soon and agreement.status(now) == state):
                return agreement.company_id, agreement.id
        raise LookupError(state)

    # ------------------------------------------------------------ customers who wrote

    def _responded(self) -> None:
        make = self.make
        for hours in (2.5, 51.0):
            make.customer(self._add(plants=(FLAG, LAST)), hours, flag=True)
        twice = self._add(plants=(FLAG, LAST))
        make.customer(twice, 30, flag=True)
        make.customer(twice, 24, talk.NUDGES[0])
        self._workflow(twice)
        twice.ticket.cc = f"it-lead@{self.world.companies[twice.ticket.company_id].domain}"
        noted = self._add(plants=(UNFLAGGED,))
        make.customer(noted, 26)
        make.staff(noted, 25, talk.INTERNAL[1], public=False)
        answered = self._add(plants=("customer_responded/flag_set_answered",))
        make.customer(answered, 9, flag=True)
        make.staff(answered, 6, "Hi, I have just called you about it; it is set up for tomorrow morning.")
        by_status = self._add(
            board=3,
            status="Customer Responded",
            plants=(FLAG, LAST),
        )
        make.customer(by_status, 3)
        unknown = self._add(plants=(UNFLAGGED, "customer_responded/author_unknown"))
        note = make.customer(
            unknown, 12, "Forwarded from the mailbox: please see below, the same again today."
        )
        note.contact_id, note.created_by = None, ""
        dispatched = self._add("asmith", plants=(FLAG, LAST))
        make.customer(dispatched, 5, flag=True)
        dispatched.ticket.resources = ("asmith", "jdoe")
        hostile = self._add(plants=(FLAG, LAST, "customer_responded/hostile_text"))
        hostile.ticket.summary = talk.HOSTILE_SUMMARY
        make.customer(hostile, 1.2, talk.HOSTILE_TEXT, flag=True)

    def _workflow(self, draft: Draft) -> None:
        note = self.make.staff(draft, 4, talk.WORKFLOW)
        note.member_id, note.created_by = None, "Workflow"
        self.make.settle(draft)

    def _child_replies(self) -> None:
        make = self.make
        parent = self._add("asmith", status="In Progress", near="parent_of_a_colleague", days=8)
        company = parent.ticket.company_id
        flagged = self._add(
            company=company, plants=("child_reply/flag_set", "child_reply/last_word_customer"), days=5
        )
        make.customer(make.child(flagged, parent), 3.5, flag=True)
        quiet = self._add(company=company, plants=("child_reply/flag_not_set",), days=4)
        make.customer(make.child(quiet, parent), 15)
        fine = self._add(company=company, near="child_of_an_open_parent", days=4)
        make.child(fine, parent)

    def _after_close(self) -> None:
        make = self.make
        key = "reply_after_close/replied_after_close"
        back = self._add(plants=(key, "reply_after_close/flag_set"), days=6, closed_days=2)
        make.customer(back, 5, flag=True)
        quiet = self._add(plants=(key,), days=9, closed_days=3)
        make.customer(quiet, 40, talk.QUESTIONS[0])
        flagged = self._add(plants=("reply_after_close/flag_set",), days=12, closed_days=4)
        flagged.ticket.flag = True
        old = self._add(near="reply_outside_window", days=29, closed_days=22)
        make.customer(old, 17 * 24, talk.THANKS[3])
        thanked = self._add(near="reply_before_closing", days=8, closed_days=2)
        make.close(thanked, 2, "jdoe")
        note = make.customer(thanked, 2 * 24, talk.THANKS[2])
        note.at = (thanked.ticket.closed_at or 0) - 30
        make.settle(thanked)

    # ------------------------------------------------------------ fields

    def _missing(self) -> None:
        empty: tuple[tuple[tuple[str, ...], dict[str, object]], ...] = (
            (
                ("contact", "contact_phone", "contact_email"),
                {"contact_id": None, "contact_name": "", "contact_phone": "", "contact_email": ""},
            ),
            (("contact_phone",), {"contact_phone": ""}),
            (("agreement",), {"agreement_id": None}),
            (("type",), {"type_id": None, "subtype_id": None, "item_id": None}),
            (("contact_phone", "contact_email"), {"contact_phone": " N/A ", "contact_email": ""}),
        )
        for fields, values in empty:
            draft = self._add(plants=tuple(f"missing_fields/missing:{f}" for f in fields))
            for name, value in values.items():
                setattr(draft.ticket, name, value)
        draft.plants.append("missing_fields/placeholder")

    def _agreements(self) -> None:
        for state in ("Expired", "Cancelled", "Inactive"):
            company, agreement = self._company_with(state)
            draft = self._add(company=company, plants=("missing_fields/agreement_inactive",))
            draft.ticket.agreement_id = agreement
        company, agreement = self._company_with("Ends soon")
        self._add(company=company, near="agreement_ends_soon").ticket.agreement_id = agreement

    def _near_fields(self) -> None:
        self.make.customer(self._add("jdoerr", near="similar_name"), 2, flag=True)
        mixed = self._add("asmith", near="similar_name_among_resources")
        self.make.customer(mixed, 8, flag=True)
        mixed.ticket.resources = ("asmith", "jdoerr")
        nobody = self._add("asmith", near="nobody_owns_it", status="New")
        nobody.ticket.owner_id, nobody.ticket.resources = None, ()
        dotted = self._add(near="no_subtype")
        dotted.ticket.subtype_id = dotted.ticket.item_id = None

    # ------------------------------------------------------------ children

    def _orphans(self) -> None:
        make = self.make
        self._add(plants=("orphaned/no_parent",), status="Child Ticket")
        open_parent = self._add("tnguyen", days=10)
        company = open_parent.ticket.company_id
        wrong = self._add(company=company, plants=("orphaned/not_child_status",), days=6)
        wrong.parent = open_parent
        closed_parent = self._add("asmith", days=12, closed_days=1.2)
        closed = self._add(
            company=closed_parent.ticket.company_id, plants=("orphaned/parent_closed",), days=6
        )
        make.child(closed, closed_parent)
        deleted_parent = self._add("asmith", days=14)
        deleted_parent.deleted = True
        lost = self._add(
            company=deleted_parent.ticket.company_id, plants=("orphaned/parent_not_visible",), days=7
        )
        make.child(lost, deleted_parent)
        merged_parent = self._add("asmith", days=13, closed_days=2)
        merged_parent.merged_into = open_parent
        merged = self._add(
            company=merged_parent.ticket.company_id,
            plants=("orphaned/parent_missing",),
            days=7,
        )
        make.child(merged, merged_parent)

    # ------------------------------------------------------------ billing codes

    def _uncode(self, draft: Draft, *, ticket: bool = True, entries: bool = True) -> None:
        """Takes the code off the ticket, its entries, or both."""
        if ticket:
            draft.ticket.work_type_id = None
        for entry in draft.entries if entries else ():
            entry.work_type_id = None

    def _codes_open(self) -> None:
        worked, timed = "billing_code/ticket_without_code", "billing_code/time_without_code"
        self._uncode(self._add(plants=(worked, timed)))
        self._uncode(self._add(plants=(worked,)), entries=False)
        self._uncode(self._add(plants=(timed,)), ticket=False)
        completed = self._add(plants=(worked, timed, "billing_code/closing_status"), status="Completed")
        self._uncode(completed)
        project = self._add(board=2, plants=(worked,), days=15)
        self._uncode(project, entries=False)
        locked = self._add(plants=(worked, "billing_code/locked"))
        self._uncode(locked, entries=False)
        self.make.entry(locked, 0.5, status="Billed", invoice="INV-2231")

    def _codes_closed(self) -> None:
        closed = "billing_code/closed_without_code"
        self._uncode(self._add(plants=(closed,), days=9, closed_days=1.5), entries=False)
        both = self._add(plants=(closed, "billing_code/time_without_code"), days=20, closed_days=8)
        self._uncode(both)

    def _near_codes(self) -> None:
        make = self.make
        locked = self._add(near="only_locked_time_uncoded")
        make.entry(locked, 0.75, status="BilledAgreement", invoice="INV-2198")
        colleague = self._add(near="a_colleagues_time_uncoded")
        make.entry(colleague, 1.0, "asmith")
        fresh = self._add(near="not_worked_yet", status="New", worked=False)
        fresh.ticket.work_type_id = None
        old = self._add(near="closed_outside_billing_window", days=48, closed_days=41)
        self._uncode(old)

    # ------------------------------------------------------------ looks like a reply

    def _near_talk(self) -> None:
        make = self.make
        away = self._add(near="auto_reply_last")
        make.customer(away, 10, talk.AUTO_REPLY)
        seen = self._add(near="seen_note")
        thanks = make.customer(seen, 22, talk.THANKS[0])
        until = datetime.fromtimestamp(thanks.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        make.staff(seen, 20, talk.SEEN.format(until=until), public=False)
        colleague = self._add(near="answered_by_a_colleague")
        make.customer(colleague, 18)
        make.staff(colleague, 16, "Jordan is out today, so I looked: it is done. Aisha", member="asmith")
        cleared = self._add(near="flag_cleared_and_answered")
        make.customer(cleared, 40)
        make.staff(cleared, 38, "Thanks for the picture, that helped. I have ordered the part.")

    # ------------------------------------------------------------ everybody else

    def _crowd(self, wanted: int) -> None:
        """Tickets of colleagues, and more of ours, most of them in order; in large worlds mostly closed."""
        rng = self.rng
        large = wanted > 400
        owner = rng.choice(
            ("asmith", "asmith", "jdoerr", "tnguyen", "tnguyen", "jdoe" if large else "asmith")
        )
        board = rng.choice((1, 1, 1, 2, 3))
        if rng.random() < (0.6 if large else 0.4):
            closed = rng.uniform(0.5, 300 if large else 20)
            self._add(owner, board=board, days=closed + rng.uniform(0.5, 8), closed_days=closed)
            return
        status = rng.choice(("New", "Assigned", "In Progress", "Waiting Customer", "Waiting Vendor"))
        draft = self._add(owner, board=board, status=status)
        if owner != "jdoe" and rng.random() < 0.2:
            self.make.customer(draft, rng.uniform(0.5, 30), flag=True)
        if owner != "jdoe" and rng.random() < 0.15:
            self._uncode(draft)
