"""The analytic views by GraphQL, through a real socket."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.reducers.samples import wilson_interval
from support.service import Service
from support.traces import NOON


@pytest.mark.lengthy
async def test_views(service: Service) -> None:
    start = NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))
    for ok in (True, True, False):
        trace = new_id()
        await service.parts.recorder.record(
            [
                TraceStarted(correlation_id=trace, timestamp=start),
                RoutingDecided(correlation_id=trace, selected_agent="tester"),
                HookExecuted(
                    correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", tool_name="Bash",
                    success=ok, duration_ms=20.0,
                ),
                EndpointCalled(
                    correlation_id=trace, call_id=new_id(), service_name="api", endpoint_path="/x", success=ok, duration_ms=10.0,
                    error_type=None if ok else "Timeout", retry_count=3,
                ),
                TraceCompleted(correlation_id=trace, success=ok, timestamp=start + timedelta(seconds=1)),
            ]
        )  # fmt: skip
    range_ = {"window": {"since": start.isoformat(), "until": (start + timedelta(seconds=1)).isoformat()}}
    low, high = wilson_interval(2, 3) or (0, 0)
    rate = {"successRate": pytest.approx(2 / 3), "successRateInterval": {"low": low, "high": high}}
    assert await service.execute("analytics_agents", **range_) == [
        {
            "agent": "tester",
            "totalExecutions": 3,
            "successfulExecutions": 2,
            "avgDurationMs": 1000,
            "medianDurationMs": 1000,
            "p95DurationMs": 1000,
            "exactness": "EXACT",
            **rate,
        }
    ]
    assert await service.execute("analytics_hooks", **range_) == [
        {
            "hookType": "ToolUse",
            "toolName": "Bash",
            "executionCount": 3,
            "successCount": 2,
            "avgDurationMs": 20,
            "minDurationMs": 20,
            "maxDurationMs": 20,
            "p95DurationMs": 20,
            "avgIntelligenceFunctions": 0,
            "avgQualityGates": 0,
            "exactness": "EXACT",
            **rate,
        }
    ]
    assert await service.execute("analytics_endpoints", **range_) == [
        {
            "serviceName": "api",
            "endpointPath": "/x",
            "callCount": 3,
            "successCount": 2,
            "avgDurationMs": 10,
            "p95DurationMs": 10,
            "totalRetries": 9,
            "avgRetriesPerCall": 3,
            "uniqueErrorTypes": 1,
            "errorTypes": ["Timeout"],
            "exactness": "EXACT",
            **rate,
        }
    ]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('since: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"', "since: must be before until"),
        (
            'window: {since: "2026-01-02T00:00:00Z", until: "2026-01-01T00:00:00Z"}',
            "window.since: must be before until",
        ),
        (
            'window: {since: "2026-01-02T00:00:00Z"}, since: "2026-01-02T00:00:00Z"',
            "window: must stand alone, without since and until",
        ),
        ("first: 0", "first: must be between 1 and 500, not 0"),
        ('until: "2026-01-01T00:00:00"', "until: must name its time zone, such as 2026-01-31T12:00:00Z"),
    ],
)
async def test_what_is_wrong_with_a_range(service: Service, arguments: str, message: str) -> None:
    for view in ("agentSuccessRates", "hookPerformance", "endpointReliability"):
        [error] = await service.errors(f"{{ {view}({arguments}) {{ successRate }} }}")
        assert message in error["message"]
        assert error["extensions"]["code"] == "INVALID_INPUT"
        assert error["message"].startswith(error["extensions"]["field"] + ": ")
        assert error["extensions"]["field"] in ("first", "since", "until", "window", "window.since")


SAME = {"agents": "agent", "hooks": "toolName", "endpoints": "endpointPath"}


@pytest.mark.lengthy
async def test_buckets_answer_what_the_executions_do(service: Service) -> None:
    """Over a day, from a whole hour to a whole hour, the views are made of buckets; a second less, and they are exact."""
    day = (NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    chance = random.Random(5)
    for number in range(60):
        trace, start = new_id(), day + timedelta(minutes=chance.randrange(23 * 60))
        step, ok = {"started_at": start, "timestamp": start}, chance.random() < 0.7
        await service.parts.recorder.record(
            [
                TraceStarted(correlation_id=trace, timestamp=start),
                RoutingDecided(correlation_id=trace, selected_agent=f"tester {number % 3}", timestamp=start),
                HookExecuted(
                    correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", tool_name=("Bash", None)[number % 2],
                    success=ok if number % 10 else None, quality_gates_validated=["a"] * (number % 3 if number % 10 else 0),
                    duration_ms=chance.lognormvariate(4, 1) if number % 10 else None, **step,
                ),
                EndpointCalled(
                    correlation_id=trace, call_id=new_id(), service_name="api", endpoint_path=f"/{number % 2}", success=ok,
                    duration_ms=chance.lognormvariate(3, 1), error_type=None if ok else f"E{number % 4}", retry_count=number % 2,
                    **step,
                ),
                TraceCompleted(correlation_id=trace, success=ok, timestamp=start + timedelta(seconds=chance.randrange(1, 90))),
            ]
        )  # fmt: skip
    whole, part = [
        {"window": {"since": day.isoformat(), "until": (day + timedelta(days=1, seconds=less)).isoformat()}}
        for less in (0, -1)
    ]
    for name, key in SAME.items():
        bucketed, exact = (
            await service.execute(f"analytics_{name}", **whole),
            await service.execute(f"analytics_{name}", **part),
        )
        assert [row[key] for row in bucketed] == [row[key] for row in exact]
        assert {row.pop("exactness") for row in bucketed} == {"BUCKETED"}
        assert {row.pop("exactness") for row in exact} == {"EXACT"}
        for row, expected in zip(bucketed, exact, strict=True):
            assert row == {field: _nearly(field, value) for field, value in expected.items()}
        assert await service.execute(f"analytics_{name}", **whole, first=1) == [
            {**bucketed[0], "exactness": "BUCKETED"}
        ]


def _nearly(field: str, value: object) -> object:
    """Percentiles, minimum and maximum are within 1 %; means are of durations in whole microseconds."""
    if not isinstance(value, float):
        return value
    estimated = field.startswith(("p95", "median", "min", "max"))
    return pytest.approx(value, rel=0.0101 if estimated else 1e-5)
