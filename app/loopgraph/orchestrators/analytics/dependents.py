"""The blast radius of a pattern: who used it lately, what of the loop goes on over it, and what descends from it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from loopgraph.computes.analytics.dependents import blast_radius
from loopgraph.computes.lineage import algorithms
from loopgraph.contracts.analytics.dependents import BlastRadius, Standing
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.patterns import ANCESTRY, Direction, RelationshipType, TraversalFilter
from loopgraph.effects.analytics.dependents import DependentReads
from loopgraph.effects.clock import now
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import NotFound

_DERIVING: Final = ANCESTRY - {RelationshipType.DEPRECATED_BY}
"""What replaces a version does not depend on it."""

MOST_VERSIONS: Final = 500
"""Of so many versions of the pattern, the newest, the descendants are looked for."""


async def find_blast_radius(
    reads: DependentReads,
    lineage: LineageReads,
    pattern_id: str,
    since: datetime,
    principal: Principal | None,
    *,
    first: int,
    max_nodes: int,
) -> BlastRadius:
    """What the deprecation of a pattern would reach: uses since ``since``, and at most ``max_nodes`` descendants. Raises
    NotFound."""
    if not await lineage.patterns([pattern_id]):
        raise NotFound("Pattern", pattern_id)
    uses, standing = await asyncio.gather(
        reads.recent_uses(pattern_id, since, principal), _standing(reads, lineage, pattern_id, max_nodes)
    )
    return await made_of(uses.groups, lambda: blast_radius(pattern_id, since, uses, standing, first))


async def _standing(reads: DependentReads, lineage: LineageReads, pattern_id: str, max_nodes: int) -> Standing:
    experiments, runs = await reads.going_on(pattern_id)
    page = (await lineage.versions_pages([pattern_id], MOST_VERSIONS))[pattern_id]
    starts, as_of = [version.node_id for version in page.versions], now()
    filter = TraversalFilter(direction=Direction.DESCENDANTS, relationship_types=_DERIVING)
    subgraph = await lineage.subgraph(
        [starts], filter.direction, _DERIVING, as_of=as_of, max_depth=None, max_nodes=max_nodes
    )
    reached = await made_of(
        subgraph.edges,
        lambda: algorithms.reach(starts, subgraph.edges, filter, as_of=as_of, max_nodes=max_nodes),
    )
    versions = await lineage.versions(set(reached.order) - set(starts))
    others = {version.pattern_id for version in versions.values()} - {pattern_id}
    return Standing(
        experiment_ids=experiments,
        run_ids=runs,
        descendants=tuple((version, reached.depth[id_]) for id_, version in versions.items()),
        patterns=await lineage.patterns(sorted(others)) if others else {},
        whole=not reached.truncated and not page.has_more,
    )
