"""The views that read what happened, and the buckets, say the same."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject, SubjectKind
from loopgraph.contracts.analytics.sums import NANO_PER_USD, UsageSums
from loopgraph.contracts.analytics.views import TimeRange, UsageDimension
from loopgraph.contracts.analytics.windows import Grain, Window
from loopgraph.contracts.traces.events import OF_PATTERN
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.reducers.usage.sums import total
from support.usage import Work, own_day

MANY = 1_000


@pytest.mark.lengthy
@pytest.mark.parametrize("seed", range(2))
async def test_the_views_are_what_the_buckets_say(graph: Graph, seed: int) -> None:
    work = Work(own_day(), random.Random(seed))
    await work.define(graph)
    await TraceWrites(graph, lambda usage: 0.125, choose).record(work.events(), received_at=work.day)
    await Rolling(graph, OwnCriteria().judge).count_all()
    window = Window(since=work.day, until=work.day + timedelta(days=2))
    range_, views, reads = TimeRange(since=window.since, until=window.until), Analytics(graph), UsageReads(graph)

    async def sums(subject: Subject) -> UsageSums:
        by_hour, by_day = [
            total(bucket.sums for bucket in (await reads.series([subject], window, grain, dimensions=True))[subject])
            for grain in (Grain.HOUR, Grain.DAY)
        ]
        assert by_hour == by_day
        return by_hour

    def over(of: UsageSums) -> int:
        return of.executions - of.statuses.get("in_progress", 0)

    agents = await views.agent_success_rates(range_, None, MANY)
    assert agents
    for agent in agents:
        found = await sums(Subject(SubjectKind.AGENT, agent.agent))
        assert (over(found), found.successes) == (agent.total_executions, agent.successful_executions)
        assert found.successes + found.failures == over(found)
    steps = [step for step in await views.hook_performance(range_, None, MANY) if step.hook_type != OF_PATTERN]
    assert steps
    for step in steps:
        found = await sums(Subject(SubjectKind.TOOL, step.tool_name or "", step.hook_type or ""))
        assert (over(found), found.successes) == (step.execution_count, step.success_count)
        if step.avg_duration_ms is not None:
            assert found.duration.total / found.duration.n / 1000 == pytest.approx(step.avg_duration_ms, abs=0.001)
    endpoints = await views.endpoint_reliability(range_, None, MANY)
    assert endpoints
    for endpoint in endpoints:
        found = await sums(Subject(SubjectKind.ENDPOINT, endpoint.endpoint_path, endpoint.service_name))
        assert (over(found), found.successes, found.retries) == (
            endpoint.call_count, endpoint.success_count, endpoint.total_retries,
        )  # fmt: skip
        assert tuple(found.errors) == endpoint.error_types
    used = await views.model_usage(range_, [UsageDimension.MODEL], None, MANY)
    for model in used:
        found = await sums(Subject(SubjectKind.MODEL, model.model or ""))
        assert found.executions == model.calls
        assert (found.input_tokens, found.output_tokens) == (model.input_tokens, model.output_tokens)
        assert found.cost_nanousd / NANO_PER_USD == pytest.approx(model.cost_usd or 0.0, abs=1e-7)
        assert found.reported_cost_nanousd / NANO_PER_USD == pytest.approx(model.reported_cost_usd or 0.0, abs=1e-7)
        assert found.unpriced == model.unpriced_calls
    everything = await sums(EVERYTHING)
    assert everything.executions == len(work.traces)
    assert everything.input_tokens == sum(model.input_tokens for model in used)
    for dimension, kind in ((UsageDimension.PROJECT, SubjectKind.PROJECT), (UsageDimension.USER, SubjectKind.USER)):
        for model in await views.model_usage(range_, [dimension], None, MANY):
            if name := model.project or model.user_id:
                found = await sums(Subject(kind, name))
                assert found.cost_nanousd / NANO_PER_USD == pytest.approx(model.cost_usd or 0.0, abs=1e-7)
                assert found.output_tokens == model.output_tokens
    ranked = await reads.ranked(SubjectKind.TOOL, window, Grain.DAY, MANY)
    assert {one.subject.name for one in ranked} >= {step.tool_name for step in steps if step.tool_name}
    for one in ranked:
        counts = (await reads.counts([one.subject], window, Grain.HOUR))[one.subject]
        assert sum(count.executions for count in counts) == one.executions
