"""Panes of one's own in the settings: what they may say, and errors that name table and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.saved_panes import SavedPane
from store.settings import SettingsError, parse

FILE = Path("config.toml")


def pane(text: str) -> str:
    return f"[[panes]]\n{text}\n"


def test_panes_are_read_and_get_the_free_digits():
    text = (
        pane('name = "VIP"\nfilter = "company:acme is:must"\nkind = "customer_responded"')
        + pane('name = "Old"\nfilter = "age>14d"\nkey = "5"')
        + pane('name = "Big"\nfilter = "hours>8"\nkind = "billing_code"')
    )
    assert parse(text, FILE).panes == (
        SavedPane(name="VIP", filter="company:acme is:must", kind="customer_responded", key="6"),
        SavedPane(name="Old", filter="age>14d", key="5"),
        SavedPane(name="Big", filter="hours>8", kind="billing_code", key="7"),
    )


def test_more_panes_than_digits_are_reached_without_one():
    text = "".join(pane(f'name = "p{n}"\nfilter = "n{n}"') for n in range(7))
    assert [one.key for one in parse(text, FILE).panes] == ["5", "6", "7", "8", "9", "", ""]


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (pane('filter = "a"'), "name", "is missing"),
        (pane('name = "a"'), "filter", "is missing"),
        (pane('name = "a"\nfilter = "age>3"'), "filter", "age wants a duration such as 3d"),
        (pane('name = "a"\nfilter = "compny:x"'), "filter", "did you mean company:?"),
        (pane('name = "a"\nfilter = "status:"'), "filter", "filters nothing"),
        (pane("name = 'a'\nfilter = 'status:\"new'"), "filter", "a double quote is not closed"),
        (pane('name = "a"\nfilter = "b"\nkind = "closed"'), "kind", "one of open, customer_responded"),
        (pane('name = "a"\nfilter = "b"\nkey = "4"'), "key", 'one of 5, 6, 7, 8, 9 is expected, not "4"'),
        (pane('name = "a"\nfilter = "b"\nkey = 5'), "key", "in quotes is expected, not a number"),
        (pane('name = "a"\nfilter = "b"\ncolour = "red"'), "colour", "unknown key"),
        (pane('name = "a"\nfilter = "b"') + pane('name = "A"\nfilter = "c"'), "name", "there twice"),
        (
            pane('name = "a"\nfilter = "b"\nkey = "7"') + pane('name = "c"\nfilter = "d"\nkey = "7"'),
            "key",
            '7 is the key of "a" already',
        ),
    ],
)
def test_an_error_names_the_table_and_the_key(text, key, said):
    with pytest.raises(SettingsError) as caught:
        parse(text, FILE)
    assert (caught.value.table, caught.value.key) == ("panes", key)
    assert said in str(caught.value)
    assert caught.value.hint


def test_panes_that_are_no_list_are_refused():
    with pytest.raises(SettingsError, match=r"a list of tables \(\[\[panes\]\]\) is expected, not a table"):
        parse('[panes]\nname = "a"\n', FILE)
