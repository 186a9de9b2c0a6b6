"""The analytic views."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Long
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import short_list
from loopgraph.reducers.samples import wilson_interval

_MEAN = "Over the durations that are known."
_P95 = "Linear-interpolated (type 7), over the durations that are known."


def _interval(successes: int, n: int) -> Interval | None:
    return Interval.of(wilson_interval(successes, n))


@strawberry.type(description="How the traces of one agent ended, of those that are over.")
class AgentSuccessRate:
    agent: str
    total_executions: Long
    successful_executions: Long
    success_rate: float | None
    avg_duration_ms: float | None = strawberry.field(description=_MEAN)
    median_duration_ms: float | None = strawberry.field(description=_P95)
    p95_duration_ms: float | None = strawberry.field(description=_P95)

    @strawberry.field(description="Wilson's interval at 95 %.")
    def success_rate_interval(self) -> Interval | None:
        return _interval(self.successful_executions, self.total_executions)


@strawberry.type(description="How the steps of one type and tool went, of those that are over.")
class HookPerformance:
    hook_type: str | None
    tool_name: str | None
    execution_count: Long
    avg_duration_ms: float | None = strawberry.field(description=_MEAN)
    min_duration_ms: float | None
    max_duration_ms: float | None
    p95_duration_ms: float | None = strawberry.field(description=_P95)
    success_count: Long
    success_rate: float | None
    avg_intelligence_functions: float = strawberry.field(description="Per step; one that reports none has none.")
    avg_quality_gates: float = strawberry.field(description="Per step; one that reports none has none.")

    @strawberry.field(description="Wilson's interval at 95 %.")
    def success_rate_interval(self) -> Interval | None:
        return _interval(self.success_count, self.execution_count)


@strawberry.type(description="How the calls of one endpoint went, of those that are over.")
class EndpointReliability:
    service_name: str
    endpoint_path: str
    call_count: Long
    success_count: Long
    success_rate: float | None
    avg_duration_ms: float | None = strawberry.field(description=_MEAN)
    p95_duration_ms: float | None = strawberry.field(description=_P95)
    total_retries: Long
    avg_retries_per_call: float
    unique_error_types: int
    error_types: list[str] = short_list()

    @strawberry.field(description="Wilson's interval at 95 %.")
    def success_rate_interval(self) -> Interval | None:
        return _interval(self.success_count, self.call_count)
