"""Figures that are told again whenever they change."""

from __future__ import annotations

from typing import Any, Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import (
    AnalyticsBasis,
    CostFigures,
    DurationFigures,
    SuccessFigures,
)
from loopgraph.api.graphql.types.analytics.overviews import PatternTypeSummary, UsageChange
from loopgraph.api.graphql.types.analytics.subjects import RankedSubject
from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import PATTERN, link
from loopgraph.computes.live.cursors import cursor_text
from loopgraph.contracts.analytics import live as contracts
from loopgraph.contracts.live import Cursor
from loopgraph.orchestrators.live.figures import MOST_TYPES, MOST_USED
from loopgraph.orchestrators.live.watches import Figures

MOST_PATTERNS = 100


@strawberry.type(description="An update of some figures.")
class FiguresUpdate:
    place: strawberry.Private[Cursor]
    answers: strawberry.Private[dict[Any, Any] | None]
    missed: int = strawberry.field(
        description="How often the figures changed since the update before, without being sent, because the subscriber was "
        "too slow."
    )
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")

    @strawberry.field(description="Give it as `after` to go on after this update.")
    def cursor(self) -> str:
        return cursor_text(self.place)


@strawberry.type(description="Figures of one pattern over the window.")
class PatternFigures:
    pattern_id: strawberry.ID
    name: str = strawberry.field(description="What people call it.")
    pattern_type: str
    success: SuccessFigures = strawberry.field(description="What came of its executions.")
    duration: DurationFigures = strawberry.field(description="How long they took.")
    cost: CostFigures = strawberry.field(description="What they used of language models, and what that cost.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")

    @classmethod
    def of(cls, one: contracts.PatternFigures) -> Self:
        return shape(
            cls,
            one,
            success=SuccessFigures.of(one.success),
            duration=shape(DurationFigures, one.duration),
            cost=shape(CostFigures, one.cost),
        )


@strawberry.type(description="Figures of some patterns, as they are now.")
class PatternMetricsUpdate(FiguresUpdate):
    patterns: list[PatternFigures] = strawberry.field(
        directives=[at_most(MOST_PATTERNS)], description="The patterns, in the order in which they were asked for."
    )

    @classmethod
    def told(cls, update: Figures[contracts.PatternMetrics]) -> Self:
        figures = update.figures
        return cls(
            place=update.cursor,
            answers=update.answers,
            missed=update.missed,
            basis=shape(AnalyticsBasis, figures.basis),
            patterns=[PatternFigures.of(one) for one in figures.patterns],
        )


@strawberry.type(description="Everything at a glance, as it is now.")
class DashboardUpdate(FiguresUpdate):
    total_patterns: Long = strawberry.field(description="How many patterns there are, used or not.")
    success: SuccessFigures = strawberry.field(description="What came of all traces.")
    duration: DurationFigures = strawberry.field(description="How long traces took.")
    cost: CostFigures = strawberry.field(description="What traces used of language models, and what that cost.")
    most_used: list[RankedSubject] = strawberry.field(
        directives=[at_most(MOST_USED)], description="The patterns that were used most, the most first."
    )
    pattern_types: list[PatternTypeSummary] = strawberry.field(
        directives=[at_most(MOST_TYPES)],
        description="Types of patterns with what came of them and their quality, the most used first.",
    )
    change: UsageChange = strawberry.field(description="How the traces of the window differ from those before it.")

    @classmethod
    def told(cls, update: Figures[contracts.Dashboard]) -> Self:
        figures, change = update.figures, update.figures.change
        return cls(
            place=update.cursor,
            answers=update.answers,
            missed=update.missed,
            basis=shape(AnalyticsBasis, figures.basis),
            total_patterns=Long(figures.total_patterns),
            success=SuccessFigures.of(figures.success),
            duration=shape(DurationFigures, figures.duration),
            cost=shape(CostFigures, figures.cost),
            most_used=[RankedSubject.of(one, figures.basis) for one in figures.most_used],
            pattern_types=[PatternTypeSummary.of(one) for one in figures.pattern_types],
            change=shape(
                UsageChange,
                change,
                success_rate_change_interval=Interval.of(change.success_rate_change_interval),
            ),
        )
