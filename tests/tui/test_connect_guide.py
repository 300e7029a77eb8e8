"""The guide of `deskzero connect`: every step, what it refuses, what it keeps, and when it saves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail
from textual.widgets import OptionList

from connectors.simulators.autotask import ACCOUNT
from connectors.simulators.serve import SIMULATED, demo_secrets, demo_settings, make_app, run_in_thread
from connectors.simulators.world import World
from store.credentials import SERVICE
from store.read import Reader
from store.settings import load
from store.settings_save import required_of, saved_table
from store.status_meanings import MEANINGS, settings_key
from tests.store.test_credentials import Drawer
from tests.tui.connecting import Walk, guided, make_guide
from tui.connect.answers_step import AnswersStep
from tui.connect.fields import Field
from tui.connect.proof_step import ProofStep
from tui.connect.psa_step import PsaStep
from tui.connect.required_step import RequiredStep
from tui.connect.statuses_step import StatusesStep
from tui.connect.sync_step import SyncStep

ANSWERS = {
    "username": ACCOUNT.username,
    "secret": ACCOUNT.secret,
    "integration_code": ACCOUNT.integration_code,
    "technician": "jdoe",
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A simulated Autotask that stands still."""
    with run_in_thread(make_app("autotask", World(1, 25, speed=0.0))) as address:
        yield address


@pytest.fixture
def drawer(monkeypatch) -> Iterator[Drawer]:
    for field in ("SECRET", "PRIVATE_KEY"):
        monkeypatch.delenv(f"DESKZERO_AUTOTASK_{field}", raising=False)
    before = keyring.get_keyring()
    backend = Drawer()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home"


async def answered(walk: Walk, url: str, **more: str) -> None:
    """Steps 1 and 2, up to the proof."""
    await walk.at(PsaStep)
    await walk.take("autotask")
    await walk.at(AnswersStep)
    await walk.fill(**(ANSWERS | {"url": url} | more))
    await walk.last_line()
    await walk.press("enter")


async def test_from_nothing_to_the_queue(url, folder, drawer):
    app = make_guide(folder)
    async with guided(app) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe (Jordan Doe)")
        assert not (folder / "config.toml").exists(), "nothing is saved before the proof, or by it"
        await walk.press("enter")
        text = await walk.at(StatusesStep, "Customer Note Added")
        assert "responded    guess" in text and "closes there" in text and "← answered" in text
        await walk.press("enter")
        text = await walk.at(RequiredStep)
        assert "[x] contact phone" in text and "[ ] owner" in text
        assert not (folder / "config.toml").exists()
        await walk.press("enter")
        text = await walk.at(SyncStep, "Enter opens the queue")
        assert "The keyring has the secret." in text
        await walk.press("enter")
    ended = app.return_value
    assert ended is not None and ended.opens_queue and ended.run_secrets is None
    assert drawer.kept == {(SERVICE, "autotask:secret"): ACCOUNT.secret}
    settings = load(folder / "config.toml")
    made = settings.connections["autotask"]
    assert made.child_statuses == ("Child Ticket",)
    assert made.responded_statuses == ("Customer Note Added",)
    assert made.answered_status == "Waiting Customer"
    assert required_of(settings, "autotask") == settings.rules.required
    assert ACCOUNT.secret not in (folder / "config.toml").read_text()
    assert Reader(app.course.home, settings).to_zero() > 0


@pytest.mark.parametrize("psa", sorted(SIMULATED))
async def test_every_simulated_psa_comes_out_as_its_shop_says(psa, folder, drawer):
    """The answers as the simulator's first line has them; the statuses as guessed."""
    with run_in_thread(make_app(psa, World(1, 25, speed=0.0))) as url:
        shop = demo_settings(psa, url)
        async with guided(make_guide(folder, "demo", "--psa", psa), size=(80, 24)) as walk:
            await walk.at(AnswersStep)
            asked = [field.question.key for field in walk.guide.query(Field)]
            answers = {key: shop[key] for key in asked if key in shop} | demo_secrets(psa)
            await walk.fill(**answers)
            await walk.last_line()
            await walk.press("enter")
            await walk.at(ProofStep, "(Jordan Doe)")
            await walk.press("enter", "enter", "enter")
            await walk.at(SyncStep, "The keyring has")  # a small quota makes the sync itself long
        table = saved_table(folder / "config.toml", "demo")
        keys = ["answered_status", *(settings_key(meaning) for meaning in MEANINGS)]
        assert {key: table.get(key) for key in keys} == {key: shop.get(key) for key in keys}
        assert len(drawer.kept) == len(demo_secrets(psa))


async def test_what_is_missing_is_said_at_its_line_and_nothing_typed_is_lost(url, folder, drawer):
    async with guided(make_guide(folder)) as walk:
        await answered(walk, url, technician="", username="api@msp.test")
        text = await walk.at(AnswersStep, "! this is needed")
        assert walk.field("technician").has_focus
        assert walk.field("secret").value == ACCOUNT.secret
        assert ACCOUNT.secret not in text and "•" * len(ACCOUNT.secret) in text
        await walk.press("j", "x")
        assert "! this is needed" not in walk.text
        await walk.fill(scope="bord:x")
        await walk.last_line()
        await walk.press("enter")
        await walk.at(AnswersStep, "! mine, owner:<name>, board:<name>")
        assert walk.field("scope").has_focus and walk.field("scope").value == "bord:x"


async def test_refused_credentials_lead_back_to_the_secret(url, folder, drawer):
    async with guided(make_guide(folder)) as walk:
        await answered(walk, url, secret="wrong-one-4711")
        text = await walk.at(ProofStep, "✗")
        assert "Esc goes back with everything as you typed it" in text and "4711" not in text
        await walk.press("escape")
        await walk.at(AnswersStep)
        assert walk.field("secret").has_focus
        assert walk.field("username").value == ACCOUNT.username
        await walk.fill(secret=ACCOUNT.secret)
        await walk.last_line()
        await walk.press("enter")
        await walk.at(ProofStep, "You are jdoe")
    assert not (folder / "config.toml").exists()


async def test_esc_goes_back_step_by_step_and_the_same_answers_are_proven_once(url, folder, drawer):
    async with guided(make_guide(folder)) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe")
        proven = walk.app.course.proven
        await walk.press("enter")
        await walk.at(StatusesStep)
        await walk.press("escape", "escape")
        await walk.at(AnswersStep)
        await walk.last_line()
        await walk.press("enter")
        await walk.at(ProofStep, "You are jdoe")
        assert walk.app.course.proven is proven
        await walk.press("escape")
        await walk.fill(scope="all")
        await walk.last_line()
        await walk.press("enter")
        await walk.at(ProofStep, "You are jdoe")
        assert walk.app.course.proven is not proven


async def test_another_proof_leaves_what_was_said_of_statuses_and_fields(url, folder, drawer):
    async with guided(make_guide(folder)) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe")
        await walk.press("enter")
        await walk.at(StatusesStep)
        course = walk.app.course
        options = walk.guide.step_of(StatusesStep).query_one(OptionList)
        names = [status.name for status in course.facts.proof.statuses]
        options.highlighted = names.index("Cancelled")
        await walk.press("n")
        options.highlighted = names.index("Assigned")
        await walk.press("d", "enter")
        await walk.at(RequiredStep)
        await walk.press("space", "escape", "escape", "escape")
        await walk.at(AnswersStep)
        first = course.proven
        await walk.fill(scope="all")
        await walk.last_line()
        await walk.press("enter")
        await walk.at(ProofStep, "You are jdoe")
        assert course.proven is not first
        assert course.meanings["Assigned"] == "closing" and "Cancelled" not in course.meanings
        assert course.meanings["Child Ticket"] == "child" and course.guessed >= {"Child Ticket"}
        assert "contact" not in course.required and "agreement" in course.required


async def test_esc_stops_a_proof_that_gets_no_answer(folder, drawer):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        async with guided(make_guide(folder)) as walk:
            await answered(walk, f"http://127.0.0.1:{deaf.getsockname()[1]}")
            await walk.at(ProofStep, "Asking Autotask PSA …")
            await walk.press("enter", "escape")
            await walk.at(AnswersStep)
            assert walk.field("secret").value == ACCOUNT.secret
            assert not [
                worker for worker in walk.app.workers if worker.group == "proof" and worker.is_running
            ]
            assert walk.app.course.proven is None


async def test_statuses_are_said_with_letters_and_fields_with_space(url, folder, drawer):
    async with guided(make_guide(folder)) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe")
        await walk.press("enter")
        await walk.at(StatusesStep)
        options = walk.guide.step_of(StatusesStep).query_one(OptionList)
        names = [status.name for status in walk.app.course.facts.proof.statuses]
        options.highlighted = names.index("Waiting Vendor")
        await walk.press("w", "a")
        assert "a responded status becomes this when" in walk.text
        options.highlighted = names.index("Complete")
        await walk.press("a")
        assert "answering a customer does not close the ticket" in walk.text
        options.highlighted = names.index("Cancelled")
        await walk.press("n")
        options.highlighted = names.index("Assigned")
        await walk.press("space", "enter")
        await walk.at(RequiredStep)
        await walk.press("space", "j", "space", "k", "space", "enter")
        await walk.at(SyncStep, "Enter opens the queue")
    settings = load(folder / "config.toml")
    made = settings.connections["autotask"]
    assert made.waiting_statuses == ("Waiting Customer", "Waiting Vendor")
    assert made.answered_status == "Waiting Vendor"
    assert made.closed_statuses == ()
    assert made.child_statuses == ("Assigned", "Child Ticket")
    assert required_of(settings, "autotask") == ("contact", "contact_email", "agreement", "type")


async def test_without_a_keyring_it_says_what_to_do_and_goes_on(url, folder, drawer):
    keyring.set_keyring(fail.Keyring())
    app = make_guide(folder)
    async with guided(app) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe")
        await walk.press("enter", "enter", "enter")
        text = await walk.at(SyncStep, "Enter opens the queue")
        assert "DESKZERO_AUTOTASK_SECRET" in text and "secret_command" in text
        assert "this machine has no keyring" in text and ACCOUNT.secret not in text
        await walk.press("enter")
    assert app.return_value is not None
    assert app.return_value.run_secrets == {"autotask": {"secret": ACCOUNT.secret}}


async def test_connecting_again_takes_what_is_saved_and_loses_nothing(url, folder, drawer):
    drawer.kept[SERVICE, "mine:secret"] = ACCOUNT.secret
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'[connections.mine] # ours\npsa = "autotask"\nurl = "{url}"\nusername = "{ACCOUNT.username}"\n'
        f'integration_code = "{ACCOUNT.integration_code}"\ntechnician = "jdoe"\nreplies_mail = true # yes\n'
        'responded_statuses = ["Gone From Here"]\nscope = "all"\nread_only = true\n',
        encoding="utf-8",
    )
    async with guided(make_guide(folder, "mine")) as walk:
        await walk.at(AnswersStep, "kept (keyring)")
        assert "[x] pilot" in walk.text and walk.field("scope").value == "all"
        assert walk.field("secret").value == ""
        await walk.last_line()
        await walk.press("space", "enter")
        await walk.at(ProofStep, "You are jdoe")
        await walk.press("enter")
        await walk.at(StatusesStep)
        await walk.press("enter", "enter")
        await walk.at(SyncStep, "Enter opens the queue")
    text = (folder / "config.toml").read_text()
    assert "# ours" in text and "replies_mail = true # yes" in text
    made = load(folder / "config.toml").connections["mine"]
    assert not made.read_only and made.scope.kind == "all"
    assert "Gone From Here" in made.responded_statuses
    assert list(drawer.kept) == [(SERVICE, "mine:secret")]


async def test_a_new_connection_never_takes_the_place_of_another(url, folder, drawer):
    folder.mkdir()
    (folder / "config.toml").write_text(
        '[connections.autotask]\npsa = "rt"\nurl = "https://rt.example"\ntechnician = "t"\n', encoding="utf-8"
    )
    async with guided(make_guide(folder)) as walk:
        assert "or a saved connection again" in await walk.at(PsaStep)
        await walk.take("autotask")
        await walk.at(AnswersStep)
        assert walk.field("name").value == "autotask2"
        await walk.fill(**(ANSWERS | {"url": url, "name": "Autotask"}))
        await walk.last_line()
        await walk.press("enter")
        await walk.at(AnswersStep, "! there is a connection Autotask already")


async def test_what_the_command_line_gives_is_filled_in(url, folder, drawer):
    words = ["desk", "--psa", "autotask", "--url", url, "--technician", "jdoe", "--read-only"]
    words += ["--set", f"username={ACCOUNT.username}", "--secret", f"secret={ACCOUNT.secret}"]
    async with guided(make_guide(folder, *words)) as walk:
        text = await walk.at(AnswersStep)
        assert walk.field("url").value == url and walk.field("name").value == "desk"
        assert "[x] pilot" in text and walk.field("integration_code").has_focus
        await walk.press("escape")
        await walk.at(PsaStep)


async def test_a_secret_in_the_environment_wins_and_is_not_asked_for(url, folder, drawer, monkeypatch):
    monkeypatch.setenv("DESKZERO_AUTOTASK_SECRET", ACCOUNT.secret)
    async with guided(make_guide(folder)) as walk:
        await walk.at(PsaStep)
        await walk.take("autotask")
        await walk.at(AnswersStep, "from DESKZERO_AUTOTASK_SECRET")
        assert walk.field("secret").disabled
        await walk.fill(**{key: value for key, value in ANSWERS.items() if key != "secret"}, url=url)
        await walk.last_line()
        await walk.press("enter")
        await walk.at(ProofStep, "You are jdoe")
        assert not walk.app.course.facts.new
    assert not drawer.kept


async def test_a_slow_first_sync_need_not_be_looked_at(url, folder, drawer, monkeypatch):
    app = make_guide(folder)
    async with guided(app) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe")

        async def never(*_):
            await asyncio.Event().wait()

        step = walk.guide.step_of(SyncStep)
        monkeypatch.setattr(step, "_pull", never)
        await walk.press("enter", "enter", "enter")
        await walk.at(SyncStep, "The keyring has")
        await walk.press("enter")
        assert app.return_value is None, "before it is slow, Enter does nothing"
        step._began -= 60.0
        await walk.press("enter")
    assert app.return_value is not None and app.return_value.opens_queue


async def test_what_cannot_be_saved_is_said_and_can_be_tried_again(url, folder, drawer):
    async with guided(make_guide(folder)) as walk:
        await answered(walk, url)
        await walk.at(ProofStep, "You are jdoe")
        await walk.press("enter", "enter")
        await walk.at(RequiredStep)
        folder.write_text("in the way", encoding="utf-8")
        await walk.press("enter")
        text = await walk.at(SyncStep, "cannot be read: Not a directory")
        assert "nothing is saved yet" in text
        folder.unlink()
        await walk.press("enter")
        await walk.at(SyncStep, "Enter opens the queue")
    assert (folder / "config.toml").exists()


async def test_leaving_asks_and_saves_nothing(url, folder, drawer):
    app = make_guide(folder)
    async with guided(app) as walk:
        await walk.at(PsaStep)
        await walk.press("q")
        assert "Leave?" in walk.text and "Nothing is saved yet" in walk.text
        await walk.press("escape")
        assert "Leave?" not in walk.text
        await walk.take("autotask")
        await walk.at(AnswersStep)
        await walk.press(*"quick")
        assert walk.field("username").value == "quick", "q is a letter in a line"
        await walk.press("ctrl+c")
        assert "Leave?" in walk.text
        await walk.press("ctrl+q", "y")
    assert app.return_value is None
    assert not folder.exists() or not (folder / "config.toml").exists()


async def test_an_enter_on_the_heels_of_another_does_not_run_through_the_steps(url, folder, drawer):
    app = make_guide(folder)
    app.guide._settling = 5.0
    async with guided(app) as walk:
        await walk.at(PsaStep)
        await walk.choose("autotask")
        app.guide._came = 0.0
        await walk.press("enter", "enter", "enter")
        await walk.at(AnswersStep)


async def test_a_psa_that_cannot_be_reached_can_be_tried_again(folder, drawer):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with guided(make_guide(folder)) as walk:
        await answered(walk, f"http://127.0.0.1:{port}")
        await walk.at(ProofStep, "✗")
        assert walk.app.course.proven is None
        with run_in_thread(make_app("autotask", World(1, 25, speed=0.0)), port):
            await walk.press("enter")
            await walk.at(ProofStep, "You are jdoe")
