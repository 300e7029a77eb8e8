"""`[hours]`: what it means, whom it is for, and errors that name table, key and what is expected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from store.business_time import Hours
from store.settings import SettingsError, parse, rules_mark
from store.settings_save import save_connection

FILE = Path("config.toml")
RT = '[connections.desk]\npsa = "rt"\nurl = "https://rt.example.com"\ntechnician = "tess"\n'
OWN = RT + "[connections.desk.hours]\n"
OFFICE = ((540, 1020),)


def general(text: str) -> Hours:
    return parse(f"timezone = 'UTC'\n[hours]\n{text}", FILE).hours


def test_without_a_word_it_is_the_office_week_in_the_connections_zone() -> None:
    settings = parse('timezone = "Europe/Berlin"\n' + RT + 'timezone = "America/New_York"\n', FILE)
    assert settings.hours == Hours(week=(OFFICE,) * 5 + ((), ()), zone="Europe/Berlin")
    assert settings.connections["desk"].hours == Hours(zone="America/New_York")


@pytest.mark.parametrize(
    ("entries", "week"),
    [
        (["Mon-Fri 09:00-17:00"], (OFFICE,) * 5 + ((), ())),
        (["mon - fri 9:00 - 17:00"], (OFFICE,) * 5 + ((), ())),
        (["SUN-THU 09:00–17:00"], (OFFICE,) * 4 + ((), (), OFFICE)),
        (["Fri-Mon 09:00-17:00"], (OFFICE, (), (), (), OFFICE, OFFICE, OFFICE)),
        (["Sat 00:00-24:00"], ((),) * 5 + (((0, 1440),), ())),
        (
            ["Mon, Wed-Thu 13:00-17:30, 08:00-12:00", "Wed 12:00-12:30"],
            (
                ((480, 720), (780, 1050)),
                (),
                ((480, 720), (720, 750), (780, 1050)),
                ((480, 720), (780, 1050)),
                (),
                (),
                (),
            ),
        ),
    ],
)
def test_weeks(entries: list[str], week: tuple[object, ...]) -> None:
    assert general(f"week = {entries!r}").week == week


def test_a_connection_replaces_what_it_gives() -> None:
    top = "[hours]\nweek = ['Sat 10:00-12:00']\nholidays = ['12-24', '2026-05-15']\ncountry = 'us'\nregion = 'CA'\n"
    assert parse(top, FILE).hours.country == "US"

    def own(text: str) -> Hours:
        return parse(top + OWN + text, FILE).connections["desk"].hours

    assert own("") == parse(top + RT, FILE).connections["desk"].hours == parse(top, FILE).hours
    assert own("week = ['Mon 09:00-17:00']").holidays == ("12-24", "2026-05-15")
    assert own("holidays = []").holidays == ()
    assert own("region = 'ny'").region == "NY"
    # Another country has no part of the first one.
    assert (own("country = 'DE'").country, own("country = 'DE'").region) == ("DE", "")
    assert own("country = 'de'\nregion = 'Bayern'").region == "BY"
    assert (own("country = 'none'").country, own("country = 'none'").region) == ("", "")


def test_what_the_rules_follow_from_has_the_hours_in_it() -> None:
    marks = {
        rules_mark(parse("timezone = 'UTC'\n" + text, FILE), "desk")
        for text in (RT, OWN + "holidays = ['12-24']", "[hours]\nweek = ['Mon 09:00-17:00']\n" + RT)
    }
    assert len(marks) == 3


@pytest.mark.parametrize(
    ("text", "key", "says", "hint"),
    [
        ("weak = []", "weak", "unknown key", "week"),
        ("week = 'Mon-Fri 09:00-17:00'", "week", "a list of strings is expected", ""),
        ("week = []", "week", "never open", "Mon-Fri 09:00-17:00"),
        ("week = ['Mon-Fri']", "week", "Mon-Fri 09:00-17:00", ""),
        ("week = ['Mon-Fri 9-17']", "week", 'not "Mon-Fri 9-17"', ""),
        ("week = ['Monday 09:00-17:00']", "week", '"Monday" is no day', '"Mon"'),
        ("week = ['Mo 09:00-17:00']", "week", '"Mo" is no day', '"Mon"'),
        ("week = ['Mon-Xyz 09:00-17:00']", "week", '"Xyz" is no day', "Mon, Tue, Wed"),
        ("week = ['Mon 09:60-17:00']", "week", "00:00 to 24:00", ""),
        ("week = ['Mon 09:00-24:01']", "week", "00:00 to 24:00", ""),
        ("week = ['Mon 22:00-06:00']", "week", "an end after the begin", "next day"),
        ("week = ['Mon 09:00-09:00']", "week", "an end after the begin", ""),
        (
            "week = ['Mon-Fri 09:00-17:00', 'Fri 08:00-09:30']",
            "week",
            "Fri is given twice: 09:00 is before 09:30",
            "Fri once",
        ),
        ("holidays = ['25.12.2026']", "holidays", "2026-12-25", ""),
        ("holidays = ['2026-02-29']", "holidays", 'not "2026-02-29"', ""),
        ("holidays = ['13-01']", "holidays", 'not "13-01"', ""),
        ("holidays = ['2026-W01-1']", "holidays", "2026-W01-1", ""),
        ("holidays = [2026-12-25]", "holidays", "a date or time in it", ""),
        ("country = 'Germany'", "country", 'not "Germany"', '"DE"'),
        ("country = 'Grmany'", "country", 'not "Grmany"', '"DE"'),
        ("country = 'ZZ'", "country", 'not "ZZ"', ""),
        ("country = 'NYSE'", "country", 'not "NYSE"', ""),
        ("country = 'ECB'", "country", 'not "ECB"', ""),
        ("region = 'CA'", "region", "needs a country", "country ="),
        ("country = 'US'\nregion = 'Californa'", "region", "a region of US", '"California"'),
        ("country = 'DE'\nregion = 'QQ'", "region", "a region of DE", "BY"),
        ("country = 'DK'\nregion = 'QQ'", "region", "a region of DK", "Remove it"),
    ],
)
def test_errors_name_table_key_and_what_is_expected(text: str, key: str, says: str, hint: str) -> None:
    for before, table in (("[hours]\n", "hours"), (OWN, "connections.desk.hours")):
        with pytest.raises(SettingsError) as caught:
            parse(before + text, FILE)
        error = caught.value
        assert (error.table, error.key) == (table, key)
        assert says in str(error) and hint in error.hint and str(FILE) in str(error)
        assert "\n" not in str(error) + error.hint and error.hint


def test_a_calendar_of_nothing_but_holidays_is_refused() -> None:
    lengths = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    days = [f"{m:02}-{d:02}" for m, length in enumerate(lengths, 1) for d in range(1, length + 1)]
    with pytest.raises(SettingsError, match=r"\[hours\] holidays: never open: every day") as caught:
        general(f"holidays = {days!r}")
    assert "fewer days in holidays" in caught.value.hint
    assert general(f"holidays = {days[1:]!r}").holidays == tuple(days[1:])


def test_saving_a_connection_keeps_its_hours(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(OWN + "holidays = ['12-24']  # half a day, so none\n", encoding="utf-8")
    save_connection(
        path, "desk", {"psa": "syncro", "url": "https://acme.syncromsp.com", "technician": "tess"}
    )
    text = path.read_text(encoding="utf-8")
    assert "# half a day, so none" in text
    assert parse(text, path).connections["desk"].hours.holidays == ("12-24",)


def test_the_library_of_holidays_is_loaded_only_for_a_country() -> None:
    program = (
        "import sys; from pathlib import Path; from store.settings import parse; from datetime import date\n"
        "hours = parse(sys.argv[1], Path('x.toml')).hours; hours.opens(date(2026, 11, 20))\n"
        "print('holidays' in sys.modules)"
    )
    for text, loaded in (("[hours]\nholidays = ['12-24']", "False"), ("[hours]\ncountry = 'US'", "True")):
        done = subprocess.run(
            [sys.executable, "-c", program, text],
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=60,
        )
        assert done.stdout.strip() == loaded
