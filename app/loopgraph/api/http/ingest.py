"""``POST /api/traces/{start,routing,hook,endpoint,complete}``: one event of a trace, as JSON; ``GET /api/traces/schema``: what
events may say, as a JSON Schema.

The correlation headers of seed 003 fill in what the body leaves out. The answer comes after the commit; with ``?ack=queued``
it is 202 as soon as the event waits to be recorded, which is lost if the service is killed before.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from loopgraph.api.access import Action, Door, asking
from loopgraph.api.errors import invalid_input, problem_response
from loopgraph.api.http.bodies import json_object, waits_for_commit
from loopgraph.contracts.base import Id
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.effects.clock import new_id
from loopgraph.errors import InvalidInput, LoopgraphError, UserError

_Json = dict[str, Any]

_CORRELATION, _ROOT, _PARENT, _EXECUTION = "x-correlation-id", "x-root-id", "x-parent-id", "x-execution-id"

HEADERS: dict[type[BaseModel], dict[str, str]] = {
    TraceStarted: {_CORRELATION: "correlation_id", _ROOT: "root_id", _PARENT: "parent_id"},
    RoutingDecided: {_CORRELATION: "correlation_id"},
    HookExecuted: {
        _CORRELATION: "correlation_id",
        _ROOT: "root_id",
        _PARENT: "parent_id",
        _EXECUTION: "execution_id",
    },
    EndpointCalled: {_CORRELATION: "correlation_id", _PARENT: "hook_execution_id", _EXECUTION: "call_id"},
    TraceCompleted: {_CORRELATION: "correlation_id"},
}
"""What each header names in each event."""

_ID: TypeAdapter[str] = TypeAdapter(Id)
# The seeds' shell library sends a new X-Execution-ID with every request, also where the body goes on with an execution that it
# began before, so there (and for the parent) the body may say otherwise.
_MUST_AGREE = (_CORRELATION, _ROOT)
_OWN_ID: dict[type[BaseModel], str] = {HookExecuted: "execution_id", EndpointCalled: "call_id"}


def _with_headers(contract: type[BaseModel], body: _Json, request: Request) -> _Json:
    """The body with what the correlation headers add. Raises InvalidInput where the two tell different traces."""
    filled = {name: value for name, value in body.items() if value is not None}
    for header, field in HEADERS[contract].items():
        value = request.headers.get(header)
        if not value:
            continue
        if header in _MUST_AGREE and field in filled and filled[field] != value:
            raise InvalidInput(
                field, f"differs from the header {header.title().replace('Id', 'ID')}; send one, or the same"
            )
        # Clients name the trace, or the execution itself, as the parent of what has none.
        nobody = header == _PARENT and value in (filled.get("correlation_id"), filled.get("execution_id"))
        if not nobody:
            filled.setdefault(field, value)
    return filled


def _with_our_words(body: _Json) -> _Json:
    """The seeds' spellings in ours: a step that is ``started``, and the agent that a hook detected."""
    if body.get("status") == "started":
        body = {**body, "status": TraceStatus.IN_PROGRESS}
    if "agent_detected" in body and isinstance(body.get("context", {}), dict):
        context = {"agent_detected": body["agent_detected"], **body.get("context", {})}
        body = {**{name: value for name, value in body.items() if name != "agent_detected"}, "context": context}
    return body


def event_of(contract: type[BaseModel], fields: _Json) -> TraceEvent:
    """The event of these fields; a step that has no id of its own gets one. Raises InvalidInput."""
    data = _with_our_words(fields)
    if (own_id := _OWN_ID.get(contract)) and own_id not in data:
        data = {**data, own_id: new_id()}
    try:
        return cast("TraceEvent", contract.model_validate(data))
    except ValidationError as error:
        raise invalid_input(error, contract) from error


def named(event: TraceEvent) -> _Json:
    """How an answer names an event: its trace, and itself if it is a step."""
    own_id = _OWN_ID.get(type(event))
    return {"correlation_id": event.correlation_id, "execution_id": getattr(event, own_id) if own_id else None}


def _echo(request: Request) -> dict[str, str] | None:
    """The correlation id of a request that failed, if it is one, as a header of the answer."""
    try:
        return {_CORRELATION: _ID.validate_python(request.headers.get(_CORRELATION))}
    except ValidationError:
        return None


def _door(contract: type[BaseModel]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def door(request: Request) -> Response:
        try:
            wait = waits_for_commit(request)
            event = event_of(contract, _with_headers(contract, await json_object(request), request))
            [outcome] = await request.app.state.services.recorder.record([event], wait=wait, sender=asking(request))
            if isinstance(outcome, UserError):
                raise outcome
        except LoopgraphError as error:
            return problem_response(error, _echo(request))
        if outcome is None:
            answer, status = {**named(event), "queued": True}, 202
        else:
            answer, status = {**named(event), "repeated": outcome.repeated}, 200
        return JSONResponse(answer, status_code=status, headers={_CORRELATION: event.correlation_id})

    return door


CONTRACTS: dict[str, type[BaseModel]] = {
    "start": TraceStarted,
    "routing": RoutingDecided,
    "hook": HookExecuted,
    "endpoint": EndpointCalled,
    "complete": TraceCompleted,
}
"""What an event may say, by the last part of the path of its door."""


@functools.cache
def event_schema() -> _Json:
    """What events may say, as a JSON Schema; each of ``CONTRACTS`` is a definition of it."""
    described = TypeAdapter(TraceEvent).json_schema()
    for contract in CONTRACTS.values():
        of_event = described["$defs"][contract.__name__]
        # An id of its own is made for what has none; which event it is, only a path of its own says.
        of_event["required"] = ["kind", *(name for name in of_event["required"] if name != _OWN_ID.get(contract))]
        for name, field in of_event["properties"].items():
            if name not in of_event["required"] and {"type": "null"} not in field.get("anyOf", ()):
                of_event["properties"][name] = {"anyOf": [field, {"type": "null"}]}  # null is as if it were not there
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Events of traces",
        "description": "Each is an item of /api/traces/batch. A path of its own takes it without `kind`, and without what the "
        "X-…-ID headers say. Rules over several fields (a step that is over needs success or status) are told by the answer.",
        **described,
    }


async def _schema_door(_: Request) -> Response:
    return JSONResponse(event_schema(), media_type="application/schema+json")


ingest_routes = [
    *(
        Door(f"/api/traces/{name}", _door(contract), Action.WRITE_EVENTS, ["POST"])
        for name, contract in CONTRACTS.items()
    ),
    Door("/api/traces/schema", _schema_door, Action.WRITE_EVENTS),
]
