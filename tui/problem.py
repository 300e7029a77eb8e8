"""What went wrong, in two lines and an exit code: what and where, and what to do."""

from __future__ import annotations

from connectors.text import clean

NOT_ZERO = 1
"""`check`: not zero. `fix` and `undo`: refused, a conflict or an uncertain outcome waits."""
WRONG = 2
"""Wrong usage, an unknown ticket or name, broken settings."""
CANNOT_TELL = 3
"""`check`: cannot tell. Others: the PSA could not be reached or did not let us in."""
INTERRUPTED = 130


class Problem(Exception):
    """Ends a command. Both texts become one line each on standard error."""

    def __init__(self, message: str, hint: str, code: int = WRONG) -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code

    def lines(self) -> tuple[str, str]:
        """The two lines, harmless for a terminal whatever a PSA has put into them."""
        return f"deskzero: {clean(str(self))}", clean(self.hint)


def explain(error: Exception) -> Problem | None:
    """An expected error of the layers below as a `Problem`; `None` for one that nobody expected."""
    import sqlite3

    from connectors import OptionsError
    from connectors.contract import ConnectorError, UnknownName

    hint = getattr(error, "hint", None)
    if isinstance(error, Problem):
        return error
    if isinstance(error, UnknownName):
        return Problem(str(error), hint or "Check `scope` and `technician` in the settings.")
    if isinstance(error, ConnectorError):
        return Problem(str(error), hint or "`deskzero doctor` looks at every connection.", CANNOT_TELL)
    if isinstance(error, OptionsError):
        return Problem(str(error), "Correct it in the settings; `deskzero doctor` names the file.")
    if isinstance(error, sqlite3.Error) or type(error).__module__.startswith("sqlalchemy"):
        cause = getattr(error, "orig", None) or error
        return Problem(
            f"the database cannot be used: {cause}", "`deskzero doctor` says which, and what to do."
        )
    if isinstance(hint, str):
        code = CANNOT_TELL if type(error).__name__ == "SecretError" else WRONG
        named = bool(getattr(error, "candidates", ()))
        default = "Give one of these, by name or id." if named else "See `deskzero --help`."
        return Problem(_with_candidates(error), hint or default, code)
    if isinstance(error, OSError) and error.filename is not None:
        return Problem(
            f"{error.filename}: {error.strerror}", "Check that the place exists and that you may use it."
        )
    return None


def _with_candidates(error: Exception) -> str:
    """A name that was not found or not alone is answered with those that exist."""
    candidates = [str(name) for name in getattr(error, "candidates", ())]
    if not candidates:
        return str(error)
    shown = ", ".join(candidates[:12]) + (f" and {len(candidates) - 12} more" if len(candidates) > 12 else "")
    return f"{str(error).rstrip('.')}; there are: {shown}"
