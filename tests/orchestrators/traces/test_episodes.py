"""Recording through the redactor, and assembling traces with what they spawned, on every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.computes.privacy.redaction import MARKER
from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces.assembly import AssembledTrace, Episode
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.traces.episodes import MAX_DEPTH, assemble, episode, prompts
from support.access import mate, owned
from support.traces import Traces, at, make_version, statement, story

SECRET = "sk-ant-api03-0123456789abcdefghij"


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


@pytest.fixture
def recorder(traces: Traces) -> Recorder:
    return Recorder(traces, Privacy())


async def record(recorder: Recorder, *events: TraceEvent) -> None:
    assert all(isinstance(outcome, Recorded) for outcome in await recorder.record(events))


def shape(trace: AssembledTrace) -> Any:
    """A trace as its id and the shapes of its children."""
    return trace.trace.correlation_id.rpartition("-")[2], [shape(child) for child in trace.child_traces]


async def found(traces: Traces, id_: str, principal: Principal | None) -> Episode:
    """The episode of a trace."""
    return await episode(traces, await prompts(traces, id_, principal), principal)


async def test_no_secret_reaches_the_graph(graph: Graph, recorder: Recorder) -> None:
    trace, free = new_id(), {"deep": [{"note": SECRET}], "api_key": "hunter2!", SECRET: "key"}
    await record(
        recorder,
        TraceStarted(
            correlation_id=trace, session_id=f"{trace}-s", source=SECRET, prompt_text=SECRET, context=free, tags=(SECRET,)
        ),
        RoutingDecided(
            correlation_id=trace, user_request=SECRET, selected_agent=SECRET, selection_reason=SECRET,
            routing_strategy=SECRET,
        ),
        HookExecuted(
            correlation_id=trace, execution_id=f"{trace}-h", hook_type=SECRET, tool_name=SECRET, hook_script=SECRET,
            success=False, error_message=f"Authorization: Bearer {SECRET}", error_type=SECRET, context=free,
            modifications_made=free, rag_queries_executed=(free,), intelligence_functions_executed=(SECRET,),
            quality_gates_validated=(SECRET,),
        ),
        EndpointCalled(
            correlation_id=trace, call_id=f"{trace}-c", service_name=SECRET, endpoint_path=f"/p?token={SECRET}",
            request_body=[free], response_body=f"password=hunter2! {SECRET}", headers={"Authorization": "Basic hunter2!"},
            success=True,
        ),
        TraceCompleted(correlation_id=trace, success=False, error_message=SECRET, error_type=SECRET),
    )  # fmt: skip
    rows = await statement(
        graph,
        "MATCH (t:Trace {correlation_id: $id})--(a) OPTIONAL MATCH (a)--(b) "
        "RETURN properties(t) AS t, properties(a) AS a, properties(b) AS b",
        id=trace,
    )
    assert {key for row in rows for key in (*row["t"], *row["a"], *(row["b"] or {}))} >= {
        "prompt_text", "session_id", "selected_agent", "name", "hook_script", "endpoint_path", "response_body", "headers",
    }  # fmt: skip
    assert SECRET not in repr(rows)
    assert "hunter2!" not in repr(rows)
    assert MARKER in repr(rows)


async def test_one_bad_event_does_not_lose_the_others(recorder: Recorder, traces: Traces) -> None:
    first, last, before = new_id(), new_id(), now()
    outcomes = await recorder.record(
        [
            TraceStarted(correlation_id=first),
            TraceStarted(correlation_id=SECRET),
            HookExecuted(correlation_id=new_id(), execution_id=new_id(), hook_type="T", node_id=new_id()),
            TraceStarted(correlation_id=last),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [Recorded, InvalidInput, NotFound, Recorded]
    found = await traces.parts([first, last], None)
    assert set(found) == {first, last}
    assert before <= found[first].trace.started_at <= now()


async def test_a_trace_with_its_children(graph: Graph, recorder: Recorder, traces: Traces) -> None:
    root = new_id()
    ids = {name: f"{root}-{name}" for name in "abcde"}

    def start(name: str, parent: str | None, second: int) -> TraceStarted:
        return TraceStarted(correlation_id=ids[name], parent_id=parent and ids[parent], timestamp=at(second))

    # Children first, and of two siblings the later one first.
    await record(
        recorder, start("e", "c", 4), start("d", "a", 3), start("c", "a", 2), start("b", "c", 5), start("a", None, 1)
    )
    await record(recorder, *story(ids["e"], await make_version(graph))[3:4])

    whole = await assemble(traces, ids["a"], None)
    assert shape(whole) == ("a", [("c", [("e", []), ("b", [])]), ("d", [])])
    assert not whole.truncated
    leaf = whole.child_traces[0].child_traces[0]
    assert (leaf.total_hooks, leaf.total_quality_gates, leaf.total_rag_queries, whole.total_hooks) == (1, 2, 1, 0)

    cut = await assemble(traces, ids["a"], None, max_depth=1)
    assert shape(cut) == ("a", [("c", []), ("d", [])])
    assert [cut.truncated, *(child.truncated for child in cut.child_traces)] == [True, True, False]
    few = await assemble(traces, ids["a"], None, max_traces=2)
    assert few.truncated
    assert few.whole.subagents == 2


async def test_a_trace_that_is_its_own_ancestor(recorder: Recorder, traces: Traces) -> None:
    root = new_id()
    a, b, c = (f"{root}-{name}" for name in "abc")
    await record(
        recorder,
        TraceStarted(correlation_id=a, parent_id=c),
        TraceStarted(correlation_id=b, parent_id=a),
        TraceStarted(correlation_id=c, parent_id=b),
    )
    whole = await assemble(traces, b, None)
    assert shape(whole) == ("b", [("c", [("a", [])])])
    assert whole.child_traces[0].child_traces[0].truncated


async def test_who_may_see_it(graph: Graph, recorder: Recorder, traces: Traces) -> None:
    root = new_id()
    await record(
        recorder,
        TraceStarted(correlation_id=f"{root}-mine", user_id="me"),
        TraceStarted(correlation_id=f"{root}-hers", user_id="her", parent_id=f"{root}-mine"),
    )
    await owned(graph)
    mine = await assemble(traces, f"{root}-mine", mate("me"))
    assert shape(mine) == ("mine", [])
    assert not mine.truncated
    with pytest.raises(NotFound, match=f"no Trace has the id '{root}-hers'"):
        await assemble(traces, f"{root}-hers", mate("me"))
    with pytest.raises(NotFound):
        await assemble(traces, new_id(), None)


@pytest.mark.lengthy
async def test_four_statements_read_a_tree_of_any_shape(graph: Graph, recorder: Recorder, traces: Traces) -> None:
    root, depth = new_id(), 300
    chain = [
        TraceStarted(correlation_id=f"{root}-{i}", parent_id=f"{root}-{i - 1}" if i else None) for i in range(depth)
    ]
    fan: Sequence[TraceEvent] = [TraceStarted(correlation_id=f"{root}-{i}x", parent_id=f"{root}-0") for i in range(100)]
    await record(recorder, *chain, *fan)
    before = graph.statements
    whole = await assemble(traces, f"{root}-0", None)
    assert graph.statements - before == 3
    assert len(whole.child_traces) == 101
    assert whole.whole.subagents == 100 + MAX_DEPTH
    deepest, reached = whole, 0
    while nested := [child for child in deepest.child_traces if not child.trace.correlation_id.endswith("x")]:
        [deepest], reached = nested, reached + 1
    assert (reached, whole.truncated) == (MAX_DEPTH, True)


async def test_a_trace_by_its_opentelemetry_trace_id(graph: Graph, recorder: Recorder, traces: Traces) -> None:
    root, otel = new_id(), new_id().replace("-", "")
    await record(
        recorder,
        TraceStarted(correlation_id=f"{root}-sub", parent_id=f"{root}-main", timestamp=at(0)),
        TraceStarted(correlation_id=f"{root}-main", user_id="me", timestamp=at(1)),
    )
    mark = "MATCH (t:Trace) WHERE t.correlation_id IN $ids SET t.otel_trace_id = $otel"
    await statement(graph, mark, ids=[f"{root}-main", f"{root}-sub"], otel=otel)
    assert shape(await assemble(traces, otel, None)) == ("main", [("sub", [])])
    assert (await found(traces, otel, None)).episode_id == f"{root}-main"
    await owned(graph)
    # What the principal may not see is not found; the subagent's trace is nobody's in particular.
    assert shape(await assemble(traces, otel, mate("her"))) == ("sub", [])
