"""An HTTP session whose token changes while it lives: the one in use is blacked out like any other secret."""

from __future__ import annotations

from connectors.http import Session


class BearerSession(Session):
    """A session that also blacks out the token it now uses."""

    token = ""

    def redact(self, text: str) -> str:
        """`text` without secrets and without the token."""
        text = super().redact(text)
        return text.replace(self.token, "•••") if self.token else text
