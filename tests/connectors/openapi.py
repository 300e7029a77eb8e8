"""Holds requests against a vendor's OpenAPI file: method, path, query names, body names and plain types.

`DESKZERO_SPECS` names the folder with the files; where it is not set, whoever uses this skips and says so.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

FOLDER = os.environ.get("DESKZERO_SPECS", "")

needs_specs = pytest.mark.skipif(
    not FOLDER, reason="NOT RUN: DESKZERO_SPECS does not name a folder with the vendors' OpenAPI files"
)

_PLAIN: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


class Recorder(httpx.AsyncBaseTransport):
    """Passes everything on to a simulator and keeps what was asked."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return await self.inner.handle_async_request(request)


class OpenApi:
    """One vendor's file."""

    def __init__(self, document: dict[str, Any], base: str = "", *, any_case: bool = False) -> None:
        """`base` is what stands before the file's paths in our addresses (`/api/v1`). `any_case`: the case of
        properties' names does not matter (Autotask's file has PascalCase, its API camelCase)."""
        self.document, self.base, self.any_case = document, base, any_case

    def problems(self, request: httpx.Request) -> list[str]:
        """What the file does not know of this request; empty: it is legal."""
        path = request.url.path.removeprefix(self.base)
        method = request.method.lower()
        known = self._template(path, method)
        generic = re.sub(r"/\d+(?=/|$)", "/{id}", path)
        if known is None:
            return [f"{request.method} {generic}: no such path"]
        operation = self.document["paths"][known][method]
        where = f"{request.method} {known}"
        return [*self._query(operation, request, known, where), *self._body(operation, request, where)]

    def _template(self, path: str, method: str) -> str | None:
        """The path of the file that fits; the one with the fewest placeholders wins. Case does not matter."""
        fitting = [
            known
            for known, operations in self.document["paths"].items()
            if method in operations
            and re.fullmatch(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(known)), path, re.IGNORECASE)
        ]
        return min(fitting, key=lambda known: known.count("{"), default=None)

    def _query(self, operation: dict[str, Any], request: httpx.Request, known: str, where: str) -> list[str]:
        shared = self.document["paths"][known].get("parameters", [])
        allowed = {one["name"]: one for one in map(self._real, (*shared, *operation.get("parameters", [])))}
        found = []
        for name, value in parse_qsl(request.url.query.decode(), keep_blank_values=True):
            one = allowed.get(name)
            if one is None or one.get("in") != "query":
                found.append(f"{where}: no parameter {name}")
                continue
            kind = one.get("schema", one).get("type")
            if kind == "integer" and not re.fullmatch(r"-?\d+", value):
                found.append(f"{where}: parameter {name} is a number, not {value}")
            if kind == "boolean" and value not in ("true", "false"):
                found.append(f"{where}: parameter {name} is true or false, not {value}")
        return found

    def _body(self, operation: dict[str, Any], request: httpx.Request, where: str) -> list[str]:
        if not request.content or "json" not in request.headers.get("content-type", ""):
            return []
        for one in map(self._real, operation.get("parameters", [])):
            if one.get("in") == "body":  # Swagger 2.0
                return self._fits(one["schema"], json.loads(request.content), f"{where}: body")
        content = self._real(operation.get("requestBody", {})).get("content", {})
        schema = next(
            (one["schema"] for kind, one in content.items() if "json" in kind and "schema" in one), None
        )
        if schema is None:
            return [f"{where}: a body is sent and none is described"]
        return self._fits(schema, json.loads(request.content), f"{where}: body")

    def _fits(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        schema = self._real(schema)
        for name in ("oneOf", "anyOf"):
            if name in schema:
                tries = [self._fits(one, value, where) for one in schema[name]]
                return min(tries, key=len)
        for one in schema.get("allOf", ()):
            schema = {**self._real(one), **{k: v for k, v in schema.items() if k != "allOf"}}
        kind = schema.get("type")
        if value is None or (kind is None and "properties" not in schema):
            return []
        if kind in _PLAIN and (
            not isinstance(value, _PLAIN[kind]) or (isinstance(value, bool) and kind != "boolean")
        ):
            return [f"{where} is {type(value).__name__}, not {kind}"]
        if isinstance(value, list):
            return [p for one in value for p in self._fits(schema.get("items", {}), one, f"{where}[]")]
        if isinstance(value, dict):
            known = {self._name(name): one for name, one in schema.get("properties", {}).items()}
            found = [f"{where} has {name}" for name in value if known and self._name(name) not in known]
            return found + [
                p
                for name, inner in value.items()
                if self._name(name) in known
                for p in self._fits(known[self._name(name)], inner, f"{where}.{name}")
            ]
        return []

    def _name(self, name: str) -> str:
        return name.lower() if self.any_case else name

    def _real(self, node: dict[str, Any]) -> dict[str, Any]:
        """The node that a reference leads to."""
        while "$ref" in node:
            found: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found.get(part, {})
            node = found
        return node


@cache
def document(psa: str) -> dict[str, Any]:
    """The vendor's file, as it is in the folder."""
    found: dict[str, Any] = json.loads((Path(FOLDER) / f"{psa}.json").read_text(encoding="utf-8"))
    return found
