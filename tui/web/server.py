"""Serves the queue to one's own browser: textual-serve's terminal, on the loopback address, behind a token.

What textual-serve lacks for that is here: a token that is asked for with every request (the pages, the files, the
websocket), the check that a page of somebody else does not speak through this browser, and a page that loads nothing
from elsewhere. Every browser tab is a `deskzero` process of its own on the same home.
"""

from __future__ import annotations

import hmac
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web
from textual_serve.server import Server

HOST = "127.0.0.1"
"""Nothing else is listened on: what is shown is a company's tickets."""
COOKIE = "deskzero"
HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The browser loads what this server has and nothing from anywhere else; xterm.js writes its styles into the page."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Behind(Server):
    """textual-serve's server behind a token."""

    def __init__(self, command: Sequence[str], port: int, token: str) -> None:
        """`command`: the program that each tab runs."""
        super().__init__(
            _shell(command), host=HOST, port=port, title="deskzero", templates_path=HERE,
            public_url=f"http://{HOST}:{port}",
        )  # fmt: skip
        self.token = token
        self.place = f"{HOST}:{port}"

    async def app(self) -> web.Application:
        """The application, with the guard before every request."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        app.router.add_static("/page", HERE / "page")
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: the command prints the address itself, once."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host != self.place:
            # A name that somebody let point to this machine (DNS rebinding) is not asked under.
            return _refused("Ask for this page as the address was printed.")
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{self.place}":
            return _refused("Another page may not speak for this one.")
        if request.path == "/" and self._is_ours(request.query.get("token", "")):
            answer: web.StreamResponse = web.Response(status=302, headers={"Location": "/"})
            answer.set_cookie(COOKIE, self.token, httponly=True, samesite="Strict", path="/")
        elif not self._is_ours(request.cookies.get(COOKIE, "")):
            return _refused("Open the whole address that `deskzero web` printed, with its token.", status=401)
        else:
            answer = await handler(request)
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = POLICY.format(host=self.place)
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["X-Content-Type-Options"] = "nosniff"
            answer.headers["Cache-Control"] = "no-store"
        return answer

    def _is_ours(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())


def _refused(why: str, *, status: int = 403) -> web.Response:
    return web.Response(status=status, text=f"{why}\n", content_type="text/plain")


def _shell(command: Sequence[str]) -> str:
    """textual-serve hands its command to the shell."""
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)


def serve(command: Sequence[str], port: int, told: Callable[[str], None]) -> None:
    """Serves until it is interrupted. `port` 0: any that is free. `told` gets the address, with its token.

    Raises `OSError` where the port is taken.
    """
    token = secrets.token_urlsafe(32)
    with socket.socket() as listener:
        if sys.platform != "win32":  # there it would let a second program listen on the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        port = listener.getsockname()[1]
        server = Behind(command, port, token)
        told(f"http://{HOST}:{port}/?token={token}")
        web.run_app(server.app(), sock=listener, print=None, access_log=None)
