"""The GraphQL endpoint: GET and POST, ``graphql-transport-ws``, and server-sent events, with GraphiQL for browsers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from datetime import timedelta
from typing import Any, cast

import orjson
import strawberry
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from loopgraph.api.access import NOBODY, Action, Door, WebSocketDoor, asking, counted, require, resolved
from loopgraph.api.access.principals import Shown
from loopgraph.api.errors import problem_response
from loopgraph.api.graphql import explorer
from loopgraph.api.graphql.context import Context, context_of
from loopgraph.api.graphql.disconnects import CLIENT_CLOSED_REQUEST, Gone, while_connected
from loopgraph.api.graphql.encoding import encoded
from loopgraph.api.graphql.negotiation import GRAPHQL, JSON, media_type, prefers_events, takes_events
from loopgraph.api.graphql.pace import Pace
from loopgraph.computes.live.cursors import cursor_text
from loopgraph.contracts.base import json_form
from loopgraph.errors import LoopgraphError, RateLimited
from loopgraph.settings import Settings


class _WebSocket(ASGIWebSocketAdapter):
    async def send_json(self, message: Mapping[str, object]) -> None:
        view: Any = self.view
        if isinstance(payload := message.get("payload"), dict):
            message = {**message, "payload": await view.in_slices(payload)}
        try:
            # Bytes would go out as binary frames, and clients in browsers read text frames.
            await self.ws.send_text(view.encode_json(message).decode())
        except WebSocketDisconnect as error:
            raise WebSocketDisconnected from error


class _Protocol(BaseGraphQLTransportWSHandler[Context, None]):
    async def handle_message(self, message: Any) -> None:
        """Takes one message; those that break the protocol close the connection with 4400."""
        if message.get("payload") is None:
            message.pop("payload", None)
        well_formed = isinstance(message.get("id"), str) and isinstance(message.get("payload"), dict)
        if message.get("type") == "subscribe" and not well_formed:
            await self.handle_invalid_message("subscribe needs an id, a text, and a payload, an object")
        else:
            await super().handle_message(message)

    async def handle_connection_init(self, message: Any) -> None:
        """Begins the connection; who sent no header says here who asks. A token that is none closes the connection with 4403."""
        view: Any = self.view
        connection: WebSocket = self.websocket.ws  # type: ignore[attr-defined]
        try:
            if asking(connection) == NOBODY:
                principal = await resolved(connection, Shown(_authorization(message.get("payload"))))
                require(principal, Action.USE_GRAPHQL)
                counted(connection, Action.USE_GRAPHQL)
                self.context = context_of(connection, view.pace)
        except LoopgraphError as error:
            await self.websocket.close(4403, str(error)[:120])
        else:
            await super().handle_connection_init(message)

    async def handle_subscribe(self, message: Any) -> None:
        """Takes an operation, if what the connection began with still holds, and its principal does not ask too often."""
        try:
            await self.context.still()
            counted(self.websocket.ws, Action.USE_GRAPHQL)  # type: ignore[attr-defined]
        except RateLimited as error:
            await self.send_message({"id": message["id"], "type": "error", "payload": [_coded(error)]})
        except LoopgraphError as error:
            await self.websocket.close(4403, str(error)[:120])
        else:
            await super().handle_subscribe(message)

    async def handle_task_exception(self, error: Exception) -> None:
        if not isinstance(error, WebSocketDisconnected):  # that a client has gone is no error
            await super().handle_task_exception(error)


def _coded(error: LoopgraphError) -> Any:
    """An error of GraphQL, as a refusal before anything was executed is one."""
    extensions: dict[str, object] = {"code": error.code}
    if isinstance(error, RateLimited):
        extensions["retryAfterS"] = error.retry_after_s
    return {"message": str(error), "extensions": extensions}


def _refusal(error: LoopgraphError) -> Response:
    """What those are answered that are not let in; in the form of GraphQL's answers where a client is to come again."""
    answer = problem_response(error)
    if isinstance(error, RateLimited):
        answer.body = orjson.dumps({"errors": [_coded(error)]})
        answer.headers["content-length"] = str(len(answer.body))
    return answer


def _authorization(payload: Any) -> str | None:
    """What the first message of a WebSocket says in the place of the header, as clients name it."""
    said = payload if isinstance(payload, dict) else {}
    for name in ("Authorization", "authorization"):
        if isinstance(value := said.get(name), str):
            return value
    return None


class _GraphQL(GraphQL[Context, None]):
    websocket_adapter_class = _WebSocket
    graphql_transport_ws_handler_class = _Protocol

    def __init__(self, *args: Any, pace: Pace, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pace = pace

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        context = request.state.context = context_of(request, self.pace)
        if isinstance(response, Response):
            response.headers["x-correlation-id"] = context.correlation_id
        return context

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """What an answer to this request begins as: it has the media type that the client accepts."""
        answer = request.state.answer = await super().get_sub_response(request)
        answer.media_type = media_type(request.headers.get("accept"))
        return answer

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer to a request."""
        answer = super().create_response(response_data, sub_response)
        answer.headers["content-type"] = sub_response.media_type or JSON
        return answer

    def decode_json(self, data: str | bytes) -> object:
        """The JSON object that a request, its variables, and each message of a WebSocket are to be."""
        decoded = orjson.loads(data)
        if not isinstance(decoded, dict):
            raise orjson.JSONDecodeError("must be a JSON object", "", 0)
        return decoded

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data, json_form, orjson.OPT_NON_STR_KEYS)

    async def in_slices(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """An answer whose data is encoded already, without holding up the event loop."""
        data = answer.get("data")
        return {**answer, "data": orjson.Fragment(await encoded(data, self.pace))} if data else dict(answer)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The answer to a request that one operation's result becomes."""
        answer: Any = await self.in_slices(await super().process_result(request, result))
        if isinstance(result, PreExecutionError) and request.state.answer.media_type == GRAPHQL:
            # Nothing of it was executed: there are no data. Clients that take JSON alone know them as null.
            del answer["data"]
            request.state.answer.status_code = 400
        return cast("GraphQLHTTPResponse", answer)

    def _get_stream_transport_from_headers(self, headers: Mapping[str, str]) -> Any:
        """Some clients name server-sent events last in every request; they mean them for subscriptions alone."""
        events = prefers_events(headers.get("accept", ""))
        return super()._get_stream_transport_from_headers(headers) if events else None

    def _stream_result(self, request: Request, result: Any, transport: Any) -> Any:
        """The events of a subscription; each has its cursor as its id, with which clients come back by themselves."""
        encode = transport.encode_next

        def encode_next(response: GraphQLHTTPResponse, encode_json: Any) -> str:
            cursor = request.state.context.place.cursor
            event: str = encode(response, encode_json)
            return (
                f"id: {cursor_text(cursor)}\r\n{event}" if cursor is not None and transport.protocol == "sse" else event
            )

        numbered = copy(transport)
        numbered.encode_next = encode_next
        return super()._stream_result(request, result, numbered)

    async def execute_operation(self, request: Request, *args: Any, **given: Any) -> Any:
        """The result of an operation; it is given up when its client closes the connection. Raises Gone."""
        return await while_connected(request, self._executed(request, *args, **given))

    async def _executed(self, request: Request, *args: Any, **given: Any) -> Any:
        try:
            return await super().execute_operation(request, *args, **given)
        except HTTPException as refusal:
            if not (_is_subscription(refusal) and takes_events(request.headers.get("accept", ""))):
                raise
        given["request_data"].protocol = "sse"
        return await super().execute_operation(request, *args, **given)

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        """The answer to a request; one that cannot be executed at all is refused in the form of GraphQL's answers."""
        try:
            with self.pace.operation():
                return await super().run(*args, **kwargs)
        except Gone:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        except HTTPException as refusal:
            code = "UNSUPPORTED_MEDIA_TYPE" if refusal.status_code == 415 else "BAD_REQUEST"
            error = {"message": _in_full(refusal), "extensions": {"code": code}}
            content = self.encode_json({"errors": [error]})
            kind = media_type(args[0].headers.get("accept"))
            return Response(content, status_code=refusal.status_code, media_type=kind)

    async def render_graphql_ide(self, request: Request) -> Response:
        return explorer.page()

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> Any:
        """The operation that a request asks for."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        if request.method == "POST" and kind != "application/json":
            raise HTTPException(415, f"the body must be application/json, not {kind or 'without a Content-Type'}")
        return await super().parse_http_body(request)


def _is_subscription(refusal: HTTPException) -> bool:
    """Whether a request was refused because a subscription has more than one answer."""
    cause = refusal.__cause__
    return isinstance(cause, InvalidOperationTypeError) and cause.operation_type is OperationType.SUBSCRIPTION


def _in_full(refusal: HTTPException) -> str:
    match refusal.__cause__:
        case json.JSONDecodeError() as cause:
            return f"{refusal.reason}: {cause}"
        case _ if _is_subscription(refusal):
            return "a subscription needs the header Accept: text/event-stream, or a WebSocket"
        case _:
            return refusal.reason


def graphql_routes(schema: strawberry.Schema, settings: Settings, pace: Pace) -> list[BaseRoute]:
    """``/graphql``, as requests and as a WebSocket, and what its page for browsers needs. ``pace`` has the turns of answers."""
    graphql = _GraphQL(
        schema,
        pace=pace,
        graphql_ide="graphiql" if settings.graphiql else None,
        subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
        connection_init_wait_timeout=timedelta(milliseconds=settings.client_timeout_ms),
        allowed_origins=("*",),  # the gate before all doors has looked at the origin
    )
    return [
        Door("/graphql", graphql, Action.USE_GRAPHQL, ["GET", "POST"], _refusal),
        WebSocketDoor("/graphql", graphql, Action.USE_GRAPHQL),
        *(explorer.explorer_routes if settings.graphiql else ()),
    ]
