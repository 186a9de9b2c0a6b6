"""Errors as HTTP doors answer them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from loopgraph import errors
from loopgraph.api.errors import UnsupportedMediaType, invalid_input, problem, problem_response
from loopgraph.contracts.traces.events import HookExecuted


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (
            errors.InvalidInput("a.0.b", "must be a number"),
            400,
            {"code": "INVALID_INPUT", "field": "a.0.b", "message": "must be a number"},
        ),
        (
            errors.NotFound("Trace", "t"),
            404,
            {"code": "NOT_FOUND", "message": "no Trace has the id 't'", "kind": "Trace", "id": "t"},
        ),
        (
            errors.Conflict("Trace", "t", "it is taken"),
            409,
            {"code": "CONFLICT", "message": "Trace 't': it is taken", "kind": "Trace", "id": "t"},
        ),
        (errors.Forbidden("no"), 403, {"code": "FORBIDDEN", "message": "no"}),
        (UnsupportedMediaType("no"), 415, {"code": "UNSUPPORTED_MEDIA_TYPE", "message": "no"}),
        (errors.Unprocessable("no"), 422, {"code": "UNPROCESSABLE", "message": "no"}),
        (errors.Overloaded("full", 7), 429, {"code": "OVERLOADED", "message": "full; try again in 7 s"}),
        (errors.ShuttingDown("bye"), 503, {"code": "SHUTTING_DOWN", "message": "bye"}),
        (errors.GraphUnavailable("away"), 503, {"code": "GRAPH_UNAVAILABLE", "message": "away"}),
        (errors.GraphTimeout("slow"), 503, {"code": "GRAPH_TIMEOUT", "message": "slow"}),
        (errors.GraphFault("odd"), 503, {"code": "GRAPH_FAULT", "message": "odd"}),
        (errors.GraphFull("full"), 503, {"code": "GRAPH_FULL", "message": "full"}),
        (errors.DeadLettersUnwritable("no"), 503, {"code": "DEAD_LETTERS_UNWRITABLE", "message": "no"}),
        (errors.EngineStartError("bad"), 503, {"code": "SETUP_ERROR", "message": "bad"}),
    ],
)
def test_status_and_body(error: errors.LoopgraphError, status: int, body: dict[str, Any]) -> None:
    assert problem(error) == (status, {"error": body})


def test_every_error_of_the_tree_has_a_status_of_its_own_kind() -> None:
    def family(kind: type[Exception]) -> list[type[Exception]]:
        return [kind, *(member for child in kind.__subclasses__() for member in family(child))]

    for kind in family(errors.UserError):
        error = kind.__new__(kind)
        vars(error).update(field="f", problem="p", kind="k", id="i")
        assert 400 <= problem(error)[0] < 500, kind
    for kind in family(errors.ServiceError):
        assert problem(kind("s"))[0] == (429 if kind in (errors.Overloaded, errors.RateLimited) else 503), kind


def test_only_what_passes_says_when_to_try_again() -> None:
    assert problem_response(errors.GraphUnavailable("away")).headers["retry-after"] == "1"
    assert problem_response(errors.GraphFull("full")).headers["retry-after"] == "5"
    assert problem_response(errors.EngineStartError("bad")).headers["retry-after"] == "1"
    assert "retry-after" not in problem_response(errors.Unprocessable("odd")).headers
    assert problem_response(errors.Forbidden("no"), {"x-correlation-id": "t"}).headers["x-correlation-id"] == "t"


@pytest.mark.parametrize(
    ("change", "field", "wanted"),
    [
        ({"hook_type": None}, "hook_type", "must be a valid string"),
        ({"execution_id": "two words"}, "execution_id", "must begin with a letter or digit"),
        ({"quality_score": 2}, "quality_score", "must be less than or equal to 1"),
        ({"started_at": "2026-01-31T12:00:00"}, "started_at", "must name its time zone"),
        ({"rag_queries_executed": [{}, 1]}, "rag_queries_executed.1", "must be a valid dictionary"),
        ({"nodeId": "v"}, "nodeId", "is not known here; known are"),
        ({"experiment_id": "x"}, "experiment_id", "experiment_id needs the node_id"),
        ({"success": True, "status": "error"}, "success", "success is true but status is error"),
    ],
)
def test_the_first_thing_that_is_wrong(change: dict[str, Any], field: str, wanted: str) -> None:
    data = {"correlation_id": "t", "execution_id": "e", "hook_type": "T", **change}
    with pytest.raises(ValidationError) as raised:
        HookExecuted.model_validate(data)
    error = invalid_input(raised.value, HookExecuted)
    assert error.field == field
    assert error.problem.startswith(wanted)


def test_a_missing_field() -> None:
    with pytest.raises(ValidationError) as raised:
        HookExecuted.model_validate({"correlation_id": "t", "execution_id": "e"})
    assert str(invalid_input(raised.value, HookExecuted)) == "hook_type: is required"
