"""Quality of the versions of a pattern: their texts are read with those of others, and what their executions report."""

from __future__ import annotations

import asyncio
from typing import Final

from loopgraph.computes.analytics.quality import quality_metrics, standing_forms
from loopgraph.contracts.analytics.quality import Compared, QualityMetrics, StandingForms
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.text_form import TextProblem, given
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.analytics.standing import StandingReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.errors import NotFound

MOST_COMPARED: Final = 1_000
"""With so many other patterns of its kind that are in force a text is compared, the newest: some half a second's work."""


async def find_quality_metrics(
    reads: QualityReads,
    lineage: LineageReads,
    standing: StandingReads,
    pattern_id: str,
    principal: Principal | None,
    first: int,
) -> QualityMetrics:
    """The quality of the newest ``first`` versions of a pattern. Raises NotFound."""
    pattern = (await lineage.patterns([pattern_id])).get(pattern_id)
    if pattern is None:
        raise NotFound("Pattern", pattern_id)
    versions = (await lineage.versions_pages([pattern_id], first))[pattern_id].versions
    reported, (others, _) = await asyncio.gather(
        reads.reported([version.node_id for version in versions], principal), standing.texts(pattern.pattern_type)
    )
    beside = [other for other in others if other.pattern_id != pattern_id][:MOST_COMPARED]
    texts = {other.pattern_id: given(other.pattern_type, other.text, other.path) for other in beside}
    return await asyncio.to_thread(quality_metrics, Compared(pattern, versions, texts), reported)


async def find_standing_forms(
    standing: StandingReads, pattern_type: str | None, below: float, problem: TextProblem | None, first: int
) -> StandingForms:
    """The patterns in force whose texts are worst by their form, as it is kept: no text is read."""
    kept, more = await standing.forms(pattern_type)
    return await asyncio.to_thread(standing_forms, kept, below, problem, first, more=more)
