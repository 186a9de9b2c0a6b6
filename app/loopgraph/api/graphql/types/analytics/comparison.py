"""Patterns and versions side by side, and one pattern among its like."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import (
    AnalyticsBasis,
    CostFigures,
    DurationFigures,
    SuccessFigures,
)
from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import BenchmarkMeasure, ComparedMeasure, Dimension, Reason
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.analytics import comparison as contracts
from loopgraph.contracts.analytics.answers import Basis
from loopgraph.reducers.usage.mixes import MIXES, MOST_MIX_VALUES

MOST_COMPARED = 20
_PAIRS = MOST_COMPARED * (MOST_COMPARED - 1) // 2

OBSERVATIONAL = (
    "Nobody assigned these executions at random: a difference may be due to who used what for which task. What else differs is "
    "in `mixes`; an experiment can tell."
)


@strawberry.type(description="One column of a comparison.")
class ComparedSubject:
    key: strawberry.ID = strawberry.field(description="The own id of the pattern or version.")
    label: str = strawberry.field(description="What people call it.")
    units: int = strawberry.field(description="How many sessions, users or tasks its executions belong to.")
    unit_limit_hit: bool = strawberry.field(
        description="Whether there were more than are told apart: what is beyond is in the figures, and in no test."
    )
    success: SuccessFigures = strawberry.field(description="What came of it.")
    duration: DurationFigures = strawberry.field(description="How long it took.")
    cost: CostFigures = strawberry.field(description="What it used of language models, and what that cost.")

    @classmethod
    def of(cls, column: contracts.Compared) -> Self:
        return shape(
            cls,
            column,
            success=SuccessFigures.of(column.success),
            duration=shape(DurationFigures, column.duration),
            cost=shape(CostFigures, column.cost),
        )


@strawberry.type(
    description="How the second differs from the first on one measure, tested by units: executions of one session, user or task "
    "are not independent of each other. Intervals are at 95 %, each for itself."
)
class MeasureDifference:
    measure: ComparedMeasure = strawberry.field(description="What is compared.")
    first: strawberry.ID = strawberry.field(description="The key of the first.")
    second: strawberry.ID = strawberry.field(description="The key of the second.")
    first_value: float | None = strawberry.field(description="The mean of the first, over executions; null for none.")
    second_value: float | None = strawberry.field(description="The mean of the second, over executions; null for none.")
    first_units: int = strawberry.field(description="How many units the first mean rests on.")
    second_units: int = strawberry.field(description="How many units the second mean rests on.")
    difference: float | None = strawberry.field(description="The second mean minus the first.")
    difference_interval: Interval | None = strawberry.field(
        description="Where the true difference lies: by Student's t, with the degrees of freedom of Welch."
    )
    relative: float | None = strawberry.field(description="The difference over the first mean: -0.31 is 31 % less.")
    relative_interval: Interval | None = strawberry.field(
        description="Where the true one lies: of the logarithm of the ratio, by the delta method."
    )
    effect_size: float | None = strawberry.field(description="Hedges' g of the units' means.")
    effect_size_interval: Interval | None = strawberry.field(
        description="Where the true one lies, by the normal approximation."
    )
    p_value: float | None = strawberry.field(
        description="Two-sided, of equal means, for this test alone; null without a test."
    )
    adjusted_p_value: float | None = strawberry.field(
        description="The same, adjusted for all tests of the comparison (Holm)."
    )
    significant: bool = strawberry.field(description="Whether the adjusted p-value is below 0.05.")
    reason: Reason | None = strawberry.field(
        description="Why there is no test; null if there is one, or nothing to compare."
    )
    summary: str = strawberry.field(description="The same in one sentence.")

    @classmethod
    def of(cls, one: contracts.Difference) -> Self:
        return shape(
            cls,
            one,
            difference_interval=Interval.of(one.difference_interval),
            relative_interval=Interval.of(one.relative_interval),
            effect_size_interval=Interval.of(one.effect_size_interval),
        )


@strawberry.type(description="Which part of the executions of each has one value.")
class MixShare:
    value: str = strawberry.field(description="The value of the dimension.")
    first_share: float = strawberry.field(description="The part of the first, 0..1.")
    second_share: float = strawberry.field(description="The part of the second, 0..1.")


@strawberry.type(description="How differently the executions of two fall to a dimension.")
class MixDifference:
    dimension: Dimension = strawberry.field(description="By what they are told apart.")
    first: strawberry.ID = strawberry.field(description="The key of the first.")
    second: strawberry.ID = strawberry.field(description="The key of the second.")
    distance: float = strawberry.field(
        description="Which part would have to have another value for both to be alike (total variation), 0..1."
    )
    values: list[MixShare] = strawberry.field(
        directives=[at_most(MOST_MIX_VALUES)], description="The values that differ most."
    )

    @classmethod
    def of(cls, mix: contracts.MixDifference) -> Self:
        return shape(cls, mix, values=[shape(MixShare, value) for value in mix.values])


@strawberry.type(description=f"Patterns and versions side by side. {OBSERVATIONAL}")
class PatternComparison:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    caveat: str = strawberry.field(description="What a comparison of what was merely observed cannot tell, in words.")
    columns: list[ComparedSubject] = strawberry.field(
        directives=[at_most(MOST_COMPARED)], description="What is compared, in the order in which it was asked for."
    )
    differences: list[MeasureDifference] = strawberry.field(
        directives=[at_most(_PAIRS * len(ComparedMeasure))], description="Of every two, on every measure."
    )
    mixes: list[MixDifference] = strawberry.field(
        directives=[at_most(_PAIRS * len(MIXES))], description="What else differs between every two."
    )
    tests: int = strawberry.field(description="How many tests the p-values are adjusted for.")

    @classmethod
    def of(cls, basis: Basis, found: contracts.Comparison) -> Self:
        return shape(
            cls,
            found,
            basis=shape(AnalyticsBasis, basis),
            caveat=OBSERVATIONAL.replace("`", ""),
            columns=[ComparedSubject.of(column) for column in found.columns],
            differences=[MeasureDifference.of(one) for one in found.differences],
            mixes=[MixDifference.of(mix) for mix in found.mixes],
        )


@strawberry.type(description="How a pattern stands among its like on one measure.")
class MeasureBenchmark:
    measure: BenchmarkMeasure = strawberry.field(description="On what it is ranked.")
    value: float | None = strawberry.field(description="Its own; null where it is not known.")
    peers: int = strawberry.field(description="Of how many the measure is known, itself among them.")
    mean: float | None = strawberry.field(description="The mean of theirs, each with the same weight.")
    median: float | None = strawberry.field(description="The median of theirs.")
    percentile_rank: float | None = strawberry.field(
        description="Which part of them is worse, and half of those that are equal, 0..100; a shorter duration is better. Null "
        "where it is not known of it, or of less than two."
    )


@strawberry.type(description="How a pattern stands among the patterns of a type.")
class PatternBenchmark:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    category: str = strawberry.field(description="The type of the patterns that it is ranked among.")
    measures: list[MeasureBenchmark] = strawberry.field(
        directives=[at_most(len(contracts.BenchmarkMeasure))], description="Its rank on each measure."
    )

    @classmethod
    def of(cls, basis: Basis, category: str, found: tuple[contracts.Benchmark, ...]) -> Self:
        return cls(
            basis=shape(AnalyticsBasis, basis),
            category=category,
            measures=[shape(MeasureBenchmark, one) for one in found],
        )
