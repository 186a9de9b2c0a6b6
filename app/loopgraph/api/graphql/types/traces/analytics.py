"""The analytic views."""

from __future__ import annotations

from datetime import date
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import Exactness
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import SHORT, short_list
from loopgraph.api.graphql.types.nodes import SESSION, link
from loopgraph.contracts.analytics import views as contracts
from loopgraph.reducers.samples import wilson_interval

_MEAN = "Over the durations that are known."
_P95 = "Linear-interpolated (type 7), over the durations that are known; from buckets, within 1 % of that."
_EXACTNESS = (
    "BUCKETED over a range of whole hours that is at least a day, over an open one, and over more than a week (whose first and "
    "last hours then count whole): what began in these hours. Else EXACT: what the traces that began in the range consist of."
)


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
    exactness: Exactness = strawberry.field(description=_EXACTNESS)

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
    exactness: Exactness = strawberry.field(description=_EXACTNESS)

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
    exactness: Exactness = strawberry.field(description=_EXACTNESS)

    @strawberry.field(description="Wilson's interval at 95 %.")
    def success_rate_interval(self) -> Interval | None:
        return _interval(self.success_count, self.call_count)


_COST = (
    "In US dollars, of the calls whose cost is known: as their senders say, else by the list of prices. Null where no call has "
    "one. It is what the models' makers ask for by their public prices; a subscription costs something else."
)
_REPORTED = "What of the cost the senders of the calls say themselves; null where none does."
_UNPRICED = "Calls that used tokens, and of which nobody knows what they cost."


@strawberry.type(description="What calls of language models used and cost.")
class ModelUsageSums:
    calls: Long = strawberry.field(description="How many calls there are.")
    input_tokens: Long
    cache_read_tokens: Long
    cache_write_tokens: Long
    output_tokens: Long
    reasoning_tokens: Long
    cost_usd: float | None = strawberry.field(description=_COST)
    reported_cost_usd: float | None = strawberry.field(description=_REPORTED)
    unpriced_calls: Long = strawberry.field(description=_UNPRICED)
    unpriced_models: list[str] = short_list("The models of those calls.")

    @classmethod
    def of(cls, sums: contracts.ModelUsageSums) -> Self:
        return shape(cls, sums, unpriced_models=list(sums.unpriced_models[:SHORT]))


@strawberry.type(
    description="What one group of calls of language models used and cost. A dimension is null where the groups are not told "
    "apart by it, and where a call has none."
)
class ModelUsage(ModelUsageSums):
    model: str | None = strawberry.field(description="The language model.")
    service_name: str | None
    day: date | None = strawberry.field(description="The day (UTC) on which the calls began.")
    project: str | None = strawberry.field(
        description="What the traces were for, or the folder that their sessions worked in."
    )
    session_id: strawberry.ID | None
    user_id: str | None
    agent: str | None = strawberry.field(
        description="The agent that a routing selected, or the type of the subagent; null for an agent client itself."
    )
    skill: str | None

    session = link("session", "session_id", SESSION, "The session of the calls.")


@strawberry.type(description="By what the costs of calls are computed that their senders do not say.")
class PriceList:
    name: str = strawberry.field(
        description="The public list and its version; it is part of this release, and asks no network."
    )
    newest_price_since: date = strawberry.field(
        description="Since when the newest of its prices holds that are in force today."
    )
    own_models: list[str] = short_list("Models, or beginnings of their names, that have prices of your own.")
