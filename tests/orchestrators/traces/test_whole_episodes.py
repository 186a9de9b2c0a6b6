"""Episodes, read from the graph, on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.assembly import AssembledTrace, Episode
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted, TraceStatus
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import NotFound
from loopgraph.orchestrators.traces.episodes import episode, prompts
from support.access import mate, owned
from support.traces import Traces, at, record


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


def prompt(id_: str, second: float, **more: Any) -> list[TraceEvent]:
    """A prompt of one second with one step."""
    return [
        TraceStarted(correlation_id=id_, timestamp=at(second), **more),
        HookExecuted(
            correlation_id=id_, execution_id=f"{id_}-step", hook_type="ToolUse", success=True,
            started_at=at(second + 0.2), completed_at=at(second + 0.4),
        ),
        TraceCompleted(correlation_id=id_, timestamp=at(second + 1), success=True),
    ]  # fmt: skip


def shape(trace: AssembledTrace) -> Any:
    return trace.trace.correlation_id.rpartition("-")[2], [shape(child) for child in trace.child_traces]


async def found(traces: Traces, id_: str, principal: Principal | None) -> Episode:
    """The episode of a trace."""
    return await episode(traces, await prompts(traces, id_, principal), principal)


@pytest.mark.lengthy
async def test_the_prompts_of_one_request_with_all_that_they_spawned(graph: Graph, traces: Traces) -> None:
    root = new_id()
    a, b, c = (f"{root}-{name}" for name in "abc")
    sub, subsub, unplaced = (f"{root}-{name}" for name in ("sub", "subsub", "unplaced"))
    events = [
        *prompt(a, 0, session_id=root),
        *prompt(b, 10, continues=f"{a}-step"),
        *prompt(c, 20, continues=f"{b}-step"),
        *prompt(sub, 0.5, parent_id=b, root_id=b, spawned_by=f"{b}-step"),
        *prompt(subsub, 0.6, parent_id=sub, root_id=b, spawned_by=f"{sub}-step"),
        *prompt(unplaced, 0.7, root_id=a),
    ]
    await record(traces, *events)
    before = graph.statements
    story = await found(traces, a, None)
    assert graph.statements - before == 6
    assert [shape(trace) for trace in story.traces] == [
        ("a", [("unplaced", [])]),
        ("b", [("sub", [("subsub", [])])]),
        ("c", []),
    ]
    assert [trace.continued_from for trace in story.traces] == [None, a, b]
    assert (story.episode_id, story.session_id, story.status) == (a, root, TraceStatus.SUCCESS)
    assert (story.started_at, story.completed_at, story.duration_ms) == (at(0), at(21), 21_000.0)
    assert (story.whole.steps, story.whole.subagents) == (6, 3)
    for id_ in (b, c, sub, subsub, unplaced):
        assert await found(traces, id_, None) == story, id_
    with pytest.raises(NotFound):
        await found(traces, new_id(), None)


async def test_who_sees_what_of_it(graph: Graph, traces: Traces) -> None:
    root = new_id()
    a, b, sub = (f"{root}-{name}" for name in ("a", "b", "sub"))
    await record(
        traces,
        *prompt(a, 0, user_id="her"),
        *prompt(b, 10, user_id="me", continues=f"{a}-step"),
        *prompt(sub, 11, user_id="me", parent_id=a, root_id=a),
    )
    whole = await found(traces, b, None)
    assert [shape(trace) for trace in whole.traces] == [("a", [("sub", [])]), ("b", [])]
    await owned(graph)
    mine = await found(traces, b, mate("me"))
    assert [shape(trace) for trace in mine.traces] == [("b", []), ("sub", [])]
    assert mine.whole.steps == 2
    with pytest.raises(NotFound):
        await found(traces, a, mate("me"))
