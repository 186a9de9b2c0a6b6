"""What experiments come to."""

from __future__ import annotations

from typing import Annotated, Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import Method, Metric, Reason
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.contracts import experiments


@strawberry.type(description="Sufficient statistics of one arm; `n` values, one for each unit that reports the metric.")
class SampleStatistics:
    n: int
    mean: float | None
    variance: float | None = strawberry.field(description="Unbiased; null below two values.")

    @classmethod
    def of(cls, sample: experiments.SampleStatistics) -> Self:
        return cls(n=sample.n, mean=sample.mean if sample.n else None, variance=sample.variance)


@strawberry.type(description="What an arm of a concluded experiment rests on.")
class ArmResult:
    assigned_units: int
    units: int
    executions: int
    successes: int
    unended: int = strawberry.field(description="Executions that never ended: they count as failures.")
    set_aside: int = strawberry.field(
        description="Executions that named this arm though their unit was assigned to the other one; in no other number."
    )
    unknown: int = strawberry.field(
        description="Executions of which it is not known whether they succeeded: they are neither successes nor failures."
    )
    icc: float | None = strawberry.field(
        description="Correlation of the metric between executions of one unit; null where no unit has two, or nothing varies."
    )
    design_effect: float | None = strawberry.field(
        description="By how much the executions of a unit depend on each other: so many are worth one independent execution."
    )

    @classmethod
    def of(cls, arm: experiments.ArmResult | None) -> Self | None:
        return shape(cls, arm) if arm else None


@strawberry.type(description="Welch's t-test on the means of units, with Fisher's test of the success rates beside it.")
class WelchOfUnitMeans:
    t_statistic: float | None
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite.")
    control_success_design_effect: float | None
    treatment_success_design_effect: float | None
    success_p_value: float | None = strawberry.field(
        description="Two-sided, by Fisher's exact test on counts divided by their design effects."
    )
    fewer_successes_p_value: float | None = strawberry.field(
        description="The same, one-sided: the treatment fails more."
    )


@strawberry.type(description="Welch's t-test on single executions: how it was done before units were kept.")
class WelchOfExecutions:
    t_statistic: float | None
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite.")


MethodDetails = Annotated[WelchOfUnitMeans | WelchOfExecutions, strawberry.union("MethodDetails")]

_DETAILS: dict[Method, type[WelchOfUnitMeans] | type[WelchOfExecutions]] = {
    Method.WELCH_UNIT_MEANS: WelchOfUnitMeans,
    Method.WELCH_EXECUTIONS: WelchOfExecutions,
}


@strawberry.type(description="Comparison of the treatment with the control; `reason` says why a value is null.")
class ExperimentResult:
    metric: Metric
    method: Method
    control: SampleStatistics
    treatment: SampleStatistics
    control_arm: ArmResult | None = strawberry.field(description="Null in results from before units were kept.")
    treatment_arm: ArmResult | None = strawberry.field(description="Null in results from before units were kept.")
    control_executions: int = strawberry.field(description="All executions of the arm, also those without the metric.")
    control_successes: int
    control_success_rate: float | None
    treatment_executions: int
    treatment_successes: int
    treatment_success_rate: float | None
    effect: float | None = strawberry.field(description="Treatment mean minus control mean, in the unit of the metric.")
    effect_interval: Interval | None = strawberry.field(description="Welch's, at 1 - significanceLevel.")
    effect_size: float | None = strawberry.field(description="Hedges' g.")
    effect_size_interval: Interval | None
    performance_delta: float | None = strawberry.field(
        description="Relative gain; positive when the treatment is better."
    )
    t_statistic: float | None = strawberry.field(description="Welch's; also in `details`.")
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite; also in `details`.")
    p_value: float | None = strawberry.field(description="Two-sided.")
    sample_ratio_p_value: float | None = strawberry.field(
        description="Of the split of units between the arms; below 0.001 nothing is decided."
    )
    details: MethodDetails = strawberry.field(description="What only this method has to tell.")
    confidence_score: float | None = strawberry.field(
        description="min(0.99, 1 - p). Not the probability that the treatment is better: `probabilityBetter` is."
    )
    probability_better: float | None
    reason: Reason | None

    @classmethod
    def of(cls, result: experiments.ExperimentResult | None) -> Self | None:
        if result is None:
            return None
        return shape(
            cls,
            result,
            control=SampleStatistics.of(result.control),
            treatment=SampleStatistics.of(result.treatment),
            control_arm=ArmResult.of(result.control_arm),
            treatment_arm=ArmResult.of(result.treatment_arm),
            t_statistic=result.details.t_statistic,
            degrees_of_freedom=result.details.degrees_of_freedom,
            details=shape(_DETAILS[result.method], result.details),
            effect_interval=Interval.of(result.effect_interval),
            effect_size_interval=Interval.of(result.effect_size_interval),
        )
