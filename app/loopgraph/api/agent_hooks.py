"""``POST /api/hooks/claude-code``: a hook event of the agent client, as JSON, just as the client gives it to its hooks.

Two headers say more than the client does, so that an event can be sent later, and again: ``X-Event-Timestamp`` is when it
happened, ``X-Execution-ID`` an id of its own. Without them it happened now. The answer is what the client expects of a hook: an
object, empty if there is nothing to say. ``?ack=queued`` does not wait for the commit.
"""

from __future__ import annotations

from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from loopgraph.api.bodies import is_json, json_value, media_type, waits_for_commit
from loopgraph.api.errors import UnsupportedMediaType, problem_response
from loopgraph.computes.agent_hooks import Arrival, observe_hook
from loopgraph.contracts.base import Id, Instant
from loopgraph.effects.clock import new_id, now
from loopgraph.errors import InvalidInput, LoopgraphError, UserError

T = TypeVar("T")

_INSTANT: Final[TypeAdapter[Instant]] = TypeAdapter(Instant)
_ID: Final[TypeAdapter[Id]] = TypeAdapter(Id)


async def _hook_event(request: Request) -> Response:
    try:
        how = {} if waits_for_commit(request) else {"wait": False}
        media = media_type(request)
        if not is_json(media):
            raise UnsupportedMediaType(f"the body must be application/json, not {media or 'without a Content-Type'}")
        observations = observe_hook(json_value(await request.body()), _arrival(request))
        outcomes = await request.app.state.services.recorder.record(observations, **how)
        for outcome in outcomes:
            if isinstance(outcome, UserError):
                raise outcome
    except LoopgraphError as error:
        return problem_response(error)
    return JSONResponse({})


def _arrival(request: Request) -> Arrival:
    """When the event happened, and the id for it. Raises InvalidInput for headers that are wrong."""
    at = _header(request, "X-Event-Timestamp", _INSTANT, "must be an instant such as 2026-01-31T12:00:00.000Z")
    own_id = _header(request, "X-Execution-ID", _ID, "must be an id of letters, digits and . _ : / @ + # = -")
    return Arrival(at or now(), at is not None, own_id or new_id())


def _header(request: Request, name: str, kind: TypeAdapter[T], wanted: str) -> T | None:
    value = request.headers.get(name)
    if not value:
        return None
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise InvalidInput(name, wanted) from error


agent_hook_routes = [Route("/api/hooks/claude-code", _hook_event, methods=["POST"])]
