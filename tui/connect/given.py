"""Answers that came as options, and those read from standard input where nobody gave them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui.connect.draft import Draft, Wrong
from tui.connect.questions import questions
from tui.problem import Problem

if TYPE_CHECKING:
    from connectors.contract import Spec
    from store.status_meanings import Meaning


class Given:
    """The options of one call. Raises `Problem` for one that cannot be read."""

    def __init__(self, config: Path, options: dict[str, Any]) -> None:
        self.config = config
        self.texts: dict[str, str] = dict(_pairs(options["given"], "--set"))
        for key in ("url", "technician", "scope", "timezone"):
            if options[key] is not None:
                self.texts[key] = options[key]
        self.secrets = dict(_pairs(options["secret"], "--secret"))
        self.commands = {
            field: shlex.split(words)
            for field, words in _pairs(options["secret_command"], "--secret-command")
        }
        self.read_only: bool | None = True if options["read_only"] else None
        self.meanings: dict[str, Meaning] = {}
        """Status -> what it means, as far as options say."""
        meanings: tuple[Meaning, ...] = ("child", "responded", "waiting", "closing", "closed")
        for meaning in meanings:
            self.meanings |= dict.fromkeys(options[f"{meaning}_status"], meaning)
        self.answered: str | None = options["answered_status"]
        self.guess: bool = options["guess_statuses"]
        self.required: tuple[str, ...] | None = options["required"] or None

    def complete(self, name: str | None, psa: str | None) -> bool:
        """Whether nothing has to be asked: all that the PSA needs is given, each secret also by its variable."""
        from store.psa_options import environment_name

        if psa is None:
            return False
        spec = find_spec(psa)
        placed = {*self.texts, *self.secrets, *self.commands}
        placed |= {field for field in spec.secrets if os.environ.get(environment_name(name or psa, field))}
        return all(one.key in placed for one in questions(spec) if one.required)

    def draft(self, name: str | None, psa: str | None) -> Draft:
        """The draft for the way without a screen: what is needed and not given is asked for. Raises `Problem`."""
        import connectors

        psa = psa or ask("PSA", option="--psa", default=None, known=connectors.known())
        spec = find_spec(psa)
        name = name or ask("Name of this connection", option="NAME", default=psa)
        draft = Draft(self.config, spec, name, commands=dict(self.commands), read_only=self.read_only)
        self.fill(draft)
        for question in questions(spec):
            key = question.key
            if question.required and not question.secret and key not in draft.texts:
                draft.texts[key] = ask(
                    f"{key} ({question.label})", option=_option(key), default=draft.saved_text(key) or None
                )
        for field, value in self.secrets.items():
            if value == "-":
                draft.secrets[field] = (
                    ask_secret(field) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
                )
        return draft

    def fill(self, draft: Draft) -> None:
        """Puts what was given into a draft. Raises `Problem` for what this PSA does not know."""
        spec = draft.spec
        known = {*draft.own, "technician", "scope", "timezone"}
        for key in self.texts:
            if key.partition(".")[0] not in known:
                raise Problem(f"unknown key {key} in --set", f"There are: {', '.join(draft.own)}.")
        for field in (*self.secrets, *self.commands):
            if field not in spec.secrets:
                raise Problem(f"{spec.title} has no secret {field}", f"It has: {', '.join(spec.secrets)}.")
        draft.texts |= self.texts
        draft.secrets |= {field: value for field, value in self.secrets.items() if value != "-"}


def find_spec(psa: str) -> Spec:
    """What is known of a PSA. Raises `Problem`."""
    import connectors

    try:
        return connectors.spec(psa)
    except ValueError as error:
        raise Problem(str(error), "Name one of these with --psa.") from None


def ask_secret(field: str) -> str:
    """A secret from the terminal, not echoed, or from a line of standard input."""
    return ask(field, option=f"--secret {field}=…", default=None, hidden=True)


def ask(
    text: str, *, option: str, default: str | None, known: tuple[str, ...] = (), hidden: bool = False
) -> str:
    """One answer, from the terminal or from a line of standard input. Raises `Problem` when there is none."""
    label = f"{text} ({', '.join(known)})" if known else text
    if sys.stdin.isatty():
        answer = click.prompt(label, default=default, hide_input=hidden, err=True, show_default=not hidden)
        return str(answer).strip()
    line = sys.stdin.readline()
    if not line:
        if default is not None:
            return default
        raise Problem(f"no answer for: {text}", f"Give it with {option}.")
    return line.strip() or default or ask(text, option=option, default=default, known=known, hidden=hidden)


def in_words_of_options(error: Wrong) -> Problem:
    """An answer that cannot be taken, for whoever gave it as an option."""
    return Problem(f"{_option(error.key)}: {error}", error.hint)


def _option(key: str) -> str:
    return f"--{key}" if key in ("url", "technician", "scope", "timezone") else f"--set {key}=…"


def _pairs(values: tuple[str, ...], option: str) -> list[tuple[str, str]]:
    found = []
    for value in values:
        key, equals, rest = value.partition("=")
        if not equals or not key.strip():
            raise Problem(f"{option} {key}: KEY=VALUE is expected", "See `deskzero connect --help`.")
        found.append((key.strip(), rest))
    return found
