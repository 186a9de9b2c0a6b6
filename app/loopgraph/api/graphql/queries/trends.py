"""Queries of how things develop."""

from __future__ import annotations

import strawberry

from loopgraph.api.graphql.queries.usage import known
from loopgraph.api.graphql.types.analytics.analysis import AnalysedSeries
from loopgraph.api.graphql.types.analytics.subjects import UTC, AnalyticsWindowInput, SubjectInput, subject_asked
from loopgraph.api.graphql.types.analytics.subjects import window as window_of
from loopgraph.api.graphql.types.analytics.trends import UsageTrends, UserRetention
from loopgraph.api.graphql.types.common import Info
from loopgraph.api.graphql.types.enums import Period, SeriesMetric, SubjectKind, TrendClass
from loopgraph.contracts.analytics.trends import UsageTrends as Found
from loopgraph.contracts.analytics.windows import Window
from loopgraph.effects.clock import now
from loopgraph.effects.clock import time_zone as zone_of
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.trends import declining, emerging

DAYS = 90
"""Without a beginning, trends are looked for in so many days."""


@strawberry.type
class TrendQuery:
    @strawberry.field(
        description="How the uses of the things of a kind develop (all, or those of some classes), the most used first."
    )
    async def trends(
        self,
        info: Info,
        kind: SubjectKind = SubjectKind.PATTERN,
        classifications: list[TrendClass] | None = None,
        window: AnalyticsWindowInput | None = None,
    ) -> UsageTrends:
        found = await _found(info, kind, window)
        wanted = [one for one in found.trends if classifications is None or one.usage.classification in classifications]
        return UsageTrends.of(found, wanted)

    @strawberry.field(
        description="Patterns that were used first in the last four weeks, and on several days since; the most used comes first."
    )
    async def emerging_patterns(self, info: Info, window: AnalyticsWindowInput | None = None) -> UsageTrends:
        found = await _found(info, SubjectKind.PATTERN, window)
        return UsageTrends.of(found, emerging(found))

    @strawberry.field(
        description="Patterns that are abandoned, and those whose use has declined by a part of its mean; the deepest fall first."
    )
    async def declining_patterns(
        self, info: Info, threshold: float = 0.1, window: AnalyticsWindowInput | None = None
    ) -> UsageTrends:
        if not 0.0 <= threshold <= 2.0:
            raise InvalidInput("threshold", f"must be between 0 and 2, not {threshold!r}")
        found = await _found(info, SubjectKind.PATTERN, window)
        return UsageTrends.of(found, declining(found, threshold))

    @strawberry.field(
        description="All that a metric shows by whole periods that are over: its trend, growth, seasons, changes, anomalies, and "
        "what comes next."
    )
    async def series_analysis(
        self,
        info: Info,
        metric: SeriesMetric,
        subject: SubjectInput | None = None,
        window: AnalyticsWindowInput | None = None,
        period: Period = Period.DAY,
        horizon: int | None = None,
        time_zone: str = UTC,
    ) -> AnalysedSeries:
        about, zone = subject_asked(subject), zone_of(time_zone)
        await known(info, about)
        found = await info.context.services.trends.analysis(
            about, metric, _over(window), period, zone, horizon, now(),
            info.context.principal,
        )  # fmt: skip
        return AnalysedSeries.of(found)

    @strawberry.field(description="Who of the users of something comes and who stays, by week.")
    async def retention(
        self, info: Info, subject: SubjectInput | None = None, window: AnalyticsWindowInput | None = None
    ) -> UserRetention:
        about = subject_asked(subject)
        await known(info, about)
        found = await info.context.services.trends.retention(about, _over(window), now(), info.context.principal)
        return UserRetention.of(found)


async def _found(info: Info, kind: SubjectKind, asked: AnalyticsWindowInput | None) -> Found:
    return await info.context.services.trends.of_kind(kind, _over(asked), now(), info.context.principal)


def _over(asked: AnalyticsWindowInput | None) -> Window:
    """The window that is asked for; without a beginning, of ``DAYS``."""
    return window_of(asked, DAYS)
