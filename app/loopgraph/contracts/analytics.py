"""The analytic views of seed 003 §4.5. Durations are in milliseconds, over those that are known; rates are 0..1."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Instant, NonNegative, Unit

Count = Annotated[int, Field(ge=0)]


class TimeRange(Contract):
    """``since`` is inclusive, ``until`` exclusive; None is open. What it is over are the starts of traces (or arrivals)."""

    since: Instant | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError("since must be before until")
        return self


class AgentSuccessRate(Contract):
    """How the traces of one agent ended, of those that are over; those that were interrupted are among them, as no successes."""

    agent: str
    total_executions: Count
    successful_executions: Count
    success_rate: Unit | None
    avg_duration_ms: NonNegative | None
    median_duration_ms: NonNegative | None
    p95_duration_ms: NonNegative | None


class HookPerformance(Contract):
    """How the steps of one type and tool went, of those that are over; functions and gates are means per step.

    Steps that were denied or interrupted are among them, as no successes."""

    hook_type: str | None
    tool_name: str | None
    execution_count: Count
    avg_duration_ms: NonNegative | None
    min_duration_ms: NonNegative | None
    max_duration_ms: NonNegative | None
    p95_duration_ms: NonNegative | None
    success_count: Count
    success_rate: Unit | None
    avg_intelligence_functions: NonNegative
    avg_quality_gates: NonNegative


class EndpointReliability(Contract):
    """How the calls of one endpoint went, of those that are over; ``error_types`` are sorted."""

    service_name: str
    endpoint_path: str
    call_count: Count
    success_count: Count
    success_rate: Unit | None
    avg_duration_ms: NonNegative | None
    p95_duration_ms: NonNegative | None
    total_retries: Count
    avg_retries_per_call: NonNegative
    error_types: tuple[str, ...]

    @property
    def unique_error_types(self) -> int:
        """How many error types there were."""
        return len(self.error_types)
