"""``POST /api/hooks/claude-code``: a hook event of the agent client, as JSON, just as the client gives it to its hooks.

Headers say more than the client does, so that an event can be sent later, and again: ``X-Event-Timestamp`` is when it happened,
``X-Execution-ID`` an id of its own, ``X-Sent-By`` which of several handlers of the event sent it. Without them it happened
now. The answer is what the client expects of a hook: an object, empty if there is nothing to say. ``?ack=queued`` answers 202
and does not wait for the commit.

With ``?pattern=<pattern id>`` every prompt uses this pattern: the answer to ``UserPromptSubmit`` gives the model the template
of the version that the session is assigned to, and the prompt is recorded as an execution of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door
from loopgraph.api.errors import UnsupportedMediaType, problem_response
from loopgraph.api.http import bodies
from loopgraph.api.http.bodies import agent_json_value, body_of, is_json, media_type, waits_for_commit
from loopgraph.api.http.deliveries import Deliveries
from loopgraph.api.services import Services
from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.computes.agents.patterns import PatternUse, added_context, pattern_use
from loopgraph.contracts.base import Id, Instant, JsonMap
from loopgraph.contracts.traces import TraceStatus
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput, LoopgraphError, UserError
from loopgraph.orchestrators.loop.assignment import MAX_UNIT

T = TypeVar("T")

_INSTANT: Final[TypeAdapter[Instant]] = TypeAdapter(Instant)
_ID: Final[TypeAdapter[Id]] = TypeAdapter(Id)
_DELIVERIES: Final = Deliveries()


async def _hook_event(request: Request) -> Response:
    services: Services = request.app.state.services
    try:
        wait = waits_for_commit(request)
        media = media_type(request)
        if not is_json(media):
            raise UnsupportedMediaType(f"the body must be application/json, not {media or 'without a Content-Type'}")
        body = await body_of(request)
        payload, arrival = await bodies.read(agent_json_value, body), _arrival(request, body)
        observations = observe_hook(payload, arrival)
        record = services.recorder.record
        _check(await record(observations) if wait else await record(observations, wait=False))
        pattern_id = request.query_params.get("pattern")
        use = pattern_use(pattern_id, payload, arrival.at) if pattern_id else None
        answer = await services.graph.health.patiently(_used(services, use)) if use else {}
    except LoopgraphError as error:
        return problem_response(error)
    return JSONResponse(answer, status_code=200 if wait else 202)


def _check(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, UserError):
            raise outcome


async def _used(services: Services, use: PatternUse) -> JsonMap:
    """The answer to an event that begins or ends the use of a pattern, which is recorded.

    A prompt that ends again, because a hook of the client's had it go on, ended the first time.
    """
    if use.outcome is None:
        assignment = await services.assignments.assign_variant(use.pattern_id, use.session_id[:MAX_UNIT])
        _check(await services.recorder.record([use.begun(assignment)]))
        return added_context(assignment.template_code)
    begun = await services.traces.hook_executions_by_id([use.execution_id], None)
    if use.execution_id in begun and begun[use.execution_id].status is TraceStatus.IN_PROGRESS:
        _check(await services.recorder.record([use.ended()]))
    return {}


def _arrival(request: Request, body: bytes) -> Arrival:
    """When the event happened, and the id for it. Raises InvalidInput for headers that are wrong."""
    at = _header(request, "X-Event-Timestamp", _INSTANT, "must be an instant such as 2026-01-31T12:00:00.000Z")
    own_id = _header(request, "X-Execution-ID", _ID, "must be an id of letters, digits and . _ : / @ + # = -")
    known = at or now()
    return Arrival(known, at is not None, _DELIVERIES.execution_id(body, known, _route(request), own_id))


def _route(request: Request) -> str:
    """Which of the handlers that the client may run for an event has sent it."""
    query = [f"{name}={value}" for name, value in request.query_params.multi_items() if name != "ack"]
    return "&".join([*query, request.headers.get("X-Sent-By", "")])


def _header(request: Request, name: str, kind: TypeAdapter[T], wanted: str) -> T | None:
    value = request.headers.get(name)
    if not value:
        return None
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise InvalidInput(name, wanted) from error


agent_hook_routes = [Door("/api/hooks/claude-code", _hook_event, Action.WRITE_EVENTS, ["POST"])]
