"""Queries of quality."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.analytics.quality import QualityMetrics, TextForms
from loopgraph.api.graphql.types.common import Info, checked
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.enums import TextProblem
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.contracts.base import Name
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.quality import find_quality_metrics, find_standing_forms

MOST_VERSIONS = 100


@strawberry.type
class QualityQuery:
    @strawberry.field(
        description="How good the texts of the newest versions of a pattern are by their form, how that develops, and beside it "
        "the quality that executions of them report. At most 100 versions.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["versions"])],
    )
    async def quality_metrics(self, info: Info, pattern_id: strawberry.ID, first: int = 20) -> QualityMetrics:
        size, services = checked_size(info, first), info.context.services
        if size > MOST_VERSIONS:
            raise InvalidInput("first", f"must be between 1 and {MOST_VERSIONS}, not {first}")
        found = await find_quality_metrics(
            services.quality, services.lineage_reads, services.standing, pattern_id, info.context.principal, size
        )
        return QualityMetrics.of(found)

    @strawberry.field(
        description="How good the texts of the patterns (of a type) in force are by their form, as it is kept with their "
        "versions, and which are the worst: those that score less than `below`, and have a problem if one is given.",
        directives=[ListSize(slicing_arguments=["first"], sized_fields=["worst"])],
    )
    async def text_forms(
        self,
        info: Info,
        pattern_type: str | None = None,
        below: float = 1.0,
        problem: TextProblem | None = None,
        first: int = 20,
    ) -> TextForms:
        kind, size = checked(Name | None, pattern_type, "patternType"), checked_size(info, first)
        if not 0 < below <= 1:
            raise InvalidInput("below", f"must be greater than 0 and at most 1, not {below}")
        if problem is TextProblem.NEARLY_SAME:
            raise InvalidInput("problem", "cannot be NEARLY_SAME: ask `similarPatterns` for these")
        return TextForms.of(await find_standing_forms(info.context.services.standing, kind, below, problem, size))
