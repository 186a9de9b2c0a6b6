"""Error patterns: what failed is read, what people know of errors with it, and patterns are made of both."""

from __future__ import annotations

import asyncio

from loopgraph.computes.analytics.error_patterns import error_patterns, is_followed
from loopgraph.contracts.analytics.failures import ErrorPatterns, FailureFilter
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.base import Principal
from loopgraph.effects.analytics.failures import FailureReads
from loopgraph.effects.traces.reading.reads import reader_of


async def find_error_patterns(
    reads: FailureReads, range: TimeRange, filter: FailureFilter, principal: Principal | None, first: int
) -> ErrorPatterns:
    """The ``first`` most frequent error patterns of a range, of the traces that the principal may see."""
    failures = await reads.failures(range, principal, filter)
    annotations = await reads.annotations()
    return await asyncio.to_thread(error_patterns, failures, filter, annotations, first)


async def may_annotate(reads: FailureReads, template: str, principal: Principal | None) -> bool:
    """Whether a principal may write of an error pattern: it sees everything, or sees a failure whose message follows it.

    Looked at are the failures that error patterns of all time are made of.
    """
    if reader_of(principal) is None:
        return True
    failures = await reads.failures(TimeRange(), principal)
    return await asyncio.to_thread(is_followed, template, failures)
