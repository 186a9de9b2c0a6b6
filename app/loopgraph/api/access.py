"""Who asks, and whether they may: resolved and asked here alone, for every door.

Without tokens nobody is told apart: whoever reaches the service is ``LOCAL`` and may do everything. So who reaches it is bounded
(``http/gate``), and listening beyond loopback is refused unless a setting says otherwise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, Final

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from loopgraph.api.errors import problem_response
from loopgraph.contracts.base import Principal
from loopgraph.effects.traces.reads import ADMIN
from loopgraph.errors import Forbidden


class Action(StrEnum):
    """What a caller may be allowed to do. Each route and each root field of GraphQL asks for one of these."""

    SEE_HEALTH = "see health"
    USE_GRAPHQL = "use GraphQL"
    """Reach ``/graphql`` at all; each root field asks for its own action."""

    READ = "read"
    """Patterns, runs and figures; of traces, what the principal may see."""

    WRITE_EVENTS = "write events"
    CHANGE_LINEAGE = "change the lineage"
    RUN_LOOP = "run the improvement loop"
    ANNOTATE = "annotate"
    """Write what people know of what was recorded."""


LOCAL: Final = Principal(subject="local", roles=(ADMIN,))
"""Whoever it is, where nobody is told apart."""


def principal_of(authorization: str | None) -> Principal | None:
    """Who sent this ``Authorization`` header, on any door. None sees everything, too."""
    return LOCAL


def may(principal: Principal | None, action: Action) -> bool:
    """Whether a principal may do this."""
    return True


def require(principal: Principal | None, action: Action) -> None:
    """Raises Forbidden if a principal may not do this."""
    if not may(principal, action):
        raise Forbidden(f"{principal.subject if principal else 'nobody'} may not {action}")


def asking(connection: HTTPConnection) -> Principal | None:
    """The principal of a request or a WebSocket that came through a door."""
    principal: Principal | None = connection.state.principal
    return principal


class Door(Route):
    """A route that is open to those who may do its action; others are answered 403."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]] | Any,
        action: Action,
        methods: Sequence[str] = ("GET",),
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.action = action

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _enter(scope, self.action)
        except Forbidden as error:
            await problem_response(error)(scope, receive, send)
        else:
            await super().handle(scope, receive, send)


class WebSocketDoor(WebSocketRoute):
    """A WebSocket that is open to those who may do its action; for others the handshake fails."""

    def __init__(self, path: str, endpoint: Any, action: Action) -> None:
        super().__init__(path, endpoint)
        self.action = action

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _enter(scope, self.action)
        except Forbidden as error:
            await send({"type": "websocket.close", "code": 1008, "reason": str(error)})
        else:
            await super().handle(scope, receive, send)


def _enter(scope: Scope, action: Action) -> None:
    """Notes who asks. Raises Forbidden."""
    connection = HTTPConnection(scope)
    connection.state.principal = principal_of(connection.headers.get("authorization"))
    require(connection.state.principal, action)
