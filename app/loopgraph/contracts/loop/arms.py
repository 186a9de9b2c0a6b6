"""The arms of an experiment: how far each is, and the candidates that are tried beside each other."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopgraph.contracts.base import Contract, Id, Instant, NonNegative, Unit
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.feedback import Reason


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

    ``assigned`` are the units that were assigned to it (``assigned_by_stage``: where exposure grows in stages),
    ``units`` those with an execution that ended or is over its time,
    ``telling_units`` those of them with one that reports the metric or failed. ``set_aside`` are executions that name this arm
    though their unit was assigned to the other one: they are in no other number. ``unnamed`` are executions that name
    no unit, ``uses`` those that are uses of patterns. Where exposure grows or units are held out, ``not_assigned`` and
    ``held_out`` are units that report this arm and are therefore in no other number of units.
    """

    assigned: Annotated[int, Field(ge=0)] = 0
    assigned_by_stage: tuple[int, ...] = ()
    units: Annotated[int, Field(ge=0)] = 0
    telling_units: Annotated[int, Field(ge=0)] = 0
    executions: Annotated[int, Field(ge=0)] = 0
    unended: Annotated[int, Field(ge=0)] = 0
    unnamed: Annotated[int, Field(ge=0)] = 0
    set_aside: Annotated[int, Field(ge=0)] = 0
    uses: Annotated[int, Field(ge=0)] = 0
    not_assigned: Annotated[int, Field(ge=0)] = 0
    held_out: Annotated[int, Field(ge=0)] = 0


class TreatmentArm(Contract):
    """One of several candidates that an experiment tries beside each other: what an experiment of one candidate says of itself.

    ``share`` is the probability, of all units, that it gets one, as planned. ``dropped_at`` is when it was decided on before the
    experiment ended: from then on it gets no unit.
    """

    improvement_id: Id
    node_id: Id
    share: Unit
    tally: ArmTally = ArmTally()
    looks: tuple[int, ...] = ()
    reason: Reason | None = None
    open_guardrails: tuple[Metric, ...] = ()
    dropped_at: Instant | None = None


class Allotment(Contract):
    """Which share of the next units each arm gets, as followed from what was known then (Thompson sampling).

    ``shares`` are the propensities of the candidates, in their order; the control has the rest. ``best`` is how likely each arm
    was the best one, the control first; None at the start, when nothing was known. ``units`` had told something by then.
    """

    shares: tuple[Unit, ...]
    best: tuple[Unit, ...] | None = None
    units: Annotated[int, Field(ge=0)] = 0
    made_at: Instant
