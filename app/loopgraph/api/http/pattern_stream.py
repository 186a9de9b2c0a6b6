"""``GET /api/pattern-analytics/stream``: how well patterns succeed, by server-sent events, as seed 004 has it.

``event: metrics`` has the shape of that seed's success rates; it comes at once, and again when the figures have changed,
whichever process recorded why. Its ``id`` is what a browser's ``EventSource`` comes back with in ``Last-Event-ID``: it is then
told at once only if something has been told since.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from functools import partial
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from loopgraph.api.access import Action, Door, asking, still_asking
from loopgraph.api.errors import problem_response
from loopgraph.api.services import Services
from loopgraph.computes.live.cursors import cursor_of, cursor_text
from loopgraph.contracts.analytics.live import PatternRates
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput, LoopgraphError
from loopgraph.orchestrators.live.watches import LONGEST_S, SHORTEST_S, Figures
from loopgraph.reducers.usage.spans import window_of

PATH = "/api/pattern-analytics/stream"
MOST_PATTERNS: Final = 100
PING_S: Final = 15.0
"""So often something is sent at least, so that nobody between takes the stream for dead."""

OwnId = Callable[[str, str, str], str]
"""From the name of a parameter, an id and the kind of what it is of to the own id. Raises InvalidInput."""

_LONGEST_TYPE: Final = 255

_KNOWN: Final = ("pattern_id", "pattern_type", "min_samples", "every", "after")

_EVENTS: Final = "text/event-stream"
_HEADERS: Final = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}


async def _stream(request: Request, own_id: OwnId) -> Response:
    try:
        updates = _updates(request, own_id)
        waiting = asyncio.ensure_future(anext(updates))
        done, _ = await asyncio.wait({waiting}, timeout=PING_S)
        if done:
            waiting.result()  # what is wrong with the request is answered as such
    except LoopgraphError as error:
        return problem_response(error)
    if request.method == "HEAD":
        await _close(updates, waiting)
        head = Response(media_type=_EVENTS, headers=_HEADERS)
        del head.headers["content-length"]  # of the events there is none
        return head
    return StreamingResponse(_events(request, updates, waiting), media_type=_EVENTS, headers=_HEADERS)


def _updates(request: Request, own_id: OwnId) -> AsyncGenerator[Figures[PatternRates], None]:
    """What is to be told. Raises InvalidInput for parameters that cannot be."""
    services: Services = request.app.state.services
    given, principal = request.query_params, asking(request)
    for name in given:
        if name not in _KNOWN:
            raise InvalidInput(name, f"is not known here; known are {', '.join(_KNOWN)}")
        if name != "pattern_id" and (times := len(given.getlist(name))) > 1:
            raise InvalidInput(name, f"must be given once, not {times} times")
    ids = tuple(dict.fromkeys(own_id("pattern_id", id_, "Pattern") for id_ in given.getlist("pattern_id")))
    if "" in ids:
        raise InvalidInput("pattern_id", "must not be empty")
    if len(ids) > MOST_PATTERNS:
        raise InvalidInput("pattern_id", f"must be given at most {MOST_PATTERNS} times")
    pattern_type = given.get("pattern_type")
    if pattern_type is not None:
        pattern_type = pattern_type.strip()
        if not 1 <= len(pattern_type) <= _LONGEST_TYPE:
            raise InvalidInput("pattern_type", f"must have 1 to {_LONGEST_TYPE} characters")
    if ids and pattern_type is not None:
        raise InvalidInput("pattern_type", "must be left out where pattern_id is given")
    min_samples, every = _number(given, "min_samples", 5, 1, 10**9), _number(given, "every", 5, SHORTEST_S, LONGEST_S)
    place = request.headers.get("last-event-id") or given.get("after")

    async def reckon() -> PatternRates:
        window = window_of(None, None, now())
        if ids:
            return await services.reckoning.rates_of(ids, window, principal)
        return await services.reckoning.rates(pattern_type, min_samples, window, principal)

    key = ("rates", ids, pattern_type, min_samples, principal)
    return services.watches.updates(key, reckon, every, None if place is None else cursor_of(place, "after"))


def _number(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise InvalidInput(name, f"must be a whole number between {least} and {most:,}")
    return int(text)


async def _events(
    request: Request,
    updates: AsyncGenerator[Figures[PatternRates], None],
    waiting: asyncio.Future[Figures[PatternRates]],
) -> AsyncIterator[bytes]:
    """The events of a stream, until its client goes, or its token is none any more."""
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=PING_S)
            await still_asking(request)
            if done:
                yield _event(waiting.result())
                waiting = asyncio.ensure_future(anext(updates))
            else:
                yield b": ping\r\n\r\n"
    except LoopgraphError as error:
        body = orjson.dumps({"code": error.code, "message": str(error)})
        yield b"event: error\r\ndata: " + body + b"\r\n\r\n"
    finally:
        await _close(updates, waiting)


async def _close(
    updates: AsyncGenerator[Figures[PatternRates], None], waiting: asyncio.Future[Figures[PatternRates]]
) -> None:
    waiting.cancel()
    await asyncio.wait({waiting})
    await updates.aclose()


def _event(update: Figures[PatternRates]) -> bytes:
    figures = update.figures.model_dump(mode="json")
    summary = {name: figures[name] for name in ("total_patterns", "average_success_rate", "high_confidence_count")}
    body = {"patterns": figures["patterns"], "summary": summary, "missed": update.missed}
    head = f"id: {cursor_text(update.cursor)}\r\nevent: metrics\r\ndata: ".encode()
    return head + orjson.dumps(body) + b"\r\n\r\n"


def pattern_stream_routes(own_id: OwnId) -> list[BaseRoute]:
    """The door. ``own_id`` reads ids that may be global ones."""
    return [Door(PATH, partial(_stream, own_id=own_id), Action.READ)]
