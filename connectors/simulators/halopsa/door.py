"""What every request to the simulated HaloPSA meets: tokens, limits, and trouble on order."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from connectors.simulators.faults import Fault, Kind, instead
from connectors.simulators.halopsa.state import Refusal, Simulator, respond
from connectors.simulators.model import Member

LIMIT = "Rate Limit Reached - 300 Requests per rolling 5 minute window"


def token(made: Simulator, raw: bytes) -> Response:
    """OAuth2 client credentials, as a form."""
    form = {name: values[0] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        return respond({"error": "unsupported_grant_type", "error_description": "Not supported."}, 400)
    if (form.get("client_id"), form.get("client_secret")) != (
        made.account.client_id,
        made.account.client_secret,
    ):
        return respond({"error": "invalid_client", "error_description": "The client is not known."}, 400)
    life = made.switches.token_life
    return respond({"access_token": made.grant(), "token_type": "Bearer", "expires_in": life})


def limited(made: Simulator) -> Response | None:
    """429 when the last five minutes have had their requests; it need not say how long to wait."""
    now = made.world.clock()
    while made.recent and made.recent[0] <= now - 300:
        made.recent.popleft()
    if made.switches.per_window is not None and len(made.recent) >= made.switches.per_window:
        return respond(LIMIT, 429, {"Retry-After": "60"} if made.switches.retry_after else None)
    made.recent.append(now)
    return None


def member_of(made: Simulator, request: Request) -> Member:
    """As whom the application acts; 401 without a good token."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    until = made.tokens.get(given)
    if scheme.lower() != "bearer" or until is None or until <= made.world.clock():
        raise Refusal(401, {"Message": "Authorization has been denied for this request."})
    return made.world.member(made.account.identifier)


REFUSALS: dict[Kind, tuple[int, object]] = {
    "500": (500, {"ClassName": "System.Exception", "Message": "An error has occurred."}),
    "429": (429, LIMIT),
    "401": (401, {"Message": "Authorization has been denied for this request."}),
    "403": (403, {"Message": "You do not have permission."}),
    "404": (404, "Not found"),
}


def trouble(fault: Fault | None) -> Response | None:
    """The answer of a fault that keeps the request from being carried out."""
    return instead(fault, REFUSALS, respond)


def wrong(said: Any) -> None:  # noqa: ANN401 - JSON
    """Gives a ticket a status of the wrong type."""
    for row in said.get("tickets", [said]) if isinstance(said, dict) else said:
        if isinstance(row, dict) and "status_id" in row:
            row["status_id"] = "not a number"
            return
