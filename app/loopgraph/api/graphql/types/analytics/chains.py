"""Chains of agents: who hands work to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import TRACE, link
from loopgraph.computes.analytics.chains import SAMPLES
from loopgraph.contracts.analytics import chains as contracts
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.effects.analytics.chains import DEEPEST
from loopgraph.reducers.samples import wilson_interval


@strawberry.type(description="A prompt in which a chain occurred.")
class ChainSample:
    correlation_id: strawberry.ID
    trace = link("head", "correlation_id", TRACE, "The trace of the prompt.")


@strawberry.type(
    description="One sequence of agents, each of which handed work to the next, from that of a prompt down to a subagent that "
    "handed on nothing."
)
class AgentChain:
    agents: list[str] = strawberry.field(
        description=f"The agents, that of the prompt first: the one that a routing selected, or `{contracts.MAIN}`; then types "
        f"of subagents, `{contracts.SUBAGENT}` where nobody named one.",
        directives=[at_most(DEEPEST + 1)],
    )
    depth: int = strawberry.field(description="How often work was handed on.")
    count: Long = strawberry.field(description="How often the chain occurred; a prompt can have it several times.")
    prompts: Long = strawberry.field(description="In how many prompts it occurred.")
    successes: Long = strawberry.field(description="How often all that was handed on succeeded.")
    failures: Long = strawberry.field(description="How often some of it did not.")
    unknown: Long = strawberry.field(description="How often some of it goes on, and nothing else went wrong.")
    success_rate: float | None = strawberry.field(
        description="Successes over those of which it is known, 0..1; null where there is none."
    )
    timed: Long = strawberry.field(
        description="Of how many occurrences all times are known; duration and overhead are of these."
    )
    avg_duration_ms: float | None = strawberry.field(
        description="Mean time of the step that handed on first, which spans the others, in milliseconds; null without any timed."
    )
    avg_overhead_ms: float | None = strawberry.field(
        description="Mean overhead of coordination, in milliseconds: the time that steps which handed on waited while the agent "
        "that they had called did not work (yet, or any more), over all links of the chain; null without any timed."
    )
    overhead_share: float | None = strawberry.field(
        description="The sum of the overheads over that of the durations; null without any timed."
    )
    last_used_at: datetime = strawberry.field(description="When the last agent of the latest occurrence began, in UTC.")
    samples: list[ChainSample] = strawberry.field(
        description="The latest prompts in which it occurred.", directives=[at_most(SAMPLES)]
    )

    @strawberry.field(description="Wilson's interval of the success rate at 95 %.")
    def success_rate_interval(self) -> Interval | None:
        return Interval.of(wilson_interval(self.successes, self.successes + self.failures))

    @classmethod
    def of(cls, chain: contracts.AgentChain) -> Self:
        samples = [ChainSample(correlation_id=strawberry.ID(id_)) for id_ in chain.sample_ids]
        return shape(cls, chain, agents=list(chain.agents), samples=samples)


@strawberry.type(description="The chains of agents of a range of time.")
class AgentChains:
    since: datetime = strawberry.field(description="Prompts that began before do not count.")
    until: datetime = strawberry.field(description="Nor do those that began then or later.")
    chains: list[AgentChain] = strawberry.field(
        description="The most frequent chains, the most frequent first, as many as `first` says."
    )
    total_chains: Long = strawberry.field(description="How many different chains there are.")
    traces: Long = strawberry.field(description="How many traces were looked at.")
    reaches_back_to: datetime | None = strawberry.field(
        description="Prompts that began before were not looked at, as there are too many in the range; null: all were."
    )
    complete: bool = strawberry.field(
        description="Whether all that these prompts handed on is there; else it was too much."
    )

    @classmethod
    def of(cls, found: contracts.AgentChains, span: TimeRange) -> Self:
        chains = [AgentChain.of(chain) for chain in found.chains]
        return shape(
            cls,
            found,
            since=span.since,
            until=span.until,
            chains=chains,
            total_chains=found.total,
            complete=found.whole,
        )
