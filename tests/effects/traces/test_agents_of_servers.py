"""Whose work a trace is whose root is the span of a server: that of the only agent below it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from support.otlp import span
from support.otlp import traces as request
from support.traces import NOON, statement

Json = dict[str, Any]

SERVER = 2


def agent(number: int, parent: int | None, name: str) -> Json:
    return span(
        number, parent, f"invoke_agent {name}", **{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name}
    )


ROOT = span(1, None, "POST /chat", SERVER)
MODEL = span(9, 4, "chat", 3, **{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"})


def outcome(kind: str) -> tuple[list[Json], str | None]:
    """The spans of a trace, and whose work it is."""
    return {
        "directly below": ([ROOT, agent(4, 1, "planner"), MODEL], "planner"),
        "and its own agents": ([ROOT, agent(4, 1, "planner"), agent(5, 4, "coder"), agent(6, 5, "tester")], "planner"),
        "twice": ([ROOT, agent(4, 1, "planner"), agent(5, 1, "planner")], "planner"),
        "two": ([ROOT, agent(4, 1, "planner"), agent(5, 1, "coder")], None),
        "none": ([ROOT, span(4, 1, "work")], None),
        "many": ([ROOT, *(agent(4 + number, 1, "planner") for number in range(40))], None),
        "another root": ([span(1, None, "main", 1), agent(4, 1, "planner")], None),
        "the root": ([agent(1, None, "boss"), agent(4, 1, "planner")], "boss"),
    }[kind]


async def told(graph: Graph, spans: list[Json], size: int, seed: int | None = None) -> str | None:
    """The agent of a trace with these spans, of which so many are sent at a time."""
    trace_id = new_id().replace("-", "")
    sent = [{**one, "traceId": trace_id} for one in spans]
    if seed is not None:
        random.Random(seed).shuffle(sent)
    for first in range(0, len(sent), size):
        report = observe_spans(read_spans(request(*sent[first : first + size])))
        assert not report.refused
        await TraceWrites(graph).record(report.observations, received_at=NOON)
    [row] = await statement(graph, "MATCH (t:Trace {correlation_id: $id}) RETURN t.agent_type AS agent", id=trace_id)
    found: str | None = row["agent"]
    return found


KINDS = ("directly below", "and its own agents", "twice", "two", "none", "many", "another root", "the root")


@pytest.mark.parametrize("kind", KINDS)
async def test_the_only_agent_below_the_span_of_a_server_is_the_traces(graph: Graph, kind: str) -> None:
    spans, expected = outcome(kind)
    assert await told(graph, spans, size=100) == expected
    assert await told(graph, spans, size=7, seed=3) == expected


@pytest.mark.parametrize("kind", ["directly below", "and its own agents", "two", "the root"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_each_span_can_come_by_itself_in_any_order(graph: Graph, kind: str, seed: int) -> None:
    spans, expected = outcome(kind)
    assert await told(graph, spans, size=1, seed=seed) == expected


async def test_what_lies_between_is_no_matter_where_it_comes_with_it(graph: Graph) -> None:
    between = [span(2, 1, "middleware"), span(3, 2, "handler")]
    assert await told(graph, [ROOT, *between, agent(4, 3, "planner"), agent(5, 4, "coder")], size=100) == "planner"


@pytest.mark.slow
def test_many_agents_in_a_deep_trace_cost_no_more_than_they_must() -> None:
    deep = [span(number, number - 1 if number > 1 else None, "work", SERVER) for number in range(1, 3001)]
    report = observe_spans(read_spans(request(*deep, *(agent(5000 + number, 3000, "a") for number in range(3000)))))
    [seen] = [item for item in report.observations if item.agents]
    assert {one.below for one in seen.agents} == {f"{ROOT['traceId']}/{1:016x}"}
    assert len(seen.agents) == 3000
