"""Error patterns: what failed is read, what people know of errors with it, and patterns are made of both."""

from __future__ import annotations

import asyncio

from loopgraph.computes.analytics.error_patterns import error_patterns
from loopgraph.contracts.analytics.failures import ErrorPatterns, FailureFilter
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.effects.analytics.failures import FailureReads


async def find_error_patterns(
    reads: FailureReads, range: TimeRange, filter: FailureFilter, principal: Principal | None, first: int
) -> ErrorPatterns:
    """The ``first`` most frequent error patterns of a range, of the traces that the principal may see."""
    failures = await reads.failures(range, principal)
    annotations = await reads.annotations()
    return await asyncio.to_thread(error_patterns, failures, filter, annotations, first)
