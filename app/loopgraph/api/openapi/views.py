"""The REST views, described by what they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from loopgraph.api.openapi.parts import (
    ALWAYS,
    JSON,
    WITH_BODY,
    Json,
    Operation,
    answer,
    body,
    errors,
    header,
    parameters,
    schema_of,
)
from loopgraph.api.rest.catalogue import VIEWS
from loopgraph.api.rest.view import View


def operations() -> Iterator[Operation]:
    """These doors."""
    for view in VIEWS:
        yield _operation(view)


def _operation(view: View[Any]) -> Operation:
    told: Json = {
        "operationId": view.path.removeprefix("/api/").replace("/{pattern_id}", "").replace("/", "_").replace("-", "_"),
        "tags": [view.path.split("/")[2]],
        "summary": view.summary,
        "description": str(view.answer.__doc__),
        "parameters": [*_parameters(view), header("X-Correlation-ID", "An id for this request; left out: a new one.")],
    }
    named = {"X-Correlation-ID": "CorrelationId"}
    tagged = {**named, "ETag": "ETag"}
    good = answer("The answer.", schema_of(view.answer), headers=named if view.method == "POST" else tagged)
    responses = {"200": good, **errors(ALWAYS, 404, 500)}
    if view.method == "POST":
        told["requestBody"] = body(f"{view.parameters.__doc__}", {JSON: schema_of(view.parameters)})
        responses |= errors(WITH_BODY)
    else:
        told["parameters"].append(header("If-None-Match", "The ETag of an answer that is at hand."))
        responses["304"] = answer("What is at hand is still right.", headers=tagged)
    return Operation(view.method.lower(), view.path, {**told, "responses": responses})


def _parameters(view: View[Any]) -> list[Json]:
    """Those of the path and, of a GET, of the query."""
    in_body = set() if view.method == "GET" else view.parameters.model_fields.keys() - view.in_path
    return parameters(view.parameters, in_path=view.in_path, without=in_body)
