"""What came of executions: criteria, weighed. Only what is known counts, and where too little is, nothing is said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from loopgraph.computes.success.correction import correction
from loopgraph.contracts.traces.events import FAILED, TraceStatus
from loopgraph.contracts.traces.success import (
    Correction,
    Criterion,
    CriterionResult,
    Limits,
    Outcome,
    SuccessCriteria,
    UnknownReason,
    Work,
)

_ROUNDING: Final = 1e-9
"""Sums of weights are not exact: a score that reaches the threshold but for this reaches it."""


def judged(work: Work, criteria: SuccessCriteria) -> Outcome:
    """What came of an execution; ``weighed`` says how. Before its end there is neither a score nor a success."""
    after = correction(work, criteria.corrected_within, criteria.phrases)
    outcome = weighed(_values(work, criteria, after), criteria).model_copy(update={"correction": after})
    if work.status is TraceStatus.IN_PROGRESS:
        return outcome.model_copy(update={"score": None, "success": None, "reason": UnknownReason.IN_PROGRESS})
    return outcome


def weighed(values: Mapping[Criterion, float | None], criteria: SuccessCriteria) -> Outcome:
    """What criteria come to.

    The score is Σ wᵢ·vᵢ / Σ wᵢ over those that are known: an unknown one is neither for it nor against it. Where those that are
    known have less than ``least_known`` of all weights, there is no score and no success.
    """
    results = tuple(
        CriterionResult(criterion=each, weight=weight, value=values.get(each), at_least=at_least)
        for each, (weight, at_least) in criteria.weights.items()
        if weight or at_least is not None
    )
    known = [(result.weight, result.value) for result in results if result.value is not None]
    known_weight = math.fsum(weight for weight, _ in known)
    all_weights = math.fsum(result.weight for result in results)
    share = min(1.0, known_weight / all_weights) if all_weights else 0.0
    outcome = Outcome(threshold=criteria.threshold, known_weight=share, criteria=results)
    if not known_weight or share < criteria.least_known - _ROUNDING:
        return outcome.model_copy(update={"reason": UnknownReason.TOO_LITTLE_KNOWN})
    # By the largest weight, because the product of a tiny one is no number any more.
    largest = max(weight for weight, _ in known)
    shares = [(weight / largest, value) for weight, value in known]
    score = min(1.0, math.fsum(part * value for part, value in shares) / math.fsum(part for part, _ in shares))
    as_they_must_be = all(result.met is not False for result in results)
    success = as_they_must_be and score >= criteria.threshold - _ROUNDING
    return outcome.model_copy(update={"score": score, "success": success})


def _values(work: Work, criteria: SuccessCriteria, after: Correction) -> dict[Criterion, float | None]:
    over = work.status is not TraceStatus.IN_PROGRESS
    completed = work.status in (TraceStatus.SUCCESS, TraceStatus.ERROR)
    errors = 0.0 if work.status in FAILED else 1 - (_share(work.failed_model_calls, work.model_calls) or 0.0)
    unsuccessful = _share(work.unsuccessful_steps, work.steps - work.open_steps)
    return {
        Criterion.EXECUTION_COMPLETED: float(completed) if over else None,
        Criterion.NO_ERRORS: errors if over else None,
        Criterion.HOOKS_SUCCEEDED: None if unsuccessful is None else 1 - unsuccessful,
        Criterion.QUALITY_GATES_PASSED: work.quality_score,
        Criterion.WITHIN_PERFORMANCE_THRESHOLDS: _within(work, criteria.limits),
        Criterion.INTELLIGENCE_GATHERED: _share(work.gathered_steps, work.gathering_steps),
        Criterion.USER_CONFIRMED_SUCCESS: None if after.corrected is None else float(not after.corrected),
        Criterion.REPORTED_OUTCOMES: _reported(work.reported, criteria.outcomes),
    }


def _reported(reported: Mapping[str, float], names: Sequence[str]) -> float | None:
    """The least of the named outcomes that are known; one that is no share of 1, such as a number of points, tells nothing."""
    known = [reported[name] for name in names if 0 <= reported.get(name, -1.0) <= 1]
    return min(known) if known else None


def _share(part: int, whole: int) -> float | None:
    return min(1.0, part / whole) if whole > 0 else None


def _within(work: Work, limits: Limits) -> float | None:
    """1 if all limits were kept, 0 if one was exceeded; None where there is none, or where that cannot be told."""
    cost_can_grow = work.unpriced_calls > 0
    told = (
        _kept(work.duration_ms, limits.duration_ms),
        _kept(work.cost_usd if work.model_calls else None, limits.cost_usd, can_grow=cost_can_grow),
        _kept(work.tokens if work.model_calls else None, limits.tokens),
    )
    asked = [limits.duration_ms, limits.cost_usd, limits.tokens]
    if False in told:
        return 0.0
    unknown = any(limit is not None and kept is None for limit, kept in zip(asked, told, strict=True))
    return None if unknown or not any(told) else 1.0


def _kept(value: float | None, limit: float | None, *, can_grow: bool = False) -> bool | None:
    if value is None or limit is None:
        return None
    if value > limit:
        return False
    return None if can_grow else True
