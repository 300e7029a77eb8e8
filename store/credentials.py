"""Secrets of connections: from the environment, the system keyring or a command, never from our files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import TypeVar

import connectors
from store.log import hide
from store.psa_options import environment_name
from store.settings import Connection

SERVICE = "deskzero"
"""The keyring's service; the user is `<connection>:<field>`."""

KEYRING_SECONDS = 5.0
"""How long a keyring may take: a locked one can wait for ever for a window that nobody sees."""

COMMAND_SECONDS = 30.0
"""How long a `<field>_command` may take; password managers ask for a fingerprint meanwhile."""

T = TypeVar("T")


class SecretError(Exception):
    """A secret is missing or cannot be had. `str()` says which and why, `hint` says what to do."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class KeyringProblem(Exception):
    """The keyring could not be used; `str()` says why, in a few words."""


def secrets_of(connection: Connection, *, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """All secrets that the connection's PSA needs: field -> secret. May block for some seconds.

    Raises `SecretError` for the first that is nowhere.
    """
    fields = connectors.spec(connection.psa).secrets
    return {field: find_secret(connection, field, environment=environment)[0] for field in fields}


def find_secret(
    connection: Connection,
    field: str,
    *,
    environment: Mapping[str, str] | None = None,
    keyring_seconds: float = KEYRING_SECONDS,
    command_seconds: float = COMMAND_SECONDS,
) -> tuple[str, str]:
    """A secret and where it came from (`environment`, `keyring` or `command`). May block for some seconds.

    The order is environment, keyring, command. Raises `SecretError` that names the variable to set.
    """
    variable = environment_name(connection.name, field)
    value = (os.environ if environment is None else environment).get(variable)
    if value:
        hide(value)
        return value, "environment"
    trouble = "the keyring has none"
    try:
        value = _in_keyring(
            lambda keyring: keyring.get_password(_user(connection.name, field)), keyring_seconds
        )
        if value:
            hide(value)
            return value, "keyring"
    except KeyringProblem as problem:
        trouble = str(problem)
    command = connection.commands.get(field)
    if command:
        value = _from_command(connection, field, command, command_seconds)
        hide(value)
        return value, "command"
    raise SecretError(
        f"connection {connection.name}: no {field}: {variable} is not set, and {trouble}",
        hint=f"Run `deskzero connect {connection.name}`, or set {variable},"
        f" or give {field}_command in the settings.",
    )


def store_secret(connection: str, field: str, value: str, *, seconds: float = KEYRING_SECONDS) -> None:
    """Puts a secret into the keyring and reads it back. Raises `SecretError` that names the variable."""
    variable = environment_name(connection, field)
    hint = f"Set {variable} instead, or give {field}_command in the settings."
    try:
        _in_keyring(lambda keyring: keyring.set_password(_user(connection, field), value), seconds)
        back = _in_keyring(lambda keyring: keyring.get_password(_user(connection, field)), seconds)
    except KeyringProblem as problem:
        raise SecretError(f"connection {connection}: {field} is not kept: {problem}", hint=hint) from None
    if back != value:  # the null backend takes everything and keeps nothing
        raise SecretError(f"connection {connection}: {field} is not kept: the keyring forgot it", hint=hint)


def delete_secret(connection: str, field: str, *, seconds: float = KEYRING_SECONDS) -> bool:
    """Takes a secret out of the keyring; false when there was none. Raises `SecretError`."""
    user = _user(connection, field)

    def remove(keyring: Keyring) -> bool:
        if keyring.get_password(user) is None:
            return False
        keyring.delete_password(user)
        return True

    try:
        return _in_keyring(remove, seconds)
    except KeyringProblem as problem:
        raise SecretError(
            f"connection {connection}: {field} cannot be removed: {problem}",
            hint=f'Remove "{user}" of the service "{SERVICE}" in the keyring\'s own program.',
        ) from None


def keyring_name(*, seconds: float = KEYRING_SECONDS) -> str:
    """What keyring is in use, for `doctor`. Raises `KeyringProblem` when there is none that keeps a thing."""
    return _in_keyring(lambda keyring: keyring.name, seconds)


# ---------------------------------------------------------------- the keyring, at arm's length


class Keyring:
    """The backend in use, with our service filled in. Made and used in one thread."""

    def __init__(self) -> None:
        import keyring
        from keyring.backends import fail, null

        backend = keyring.get_keyring()
        if isinstance(backend, fail.Keyring | null.Keyring):
            raise KeyringProblem("this machine has no keyring")
        self._backend = backend
        self.name = backend.name

    def get_password(self, user: str) -> str | None:
        return self._backend.get_password(SERVICE, user)

    def set_password(self, user: str, value: str) -> None:
        self._backend.set_password(SERVICE, user, value)

    def delete_password(self, user: str) -> None:
        self._backend.delete_password(SERVICE, user)


def _in_keyring(task: Callable[[Keyring], T], seconds: float) -> T:
    """Runs a task with the keyring in a thread with a time limit.

    A daemon thread and not an executor: one that hangs must not keep the program from ending.
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(task(Keyring()))
        except KeyringProblem as problem:
            result.set_exception(problem)
        # Backends raise whatever their libraries do; all of it becomes a message of ours.
        except Exception as error:  # noqa: BLE001
            result.set_exception(KeyringProblem(f"the keyring does not work ({_kind(error)})"))

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        return result.result(timeout=seconds)
    except TimeoutError:
        raise KeyringProblem(f"the keyring did not answer within {seconds:g} s; is it locked?") from None


def _kind(error: Exception) -> str:
    """An error's type in words. Its text stays away: a backend may put into it what it was to keep."""
    return "locked" if type(error).__name__ == "KeyringLocked" else type(error).__name__


def _user(connection: str, field: str) -> str:
    return f"{connection}:{field}"


# ---------------------------------------------------------------- commands


def _from_command(connection: Connection, field: str, command: Sequence[str], seconds: float) -> str:
    """What the command prints, without the last newline. No shell; arguments and output are never shown."""
    import subprocess

    where = f"connection {connection.name}: {field}_command ({command[0]})"
    hint = "Run the command by hand; it must print the secret and nothing else, without asking anything."
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would flash a console over the screen
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            creationflags=flags,
        )
    except subprocess.TimeoutExpired:
        raise SecretError(f"{where} did not end within {seconds:g} s", hint=hint) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds a NUL character"
        raise SecretError(f"{where} cannot be started: {reason}", hint=hint) from None
    if done.returncode != 0:
        raise SecretError(f"{where} ended with code {done.returncode}", hint=hint)
    try:
        value = done.stdout.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretError(f"{where} printed what is not UTF-8 text", hint=hint) from None
    if not value:
        raise SecretError(f"{where} printed nothing", hint=hint)
    return value
