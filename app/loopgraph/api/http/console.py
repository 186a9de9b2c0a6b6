"""The console at ``/``: files of the package and nothing else. The page asks no other host, and its policy sees to it."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from loopgraph.api.access import Action, Door
from loopgraph.assets import asset
from loopgraph.console import FOLDER
from loopgraph.settings import Settings

Answer = Callable[[Request], Awaitable[Response]]

MEDIA: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"""What the page loads, by the ends of names."""

_API: Final = 'name="loopgraph-api" content="graphql"'


def _policy(api: str | None) -> str:
    """The content security policy; ``api`` is where GraphQL is, if that is not beside the page."""
    other = "" if api is None else " {0.scheme}://{0.netloc}".format(urlsplit(api))
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self'{other}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
"""What a browser keeps it asks for again, with the tag: an upgrade is seen at the next load."""

_OF_ICON: Final = {**_HEADERS, "cache-control": "max-age=3600"}
"""Browsers ask for the icon at every change of the page."""


class _File(NamedTuple):
    content: bytes
    tag: str
    media_type: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> _File:
        return cls(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', media_type)


def _files() -> Mapping[str, _File]:
    """The files of the page by their addresses below ``console/``; nothing else is served. All of them are half a megabyte, and a
    first view asks for twenty at once: they are read once."""
    modules = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.suffix in MEDIA}
    documents = {
        f"operations/{path.name}": path for path in asset("graphql", "operations", "console").glob("*.graphql")
    }
    return {
        name: _File.of(path.read_bytes(), MEDIA.get(path.suffix, "text/plain"))
        for name, path in {**modules, **documents}.items()
    }


def _answer(request: Request, file: _File, headers: Mapping[str, str]) -> Response:
    if file.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={**headers, "etag": file.tag})
    return Response(file.content, headers={**headers, "etag": file.tag}, media_type=file.media_type)


def _page(api: str | None) -> Answer:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    if api is not None:
        text = text.replace(_API, f'name="loopgraph-api" content="{html.escape(api)}"')
    file, headers = _File.of(text.encode(), "text/html"), {**_HEADERS, "content-security-policy": _policy(api)}

    async def answer(request: Request) -> Response:
        return _answer(request, file, headers)

    return answer


def _file(files: Mapping[str, _File]) -> Answer:
    async def answer(request: Request) -> Response:
        if not request.path_params["name"]:
            return RedirectResponse("../")  # relative, so that it is right below any root path
        try:
            file = files[request.path_params["name"]]
        except KeyError:
            raise HTTPException(404) from None
        return _answer(request, file, _OF_ICON if file.media_type == MEDIA[".svg"] else _HEADERS)

    return answer


def console_routes(settings: Settings) -> Sequence[BaseRoute]:
    """The page and its files, unless it is switched off."""
    if not settings.console:
        return []
    page, file = _page(settings.console_api or None), _file(_files())
    return [Door("/", page, Action.SEE_PAGES), Door("/console/{name:path}", file, Action.SEE_PAGES)]
