"""Queries over learned patterns."""

from __future__ import annotations

import dataclasses

import strawberry

from loopgraph.api.graphql.types.common import Info, validated
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import Standing
from loopgraph.api.graphql.types.learning.patterns import LEARNED, LearnedPattern, LearningHealth
from loopgraph.contracts.learning.views import LearnedFilter


@strawberry.input(description="Which learned patterns; what is null does not filter.")
class LearnedPatternFilter:
    standing: Standing | None = None
    intent: str | None = None
    action: str | None = None
    agent: str | None = None
    project: str | None = None
    least_successes: int = 0


@strawberry.type
class LearnedPatternQuery:
    @strawberry.field(description="A learned pattern by the id of its pattern; null if there is none.")
    async def learned_pattern(self, info: Info, pattern_id: strawberry.ID) -> LearnedPattern | None:
        found = await info.context.loaders.learned_pattern.load(pattern_id)
        return LearnedPattern.of(found) if found else None

    @strawberry.field(description="Learned patterns, newest first.")
    async def learned_patterns(
        self, info: Info, filter: LearnedPatternFilter | None = None, first: int = 20, after: str | None = None
    ) -> Connection[LearnedPattern]:
        page = LEARNED.page(info, first, after)
        wanted = validated(LearnedFilter, dataclasses.asdict(filter), "filter") if filter else LearnedFilter()
        found = await info.context.services.learned.page(wanted, page)
        return LEARNED.connection(found.items, LearnedPattern.of, has_more=found.has_more, after=after)

    @strawberry.field(description="How far the learner is: what it has to look at, and what it has learned.")
    async def learning_health(self, info: Info) -> LearningHealth:
        return LearningHealth.of(await info.context.services.learned.health())
