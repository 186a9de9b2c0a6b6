"""What distinguishes executions, from what is recorded, on every engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.contracts.loop.distinctions import DistinguishedMeasure, Factor
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.factors import FactorReads
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.orchestrators.loop.distinctions import Distinguishing
from support.access import mate, owned
from support.traces import NOON, Traces, at, make_version, record

SINCE, UNTIL = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


async def _executed(
    graph: Graph, node_id: str, model: str, *, success: bool, ms: float, user: str | None = None
) -> str:
    trace = new_id()
    start = TraceStarted(
        correlation_id=trace, session_id=new_id(), user_id=user, project="shop", tags=("nightly",),
        prompt_text="x" * (200 if model == "large" else 10), timestamp=at(0),
    )  # fmt: skip
    run = HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-run", hook_type="Run", node_id=node_id, tool_name="Bash",
        started_at=at(1), duration_ms=ms, success=success,
    )  # fmt: skip
    call = EndpointCalled(
        correlation_id=trace, call_id=new_id(), hook_execution_id=f"{trace}-run", service_name="anthropic",
        endpoint_path="/v1/messages", model=model, started_at=at(1), duration_ms=1.0, success=True,
    )  # fmt: skip
    await record(Traces(graph), start, run, call)
    return f"{trace}-run"


@pytest.mark.lengthy
async def test_the_model_that_fails_is_found(graph: Graph) -> None:
    node_id = await make_version(graph)
    large = [await _executed(graph, node_id, "large", success=number == 0, ms=900.0 + number) for number in range(8)]
    for number in range(8):
        await _executed(graph, node_id, "small", success=True, ms=100.0 + number)
    distinguishing = Distinguishing(UseReads(graph), FactorReads(graph))
    found = (await distinguishing.of_versions([node_id], SINCE, UNTIL, None))[node_id]
    assert (found.executions, found.units, found.truncated) == (16, 16, False)
    telling = {(one.factor, one.level, one.measure): one for one in found.items if one.distinguishes}
    fails = telling[Factor.MODEL, "large", DistinguishedMeasure.FAILURE_RATE]
    assert (fails.inside.value, fails.outside.value, fails.inside.units) == (7 / 8, 0.0, 8)
    assert set(fails.execution_ids) == set(large[1:])
    slow = telling[Factor.MODEL, "large", DistinguishedMeasure.DURATION_MS]
    assert (slow.inside.value, slow.superiority) == (903.5, 1.0)
    assert slow.execution_ids[0] == large[7]
    assert not {Factor.PROJECT, Factor.TAG, Factor.TOOL} & {factor for factor, _, _ in telling}, "all have the same"
    before = (await distinguishing.of_versions([node_id], SINCE - timedelta(days=2), SINCE, None))[node_id]
    assert (before.executions, before.items) == (0, ())


@pytest.mark.lengthy
async def test_only_what_one_may_see_is_looked_at(graph: Graph) -> None:
    node_id = await make_version(graph)
    for user in ("ann", "ann", "ben"):
        await _executed(graph, node_id, "small", success=True, ms=1.0, user=user)
    await owned(graph)
    distinguishing = Distinguishing(UseReads(graph), FactorReads(graph))
    counts = [
        (await distinguishing.of_versions([node_id], SINCE, UNTIL, who))[node_id].executions
        for who in (mate("ann"), mate("ben"), None)
    ]
    assert counts == [2, 1, 3]
