"""Prompts and agents with versions, as spans of applications tell of them."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.computes.otel.model import Origin, Span
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.uses import PatternUsed


def uses(attributes: dict[str, Any], **more: Any) -> list[PatternUsed]:
    span = Span(
        **{
            "trace_id": "a" * 32,
            "span_id": "b" * 16,
            "parent_id": "c" * 16,
            "name": "chat",
            "kind": "client",
            "start_ns": 1_700_000_000_000_000_000,
            "end_ns": 1_700_000_001_500_000_000,
            "attributes": attributes,
            "status_code": 1,
            "status_message": "",
            "more": {},
            "origin": Origin({"service.name": "shop"}, {}),
            **more,
        }
    )
    return [item.event for item in observe_spans([span]).observations if isinstance(item.event, PatternUsed)]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"gen_ai.prompt.name": "greet", "gen_ai.prompt.version": "2.1"}, [("prompt", "greet", "2.1")]),
        ({"gen_ai.prompt.name": "greet"}, [("prompt", "greet", None)]),
        (
            {"langfuse.observation.prompt.name": "greet", "langfuse.observation.prompt.version": 3},
            [("prompt", "greet", "3")],
        ),
        (
            {"mlflow.linkedPrompts": '[{"name": "a", "version": "1"}, {"name": "b", "version": 2}, 7]'},
            [("prompt", "a", "1"), ("prompt", "b", "2")],
        ),
        ({"traceloop.prompt.key": "greet", "traceloop.prompt.version": 4}, [("prompt", "greet", "4")]),
        ({"mlflow.linkedPrompts": "no list"}, []),
        ({"gen_ai.agent.name": "clerk", "gen_ai.agent.version": "9"}, [("agent", "clerk", "9")]),
        ({"gen_ai.agent.name": "clerk"}, []),
        ({"gen_ai.prompt.name": "  "}, []),
        ({}, []),
    ],
)
def test_every_convention_names_them(attributes: dict[str, Any], expected: list[Any]) -> None:
    found = uses(attributes)
    assert [(each.pattern_type, each.pattern_name, each.pattern_version) for each in found] == expected
    assert len({each.execution_id for each in found}) == len(found)


def test_a_use_lasts_as_long_as_its_span() -> None:
    [used] = uses({"gen_ai.prompt.name": "greet", "gen_ai.conversation.id": "s-1"}, status_code=2)
    assert used.status is TraceStatus.ERROR
    assert (used.session_id, used.pattern_path, used.duration_ms) == ("s-1", "service:shop", 1500.0)
    assert used.started_at
    assert used.completed_at
