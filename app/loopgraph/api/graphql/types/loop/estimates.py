"""What the units of experiments say: estimates, guardrails, how experiments stand, and what planned ones would find."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import (
    Assumption,
    EffectScale,
    EstimationMethod,
    GuardrailStatus,
    Horizon,
    Metric,
    NoEstimate,
)
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.loop import experiments, outlook
from loopgraph.contracts.statistics import decisions, estimates

_ASSUMPTIONS = at_most(20)
_GUARDED = at_most(5)


@strawberry.type(description="One arm of an estimate.")
class ArmEstimate:
    units: int = strawberry.field(description="Units that report the metric.")
    value: float | None = strawberry.field(
        description="Their mean, rate, geometric mean, or of ranks their median, in the unit of the metric."
    )
    standard_error: float | None

    @classmethod
    def of(cls, arm: estimates.ArmEstimate) -> Self:
        return shape(cls, arm)


@strawberry.type(description="What a comparison of two arms says, and how often one may look at it.")
class Estimate:
    method: EstimationMethod
    horizon: Horizon
    scale: EffectScale
    level: float = strawberry.field(description="The intervals are at 1 - `level`, two-sided.")
    control: ArmEstimate
    treatment: ArmEstimate
    effect: float | None = strawberry.field(description="Treatment less control, in `scale`.")
    interval: Interval | None = strawberry.field(description="Of the effect; it holds as `horizon` says.")
    relative: float | None = strawberry.field(description="The effect over the control's value: -0.2 is a fifth less.")
    relative_interval: Interval | None
    p_value: float | None = strawberry.field(description="Of no effect, two-sided; it holds as `horizon` says.")
    superiority: float | None = strawberry.field(
        description="Of ranks: the probability that a unit of the treatment has more than one of the control; else null."
    )
    superiority_interval: Interval | None = strawberry.field(
        description="Of that probability; null unless some pairs are in either order."
    )
    standard_error: float | None
    degrees_of_freedom: float | None = strawberry.field(description="Of Student's t; null where the normal serves.")
    critical: float | None = strawberry.field(description="Half of the interval, in standard errors.")
    width_ratio: float | None = strawberry.field(
        description="How many times wider the interval is than one of a single look at these units."
    )
    assumptions: list[Assumption] = strawberry.field(directives=[_ASSUMPTIONS])
    reason: NoEstimate | None

    @classmethod
    def of(cls, estimate: estimates.Estimate) -> Self:
        return shape(
            cls,
            estimate,
            control=ArmEstimate.of(estimate.control),
            treatment=ArmEstimate.of(estimate.treatment),
            interval=Interval.of(estimate.interval),
            relative_interval=Interval.of(estimate.relative_interval),
            superiority_interval=Interval.of(estimate.superiority_interval),
        )


@strawberry.type(description="What is known of a guarded metric: a test of non-inferiority.")
class GuardrailResult:
    metric: Metric
    status: GuardrailStatus
    margin: float
    level: float = strawberry.field(description="How often each of HELD and BREACHED may be wrong.")
    loss: float | None = strawberry.field(description="By how much it got worse, as the margin is; negative: better.")
    loss_interval: Interval | None = strawberry.field(
        description="From at least to at most; it holds as the estimate does."
    )
    p_value: float | None = strawberry.field(
        description="Of a loss as large as the margin or larger; null where nothing can be said."
    )
    adjusted_p_value: float | None = strawberry.field(
        description="The same, corrected for all candidates of the run where a decision was made by it: HELD says that it is "
        "below the level. Null where the experiment was not looked at as one of a run, as in experimentStanding."
    )
    reason: NoEstimate | None

    @classmethod
    def of(cls, result: experiments.GuardrailResult) -> Self:
        guardrail = result.guardrail
        return shape(
            cls,
            guardrail,
            metric=result.metric,
            adjusted_p_value=result.adjusted_p_value,
            margin=guardrail.margin.value,
            loss_interval=Interval.of(guardrail.loss_interval),
        )


@strawberry.type(description="How many units find an effect, and how surely.")
class Power:
    units: int | None = strawberry.field(description="Units of both arms; null where no number that is allowed does.")
    power: float | None = strawberry.field(
        description="The probability of finding it, 0..1, by the end where looks repeat."
    )
    effect: float = strawberry.field(description="What is to be found: in the unit of the metric, or in logarithms.")
    level: float = strawberry.field(description="How often an effect may be found that is not there.")
    horizon: Horizon
    assumptions: list[Assumption] = strawberry.field(directives=[_ASSUMPTIONS])
    reason: NoEstimate | None

    @classmethod
    def of(cls, power: decisions.Power) -> Self:
        return shape(cls, power)


@strawberry.type(description="How an experiment stands by what is there, or how it ended.")
class ExperimentStanding:
    metric: Metric
    estimate: Estimate = strawberry.field(
        description="While it runs, it holds whenever it is asked for (ALWAYS_VALID), whatever looks were planned."
    )
    guardrails: list[GuardrailResult] = strawberry.field(
        description="What is known of each guarded metric.", directives=[_GUARDED]
    )
    planned_units: int
    most_units: int
    next_look: int | None = strawberry.field(
        description="Units of both arms at which something may be decided next; null when it is over."
    )
    gain: float | None = strawberry.field(
        description="The relative gain that `needed` is about; null where none is known."
    )
    needed: Power | None = strawberry.field(
        description="Units of both arms that find that gain with a power of 80 %, by how the units of the control vary."
    )
    units_needed: int | None = strawberry.field(
        description="How many of them are still missing; null where that cannot be told."
    )

    @classmethod
    def of(cls, standing: outlook.Standing) -> Self:
        return shape(
            cls,
            standing,
            estimate=Estimate.of(standing.estimate),
            guardrails=[GuardrailResult.of(each) for each in standing.guardrails],
            needed=Power.of(standing.needed) if standing.needed else None,
        )


@strawberry.type(description="What an experiment on a pattern's version in use would find.")
class ExperimentPower:
    metric: Metric
    gain: float = strawberry.field(description="The relative gain that is to be found: 0.1 is a tenth better.")
    units: int = strawberry.field(description="Units of the version in use that reported the metric.")
    mean: float | None = strawberry.field(
        description="The mean of these units, in the unit of the metric; null without any."
    )
    deviation: float | None = strawberry.field(description="Their standard deviation; null below two.")
    needed: Power = strawberry.field(description="The fewest units of both arms that find it as surely as was asked.")
    planned: Power = strawberry.field(description="How surely the units find it that `minSampleSize` plans.")

    @classmethod
    def of(cls, power: outlook.PlannedPower) -> Self:
        return shape(cls, power, needed=Power.of(power.needed), planned=Power.of(power.planned))
