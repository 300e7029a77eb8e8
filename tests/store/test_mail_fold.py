"""Folding a mail: quotes and signatures go to one line; a customer's own words never do, and no line is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.mail_fold import folds, parts

ASKED = "Could you tell me which printer it is, and whether the one in the hall prints?"


def shown(text, *earlier):
    """The mail as it stands on the screen, folded."""
    lines = []
    for fold in folds(text, earlier):
        lines += [f"· {fold.folded}"] if fold.folded else fold.lines
    return "\n".join(line for line in lines if line.strip())


@pytest.mark.parametrize(
    "intro",
    [
        "On Thu, 26 Nov 2026 at 09:10, J Doe <help@msp.test> wrote:",
        "On Thu, 26 Nov 2026 at 09:10, J Doe\n<help@msp.test> wrote:",
        "Am Do., 26. Nov. 2026 um 09:10 Uhr schrieb J Doe <help@msp.test>:",
        "Am 26.11.2026 um 09:10 schrieb J Doe:",
        "Le jeu. 26 nov. 2026 à 09:10, J Doe <help@msp.test> a écrit :",
        "El jue, 26 nov 2026 a las 9:10, J Doe (<help@msp.test>) escribió:",
        "Il giorno gio 26 nov 2026 alle ore 09:10 J Doe <help@msp.test> ha scritto:",
        "Op do 26 nov 2026 om 09:10 schreef J Doe <help@msp.test>:",
        "2026-11-26 9:10 GMT+01:00 J Doe <help@msp.test>:",
        "J Doe <help@msp.test> schrieb am Do., 26. Nov. 2026, 09:10:",
    ],
)
def test_a_quote_and_what_introduces_it_are_one_line(intro) -> None:
    text = f"It is the one in the hall.\n\n{intro}\n> Hello Maria,\n> {ASKED}\n>\n> J Doe\n"
    assert shown(text) == f"It is the one in the hall.\n· {3 + intro.count(chr(10)) + 1} quoted lines"


@pytest.mark.parametrize(
    "block",
    [
        "-----Original Message-----\nFrom: J Doe <help@msp.test>\nSent: Thursday, 26 November 2026 09:10\n"
        "To: Maria Lee\nSubject: RE: Printer",
        "________________________________\nFrom: J Doe\nSent: Thursday 09:10\nTo: Maria Lee\nSubject: x",
        "Von: J Doe <help@msp.test>\nGesendet: Donnerstag, 26.11.2026 09:10\nAn: Maria Lee\nBetreff: AW: Drucker",
        "*De :* J Doe <help@msp.test>\n*Envoyé :* jeudi 26 novembre 2026 09:10\n*À :* Maria Lee\n*Objet :* RE: x",
        "##- Please type your reply above this line -##",
    ],
    ids=["original", "rule", "german", "french", "help desk"],
)
def test_the_copy_of_a_known_mail_is_one_line(block) -> None:
    text = f"The one in the hall.\n\n{block}\n\nHello Maria,\n{ASKED}\n\nJ Doe"
    count = sum(1 for line in text.split("\n")[1:] if line.strip())
    assert (
        shown(text, f"Hello Maria,\n{ASKED}\n\nJ Doe")
        == f"The one in the hall.\n· {count} lines of an earlier mail"
    )


def test_a_mail_that_the_ticket_does_not_know_is_not_folded() -> None:
    """It may be a forwarded one: then it is what is meant to be read."""
    text = f"Is this real?\n\nFrom: Bank\nSent: today\nSubject: Urgent\n\n{ASKED}"
    assert shown(text) == shown(text, "Other words") == "\n".join(line for line in text.split("\n") if line)


@pytest.mark.parametrize(
    "above",
    [
        "",
        "Hi John,",
        "See my answers in red below.",
        "Antworten unten im Text.",
        "Réponses ci-dessous.",
        "FYI, from our bank:",
    ],
)
def test_answers_inside_a_copied_mail_are_not_hidden(above) -> None:
    text = f"{above}\n\nFrom: J Doe\nSent: Thursday\nSubject: Printer\n\n{ASKED}\nThe hall one does."
    assert "The hall one does." in shown(text, ASKED)


def test_words_between_two_lines_that_were_one_after_the_other_are_not_hidden() -> None:
    ours = "Hello Maria, which printer is it?\nAnd does the one in the hall print?\nKind regards, J Doe"
    text = (
        "Hello, thank you.\n\nFrom: J Doe\nSent: Thursday\nSubject: Printer\n\nHello Maria, which printer is it?\n"
        "It is the blue one\nAnd does the one in the hall print?"
    )
    assert "It is the blue one" in shown(text, ours)
    assert "earlier mail" in shown(text.replace("It is the blue one\n", ""), ours)


def test_answers_between_quotes_stand_with_what_they_answer() -> None:
    quote = "\n".join(f"> line {number}" for number in range(1, 9))
    text = f"{quote}\n>\n> Which printer is it?\n\nThe blue one.\n\n> Does it print?\nNo."
    assert shown(text) == "· 8 quoted lines\n> Which printer is it?\nThe blue one.\n> Does it print?\nNo."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nMaria Lee\nContoso Ltd\n+49 30 1234567",
        "--\nMaria Lee\nContoso Ltd",
        "Kind regards,\nMaria Lee",
        "Best regards\n\nMaria Lee\nHead of Sales\nHall Street 12\nTel: +44 20 1234 5678\nm.lee@contoso.test",
        "Mit freundlichen Grüßen\n\ni. A. Maria Lee\nAssistentin der Leitung\nContoso GmbH\nTel. 030 / 1234567",
        "Cordialement,\n\nMaria Lee\nResponsable des Ventes\nTél. : 01 23 45 67 89",
        "Best wishes\nMaria\n\nThis e-mail is confidential and privileged. If you are not the one it is meant for,\n"
        "please delete it.",
        "Kind regards\nMaria\nSent from my iPhone",
    ],
)
def test_a_signature_is_one_line(signature) -> None:
    assert shown(f"It prints again.\n\n{signature}\n") == "It prints again.\n· signature"


@pytest.mark.parametrize(
    "below",
    [
        "Kind regards\nMaria\n\nAnd one more thing: the scanner is broken too.",
        "Kind regards\nMaria\n\nPS: The scanner too.",
        "Kind regards\nMaria\n\nDoes the scanner work?",
        "Kind regards\nMaria\nprinter still broken",
        "--\nplease call me at 030 1234567 this afternoon",
        "-- \nMaria\n\nthe scanner is broken too",
        "Best regards\nMaria\nYou can reach me on 0171 5551234 today",
        "Thanks,\nthe scanner is broken",
        "- the scanner\n- the printer",
        "This e-mail is confidential.\n\nthe scanner is broken too",
    ],
)
def test_what_may_be_a_sentence_is_shown(below) -> None:
    text = f"It prints again.\n\n{below}"
    assert shown(text) == "\n".join(line for line in text.split("\n") if line)


def test_a_quote_and_the_signature_above_it_are_one_line() -> None:
    text = f"Works.\n\nKind regards\nMaria Lee\n\nOn Thu, 26 Nov 2026, J Doe wrote:\n> Hello\n> {ASKED}"
    assert shown(text) == "Works.\n· 3 quoted lines · signature"


@pytest.mark.parametrize(
    "text", ["", "> 5 GB free", ">= 5 GB\n>= 6 GB\nenough", "> a\n> b", "Kind regards\nMaria"]
)
def test_what_is_all_there_is_or_too_short_is_shown(text) -> None:
    assert shown(text) == text


_LINES = st.sampled_from(
    ["", "> quoted", ">", ">> deeper", "On Thu, 26 Nov 2026, J Doe wrote:", "--", "-- ", "Kind regards", "Maria Lee",
     "From: Ann", "Sent: today", "Subject: x", "________________________________", "-----Original Message-----",
     "Sent from my iPhone", "Please reply above this line", ASKED, "  indented", "This e-mail is confidential.",
     "Tel: 030 123456",     "a line that somebody has just written"]
)  # fmt: skip


@given(st.lists(_LINES, max_size=25), st.lists(_LINES, max_size=5))
def test_unfolded_every_line_is_there(lines, earlier) -> None:
    text = "\n".join(lines)
    known = ("\n".join(earlier),)
    assert [line for part in parts(text, known) for line in part.lines] == text.split("\n")
    assert [line for fold in folds(text, known) for line in fold.lines] == text.split("\n")


@given(st.lists(_LINES, max_size=25))
def test_a_new_sentence_is_never_folded_where_nothing_is_known_of_the_ticket(lines) -> None:
    """Wherever it stands: above, between or below quotes, signatures and copied mails."""
    text = "\n".join(lines)
    hidden = [line for fold in folds(text) if fold.folded for line in fold.lines]
    assert "a line that somebody has just written" not in hidden


def test_a_long_mail_does_not_hold_up_the_screen() -> None:
    text = "Hello\n" + "> quoted words\n" * 20_000 + "From: a\n" * 20_000 + "word " * 50_000
    assert folds(text, (ASKED,))
