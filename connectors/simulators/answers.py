"""Answers that all simulators give alike."""

from __future__ import annotations

import msgspec
from starlette.responses import Response


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
