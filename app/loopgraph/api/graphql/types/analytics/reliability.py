"""How far patterns can be relied on, and which of several to prefer."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import AnalyticsBasis
from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import ReliabilityVerdict
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import PATTERN, VERSION, link
from loopgraph.contracts.analytics import reliability as contracts
from loopgraph.orchestrators.analytics.reliability import MOST_RANKED


@strawberry.type(description="What came of executions, and what that says of a threshold.")
class Reliability:
    executions: Long = strawberry.field(description="Of how many executions it is known what came of them.")
    unknown: Long = strawberry.field(description="Of how many that is not known; they are in no rate.")
    successes: Long = strawberry.field(description="How many of them succeeded.")
    units: Long = strawberry.field(description="In how many units they are: sessions, users, tasks.")
    effective_executions: float | None = strawberry.field(
        description="How many independent executions they are worth, as those of one unit depend on each other; null without any."
    )
    success_rate: float | None = strawberry.field(description="Successes over executions, 0..1; null without any.")
    success_rate_interval: Interval | None = strawberry.field(
        description="Wilson's interval at 95 % for so many independent executions; null without any."
    )
    reliability: float | None = strawberry.field(
        description="The lower bound of the interval: the rate that can be counted on; null without executions."
    )
    verdict: ReliabilityVerdict

    @classmethod
    def of(cls, found: contracts.Reliability) -> Self:
        return shape(
            cls, found, effective_executions=found.effective, success_rate_interval=Interval.of(found.interval)
        )


@strawberry.type(description="How far a pattern can be relied on.")
class PatternReliability:
    basis: AnalyticsBasis = strawberry.field(description="Of what it is made.")
    pattern_id: strawberry.ID
    threshold: float = strawberry.field(description="The rate of success that was asked for, 0..1.")
    whole: Reliability = strawberry.field(description="By the executions of all its versions.")
    current_node_id: strawberry.ID | None = strawberry.field(
        description="The own id of the version in use; null: none is."
    )
    current: Reliability | None = strawberry.field(description="By the executions of the version in use alone.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")
    current_version = link("version", "current_node_id", VERSION, "The version in use.")

    @classmethod
    def of(cls, found: contracts.PatternReliability) -> Self:
        return shape(
            cls,
            found,
            basis=shape(AnalyticsBasis, found.basis),
            whole=Reliability.of(found.whole),
            current=Reliability.of(found.current) if found.current else None,
        )


@strawberry.type(description="One of several patterns that were matched.")
class RankedPattern:
    rank: int = strawberry.field(description="Its place, from 1, the best.")
    pattern_id: strawberry.ID
    score: float = strawberry.field(
        description="0.4 similarity + 0.3 historical success + 0.3 recent performance, 0..1; without similarities the mean of "
        "the last two."
    )
    similarity: float | None = strawberry.field(
        description="As it was given, or that of the texts, 0..1; null without either."
    )
    historical_success: float = strawberry.field(
        description="The lower bound of the interval of the success rate, so that few executions count for little; 0 without any."
    )
    recent_performance: float = strawberry.field(
        description="The same of recent executions, as a mean with `recentSpeed` where that is known; 0 without any."
    )
    recent_speed: float | None = strawberry.field(
        description="The shortest mean duration of recent executions among these patterns over its own, 0..1; null where it is "
        "not known."
    )
    history: Reliability = strawberry.field(description="What came of its executions.")
    recent: Reliability = strawberry.field(description="What came of its recent executions.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")

    @classmethod
    def of(cls, found: contracts.RankedPattern) -> Self:
        return shape(cls, found, history=Reliability.of(found.history), recent=Reliability.of(found.recent))


@strawberry.type(description="Patterns that were matched, the best first.")
class PatternRanking:
    basis: AnalyticsBasis = strawberry.field(description="Of what the history is made.")
    recent_basis: AnalyticsBasis = strawberry.field(description="Of what the recent part is made.")
    patterns: list[RankedPattern] = strawberry.field(
        description="All of them, the best first; of equal scores, the more reliable.",
        directives=[at_most(MOST_RANKED)],
    )

    @classmethod
    def of(cls, found: contracts.PatternRanking) -> Self:
        return shape(
            cls,
            found,
            basis=shape(AnalyticsBasis, found.basis),
            recent_basis=shape(AnalyticsBasis, found.recent_basis),
            patterns=[RankedPattern.of(one) for one in found.patterns],
        )
