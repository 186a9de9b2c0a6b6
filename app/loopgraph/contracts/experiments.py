"""Experiments: what their arms come to, how these are compared, and the decisions that follow."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, Name, NonNegative, Text, Unit
from loopgraph.contracts.feedback import Arm, Metric, Reason, Verdict


class SampleStatistics(Contract):
    """Sufficient statistics of one sample, mergeable: count, mean, and the sum of squared deviations from the mean (M2)."""

    n: Annotated[int, Field(ge=0)]
    mean: float
    m2: NonNegative

    @property
    def variance(self) -> float | None:
        """Unbiased variance; None below two values."""
        return self.m2 / (self.n - 1) if self.n > 1 else None


class ClusterStatistics(Contract):
    """How values vary within and between the units they belong to: sums of squares of a one-way analysis of variance.

    ``values`` in ``units``; with m the values of a unit and n those of its arm, ``squared_sizes`` is Σm², and ``comparable`` the
    sum of n − Σm²/n over the arms. ``within`` and ``between`` are the sums of squared deviations of values from their unit's
    mean, and of these means, each for all values of its unit, from the mean of the arm; ``arms`` is how many arms have values.
    """

    values: Annotated[int, Field(ge=0)]
    units: Annotated[int, Field(ge=0)]
    squared_sizes: Annotated[int, Field(ge=0)]
    within: NonNegative
    between: NonNegative
    comparable: NonNegative
    arms: Annotated[int, Field(ge=0)]

    @property
    def icc(self) -> float | None:
        """Intraclass correlation by analysis of variance (Donner & Klar, 2000, ch. 1): of two executions of one unit.

        None where it cannot be told: no unit has two values, there are no two units, or nothing varies.
        """
        between_df, within_df = self.units - self.arms, self.values - self.units
        if between_df < 1 or within_df < 1:
            return None
        between, within = self.between / between_df, self.within / within_df
        total = between + (self.comparable / between_df - 1) * within
        return (between - within) / total if total > 0 else None

    def design_effect(self, icc: float | None) -> float | None:
        """By how much clustering inflates the variance of the mean of all values: 1 + (Σm²/Σm − 1)·ICC, at least 1.

        1 where every unit has one value, None where the correlation is not known but matters.
        """
        if self.values == self.units:
            return 1.0
        return None if icc is None else 1 + (self.squared_sizes / self.values - 1) * max(0.0, icc)


class ArmSample(Contract):
    """What the executions of one arm come to, by unit.

    ``sample`` are the means of the units that report the metric: one value for each, however many executions it has.
    ``units`` are all with executions, ``telling_units`` those with one that reports the metric or failed. ``unended`` executions
    began and did not end in time; they count as failures. Of ``unknown`` ones it is not known whether they succeeded: they are
    neither successes nor failures. ``metric`` and ``success`` are how the metric and the successes
    (1 or 0) vary within units and between them.
    """

    sample: SampleStatistics
    units: Annotated[int, Field(ge=0)]
    telling_units: Annotated[int, Field(ge=0)]
    executions: Annotated[int, Field(ge=0)]
    successes: Annotated[int, Field(ge=0)]
    unended: Annotated[int, Field(ge=0)] = 0
    unknown: Annotated[int, Field(ge=0)] = 0
    metric: ClusterStatistics
    success: ClusterStatistics


class ArmTally(Contract):
    """How far an arm is, counted in the graph.

    ``assigned`` are the units that were assigned to it, ``units`` those with an execution that ended or is over its time,
    ``telling_units`` those of them with one that reports the metric or failed. ``set_aside`` are executions that name this arm
    though their unit was assigned to the other one: they are in no other number. ``unnamed`` are executions that name
    no unit, ``uses`` those that are uses of patterns.
    """

    assigned: Annotated[int, Field(ge=0)] = 0
    units: Annotated[int, Field(ge=0)] = 0
    telling_units: Annotated[int, Field(ge=0)] = 0
    executions: Annotated[int, Field(ge=0)] = 0
    unended: Annotated[int, Field(ge=0)] = 0
    unnamed: Annotated[int, Field(ge=0)] = 0
    set_aside: Annotated[int, Field(ge=0)] = 0
    uses: Annotated[int, Field(ge=0)] = 0


class Method(StrEnum):
    """How an experiment was evaluated. ``welch_executions``: how it was done before units were kept."""

    WELCH_UNIT_MEANS = "welch_unit_means"
    WELCH_EXECUTIONS = "welch_executions"


class WelchOfUnitMeans(Contract):
    """Welch's t-test on the means of units: one value for each, so that executions of one unit count once.

    The two p-values of the success rates are Fisher's, on counts divided by the design effect of the successes.
    """

    method: Literal[Method.WELCH_UNIT_MEANS] = Method.WELCH_UNIT_MEANS
    t_statistic: float | None = None
    degrees_of_freedom: float | None = None
    control_success_design_effect: float | None = None
    treatment_success_design_effect: float | None = None
    success_p_value: Unit | None = None
    fewer_successes_p_value: Unit | None = None


class WelchOfExecutions(Contract):
    """Welch's t-test on executions, as if each were independent of all others."""

    method: Literal[Method.WELCH_EXECUTIONS] = Method.WELCH_EXECUTIONS
    t_statistic: float | None = None
    degrees_of_freedom: float | None = None


MethodDetails = Annotated[WelchOfUnitMeans | WelchOfExecutions, Field(discriminator="method")]
"""What only one method has to tell. A new method is a contract more in this union."""


class ArmResult(Contract):
    """What an arm of a concluded experiment rests on. ``design_effect`` and ``icc`` are those of the metric; of ``unknown``
    executions it is not known whether they succeeded."""

    assigned_units: Annotated[int, Field(ge=0)]
    units: Annotated[int, Field(ge=0)]
    executions: Annotated[int, Field(ge=0)]
    successes: Annotated[int, Field(ge=0)]
    unended: Annotated[int, Field(ge=0)]
    set_aside: Annotated[int, Field(ge=0)]
    unknown: Annotated[int, Field(ge=0)] = 0
    icc: float | None
    design_effect: float | None


class ExperimentResult(Contract):
    """Comparison of the treatment with the control on one metric.

    What every method has is here, what only one has in ``details``, which also name the method. ``control`` and ``treatment``
    are the samples that were compared: a value for each unit. ``control_arm`` and ``treatment_arm`` say what they come from
    (None in results from before units were kept).

    ``effect`` is treatment mean − control mean in the unit of the metric, with an interval at ``1 − significance_level``.
    ``effect_size`` is Hedges' g with its interval. ``performance_delta`` is the relative gain, positive when the treatment is
    better. ``p_value`` is two-sided. ``confidence_score`` is ``min(0.99, 1 − p)``: kept for the seeds' clients, it is not
    a probability that the treatment is better; ``probability_better`` is. The samples hold what reported the metric; the
    executions are all of an arm. ``sample_ratio_p_value`` is that of the split of the units. A statistic that cannot be computed
    is None and ``reason`` says why.
    """

    metric: Metric
    control: SampleStatistics
    treatment: SampleStatistics
    control_arm: ArmResult | None = None
    treatment_arm: ArmResult | None = None
    control_executions: Annotated[int, Field(ge=0)]
    control_successes: Annotated[int, Field(ge=0)]
    treatment_executions: Annotated[int, Field(ge=0)]
    treatment_successes: Annotated[int, Field(ge=0)]
    effect: float | None = None
    effect_interval: tuple[float, float] | None = None
    effect_size: float | None = None
    effect_size_interval: tuple[float, float] | None = None
    performance_delta: float | None = None
    p_value: Unit | None = None
    confidence_score: Unit | None = None
    probability_better: Unit | None = None
    sample_ratio_p_value: Unit | None = None
    details: MethodDetails = WelchOfExecutions()
    reason: Reason | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_old(cls, data: Any) -> Any:
        """Results from before there were methods hold the figures of the only one in their own fields."""
        if not isinstance(data, dict) or "details" in data or "t_statistic" not in data:
            return data
        own = ("t_statistic", "degrees_of_freedom")
        rest = {name: value for name, value in data.items() if name not in own}
        return {**rest, "details": {"method": Method.WELCH_EXECUTIONS, **{name: data.get(name) for name in own}}}

    @property
    def method(self) -> Method:
        """How the arms were compared."""
        return self.details.method

    @property
    def control_success_rate(self) -> float | None:
        """Successes over those executions of the control of which it is known; None without any."""
        known = self.control_executions - (self.control_arm.unknown if self.control_arm else 0)
        return self.control_successes / known if known else None

    @property
    def treatment_success_rate(self) -> float | None:
        """Successes over those executions of the treatment of which it is known; None without any."""
        known = self.treatment_executions - (self.treatment_arm.unknown if self.treatment_arm else 0)
        return self.treatment_successes / known if known else None


class Experiment(Contract):
    """A controlled comparison on recorded executions of units, which are randomised; each arm needs ``min_sample_size`` of them.

    Only executions that name it count; the tallies are those of the last look at them, and ``control_count`` and
    ``treatment_count`` their executions. ``reason`` says why nothing is decided yet. One that was concluded without a decision
    was cancelled with its run, or its control was taken out of use meanwhile.
    """

    experiment_id: Id
    improvement_id: Id
    run_id: Id
    pattern_id: Id
    control_node_id: Id
    treatment_node_id: Id
    metric: Metric
    min_sample_size: Annotated[int, Field(ge=2)]
    significance_level: float
    started_at: Instant
    concluded_at: Instant | None = None
    control_count: Annotated[int, Field(ge=0)] = 0
    treatment_count: Annotated[int, Field(ge=0)] = 0
    control_tally: ArmTally = ArmTally()
    treatment_tally: ArmTally = ArmTally()
    reason: Reason | None = None

    def arm_of(self, node_id: str) -> Arm | None:
        """The arm that a version is of this experiment."""
        return {self.control_node_id: Arm.CONTROL, self.treatment_node_id: Arm.TREATMENT}.get(node_id)


class Decision(Contract):
    """The evidence an improvement was decided on. ``decided_by`` is ``loop`` or the reviewer.

    ``experiment_id`` and ``result`` are None where there was no experiment, ``auto_apply_threshold`` where no run tested it.
    """

    decision_id: Id
    experiment_id: Id | None = None
    improvement_id: Id
    verdict: Verdict
    reason: Reason
    result: ExperimentResult | None = None
    auto_apply_threshold: float | None = None
    decided_at: Instant
    decided_by: Name
    note: Text = ""
