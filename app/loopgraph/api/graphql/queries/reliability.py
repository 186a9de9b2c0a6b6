"""Queries of how far patterns can be relied on."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.analytics.reliability import PatternRanking, PatternReliability
from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput
from loopgraph.api.graphql.types.analytics.subjects import window as window_over
from loopgraph.api.graphql.types.common import Info, checked
from loopgraph.contracts.analytics.reliability import THRESHOLD, Candidate
from loopgraph.contracts.base import Text, Unit
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.reliability import MOST_RANKED, find_reliability, rank_patterns

MOST_RECENT_DAYS = 90


@strawberry.input(description="A pattern that was matched.")
class PatternCandidateInput:
    pattern_id: strawberry.ID
    similarity: float | None = strawberry.field(
        default=None, description="How well it matches, 0..1, as who matched it says; all have one, or none."
    )


@strawberry.type
class ReliabilityQuery:
    @strawberry.field(
        description="How far a pattern can be relied on: its success rate with an interval that knows that executions of one "
        "session depend on each other, and what that says of a threshold."
    )
    async def pattern_reliability(
        self,
        info: Info,
        pattern_id: strawberry.ID,
        threshold: float = THRESHOLD,
        window: AnalyticsWindowInput | None = None,
    ) -> PatternReliability:
        services, wanted = info.context.services, checked(Unit, threshold, "threshold")
        found = await find_reliability(
            services.buckets, services.lineage_reads, pattern_id, wanted, window_over(window), info.context.principal
        )
        return PatternReliability.of(found)

    @strawberry.field(
        description="Patterns that were matched, the best first: by how well they match, what came of them, and how they did "
        "lately. At most 100."
    )
    async def rank_patterns(
        self,
        info: Info,
        candidates: list[PatternCandidateInput],
        text: str | None = None,
        recent_days: int = 7,
        window: AnalyticsWindowInput | None = None,
    ) -> PatternRanking:
        if not 1 <= len(candidates) <= MOST_RANKED:
            raise InvalidInput("candidates", f"must be 1 to {MOST_RANKED} patterns, not {len(candidates)}")
        if not 1 <= recent_days <= MOST_RECENT_DAYS:
            raise InvalidInput("recentDays", f"must be between 1 and {MOST_RECENT_DAYS}, not {recent_days}")
        given = [
            Candidate(one.pattern_id, checked(Unit | None, one.similarity, f"candidates.{number}.similarity"))
            for number, one in enumerate(candidates)
        ]
        services = info.context.services
        found = await rank_patterns(
            services.buckets,
            services.lineage_reads,
            given,
            checked(Text | None, text, "text"),
            window_over(window),
            recent_days,
            now(),
            info.context.principal,
        )
        return PatternRanking.of(found)
