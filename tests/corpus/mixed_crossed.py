"""Cases of `crossed`: what a customer wrote, and what staff wrote right after it."""

from __future__ import annotations

import random as randoms
from collections.abc import Iterator
from typing import Any

from tests.corpus.case import HOUR, MINUTE, NOW, Case, Planted

_EARLIER = {
    "en": (
        ("Outlook does not open any more since the update.", "Thanks, I will have a look at the update."),
        ("The server is very slow since this morning.", "I am looking into the server's load."),
    ),
    "de": (
        ("Die Warenwirtschaft startet nicht.", "Danke für Ihre Meldung, ich sehe mir das Programm an."),
        ("Unser Drucker macht Streifen.", "Ich habe beim Hersteller eine neue Trommel angefragt."),
    ),
}

_UNSEEN = (
    ("en", "Actually it started working after a restart, you can close this.",
     "Hello Ann, when would be a good time to connect to your machine? I have this afternoon free."),
    ("en", "Please do not reboot anything today, we have payroll running until six.",
     "I am going to restart the server at five this afternoon. Please have everybody save their work."),
    ("en", "My number has changed, please use 555 0199 from now on.",
     "I tried to reach you by phone without success. Could you let me know when you are at your desk?"),
    ("en", "The same happens to Grace in accounting, her calendar is empty as well.",
     "We have rolled back the update. Please try again and tell us whether it opens."),
    ("en", "Sorry, wrong ticket! This was about the projector in the big meeting room.",
     "Hi Carlos, could you send us a screenshot of the message that you get?"),
    ("en", "Our accountant says the contract covers this, so please go ahead without the quote.",
     "Attached you find our quote. We start as soon as we have your approval."),
    ("de", "Der Fehler tritt jetzt auch bei meiner Kollegin auf, sie kommt nicht mehr in die Zeiterfassung.",
     "Guten Tag Frau Krüger, wir haben den Lieferanten angeschrieben und melden uns morgen wieder."),
    ("de", "Wir haben inzwischen ein neues Gerät bestellt, das Thema hat sich erledigt.",
     "Der Techniker kommt am Donnerstag zwischen 9 und 11 Uhr und bringt die Trommel mit."),
    ("de", "Ich bin ab morgen im Urlaub, bitte wenden Sie sich an Herrn Vogt.",
     "Könnten Sie uns bitte eine Fernwartung ermöglichen? Passt Ihnen morgen um 10 Uhr?"),
    ("de", "Achtung: heute Abend läuft die Inventur, bitte nichts abschalten.",
     "Das Update ist für heute 19 Uhr eingeplant, das Programm ist dann eine Stunde nicht erreichbar."),
    ("en", "By the way, Tom left the company on Friday, his account can be removed.",
     "Hi Ann, I have installed the update remotely. Please sign in once so that I can test it."),
    ("en", "Forget the old file, I found a copy in my mail.",
     "We are restoring the folder from last night's backup, that takes about an hour."),
    ("en", "It is urgent now, the whole sales floor is affected.",
     "No worries, I have put it on my list for tomorrow."),
    ("de", "Jetzt ist auch der Kassenserver ausgefallen, wir können nicht mehr verkaufen!",
     "Die Lizenz wurde verlängert, Sie müssten das Programm nur einmal neu öffnen."),
    ("de", "Bitte rufen Sie mich nicht auf dem Handy an, sondern in der Zentrale.",
     "Ich habe Sie mobil leider nicht erreicht und versuche es später noch einmal."),
)  # fmt: skip

_ANSWERS = (
    ("en", "The error is 0x80070035 on both machines.",
     "0x80070035 means that the network path is not found. I will map the drive again on both."),
    ("en", "Could you call me after two? I am in a meeting until then.",
     "Sure, I will call you right after your meeting."),
    ("en", "Grace in accounting has the same problem.",
     "Thanks, I will check Grace's computer too."),
    ("en", "It is working again, thank you!",
     "Great that it is working. I am closing the ticket then."),
    ("en", "Please do not reboot anything today, payroll is running.",
     "Understood, nothing will be rebooted before tomorrow."),
    ("en", "The serial number is PF3K2W9Q.",
     "Found PF3K2W9Q, the warranty ends in March."),
    ("de", "Der Fehler tritt auch bei Frau Sommer auf.",
     "Bei Frau Sommer ist es dasselbe Profil, ich setze es gleich zurück."),
    ("de", "Ich bin ab morgen im Urlaub, bitte wenden Sie sich an Herrn Vogt.",
     "Alles klar, ich melde mich bei Herrn Vogt. Schönen Urlaub!"),
    ("de", "Bitte erst nach 17 Uhr neu starten, wir haben noch Kunden im Haus.",
     "Machen wir, der Neustart ist für 17:30 Uhr eingeplant."),
    ("de", "Danke!", "Gern geschehen, einen schönen Tag noch."),
    ("en", "Yes, please.", "Perfect, the technician is on the way."),
    ("en", "The monitor with the blue frame stays black too.",
     "Then it is the docking station and not the monitor, I will bring a new one."),
    ("en", "How much would the second licence cost?",
     "A further licence is 12 dollars a month."),
    ("en", "I sent you the screenshot by mail.",
     "Screenshot received, it is the certificate that has expired."),
    ("de", "Welche Schulung empfehlen Sie denn für unsere Azubis?",
     "Für Azubis passt der Grundkurs am besten."),
    ("de", "Der Toner ist auch leer.",
     "Toner bringe ich mit."),
    # Hard: an answer in words of its own.
    ("en", "The laptop arrived in one piece and everybody is happy with it.",
     "Wonderful, then we are done here and I will close this for you."),
)  # fmt: skip


def crossed(random: randoms.Random) -> Iterator[Case]:
    """The cases: times and the journal first, then wordings."""
    responded = frozenset({"customer_responded"})
    at = NOW - 2 * HOUR

    def case(
        name: str,
        found: bool,
        said: tuple[str, str, str] = _UNSEEN[0],
        *more: dict[str, Any],
        gap: int = 2 * MINUTE,
        also: frozenset[str] = frozenset(),
        values: dict[str, Any] | None = None,
        changes: list[dict[str, Any]] | None = None,
        **staffs: Any,
    ) -> Case:
        language, theirs, ours = said
        asked, answered = random.choice(_EARLIER[language])
        notes = [
            customer(at - 2 * HOUR, asked),
            staff(at - HOUR, answered),
            customer(at, theirs),
            staff(at + gap, ours) | staffs,
            *more,
        ]
        planted = Planted(values or {}, notes=notes, rows={"change": changes} if changes else {})
        return Case("crossed", name, found, planted, also=also)

    for place, said in enumerate(_UNSEEN):
        yield case(f'"{said[1]}" and "{said[2]}"', True, said, gap=(40 + 15 * place))
    for place, said in enumerate(_ANSWERS):
        yield case(f'"{said[1]}" and "{said[2]}"', False, said, gap=(290 - 15 * place))
    unseen = _UNSEEN[6]
    yield case("exactly five minutes later", True, unseen, gap=5 * MINUTE)
    yield case("five minutes and a second later", False, unseen, gap=5 * MINUTE + 1)
    yield case("in the same second", True, unseen, gap=0)
    yield case("staff wrote a second before", False, unseen, gap=-1, also=responded)
    yield case("an internal note of staff", False, unseen, public=False, also=responded)
    receipt = {"speaker": "system", "author": "Service desk"}
    yield case("a receipt by the desk's automation", False, unseen, also=responded, **receipt)
    yield case("crossed, and an internal note later", True, unseen,
               staff(NOW - HOUR, "Customer rang, no new facts.") | {"public": False})  # fmt: skip
    yield case("crossed, and an out-of-office later", True, unseen,
               customer(NOW - HOUR, "Automatic reply: I am away"))  # fmt: skip
    yield case("crossed, and the customer wrote again", False, unseen,
               customer(NOW - HOUR, "Haben Sie meine Nachricht gesehen?"), also=responded)  # fmt: skip
    yield case("crossed, and answered an hour later", False, unseen,
               staff(NOW - HOUR, "Unsere Nachrichten haben sich überschnitten, ich rufe Sie an."))  # fmt: skip
    yield case("crossed, and set right within the five minutes", False, unseen,
               staff(at + 4 * MINUTE, "Jetzt erst gelesen: das mit Ihrer Kollegin und der Zeiterfassung "
                     "sehe ich mir gleich an."))  # fmt: skip
    up_to = "2026-11-25T13:00:00Z"
    yield case("crossed, and marked as seen", False, unseen,
               staff(NOW - HOUR, f"Seen, no answer needed: told her on the phone (up to {up_to})")
               | {"public": False})  # fmt: skip
    early = "2026-11-25T12:59:59Z"
    yield case("crossed, and marked as seen up to before it", True, unseen,
               staff(NOW - HOUR, f"Seen, no answer needed: thanks (up to {early})")
               | {"public": False})  # fmt: skip
    quoted = "Machen wir.\n\n> Der Fehler tritt jetzt auch bei meiner Kollegin auf, sie kommt nicht\n> mehr in die\n"
    yield case("the note is quoted", False, ("de", unseen[1], quoted))
    inner = "Danke, wir melden uns.\n\n> Die Warenwirtschaft startet nicht."
    yield case("something earlier is quoted", True, ("de", unseen[1], inner))
    yield case("a reply of ours that had the note on the screen", False, unseen, changes=[change(at)])
    yield case("a reply of ours from before the note", True, unseen, changes=[change(at - 1)])
    yield case("a reply of ours that was dropped", True, unseen, changes=[change(at, "dropped")])
    yield case("a status of ours, no reply", True, unseen, changes=[change(at, reply="null")])
    closing = {"closed": True, "closed_at": at + 2 * MINUTE}
    yield case("closed with the note that crossed", True, unseen, values=closing)
    first = ("en", "The error is 0x80070035 on both machines.", "Please try once more.")
    two = Planted(
        notes=[
            customer(at - 3 * MINUTE, first[1]),
            customer(at, "Forget it, the cable had come loose behind the cabinet."),
            staff(at + MINUTE, "0x80070035 means that the path is not found, I will map the drive on both."),
        ]
    )
    yield Case("crossed", "the first of two notes is answered, not the second", True, two)
    alone = Planted(notes=[staff(at, "We have received your request.")])
    yield Case("crossed", "the customer has written nothing", False, alone)


def customer(at: int, text: str) -> dict[str, Any]:
    """A public note of the customer's."""
    return {"created_at": at, "speaker": "customer", "author": "Ann Lee", "author_id": "ann", "text": text}


def staff(at: int, text: str) -> dict[str, Any]:
    """A public note of a technician's."""
    return {"created_at": at, "speaker": "staff", "author": "rroe", "author_id": "rroe", "text": text}


_SEQ = iter(range(1, 1_000_000))


def change(read_up_to: int, state: str = "confirmed", *, reply: str = '"Wir melden uns."') -> dict[str, Any]:
    """A row of the journal: a reply decided with the conversation read so far."""
    seq = next(_SEQ)
    return {
        "change": f"corpus-{seq}",
        "seq": seq,
        "number": "1",
        "verb": "reply",
        "fix": f'{{"change":"corpus-{seq}","ticket_id":"1","reply":{reply},"read_up_to":{read_up_to}}}',
        "ticket": "{}",
        "state": state,
        "created_at": read_up_to,
        "confirmed_at": NOW - HOUR,
    }
