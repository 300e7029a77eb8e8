"""What people write, for tickets that are in order: names, summaries, questions with their answers."""

from __future__ import annotations

FIRST = (
    "Ann",
    "Beate",
    "Carlos",
    "Dilek",
    "Emma",
    "Frank",
    "Grace",
    "Hannes",
    "Ines",
    "Jörg",
    "Kim",
    "Leila",
    "Marek",
    "Nora",
    "Oliver",
    "Priya",
    "Ruth",
    "Sören",
    "Tom",
    "Ursula",
)
LAST = (
    "Lee",
    "Krüger",
    "Ortega",
    "Yilmaz",
    "Clarke",
    "Bauer",
    "Okafor",
    "Vogt",
    "Santos",
    "Weiß",
    "Novak",
    "Haddad",
    "Kowalski",
    "Lind",
    "Grant",
    "Raman",
    "Adler",
    "Jensen",
    "Hughes",
    "Maier",
)
COMPANIES = (
    "Bäckerei Sonntag",
    "Northwind Dental",
    "Kanzlei Vogel & Partner",
    "Harbor Freight Forwarding",
    "Stadtwerke Lindenau",
    "Blue Ridge Orthopedics",
    "Autohaus Petersen",
    "Fabrikam Tools",
    "Praxis Dr. Meinhardt",
    "Litware Insurance",
    "Spedition Hartmann",
    "Tailspin Toys",
)
PLACES = ("Oslo", "Ulm", "Boston", "Graz", "Leeds", "Bremen", "Austin", "Basel")

SUMMARIES = (
    "Printer in {place} prints blank pages",
    "Cannot sign in to the mail after password change",
    "VPN drops every few minutes at home",
    "New laptop for a colleague who starts on Monday",
    "Drucker {place} zieht kein Papier mehr ein",
    "Outlook stürzt beim Öffnen von Anhängen ab",
    "Bitte Postfach für Buchhaltung freigeben",
    "Teams meeting has no sound",
    "Backup report shows a failed job on server {place}",
    "Scanner sendet keine Mails",
    "Shared drive is full",
    "Telefonanlage: Anrufbeantworter lässt sich nicht abhören",
    "Request: second monitor for reception",
    "Excel file is locked for editing by a former employee",
    "WLAN im Besprechungsraum {place} sehr langsam",
    "Phishing mail received, please check",
    "Warenwirtschaft startet nicht",
    "Certificate of the web shop expires soon",
    "Badge reader at the back door does not open",
    "Update von DATEV schlägt fehl",
)

TALK = (
    (
        "It started this morning after the restart, the error is 0x80070035 on both machines.",
        "Thank you. 0x80070035 means that the share is not found; I have put the network drive back on both machines.",
    ),
    (
        "Could you call me after two? I am in a meeting until then.",
        "I have put a call into the calendar for half past two.",
    ),
    (
        "Der Fehler kommt auch am Rechner meiner Kollegin Frau Sommer.",
        "Danke. Am Rechner von Frau Sommer war es derselbe Treiber, er ist jetzt auf beiden Rechnern neu.",
    ),
    (
        "Works on the phone, but not on the laptop.",
        "The laptop had an old password saved; after removing it the mail came in.",
    ),
    (
        "Bitte erst nach 17 Uhr neu starten, wir haben noch Kunden im Haus.",
        "Machen wir, der Neustart ist für 18 Uhr eingeplant.",
    ),
    (
        "Here is the serial number you asked for: PF3K2W9Q.",
        "Got it, PF3K2W9Q is under warranty until March; the vendor sends a part.",
    ),
)

RESOLUTIONS = (
    "Replaced the fuser, printed a test page with the customer; both trays work.",
    "Profil neu angelegt und Postfach neu verbunden, mit der Kundin getestet.",
    "Reset the switch port, checked the uplink for an hour, no further drops.",
    "Lizenz zugewiesen, Anmeldung am Gerät geprüft, Kunde hat bestätigt.",
)
