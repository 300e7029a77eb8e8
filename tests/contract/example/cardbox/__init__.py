"""A connector to Card Box, a product that does not exist: the example of `docs/connectors.md`, complete and small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from connectors.contract import Spec

if TYPE_CHECKING:
    import httpx

    from cardbox.connector import CardBox
    from connectors.budget import Budget


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection's own keys in `config.toml`."""

    url: str
    technician: str


def open_(
    name: str,
    options: Options,
    secrets: Mapping[str, str],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    budget: Budget | None = None,
) -> CardBox:
    """A connector; no request is sent."""
    from cardbox.connector import CardBox  # httpx is loaded only when somebody connects

    return CardBox(name, options, secrets["token"], transport=transport, budget=budget)


SPEC = Spec(psa="cardbox", title="Card Box", options=Options, secrets=("token",), open=open_)
