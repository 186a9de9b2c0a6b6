"""While what an older loopgraph stored is upgraded, every door but those of health and metrics says to come again."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from loopgraph.effects.schema.upgrade import Upgrade

RETRY_AFTER_S = 5
TRY_AGAIN_LATER = 1013
"""The code that a WebSocket is closed with (IANA, WebSocket Close Code Number Registry)."""

_ALWAYS = frozenset({"/healthz", "/livez", "/readyz", "/metrics"})


class UntilUpgraded:
    """Lets nothing through that could meet half of an upgrade: 503 with Retry-After, and no WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or scope["path"] in _ALWAYS or not scope["app"].state.upgrade.pending:
            await self._app(scope, receive, send)
            return
        response = answer(scope["app"].state.upgrade)
        if scope["type"] == "http":
            await response(scope, receive, send)
        elif "websocket.http.response" in scope.get("extensions", {}):
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await WebSocket(scope, receive, send).close(TRY_AGAIN_LATER)


def answer(upgrade: Upgrade) -> JSONResponse:
    """What doors answer while an upgrade is pending."""
    return JSONResponse(
        {"error": {"code": "UPGRADING", "message": upgrade.message}},
        status_code=503,
        headers={"retry-after": str(RETRY_AFTER_S)},
    )
