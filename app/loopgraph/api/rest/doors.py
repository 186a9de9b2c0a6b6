"""The doors of the views: parameters in, an operation of GraphQL, and its data in the shape that dashboards know.

An answer has an ``ETag`` over its bytes: who asks again with ``If-None-Match`` is answered 304 while nothing has changed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Any, Final

import strawberry
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from loopgraph.api.access import Action, Door
from loopgraph.api.errors import invalid_input, problem_response
from loopgraph.api.graphql.context import context_of
from loopgraph.api.graphql.disconnects import CLIENT_CLOSED_REQUEST, Gone
from loopgraph.api.graphql.encoding import encoded
from loopgraph.api.graphql.pace import Pace
from loopgraph.api.http.bodies import json_object
from loopgraph.api.rest.answers import Json
from loopgraph.api.rest.asking import answer_of
from loopgraph.api.rest.catalogue import VIEWS
from loopgraph.api.rest.parameters import Parameters, once
from loopgraph.api.rest.view import Around, View
from loopgraph.api.services import Services
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput, LoopgraphError, NotFound

_CACHING: Final = {"cache-control": "private, no-cache"}
"""An answer may be kept by who got it, and is asked for again before it is used."""


async def parameters_of(view: View[Any], request: Request) -> Parameters:
    """What a view is asked with. Raises InvalidInput, UnsupportedMediaType, Overloaded."""
    query = request.query_params
    in_query = once({name: query.getlist(name) for name in query})
    for name in view.in_path & in_query.keys():
        raise InvalidInput(name, "must be in the path alone")
    if view.method == "POST":
        for name in in_query:
            raise InvalidInput(name, "must be in the body, and not in the query")
    given: Json = in_query if view.method == "GET" else await json_object(request)
    try:
        found: Parameters = view.parameters.model_validate({**given, **request.path_params})
    except ValidationError as error:
        raise invalid_input(error, view.parameters) from error
    return found


def _door(view: View[Any], schema: strawberry.Schema, pace: Pace) -> Callable[[Request], Awaitable[Response]]:
    async def door(request: Request) -> Response:
        services: Services = request.app.state.services
        context = context_of(request, pace)
        headers = {"x-correlation-id": context.correlation_id}
        try:
            with pace.operation():
                given = await parameters_of(view, request)
                ask = view.ask(given, Around(now(), services.settings.max_page_size))
                answer = view.shape(given, await answer_of(schema, request, context, ask, given))
                if answer is None:
                    raise NotFound("Pattern", getattr(given, "pattern_id", ""))
                body = await encoded(answer, pace)
        except LoopgraphError as error:
            return problem_response(error, headers)
        except Gone:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        if request.method == "POST":
            return Response(body, headers={**headers, "cache-control": "no-store"}, media_type="application/json")
        tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
        headers |= {**_CACHING, "etag": tag}
        if tag in _tags(request):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

    return door


def _tags(request: Request) -> set[str]:
    """The tags of ``If-None-Match``; a weak one is as good, because it is compared weakly (RFC 9110)."""
    told = ",".join(request.headers.getlist("if-none-match"))
    return {part.strip().removeprefix("W/") for part in told.split(",")}


def rest_routes(schema: strawberry.Schema, pace: Pace) -> list[Door]:
    """The doors of all views. ``pace`` has the turns of answers."""
    return [Door(view.route, _door(view, schema, pace), Action.READ, [view.method]) for view in VIEWS]
