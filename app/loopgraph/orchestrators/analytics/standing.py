"""Which of the patterns in force stand idle, and which say nearly the same."""

from __future__ import annotations

import asyncio
from datetime import datetime

from loopgraph.computes.analytics.standing import StandingText, similar_patterns, unused_patterns
from loopgraph.contracts.analytics.standing import SimilarPatterns, UnusedPatterns
from loopgraph.effects.analytics.standing import StandingReads


async def find_unused(reads: StandingReads, pattern_type: str | None, since: datetime, first: int) -> UnusedPatterns:
    """The patterns in force that nobody has used since an instant."""
    found, more = await reads.unused(pattern_type, since)
    return unused_patterns(found, since, first, more=more)


async def find_similar(reads: StandingReads, pattern_type: str | None, at_least: float, first: int) -> SimilarPatterns:
    """The pairs of patterns in force whose texts are at least so similar."""
    found, more = await reads.texts(pattern_type)
    texts = [StandingText(*each) for each in found]
    return await asyncio.to_thread(similar_patterns, texts, at_least, first, more=more)
