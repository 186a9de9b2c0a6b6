"""The doors by which events come: one by one, in batches, from agents' hooks, and by OTLP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from loopgraph.api.http import batch
from loopgraph.api.http.hooks.agent_hooks import agent_hook_routes
from loopgraph.api.http.ingest import CONTRACTS, HEADERS, event_schema
from loopgraph.api.http.otel.otlp_signals import SIGNALS
from loopgraph.api.openapi.parts import (
    ALWAYS,
    EVENTS,
    JSON,
    WITH_BODY,
    Json,
    Operation,
    answer,
    body,
    error,
    errors,
    header,
    query,
)
from loopgraph.contracts.base import ID_FORM

_ACK: Final = query(
    "ack",
    {"type": "string", "enum": ["committed", "queued"], "default": "committed"},
    "`queued` answers 202 as soon as the event waits to be recorded; it is lost if the service is killed before.",
)

_CORRELATION: Final = {"X-Correlation-ID": "CorrelationId"}

_NAMED: Final[Json] = {
    "correlation_id": {"type": "string"},
    "execution_id": {"type": ["string", "null"], "description": "The step's own id; null for what is no step."},
}
_RECORDED: Final[Json] = {
    "type": "object",
    "required": ["correlation_id", "execution_id", "repeated"],
    "properties": {
        **_NAMED,
        "repeated": {"type": "boolean", "description": "Whether it was recorded before, and nothing was changed."},
    },
    "additionalProperties": False,
}
_QUEUED: Final[Json] = {
    "type": "object",
    "required": ["correlation_id", "execution_id", "queued"],
    "properties": {**_NAMED, "queued": {"const": True}},
    "additionalProperties": False,
}
_RESULTS: Final[Json] = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "description": "What became of each event, in their order.",
            "items": {
                "type": "object",
                "required": ["index"],
                "properties": {
                    "index": {"type": "integer", "description": "Which event, counted from 0."},
                    "kind": {"type": "string"},
                    **_NAMED,
                    "repeated": {"type": "boolean"},
                    "queued": {"type": "boolean"},
                    "error": {"type": "object", "description": "Why it was not recorded."},
                },
                "additionalProperties": False,
            },
        }
    },
}
_STATUS: Final[Json] = {
    "type": "object",
    "description": "A google.rpc.Status.",
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
}
_OBJECT: Final[Json] = {"type": "object"}
_PROTOBUF: Final = "application/x-protobuf"
_BINARY: Final[Json] = {}
"""Bytes, whose form the media type tells."""


@cache
def _described() -> Json:
    """What events may say, with its definitions where a document of OpenAPI has them."""
    text = json.dumps(event_schema()).replace("#/$defs/", "#/components/schemas/")
    described: Json = json.loads(text)
    return described


def event_schemas() -> Json:
    """The schemas of events and of what they are made of, by name."""
    found: Json = _described()["$defs"]
    return found


def operations() -> Iterator[Operation]:
    """These doors."""
    yield from _singles()
    yield _schema()
    yield _batch()
    yield from _hooks()
    yield from _otlp()


def _singles() -> Iterator[Operation]:
    for name, contract in CONTRACTS.items():
        told = event_schemas()[contract.__name__]
        headers = HEADERS[contract]
        left_out = {"kind", *headers.values()}
        fields = {**told, "required": [field for field in told["required"] if field not in left_out]}
        yield Operation(
            "post",
            f"/api/traces/{name}",
            {
                "operationId": f"record_{name}",
                "tags": ["events"],
                "summary": f"Record one event of a trace: {name}.",
                "description": "What the headers say need not be in the body. Rules over several fields are told by the answer.",
                "parameters": [
                    _ACK,
                    *(
                        header(each.title().replace("Id", "ID"), f"`{field}`, where the body leaves it out.")
                        for each, field in headers.items()
                    ),
                ],
                "requestBody": body("The event.", {JSON: fields}),
                "responses": {
                    "200": answer("It is recorded.", _RECORDED, headers=_CORRELATION),
                    "202": answer("It waits to be recorded.", _QUEUED, headers=_CORRELATION),
                    **errors(ALWAYS, WITH_BODY, EVENTS),
                },
            },
        )


def _schema() -> Operation:
    told = {
        "operationId": "event_schema",
        "tags": ["events"],
        "summary": "What events may say, as a JSON Schema.",
        "responses": {
            "200": answer("The JSON Schema.", {"type": "object"}, "application/schema+json"),
            **errors(ALWAYS),
        },
    }
    return Operation("get", "/api/traces/schema", told)


def _batch() -> Operation:
    one_of = {name: _described()[name] for name in ("oneOf", "discriminator")}
    content: Json = {
        JSON: {"type": "array", "items": one_of, "maxItems": batch.MOST},
        "application/x-ndjson": {"type": "string", "description": "One event a line."},
    }
    told = {
        "operationId": "record_batch",
        "tags": ["events"],
        "summary": "Record many events of traces at once; one that is wrong does not lose the others.",
        "parameters": [_ACK],
        "requestBody": body("The events, gzipped or not.", content),
        "responses": {
            "200": answer("What became of each.", _RESULTS),
            "202": answer("Those that are right wait to be recorded.", _RESULTS),
            **errors(ALWAYS, WITH_BODY),
        },
    }
    return Operation("post", batch.PATH, told)


def _hooks() -> Iterator[Operation]:
    for door in agent_hook_routes:
        client = door.path.rpartition("/")[2]
        parameters: list[Any] = [
            _ACK,
            header("X-Event-Timestamp", "When it happened; left out: now.", {"type": "string", "format": "date-time"}),
            header("X-Execution-ID", f"An id of the event's own; it {ID_FORM}."),
            header("X-Sent-By", "Which of several handlers of the event sent it."),
        ]
        if client == "claude-code":
            parameters.append(query("pattern", {"type": "string"}, "The id of a pattern that every prompt uses."))
        yield Operation(
            "post",
            door.path,
            {
                "operationId": f"record_hook_of_{client.replace('-', '_')}",
                "tags": ["events"],
                "summary": f"Record a hook event of {client}, just as the client gives it to its hooks.",
                "parameters": parameters,
                "requestBody": body("The event.", {JSON: _OBJECT}),
                "responses": {
                    "200": answer("It is recorded; an object that the client takes for no decision.", _OBJECT),
                    "202": answer("It waits to be recorded.", _OBJECT),
                    **errors(ALWAYS, WITH_BODY, EVENTS, 404),
                },
            },
        )


def _otlp() -> Iterator[Operation]:
    for name in SIGNALS:
        responses = answer("What was refused of it, if anything was.", _OBJECT)
        responses["content"][_PROTOBUF] = {"schema": _BINARY}
        failed = {str(status): error(status, _STATUS, JSON) for status in (400, 401, 403, 415, 429, 503)}
        for told in failed.values():
            told["content"][_PROTOBUF] = {"schema": _BINARY}
        yield Operation(
            "post",
            f"/v1/{name}",
            {
                "operationId": f"otlp_{name}",
                "tags": ["events"],
                "summary": f"Take in OTLP {name}, as the OpenTelemetry protocol has it.",
                "parameters": [_ACK],
                "requestBody": body("An export request.", {JSON: _OBJECT, _PROTOBUF: _BINARY}),
                "responses": {"200": responses, **errors(408, 413, 421), **failed},
            },
        )
