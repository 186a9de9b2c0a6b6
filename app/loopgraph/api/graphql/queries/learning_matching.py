"""Queries of learned patterns by what is to be done."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.common import Info, plain, validated
from loopgraph.api.graphql.types.learning.matching import SIZED, MatchContextInput, PatternMatches
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.matching import MAX_RESULTS, MIN_CONFIDENCE


@strawberry.type
class LearningMatchingQuery:
    @strawberry.field(
        description="The learned patterns that fit what a prompt asks for, each with the five parts of its score: what went "
        "well before with such a prompt.",
        directives=[SIZED],
    )
    async def match_patterns(
        self,
        info: Info,
        request: str,
        context: MatchContextInput | None = None,
        min_confidence: float = MIN_CONFIDENCE,
        max_results: int = MAX_RESULTS,
    ) -> PatternMatches:
        where = validated(MatchContext, plain(context) if context else {}, "context")
        answer = await info.context.services.matching.answer(
            request, where, min_confidence, max_results, info.context.principal
        )
        return PatternMatches.of(answer)
