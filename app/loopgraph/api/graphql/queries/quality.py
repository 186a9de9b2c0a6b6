"""Queries of quality."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.analytics.quality import QualityMetrics
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.list_size import ListSize
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.quality import find_quality_metrics

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
