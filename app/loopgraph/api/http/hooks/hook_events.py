"""What the doors for agent clients' hook events have in common: the event, when it happened, and its id.

Headers say more than most clients do, so that an event can be sent later, and again: ``X-Event-Timestamp`` is when it happened,
``X-Execution-ID`` an id of its own, ``X-Sent-By`` which of several handlers of the event sent it. Without them it happened now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from loopgraph.api.errors import UnsupportedMediaType
from loopgraph.api.http import bodies
from loopgraph.api.http.bodies import agent_json_value, body_of, is_json, media_type
from loopgraph.api.http.hooks.deliveries import Deliveries
from loopgraph.computes.agents.hooks import Arrival
from loopgraph.contracts.base import Id, Instant
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput, UserError

T = TypeVar("T")

_INSTANT: Final[TypeAdapter[Instant]] = TypeAdapter(Instant)
_ID: Final[TypeAdapter[Id]] = TypeAdapter(Id)
_DELIVERIES: Final = Deliveries()


async def hook_event(request: Request) -> tuple[Any, Arrival]:
    """The JSON of an event, and what the door knows of it. Raises UnsupportedMediaType, InvalidInput, ContentTooLarge."""
    media = media_type(request)
    if not is_json(media):
        raise UnsupportedMediaType(f"the body must be application/json, not {media or 'without a Content-Type'}")
    body = await body_of(request)
    return await bodies.read(agent_json_value, body), _arrival(request, body)


def check(outcomes: Sequence[object]) -> None:
    """Raises the error of the first event that could not be recorded for a fault of its own."""
    for outcome in outcomes:
        if isinstance(outcome, UserError):
            raise outcome


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
