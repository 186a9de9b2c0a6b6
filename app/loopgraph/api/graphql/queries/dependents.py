"""Queries of what depends on a pattern."""

from __future__ import annotations

from datetime import datetime, timedelta

import strawberry

from loopgraph.api.graphql.types.analytics.dependents import OF_FIRST, BlastRadius
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.effects.clock import now
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.dependents import find_blast_radius

MOST_DAYS = 3_650


def days_ago(days: int) -> datetime:
    """The hour that it was so many days ago; whole, so that the same question has the same answer for a while. Raises
    InvalidInput."""
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput("days", f"must be between 1 and {MOST_DAYS:,}, not {days}")
    return now().replace(minute=0, second=0, microsecond=0) - timedelta(days=days)


@strawberry.type
class DependentQuery:
    @strawberry.field(
        description="Who and what would feel the deprecation of a pattern: the agents, sessions, users and projects that used it "
        "in the last so many days, the experiments and runs over it that go on, and the patterns that descend from it.",
        directives=[OF_FIRST],
    )
    async def blast_radius(self, info: Info, pattern_id: strawberry.ID, days: int = 30, first: int = 20) -> BlastRadius:
        since, size, services = days_ago(days), checked_size(info, first), info.context.services
        found = await find_blast_radius(
            services.dependents,
            services.lineage_reads,
            pattern_id,
            since,
            info.context.principal,
            first=size,
            max_nodes=services.settings.max_traversal_nodes,
        )
        return BlastRadius.of(found)
