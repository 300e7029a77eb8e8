"""ConnectWise PSA's answers other than rows: accounts, error bodies, and the refusal that carries one.

Shapes: ConnectWise developer guide. The texts of 401 and 404 are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from connectors.simulators.answers import json_response


@dataclass(slots=True, frozen=True)
class Account:
    """A key pair and the member whose name its writes carry."""

    company: str
    public_key: str
    private_key: str
    client_id: str
    technician: str


class Refusal(Exception):
    """The request is answered with this status and the vendor's body."""

    def __init__(
        self, status: int, code: str, message: str, errors: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "errors": errors}


def invalid(resource: str, field: str, message: str, code: str = "InvalidField") -> Refusal:
    """400 `InvalidObject` with one error that names the field."""
    return Refusal(
        400,
        "InvalidObject",
        f"{resource} object is invalid",
        [{"code": code, "message": message, "resource": resource, "field": field}],
    )


def not_found(what: str) -> Refusal:
    return Refusal(404, "NotFound", f"{what} not found")


def unfilterable(message: str) -> Refusal:
    """400 for conditions that name an unknown field or cannot be read."""
    return Refusal(400, "ApiFindCondition", message)


def too_many(seconds: int) -> Response:
    """429: a different body from all other errors (developer guide)."""
    text = f"Too many requests. Please try again in {seconds} seconds."
    return json_response({"error": "ConnectWiseAPI", "message": text}, 429, {"Retry-After": str(seconds)})
