"""``POST /api/traces/batch``: many events of traces, each with its ``kind``, as a JSON array or as NDJSON, gzipped or not.

The answer says of each event what became of it; one that is wrong does not lose the others. Events that bring their own ids
can be sent again without harm.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from loopgraph.api.access import Action, Door, asking
from loopgraph.api.errors import ContentTooLarge, UnsupportedMediaType, problem, problem_response
from loopgraph.api.http import bodies
from loopgraph.api.http.bodies import body_of, json_value, media_type, waits_for_commit
from loopgraph.api.http.ingest import event_of, named
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.contracts.traces.records import Recorded
from loopgraph.errors import InvalidInput, LoopgraphError, UserError

PATH: Final = "/api/traces/batch"

MOST: Final = 10_000
"""So many events one request may bring."""

_CONTRACTS: Final = {
    contract.model_fields["kind"].default: contract
    for contract in (TraceStarted, RoutingDecided, HookExecuted, EndpointCalled, TraceCompleted)
}
_LINE: Final = re.compile(rb"\S[^\n]*")


async def _read(request: Request) -> list[TraceEvent | UserError]:
    """The events of a request, and errors in the places of what is none.

    Raises UnsupportedMediaType, InvalidInput, ContentTooLarge, Overloaded.
    """
    media = media_type(request)
    if media not in ("application/json", "application/x-ndjson"):
        wanted = "application/json or application/x-ndjson"
        raise UnsupportedMediaType(f"the body must be {wanted}, not {media or 'without a Content-Type'}")
    return await bodies.read(_array if media == "application/json" else _lines, await body_of(request))


def _array(body: bytes) -> list[TraceEvent | UserError]:
    items = json_value(body)
    if not isinstance(items, list):
        raise InvalidInput("body", "must be a JSON array of events")
    if len(items) > MOST:
        raise ContentTooLarge(f"a batch has at most {MOST} events, not {len(items)}; send them in several")
    return [_outcome(item) for item in items]


def _lines(body: bytes) -> list[TraceEvent | UserError]:
    lines = [line[0] for line in islice(_LINE.finditer(body), MOST + 1)]
    if len(lines) > MOST:
        raise ContentTooLarge(f"a batch has at most {MOST} events; send them in several")
    return [_outcome(line) for line in lines]


def _outcome(item: Any) -> TraceEvent | UserError:
    try:
        return event_of_item(item)
    except UserError as error:
        return error


def event_of_item(item: Any) -> TraceEvent:
    """The event of one item, which is a JSON object or its text. Raises InvalidInput."""
    data = json_value(item) if isinstance(item, bytes) else item
    if not isinstance(data, dict):
        raise InvalidInput("body", "must be a JSON object")
    kind = data.get("kind")
    contract = _CONTRACTS.get(kind) if isinstance(kind, str) else None
    if contract is None:
        raise InvalidInput("kind", f"must be one of {', '.join(_CONTRACTS)}")
    return event_of(contract, {name: value for name, value in data.items() if value is not None})


def _result(index: int, event: TraceEvent | UserError, outcome: Recorded | UserError | None) -> dict[str, Any]:
    """What the answer says of one event; of one that is only queued, that."""
    if isinstance(event, UserError):
        return {"index": index, **problem(event)[1]}
    match outcome:
        case UserError():
            return {"index": index, **problem(outcome)[1]}
        case None:
            return {"index": index, "kind": event.kind, **named(event), "queued": True}
    return {"index": index, "kind": event.kind, **named(event), "repeated": outcome.repeated}


async def _door(request: Request) -> Response:
    try:
        wait = waits_for_commit(request)
        read = await _read(request)
        events = [event for event in read if not isinstance(event, UserError)]
        recorder, sender = request.app.state.services.recorder, asking(request)
        outcomes = iter(await recorder.record(events, wait=wait, sender=sender))
    except LoopgraphError as error:
        return problem_response(error)
    results = [
        _result(index, event, None if isinstance(event, UserError) else next(outcomes))
        for index, event in enumerate(read)
    ]
    return Response(orjson.dumps({"results": results}), 200 if wait else 202, media_type="application/json")


batch_routes = [Door(PATH, _door, Action.WRITE_EVENTS, ["POST"])]
