"""Comparisons of versions that people already ran."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loopgraph.api.graphql.types.analytics.subjects import AnalyticsWindowInput, span_asked
from loopgraph.api.graphql.types.common import Info, validated
from loopgraph.api.graphql.types.enums import Factor, Metric
from loopgraph.api.graphql.types.loop.retrospection import Retrospection
from loopgraph.api.graphql.types.weight import READS_MUCH
from loopgraph.contracts.loop import design
from loopgraph.contracts.loop.retrospection import ADJUSTABLE, RetrospectionAsked


@strawberry.type
class RetrospectionQuery:
    @strawberry.field(
        description="How two versions did where people chose them, by units, adjusted for what was recorded: observed, and no "
        "experiment. Nothing is decided or applied by it, and what was not recorded is not adjusted for.",
        directives=[READS_MUCH],
    )
    async def compare_versions_retrospectively(
        self,
        info: Info,
        base_node_id: strawberry.ID,
        candidate_node_id: strawberry.ID,
        metric: Metric = design.Metric.DURATION_MS,
        adjust_for: Annotated[
            list[Factor] | None,
            strawberry.argument(
                description="Of AGENT, MODEL, PROJECT, CLIENT and INPUT_SIZE; left out: all of these. An empty list adjusts "
                "for nothing."
            ),
        ] = None,
        window: AnalyticsWindowInput | None = None,
    ) -> Retrospection:
        over = span_asked(window)
        asked = {
            "base_node_id": base_node_id,
            "candidate_node_id": candidate_node_id,
            "metric": metric,
            "adjust_for": tuple(ADJUSTABLE if adjust_for is None else dict.fromkeys(adjust_for)),
            "since": over.since,
            "until": over.until,
        }
        wanted = validated(RetrospectionAsked, asked, path="")
        found = await info.context.services.retrospecting.compare(wanted, info.context.principal)
        return Retrospection.of(found)
