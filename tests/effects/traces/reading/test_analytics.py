"""The analytic views against the reducers, which are checked against numpy, on every engine."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from pydantic import BaseModel

from loopgraph.contracts.analytics.views import AgentSuccessRate, EndpointReliability, HookPerformance, TimeRange
from loopgraph.contracts.traces.events import (
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
)
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.reducers.samples import percentile
from support.access import mate, owned
from support.traces import NOON, Traces, record

ANYBODY, MANY = None, 1_000


def years() -> datetime:
    """The start of a day that no other test uses: the views are over ranges of time."""
    return NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def known(runs: Sequence[tuple[bool, float | None]]) -> list[float]:
    """The durations that are known."""
    return [ms for _, ms in runs if ms is not None]


def check(found: Sequence[BaseModel], expected: Sequence[BaseModel]) -> None:
    """The same rows, numbers up to rounding."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for name, value in other:
            wanted = pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
            assert getattr(one, name) == wanted, name


async def test_the_views_are_what_the_reducers_say(graph: Graph) -> None:
    start, mark, chance = years(), new_id(), random.Random(7)
    events: list[TraceEvent] = []
    agents, hooks, calls = (defaultdict[str, list[tuple[bool, float | None]]](list) for _ in range(3))
    retries: dict[str, int] = defaultdict(int)
    errors: dict[str, set[str]] = defaultdict(set)
    for number in range(40):
        trace, at, ok = f"{mark}-{number}", start + timedelta(seconds=number), chance.random() < 0.7
        agent = f"agent-{number % 3}"
        events.append(
            TraceStarted(correlation_id=trace, timestamp=at, agent_type="explorer" if number % 5 == 0 else None)
        )
        if number % 5:
            events.append(RoutingDecided(correlation_id=trace, selected_agent=agent))
        if number % 8:  # the others go on
            end = at + timedelta(microseconds=chance.randrange(90_000_000_000))
            events.append(TraceCompleted(correlation_id=trace, success=ok, timestamp=end))
            agents["explorer" if number % 5 == 0 else agent].append((ok, (end - at) / timedelta(milliseconds=1)))
        for step in range(number % 4):
            tool, ok = f"tool-{step}", chance.random() < 0.5
            ms = chance.choice([None, chance.uniform(0, 1_000)])
            execution = f"{trace}-{step}"
            hooks[tool].append((ok, ms))
            events.append(
                HookExecuted(
                    correlation_id=trace, execution_id=execution, hook_type="ToolUse", tool_name=tool, success=ok,
                    duration_ms=ms, quality_gates_validated=("a",) * (step % 2),
                )
            )  # fmt: skip
            path = f"/{step}"
            calls[path].append((ok, ms))
            retries[path] += step
            if not ok:
                errors[path].add(f"E{number % 2}")
            events.append(
                EndpointCalled(
                    correlation_id=trace, call_id=f"{execution}-call", service_name="api", endpoint_path=path, success=ok,
                    duration_ms=ms, retry_count=step, error_type=None if ok else f"E{number % 2}",
                    hook_execution_id=execution if number % 2 else None,
                )
            )  # fmt: skip
        events.append(
            HookExecuted(correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", tool_name="tool-0")
        )
    await record(Traces(graph), *events)

    range_, analytics = TimeRange(since=start, until=start + timedelta(hours=1)), Analytics(graph)
    expected = sorted(
        [
            AgentSuccessRate(
                agent=agent,
                total_executions=len(runs),
                successful_executions=sum(ok for ok, _ in runs),
                success_rate=mean([ok for ok, _ in runs]),
                avg_duration_ms=mean(known(runs)),
                median_duration_ms=percentile(known(runs), 50),
                p95_duration_ms=percentile(known(runs), 95),
            )
            for agent, runs in agents.items()
        ],
        key=lambda row: (-(row.success_rate or 0), -row.total_executions, row.agent),
    )
    check(await analytics.agent_success_rates(range_, ANYBODY, MANY), expected)
    check(
        await analytics.hook_performance(range_, ANYBODY, MANY),
        [
            HookPerformance(
                hook_type="ToolUse",
                tool_name=tool,
                execution_count=len(runs),
                avg_duration_ms=mean(known(runs)),
                min_duration_ms=min(known(runs)),
                max_duration_ms=max(known(runs)),
                p95_duration_ms=percentile(known(runs), 95),
                success_count=sum(ok for ok, _ in runs),
                success_rate=mean([ok for ok, _ in runs]),
                avg_intelligence_functions=0,
                avg_quality_gates=1 if tool == "tool-1" else 0,
            )
            for tool, runs in sorted(hooks.items(), key=lambda item: -len(item[1]))
        ],
    )
    check(
        await analytics.endpoint_reliability(range_, ANYBODY, MANY),
        [
            EndpointReliability(
                service_name="api",
                endpoint_path=path,
                call_count=len(runs),
                success_count=sum(ok for ok, _ in runs),
                success_rate=mean([ok for ok, _ in runs]),
                avg_duration_ms=mean(known(runs)),
                p95_duration_ms=percentile(known(runs), 95),
                total_retries=retries[path],
                avg_retries_per_call=retries[path] / len(runs),
                error_types=tuple(sorted(errors[path])),
            )
            for path, runs in sorted(calls.items(), key=lambda item: -len(item[1]))
        ],
    )
    assert len(await analytics.hook_performance(range_, ANYBODY, 2)) == 2
    assert await analytics.hook_performance(TimeRange(until=range_.since, since=start - timedelta(1)), ANYBODY, 2) == []


async def test_the_views_show_what_one_may_see_and_nothing_unknown(graph: Graph) -> None:
    start, trace = years(), new_id()
    await record(
        Traces(graph),
        TraceStarted(correlation_id=trace, timestamp=start, user_id="ada", agent_type="explorer"),
        HookExecuted(correlation_id=trace, execution_id=new_id(), hook_type="Stop", success=False),
        EndpointCalled(
            correlation_id=trace, call_id=new_id(), service_name="api", endpoint_path="/", success=False
        ),
        TraceCompleted(correlation_id=trace, success=False, timestamp=start - timedelta(seconds=1)),
    )  # fmt: skip
    range_, analytics = TimeRange(since=start, until=start + timedelta(seconds=1)), Analytics(graph)
    await owned(graph)
    for principal, rows in ((mate("ada"), 1), (mate("bob"), 0)):
        agents = await analytics.agent_success_rates(range_, principal, MANY)
        steps = await analytics.hook_performance(range_, principal, MANY)
        calls = await analytics.endpoint_reliability(range_, principal, MANY)
        assert [len(agents), len(steps), len(calls)] == [rows] * 3
        found: list[AgentSuccessRate | HookPerformance | EndpointReliability] = [*agents, *steps, *calls]
        for row in found:
            assert (row.success_rate, row.avg_duration_ms, row.p95_duration_ms) == (0, None, None)
        assert [row.error_types for row in calls] == [()] * rows
