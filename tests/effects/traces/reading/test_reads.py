"""Reading traces and executions, on every engine."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from loopgraph.computes.traces.tree import Grove, plant, records_of
from loopgraph.contracts.base import Principal
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.assembly import Head
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading import newest
from loopgraph.errors import InvalidInput
from support.access import mate, owned
from support.traces import NOON, Traces, at, make_experiment, make_version, record, refused, skeleton, statement, story

ANYBODY = None


@pytest.fixture
def traces(graph: Graph) -> Traces:
    return Traces(graph)


@pytest.fixture
async def version(graph: Graph) -> str:
    return await make_version(graph)


async def test_executions_of_an_experiment(graph: Graph, traces: Traces) -> None:
    control, treatment, other = [await make_version(graph) for _ in range(3)]
    experiment = await make_experiment(graph, control, treatment)

    def run(node_id: str, second: int, **more: Any) -> HookExecuted:
        same = {"correlation_id": new_id(), "execution_id": new_id(), "hook_type": "ToolUse", "node_id": node_id}
        return HookExecuted(**{**same, "experiment_id": experiment, "started_at": at(second), **more})

    done = [
        run(control, 1, success=True, duration_ms=10.0),
        run(treatment, 2, success=False, error_type="crash", quality_score=0.5),
        run(treatment, 3, success=True, duration_ms=8.0),
    ]
    await record(traces, *done, run(control, 4), run(control, 5, success=True, experiment_id=None))
    await statement(
        graph, "MATCH (e:Experiment {experiment_id: $id}) SET e.concluded_at = $at", id=experiment, at=at(9)
    )
    late = run(control, 10, success=True, duration_ms=11.0)
    await record(traces, late)

    found = await traces.experiment_executions(experiment, at(4))
    assert [(one.execution_id, one.arm, one.success) for one in found] == [
        (late.execution_id, Arm.CONTROL, True),
        (done[2].execution_id, Arm.TREATMENT, True),
        (done[1].execution_id, Arm.TREATMENT, False),
        (done[0].execution_id, Arm.CONTROL, True),
    ]
    assert (found[2].error_type, found[2].quality_score, found[2].started_at) == ("crash", 0.5, at(2))
    # One began at the fourth second and has not ended: a second later it is over its time.
    overdue = (await traces.experiment_executions(experiment, at(5)))[1]
    assert (overdue.ended, overdue.success, overdue.error_type, overdue.started_at) == (
        False,
        False,
        "never_ended",
        at(4),
    )

    error = await refused(traces, run(other, 6))
    assert isinstance(error, InvalidInput)
    assert all(node_id in str(error) for node_id in (control, treatment))
    error = await refused(traces, run(control, 6, experiment_id=new_id()))
    assert isinstance(error, InvalidInput)
    assert error.field == "experiment_id"


async def test_executions_of_versions_in_a_window(graph: Graph, traces: Traces) -> None:
    first, second = sorted([await make_version(graph), await make_version(graph)])
    events = [
        HookExecuted(
            correlation_id=new_id(), execution_id=new_id(), hook_type="ToolUse", node_id=node_id, started_at=at(second_),
            success=True,
        )
        for node_id in (first, second)
        for second_ in range(6)
    ]  # fmt: skip
    running = events[0].model_copy(update={"execution_id": new_id(), "success": None})
    await record(traces, *events, running)

    async def starts(*node_ids: str, **window: Any) -> list[float]:
        found = await traces.executions(node_ids, window.pop("since"), **window)
        return [(one.started_at - NOON).total_seconds() for one in found]

    assert await starts(first, since=at(0), limit=100) == [5, 4, 3, 2, 1, 0]
    assert await starts(first, since=at(2), until=at(4), limit=100) == [3, 2]
    assert await starts(first, second, since=at(0), limit=2) == [5, 5, 4, 4]
    assert await starts(new_id(), since=at(0), limit=2) == []


@pytest.mark.lengthy
@pytest.mark.parametrize("most_keys", [2, 200_000], ids=["sorted by the engine", "sorted by their keys"])
async def test_the_newest_of_many_are_the_newest_wherever_they_are_in_the_time(
    traces: Traces, version: str, most_keys: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they are all at its end, or all at its beginning, and as many as are wanted or not."""
    monkeypatch.setattr(newest, "_MOST_KEYS", most_keys)
    week = 7 * 24 * 3_600
    seconds = [1, 2, 3, week // 2, week - 90_000, week - 9_000, week - 1_000, week - 100, week - 99, week - 1]
    await record(
        traces,
        *(
            HookExecuted(
                correlation_id=new_id(), execution_id=new_id(), hook_type="ToolUse", node_id=version,
                started_at=at(second), success=True,
            )
            for second in seconds
        ),
    )  # fmt: skip
    for limit in range(1, len(seconds) + 2):
        found = await traces.executions([version], at(0), at(week), limit=limit)
        assert [one.started_at for one in found] == [at(second) for second in reversed(seconds)][:limit]
    found = await traces.executions([version], at(0), at(4), limit=2)
    assert [one.started_at for one in found] == [at(3), at(2)]
    found = await traces.executions([version], at(0), limit=2)
    assert [one.started_at for one in found] == [at(week - 1), at(week - 99)]


@pytest.mark.lengthy
async def test_who_sees_what(graph: Graph, traces: Traces, version: str) -> None:
    session = new_id()
    mine, hers, ours = (f"{session}-{name}" for name in ("mine", "hers", "ours"))
    for trace, user in ((mine, "me"), (hers, "her"), (ours, None)):
        await record(
            traces,
            TraceStarted(correlation_id=trace, session_id=session, user_id=user, parent_id=f"{session}-parent"),
            HookExecuted(
                correlation_id=trace, execution_id=f"{trace}-hook", hook_type="T", node_id=version, success=True
            ),
        )

    await owned(graph)

    async def seen(principal: Principal | None) -> Sequence[set[str]]:
        hooks = await traces.hook_executions_by_id([f"{trace}-hook" for trace in (mine, hers, ours)], principal)
        executions = await traces.executions([version], at(-1), limit=10, principal=principal)
        children = await traces.children([f"{session}-parent"], principal)
        parent = (await traces.parts([f"{session}-parent"], principal))[f"{session}-parent"]
        return [
            set(await traces.parts([mine, hers, ours], principal)),
            {hook.correlation_id for hook in hooks.values()},
            {execution.execution_id.removesuffix("-hook") for execution in executions},
            {trace.correlation_id for trace in children[f"{session}-parent"]},
            set(parent.child_ids),
        ]

    for principal, expected in (
        (None, {mine, hers, ours}),
        (mate("me"), {mine, ours}),
        (mate("stranger"), {ours}),
        (Principal(subject="stranger", roles=("admin",)), {mine, hers, ours}),
    ):
        assert await seen(principal) == [expected] * 5, principal


async def test_a_skeleton_says_of_everything_where_and_when_it_was(graph: Graph, traces: Traces, version: str) -> None:
    prompt, old = new_id(), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    more: list[TraceEvent] = [
        HookExecuted(correlation_id=prompt, execution_id=f"{prompt}-old", hook_type="T", started_at=old, success=True),
        HookExecuted(correlation_id=prompt, execution_id=f"{prompt}-open", hook_type="T", parent_id=f"{prompt}-old"),
        HookExecuted(
            correlation_id=prompt, execution_id=f"{prompt}-end", hook_type="T", completed_at=at(3), duration_ms=1500.5,
            success=False,
        ),
        TraceStarted(correlation_id=f"{prompt}-sub", root_id=prompt, spawned_by=f"{prompt}-hook", user_id="her"),
        EndpointCalled(
            correlation_id=f"{prompt}-sub", call_id=f"{prompt}-straight", service_name="s", endpoint_path="/p", success=True
        ),
    ]  # fmt: skip
    await record(traces, *story(prompt, version), *more)
    await owned(graph)

    def placed(grove: Grove[Any]) -> list[tuple[Any, ...]]:
        return [
            (
                node.key,
                node.trace_id,
                node.parent and node.parent.key,
                node.record.at,
                node.record.started_at,
                node.record.duration_ms,
                node.record.status,
            )
            for top in grove.tops
            for node in top.walk()
        ]

    for principal, size in ((None, 3 + 5 + 3), (mate("me"), 2 + 5 + 2)):
        before = graph.statements
        read = await skeleton(traces, [prompt, "unknown"], principal)
        assert graph.statements - before == 3
        forest = await traces.forest([prompt, "unknown"], principal)
        whole = plant(records_of(forest.parts.values()), continued=forest.continued_from)
        found = placed(plant(read.spans, continued=read.continued_from))
        assert found == placed(whole)
        assert (len(found), read.truncated, read.continued_from) == (size, False, forest.continued_from)


async def test_heads_and_calls_as_far_as_one_may_see_them(graph: Graph, traces: Traces, version: str) -> None:
    trace = new_id()
    await record(traces, *story(trace, version), TraceStarted(correlation_id=f"{trace}-hers", user_id="her"))
    await owned(graph)
    parts = (await traces.parts([trace], None))[trace]
    heads = await traces.heads([trace, f"{trace}-hers", "unknown"], mate("me"))
    assert heads == {trace: Head(parts.trace, parts.routing, None)}
    assert set(await traces.heads([f"{trace}-hers"], None)) == {f"{trace}-hers"}
    calls = {call.call_id: call for call in parts.endpoints}
    assert await traces.calls_by_id([*calls, "unknown"], mate("me")) == calls


@pytest.mark.lengthy
async def test_the_number_of_statements_does_not_grow(graph: Graph, traces: Traces, version: str) -> None:
    async def count(work: Awaitable[Any]) -> int:
        before = graph.statements
        await work
        return graph.statements - before

    ids = [new_id() for _ in range(20)]
    one = await count(record(traces, *story(ids[0], version)))
    many = await count(record(traces, *(event for trace in ids[1:] for event in story(trace, version))))
    assert many == one
    assert await count(traces.parts(ids[:1], ANYBODY)) == await count(traces.parts(ids, ANYBODY)) == 3
    assert await count(traces.children(ids, ANYBODY)) == 1


async def test_no_events(traces: Traces) -> None:
    assert await traces.record([], received_at=NOON) == []
    assert await traces.parts([], ANYBODY) == {}
    assert await traces.executions([], NOON, limit=1) == []
