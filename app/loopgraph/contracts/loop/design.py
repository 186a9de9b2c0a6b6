"""How an experiment is made: what is compared, what must not get worse, when one looks, and how many units get the treatment."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract
from loopgraph.contracts.statistics.decisions import Margin
from loopgraph.contracts.statistics.metrics import Direction, Logarithm, MetricDefinition, MetricKind, Ordered, Tail
from loopgraph.contracts.statistics.plans import Horizon, Spending

Share = Annotated[float, Field(ge=0.01, le=0.99)]
"""Of the units, that get the treatment."""

EVEN: Final = 0.5
"""The share of the treatment where arms are of one size."""

MOST_TREATED: Final = 0.99
"""The shares of all candidates together: without a control, nothing is compared."""

HISTORY = "history"
"""The covariate of a unit: its value of the same metric before the experiment."""


class Metric(StrEnum):
    """What an experiment compares. Durations, tokens and costs are better when smaller, the others when larger. Tokens and costs
    are those of the calls of models under uses of patterns; ratings, 1 to 5, those that were given of executions, or else of
    their traces; a composite is several of the others as one value (``reducers.composites``)."""

    DURATION_MS = "duration_ms"
    QUALITY_SCORE = "quality_score"
    SUCCESS_RATE = "success_rate"
    TOKENS = "tokens"
    COST_USD = "cost_usd"
    RATING = "rating"
    COMPOSITE = "composite"

    @property
    def smaller_is_better(self) -> bool:
        """Direction of the metric."""
        return self.has_tail

    @property
    def is_rate(self) -> bool:
        """Whether its values are between 0 and 1."""
        return self in (Metric.QUALITY_SCORE, Metric.SUCCESS_RATE)

    @property
    def has_tail(self) -> bool:
        """Whether its values have no upper end: they may have a long tail."""
        return self in (Metric.DURATION_MS, Metric.TOKENS, Metric.COST_USD)

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        return Direction.SMALLER_IS_BETTER if self.smaller_is_better else Direction.LARGER_IS_BETTER


class TailTreatment(StrEnum):
    """What is done about a long tail of values."""

    WINSORISED = "winsorised"
    LOGARITHM = "logarithm"
    RANKS = "ranks"


class AllocationRule(StrEnum):
    """Which share of the units each arm gets: what was planned, or as likely as it is the best one by what was seen."""

    PLANNED = "planned"
    THOMPSON = "thompson"


class GuardedMetric(Contract):
    """A metric that must not get worse by more than ``margin``: of a rate a difference (0.02: by two points), of a composite
    so many of the control's standard deviations, of all others a share of the control's value (0.1: by 10 %)."""

    metric: Metric
    margin: Annotated[float, Field(ge=0.0, le=1.0)]

    @property
    def allowed(self) -> Margin:
        """The margin, as the statistics take it."""
        return Margin(value=self.margin, relative=not (self.metric.is_rate or self.metric is Metric.COMPOSITE))


class WeightedMetric(Contract):
    """A part of a composite. Weights count by their share of the sum of all."""

    metric: Metric
    weight: Annotated[float, Field(gt=0.0, le=1_000.0)] = 1.0

    @model_validator(mode="after")
    def _plain(self) -> Self:
        if self.metric is Metric.COMPOSITE:
            raise ValueError("metric must not be composite: a composite is made of other metrics")
        return self


class ExperimentDesign(Contract):
    """How an experiment is made, fixed before it starts.

    ``metric`` None is that of the improvement's type. ``composite`` are the parts of the metric of that name, compared or
    guarded. ``tail`` is done to a metric that may have one: durations, tokens and costs.
    ``horizon`` says when one looks: whenever there are new units (always valid), at ``planned_looks`` by ``spending``
    (group-sequential), or once (fixed). ``treatment_share`` is the probability that a unit gets the treatment. An experiment
    that looks whenever it likes ends at ``max_units`` of both arms; None: four times what is planned. ``minimum_gain`` is the
    smallest relative gain that matters (0.1: a tenth): one that is shown to bring less is given up. With ``history_days`` units
    are adjusted for what they did on the pattern in so many days before the experiment (CUPED); None: they are not.

    With ``stages`` exposure grows: the shares of the treatment, ascending, until the last one, which is ``treatment_share``. A
    unit keeps the arm that it was assigned to; a stage ends when so many of its units of the treatment (``stage_units``) tell
    something and nothing speaks against going on. ``holdout_share`` of the units of a pattern are in none of its experiments;
    None: as many as in the one before.

    So many candidates of a run as ``candidates_at_once`` are tried beside each other, against one control. ``candidate_shares``
    are the probabilities that a unit gets each, in the order in which the run tests them, and the control gets the rest; without
    them all arms are of one size.

    ``allocation`` says whether shares stay as planned, or follow from what was seen (``computes.loop.experiments.allotting``).
    """

    metric: Metric | None = None
    composite: Annotated[tuple[WeightedMetric, ...], Field(max_length=5)] = ()
    tail: Tail | None = None
    guardrails: Annotated[tuple[GuardedMetric, ...], Field(max_length=5)] = ()
    horizon: Horizon = Horizon.ALWAYS_VALID
    spending: Spending = Spending.OBRIEN_FLEMING
    planned_looks: Annotated[int, Field(ge=2, le=20)] = 5
    treatment_share: Share = 0.5
    max_units: Annotated[int, Field(ge=20, le=1_000_000)] | None = None
    minimum_gain: Annotated[float, Field(gt=0.0, le=10.0)] | None = None
    history_days: Annotated[int, Field(ge=1, le=365)] | None = None
    stages: Annotated[tuple[Share, ...], Field(max_length=10)] = ()
    stage_units: Annotated[int, Field(ge=10, le=10_000)] = 10
    holdout_share: Annotated[float, Field(ge=0.0, le=0.5)] | None = None
    candidates_at_once: Annotated[int, Field(ge=1, le=5)] = 1
    candidate_shares: Annotated[tuple[Share, ...], Field(max_length=5)] = ()
    allocation: AllocationRule = AllocationRule.PLANNED

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.tail is not None and self.metric is not None and not self.metric.has_tail:
            why = "which is between 0 and 1" if self.metric.is_rate else "which has none"
            raise ValueError(f"tail is for durations, tokens and costs, not for {self.metric.value}, {why}")
        guarded = [guardrail.metric for guardrail in self.guardrails]
        if len(guarded) != len(set(guarded)):
            raise ValueError("guardrails must each have a metric of their own")
        if self.metric in guarded:
            raise ValueError("guardrails must be other metrics than the one that is compared")
        self._ranks()
        self._composes([*guarded, *([self.metric] if self.metric else [])])
        self._widens()
        self._goes_beside()
        self._adapts(guarded)
        if self.max_units is not None and self.horizon is not Horizon.ALWAYS_VALID:
            raise ValueError(f"max_units is for always_valid: a {self.horizon.value} experiment ends as planned")
        return self

    def _ranks(self) -> None:
        if not self.in_ranks:
            return
        if self.stages or self.allocation is not AllocationRule.PLANNED:
            raise ValueError("tail ranks is for shares that do not change: leave out stages, and allocation thompson")
        if self.history_days is not None:
            raise ValueError("tail ranks is not adjusted for what units did before: leave out history_days")
        if self.minimum_gain is not None:
            raise ValueError("tail ranks has no interval of the relative gain: leave out minimum_gain")

    def _widens(self) -> None:
        if not self.stages:
            return
        if len(self.stages) < 2 or list(self.stages) != sorted(set(self.stages)):
            raise ValueError("stages must be at least two shares, each greater than the one before")
        if self.stages[-1] != self.treatment_share:
            raise ValueError(f"stages must end at treatment_share, which is {self.treatment_share:g}")
        if self.horizon is not Horizon.ALWAYS_VALID:
            raise ValueError(f"stages are for always_valid: a {self.horizon.value} experiment looks at planned sizes")
        if self.history_days is not None:
            raise ValueError("history_days must be left out where there are stages")

    def _goes_beside(self) -> None:
        shares, candidates = self.candidate_shares, self.candidates_at_once
        if shares and (len(shares) != candidates or candidates == 1):
            raise ValueError("candidate_shares must be as many as candidates_at_once, which are two to five")
        if sum(shares) > MOST_TREATED:
            raise ValueError(f"candidate_shares must leave the control at least {1 - MOST_TREATED:.2g} of the units")
        if candidates > 1 and self.stages:
            raise ValueError("stages are for one candidate after the other: leave out candidates_at_once")
        if candidates > 1 and self.treatment_share != EVEN:
            raise ValueError("treatment_share is that of one candidate: give candidate_shares instead")

    def _adapts(self, guarded: list[Metric]) -> None:
        if self.allocation is AllocationRule.PLANNED:
            return
        if self.horizon is not Horizon.ALWAYS_VALID or self.stages:
            raise ValueError("allocation thompson is for always_valid, without stages")
        if self.history_days is not None or isinstance(self.tail, Logarithm):
            raise ValueError("allocation thompson is for means and rates: leave out history_days, and logarithms")
        if Metric.COMPOSITE in (*guarded, self.metric):
            raise ValueError("allocation thompson has no composite: that is standardised by a control of a fixed share")

    def shares_of(self, candidates: int) -> tuple[float, ...]:
        """The probability that a unit gets each of so many candidates, which are tried beside each other."""
        return self.candidate_shares[:candidates] or (1 / (candidates + 1),) * candidates

    def beside(self, share: float, control_share: float) -> ExperimentDesign:
        """The design by which one of several candidates is held against the control that all share. Arms of one size are that
        also where what is left of 1 for the control is rounded: looks of unequal arms begin later."""
        of_both = EVEN if math.isclose(share, control_share) else share / (share + control_share)
        return self.model_copy(update={"treatment_share": of_both, "candidates_at_once": 1, "candidate_shares": ()})

    def _composes(self, used: list[Metric]) -> None:
        parts = [part.metric for part in self.composite]
        if Metric.COMPOSITE not in used:
            if parts:
                raise ValueError("composite is for the metric composite, which is neither compared nor guarded")
            return
        if len(parts) < 2 or len(parts) != len(set(parts)):
            raise ValueError("composite must have two to five metrics, each once")
        if self.metric is Metric.COMPOSITE and self.minimum_gain is not None:
            raise ValueError("minimum_gain is a share of the control's value, which is 0 for a composite")

    @property
    def least_staged(self) -> int:
        """Units, as looks count them in two arms of one size, that the stages before the last one have at their ends."""
        return math.ceil(sum(4 * self.stage_units * max(share, 1 - share) for share in self.stages[:-1]))

    @property
    def in_ranks(self) -> bool:
        """Whether the compared metric is by the order of its values alone."""
        return isinstance(self.tail, Ordered)

    @property
    def looks_repeat(self) -> bool:
        """Whether there may be more than one look."""
        return self.horizon is not Horizon.FIXED

    @property
    def is_plain(self) -> bool:
        """Whether it is one look at one metric as it is: how all experiments were before there were designs."""
        return not (self.looks_repeat or self.tail or self.guardrails or self.history_days)

    def measured(self, metric: Metric) -> tuple[Metric, ...]:
        """The compared metric and those that are guarded, each once."""
        return tuple(dict.fromkeys([metric, *(guardrail.metric for guardrail in self.guardrails)]))

    def parts_of(self, metric: Metric) -> tuple[Metric, ...]:
        """What has to be read of executions for a metric: itself, or what it is composed of."""
        return tuple(part.metric for part in self.composite) if metric is Metric.COMPOSITE else (metric,)

    def read(self, metric: Metric) -> tuple[Metric, ...]:
        """What has to be read of executions where this metric is compared, each once."""
        return tuple(dict.fromkeys(part for each in self.measured(metric) for part in self.parts_of(each)))

    def watched(self, metric: Metric) -> Metric:
        """What a version is held against after it was applied by this metric: of a composite the part that weighs most, since
        there is no control then that it could be standardised by."""
        if metric is not Metric.COMPOSITE:
            return metric
        return max(self.composite, key=lambda part: part.weight).metric

    def resolved(self, metric: Metric) -> ExperimentDesign:
        """The design of an experiment on an improvement whose type goes by ``metric``: with the metric that is compared, without
        a guardrail on it, and without a tail where that metric has none."""
        primary = self.metric or metric
        return self.model_copy(
            update={
                "metric": primary,
                "tail": self.tail if primary.has_tail else None,
                "guardrails": tuple(each for each in self.guardrails if each.metric is not primary),
            }
        )

    def definition(self, metric: Metric, *, binary: bool = False) -> MetricDefinition:
        """A metric, the compared one or a guarded one, as the statistics take it. ``binary``: each unit says 0 or 1.

        The tail is that of the compared metric: what is guarded is guarded as it is. Where units say yes or no, their past
        adjusts nothing: proportions have an interval also where nothing varies.
        """
        tail = self.tail if metric is self.metric and metric.has_tail else None
        kind = MetricKind.PROPORTION if binary else MetricKind.MEAN
        if isinstance(tail, Ordered):
            kind, tail = MetricKind.RANK, None
        return MetricDefinition(
            name=metric.value,
            kind=kind,
            direction=metric.direction,
            tail=tail,
            covariate=HISTORY if self.history_days and not binary else None,
        )


PLAIN = ExperimentDesign(horizon=Horizon.FIXED)
"""One look, arms of one size: how all experiments were before there were designs."""
