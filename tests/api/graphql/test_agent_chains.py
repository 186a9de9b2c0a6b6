"""Chains of agents by GraphQL, through a real socket."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.reducers.samples import wilson_interval
from support.access import mate, owned
from support.service import Service
from support.traces import NOON


@pytest.mark.lengthy
async def test_chains(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))
    prompts = [new_id() for _ in range(3)]
    for number, prompt in enumerate(prompts):
        since = begin + timedelta(minutes=number)
        about = {"started_at": since, "completed_at": since + timedelta(seconds=10), "success": True}
        await service.parts.recorder.record(
            [
                TraceStarted(correlation_id=prompt, timestamp=since, user_id="ada"),
                HookExecuted(correlation_id=prompt, execution_id=f"{prompt}-s", hook_type="ToolUse", tool_name="Agent", **about),
                TraceStarted(
                    correlation_id=f"{prompt}-c", timestamp=since + timedelta(seconds=1), parent_id=prompt, root_id=prompt,
                    spawned_by=f"{prompt}-s", agent_type="explorer", user_id="ada",
                ),
                TraceCompleted(correlation_id=f"{prompt}-c", success=number > 0, timestamp=since + timedelta(seconds=8)),
            ]
        )  # fmt: skip
    range_ = {"window": {"since": begin.isoformat(), "until": (begin + timedelta(hours=1)).isoformat()}}
    found = await service.execute("analytics_agent_chains", **range_)
    [chain] = found.pop("chains")
    assert found == {**range_["window"], "totalChains": 1, "traces": 6, "reachesBackTo": None, "complete": True}
    low, high = wilson_interval(2, 3) or (0, 0)
    assert chain == {
        "agents": ["main", "explorer"],
        "depth": 1,
        "count": 3,
        "prompts": 3,
        "successes": 2,
        "failures": 1,
        "unknown": 0,
        "successRate": pytest.approx(2 / 3),
        "successRateInterval": {"low": low, "high": high},
        "timed": 3,
        "avgDurationMs": 10_000,
        "avgOverheadMs": 3_000,
        "overheadShare": pytest.approx(0.3),
        "lastUsedAt": chain["lastUsedAt"],
        "samples": [{"correlationId": prompt, "trace": {"status": "IN_PROGRESS"}} for prompt in reversed(prompts)],
    }
    assert (await service.execute("analytics_agent_chains", **range_, agent="other"))["totalChains"] == 0
    await owned(service.parts.graph)
    monkeypatch.setattr("loopgraph.api.graphql.context.asking", lambda connection: mate("bob"))
    hidden = await service.execute("analytics_agent_chains", **range_)
    assert (hidden["totalChains"], hidden["traces"]) == (0, 0)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ('window: {since: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"}', "window.since"),
        ("first: 0", "first"),
        ('agent: ""', "agent"),
    ],
)
async def test_what_is_wrong_with_a_question(service: Service, arguments: str, field: str) -> None:
    [error] = await service.errors(f"{{ agentChains({arguments}) {{ traces }} }}")
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", field)
