"""Queries of what stands idle, and what says the same."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.queries.dependents import days_ago
from loopgraph.api.graphql.types.analytics.standing import SimilarPatterns, UnusedPatterns
from loopgraph.api.graphql.types.common import Info, checked
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.computes.definitions.similarity import NEARLY_SAME
from loopgraph.contracts.base import Name
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.standing import find_similar, find_unused

LEAST_SIMILAR = 0.3
"""Below this similarity, most texts on a subject are alike."""


@strawberry.type
class StandingQuery:
    @strawberry.field(
        description="Patterns (of a type) in force of which nobody has used a version in the last so many days.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["patterns"])],
    )
    async def unused_patterns(
        self, info: Info, pattern_type: str | None = None, days: int = 30, first: int = 50
    ) -> UnusedPatterns:
        since, size = days_ago(days), checked_size(info, first)
        kind = checked(Name | None, pattern_type, "patternType")
        found = await find_unused(info.context.services.standing, kind, since, size)
        return UnusedPatterns.of(found)

    @strawberry.field(
        description="Patterns (of a type) in force whose texts are nearly the same as that of another of their type.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["pairs"]), READS_MUCH],
    )
    async def similar_patterns(
        self, info: Info, pattern_type: str | None = None, at_least: float = NEARLY_SAME, first: int = 50
    ) -> SimilarPatterns:
        if not LEAST_SIMILAR <= at_least <= 1:
            raise InvalidInput("atLeast", f"must be between {LEAST_SIMILAR} and 1, not {at_least}")
        kind, size = checked(Name | None, pattern_type, "patternType"), checked_size(info, first)
        return SimilarPatterns.of(await find_similar(info.context.services.standing, kind, at_least, size))
