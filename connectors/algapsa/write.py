"""Writing to AlgaPSA: one step is one write. Nothing is repeated here.

What the server answers proves nothing: it drops fields that it does not know, and after a change of status tells the
old `is_closed` and `closed_at`. So `Applied.ticket` stays empty and whoever sent the step reads the ticket again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.algapsa.records import note_name
from connectors.algapsa.wire import Bundle, Wire
from connectors.cards import refuse_changed
from connectors.contract import Applied, Rejected, Step, Unsupported, Value
from connectors.text import clean

if TYPE_CHECKING:
    from connectors.algapsa.api import Api
    from connectors.algapsa.choices import Lists
    from connectors.algapsa.wire import CardRow

COPIES = "sync_updates"
"""A bundle in which the master's answers are copied to the children, and so to their customers."""


class _Comment(Wire, frozen=True, kw_only=True):
    comment_id: str
    created_at: str


class _Entry(Wire, frozen=True, kw_only=True):
    entry_id: str


class Writer:
    """Carries out the steps that `connectors.algapsa.plan` made."""

    def __init__(self, api: Api, lists: Lists) -> None:
        self._api = api
        self._lists = lists

    async def apply(self, step: Step) -> Applied:
        """One write; what kind of bundle the parent has is read before it. Raises what the PSA says."""
        method, _, path = step.request.partition(" ")
        match step.action:
            case "put" | "assign" | "entry":
                await self._api.send(method, path, json=step.body)
                return Applied()
            case "card":
                return await self._card(step, path)
            case "detach":
                await self._api.send(method, path)
                return Applied()
            case "attach":
                return await self._attach(step, path)
            case "comment":
                answer = await self._api.send(method, path, json=step.body)
                made = self._api.unpacked(answer, _Comment)
                return Applied(created_id=note_name(made.comment_id, made.created_at))
            case "time":
                return await self._time(step, path)
        raise Unsupported(f"AlgaPSA: no such step: {step.action}")

    async def _attach(self, step: Step, path: str) -> Applied:
        """Makes a bundle, or joins the one that is there: making it anew would set its mode for all its tickets (read
        in the source)."""
        bundle = await self._api.data(path, Bundle)
        if bundle.role != "master":
            await self._api.send("POST", path, json=step.body)
            return Applied()
        if bundle.settings is not None and bundle.settings.mode == COPIES:
            raise Rejected(
                "AlgaPSA: this bundle copies the parent's answers to its children, whose customers would get them.",
                hint="Set the bundle to “link only” in AlgaPSA, or attach the ticket there.",
                field="parent",
            )
        await self._api.send(
            "POST", f"{path}/children", json={"child_ticket_ids": step.body["child_ticket_ids"]}
        )
        return Applied()

    async def _card(self, step: Step, path: str) -> Applied:
        """The contact's numbers, read just before, with another default one: the list is replaced as a whole, the rest
        of the card stays (read in the source). Right: contact: update."""
        contact = step.body["contact"]
        card = await self._lists.card(contact)
        refuse_changed(step, "contact_phone", card.default_phone_number)
        numbers = _numbers(card, step.body["fields"]["contact_phone"])
        try:
            await self._api.send("PUT", path, json={"phone_numbers": numbers})
        finally:
            self._lists.forget_contact(contact)
        return Applied()

    async def _time(self, step: Step, path: str) -> Applied:
        try:
            answer = await self._api.send("POST", path, json=step.body)
        except Rejected as error:
            if "overlap" in str(error).casefold():
                error.hint = (
                    "You have time logged in these minutes already: give another start, or fewer hours."
                )
            elif "time period" in str(error).casefold():
                error.hint = "Somebody has to open a time period for this day in AlgaPSA first."
            raise
        return Applied(created_id=self._api.unpacked(answer, _Entry).entry_id)


WORK = "work"
"""The type of a number that is the first on a card: one without a type is refused."""


def _numbers(card: CardRow, wanted: Value) -> list[dict[str, Any]]:
    """The card's numbers, as the PUT takes them, with `wanted` for the default one, which is what a ticket shows.

    Raises `Rejected` where another number would have to become the default, or an extension would be left behind.
    """
    text = str(wanted or "").strip()
    others = [one for one in card.phone_numbers if not one.is_default]
    default = next((one for one in card.phone_numbers if one.is_default), None)
    if default is not None and default.extension:
        raise Rejected(
            f"AlgaPSA: the contact's number has an extension ({clean(default.extension)}), which belongs to it alone",
            hint="Change the number on the contact in AlgaPSA.",
            field="contact_phone",
        )
    if not text and others:
        raise Rejected(
            "AlgaPSA: one of a contact's numbers has to be the default one, and he has others: "
            + clean(", ".join(one.phone_number for one in others)),
            hint="Change the numbers on the contact in AlgaPSA.",
            field="contact_phone",
        )
    rows: list[dict[str, Any]] = [
        {
            "contact_phone_number_id": one.id,
            "phone_number": text if one is default else one.phone_number,
            "extension": one.extension,
            "canonical_type": one.canonical_type,
            "custom_type": one.custom_type,
            "is_default": one is default,
        }
        for one in card.phone_numbers
        if text or one is not default
    ]
    if default is None and text:
        rows.append({"phone_number": text, "canonical_type": WORK, "is_default": True})
    return rows
