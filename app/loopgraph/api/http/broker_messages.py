"""What a message of ``pattern-usage-events`` says: an event as ``POST /api/traces/batch`` takes it, alone or as the ``data`` of a
CloudEvent.

A message that is delivered again says the same under the same ids: what it leaves out is made of where it is at the broker, or of
the CloudEvent's own id. What says no time is dated by the broker, as by an arrival: sent again it is still the same.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from loopgraph.api.http.batch import event_of_item
from loopgraph.api.http.bodies import json_value
from loopgraph.contracts.broker import Message
from loopgraph.contracts.traces.events import TraceEvent
from loopgraph.errors import InvalidInput

_STEPS: Final = {"hook": "execution_id", "endpoint": "call_id"}

USAGE: Final = "PatternUsage"
"""The type of the step that a message tells of, if it does not say."""


def event_of_message(message: Message) -> TraceEvent:
    """The event of a message. Raises InvalidInput."""
    if message.value is None:
        raise InvalidInput("value", "must be a JSON object, not nothing")
    body = json_value(message.value)
    if not isinstance(body, dict):
        raise InvalidInput("value", "must be a JSON object")
    id_, said_at = message.place, None
    headers = dict(message.headers)
    if "specversion" in body:
        id_, said_at = _id_of(body.get("source"), body.get("id")), body.get("time")
        body = body.get("data")
        if not isinstance(body, dict):
            raise InvalidInput("data", "must be a JSON object: the event that the CloudEvent carries")
    elif headers.get("ce_specversion") == b"1.0":
        source, own = headers.get("ce_source", b""), headers.get("ce_id", b"")
        id_ = _id_of(source.decode(errors="replace"), own.decode(errors="replace"))
        said_at = headers.get("ce_time", b"").decode(errors="replace") or None
    return event_of_item(_filled(body, id_, said_at))


def _filled(body: dict[str, Any], id_: str, said_at: object) -> dict[str, Any]:
    """The event with what a message may leave out."""
    item = {"kind": "hook", **{name: value for name, value in body.items() if value is not None}}
    if item["kind"] == "hook":
        item.setdefault("hook_type", USAGE)
    if isinstance(item["kind"], str) and (own_id := _STEPS.get(item["kind"])):
        item.setdefault("correlation_id", id_)
        item.setdefault(own_id, id_)
    if said_at is not None:
        item.setdefault("timestamp", said_at)
    return item


def _id_of(source: object, id_: object) -> str:
    """The id of what a CloudEvent leaves out: source and id together tell it apart. Raises InvalidInput."""
    if not isinstance(id_, str) or not id_:
        raise InvalidInput("id", "is required of a CloudEvent")
    if not isinstance(source, str) or not source:
        raise InvalidInput("source", "is required of a CloudEvent")
    return f"ce:{hashlib.sha256(f'{source}|{id_}'.encode()).hexdigest()[:32]}"
