"""The GraphQL endpoint: GET and POST, ``graphql-transport-ws``, and server-sent events, with GraphiQL for browsers."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL

from loopgraph.api.context import Context, context_of
from loopgraph.api.schema import build_schema
from loopgraph.settings import Settings


class _GraphQL(GraphQL[Context, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        context = context_of(request)
        if isinstance(response, Response):
            response.headers["x-correlation-id"] = context.correlation_id
        return context

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)


def graphql_app(settings: Settings) -> Any:
    """The ASGI application of ``/graphql``."""
    return _GraphQL(
        build_schema(settings),
        graphql_ide="graphiql",
        subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
    )
