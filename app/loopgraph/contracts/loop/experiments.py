"""Experiments: what their arms come to, how these are compared, and the decisions that follow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, Id, Instant, Name, Text, Unit
from loopgraph.contracts.loop.arms import Allotment, ArmTally, SampleStatistics, TreatmentArm
from loopgraph.contracts.loop.design import PLAIN, ExperimentDesign, Metric
from loopgraph.contracts.loop.feedback import Arm, Reason, Verdict
from loopgraph.contracts.statistics.decisions import Guardrail, GuardrailStatus
from loopgraph.contracts.statistics.estimates import Estimate


class Method(StrEnum):
    """How an experiment was evaluated. ``welch_executions``: how it was done before units were kept."""

    UNIT_ESTIMATE = "unit_estimate"
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


class GuardrailResult(Contract):
    """What is known of a guarded metric, and the estimate of it at the level of the test.

    ``adjusted_p_value`` is that of a loss as large as the margin, corrected for the candidates of the run where there are
    several: the guardrail is held only where that is below the level.
    """

    metric: Metric
    guardrail: Guardrail
    adjusted_p_value: Unit | None = None

    @property
    def by_itself(self) -> GuardrailStatus:
        """What it would be if there were no other candidates."""
        ends, margin = self.guardrail.loss_interval, self.guardrail.margin.value
        if ends is None or ends[0] <= margin <= ends[1]:
            return GuardrailStatus.OPEN
        return GuardrailStatus.HELD if ends[1] < margin else GuardrailStatus.BREACHED


class UnitEstimate(Contract):
    """An estimate from the values of units, as the experiment's design has it: ``estimate`` names the method, the horizon, and
    what it takes for granted.

    ``planned_units`` and ``most_units`` are of both arms; ``last_look``: there will be no other. ``failing_units`` are those of
    each arm with an execution that failed: ``more_failing_p_value`` is that of their falling to the treatment more often than
    units do, and holds at every look. The other two p-values are Fisher's of the success rates, at this look alone.
    ``units_with_history`` are those of both arms that were adjusted for what they did before; None where that was not asked for,
    or where units say yes or no.
    """

    method: Literal[Method.UNIT_ESTIMATE] = Method.UNIT_ESTIMATE
    estimate: Estimate
    guardrails: tuple[GuardrailResult, ...] = ()
    planned_units: Annotated[int, Field(ge=2)]
    most_units: Annotated[int, Field(ge=2)]
    last_look: bool
    failing_units: tuple[int, int]
    units_with_history: Annotated[int, Field(ge=0)] | None = None
    more_failing_p_value: Unit
    success_p_value: Unit | None = None
    fewer_successes_p_value: Unit | None = None

    @property
    def t_statistic(self) -> float | None:
        """The effect in standard errors."""
        effect, error = self.estimate.effect, self.estimate.standard_error
        return effect / error if effect is not None and error else None

    @property
    def degrees_of_freedom(self) -> float | None:
        """Those of Student's t, where it is by that."""
        return self.estimate.degrees_of_freedom


MethodDetails = Annotated[UnitEstimate | WelchOfUnitMeans | WelchOfExecutions, Field(discriminator="method")]
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
    a probability that the treatment is better; ``probability_better`` is. It was one of ``family_size`` candidates of its run:
    ``adjusted_p_value`` is by Holm's correction for these, and ``confidence_score`` then goes by it (None in results from before
    candidates were taken together). The samples hold what reported the metric; the
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
    family_size: Annotated[int, Field(ge=1)] = 1
    adjusted_p_value: Unit | None = None
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
    """A controlled comparison on recorded executions of units, which are randomised; each arm is planned to have
    ``min_sample_size`` of them.

    ``looks`` are the units of both arms at the looks that decided nothing: of a group-sequential design all that were compared,
    of others the telling ones of the last look.

    Only executions that name it count; the tallies are those of the last look at them, and ``control_count`` and
    ``treatment_count`` their executions. ``reason`` says why nothing is decided yet; ``open_guardrails`` are the
    metrics that alone were in the way at the last look of a treatment that is shown to be better. One that was concluded without
    a decision was cancelled with its run, or its control was taken out of use meanwhile. ``stage`` is the place of the share that
    is assigned now among the stages of its design, from 0; None where there are none.

    Where several candidates are tried beside each other, ``treatments`` are all of them, and what is said of the one treatment
    (``improvement_id``, ``treatment_node_id`` and its counts) is said of the first. Each is held against the one control as a
    ``Comparison``, which is an experiment of two arms: who looks at an experiment looks at its ``comparisons``.
    ``allotments`` are the shares that were in force, one after the other, where they follow from what was seen.
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
    design: ExperimentDesign = PLAIN
    looks: tuple[int, ...] = ()
    started_at: Instant
    concluded_at: Instant | None = None
    control_count: Annotated[int, Field(ge=0)] = 0
    treatment_count: Annotated[int, Field(ge=0)] = 0
    control_tally: ArmTally = ArmTally()
    treatment_tally: ArmTally = ArmTally()
    reason: Reason | None = None
    open_guardrails: tuple[Metric, ...] = ()
    stage: Annotated[int, Field(ge=0)] | None = None
    treatments: tuple[TreatmentArm, ...] = ()
    allotments: tuple[Allotment, ...] = ()

    @property
    def comparison_id(self) -> str:
        """What tells it from all other comparisons."""
        return self.experiment_id

    @property
    def by_record(self) -> bool:
        """Whether the arm of a unit is the one that was recorded when it was assigned, rather than what a hash alone says."""
        return self.in_stages or bool(self.treatments)

    @property
    def holdout_share(self) -> float:
        """How many of the units of the pattern are in none of its experiments, while this one goes on."""
        return self.design.holdout_share or 0.0

    @property
    def in_stages(self) -> bool:
        """Whether the share of the treatment changes: exposure grows, or shares follow from what was seen."""
        return self.stage is not None or bool(self.allotments)

    @property
    def stage_shares(self) -> tuple[float, ...]:
        """The share of the treatment in each stage, of two arms; nothing where there are none."""
        return tuple(each.shares[0] for each in self.allotments) or self.design.stages

    @property
    def control_share(self) -> float:
        """The probability that a unit which is assigned now gets the control."""
        return 1.0 - self.share

    @property
    def candidates(self) -> tuple[TreatmentArm, ...]:
        """All candidates, one or several."""
        if self.treatments:
            return self.treatments
        only = TreatmentArm(
            improvement_id=self.improvement_id,
            node_id=self.treatment_node_id,
            share=self.share,
            tally=self.treatment_tally,
            looks=self.looks,
            reason=self.reason,
            open_guardrails=self.open_guardrails,
        )
        return (only,)

    @property
    def comparisons(self) -> tuple[Experiment, ...]:
        """Each candidate that is not decided on yet, against the control: itself, where it has but one."""
        if not self.treatments:
            return (self,)
        return tuple(Comparison.of(self, each) for each in self.treatments if each.dropped_at is None)

    def comparison_with(self, node_id: str) -> Experiment:
        """A candidate against the control, whether it is decided on or not: itself for a version that is none of several."""
        found = (each for each in self.treatments if each.node_id == node_id)
        return next((Comparison.of(self, each) for each in found), self)

    def with_comparisons(self, comparisons: Iterable[Experiment]) -> Experiment:
        """The experiment whose comparisons have become these; others stay as they are."""
        became = {each.treatment_node_id: each for each in comparisons}
        if not self.treatments:
            return became.get(self.treatment_node_id, self)
        treatments = tuple(
            each if (now := became.get(each.node_id)) is None else _told_by(each, now) for each in self.treatments
        )
        first, any_ = treatments[0], next(iter(became.values()), self)
        return self.model_copy(
            update={
                "treatments": treatments,
                "control_tally": any_.control_tally,
                "control_count": any_.control_count,
                "treatment_tally": first.tally,
                "treatment_count": first.tally.executions,
                "reason": any_.reason,
                "open_guardrails": first.open_guardrails,
            }
        )

    def without(self, node_ids: Collection[str], at: datetime) -> Experiment:
        """The experiment when these candidates are dropped."""
        treatments = tuple(
            each.model_copy(update={"dropped_at": at}) if each.node_id in node_ids else each for each in self.treatments
        )
        return self.model_copy(update={"treatments": treatments})

    @property
    def shares(self) -> tuple[float, ...]:
        """The probability that a unit gets each candidate which is assigned now."""
        if self.allotments:
            return self.allotments[-1].shares
        if self.treatments:
            return tuple(each.share for each in self.treatments)
        return (self.design.treatment_share if self.stage is None else self.design.stages[self.stage],)

    @property
    def share(self) -> float:
        """The probability that a unit gets a candidate which is assigned now."""
        return sum(self.shares)

    @property
    def widest(self) -> bool:
        """Whether no stage follows."""
        return self.stage is None or self.stage == len(self.design.stages) - 1

    def arm_of(self, node_id: str) -> Arm | None:
        """The arm that a version is of this experiment."""
        if node_id == self.control_node_id:
            return Arm.CONTROL
        treated = {self.treatment_node_id, *(each.node_id for each in self.treatments)}
        return Arm.TREATMENT if node_id in treated else None


class Comparison(Experiment):
    """One of several candidates against the control that all of them share, as an experiment of two arms.

    Its share is that of the units of both, which stays what it is when other candidates are dropped.
    """

    @classmethod
    def of(cls, experiment: Experiment, arm: TreatmentArm) -> Comparison:
        """That of an arm of an experiment."""
        planned = experiment.design.beside(arm.share, 1.0 - sum(each.share for each in experiment.treatments))
        place = experiment.treatments.index(arm)
        told = {
            "improvement_id": arm.improvement_id,
            "treatment_node_id": arm.node_id,
            "treatment_tally": arm.tally,
            "treatment_count": arm.tally.executions,
            "looks": arm.looks,
            "reason": arm.reason,
            "open_guardrails": arm.open_guardrails,
            "concluded_at": arm.dropped_at or experiment.concluded_at,
            "design": planned,
            "treatments": (),
            "allotments": tuple(_of_two(each, place) for each in experiment.allotments),
        }
        return cls.model_construct(**{**{name: getattr(experiment, name) for name in cls.model_fields}, **told})

    @property
    def comparison_id(self) -> str:
        """That of the experiment, with the candidate."""
        return f"{self.experiment_id}|{self.treatment_node_id}"

    @property
    def by_record(self) -> bool:
        """Always: what units are given changes when a candidate is dropped."""
        return True


def _of_two(allotment: Allotment, place: int) -> Allotment:
    """The shares of one candidate and the control, of the units of both."""
    own, control = allotment.shares[place], 1.0 - sum(allotment.shares)
    return allotment.model_copy(update={"shares": (own / (own + control),), "best": None})


def _told_by(arm: TreatmentArm, comparison: Experiment) -> TreatmentArm:
    return arm.model_copy(
        update={
            "tally": comparison.treatment_tally,
            "looks": comparison.looks,
            "reason": comparison.reason,
            "open_guardrails": comparison.open_guardrails,
        }
    )


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
