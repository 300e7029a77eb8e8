"""Secrets: where they are looked for, in which order, and what is said when there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from store.credentials import (
    KeyringProblem,
    SecretError,
    delete_secret,
    find_secret,
    keyring_name,
    secrets_of,
    store_secret,
)
from store.log import redact
from store.settings import Connection


class Drawer(KeyringBackend):
    """A keyring that keeps things in memory: a real backend, as far as the keyring library is concerned."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class Stuck(Drawer):
    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(3)
        return "too late"


class Odd(Drawer):
    def get_password(self, service: str, username: str) -> str | None:
        raise ZeroDivisionError("org.freedesktop.DBus hunter2")


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before = keyring.get_keyring()
    backend = Drawer()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def use(backend: KeyringBackend, drawer: Drawer) -> None:
    keyring.set_keyring(backend)  # the fixture puts back what was there


def connection(*command: str) -> Connection:
    return Connection(name="my-desk", psa="rt", commands={"token": command} if command else {})


def printing(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"import sys; sys.stdout.write({text!r})")


VARIABLE = {"DESKZERO_MY_DESK_TOKEN": "from-environment"}


def test_environment_then_keyring_then_command(drawer: Drawer) -> None:
    store_secret("my-desk", "token", "from-keyring")
    asked = connection(*printing("from-command\n"))
    assert find_secret(asked, "token", environment=VARIABLE) == ("from-environment", "environment")
    assert find_secret(asked, "token", environment={}) == ("from-keyring", "keyring")
    assert delete_secret("my-desk", "token")
    assert not delete_secret("my-desk", "token")
    assert find_secret(asked, "token", environment={}) == ("from-command", "command")
    assert secrets_of(asked, environment=VARIABLE) == {"token": "from-environment"}


def test_the_keyrings_service_and_user(drawer: Drawer) -> None:
    store_secret("my-desk", "token", "x1")
    assert drawer.kept == {("deskzero", "my-desk:token"): "x1"}
    assert keyring_name() == drawer.name


def test_an_empty_variable_counts_as_none(drawer: Drawer) -> None:
    with pytest.raises(SecretError) as caught:
        find_secret(connection(), "token", environment={"DESKZERO_MY_DESK_TOKEN": ""})
    assert "DESKZERO_MY_DESK_TOKEN is not set" in str(caught.value)
    assert "deskzero connect my-desk" in caught.value.hint


@pytest.mark.parametrize("backend", [null.Keyring(), fail.Keyring()])
def test_a_keyring_that_keeps_nothing_is_none(backend: KeyringBackend, drawer: Drawer) -> None:
    use(backend, drawer)
    with pytest.raises(SecretError, match="no keyring"):
        find_secret(connection(), "token", environment={})
    with pytest.raises(SecretError, match="no keyring") as caught:
        store_secret("my-desk", "token", "x1")
    assert "DESKZERO_MY_DESK_TOKEN" in caught.value.hint
    with pytest.raises(KeyringProblem):
        keyring_name()
    asked = connection(*printing("still"))
    assert find_secret(asked, "token", environment={}) == ("still", "command")


def test_a_keyring_that_forgets_is_noticed(drawer: Drawer) -> None:
    class Sieve(Drawer):
        def set_password(self, service: str, username: str, password: str) -> None:
            """Takes it and keeps nothing."""

    use(Sieve(), drawer)
    with pytest.raises(SecretError, match="forgot"):
        store_secret("my-desk", "token", "x1")


def test_a_locked_keyring_does_not_hold_us_up(drawer: Drawer) -> None:
    use(Stuck(), drawer)
    began = time.monotonic()
    with pytest.raises(SecretError, match="did not answer within") as caught:
        find_secret(connection(), "token", environment={}, keyring_seconds=0.2)
    assert time.monotonic() - began < 2
    assert "DESKZERO_MY_DESK_TOKEN" in str(caught.value)


def test_whatever_a_backend_raises_becomes_a_message_without_its_text(drawer: Drawer) -> None:
    use(Odd(), drawer)
    with pytest.raises(SecretError, match="does not work") as caught:
        find_secret(connection(), "token", environment={})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("no-such-program-here",), "cannot be started"),
        ((sys.executable, "-c", "import sys; sys.stderr.write('s3cret'); sys.exit(7)"), "ended with code 7"),
        ((sys.executable, "-c", "import sys; sys.stdout.write('s3cret'); sys.exit(1)"), "ended with code 1"),
        ((sys.executable, "-c", "pass"), "printed nothing"),
        ((sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes([255]))"), "UTF-8"),
        ((sys.executable, "-c", "import time; time.sleep(5)"), "did not end within"),
        (("a\0b",), "cannot be started"),
    ],
)
def test_commands_that_fail(drawer: Drawer, command: tuple[str, ...], says: str) -> None:
    with pytest.raises(SecretError, match=says) as caught:
        find_secret(connection(*command), "token", environment={}, command_seconds=1.0)
    assert "s3cret" not in str(caught.value) + caught.value.hint
    assert "token_command" in str(caught.value)


def test_commands_run_without_a_shell_and_without_our_input(drawer: Drawer) -> None:
    echo = (sys.executable, "-c", "import sys; sys.stdout.write(sys.argv[1] + sys.stdin.read())", "$(id); x")
    assert find_secret(connection(*echo), "token", environment={}) == ("$(id); x", "command")


def test_what_was_found_never_gets_into_the_log(drawer: Drawer) -> None:
    find_secret(connection(*printing("log-me-not-4711")), "token", environment={})
    assert "4711" not in redact("Authorization: log-me-not-4711 and more")
    assert "AbCdEf123456" not in redact("Authorization: Basic AbCdEf123456==")
