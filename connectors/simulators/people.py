"""Names of the simulated MSP's customers and staff: many cultures, `.test` mail, 555 01xx numbers."""

from __future__ import annotations

COMPANIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("ACME", "Acme", "acme", ("Main", "Warehouse")),
    ("CONTOSO", "Contoso Ltd", "contoso", ("Head Office", "Leeds")),
    ("FABRIKAM", "Fabrikam", "fabrikam", ("Main",)),
    ("NORTHWIND", "Northwind Traders", "northwind", ("Harbour", "Branch East")),
    ("MUELLER", "Müller & Söhne Logistik", "mueller-soehne", ("Zentrale", "Halle 2")),
    ("LUMIERE", "Café Lumière SARL", "lumiere", ("Paris 11e",)),
    ("KOWAL", "Kowalczyk Dental", "kowalczyk", ("Gdańsk",)),
    ("SAKURA", "Sakura Travel 桜", "sakura", ("Shinjuku", "Osaka")),
    ("NGUYENC", "Nguyen Family Clinic", "nguyenclinic", ("Clinic",)),
    ("OBRIEN", "O'Brien Solicitors", "obrien", ("Dublin",)),
    ("ALNOOR", "Al-Noor Trading", "alnoor", ("Office", "Showroom")),
    ("GREEN", "Greenfield School", "greenfield", ("School",)),
)
"""(identifier, name, mail domain without `.test`, sites)."""

CITIES = ("London", "Leeds", "Hamburg", "Paris", "Gdańsk", "Tokyo", "Dublin", "Dubai", "Porto", "Oslo")

PEOPLE: tuple[tuple[str, str], ...] = (
    ("Ann", "Lee"),
    ("Maria", "Lee"),
    ("Jonas", "Weber"),
    ("Priya", "Raman"),
    ("Tomasz", "Zieliński"),
    ("Chloé", "Bernard"),
    ("Haruka", "Tanaka"),
    ("Nguyễn Thị", "Mai"),
    ("Siobhán", "O'Brien"),
    ("Omar", "Al-Noor"),
    ("Ingrid", "Dahl"),
    ("Chidi", "Okafor"),
    ("Lucía", "Fernández"),
    ("Björn", "Sigurðsson"),
    ("Wei", "Zhang"),
    ("Fatima", "Zahra"),
    ("Dmytro", "Shevchenko"),
    ("Aroha", "Ngata"),
    ("Thabo", "Mokoena"),
    ("Yael", "Cohen"),
    ("Mehmet", "Yılmaz"),
    ("Ewa", "Kowalczyk"),
    ("Gustav", "Müller"),
    ("Amélie", "Dubois"),
    ("Kenji", "Sato"),
    ("Linh", "Trần"),
    ("Patrick", "Murphy"),
    ("Layla", "Haddad"),
    ("Grace", "Mwangi"),
    ("Rafael", "Souza"),
    ("Elena", "Popescu"),
    ("Noor", "Jansen"),
    ("Hye-jin", "Park"),
    ("Anjali", "Gupta"),
    ("Matteo", "Ricci"),
    ("Zoë", "van Dijk"),
    ("Kwame", "Mensah"),
    ("Sofie", "Nielsen"),
    ("Iker", "Etxeberria"),
    ("Mele", "Tuipulotu"),
)

TITLES = (
    "Office manager",
    "Accounts",
    "Sales",
    "Managing director",
    "Reception",
    "Warehouse lead",
    "Teacher",
    "Assistant",
)

MEMBERS: tuple[tuple[str, str, str, str, bool], ...] = (
    ("jdoe", "Jordan", "Doe", "Technician", False),
    ("asmith", "Aisha", "Smith", "Technician", False),
    ("jdoerr", "Jutta", "Doerr", "Technician", False),
    ("mkowalska", "Magda", "Kowalska", "Dispatcher", False),
    ("tnguyen", "Tuan", "Nguyen", "Senior technician", False),
    ("rgone", "Robert", "Gone", "Technician", True),
)
"""(identifier, first, last, title, inactive). `jdoe` is the technician; `jdoerr` only looks like it."""

AGREEMENTS: tuple[tuple[str, str], ...] = (
    ("Gold Managed Services", "Managed"),
    ("Silver Support", "Support"),
    ("Block Hours 20", "Block time"),
)

BOARDS: tuple[tuple[str, bool, str | None], ...] = (
    ("Help Desk", False, None),
    ("Projects", True, None),
    ("Managed Services", False, "Customer Responded"),
)
"""(name, project, the status that a customer's reply sets)."""

STATUSES: tuple[tuple[str, bool, bool], ...] = (
    ("New", False, False),
    ("Assigned", False, False),
    ("In Progress", False, False),
    ("Waiting Customer", False, False),
    ("Waiting Vendor", False, False),
    ("Customer Responded", False, False),
    ("Child Ticket", False, False),
    ("Completed", False, False),
    (">Closed", True, True),
    (">Cancelled", True, True),
)
"""(name, closes, refuses time); each board has its own copies under other ids."""

CLOCKS = {
    "Waiting Customer": "waits",
    "Waiting Vendor": "waits",
    "Child Ticket": "waits",
    "Completed": "ends",
    ">Closed": "ends",
    ">Cancelled": "ends",
}
"""Statuses in which the SLA's clock does not run."""

PRIORITIES = ("Priority 1 - Critical", "Priority 2 - High", "Priority 3 - Medium", "Priority 4 - Low")
SOURCES = ("Email Connector", "Phone", "Portal", "Monitoring")
TEAMS = ("Service Team", "Project Team", "Night Shift")
WORK_TYPES: tuple[tuple[str, str, bool], ...] = (
    ("Remote Support", "Billable", False),
    ("On-site", "Billable", False),
    ("After Hours", "Billable", False),
    ("Project Work", "Billable", False),
    ("Maintenance", "NoCharge", False),
    ("Consulting", "Billable", False),
    ("Security Incident", "Billable", False),
    ("Internal", "DoNotBill", False),
    ("Travel (old)", "Billable", True),
)
"""(name, billable option, inactive)."""
WORK_ROLES = ("Technician", "Senior Technician", "Engineer")
