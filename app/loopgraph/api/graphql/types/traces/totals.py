"""What is said of a trace as a whole: its routing, and what is in it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.list_size import SHORT, short_list
from loopgraph.api.graphql.types.nodes import PATTERN, link
from loopgraph.contracts.traces import assembly
from loopgraph.contracts.traces import records as contracts


@strawberry.type(description="An agent that was considered and not chosen.")
class Alternative:
    agent: str
    confidence: float | None


@strawberry.type(description="Which agent was chosen for a trace, and why.")
class RoutingDecision:
    user_request: str | None
    selected_agent: str | None
    selection_reason: str | None
    confidence_total: float | None
    confidence_trigger: float | None
    confidence_context: float | None
    confidence_capability: float | None
    confidence_historical: float | None
    alternatives: list[Alternative] = short_list()
    routing_strategy: str | None
    pattern_id: strawberry.ID | None
    cache_hit: bool
    routing_duration_ms: float | None
    created_at: datetime

    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that the router used.")

    @classmethod
    def of(cls, decision: contracts.RoutingDecision) -> Self:
        alternatives = [shape(Alternative, alternative) for alternative in decision.alternatives[:SHORT]]
        return shape(cls, decision, alternatives=alternatives)


@strawberry.type(description="What is in a trace, or in a tree of traces.")
class Totals:
    subagents: int = strawberry.field(description="Traces that were spawned.")
    steps: int
    failed_steps: int
    endpoint_calls: int
    failed_endpoint_calls: int
    input_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    cache_read_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    cache_write_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    output_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    reasoning_tokens: Long | None = strawberry.field(description="Null where no call reports any.")
    cost_usd: float | None = strawberry.field(
        description="What the calls of models cost whose cost is known, in US dollars; null where none is."
    )
    reported_cost_usd: float | None = strawberry.field(
        description="What of that the senders of the calls say themselves; the rest is by the list of prices."
    )
    unpriced_models: list[str] = short_list("Models that were called, and of which nobody knows what that cost.")
    rag_queries: int
    quality_gates: int

    @classmethod
    def of(cls, totals: assembly.Totals) -> Self:
        return shape(cls, totals, unpriced_models=list(totals.unpriced_models[:SHORT]))
