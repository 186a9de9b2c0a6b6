"""Queries of figures that are made of what was counted."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.types.analytics.comparison import (
    MOST_COMPARED,
    OBSERVATIONAL,
    PatternBenchmark,
    PatternComparison,
)
from loopgraph.api.graphql.types.analytics.figures import AnalyticsBasis
from loopgraph.api.graphql.types.analytics.overviews import (
    MOST_LISTED,
    DashboardSummary,
    SuccessRates,
    TimeSeries,
    UsageStats,
)
from loopgraph.api.graphql.types.analytics.subjects import (
    UTC,
    AnalyticsWindowInput,
    SubjectAnalytics,
    SubjectInput,
    span,
    span_asked,
    subject_asked,
    window,
)
from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.enums import Dimension, SeriesMetric, SubjectKind, TimeInterval
from loopgraph.contracts.analytics.subjects import Subject
from loopgraph.effects.clock import time_zone
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.analytics.series import MOST_LINES, time_series


def _bounded(first: int, most: int) -> int:
    if not 1 <= first <= most:
        raise InvalidInput("first", f"must be between 1 and {most}, not {first}")
    return first


def _samples(min_samples: int) -> int:
    if min_samples < 1:
        raise InvalidInput("minSamples", f"must be at least 1, not {min_samples}")
    return min_samples


async def known(info: Info, subject: Subject) -> None:
    """Raises NotFound for a pattern or a version that there is not. Of the others nobody keeps a list."""
    loaders = info.context.loaders
    if subject.kind is SubjectKind.PATTERN and await loaders.pattern.load(subject.name) is None:
        raise NotFound("Pattern", subject.name)
    if subject.kind is SubjectKind.PATTERN_VERSION and await loaders.version.load(subject.name) is None:
        raise NotFound("PatternVersion", subject.name)


@strawberry.type
class UsageQuery:
    @strawberry.field(
        description="Figures of one pattern over a window: how much it is used and when, what comes of it, how long it takes and "
        "what it costs."
    )
    async def pattern_analytics(
        self, info: Info, id: strawberry.ID, window: AnalyticsWindowInput | None = None, time_zone: str = UTC
    ) -> SubjectAnalytics:
        about = Subject(SubjectKind.PATTERN, id)
        await known(info, about)
        return await SubjectAnalytics.exactly(info, about, window, time_zone)

    @strawberry.field(
        description="The same figures of anything that is counted: an agent, a tool, a model, a project, a user, or everything."
    )
    async def subject_analytics(
        self,
        info: Info,
        subject: SubjectInput | None = None,
        window: AnalyticsWindowInput | None = None,
        time_zone: str = UTC,
    ) -> SubjectAnalytics:
        about = subject_asked(subject)
        await known(info, about)
        return await SubjectAnalytics.exactly(info, about, window, time_zone)

    @strawberry.field(description="The most used of a kind over a window, each over time.")
    async def usage_stats(
        self,
        info: Info,
        kind: SubjectKind = SubjectKind.PATTERN,
        window: AnalyticsWindowInput | None = None,
        interval: TimeInterval = TimeInterval.DAY,
        time_zone: str = UTC,
        first: int = 20,
    ) -> UsageStats:
        found = await info.context.services.overviews.usage_stats(
            kind, _window(window), interval, _zone(time_zone), _bounded(first, MOST_LISTED), info.context.principal
        )
        return UsageStats.of(found)

    @strawberry.field(
        description="Patterns (of a type) by how well they succeed: those with at least `minSamples` executions of which "
        "it is known what came of them."
    )
    async def success_rates(
        self,
        info: Info,
        pattern_type: str | None = None,
        min_samples: int = 5,
        window: AnalyticsWindowInput | None = None,
        first: int = 20,
    ) -> SuccessRates:
        found = await info.context.services.overviews.success_rates(
            _window(window), pattern_type, _samples(min_samples), _bounded(first, MOST_LISTED), info.context.principal
        )
        return SuccessRates.of(found)

    @strawberry.field(description="Everything at a glance over a window.")
    async def dashboard_summary(self, info: Info, window: AnalyticsWindowInput | None = None) -> DashboardSummary:
        over = _window(window)
        basis = await info.context.services.buckets.basis(over, info.context.principal)
        return DashboardSummary(window=over, basis=shape(AnalyticsBasis, basis))

    @strawberry.field(
        description="A metric of anything that is counted over time, in whole intervals of the calendar of a time zone: from the "
        "one that holds the beginning of the window to the one that holds what is before its end, at most 2,500 of them. With "
        "`groupBy`, a line for each of the most frequent values of a dimension, and one for all others."
    )
    async def time_series(
        self,
        info: Info,
        metric: SeriesMetric,
        subject: SubjectInput | None = None,
        window: AnalyticsWindowInput | None = None,
        interval: TimeInterval = TimeInterval.DAY,
        group_by: Dimension | None = None,
        time_zone: str = UTC,
        first: int = 10,
    ) -> TimeSeries:
        about, zone, (since, until) = subject_asked(subject), _zone(time_zone), span(window)
        await known(info, about)
        found = await time_series(
            info.context.services.buckets, metric, about, since, until, interval, zone, group_by,
            _bounded(first, MOST_LINES), info.context.principal,
        )  # fmt: skip
        return TimeSeries.of(found)

    @strawberry.field(
        description=f"Patterns and versions side by side, at most {MOST_COMPARED}: their figures, and of every two the "
        f"difference on each measure with its significance, corrected for all tests. {OBSERVATIONAL}"
    )
    async def compare_patterns(
        self,
        info: Info,
        pattern_ids: list[strawberry.ID] | None = None,
        node_ids: list[strawberry.ID] | None = None,
        window: AnalyticsWindowInput | None = None,
    ) -> PatternComparison:
        patterns, versions = list(dict.fromkeys(pattern_ids or ())), list(dict.fromkeys(node_ids or ()))
        if not 2 <= len(patterns) + len(versions) <= MOST_COMPARED:
            what = "patterns and versions" if node_ids else "patterns"
            with_them = ", together with nodeIds," if node_ids else ""
            raise InvalidInput("patternIds", f"must name{with_them} 2 to {MOST_COMPARED} different {what}")
        basis, found = await info.context.services.comparing.compare(
            patterns, versions, span_asked(window), info.context.principal
        )
        return PatternComparison.of(basis, found)

    @strawberry.field(
        description="Where a pattern stands among the patterns of a type (its own, if none is given) that have at least "
        "`minSamples` executions."
    )
    async def benchmark_pattern(
        self,
        info: Info,
        pattern_id: strawberry.ID,
        category: str | None = None,
        window: AnalyticsWindowInput | None = None,
        min_samples: int = 5,
    ) -> PatternBenchmark:
        over, least = _window(window), _samples(min_samples)
        pattern = await info.context.loaders.pattern.load(pattern_id)
        if pattern is None:
            raise NotFound("Pattern", pattern_id)
        among = category or pattern.pattern_type
        basis, found = await info.context.services.comparing.benchmark(
            pattern, among, over, least, info.context.principal
        )
        return PatternBenchmark.of(basis, among, found)


_window, _zone = window, time_zone  # arguments of these names hide them
