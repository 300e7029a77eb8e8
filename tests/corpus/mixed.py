"""Cases of what is mixed up: duplicates, the wrong client, crossed notes, open children.

The wordings were written before the rules, as people write; some are hard on purpose, and a rule may miss them.
"""

from __future__ import annotations

import random as randoms
from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.corpus.case import DAY, HOUR, MAIN, NOW, Case, Planted
from tests.corpus.mixed_crossed import crossed

_DOMAINS = count(1)


def cases(random: randoms.Random) -> Iterator[Case]:
    """The cases of four kinds."""
    yield from _duplicates()
    yield from _wrong_clients()
    yield from crossed(random)
    yield from _families()


# ---------------------------------------------------------------- duplicates

_SAME = (
    ("Printer not working", "RE: Printer not working"),
    ("Drucker druckt nicht", "AW: drucker druckt nicht!"),
    ("Outlook crashes when opening attachments", "Outlook crashing when opening an attachment"),
    ("VPN connection drops every few minutes", "VPN drops every few minutes"),
    ("Cannot log in to Windows", "Can't login to windows"),
    ("Internet down in Leeds office", "Leeds office internet is down"),
    ("Bitte Passwort von Frau Krüger zurücksetzen", "Passwort zurücksetzen Frau Krüger"),
    ("[Ticket #48213] Scanner sendet keine Mails", "Scanner sendet keine Mails"),
    ("New user: Mia Lopez starting Monday", "FW: New user Mia Lopez starting on Monday"),
    ("Telefon im Büro klingelt nicht", "Telefon im Buero klingelt nicht"),
    ("Backup failed on SRV-DB01", "SRV-DB01: backup failed"),
    ("Excel hängt beim Speichern", "Excel hängt sich beim Speichern auf"),
    ("Shared mailbox access for Priya Raman", "Access to shared mailbox for Priya Raman please"),
    ("Phishing mail received", "WG: Phishing-Mail received (urgent)"),
    ("Need access to SharePoint", "SharePoint access needed"),
    ("Teams audio problem", "Problem with Teams audio"),
    ("Neuer Mitarbeiter Max Huber", "Neuer Mitarbeiter: Max Huber ab 1.12."),
    ("QuickBooks error 6129", "Quickbooks Error 6129 when opening"),
    ("Mailbox full", "My mailbox is full!!"),
    # Hard: the same in other words.
    ("Laptop won't turn on", "Laptop does not turn on"),
    ("Keine Verbindung zum Server", "Verbindung zum Server nicht möglich"),
    ("Wifi not working in warehouse", "WiFi down in warehouse"),
    ("Email not working", "I can't send or receive emails"),
)

_OTHER = (
    ("New laptop for Anna Schmidt", "New laptop for Bernd Meier"),
    ("Backup failed on SRV-DB01", "Backup failed on SRV-FS02"),
    ("Passwort zurücksetzen Frau Krüger", "Passwort zurücksetzen Herr Bauer"),
    ("VPN", "VPN token for a new colleague"),
    ("Outlook hängt", "Outlook-Signatur ändern"),
    ("Onboarding: Mia Lopez", "Onboarding: Tom Grant"),
    ("Printer in room 12 jams", "Printer in room 14 jams"),
    ("Monitor order for reception", "Monitor at reception flickers"),
    ("Invoice 2026-0815 cannot be opened", "Invoice 2026-0816 cannot be opened"),
    ("Teams: kein Ton im Besprechungsraum", "Teams: kein Bild im Besprechungsraum"),
    ("Request", "Request: second monitor"),
    ("Neuer Mitarbeiter Max Huber", "Neuer Mitarbeiter Eva Lang"),
    ("Laptop won't turn on", "Laptop battery drains"),
    ("Install Adobe on PC of Tom", "Install Office on PC of Tom"),
    ("Printer offline", "Printer toner empty"),
    # Hard: one word makes another thing of it.
    ("Offboarding Mark Hall", "Onboarding Mark Hall"),
    ("Drucker im Büro Graz zieht kein Papier", "Drucker im Büro Ulm zieht kein Papier"),
)

_ONE = {"contact_id": "ann", "contact": "Ann Lee"}


def _duplicates() -> Iterator[Case]:
    def case(
        name: str,
        found: bool,
        older: dict[str, Any],
        younger: dict[str, Any],
        *,
        common: dict[str, Any] = _ONE,
        **more: Any,
    ) -> Case:
        first = common | {"created_at": NOW - 4 * HOUR} | older
        second = common | {"created_at": NOW - 2 * HOUR} | younger
        return Case("possible_duplicate", name, found, Planted(second), {"older": Planted(first)}, **more)

    def same(name: str, found: bool, **younger: Any) -> Case:
        text = {"summary": "Scanner sendet keine Mails"}
        return case(name, found, text, text | younger)

    for first, second in _SAME:
        yield case(f'"{first}" and "{second}"', True, {"summary": first}, {"summary": second})
    for first, second in _OTHER:
        yield case(f'"{first}" and "{second}"', False, {"summary": first}, {"summary": second})
    text = {"summary": "Warenwirtschaft startet nicht"}
    then = {"created_at": NOW - 2 * DAY}
    yield case("opened exactly a day apart", True, text | then, text | {"created_at": NOW - DAY})
    yield case("opened a day and a second apart", False, text | then, text | {"created_at": NOW - DAY + 1})
    yield case("opened in the same second", True, text | then, text | then)
    yield case("the older one is a colleague's", True, text | {"in_scope": False}, text)
    yield case("the older one is closed", False, text | {"closed": True, "closed_at": NOW - HOUR}, text)
    yield case("the younger one is closed", False, text, text | {"closed": True, "closed_at": NOW - HOUR})
    yield case("the older one was deleted", False, text | {"presence": "deleted"}, text)
    yield same("another contact of the same company", False, contact_id="bob", contact="Bob Ray")
    yield same("the contact is at another company now", False, company_id="other", company="Contoso")
    nobody = {"contact_id": None, "contact": None, "contact_email": None}
    yield case("neither has a contact", False, text, text, common=nobody)
    yield case("neither has a company", False, text, text, common=_ONE | {"company": None})
    yield case("neither says anything", False, {"summary": "RE:"}, {"summary": "FW: "})
    child = {"status": "Child Ticket"}
    parent = {"older": Planted(_ONE | text | {"created_at": NOW - 4 * HOUR})}
    own = Planted(_ONE | text | child | {"created_at": NOW - 2 * HOUR}, parents=("older",))
    yield Case("possible_duplicate", "the older one is its parent", False, own, parent)
    kid = {"older": Planted(_ONE | text | child | {"created_at": NOW - 4 * HOUR}, parents=(MAIN,))}
    own = Planted(_ONE | text | {"created_at": NOW - 2 * HOUR})
    yield Case("possible_duplicate", "the older one is its child", False, own, kid)
    three = {
        "first": Planted(_ONE | text | {"created_at": NOW - 6 * HOUR}),
        "second": Planted(_ONE | text | {"created_at": NOW - 5 * HOUR}),
    }
    both = {"second": frozenset({"possible_duplicate"})}
    own = Planted(_ONE | text | {"created_at": NOW - 4 * HOUR})
    yield Case("possible_duplicate", "two older ones", True, own, three, others_in=both)


# ---------------------------------------------------------------- the wrong client


def _wrong_clients() -> Iterator[Case]:
    limits = {"wrong_client": {"catch_all": ["Catchall", "Unbekannter Kunde"]}}

    def case(name: str, found: bool, cards: list[dict[str, Any]], **values: Any) -> Case:
        return Case("wrong_client", name, found, Planted(values), choices=cards, settings=limits)

    def card(company: str, id: str = "ann", kind: str = "contact", **more: Any) -> dict[str, Any]:
        return {"kind": kind, "id": id, "name": id, "company_id": company, **more}

    def mail() -> str:
        return f"mail{next(_DOMAINS)}.example"

    yield case("the contact is another company's", True, [card("other")], contact_id="ann")
    yield case("the agreement is another company's", True, [card("other", "gold", "agreement")],
               agreement_id="gold")  # fmt: skip
    yield case("the site is another company's", True, [card("other", "hq", "site")], site_id="hq")
    yield case("it is the catch-all's", True, [], company="Catchall")
    yield case("it is the catch-all's, in other letters", True, [], company=" UNBEKANNTER kunde ")
    domain = mail()
    cards = [card("other", email=f"bob@{domain}")]
    yield case("the mail domain is another company's", True, cards, contact_email=f"ann@{domain.upper()}")
    domain = mail()
    cards = [card("other", email=f"bob@{domain}"), card("other", "cid", email=f"cid@{domain}")]
    yield case("the mail domain is on two cards of another company", True, cards,
               contact_email=f"Ann Lee <ann@{domain}>")  # fmt: skip

    yield case("the contact is its own company's", False, [card("own")], contact_id="ann")
    yield case("the contact's card names no company", False, [card("")], contact_id="ann")
    yield case("the contact is not known", False, [], contact_id="ann")
    both = [card("own"), card("other")]
    yield case("the contact is of both companies", False, both, contact_id="ann")
    yield case("the agreement holds for every company", False, [card("", "gold", "agreement")],
               agreement_id="gold")  # fmt: skip
    yield case("another kind of thing has the contact's id", False, [card("other", "ann", "site")],
               contact_id="ann")  # fmt: skip
    yield case("the ticket has no company", False, [card("other")], contact_id="ann", company=None)
    closed = {"closed": True, "closed_at": NOW - HOUR}
    yield case("it is closed", False, [card("other")], contact_id="ann", **closed)
    yield case("a company that is only called alike", False, [], company="Catchall GmbH")
    for public in ("gmail.com", "web.de", "outlook.com"):
        cards = [card("other", email=f"bob@{public}")]
        yield case(f"the mail is at {public}", False, cards, contact_email=f"ann@{public}")
    domain = mail()
    cards = [card("other", email=f"bob@{domain}"), card("own", "cid", email=f"cid@{domain}")]
    yield case("the mail domain is its own company's too", False, cards, contact_email=f"ann@{domain}")
    domain = mail()
    cards = [card("other", email=f"bob@{domain}"), card("third", "cid", email=f"cid@{domain}")]
    yield case("the mail domain is two other companies'", False, cards, contact_email=f"ann@{domain}")
    cards = [card("other", email=f"bob@sub.{(domain := mail())}")]
    yield case("the mail domain is a part of another's", False, cards, contact_email=f"ann@{domain}")
    yield case("the mail address is none", False, [card("other", email="bob")], contact_email="ann")

    child = {"status": "Child Ticket"}
    for name, found, parent in (
        ("the parent is another company's", True, {"company_id": "other"}),
        ("the parent is its own company's", False, {}),
        ("the parent's company is not known", False, {"company": None}),
        ("the parent of another company is not here", False, {"company_id": "other", "presence": "deleted"}),
    ):
        others = {"parent": Planted({"in_scope": False, **parent})}
        gone = "presence" in parent
        yield Case(
            "wrong_client", name, found, Planted(child, parents=("parent",)), others, settings=limits,
            also=frozenset({"orphaned"}) if gone else frozenset(),
        )  # fmt: skip


# ---------------------------------------------------------------- open children

_CHILD = {"status": "Child Ticket"}
_CLOSED = {"closed": True, "closed_at": NOW - HOUR}


def _families() -> Iterator[Case]:
    orphan = frozenset({"orphaned"})

    def case(name: str, found: bool, parent: dict[str, Any], *children: dict[str, Any]) -> Case:
        others = {f"child {place}": Planted(values, parents=(MAIN,)) for place, values in enumerate(children)}
        orphans = {
            child: orphan
            for child, planted in others.items()
            if parent.get("closed")
            and planted.values.get("status") == "Child Ticket"
            and planted.values.get("in_scope", True)
            and planted.values.get("presence", "here") == "here"
        }
        return Case("children_open", name, found, Planted(parent), others, others_in=orphans)

    gone = {**_CHILD, "presence": "deleted"}
    hidden = {**_CHILD, "presence": "not_visible"}
    theirs = {"in_scope": False}
    closing = {"status": "Completed"}
    yield case("closed, and a child is open", True, _CLOSED, _CHILD, _CLOSED)
    yield case("closed, and a colleague's child is open", True, _CLOSED, _CHILD | theirs)
    yield case("about to be closed, and a child is open", True, closing, _CHILD)
    yield case("open, and the only child is closed", True, {}, _CLOSED)
    yield case("open, and all children are closed", True, {}, _CLOSED, _CLOSED | theirs)
    yield case("open, one child closed and one deleted", True, {}, _CLOSED, gone)
    yield case("closed long ago, and a child is open", True, {"closed": True, "closed_at": NOW - 90 * DAY,
               "created_at": NOW - 91 * DAY}, _CHILD)  # fmt: skip
    yield case("closed, and so are all children", False, _CLOSED, _CLOSED, _CLOSED)
    yield case("open, and so is a child", False, {}, _CHILD, _CLOSED)
    yield case("about to be closed, and all children are closed", False, closing, _CLOSED)
    yield case("closed, and the child was deleted", False, _CLOSED, gone)
    yield case("closed, and the child is not for us to see", False, _CLOSED, hidden)
    yield case("open, and the child was deleted", False, {}, gone)
    yield case("no children", False, {})
    yield case("closed, no children", False, _CLOSED)
    yield case("a colleague's, closed, and a child is open", False, _CLOSED | theirs, _CHILD)
