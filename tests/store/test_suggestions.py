"""Suggested billing codes: counted, explained, silent when unsure."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Ref
from store.suggestions import History, Like, because, groups, learnt, sure, words_of
from tests.suggestions import judged, of_shop

REMOTE, SITE, HOURS = Ref("1", "Remote Support"), Ref("2", "On-site"), Ref("3", "After Hours")
PRINTER = Like(
    company="7", agreement="9", board="1", type="Hardware", subtype="Printer", summary="Printer offline"
)


def like(**more: str) -> Like:
    return msgspec.structs.replace(PRINTER, **more)


def test_it_says_what_it_rests_on() -> None:
    history = learnt([(PRINTER, SITE)] * 9 + [(PRINTER, REMOTE)])
    said = history.suggest(PRINTER)
    assert said is not None
    assert (said.code, said.agree, said.alike, said.strength) == (SITE, 9, 10, "strong")
    assert said.because == "same company, type and subtype"


def test_few_tickets_say_nothing_and_a_close_call_says_nothing() -> None:
    assert History().suggest(PRINTER) is None
    assert learnt([(PRINTER, SITE)] * 2).suggest(PRINTER) is None
    spread = [(PRINTER, code) for code in (REMOTE, SITE, HOURS) for _ in range(10)]
    assert learnt(spread).suggest(PRINTER) is None


@pytest.mark.parametrize(
    ("agree", "other", "strength"), [(3, 0, "weak"), (8, 0, "strong"), (8, 2, "weak"), (17, 3, "strong")]
)
def test_strong_is_many_and_nearly_all(agree: int, other: int, strength: str) -> None:
    said = learnt([(PRINTER, SITE)] * agree + [(PRINTER, HOURS)] * other).suggest(PRINTER)
    assert said is not None and (said.code, said.strength) == (SITE, strength)


def test_what_everything_gets_is_never_strong() -> None:
    history = learnt([(Like(company="7", type=str(n)), REMOTE) for n in range(30)])
    for one in (Like(), Like(company="7"), Like(company="7", type="never seen")):
        said = history.suggest(one)
        assert said is not None and (said.agree, said.strength) == (30, "weak")


def test_three_of_three_do_not_beat_forty_of_forty_two() -> None:
    many = [(like(company=str(n), agreement=str(n)), REMOTE) for n in range(40)]
    many += [(like(company="50", agreement="50"), HOURS)] * 2
    said = learnt([*many, *[(PRINTER, SITE)] * 3]).suggest(PRINTER)
    assert said is not None and (said.code, said.agree, said.alike) == (REMOTE, 40, 45)


def test_a_companys_own_habit_beats_what_is_usual_elsewhere() -> None:
    others = [(like(company=str(n)), REMOTE) for n in range(20, 40)]
    said = learnt([*others, *[(PRINTER, SITE)] * 12]).suggest(PRINTER)
    assert said is not None and (said.code, said.because) == (SITE, "same company, type and subtype")


def test_a_word_of_the_summary_can_decide() -> None:
    visits = [(Like(type="Hardware", summary=f"Visit number {n} please"), SITE) for n in range(10)]
    rest = [(Like(type="Hardware", summary=f"Request {n}"), REMOTE) for n in range(12)]
    said = learnt([*visits, *rest]).suggest(Like(type="Hardware", summary="Another visit"))
    assert said is not None and (said.code, said.because) == (SITE, "same type, “visit” in the summary")


def test_a_tickets_own_code_does_not_speak_for_itself() -> None:
    history = learnt([(PRINTER, SITE)] * 5 + [(PRINTER, HOURS)])
    said = history.suggest(PRINTER, (PRINTER, HOURS))
    assert said is not None and (said.code, said.agree, said.alike) == (SITE, 5, 5)
    again = history.suggest(PRINTER)
    assert again is not None and (again.agree, again.alike) == (5, 6), "asking changes nothing"
    moved = history.suggest(like(company="8"), (PRINTER, HOURS))
    assert moved is not None and moved.alike == 5, "also where the ticket is another one now"


def test_words_are_told_apart_by_letters_alone() -> None:
    assert words_of("VPN: Größe der Größe, 12345 Drucker2 and") == ["größe", "drucker"]


def test_groups_leave_out_what_is_not_known() -> None:
    assert list(groups(Like())) == [()]
    assert because(()) == "all tickets"
    assert all(value for group in groups(PRINTER) for _, value in group)


@given(st.integers(0, 60), st.integers(0, 60))
def test_surer_with_more_that_agree(agree: int, more: int) -> None:
    alike = agree + more
    assert 0.0 <= sure(agree, alike) <= (agree / alike if alike else 0.0) + 1e-9
    assert sure(agree + 1, alike + 1) >= sure(agree, alike) - 1e-9


CODES = st.sampled_from([REMOTE, SITE, HOURS])
CASES = st.lists(
    st.tuples(
        st.builds(
            Like,
            company=st.sampled_from(["1", "2", None]),
            type=st.sampled_from(["a", "b"]),
            summary=st.text(max_size=9),
        ),
        CODES,
    ),
    max_size=30,
)


@given(CASES, st.randoms(use_true_random=False))
def test_the_order_of_learning_does_not_matter(cases: list[tuple[Like, Ref]], random: object) -> None:
    mixed = list(cases)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for one, _ in cases:
        assert learnt(cases).suggest(one) == learnt(mixed).suggest(one)


def test_the_judge_asks_before_it_learns() -> None:
    """Nine tickets of one code and three of another that nobody could foresee."""
    score = judged([(PRINTER, REMOTE)] * 8 + [(like(subtype="New"), SITE)] * 4)
    assert (score.asked, score.first, score.baseline) == (4, 1, 0)


async def test_in_a_shop_it_beats_the_most_frequent_code_by_far(tmp_path: Path) -> None:
    score = judged(await of_shop(7, 500, tmp_path))
    assert score.asked > 60
    assert score.first > score.baseline * 1.5
    assert score.right_when_answered > 0.75 * score.answered
