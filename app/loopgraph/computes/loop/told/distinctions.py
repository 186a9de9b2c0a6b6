"""Which of many comparisons tell something: tested by rank, and corrected for looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence

from loopgraph.computes.loop.statistics.analysis import analyse
from loopgraph.computes.loop.statistics.families import Correction, adjusted
from loopgraph.contracts.loop.distinctions import FALSE_SHARE, Distinction, LevelComparison
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind
from loopgraph.contracts.statistics.plans import FixedHorizon


def distinctions_of(comparisons: Sequence[LevelComparison]) -> tuple[Distinction, ...]:
    """Every comparison with its test: Mann & Whitney's on one value for each unit, the p-values adjusted after Benjamini &
    Hochberg over all of them. What distinguishes comes first, by its p-value.

    Executions were observed, and not assigned: a level may only go with what does it. At each level of each factor one is looked
    at once, whatever was seen before.
    """
    estimates = [
        analyse(
            MetricDefinition(name=one.measure.value, kind=MetricKind.RANK, direction=Direction.SMALLER_IS_BETTER),
            one.samples,
            FixedHorizon(),
        )
        for one in comparisons
    ]
    corrected = adjusted([one.p_value for one in estimates], Correction.BENJAMINI_HOCHBERG)
    found = [
        Distinction(
            factor=one.factor,
            level=one.level,
            measure=one.measure,
            inside=one.inside,
            outside=one.outside,
            superiority=estimate.superiority,
            p_value=estimate.p_value,
            adjusted_p_value=p_value,
            distinguishes=p_value is not None and p_value <= FALSE_SHARE,
            reason=estimate.reason,
            execution_ids=one.execution_ids,
        )
        for one, estimate, p_value in zip(comparisons, estimates, corrected, strict=True)
    ]
    return tuple(sorted(found, key=_order))


def _order(one: Distinction) -> tuple[float, str, str, str]:
    return 2.0 if one.p_value is None else one.p_value, one.measure, one.factor, one.level
