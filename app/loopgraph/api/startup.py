"""A failed start in one plain sentence, in the place of the traceback that Starlette hands to the server."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class PlainStart:
    """Wraps the whole application, for servers that log why a start failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def plain(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                *_, last = message.get("message", "").strip().splitlines() or [""]
                kind, _, sentence = last.partition(": ")
                if kind.startswith("loopgraph.errors."):
                    message = {**message, "message": sentence}
            await send(message)

        await self._app(scope, receive, plain if scope["type"] == "lifespan" else send)
