"""GraphiQL, served from this package: the page asks no other host for anything, and its content security policy sees to it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from loopgraph.api.access import Action, Door

FOLDER: Final = Path(__file__).parent / "graphiql"

MEDIA: Final = {
    "graphiql.min.css": "text/css",
    "page.css": "text/css",
    "graphiql.min.js": "text/javascript",
    "react.production.min.js": "text/javascript",
    "react-dom.production.min.js": "text/javascript",
    "start.js": "text/javascript",
}
"""What the page loads."""

_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def page() -> Response:
    """The page at ``/graphql`` for browsers."""
    headers = {**_HEADERS, "content-security-policy": _POLICY, "cache-control": "no-cache"}
    return FileResponse(FOLDER / "index.html", headers=headers, media_type="text/html")


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in MEDIA:
        raise HTTPException(404)
    headers = {**_HEADERS, "cache-control": "max-age=3600"}
    return FileResponse(FOLDER / name, headers=headers, media_type=MEDIA[name])


explorer_routes = [Door("/graphql/assets/{name}", _asset, Action.SEE_PAGES)]
