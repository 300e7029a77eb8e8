"""Writing to a real Request Tracker 5: what is written is read back in RT itself."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.contract import Conflict, Fix, NewTime, Ref, Rejected, Step, Unsupported, Value
from tests.connectors.rt_desk import carry_out, desk, one
from tests.servers.rt import RtServer


def ref(name: str) -> Ref:
    return Ref(name, name)


async def test_a_billing_code_on_a_closed_ticket(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    rt_server.put(ticket, {"Status": "resolved"})
    mailed = len(rt_server.outgoing())
    async with desk(rt_server) as connector:
        done = await carry_out(connector, ticket, fields={"billing_code": ref("NO-CHARGE")})
        assert [applied.ticket.billing_code for applied in done if applied.ticket] == ["NO-CHARGE"]
        assert rt_server.custom(ticket, "Billing Code") == ["NO-CHARGE"]
        assert rt_server.get(f"/ticket/{ticket}")["Status"] == "resolved"
        await carry_out(connector, ticket, fields={"billing_code": None})
        assert rt_server.custom(ticket, "Billing Code") == []
    assert len(rt_server.outgoing()) == mailed


async def test_a_stale_version_is_a_conflict_and_nothing_is_written(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    async with desk(rt_server) as connector:
        seen = await one(connector, ticket)
        fix = Fix(
            change="1",
            ticket_id=ticket,
            fields={"billing_code": ref("CONTRACT"), "status": ref("resolved")},
            reply="Fixed.",
            note="Drum changed.",
        )
        steps = connector.plan(fix, seen)
        rt_server.mail("pat@contoso.test", ticket, "Wait, it still does not print")
        for step in steps:
            with pytest.raises(Conflict):
                await connector.apply(step, seen.version)
    assert rt_server.custom(ticket, "Billing Code") == []
    assert [row["Creator"]["id"] for row in rt_server.notes(ticket)] == ["pat"]
    assert rt_server.notes(ticket, "Comment") == []
    assert rt_server.get(f"/ticket/{ticket}")["Status"] != "resolved"


@pytest.mark.parametrize(
    ("fields", "words", "field"),
    [
        ({"billing_code": ref("GOLD")}, "Invalid value for custom field", "billing_code"),
        ({"status": ref("bogus")}, "isn't a valid status", "status"),
        ({"owner": ref("nosuch")}, "That user does not exist", "owner"),
        ({"owner": ref("pat")}, "may not own tickets", "owner"),
        ({"parent": ref("9999")}, "Couldn't resolve", "parent"),
        ({"custom:No Such Field": "x"}, "RT does not know the field", "custom:No Such Field"),
    ],
)
async def test_what_rt_refuses_with_a_200(
    rt_server: RtServer, fields: dict[str, Any], words: str, field: str
) -> None:
    ticket = rt_server.create_ticket()
    before = rt_server.etag(ticket)
    async with desk(rt_server) as connector:
        with pytest.raises(Rejected, match=words) as caught:
            await carry_out(connector, ticket, fields=fields)
        assert caught.value.field == field
    assert rt_server.etag(ticket) == before


async def test_without_the_right(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    async with desk(rt_server, "lena") as connector:
        for fields in (
            {"billing_code": ref("CONTRACT")},
            {"status": ref("resolved")},
            {"owner": ref("lena")},
        ):
            with pytest.raises(Rejected, match="Permission Denied"):
                await carry_out(connector, ticket, fields=fields)
        with pytest.raises(Rejected, match="Permission Denied"):
            await carry_out(connector, ticket, note="Not for me to say")
    assert rt_server.get(f"/ticket/{ticket}")["Status"] == "new"
    assert rt_server.notes(ticket, "Comment") == []


async def test_one_field_refused_leaves_the_others_done_and_says_which(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    fields: dict[str, Value] = {
        "billing_code": ref("CONTRACT"),
        "owner": ref("omar"),
        "type": ref("Bogus"),
        "status": ref("open"),
    }
    said = []
    async with desk(rt_server) as connector:
        for step in connector.plan(
            Fix(change="1", ticket_id=ticket, fields=fields), await one(connector, ticket)
        ):
            try:
                await connector.apply(step, None)
                said.append((*step.sets, True))
            except Rejected as error:
                said.append((str(error.field), False))
    assert said == [("billing_code", True), ("owner", True), ("type", False), ("status", True)]
    assert rt_server.custom(ticket, "Billing Code") == ["CONTRACT"]


async def test_a_reply_is_one_correspondence_and_one_mail(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket(Cc="boss@contoso.test")
    rt_server.mail("pat@contoso.test", ticket, "Any news?")
    rt_server.put(ticket, {"Status": "open"})
    mailed = len(rt_server.outgoing())
    async with desk(rt_server) as connector:
        seen = await one(connector, ticket)
        (step,) = connector.plan(Fix(change="1", ticket_id=ticket, reply="Grüße, it works: [/b]"), seen)
        assert step.mails == ("pat@contoso.test", "boss@contoso.test")
        assert step.public and step.guards_reply and not step.repeatable and not step.undoable
        applied = await connector.apply(step, seen.version)
        mine = rt_server.notes(ticket)[-1]
        assert applied.created_id == mine["id"] and mine["Creator"]["id"] == "tess"
        notes = (await connector.conversation(ticket)).notes
        assert (notes[-1].note_id, notes[-1].text) == (applied.created_id, "Grüße, it works: [/b]")
    assert len(rt_server.notes(ticket)) == 2
    sent = rt_server.outgoing()[mailed:]
    assert len(sent) == 1 and "pat@contoso.test" in sent[0] and "boss@contoso.test" in sent[0]


async def test_reply_and_close(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    async with desk(rt_server) as connector:
        seen = await one(connector, ticket)
        fix = Fix(change="1", ticket_id=ticket, reply="Fixed.", fields={"status": ref("resolved")})
        steps = connector.plan(fix, seen)
        assert [step.request for step in steps] == [
            f"POST /ticket/{ticket}/correspond",
            f"PUT /ticket/{ticket}",
        ]
        assert [bool(step.mails) for step in steps] == [True, False] and all(
            step.guards_reply for step in steps
        )
        done = await carry_out(connector, ticket, reply=fix.reply, fields=fix.fields)
        closed = done[-1].ticket
        assert closed is not None and closed.closed and closed.closed_at
    assert len(rt_server.notes(ticket)) == 1
    assert rt_server.get(f"/ticket/{ticket}")["Status"] == "resolved"


async def test_a_note_is_internal_and_mails_nobody(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    mailed = len(rt_server.outgoing())
    async with desk(rt_server) as connector:
        await carry_out(connector, ticket, note="0")  # to RT that is no text
        assert [(note.public, note.text) for note in (await connector.conversation(ticket)).notes] == [
            (False, "0")
        ]
    assert len(rt_server.outgoing()) == mailed


async def test_time_is_logged_with_the_note_as_its_text(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    async with desk(rt_server) as connector:
        done = await carry_out(connector, ticket, note="Changed the drum", time=NewTime(hours=0.75))
        assert [applied.ticket.hours for applied in done if applied.ticket] == [0.75]
        await carry_out(connector, ticket, reply="Done.", time=NewTime(hours=0.25))
        await carry_out(connector, ticket, time=NewTime(hours=0.1, text="Phone call"))
        entries = (await connector.time_entries([ticket])).entries
        assert [(entry.time_id, entry.hours, entry.text) for entry in entries] == [
            (done[0].created_id, 0.75, "Changed the drum"),
            (entries[1].time_id, 0.25, "Done."),
            (entries[2].time_id, 0.1, "Phone call"),
        ]
        assert [note.public for note in (await connector.conversation(ticket)).notes] == [False, True, False]
        steps = connector.plan(
            Fix(change="1", ticket_id=ticket, note="Seen, no answer needed: thanks", time=NewTime(hours=1)),
            await one(connector, ticket),
        )
        assert [(step.creates, step.guards_reply) for step in steps] == [("time", False), ("note", True)]


async def test_parents_are_set_replaced_and_put_back(rt_server: RtServer) -> None:
    first, second, third = (rt_server.create_ticket(f"Parent {n}", owner="omar") for n in range(3))
    ticket = rt_server.create_ticket(MemberOf=[first, second])
    async with desk(rt_server) as connector:
        done = await carry_out(connector, ticket, fields={"parent": ref(third)})
        assert [applied.ticket.parent_ids for applied in done if applied.ticket] == [(third,)]
        links = rt_server.get(f"/ticket/{ticket}")["_hyperlinks"]
        assert [link["id"] for link in links if link["ref"] == "parent"] == [third]
        await carry_out(connector, ticket, fields={"parent": ref(f"{first},{second}")})
        assert (await one(connector, ticket)).parent_ids == (first, second)
        await carry_out(connector, ticket, fields={"parent": None})
        assert (await one(connector, ticket)).parent_ids == ()


async def test_other_fields(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    due = 1_800_000_000
    fields: dict[str, Value] = {
        "custom:Serial": "S-9 ü",
        "company": ref("Contoso"),
        "due_at": due,
        "owner": ref("omar"),
    }
    async with desk(rt_server) as connector:
        for step in connector.plan(
            Fix(change="1", ticket_id=ticket, fields=fields), await one(connector, ticket)
        ):
            await connector.apply(step, None)
        now = await one(connector, ticket)
        assert (now.custom["Serial"], now.company, now.due_at, now.owner) == ("S-9 ü", "Contoso", due, "omar")
        await carry_out(connector, ticket, fields={"due_at": None, "custom:Serial": None})
        now = await one(connector, ticket)
        assert (now.due_at, now.custom["Serial"]) == (None, None)


async def test_what_rt_does_not_have_is_not_planned(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    async with desk(rt_server, fields={}) as connector:
        seen = await one(connector, ticket)
        assert not connector.capabilities.code_on_ticket and "billing_code" in connector.capabilities.absent
        for refused in (
            {"fields": {"billing_code": ref("CONTRACT")}},
            {"fields": {"customer_flag": False}},
            {"fields": {"parent": ref("abc")}},
            {"entries": {"5": ref("CONTRACT")}},
            {"time": NewTime(hours=1, code=ref("CONTRACT"))},
            {"time": NewTime(hours=0.001)},
        ):
            with pytest.raises(Unsupported):
                connector.plan(Fix(change="1", ticket_id=ticket, **refused), seen)


async def test_a_ticket_deleted_meanwhile(rt_server: RtServer) -> None:
    ticket = rt_server.create_ticket()
    async with desk(rt_server) as connector:
        seen = await one(connector, ticket)
        rt_server.put(ticket, {"Status": "deleted"})
        steps: tuple[Step, ...] = connector.plan(Fix(change="1", ticket_id=ticket, reply="Hello"), seen)
        with pytest.raises(Conflict):
            await connector.apply(steps[0], seen.version)
    assert rt_server.notes(ticket) == []
