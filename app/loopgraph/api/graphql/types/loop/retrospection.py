"""Two versions that people ran as they chose, compared after the fact."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import (
    Adjustment,
    Caveat,
    EvidenceKind,
    Factor,
    Metric,
    NoEstimate,
    Unadjusted,
)
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.loop import retrospection as contracts


@strawberry.type(description="A version as it was used.")
class ObservedSide:
    units: int = strawberry.field(description="Units that report the metric.")
    executions: int = strawberry.field(description="Their executions that do.")
    mean: float | None = strawberry.field(description="The mean of the units' means, unadjusted; null without units.")
    first_at: datetime | None = strawberry.field(description="When the first of these executions began, in UTC.")
    last_at: datetime | None = strawberry.field(description="When the last of them began, in UTC.")


@strawberry.type(description="The candidate less the base, by one way of adjusting; `reason` says why a value is null.")
class AdjustedEstimate:
    adjustment: Adjustment = strawberry.field(description="By which way.")
    base_mean: float | None = strawberry.field(description="The mean of the base, weighted, in the unit of the metric.")
    candidate_mean: float | None = strawberry.field(description="The mean of the candidate, likewise.")
    effect: float | None = strawberry.field(description="The latter less the former.")
    effect_interval: Interval | None = strawberry.field(
        description="At 95 %, for what varies from unit to unit; not for what was not recorded."
    )
    gain: float | None = strawberry.field(description="The relative gain: positive where the candidate is better.")
    p_value: float | None = strawberry.field(description="Two-sided, at one look, by Student's t.")
    base_units: int = strawberry.field(description="Units of the base that count.")
    candidate_units: int = strawberry.field(description="Units of the candidate that count.")
    effective_units: float = strawberry.field(description="How many units of one weight these are worth.")
    reason: NoEstimate | None = strawberry.field(description="Why a value is null; null where none is.")

    @classmethod
    def of(cls, one: contracts.AdjustedEstimate) -> Self:
        return shape(cls, one, effect_interval=Interval.of(one.effect_interval))


@strawberry.type(description="A factor that was not adjusted for.")
class NotAdjusted:
    factor: Factor = strawberry.field(description="Which one.")
    reason: Unadjusted = strawberry.field(description="Why not.")


@strawberry.type(description="How the units of both versions are spread over a level of a factor.")
class Balance:
    factor: Factor = strawberry.field(description="In what units differ.")
    level: str = strawberry.field(description="Which agent, model, …; of the input's size, a range of characters.")
    base_share: float = strawberry.field(description="Share of the base's units, 0..1, as it was.")
    candidate_share: float = strawberry.field(description="Share of the candidate's units, 0..1, as it was.")
    weighted_base_share: float | None = strawberry.field(
        description="The base's, as STRATIFIED weights it; null without overlap."
    )
    weighted_candidate_share: float | None = strawberry.field(description="The candidate's, likewise.")


@strawberry.type(
    description="How two versions did where people chose them: observed, and no experiment. Nothing is decided or applied by it."
)
class Retrospection:
    evidence: EvidenceKind = strawberry.field(description="On what it rests.")
    metric: Metric = strawberry.field(description="What is compared.")
    base: ObservedSide = strawberry.field(description="The version that the other is compared with.")
    candidate: ObservedSide = strawberry.field(description="The version that is compared.")
    adjusted_for: list[Factor] = strawberry.field(
        description="What was recorded and differs, and is adjusted for.", directives=[at_most(len(Factor))]
    )
    not_adjusted: list[NotAdjusted] = strawberry.field(
        description="What is not adjusted for, and why.", directives=[at_most(len(Factor))]
    )
    overlap: float | None = strawberry.field(
        description="Share of units, 0..1, that are in combinations of levels in which both versions were used; null without "
        "units."
    )
    strata: int = strawberry.field(description="How many combinations of levels there are.")
    units_in_both: int = strawberry.field(description="Units that used both versions.")
    left_out: int = strawberry.field(
        description="Executions of experiments that were left out: units were assigned there, and are compared there."
    )
    truncated: bool = strawberry.field(
        description=f"Whether there were more executions; the latest {contracts.MOST_EXECUTIONS:,} of each version were looked "
        "at."
    )
    estimates: list[AdjustedEstimate] = strawberry.field(
        description="The plain difference, then the adjusted ones, where something is adjusted for.",
        directives=[at_most(3)],
    )
    balance: list[Balance] = strawberry.field(
        description="How the levels are spread, before and after.",
        directives=[at_most(len(Factor) * (contracts.MOST_LEVELS + 1))],
    )
    caveats: list[Caveat] = strawberry.field(
        description="What speaks against it.", directives=[at_most(len(contracts.Caveat))]
    )

    @classmethod
    def of(cls, found: contracts.Retrospection) -> Self:
        return shape(
            cls,
            found,
            base=shape(ObservedSide, found.base),
            candidate=shape(ObservedSide, found.candidate),
            not_adjusted=[shape(NotAdjusted, one) for one in found.not_adjusted],
            estimates=[AdjustedEstimate.of(one) for one in found.estimates],
            balance=[shape(Balance, one) for one in found.balance],
        )
