"""The service below a path of another one's address, behind a proxy that takes that path off, or one that leaves it on."""

from __future__ import annotations

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """ASGI middleware: what is asked for below ``root_path`` is what stands at the same place without it.

    What has no such path is let through as it is: the proxy has taken it off. ``root_path`` alone leads to itself with a slash,
    as the addresses of the pages are relative.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app, self._root = app, root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == self._root and scope["type"] == "http":
            query = scope.get("query_string", b"").decode("latin-1")
            await RedirectResponse(f"{self._root}/?{query}" if query else f"{self._root}/")(scope, receive, send)
            return
        if path.startswith(f"{self._root}/"):
            scope = {**scope, "path": path.removeprefix(self._root)}
        await self._app(scope, receive, send)
