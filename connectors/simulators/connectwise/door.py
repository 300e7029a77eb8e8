"""What every request to the simulated ConnectWise PSA meets: limits, credentials, and trouble on order."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from connectors.simulators.connectwise.answers import Refusal, too_many
from connectors.simulators.connectwise.state import Simulator
from connectors.simulators.faults import Fault, Kind, instead
from connectors.simulators.model import Member


def limited(made: Simulator) -> Response | None:
    """429 when the last minute on the world's clock has had its requests; else this one is counted."""
    now = made.world.clock()
    while made.recent and made.recent[0] <= now - 60:
        made.recent.popleft()
    if made.switches.per_minute is not None and len(made.recent) >= made.switches.per_minute:
        return too_many(max(1, int(made.recent[0] + 60 - now)))
    made.recent.append(now)
    return None


def member_of(made: Simulator, request: Request) -> Member:
    """Whose keys these are; 401 (404 on cloud) for wrong ones, 403 without a client id."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        plain = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        plain = ""
    for account in made.accounts:
        right = f"{account.company}+{account.public_key}:{account.private_key}"
        if scheme.lower() == "basic" and plain == right:
            break
    else:
        if made.switches.cloud:
            raise Refusal(404, "NotFound", "The requested resource was not found")
        raise Refusal(401, "Unauthorized", "You do not have access to this API.")
    if request.headers.get("clientid", "").casefold() != account.client_id.casefold():
        raise Refusal(403, "Security", "A valid clientId header is required.")
    return made.world.member(account.technician)


# ---------------------------------------------------------------- faults


REFUSALS: dict[Kind, tuple[int, object]] = {
    "500": (500, {"code": "ServerError", "message": "Internal server error", "errors": None}),
    "401": (401, {"code": "Unauthorized", "message": "Key expired.", "errors": None}),
    "403": (403, {"code": "Security", "message": "Not permitted.", "errors": None}),
    "404": (404, {"code": "NotFound", "message": "Not found.", "errors": None}),
}


def trouble(fault: Fault | None) -> Response | None:
    """The answer of a fault that keeps the request from being carried out."""
    if fault is not None and fault.kind == "429":
        return too_many(fault.retry_after)
    return instead(fault, REFUSALS)


def wrong(rows: Any) -> None:  # noqa: ANN401 - JSON
    """Gives a row a status of the wrong type."""
    for row in rows if isinstance(rows, list) else [rows]:
        if isinstance(row, dict) and "status" in row:
            row["status"] = "not an object"
            return
