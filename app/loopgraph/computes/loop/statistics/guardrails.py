"""Guardrails: is a metric shown not to be worse by more than a margin? Non-inferiority, and its opposite (Piaggio et al.,
JAMA 308, 2012).

Not having found a harm is no proof that there is none: that takes an interval that ends before the margin. Looks repeat here
as they do for the primary metric, so the plan is the same.
"""

from __future__ import annotations

import math
from typing import Final

from loopgraph.computes.loop.statistics.analysis import analyse, contrast
from loopgraph.computes.loop.statistics.estimators import proportions
from loopgraph.computes.loop.statistics.inference import at_looks, look
from loopgraph.computes.loop.statistics.numbers import check_level, finite
from loopgraph.contracts.statistics.decisions import Guardrail, GuardrailStatus, Margin
from loopgraph.contracts.statistics.estimates import Contrast, Estimate, EstimationMethod, Interval, NoEstimate
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition
from loopgraph.contracts.statistics.plans import Plan
from loopgraph.contracts.statistics.samples import BinaryCounts, UnitSamples
from loopgraph.errors import InvalidInput

_FARTHEST: Final = 38.0
"""Beyond so many standard errors the probability is smaller than the smallest float."""


def guard(metric: MetricDefinition, samples: UnitSamples, margin: Margin, plan: Plan, level: float = 0.05) -> Guardrail:
    """Held, breached, or open. Each of the first two is wrong with a probability of ``level`` at most (over all looks, where
    the plan has several), one-sided: the interval of the loss is the metric's at 1 − 2·level.

    A relative margin needs arms whose values are positive. Raises InvalidInput unless 0 < level < 0.5, for an absolute
    margin of a metric whose logarithms are compared, and for samples that are not of the metric's kind.
    """
    check_level(level, 0.5)
    if isinstance(metric.tail, Logarithm) and not margin.relative:
        raise InvalidInput("margin.relative", "must be true for a metric whose logarithms are compared")
    found = analyse(metric, samples, plan, 2 * level)
    loss, ends = _loss(found, metric.direction, margin)
    reason = found.reason
    if ends is None and reason is None:
        reason = NoEstimate.NOT_POSITIVE if margin.relative else NoEstimate.TOO_FEW_UNITS
    status = GuardrailStatus.OPEN
    if ends is not None and ends[1] < margin.value:
        status = GuardrailStatus.HELD
    elif ends is not None and ends[0] > margin.value:
        status = GuardrailStatus.BREACHED
    return Guardrail(
        margin=margin,
        status=status,
        horizon=plan.horizon,
        level=level,
        loss=loss,
        loss_interval=ends,
        p_value=None if ends is None else _p_value(found, metric, samples, margin, plan),
        assumptions=found.assumptions,
        reason=None if ends is not None else reason,
    )


def _loss(found: Estimate, direction: Direction, margin: Margin) -> tuple[float | None, Interval | None]:
    """By how much the metric got worse, as the margin is given."""
    effect, ends = (found.relative, found.relative_interval) if margin.relative else (found.effect, found.interval)
    if direction is Direction.SMALLER_IS_BETTER:
        return effect, ends
    return None if effect is None else -effect, None if ends is None else (-ends[1], -ends[0])


def _p_value(
    found: Estimate, metric: MetricDefinition, samples: UnitSamples, margin: Margin, plan: Plan
) -> float | None:
    """Of a loss as large as the margin or larger: the smallest level at which the interval ends before it. Ranks have none."""
    if found.method is EstimationMethod.MANN_WHITNEY:
        return None
    plain = at_looks(contrast(metric, samples), plan)
    by_score = found.method is EstimationMethod.SCORE
    here = look(plan, found.level, plain.units, None if by_score else plain.degrees_of_freedom, plain.balanced_units)
    shown_by_score = by_score and not margin.relative
    statistic = _score(metric, samples, margin) if shown_by_score else _standardised(plain, metric, margin)
    if statistic is None or isinstance(here, NoEstimate):
        return None
    two_sided = here.p_value(min(max(statistic, -_FARTHEST), _FARTHEST))
    return two_sided / 2 if statistic < 0 else 1 - two_sided / 2


def _standardised(plain: Contrast, metric: MetricDefinition, margin: Margin) -> float | None:
    """By how many standard errors the loss is more than the margin."""
    sign = -metric.direction.sign
    effect, error, limit = plain.effect, plain.standard_error, margin.value
    if margin.relative:
        effect, error = plain.log_ratio, plain.log_ratio_error
        # A loss is a share of the control's value: 1 + share is the ratio where smaller is better, 1 − share where larger is.
        limit = math.log1p(limit) if sign > 0 else -math.log1p(-limit) if limit < 1 else math.inf
    if effect is None or not error:
        return None
    statistic = (sign * effect - limit) / error
    return statistic if finite(statistic) else None


def _score(metric: MetricDefinition, samples: UnitSamples, margin: Margin) -> float | None:
    """The same of rates, by the interval that the guardrail goes by."""
    control, treatment, sign = samples.control, samples.treatment, metric.direction.sign
    if not (isinstance(control, BinaryCounts) and isinstance(treatment, BinaryCounts)):
        return None
    reached = proportions.reach(control, treatment, -sign * margin.value)
    return None if reached is None else sign * reached
