"""Pages of what is in a trace: the same as slices of the whole, stable while more arrives, and no dearer than what they show."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from typing import Any

import pytest

from loopgraph.api.graphql.types.traces import pages
from loopgraph.api.graphql.types.traces import trace as trace_type
from loopgraph.computes.traces.tree import Node
from loopgraph.computes.traces.waterfall import Waterfall
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.many import MANY
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.orchestrators.traces.episodes import assemble
from support.assembly import timeline, waterfall
from support.service import Json, Service, nodes
from support.traces import at, statement
from support.waiting import PATIENCE_S


def step(trace: str, number: int, begin: float, end: float, **more: Any) -> HookExecuted:
    return HookExecuted(
        correlation_id=trace,
        execution_id=f"{trace}-h{number}",
        hook_type="ToolUse",
        tool_name=f"T{number}",
        started_at=at(begin),
        completed_at=at(end),
        success=True,
        **more,
    )


def busy(trace: str) -> list[TraceEvent]:
    """A trace with steps in steps, calls, subagents with steps of their own, and steps of which little is known."""
    events: list[TraceEvent] = [TraceStarted(correlation_id=trace, timestamp=at(0), prompt_text="go")]
    for number in range(0, 24, 4):
        outer, sub = f"{trace}-h{number}", f"{trace}-sub{number}"
        events += [
            step(trace, number, number, number + 3.5),
            step(trace, number + 1, number + 0.5, number + 1, parent_id=outer),
            HookExecuted(correlation_id=trace, execution_id=f"{trace}-open{number}", hook_type="Stop", parent_id=outer),
            HookExecuted(
                correlation_id=trace, execution_id=f"{trace}-short{number}", hook_type="Stop", duration_ms=250, success=False,
                completed_at=at(number + 2),
            ),
            TraceStarted(correlation_id=sub, timestamp=at(number + 1), parent_id=trace, root_id=trace, spawned_by=outer),
            step(sub, number + 2, number + 1, number + 2),
            EndpointCalled(
                correlation_id=sub, call_id=f"{trace}-c{number}", service_name="llm", endpoint_path="/v1", model="opus",
                hook_execution_id=f"{sub}-h{number + 2}", started_at=at(number + 1), completed_at=at(number + 1.5),
                success=True,
            ),
            EndpointCalled(
                correlation_id=trace, call_id=f"{trace}-d{number}", service_name="api", endpoint_path="/x", success=True,
                started_at=at(number + 3), completed_at=at(number + 3.25),
            ),
            TraceCompleted(correlation_id=sub, timestamp=at(number + 3), success=True),
        ]  # fmt: skip
    return [*events, TraceCompleted(correlation_id=trace, timestamp=at(30), success=True)]


async def waterfall_page(service: Service, trace: str, first: int, after: str | None = None) -> Json:
    found: Json = (await service.execute("traces_waterfall", correlationId=trace, first=first, after=after))[
        "waterfall"
    ]
    return found


async def timeline_page(service: Service, trace: str, first: int, after: str | None = None) -> Json:
    found: Json = await service.execute("traces_timeline", correlationId=trace, first=first, after=after)
    return found


async def all_pages(page: Any, service: Service, trace: str, first: int) -> list[Json]:
    """What all pages of a connection show."""
    found, after, more = list[Json](), None, True
    while more:
        one = await page(service, trace, first, after)
        assert len(one["edges"]) == first or not one["pageInfo"]["hasNextPage"]
        found += nodes(one)
        after, more = one["pageInfo"]["endCursor"], one["pageInfo"]["hasNextPage"]
    return found


UNNAMED = """
MATCH (t:Trace) WHERE t.correlation_id STARTS WITH $trace
OPTIONAL MATCH (t)-[:RAN]->(h:HookExecution)
OPTIONAL MATCH (h)-[:CALLED]->(c:EndpointCall)
SET h.tool_name = CASE WHEN h.execution_id IN [$trace + '-h0', $trace + '-h4'] THEN '' ELSE h.tool_name END,
    h.hook_type = CASE WHEN h.execution_id = $trace + '-h4' THEN '' ELSE h.hook_type END,
    c.model = CASE WHEN c.call_id = $trace + '-c0' THEN '' ELSE c.model END,
    t.agent_type = '',
    t.agent = CASE WHEN t.correlation_id = $trace + '-sub0' THEN 'fixer' ELSE '' END,
    t.source = CASE WHEN t.correlation_id = $trace + '-sub8' THEN '' ELSE 'prompt' END
"""
"""Leaves names in the graph that are empty, as no door lets them in."""


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_pages_are_slices_of_the_whole(service: Service) -> None:
    trace = new_id()
    await service.parts.recorder.record(busy(trace))
    await statement(service.parts.graph, UNNAMED, trace=trace)
    whole = await assemble(service.parts.traces, trace, None)
    expected = [
        {
            "spanId": row.id,
            "kind": row.kind.name,
            "name": row.name,
            "parentId": row.parent_id,
            "depth": row.depth,
            "startOffsetMs": row.start_offset_ms,
            "durationMs": row.duration_ms,
            "selfMs": row.self_ms,
            "critical": row.critical,
            "status": row.status.name,
        }
        for row in waterfall([whole])
    ]
    assert len(expected) == 1 + 6 * 8
    names = {row["spanId"].removeprefix(trace): row["name"] for row in expected}
    unnamed = ("", "-h0", "-h4", "-c0", "-sub0", "-sub4", "-sub8")
    assert [names[id_] for id_ in unnamed] == ["prompt", "ToolUse", "step", "POST llm /v1", "fixer", "prompt", "trace"]
    for first in (1, 7, 500):
        assert await all_pages(waterfall_page, service, trace, first) == expected
    lines = [(entry.timestamp.isoformat(), entry.event_type.upper(), entry.data) for entry in timeline(whole)]
    assert len(lines) == 1 + 6 * 5 + 1
    for first in (3, 500):
        found = await all_pages(timeline_page, service, trace, first)
        assert [(line["timestamp"], line["kind"], line["data"]) for line in found] == lines


@pytest.mark.lengthy
async def test_a_page_goes_on_where_the_last_one_ended_whatever_has_arrived_since(service: Service) -> None:
    trace = new_id()
    await service.parts.recorder.record(busy(trace))
    whole = [row["spanId"] for row in nodes(await waterfall_page(service, trace, 500))]
    begun = await waterfall_page(service, trace, 10)
    assert [row["spanId"] for row in nodes(begun)] == whole[:10]
    await service.parts.recorder.record([step(trace, 100, 0.1, 0.2), step(trace, 101, 29, 29.5)])
    rest = await waterfall_page(service, trace, 500, begun["pageInfo"]["endCursor"])
    assert [row["spanId"] for row in nodes(rest)] == [*whole[10:], f"{trace}-h101"]

    other = new_id()
    await service.parts.recorder.record(busy(other))
    for field in ("waterfall", "timeline"):
        asked = f"trace(correlationId: $id) {{ {field}(after: $after) {{ edges {{ cursor }} }} }}"
        document = f"query($id: ID!, $after: String) {{ {asked} }}"
        [error] = await service.errors(document, id=other, after=begun["pageInfo"]["endCursor"])
        assert error["message"].startswith("after: must be a cursor of this connection")


@pytest.mark.lengthy
async def test_the_statements_of_a_page_do_not_grow_with_it(quiet_service: Service) -> None:
    trace = new_id()
    await quiet_service.parts.recorder.record(busy(trace))

    async def statements(first: int) -> int:
        before = quiet_service.parts.graph.statements
        await waterfall_page(quiet_service, trace, first)
        return quiet_service.parts.graph.statements - before

    # the trace; the three of its skeleton, which has all that bars say
    assert await statements(1) == await statements(10) == await statements(500) == 1 + 3


USED = """
query($id: ID!, $first: Int!) {
  trace(correlationId: $id) {
    treeTotals { inputTokens outputTokens costUsd }
    childTraces { correlationId treeTotals { inputTokens outputTokens costUsd } }
    waterfall(first: $first) { edges { node { spanId kind ownUsage { ...Used } branchUsage { ...Used } } } }
  }
}
fragment Used on ModelUsageSums { calls inputTokens outputTokens costUsd unpricedModels }
"""


@pytest.mark.lengthy
async def test_bars_say_what_was_used_in_their_branches_in_one_statement_more(quiet_service: Service) -> None:
    trace = new_id()
    calls = [
        EndpointCalled(
            correlation_id=of, call_id=f"{trace}-m{number}", service_name="llm", endpoint_path="/v1", model="m",
            hook_execution_id=step, input_tokens=100 + number, output_tokens=number, cost_usd=0.5, success=True,
            started_at=at(1), completed_at=at(2),
        )
        for number, (of, step) in enumerate([(trace, f"{trace}-h0"), (f"{trace}-sub0", None), (trace, None)])
    ]  # fmt: skip
    await quiet_service.parts.recorder.record([*busy(trace), *calls])

    async def found(first: int) -> Json:
        return (await quiet_service.query(USED, id=trace, first=first))["trace"]  # type: ignore[no-any-return]

    shown = await found(500)
    bars = {row["spanId"]: row for row in nodes(shown["waterfall"])}
    told = {trace: shown["treeTotals"], **{one["correlationId"]: one["treeTotals"] for one in shown["childTraces"]}}
    for id_, totals in told.items():
        branch = bars[id_]["branchUsage"]
        known = {name: totals[name] or 0 for name in ("inputTokens", "outputTokens")}
        assert {name: branch[name] for name in known} == known
        assert branch["costUsd"] == totals["costUsd"]
    assert bars[f"{trace}-h0"]["ownUsage"]["inputTokens"] == 100
    assert bars[f"{trace}-h0"]["branchUsage"]["inputTokens"] == 201, "with that of the subagent which it spawned"
    assert bars[f"{trace}-m1"]["ownUsage"] == bars[f"{trace}-m1"]["branchUsage"]
    assert bars[f"{trace}-h1"]["branchUsage"]["costUsd"] is None

    bars_of = "waterfall(first: $first) { edges { node { spanId } } }"
    bare = f"query($id: ID!, $first: Int!) {{ trace(correlationId: $id) {{ {bars_of} }} }}"
    with_usage = bare.replace("spanId", "spanId branchUsage { costUsd } ownUsage { costUsd }")
    for first in (1, 500):
        least = await quiet_service.statements(bare, id=trace, first=first)
        assert await quiet_service.statements(with_usage, id=trace, first=first) == least + 1


@pytest.mark.slow
async def test_a_page_holds_only_what_it_shows(quiet_service: Service) -> None:
    service = quiet_service
    trace, steps, size = new_id(), 400, 20_000
    events = [step(trace, number, number, number + 1, tool_response={"stdout": "x" * size}) for number in range(steps)]
    await service.parts.recorder.record([TraceStarted(correlation_id=trace, timestamp=at(0)), *events])
    document = """
    query($id: ID!, $first: Int!) {
      trace(correlationId: $id) {
        waterfall(first: $first) { edges { node { spanId } } }
        timeline(first: $first) { edges { node { eventType } } }
        steps(first: $first) { executionId toolName }
        hookExecutions(first: $first) { toolName }
        totalHooks
      }
    }
    """

    async def peak(first: int) -> int:
        tracemalloc.start()
        try:
            found = (await service.query(document, id=trace, first=first))["trace"]
            assert (len(found["steps"]), found["totalHooks"]) == (first, steps)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    await peak(5)  # what is made once
    least = min([await peak(5) for _ in range(4)])  # what works beside the doors holds something, too, now and then
    assert least < steps * size / 2 < await peak(steps)


@pytest.mark.lengthy
async def test_steps_are_counted_without_being_read(quiet_service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service = quiet_service
    session, outer, inner, empty = (new_id() for _ in range(4))
    await service.parts.recorder.record(
        [
            *(TraceStarted(correlation_id=trace, session_id=session, timestamp=at(0)) for trace in (outer, empty)),
            TraceStarted(correlation_id=inner, session_id=session, parent_id=outer, timestamp=at(0)),
            *(step(outer, number, number, number + 1) for number in range(3)),
            step(inner, 4, 4, 5),
        ]
    )
    document = "query($id: ID!) { traces(filter: {sessionId: $id}) { edges { node { correlationId %s } } } }"
    by_place, alone = {}, {}
    for counts, fields in ((by_place, "totalHooks waterfall(first: 1) { totalCount }"), (alone, "totalHooks")):
        if counts is alone:
            monkeypatch.setattr(TraceReads, "skeleton_unless", None)
        found = await service.query(document % fields, id=session)
        counts |= {edge["node"]["correlationId"]: edge["node"]["totalHooks"] for edge in found["traces"]["edges"]}
    assert alone == by_place == {outer: 3, inner: 1, empty: 0}


@pytest.mark.lengthy
async def test_a_drawing_outlives_the_part_of_an_answer_that_is_given_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, given_up = new_id(), threading.Event()
    events = [step(trace, number, number, number + 1) for number in range(MANY)]  # so many are drawn in a thread
    await service.parts.recorder.record([TraceStarted(correlation_id=trace, timestamp=at(0)), *events])

    async def watched(*arguments: Any) -> Any:
        try:
            return await pages.drawn(*arguments)
        except asyncio.CancelledError:
            given_up.set()
            raise

    class Held(Waterfall[Any]):
        def __init__(self, tops: Any) -> None:
            assert given_up.wait(PATIENCE_S)
            super().__init__(tops)

    monkeypatch.setattr(trace_type, "drawn", watched)
    monkeypatch.setattr(pages, "Waterfall", Held)
    document = """
    query($id: ID!) {
      givenUp: trace(correlationId: $id) {
        waterfall(first: 1) { edges { node { spanId } } }
        wrong: waterfall(first: -1) { edges { node { spanId } } }
      }
      goesOn: trace(correlationId: $id) { waterfall(first: 1) { edges { node { spanId } } } }
    }
    """
    answer = await service.ask(document, id=trace)
    assert [error["path"] for error in answer["errors"]] == [["givenUp", "wrong"]]
    assert answer["data"] == {"givenUp": None, "goesOn": {"waterfall": {"edges": [{"node": {"spanId": trace}}]}}}


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_absurdly_deep_steps_have_pages(service: Service) -> None:
    trace, levels = new_id(), 3_000
    events = [step(trace, number, number, number + 1, parent_id=f"{trace}-h{number - 1}") for number in range(levels)]
    recorder = service.parts.recorder
    await recorder.record([TraceStarted(correlation_id=trace, timestamp=at(0)), *events])
    page = await waterfall_page(service, trace, 500)
    assert [row["depth"] for row in nodes(page)] == list(range(500))
    page = await waterfall_page(service, trace, 2, page["pageInfo"]["endCursor"])
    assert [(row["depth"], row["name"]) for row in nodes(page)] == [(500, "T499"), (501, "T500")]


@pytest.mark.lengthy
async def test_answers_leave_no_trees_that_only_a_search_for_circles_would_find(service: Service) -> None:
    trace = new_id()
    await service.parts.recorder.record(busy(trace))
    service.parts.skeletons.forget()  # what other tests have looked at more than once
    gc.collect()
    gc.disable()
    try:
        await waterfall_page(service, trace, 50)
        await timeline_page(service, trace, 50)
        async with asyncio.timeout(PATIENCE_S):
            while any(isinstance(one, Node) for one in gc.get_objects()):  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.01)
    finally:
        gc.enable()


LISTS = """
query($id: ID!) { trace(correlationId: $id) {
  routingDecision { selectedAgent } totalHooks %s
  stepsConnection(first: 500) {
    totalCount
    edges { cursor node { ...S steps { ...S spawned { ...T } endpointCalls { callId } } } }
  }
  hookExecutionsConnection(first: 500) { totalCount edges { cursor node { ...S } } }
  endpointCallsConnection(first: 500) { edges { cursor node { callId model durationMs } } }
  childTraces { ...T endpointCalls { callId model } waterfall { edges { node { spanId } } } }
  waterfall(first: 500) { edges { cursor node { spanId kind name depth startOffsetMs durationMs selfMs critical status } } }
  timeline { edges { cursor node { timestamp kind data } } }
} }
fragment S on HookExecution { executionId toolName status startedAt durationMs }
fragment T on Trace { correlationId spawnedBy status startedAt totalHooks routingDecision { selectedAgent } }
"""


@pytest.mark.lengthy
async def test_lists_are_the_same_where_all_of_a_trace_is_read_anyway(service: Service) -> None:
    trace = new_id()
    await service.parts.recorder.record(busy(trace))
    alone = (await service.query(LISTS % "", id=trace))["trace"]
    assert len(nodes(alone["stepsConnection"])) == 6 * 2
    beside = (await service.query(LISTS % "truncated", id=trace))["trace"]
    assert beside.pop("truncated") is False
    assert beside == alone


async def test_steps_of_the_work_are_counted_alike_with_and_without_reading_them(service: Service) -> None:
    trace = new_id()
    use = HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-use", hook_type="Pattern", tool_name="x", started_at=at(1), success=True
    )  # fmt: skip
    await service.parts.recorder.record(
        [TraceStarted(correlation_id=trace, timestamp=at(0)), use, step(trace, 1, 1, 2)]
    )
    counts = "query($id: ID!) { trace(correlationId: $id) { totalHooks totalSteps } }"
    assert (await service.query(counts, id=trace))["trace"] == {"totalHooks": 2, "totalSteps": 1}
    beside = counts.replace("totalSteps", "totalSteps totals { steps }")
    found = (await service.query(beside, id=trace))["trace"]
    assert found == {"totalHooks": 2, "totalSteps": 1, "totals": {"steps": 1}}


@pytest.mark.lengthy
async def test_a_trace_is_read_once_if_all_of_it_is(quiet_service: Service) -> None:
    service, trace = quiet_service, new_id()
    await service.parts.recorder.record(busy(trace))
    lists = "hookExecutions { executionId toolName } endpointCalls { callId } childTraces { status }"
    document = "query($id: ID!) { trace(correlationId: $id) { routingDecision { selectedAgent } incomplete %s } }"
    assert await service.statements(document % "", id=trace) == 1 + 3
    assert await service.statements(document % lists, id=trace) == 1 + 3


@pytest.mark.parametrize("field", ["totalSteps", "totalHooks"])
async def test_a_list_does_not_fail_for_a_trace_that_is_archived_while_it_is_read(
    service: Service, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace, stays = f"{new_id()}-gone", f"{new_id()}-stays"
    for id_ in (trace, stays):
        await service.parts.recorder.record([TraceStarted(correlation_id=id_, timestamp=at(0)), step(id_, 1, 0, 1)])
    count_steps = TraceReads.count_steps

    async def late(reads: TraceReads, *asked: Any) -> Any:
        monkeypatch.undo()
        await statement(service.parts.graph, "MATCH (t:Trace {correlation_id: $id}) DETACH DELETE t", id=trace)
        return await count_steps(reads, *asked)

    monkeypatch.setattr(TraceReads, "count_steps", late)
    both = "query($gone: ID!, $stays: ID!) { gone: trace(correlationId: $gone) { F } stays: trace(correlationId: $stays) { F } }"
    found = await service.query(both.replace("F", field), gone=trace, stays=stays)
    assert found == {"gone": {field: 0}, "stays": {field: 1}}
