"""The analytic views of seed 003 §4.5. Durations are in milliseconds, over those that are known; rates are 0..1."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from loopgraph.contracts.analytics.windows import Exactness
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
    exactness: Exactness = Exactness.EXACT


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
    exactness: Exactness = Exactness.EXACT


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
    exactness: Exactness = Exactness.EXACT

    @property
    def unique_error_types(self) -> int:
        """How many error types there were."""
        return len(self.error_types)


class UsageDimension(StrEnum):
    """By what the usage of models can be told apart. ``PROJECT`` is the folder that a session worked in, ``DAY`` the one (UTC) on
    which a call began, ``AGENT`` the agent that a routing selected, or the type of the subagent."""

    MODEL = "model"
    SERVICE = "service"
    DAY = "day"
    PROJECT = "project"
    SESSION = "session"
    USER = "user"
    AGENT = "agent"
    SKILL = "skill"


class ModelUsageSums(Contract):
    """What calls of language models used and cost (US dollars), sums over those that are known.

    ``input_tokens`` holds those read from caches and written to them, ``output_tokens`` those of reasoning. ``cost_usd`` is None
    where no call has a cost; ``reported_cost_usd`` is what of it the senders say themselves. ``unpriced_calls`` used tokens, and
    nobody knows what they cost; ``unpriced_models`` are their models, sorted.
    """

    calls: Count
    input_tokens: Count
    cache_read_tokens: Count
    cache_write_tokens: Count
    output_tokens: Count
    reasoning_tokens: Count
    cost_usd: NonNegative | None
    reported_cost_usd: NonNegative | None
    unpriced_calls: Count
    unpriced_models: tuple[str, ...]


NO_USAGE = ModelUsageSums(
    calls=0,
    input_tokens=0,
    cache_read_tokens=0,
    cache_write_tokens=0,
    output_tokens=0,
    reasoning_tokens=0,
    cost_usd=None,
    reported_cost_usd=None,
    unpriced_calls=0,
    unpriced_models=(),
)


class ModelUsage(ModelUsageSums):
    """The sums of one group. A dimension is None where the groups are not told apart by it, and where a call has none."""

    model: str | None
    service_name: str | None
    day: date | None
    project: str | None
    session_id: str | None
    user_id: str | None
    agent: str | None
    skill: str | None
