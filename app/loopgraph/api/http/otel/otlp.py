"""``POST /v1/{traces,logs,metrics}``: OTLP over HTTP, in protobuf and JSON.

By the OpenTelemetry protocol specification: the answer is an ``Export*ServiceResponse`` in the encoding of the request, with
``partial_success`` if some items were refused; an error is a ``google.rpc.Status`` with 400 for what cannot get better by
sending it again, and with 429 or 503 and ``Retry-After`` for what can. ``?ack=queued`` does not wait for the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

import orjson
from google.rpc.status_pb2 import Status
from starlette.requests import Request
from starlette.responses import Response

from loopgraph.api.access import Action, Door, asking
from loopgraph.api.errors import UnsupportedMediaType, problem_response
from loopgraph.api.http import bodies
from loopgraph.api.http.bodies import agent_json_value, body_of, is_json, media_type, waits_for_commit
from loopgraph.api.http.otel.otlp_signals import SIGNALS, Signal
from loopgraph.computes.otel.report import Report
from loopgraph.errors import LoopgraphError

_PROTOBUF: Final = "application/x-protobuf"
_PROTOBUFS: Final = (_PROTOBUF, "application/protobuf")
_JSON: Final = "application/json"

_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 415: 3, 422: 3, 429: 8, 503: 14, 504: 4}
"""HTTP statuses as codes of ``google.rpc.Code``."""

_INTERNAL: Final = 13


def _read(signal: Signal, media: str, body: bytes) -> Report:
    return signal.from_json(agent_json_value(body)) if is_json(media) else signal.from_protobuf(body)


async def _report(signal: Signal, request: Request) -> Report:
    """What the items of a request say. Raises UnsupportedMediaType, InvalidInput, Overloaded."""
    media = media_type(request)
    if not is_json(media) and media not in _PROTOBUFS:
        raise UnsupportedMediaType(f"the body must be {_PROTOBUF} or {_JSON}, not {media or 'without a Content-Type'}")
    return await bodies.read(lambda body: _read(signal, media, body), await body_of(request))


def _door(signal: Signal) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def door(request: Request) -> Response:
        json = media_type(request) not in _PROTOBUFS
        try:
            wait = waits_for_commit(request)
            report = await _report(signal, request)
            outcomes = await request.app.state.services.recorder.record(
                report.observations, wait=wait, sender=asking(request)
            )
        except LoopgraphError as error:
            return _failed(error, json)
        answer = signal.answer(report, outcomes)
        if json:
            return Response(orjson.dumps(answer), media_type=_JSON)
        return Response(signal.protobuf(answer), media_type=_PROTOBUF)

    return door


def _failed(error: LoopgraphError, json: bool) -> Response:
    """The same status and ``Retry-After`` as on every other door, with the body of this one."""
    problem = problem_response(error)
    status = Status(code=_CODES.get(problem.status_code, _INTERNAL), message=str(error))
    wait = {name: value for name, value in problem.headers.items() if name == "retry-after"}
    if json:
        body = orjson.dumps({"code": status.code, "message": status.message})
        return Response(body, problem.status_code, wait, media_type=_JSON)
    return Response(status.SerializeToString(), problem.status_code, wait, media_type=_PROTOBUF)


otlp_routes = [Door(f"/v1/{name}", _door(signal), Action.WRITE_EVENTS, ["POST"]) for name, signal in SIGNALS.items()]
