"""Quality of the versions of a pattern: their texts are read with those of others, and what their executions report."""

from __future__ import annotations

import asyncio
from typing import Final

from loopgraph.computes.analytics.quality import quality_metrics
from loopgraph.contracts.analytics.quality import Compared, QualityMetrics
from loopgraph.contracts.base import Principal
from loopgraph.contracts.bodies import body_of
from loopgraph.contracts.definitions import DefinitionKind
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.traces.analytics import Analytics
from loopgraph.errors import NotFound

MOST_COMPARED: Final = 1_000
"""With so many other patterns of its kind that are in force a text is compared, the newest: some half a second's work."""


async def find_quality_metrics(
    reads: QualityReads,
    lineage: LineageReads,
    analytics: Analytics,
    pattern_id: str,
    principal: Principal | None,
    first: int,
) -> QualityMetrics:
    """The quality of the newest ``first`` versions of a pattern. Raises NotFound."""
    pattern = (await lineage.patterns([pattern_id])).get(pattern_id)
    if pattern is None:
        raise NotFound("Pattern", pattern_id)
    versions = (await lineage.versions_pages([pattern_id], first))[pattern_id].versions
    reported, others = await asyncio.gather(
        reads.reported([version.node_id for version in versions], principal),
        analytics.current_definitions([pattern.pattern_type], MOST_COMPARED + 1),
    )
    beside = [(other, text) for other, text in others if other.pattern_id != pattern_id][:MOST_COMPARED]
    texts = {other.pattern_id: _body(other.pattern_type, text) for other, text in beside}
    return await asyncio.to_thread(quality_metrics, Compared(pattern, versions, texts), reported)


def _body(pattern_type: str, text: str) -> str:
    return body_of(DefinitionKind(pattern_type), text) if pattern_type in set(DefinitionKind) else text
