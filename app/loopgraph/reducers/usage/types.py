"""All patterns of one type together."""

from __future__ import annotations

from loopgraph.contracts.analytics.answers import TypeSummary
from loopgraph.contracts.analytics.sums import MICRO, UsageSums
from loopgraph.reducers.usage.performance import deviation, duration_figures
from loopgraph.reducers.usage.success import success_figures


def type_summary(pattern_type: str, sums: UsageSums) -> TypeSummary:
    """How well and how fast the patterns of a type are, and the quality that their executions report."""
    spread = deviation(sums.quality)
    return TypeSummary(
        pattern_type=pattern_type,
        success=success_figures(sums),
        duration=duration_figures(sums),
        quality_std=None if spread is None else spread / MICRO,
    )
