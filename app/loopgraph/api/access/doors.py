"""Routes that ask who asks, and whether they may, before anything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from loopgraph.api.access.principals import Shown, identified, is_known, one_of, require
from loopgraph.api.errors import problem_response
from loopgraph.api.services import Services
from loopgraph.contracts.access import ANYBODY, LOCAL, NOBODY, Action
from loopgraph.contracts.base import Principal
from loopgraph.errors import LoopgraphError, RateLimited

Refusal = Callable[[LoopgraphError], Response]
"""How a door answers those that it does not let in."""


def asking(connection: HTTPConnection) -> Principal | None:
    """The principal of a request or a WebSocket that came through a door."""
    principal: Principal | None = connection.state.principal
    return principal


async def resolved(connection: HTTPConnection, shown: Shown, *, without_graph: bool = False) -> Principal:
    """Who shows this, noted as the one who asks by this connection. Takes and raises what ``identified`` does."""
    services: Services = connection.app.state.services
    callers, limits, address = services.callers, services.rate_limits, address_of(connection)
    try:
        principal = await identified(shown, callers, limits, address, without_graph=without_graph)
    except RateLimited:
        services.metrics.access.limited("failures")
        raise
    connection.state.principal, connection.state.shown = principal, shown
    return principal


async def still_asking(connection: HTTPConnection) -> None:
    """Raises Unauthenticated if what a long connection began with, a token or a session, holds no more."""
    shown: Shown | None = getattr(connection.state, "shown", None)
    if shown is not None and shown != Shown():
        services: Services = connection.app.state.services
        await identified(shown, services.callers, services.rate_limits, address_of(connection))


def counted(connection: HTTPConnection, action: Action) -> None:
    """Counts what is asked by a connection. Raises RateLimited if that is more often than its principal may."""
    services: Services = connection.app.state.services
    principal = asking(connection)
    who = principal.subject if principal is not None and is_known(principal) else address_of(connection)
    events = action is Action.WRITE_EVENTS
    try:
        services.rate_limits.ask(who, events=events)
    except RateLimited:
        services.metrics.access.limited("events" if events else "requests")
        raise


def address_of(connection: HTTPConnection) -> str:
    """Where a request comes from: a proxy on this machine is believed what it says of that (``X-Forwarded-For``)."""
    return connection.client.host if connection.client is not None else "unknown"


class Door(Route):
    """A route that is open to those who may do its action; others are answered 403, 401 where it is not known who asks, and 429
    who asks too often. ``refusal``: how, if not as most doors do. ``without_graph``: it is open while the graph is away, too, to
    whom that has vouched for not long ago; for what tells nothing of the graph."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]] | Any,
        action: Action,
        methods: Sequence[str] = ("GET",),
        refusal: Refusal = problem_response,
        *,
        without_graph: bool = False,
    ) -> None:
        super().__init__(path, endpoint, methods=list(methods))
        self.action = action
        self._refusal = refusal
        self._without_graph = without_graph

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await _enter(scope, self.action, without_graph=self._without_graph)
        except LoopgraphError as error:
            await self._refusal(error)(scope, receive, send)
        else:
            await super().handle(scope, receive, send)


class WebSocketDoor(WebSocketRoute):
    """A WebSocket that is open to those who may do its action; for others the handshake fails. Pages cannot send headers with
    it: who sends none, and has no session, says in the first message who asks, and is nobody until then."""

    def __init__(self, path: str, endpoint: Any, action: Action) -> None:
        super().__init__(path, endpoint)
        self.action = action

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await _enter(scope, self.action, later=True)
        except LoopgraphError as error:
            if "websocket.http.response" in scope.get("extensions", {}):
                await problem_response(error)(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": str(error)[:120]})
        else:
            await super().handle(scope, receive, send)


async def _enter(scope: Scope, action: Action, *, later: bool = False, without_graph: bool = False) -> None:
    """Notes who asks. Raises Forbidden, Unauthenticated, RateLimited, and what the graph and the provider raise. ``later``: who
    asks may be said later. ``without_graph`` as ``Door`` has it."""
    connection = HTTPConnection(scope)
    if action in ANYBODY:  # the graph is not asked for it: health is told without it, too
        services: Services | None = getattr(scope["app"].state, "services", None)  # None while it starts
        connection.state.principal = LOCAL if services is None or services.callers is None else NOBODY
        require(connection.state.principal, action)
        return
    principal = await resolved(connection, shown_by(connection), without_graph=without_graph)
    if later and principal is NOBODY:
        return
    require(principal, action)
    counted(connection, action)


def shown_by(connection: HTTPConnection) -> Shown:
    """What a request shows. Raises Unauthenticated for several headers or cookies."""
    state = connection.app.state
    authorization = one_of(connection.headers.getlist("authorization"))
    if authorization is not None or state.services.callers is None:
        return Shown(authorization)
    return Shown(None, state.cookies.session(connection))
