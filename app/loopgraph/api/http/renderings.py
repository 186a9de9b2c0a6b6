"""``POST /api/patterns/render``: the text of a pattern's version that a unit of work is to run, as ``loopgraph pattern render``
asks for it."""

from __future__ import annotations

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door
from loopgraph.api.errors import invalid_input, problem_response
from loopgraph.api.http.bodies import json_object
from loopgraph.api.services import Services
from loopgraph.contracts.loop.rendering import RenderRequest
from loopgraph.errors import LoopgraphError

PATH = "/api/patterns/render"


async def _render(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        body = await json_object(request)
        try:
            wanted = RenderRequest.model_validate(body)
        except ValidationError as error:
            raise invalid_input(error, RenderRequest) from error
        rendering = await services.renderings.render(wanted)
    except LoopgraphError as error:
        return problem_response(error)
    return JSONResponse(rendering.model_dump(mode="json"))


rendering_routes = [Door(PATH, _render, Action.TAKE_PART, ["POST"])]
