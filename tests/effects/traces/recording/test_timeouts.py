"""Silent traces are closed at their last sign of life, and a real end that arrives later wins."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.traces.recording.timeouts import PAGE, TraceTimeouts
from loopgraph.orchestrators.archive.housekeeping import Housekeeping
from support.retention import long_ago, remember
from support.traces import statement

DAY = timedelta(days=1)


def seen(event: Recordable, observed: bool) -> Recordable:
    """The event as its client tells it, or as a report of somebody else."""
    return Observation(event=event, source="test") if observed else event  # type: ignore[arg-type]


async def stored(graph: Graph, correlation_id: str) -> Row:
    [row] = await statement(
        graph, "MATCH (t:Trace {correlation_id: $id}) RETURN properties(t) AS properties", id=correlation_id
    )
    properties: Row = row["properties"]
    return properties


async def close(graph: Graph, before: datetime) -> set[str]:
    return set((await TraceTimeouts(graph).close_silent(before)).closed)


@pytest.mark.parametrize("observed", [True, False])
async def test_a_silent_trace_is_closed_at_its_last_sign_of_life(graph: Graph, observed: bool) -> None:
    id_, begun = new_id(), long_ago()
    started = TraceStarted(correlation_id=id_, timestamp=begun)
    step = HookExecuted(correlation_id=id_, execution_id=new_id(), hook_type="ToolUse", started_at=begun + DAY / 2)
    await remember(graph, [seen(started, observed), seen(step, observed)], begun)
    before = await stored(graph, id_)
    assert id_ not in await close(graph, begun + DAY / 2)
    assert await stored(graph, id_) == before

    assert id_ in await close(graph, begun + DAY)
    closed = await stored(graph, id_)
    assert (closed["status"], closed["closed_by"], closed["completed_at"]) == ("timeout", "timeout", begun + DAY / 2)
    assert "open_key" not in closed
    assert closed["time_key"] == before["time_key"]
    assert id_ not in await close(graph, begun + DAY)


@pytest.mark.parametrize("observed", [True, False])
@pytest.mark.parametrize("success", [True, False])
async def test_a_real_end_that_arrives_later_wins(graph: Graph, observed: bool, success: bool) -> None:
    id_, begun = new_id(), long_ago()
    await remember(graph, [seen(TraceStarted(correlation_id=id_, timestamp=begun), observed)], begun)
    assert id_ in await close(graph, begun + DAY)
    # a late beginning of a step is no end
    step = HookExecuted(correlation_id=id_, execution_id=new_id(), hook_type="ToolUse", started_at=begun + 2 * DAY)
    await remember(graph, [seen(step, observed)], begun + 2 * DAY)
    assert (await stored(graph, id_))["status"] == "timeout"

    end = TraceCompleted(correlation_id=id_, timestamp=begun - DAY / 24, success=success)
    await remember(graph, [seen(end, observed)], begun + 2 * DAY)
    ended = await stored(graph, id_)
    assert ended["status"] == ("success" if success else "error")
    assert ended["completed_at"] == end.timestamp
    assert "closed_by" not in ended
    assert "open_key" not in ended


async def test_what_began_after_the_timeout_was_set_does_not_reopen_it(graph: Graph) -> None:
    id_, begun = new_id(), long_ago()
    step = HookExecuted(correlation_id=id_, execution_id=new_id(), hook_type="ToolUse", started_at=begun, success=True)
    await remember(graph, [step], begun)
    assert id_ in await close(graph, begun + DAY)
    await remember(graph, [TraceStarted(correlation_id=id_, timestamp=begun, prompt_text="late")], begun + DAY)
    trace = await stored(graph, id_)
    assert (trace["status"], trace["prompt_text"]) == ("timeout", "late")
    assert "open_key" not in trace


async def test_a_living_subagent_keeps_its_prompt_open(graph: Graph) -> None:
    id_, begun = new_id(), long_ago()
    agent = f"{id_}.agent"
    await remember(
        graph,
        [
            TraceStarted(correlation_id=id_, timestamp=begun),
            TraceStarted(correlation_id=agent, parent_id=id_, timestamp=begun + DAY / 24),
        ],
        begun,
    )
    step = HookExecuted(correlation_id=agent, execution_id=new_id(), hook_type="ToolUse", success=True)
    await remember(graph, [step], begun + DAY)  # without a time of its own: its arrival is a sign of life
    assert not {id_, agent} & await close(graph, begun + DAY)
    assert {id_, agent} <= await close(graph, begun + 2 * DAY)
    assert (await stored(graph, id_))["completed_at"] == begun + DAY


@pytest.mark.lengthy
async def test_many_living_traces_do_not_hide_a_silent_one(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    events: list[Recordable] = []
    for number in range(PAGE + 5):
        events += [
            TraceStarted(correlation_id=f"{name}.{number}", timestamp=begun),
            HookExecuted(
                correlation_id=f"{name}.{number}", execution_id=f"{name}.{number}", hook_type="ToolUse",
                started_at=begun + 2 * DAY,
            ),
        ]  # fmt: skip
    await remember(graph, [*events, TraceStarted(correlation_id=f"{name}.last", timestamp=begun + DAY / 2)], begun)
    timeout = now() - (begun + DAY)
    housekeeping = Housekeeping(graph, timeout=timeout, retention=None, archive=tmp_path, prune_every=DAY)
    assert await housekeeping.close_silent() == 1
    assert (await stored(graph, f"{name}.last"))["status"] == "timeout"
    assert (await stored(graph, f"{name}.0"))["status"] == "in_progress"
    assert await housekeeping.close_silent() == 0
    assert await housekeeping.prune() is None
    await close(graph, begun + 3 * DAY)
