"""What the guide and the way by options share: questions, the draft, the proof's sentences, what is kept."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import connectors
from connectors.contract import Capabilities, Choice, ChoiceContext, Forbidden, Help, Identity, Spec
from store.board_statuses import MOST_BOARDS
from store.settings import SettingsError
from store.status_meanings import Status
from tui.connect.draft import Draft, Wrong
from tui.connect.keeping import check_required, found_out, requirable
from tui.connect.proof import Proof, _statuses, sentences
from tui.connect.questions import questions

READS_ONLY = Capabilities(
    fields=frozenset({"contact", "owner"}),
    flag=False,
    code_on_ticket=False,
    code_on_time=False,
    code_name="code",
    writes=frozenset(),
    undoable=frozenset(),
)
WHO = Identity(member_id="1", member="jdoe", name="Jordan Doe", version="1")


class Bare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of a third party's connector that brings no help."""

    url: str
    account_number: int
    note_moves_ticket: bool | None = None


def bare(**more) -> Spec:
    return Spec(psa="bare", title="Bare", options=Bare, secrets=("api_key",), open=None, **more)


class Boards:
    """A connector as far as its lists of statuses go."""

    def __init__(self, boards: int, *, own: bool = True, fails: bool = False) -> None:
        self.boards, self.own, self.fails, self.asked = boards, own, fails, 0

    async def choices(self, kind: str, context: ChoiceContext):
        if kind == "board":
            return tuple(Choice(kind=kind, id=str(n), name=f"Board {n}") for n in range(self.boards))
        self.asked += 1
        if self.fails and self.asked > 1:
            raise Forbidden("no right to see this board")
        board = context.board_id if self.own else None
        return (
            Choice(kind=kind, id="1", name="New", board_id=board),
            Choice(kind=kind, id="2", name="Done", board_id=board, closed=context.board_id != "1"),
            Choice(kind=kind, id="3", name="Old", board_id=board, active=False),
            Choice(kind=kind, id="4", name="\x1b[31mred\x1b[0m", board_id=board, closed=True),
        )


def test_a_connector_without_help_is_asked_with_its_keys():
    found = {one.key: one for one in questions(bare())}
    assert list(found) == ["url", "account_number", "api_key", "technician"]
    assert found["account_number"].label == "Account number" and found["api_key"].secret
    assert all(one.required for one in found.values())


def test_help_says_the_order_and_what_else_is_worth_a_question():
    help = {"api_key": Help("Key", "there"), "note_moves_ticket": Help("Note moves", "try")}
    found = questions(bare(help=help))
    assert [one.key for one in found] == [
        "api_key",
        "note_moves_ticket",
        "url",
        "account_number",
        "technician",
    ]
    assert not found[1].required


def test_typed_texts_become_what_the_keys_want(tmp_path: Path):
    draft = Draft(tmp_path / "config.toml", bare(), "b")
    draft.texts = {
        "url": " https://a.example ",
        "account_number": "12",
        "note_moves_ticket": "",
        "scope": "all",
    }
    assert draft.table() == {
        "psa": "bare",
        "url": "https://a.example",
        "account_number": 12,
        "note_moves_ticket": None,
        "scope": "all",
    }
    draft.texts["account_number"] = "twelve"
    with pytest.raises(Wrong, match="int") as wrong:
        draft.table()
    assert wrong.value.key == "account_number"
    draft.texts["account_number"] = " "
    with pytest.raises(Wrong, match="needed"):
        draft.table()


def test_a_draft_is_checked_as_the_settings_would_be(tmp_path: Path):
    draft = Draft(tmp_path / "config.toml", connectors.spec("rt"), "desk")
    draft.texts = {"url": "http://rt.example", "fields.company": "Client", "fields.billing_code": ""}
    with pytest.raises(SettingsError) as error:
        draft.settings(draft.table())
    assert error.value.key == "url"
    draft.texts["url"] = "https://rt.example"
    made = draft.settings(draft.table()).connections["desk"]
    assert made.options == {"url": "https://rt.example", "fields": {"company": "Client"}}
    assert not draft.config.exists()


def test_an_unnamed_technician_is_whoever_the_psa_says(tmp_path: Path):
    draft = Draft(tmp_path / "config.toml", connectors.spec("rt"), "desk")
    table = {"psa": "rt", "technician": None}
    assert found_out(draft, table, WHO)["technician"] == "jdoe"
    assert found_out(draft, {"technician": "tess"}, WHO)["technician"] == "tess"
    told = msgspec.structs.replace(WHO, found={"url": "https://other.example", "odd": "1"})
    assert found_out(draft, table, told)["url"] == "https://other.example"
    assert "odd" not in found_out(draft, table, told)


def test_what_a_psa_that_only_reads_is_told():
    said = [words for _, words in sentences(Proof("Bare", WHO, READS_ONLY, ()))]
    assert said[0] == "You are jdoe (Jordan Doe); server version 1."
    assert said[1] == "Its clock agrees with this machine's (+0.0 s)."
    assert "only reads" in said[2]
    off = msgspec.structs.replace(WHO, clock_ahead=-95.0)
    assert "-95 s against" in sentences(Proof("Bare", off, READS_ONLY, ()))[1][1]
    assert requirable(READS_ONLY, also=("custom:Asset", "gone")) == ("contact", "owner", "custom:Asset")
    check_required(("owner", "custom:x"), READS_ONLY)
    with pytest.raises(Wrong, match="no field agreement"):
        check_required(("agreement",), READS_ONLY)


async def test_a_status_on_several_boards_is_said_once_and_closes_where_all_do():
    found, said = await _statuses(Boards(3))  # type: ignore[arg-type]
    three = ("Board 0", "Board 1", "Board 2")
    assert found == (Status("New", three), Status("Done", three), Status("red", three, closes=True))
    assert said == ""


async def test_statuses_that_belong_to_no_board_are_read_once():
    for boards in (0, 50):
        shop = Boards(boards, own=False)
        found, said = await _statuses(shop)  # type: ignore[arg-type]
        assert [one.name for one in found] == ["New", "Done", "red"]
        assert (shop.asked, said) == (1, "")


async def test_many_boards_and_a_board_that_may_not_be_seen_are_said():
    many = Boards(MOST_BOARDS + 5)
    _, said = await _statuses(many)  # type: ignore[arg-type]
    assert many.asked == MOST_BOARDS
    assert f"{MOST_BOARDS} of its {MOST_BOARDS + 5} boards" in said
    found, said = await _statuses(Boards(3, fails=True))  # type: ignore[arg-type]
    assert [one.boards for one in found] == [("Board 0",)] * 3
    assert "no right to see this board" in said
