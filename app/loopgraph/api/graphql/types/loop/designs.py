"""How experiments are made: as they were, and as they are asked for."""

from __future__ import annotations

from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.common import plain, shape
from loopgraph.api.graphql.types.enums import AllocationRule, Horizon, Metric, Spending, TailTreatment
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.loop import design as contracts
from loopgraph.contracts.statistics.metrics import Tail, Winsorised
from loopgraph.contracts.statistics.plans import Horizon as Horizons

_MOST_GUARDED = 5
_PLANNED = frozenset({"spending", "planned_looks"})


@strawberry.type(description="What is done about the long tail of the compared metric.")
class TailDesign:
    treatment: TailTreatment
    lower: float | None = strawberry.field(
        description="Quantile, 0..1, below which values are set to it; null unless values are cut."
    )
    upper: float | None = strawberry.field(
        description="Quantile, 0..1, above which values are set to it; null unless values are cut."
    )

    @classmethod
    def of(cls, tail: Tail | None) -> Self | None:
        if tail is None:
            return None
        ends = (tail.lower, tail.upper) if isinstance(tail, Winsorised) else (None, None)
        return cls(treatment=contracts.TailTreatment(tail.treatment), lower=ends[0], upper=ends[1])


@strawberry.type(description="A metric that must not get worse by more than a margin.")
class GuardedMetric:
    metric: Metric
    margin: float

    @classmethod
    def of(cls, guarded: contracts.GuardedMetric) -> Self:
        return shape(cls, guarded)


@strawberry.type(description="A part of a composite: in standard deviations of the control's units, larger is better.")
class WeightedMetric:
    metric: Metric
    weight: float

    @classmethod
    def of(cls, part: contracts.WeightedMetric) -> Self:
        return shape(cls, part)


@strawberry.type(description="How an experiment is made; it was fixed before it started.")
class ExperimentDesign:
    metric: Metric | None = strawberry.field(
        description="What is compared; null: what the type of the improvement goes by."
    )
    composite: list[WeightedMetric] = strawberry.field(
        description="What COMPOSITE is made of; empty where it is neither compared nor guarded.",
        directives=[at_most(_MOST_GUARDED)],
    )
    tail: TailDesign | None
    guardrails: list[GuardedMetric] = strawberry.field(
        description="What must not get worse, and by how much it may.", directives=[at_most(_MOST_GUARDED)]
    )
    horizon: Horizon
    spending: Spending
    planned_looks: int
    treatment_share: float
    max_units: int | None
    minimum_gain: float | None
    history_days: int | None
    stages: list[float] = strawberry.field(
        description="The shares of the treatment, one stage after the other; empty where exposure does not grow.",
        directives=[at_most(10)],
    )
    stage_units: int
    holdout_share: float
    candidates_at_once: int
    allocation: AllocationRule
    candidate_shares: list[float] = strawberry.field(
        description="The probabilities that a unit gets each candidate; empty: all arms are of one size.",
        directives=[at_most(5)],
    )

    @classmethod
    def of(cls, design: contracts.ExperimentDesign) -> Self:
        guardrails = [GuardedMetric.of(each) for each in design.guardrails]
        composite = [WeightedMetric.of(each) for each in design.composite]
        return shape(
            cls,
            design,
            tail=TailDesign.of(design.tail),
            guardrails=guardrails,
            composite=composite,
            holdout_share=design.holdout_share or 0.0,
            stages=list(design.stages),
            candidate_shares=list(design.candidate_shares),
        )


@strawberry.input(description="What is done about a long tail of the compared metric, if that is no rate.")
class TailInput:
    treatment: TailTreatment
    lower: float | None = strawberry.field(
        default=strawberry.UNSET, description="Quantile below which values are cut, of WINSORISED; left out: 0."
    )
    upper: float | None = strawberry.field(
        default=strawberry.UNSET, description="Quantile above which values are cut, of WINSORISED; left out: 0.99."
    )


@strawberry.input(description="A metric that must not get worse by more than a margin.")
class GuardedMetricInput:
    metric: Metric
    margin: float


@strawberry.input(description="A part of a composite.")
class WeightedMetricInput:
    metric: Metric
    weight: float = 1.0


@strawberry.input(description="How the experiments of a run are made. Every field may be left out.")
class ExperimentDesignInput:
    metric: Metric | None = strawberry.field(
        default=None, description="What is compared; left out: what the type of each improvement goes by."
    )
    composite: list[WeightedMetricInput] = strawberry.field(
        default_factory=list, description="What COMPOSITE is made of: two to five other metrics, each once."
    )
    tail: TailInput | None = None
    guardrails: list[GuardedMetricInput] = strawberry.field(
        default_factory=list, description="What must not get worse, and by how much it may: at most five metrics."
    )
    horizon: Horizon = Horizons.ALWAYS_VALID
    spending: Spending | None = strawberry.field(
        default=None,
        description="How GROUP_SEQUENTIAL spends its level, refused with another horizon; left out: OBRIEN_FLEMING.",
    )
    planned_looks: int | None = strawberry.field(
        default=None,
        description="Looks of GROUP_SEQUENTIAL, 2 to 20, refused with another horizon; left out: 5.",
    )
    treatment_share: float = 0.5
    max_units: int | None = None
    minimum_gain: float | None = None
    history_days: int | None = None
    stages: list[float] = strawberry.field(
        default_factory=list,
        description="The shares of the treatment, two to ten, ascending to treatmentShare, one stage after the other, such as "
        "0.01, 0.05, 0.1, 0.25, 0.5; for ALWAYS_VALID, without historyDays. Left out: exposure does not grow.",
    )
    stage_units: int = 10
    holdout_share: float | None = None
    candidates_at_once: int = 1
    allocation: AllocationRule = contracts.AllocationRule.PLANNED
    candidate_shares: list[float] = strawberry.field(
        default_factory=list,
        description="With candidatesAtOnce: the probability that a unit gets each candidate, in the order of the run, each 0.01 "
        "to 0.99; the control gets the rest, at least 0.01. Left out: all arms are of one size.",
    )

    def data(self) -> dict[str, Any]:
        """As plain data of the contract."""
        data: dict[str, Any] = plain(self)
        # What is left out is not given: the horizons that have no use for it refuse it.
        data = {name: value for name, value in data.items() if value is not None or name not in _PLANNED}
        if data["tail"] is not None:
            data["tail"] = {name: value for name, value in data["tail"].items() if value is not None}
            data["tail"]["treatment"] = data["tail"]["treatment"].value
        return data
