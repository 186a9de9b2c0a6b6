"""``GET /api/openapi.json``: what the service's doors take and answer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door
from loopgraph.api.openapi.document import document
from loopgraph.api.openapi.others import PATH


async def _document(_: Request) -> Response:
    return JSONResponse(document(), headers={"cache-control": "no-cache"})


openapi_routes = [Door(PATH, _document, Action.READ)]
