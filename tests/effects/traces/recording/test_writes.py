"""Recording traces, on every engine."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.contracts.lineage.patterns import Usage
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.records import Recorded
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import Conflict, InvalidInput, NotFound
from support.engines import EngineUnderTest
from support.feedback import unit_of
from support.quick import first_quick
from support.traces import NOON, Traces, at, make_experiment, make_version, record, refused, statement, story

ANYBODY = None


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


@pytest.fixture
async def version(graph: Graph) -> str:
    return await make_version(graph)


@pytest.fixture
async def processes(graph: Graph, engine: EngineUnderTest) -> AsyncIterator[list[Traces]]:
    """Recorders with connections of their own: as in several processes, nothing but the graph keeps them apart."""
    settings = settings_for(engine)
    async with contextlib.AsyncExitStack() as stack:
        yield [Traces(await stack.enter_async_context(Graph.open(settings))) for _ in range(4)]


async def parts(traces: Traces, correlation_id: str) -> TraceParts:
    return (await traces.parts([correlation_id], ANYBODY))[correlation_id]


async def usage(graph: Graph, node_id: str) -> Usage:
    return (await LineageReads(graph).versions([node_id]))[node_id].usage


async def drawn(graph: Graph, correlation_id: str) -> list[str]:
    """Every relationship around a trace, as text, in order."""
    rows = await statement(
        graph,
        """
        MATCH (a)-[r:HAS_TRACE|SPAWNED|ROUTED_BY|RAN|CALLED|SELECTED|USED]->(b)
        WHERE coalesce(b.correlation_id, a.correlation_id) STARTS WITH $id
        RETURN coalesce(a.call_id, a.execution_id, a.correlation_id, a.session_id) AS source, type(r) AS type,
               coalesce(b.call_id, b.execution_id, b.correlation_id, b.name, b.node_id) AS target
        """,
        id=correlation_id,
    )
    return sorted(f"{row['source']} {row['type']} {row['target']}".replace(correlation_id, "T") for row in rows)


def plainly(found: Any, trace: str, node_id: str) -> str:
    """What was read, as text without the ids that differ between runs."""
    return str(found).replace(trace, "T").replace(node_id, "V")


async def test_a_whole_trace(graph: Graph, traces: Traces, version: str) -> None:
    trace = new_id()
    outcomes = await record(traces, *story(trace, version))
    assert not any(outcome.repeated for outcome in outcomes)
    assert outcomes[2] == Recorded(kind="hook", correlation_id=trace, execution_id=f"{trace}-hook", repeated=False)

    whole = await parts(traces, trace)
    head = whole.trace
    assert (head.started, head.status, head.success) == (True, TraceStatus.ERROR, False)
    assert (head.started_at, head.completed_at, head.duration_ms) == (at(0), at(9), 9000.0)
    assert (head.agent, head.tags, head.error_type) == ("sorter", ("sorting", "demo"), "late")
    assert head.context == {"cwd": "/src", "nested": {"deep": [1, 2.5, None, "ü"]}}
    assert (head.session_id, head.parent_id, head.root_id) == (f"{trace}-session", f"{trace}-parent", f"{trace}-parent")
    assert whole.child_ids == (f"{trace}-child",)

    assert whole.routing is not None
    assert whole.routing.created_at == at(1)
    assert [(found.agent, found.confidence) for found in whole.routing.alternatives] == [
        ("searcher", 0.5),
        ("asker", None),
    ]

    hook, nested = whole.hooks
    assert (hook.started_at, hook.completed_at, hook.duration_ms) == (at(2), at(7), 5000.0)
    assert (hook.node_id, hook.quality_score, hook.tool_name) == (version, 0.75, "Bash")
    assert hook.context == {"command": "sort", "attempt": 2, "exit": 0}
    assert (nested.parent_id, nested.completed_at) == (hook.execution_id, at(3.25))
    assert nested.quality_gates_validated == ("SV-001", "QC-001")
    assert nested.rag_queries_executed == ({"query": "how to sort", "hits": 3},)

    failed, health = whole.endpoints
    assert (failed.hook_execution_id, failed.http_method, failed.duration_ms) == (hook.execution_id, "GET", 1000.0)
    assert (failed.success, failed.response_status, failed.retry_count) == (False, 504, 2)
    assert (health.http_method, health.request_body, health.response_body) == ("POST", 0, ["ok", {"n": 1}])
    assert health.hook_execution_id is None

    assert await drawn(graph, trace) == [
        "T CALLED T-call",
        "T RAN T-hook",
        "T RAN T-nested",
        "T ROUTED_BY T",
        "T SELECTED sorter",
        "T SPAWNED T-child",
        "T-hook CALLED T-begun-call",
        f"T-hook USED {version}",
        "T-parent SPAWNED T",
        "T-session HAS_TRACE T",
    ]
    assert await usage(graph, version) == Usage(
        usage_count=1,
        success_count=1,
        timed_count=1,
        total_execution_time_ms=5000.0,
        first_used_at=at(7),
        last_used_at=at(7),
    )


@pytest.mark.slow
async def test_every_order_of_arrival_gives_the_same_trace(graph: Graph, traces: Traces) -> None:
    """Random orders, cut into random batches; with every event sent twice. (Every order: see test_trace_folding.)"""
    found = set()
    shuffle = random.Random(3)
    for _ in range(8):
        trace, node_id = new_id(), await make_version(graph)
        events = story(trace, node_id) * 2
        shuffle.shuffle(events)
        cuts = sorted(shuffle.sample(range(len(events)), shuffle.randrange(8)))
        for start, end in zip([0, *cuts], [*cuts, len(events)], strict=True):
            await record(traces, *events[start:end])
        read = [await parts(traces, trace), await parts(traces, f"{trace}-parent"), await usage(graph, node_id)]
        found.add(plainly([*read, await drawn(graph, trace)], trace, node_id))
    assert len(found) == 1


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", first_quick(range(6)))
async def test_events_recorded_at_once_by_several_processes(
    graph: Graph, traces: Traces, processes: list[Traces], version: str, seed: int
) -> None:
    """On the embedded engine a statement can miss a node that another process's transaction is just changing."""
    trace, expected = new_id(), new_id()
    await record(traces, *story(expected, version))
    before = await usage(graph, version)
    events = story(trace, version) * 4
    random.Random(seed).shuffle(events)
    turns = itertools.cycle(processes)
    outcomes = await asyncio.gather(*(record(next(turns), event) for event in events))
    assert sum(not outcome.repeated for [outcome] in outcomes) == len(events) / 4
    assert await drawn(graph, trace) == await drawn(graph, expected)
    assert plainly(await parts(traces, trace), trace, "") == plainly(await parts(traces, expected), expected, "")
    assert (await usage(graph, version)).usage_count == before.usage_count + 1


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_usage_of_a_version_that_several_processes_run(
    graph: Graph, processes: list[Traces], version: str
) -> None:
    events = [
        HookExecuted(
            correlation_id=new_id(),
            execution_id=new_id(),
            hook_type="ToolUse",
            node_id=version,
            success=number % 5 > 0,
            completed_at=at(number),
            duration_ms=number if number % 2 else None,
        )
        for number in range(100)
    ]
    # Fifty of them alone, fifty in batches.
    batches = [[event] for event in events[:50]] + [events[50:75], events[75:]]
    turns = itertools.cycle(processes)
    await asyncio.gather(*(record(next(turns), *batch) for batch in batches))
    assert await usage(graph, version) == Usage(
        usage_count=100,
        success_count=80,
        timed_count=50,
        total_execution_time_ms=float(sum(range(1, 100, 2))),
        first_used_at=at(0),
        last_used_at=at(99),
    )


async def test_a_repeated_event_changes_nothing(graph: Graph, traces: Traces, version: str) -> None:
    trace = new_id()
    events = story(trace, version)
    await record(traces, *events)
    before = await parts(traces, trace), await usage(graph, version), await drawn(graph, trace)
    again = await traces.record(events, received_at=at(3600))
    assert [outcome.repeated for outcome in again if isinstance(outcome, Recorded)] == [True] * len(events)
    assert (await parts(traces, trace), await usage(graph, version), await drawn(graph, trace)) == before


async def test_a_stub_is_there_until_its_start_arrives(traces: Traces) -> None:
    trace = new_id()
    await record(traces, EndpointCalled(
        correlation_id=trace, call_id=new_id(), hook_execution_id=f"{trace}-hook", service_name="s", endpoint_path="/p"
    ))  # fmt: skip
    stub = await parts(traces, trace)
    assert (stub.trace.started, stub.trace.status, stub.trace.started_at) == (False, TraceStatus.IN_PROGRESS, None)
    assert stub.trace.created_at == NOON
    assert [(hook.hook_type, hook.status) for hook in stub.hooks] == [(None, TraceStatus.IN_PROGRESS)]
    await record(
        traces,
        HookExecuted(correlation_id=trace, execution_id=f"{trace}-hook", hook_type="Late", success=True),
        TraceStarted(correlation_id=trace, timestamp=at(-60)),
    )
    filled = await parts(traces, trace)
    assert (filled.trace.started, filled.trace.started_at, filled.trace.root_id) == (True, at(-60), trace)
    assert [hook.hook_type for hook in filled.hooks] == ["Late"]


async def test_a_trace_that_is_known_is_not_asked_for_again(graph: Graph, traces: Traces) -> None:
    trace = new_id()

    async def step(name: str) -> int:
        before = graph.statements
        await record(
            traces, HookExecuted(correlation_id=trace, execution_id=f"{trace}-{name}", hook_type="T", success=True)
        )
        return graph.statements - before

    first = await step("a")
    assert await step("b") == first - 1
    await statement(graph, "MATCH (t:Trace {correlation_id: $id}) DETACH DELETE t", id=trace)  # by another process
    await step("c")
    assert [hook.execution_id for hook in (await parts(traces, trace)).hooks] == [f"{trace}-c"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"correlation_id": "another"}, "correlation_id"),
        ({"hook_type": "Another"}, "hook_type 'ToolUse'"),
        ({"tool_name": "Write"}, "tool_name 'Bash'"),
        ({"success": False}, "end was recorded with other content"),
        ({"duration_ms": 11.0}, "end was recorded with other content"),
    ],
)
async def test_an_id_is_not_used_again_for_other_content(
    graph: Graph, traces: Traces, version: str, change: dict[str, Any], problem: str
) -> None:
    trace = new_id()
    first = HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-hook", hook_type="ToolUse", tool_name="Bash", node_id=version,
        success=True, duration_ms=10.0,
    )  # fmt: skip
    await record(traces, first)
    before = await parts(traces, trace), await usage(graph, version)
    other = first.model_copy(update={**change, **({"correlation_id": new_id()} if "correlation_id" in change else {})})
    error = await refused(traces, other)
    assert isinstance(error, Conflict)
    assert problem in str(error)
    assert (await parts(traces, trace), await usage(graph, version)) == before
    if other.correlation_id != trace:
        assert await traces.parts([other.correlation_id], ANYBODY) == {}


async def test_the_first_end_of_a_trace_stays(traces: Traces) -> None:
    trace = new_id()
    await record(traces, TraceCompleted(correlation_id=trace, success=True))
    assert isinstance(await refused(traces, TraceCompleted(correlation_id=trace, success=False)), Conflict)
    await record(traces, TraceStarted(correlation_id=trace, prompt_text="first"))
    assert isinstance(await refused(traces, TraceStarted(correlation_id=trace, prompt_text="second")), Conflict)
    await record(traces, RoutingDecided(correlation_id=trace, selected_agent="a"))
    assert isinstance(await refused(traces, RoutingDecided(correlation_id=trace, selected_agent="b")), Conflict)
    kept = await parts(traces, trace)
    assert (kept.trace.status, kept.trace.prompt_text, kept.trace.agent) == (TraceStatus.SUCCESS, "first", "a")


async def test_a_call_cannot_name_a_hook_of_another_trace(traces: Traces) -> None:
    hook, trace = new_id(), new_id()
    await record(traces, HookExecuted(correlation_id=new_id(), execution_id=hook, hook_type="ToolUse", success=True))
    error = await refused(traces, EndpointCalled(
        correlation_id=trace, call_id=new_id(), hook_execution_id=hook, service_name="s", endpoint_path="/p"
    ))  # fmt: skip
    assert isinstance(error, Conflict)
    assert await traces.parts([trace], ANYBODY) == {}


async def test_nothing_is_written_of_an_execution_of_an_unknown_version(traces: Traces, version: str) -> None:
    trace, unknown = new_id(), new_id()
    bad = HookExecuted(correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", node_id=unknown, success=True)
    good = HookExecuted(correlation_id=new_id(), execution_id=new_id(), hook_type="ToolUse", node_id=version)
    outcomes = await traces.record([bad, good], received_at=NOON)
    assert isinstance(outcomes[0], NotFound)
    assert str(outcomes[0]) == f"no PatternVersion has the id '{unknown}'"
    assert isinstance(outcomes[1], Recorded)
    assert set(await traces.parts([trace, good.correlation_id], ANYBODY)) == {good.correlation_id}
    assert await traces.hook_executions_by_id([bad.execution_id], ANYBODY) == {}


async def test_a_value_that_json_cannot_hold_spoils_only_its_own_event(traces: Traces) -> None:
    trace = new_id()
    bad = TraceStarted(correlation_id=trace, context={"n": 2**70})
    good = TraceStarted(correlation_id=new_id(), context={"n": 2**60})
    outcomes = await traces.record([bad, good], received_at=NOON)
    assert isinstance(outcomes[0], InvalidInput)
    assert outcomes[0].field == "context"
    assert (await parts(traces, good.correlation_id)).trace.context == {"n": 2**60}
    assert isinstance(await refused(traces, bad), InvalidInput)


async def test_the_experiment_may_be_named_by_the_end_alone(graph: Graph, traces: Traces, version: str) -> None:
    experiment = await make_experiment(graph, version, await make_version(graph))
    begun = HookExecuted(correlation_id=new_id(), execution_id=new_id(), hook_type="ToolUse", node_id=version)
    await record(traces, begun)
    await record(traces, begun.model_copy(update={"experiment_id": experiment, "success": True}))
    used = await statement(
        graph,
        "MATCH (:HookExecution {execution_id: $id})-[u:USED]->(v) RETURN u.experiment_id AS e, u.arm AS arm, v.node_id AS v",
        id=begun.execution_id,
    )
    assert used == [{"e": experiment, "arm": "control", "v": version}]
    [execution] = await traces.experiment_executions(experiment, NOON)
    assert (execution.execution_id, execution.arm) == (begun.execution_id, Arm.CONTROL)


async def test_an_execution_keeps_its_unit_on_the_node_and_on_used(graph: Graph, traces: Traces, version: str) -> None:
    experiment = await make_experiment(graph, version, await make_version(graph))
    mine, theirs = (unit_of(experiment, arm) for arm in Arm)

    def ran(name: str, **more: Any) -> HookExecuted:
        same = {"correlation_id": f"{experiment}-trace", "execution_id": f"{experiment}-{name}", "hook_type": "ToolUse"}
        return HookExecuted(**same, node_id=version, experiment_id=experiment, **more)

    late = ran("late")
    await record(
        traces,
        ran("given", unit=mine, session_id="a-session", success=True),
        ran("session", session_id="a-session", root_id="a-root", success=True),
        ran("root", root_id="a-root", success=True),
        ran("trace", success=True),
        ran("aside", unit=theirs, success=True),
        late,
    )
    # The unit may be named by the end alone; USED says so, too.
    await record(traces, late.model_copy(update={"unit": theirs, "success": True}))
    rows = await statement(
        graph,
        "MATCH (h:HookExecution {experiment_id: $id})-[u:USED]->() "
        "RETURN h.execution_id AS id, h.unit AS unit, h.unit_rule AS rule, h.set_aside AS aside, "
        "u.unit = h.unit AND u.unit_rule = h.unit_rule AND coalesce(u.set_aside, '') = coalesce(h.set_aside, '') AS agree",
        id=experiment,
    )
    assert all(row["agree"] for row in rows)
    assert {row["id"].rpartition("-")[2]: (row["unit"], row["rule"], row["aside"]) for row in rows} == {
        "given": (mine, "given", None),
        "session": ("a-session", "session", None),
        "root": ("a-root", "trace", None),
        "trace": (f"{experiment}-trace", "trace", None),
        "aside": (theirs, "given", "other_arm"),
        "late": (theirs, "given", "other_arm"),
    }
    other = await refused(traces, ran("given", unit=theirs, success=True))
    assert isinstance(other, Conflict)


async def test_a_late_beginning_brings_the_duration(graph: Graph, traces: Traces, version: str) -> None:
    ended = HookExecuted(
        correlation_id=new_id(), execution_id=new_id(), hook_type="ToolUse", node_id=version, success=True, timestamp=at(4)
    )  # fmt: skip
    await record(traces, ended)
    counted = await usage(graph, version)
    assert (counted.usage_count, counted.timed_count, counted.last_used_at) == (1, 0, at(4))
    begun = ended.model_copy(update={"success": None, "timestamp": at(1)})
    await record(traces, begun)
    timed = await usage(graph, version)
    assert (timed.usage_count, timed.timed_count, timed.total_execution_time_ms) == (1, 1, 3000.0)
    [execution] = await traces.executions([version], at(0), limit=10)
    assert (execution.started_at, execution.duration_ms) == (at(1), 3000.0)


async def test_what_began_and_ended_in_one_arrival_without_a_time_took_nobody_knows_how_long(traces: Traces) -> None:
    trace, timed, step, call = (new_id() for _ in range(4))
    await record(
        traces,
        TraceCompleted(correlation_id=trace, success=True),
        TraceStarted(correlation_id=trace, prompt_text="why"),
        HookExecuted(correlation_id=trace, execution_id=step, hook_type="ToolUse"),
        HookExecuted(correlation_id=trace, execution_id=step, hook_type="ToolUse", success=True),
        EndpointCalled(correlation_id=trace, call_id=call, service_name="s", endpoint_path="/p"),
        EndpointCalled(
            correlation_id=trace, call_id=call, service_name="s", endpoint_path="/p", success=True, duration_ms=5
        ),
        TraceStarted(correlation_id=timed, timestamp=NOON),
        TraceCompleted(correlation_id=timed, success=True, timestamp=NOON),
    )
    found = await parts(traces, trace)
    assert (found.trace.started_at, found.trace.completed_at, found.trace.duration_ms) == (None, NOON, None)
    assert [(hook.started_at, hook.completed_at, hook.duration_ms) for hook in found.hooks] == [(None, NOON, None)]
    assert [(one.started_at, one.completed_at, one.duration_ms) for one in found.endpoints] == [(at(-0.005), NOON, 5)]
    told = await parts(traces, timed)
    assert (told.trace.started_at, told.trace.duration_ms) == (NOON, 0)


async def test_what_arrives_at_two_times_took_as_long_as_lies_between_them(traces: Traces) -> None:
    trace = new_id()
    started, ended = TraceStarted(correlation_id=trace), TraceCompleted(correlation_id=trace, success=True)
    await traces.record([started, ended], received_at=[NOON, at(2)])
    assert (await parts(traces, trace)).trace.duration_ms == 2_000
