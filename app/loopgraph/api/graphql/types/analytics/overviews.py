"""What is used most, what works best, everything at a glance, and anything over time."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import (
    AnalyticsBasis,
    CostFigures,
    DurationFigures,
    QualityDistribution,
    SeriesPoint,
    SuccessFigures,
)
from loopgraph.api.graphql.types.analytics.subjects import RankedSubject
from loopgraph.api.graphql.types.common import Info, Long, shape
from loopgraph.api.graphql.types.connections import checked_size
from loopgraph.api.graphql.types.enums import Dimension, SubjectKind
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.analytics import answers
from loopgraph.contracts.analytics.subjects import EVERYTHING, Subject
from loopgraph.contracts.analytics.windows import Window
from loopgraph.effects.clock import now
from loopgraph.reducers.usage.performance import cost_figures, duration_figures
from loopgraph.reducers.usage.series import FEW_POINTS, MOST_POINTS
from loopgraph.reducers.usage.success import success_figures

MOST_LISTED = 100


@strawberry.type(description="The most used of a kind, beside everything that began.")
class UsageStats:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    ranked: list[RankedSubject] = strawberry.field(
        directives=[at_most(MOST_LISTED)], description="The most used, the most first, each over time."
    )
    points: list[SeriesPoint] = strawberry.field(
        directives=[at_most(FEW_POINTS)], description="All traces that began, over time."
    )

    @classmethod
    def of(cls, stats: answers.UsageStats) -> Self:
        return cls(
            basis=shape(AnalyticsBasis, stats.basis),
            ranked=[RankedSubject.of(one, stats.basis) for one in stats.ranked],
            points=SeriesPoint.all(stats.points),
        )


@strawberry.type(description="Patterns by how well they succeed.")
class SuccessRates:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    rates: list[RankedSubject] = strawberry.field(
        directives=[at_most(MOST_LISTED)],
        description="The surest first: by the lower bound of the interval, so that few executions do not come first.",
    )
    total_patterns: int = strawberry.field(description="How many patterns have enough executions.")
    left_out: int = strawberry.field(
        description="How many others were used, of which less than `minSamples` executions are known to have succeeded or not: "
        "they are not in `rates`."
    )
    average_success_rate: float | None = strawberry.field(
        description="The mean of their success rates, each with the same weight; null for none."
    )
    high_confidence: float = strawberry.field(description="The confidence that is called high.")
    high_confidence_count: int = strawberry.field(description="How many of them reach it.")
    more: bool = strawberry.field(
        description="Whether there are more patterns than were looked at, which are the most used."
    )

    @classmethod
    def of(cls, found: answers.SuccessRates) -> Self:
        return shape(
            cls,
            found,
            basis=shape(AnalyticsBasis, found.basis),
            rates=[RankedSubject.of(one, found.basis) for one in found.rates],
        )


@strawberry.type(description="Patterns of one type together.")
class PatternTypeSummary:
    pattern_type: str
    success: SuccessFigures = strawberry.field(
        description="What came of their executions, and the quality these report."
    )
    duration: DurationFigures = strawberry.field(description="How long they took.")
    quality_std: float | None = strawberry.field(
        description="Standard deviation of the quality that executions report; null below two."
    )

    @classmethod
    def of(cls, one: answers.TypeSummary) -> Self:
        return shape(cls, one, success=SuccessFigures.of(one.success), duration=shape(DurationFigures, one.duration))


@strawberry.type(description="What of the window is over, against as many hours before it.")
class UsageChange:
    executions_before: Long = strawberry.field(description="How many began before.")
    executions_change: float | None = strawberry.field(
        description="How many more there are now, as a part of those before: 0.15 is 15 % more; null where there were none."
    )
    success_rate_before: float | None = strawberry.field(
        description="The success rate before; null where it is not known."
    )
    success_rate_change: float | None = strawberry.field(
        description="The success rate now minus the one before; null where one is not known."
    )
    success_rate_change_interval: Interval | None = strawberry.field(
        description="Newcombe's interval of that difference at 95 %, as if all executions were independent of each other."
    )


@strawberry.type(description="Everything at a glance. What is not asked for is not read.")
class DashboardSummary:
    window: strawberry.Private[Window]
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")

    @strawberry.field(description="What came of all traces.")
    async def success(self, info: Info) -> SuccessFigures:
        return SuccessFigures.of(success_figures(await info.context.loaders.usage_sums.load(self._all)))

    @strawberry.field(description="How long traces took.")
    async def duration(self, info: Info) -> DurationFigures:
        return shape(DurationFigures, duration_figures(await info.context.loaders.usage_sums.load(self._all)))

    @strawberry.field(description="What traces used of language models, and what that cost.")
    async def cost(self, info: Info) -> CostFigures:
        return shape(CostFigures, cost_figures(await info.context.loaders.usage_sums.load(self._all)))

    @strawberry.field(
        description="How many patterns there are, used or not; one that was only seen in use counts until its file is known."
    )
    async def total_patterns(self, info: Info) -> Long:
        return Long(await info.context.services.overviews.total_patterns())

    @strawberry.field(description="The most used of a kind, the most first.")
    async def most_used(
        self, info: Info, kind: SubjectKind = SubjectKind.PATTERN, first: int = 10
    ) -> list[RankedSubject]:
        limit = checked_size(info, first)
        return [
            RankedSubject.of(one, self.window)
            for one in await info.context.services.overviews.most_used(kind, self.window, limit)
        ]

    @strawberry.field(description="Types of patterns with what came of them and their quality, the most used first.")
    async def pattern_types(self, info: Info, first: int = 20) -> list[PatternTypeSummary]:
        limit = checked_size(info, first)
        return [PatternTypeSummary.of(one) for one in await info.context.services.overviews.types(self.window, limit)]

    @strawberry.field(description="The quality that the executions of patterns report, by bands.")
    async def quality(self, info: Info) -> QualityDistribution:
        return QualityDistribution.of(await info.context.services.overviews.quality(self.window))

    @strawberry.field(description="How the traces of the window differ from those before it.")
    async def change(self, info: Info) -> UsageChange:
        found = await info.context.services.overviews.change(EVERYTHING, self.window, now())
        return shape(UsageChange, found, success_rate_change_interval=Interval.of(found.success_rate_change_interval))

    @property
    def _all(self) -> tuple[Subject, Window, tuple[Dimension, ...]]:
        return EVERYTHING, self.window, ()


@strawberry.type(description="One line of a time series.")
class SeriesLine:
    value: str | None = strawberry.field(
        description="The value of the dimension; null for all others together, and where lines are not told apart."
    )
    points: list[SeriesPoint] = strawberry.field(
        directives=[at_most(MOST_POINTS)], description="The intervals in their order, without gaps."
    )


@strawberry.type(description="A metric over time: one line, or one for each value of a dimension.")
class TimeSeries:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    lines: list[SeriesLine] = strawberry.field(
        directives=[at_most(21)], description="The line of everything, or those of the most frequent values."
    )

    @classmethod
    def of(cls, series: answers.TimeSeries) -> Self:
        return cls(
            basis=shape(AnalyticsBasis, series.basis),
            lines=[SeriesLine(value=line.value, points=SeriesPoint.all(line.points)) for line in series.lines],
        )
