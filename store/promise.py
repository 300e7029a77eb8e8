"""What stands behind `→` on a row, as data: see `store.promises`, which makes it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

_WORDS = {
    "contact_phone": "phone ",
    "contact_email": "mail ",
    "billing_code": "",
    "clear_flag": "",
    "status": "",
}


class Part(msgspec.Struct, frozen=True):
    """One value that is promised."""

    field: str
    """A field as `Intent.set` names it, or `billing_code`, `status`, `clear_flag`."""
    value: str
    """The choice's id, or the text."""
    label: str
    """The value for people, as the PSA spells it."""
    because: str
    """`contact card`, `the only active one`, `same company and type`."""
    strength: Literal["strong", "weak"] = "strong"
    agree: int = 0
    """For a code: so many of `alike` have it."""
    alike: int = 0


class Promise(msgspec.Struct, frozen=True):
    """What the key that accepts would do. Its parts are all strong, or it is one weak part."""

    parts: tuple[Part, ...]

    @property
    def strong(self) -> bool:
        """Whether it may be accepted as it stands; a weak one opens the picker."""
        return all(part.strength == "strong" for part in self.parts)

    @property
    def wanted(self) -> dict[str, Any]:
        """As `store.fixes.Intent` takes it."""
        wanted: dict[str, Any] = {}
        for part in self.parts:
            if part.field in ("billing_code", "status"):
                wanted[part.field] = part.value
            elif part.field == "clear_flag":
                wanted[part.field] = True
            else:
                wanted.setdefault("set", {})[part.field] = part.value
        return wanted

    @property
    def label(self) -> str:
        """`phone 555 0102, agreement Gold`; foreign text, to be cleaned where it is shown."""
        return ", ".join(f"{_word(part.field)}{part.label}" for part in self.parts)

    def of(self, field: str) -> Part | None:
        """The part that is about this field."""
        return next((part for part in self.parts if part.field == field), None)


def _word(field: str) -> str:
    return _WORDS.get(field, f"{field.replace('_', ' ')} ")
