"""``POST /mcp``: the tools by streamable HTTP, behind the same access, hosts and origins as every door.

Without sessions: each request is whole in itself, so any process of several answers it. The SDK is loaded when it is first asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import strawberry
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send
from strawberry.types.graphql import OperationType

from loopgraph.api.access import Action, Door
from loopgraph.api.graphql.context import Context, context_of
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.mcp.server import MISSING, build_server, check_sdk
from loopgraph.api.mcp.tools import Around, Json, Refused
from loopgraph.effects.clock import now
from loopgraph.errors import LoopgraphError, SetupError

_BOTH = [OperationType.QUERY, OperationType.MUTATION]


class _Mcp:
    """The ASGI application."""

    def __init__(self, schema: strawberry.Schema, pace: Pace) -> None:
        self._schema, self._pace = schema, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        try:
            check_sdk()
        except SetupError:
            error = {"error": {"code": "NOT_INSTALLED", "message": MISSING}}
            await JSONResponse(error, status_code=501)(scope, receive, send)
            return
        manager_class = await asyncio.to_thread(_sdk)
        request = Request(scope)

        async def ask(document: str, variables: Mapping[str, Any]) -> Json:
            return await self._asked(context_of(request, self._pace), document, variables)

        manager = manager_class(build_server(ask, lambda: Around(now())), json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _asked(self, context: Context, document: str, variables: Mapping[str, Any]) -> Json:
        """The data of an operation. Raises the error that it has."""
        with self._pace.operation():
            result: Any = await self._schema.execute(
                document, variable_values=dict(variables), context_value=context, allowed_operation_types=_BOTH
            )
        if result.errors:
            first = result.errors[0]
            raise (first.original_error if isinstance(first.original_error, LoopgraphError) else Refused(first.message))
        data: Json = result.data
        return data


def _sdk() -> Any:
    """The SDK's class for streamable HTTP: it takes half a second to load."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: PLC0415 - an extra

    # It tells of each request that a manager begins and ends.
    logging.getLogger("mcp.server.streamable_http_manager").setLevel(logging.WARNING)
    return StreamableHTTPSessionManager


def mcp_routes(schema: strawberry.Schema, pace: Pace) -> list[BaseRoute]:
    """``/mcp``: what a tool asks for is asked of the schema, which looks at what the principal may do."""
    return [Door("/mcp", _Mcp(schema, pace), Action.USE_GRAPHQL, ["POST"])]
