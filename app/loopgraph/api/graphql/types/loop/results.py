"""What experiments come to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import Method, Metric, Reason
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.loop.estimates import Estimate, GuardrailResult
from loopgraph.contracts.loop import arms, experiments, outlook


@strawberry.type(description="Sufficient statistics of one arm; `n` values, one for each unit that reports the metric.")
class SampleStatistics:
    n: int
    mean: float | None
    variance: float | None = strawberry.field(description="Unbiased; null below two values.")

    @classmethod
    def of(cls, sample: arms.SampleStatistics) -> Self:
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


@strawberry.type(description="An estimate from the values of units, as the design of the experiment has it.")
class UnitEstimate:
    estimate: Estimate = strawberry.field(description="The effect, with its method, its horizon, and what it assumes.")
    guardrails: list[GuardrailResult] = strawberry.field(
        description="What was known of each guarded metric.", directives=[at_most(5)]
    )
    planned_units: int
    most_units: int
    last_look: bool = strawberry.field(description="Whether the design allowed no look after this one.")
    control_failing_units: int = strawberry.field(description="Units of the control with an execution that failed.")
    treatment_failing_units: int = strawberry.field(description="Units of the treatment with an execution that failed.")
    units_with_history: int | None = strawberry.field(
        description="Units of both arms that were adjusted for what they did before; null where that was not asked for, or where "
        "units say yes or no; 0 also where one arm has more units with a past than by chance: then nothing is adjusted."
    )
    more_failing_p_value: float = strawberry.field(
        description="Of failing units falling to the treatment more often than units do; it holds at every look."
    )
    success_p_value: float | None = strawberry.field(
        description="Two-sided, by Fisher's exact test on counts divided by their design effects; it holds at one look."
    )
    fewer_successes_p_value: float | None = strawberry.field(
        description="The same, one-sided: the treatment fails more."
    )

    @classmethod
    def of(cls, details: experiments.UnitEstimate) -> Self:
        return shape(
            cls,
            details,
            estimate=Estimate.of(details.estimate),
            guardrails=[GuardrailResult.of(each) for each in details.guardrails],
            control_failing_units=details.failing_units[0],
            treatment_failing_units=details.failing_units[1],
        )


MethodDetails = Annotated[UnitEstimate | WelchOfUnitMeans | WelchOfExecutions, strawberry.union("MethodDetails")]


def _details(details: experiments.MethodDetails) -> UnitEstimate | WelchOfUnitMeans | WelchOfExecutions:
    match details:
        case experiments.UnitEstimate():
            return UnitEstimate.of(details)
        case experiments.WelchOfUnitMeans():
            return shape(WelchOfUnitMeans, details)
        case experiments.WelchOfExecutions():
            return shape(WelchOfExecutions, details)


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
    effect_interval: Interval | None = strawberry.field(
        description="At 1 - significanceLevel, by the method; null where the effect is one of logarithms."
    )
    effect_size: float | None = strawberry.field(description="Hedges' g.")
    effect_size_interval: Interval | None
    performance_delta: float | None = strawberry.field(
        description="Relative gain; positive when the treatment is better."
    )
    t_statistic: float | None = strawberry.field(description="The effect in standard errors; also in `details`.")
    degrees_of_freedom: float | None = strawberry.field(description="Welch-Satterthwaite; also in `details`.")
    p_value: float | None = strawberry.field(description="Two-sided; it holds at as many looks as the method is for.")
    family_size: int = strawberry.field(description="How many candidates its run had: they are corrected for together.")
    adjusted_p_value: float | None = strawberry.field(
        description="By Holm's correction for the candidates of the run: what is decided goes by it. Null where `pValue` is, "
        "and in results from before candidates were taken together."
    )
    sample_ratio_p_value: float | None = strawberry.field(
        description="Of the split of units between the arms; below 0.001 nothing is decided."
    )
    details: MethodDetails = strawberry.field(description="What only this method has to tell.")
    confidence_score: float | None = strawberry.field(
        description="min(0.99, 1 - p), of several candidates by the adjusted p. Not the probability that the treatment is "
        "better: `probabilityBetter` is."
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
            details=_details(result.details),
            effect_interval=Interval.of(result.effect_interval),
            effect_size_interval=Interval.of(result.effect_size_interval),
        )


@strawberry.type(description="What an experiment said when its executions until an instant were there.")
class CoursePoint:
    at: datetime
    control_units: int = strawberry.field(description="Units of the control that had reported the metric.")
    treatment_units: int = strawberry.field(description="Units of the treatment that had reported the metric.")
    effect: float | None = strawberry.field(
        description="Treatment mean minus control mean, in the unit of the metric; null where the interval is."
    )
    interval: Interval | None = strawberry.field(
        description="A confidence sequence at 1 - `level`: it holds however often one looks, and is wider for it. Null while too "
        "few units are there, or nothing varies."
    )

    @classmethod
    def of(cls, point: outlook.CoursePoint) -> Self:
        return shape(cls, point, interval=Interval.of(point.interval))


@strawberry.type(description="How an experiment went, from its first execution to the last.")
class ExperimentCourse:
    metric: Metric
    planned_units: int = strawberry.field(
        description="Units, of both arms together, at which the intervals are made to be narrowest."
    )
    level: float = strawberry.field(description="The chance that any of the intervals misses the true effect, at most.")
    points: list[CoursePoint] = strawberry.field(description="The first first; the last has all executions.")

    @classmethod
    def of(cls, course: outlook.Course) -> Self:
        return shape(cls, course, points=[CoursePoint.of(point) for point in course.points])
