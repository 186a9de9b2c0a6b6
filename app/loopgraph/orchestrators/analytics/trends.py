"""How the uses of many subjects develop, and everything that one series shows."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from loopgraph.computes.analytics.trends.analysis import analysed
from loopgraph.computes.analytics.trends.classification import usage_trend, usage_trends
from loopgraph.computes.analytics.trends.retention import retention
from loopgraph.computes.analytics.trends.series import MAX_PERIODS, counts, series
from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.figures import SeriesMetric
from loopgraph.contracts.analytics.subjects import EVERYTHING, OTHER, Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.trends import (
    AnalysedSeries,
    Period,
    RetainedUsers,
    Scale,
    SubjectTrend,
    TrendClass,
    UsageTrend,
    UsageTrends,
)
from loopgraph.contracts.analytics.windows import Bucket, Grain, Window
from loopgraph.contracts.base import Principal
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.overviews import Overviews
from loopgraph.reducers.usage.series import points
from loopgraph.reducers.usage.spans import down

MOST_SUBJECTS: Final = 500
"""So many subjects are looked at, the most used."""

EARLIER: Final = timedelta(days=365)
"""So far back it is looked whether what seems to be new was used before."""

_SCALES: Final = {
    SeriesMetric.EXECUTIONS: Scale.COUNT,
    SeriesMetric.RETRIES: Scale.COUNT,
    SeriesMetric.TOKENS: Scale.COUNT,
    SeriesMetric.SUCCESS_RATE: Scale.RATE,
    SeriesMetric.ERROR_RATE: Scale.RATE,
    SeriesMetric.QUALITY: Scale.RATE,
}


class Trends:
    """Trends from what was counted. What is not over (today, this hour) is left out: it would look like a fall."""

    def __init__(self, buckets: Buckets, overviews: Overviews) -> None:
        self._buckets = buckets
        self._overviews = overviews

    async def of_kind(
        self, kind: SubjectKind, window: Window, now: datetime, principal: Principal | None
    ) -> UsageTrends:
        """How the uses of the subjects of a kind develop over a window, the most used first, in a fixed number of statements.

        What seems to be new is looked up in the year before the window. Raises InvalidInput for a window without a whole day
        that is over, and Forbidden for who may see only what is theirs.
        """
        over = _over(window, now, Period.DAY)
        basis = await self._buckets.basis(over, principal)
        found = await self._buckets.daily(kind, over, MOST_SUBJECTS + 1)
        subjects = list(found)[:MOST_SUBJECTS]
        if not subjects:
            return UsageTrends(basis=basis, trends=(), subjects=0, more=False)
        developed, labels = await asyncio.gather(
            self._developments(subjects, found, over, together=True), self._overviews.labels(subjects)
        )
        return UsageTrends(
            basis=basis,
            trends=tuple(
                SubjectTrend(subject=subject, label=labels[subject], usage=developed[subject]) for subject in subjects
            ),
            subjects=len(subjects),
            more=len(found) > MOST_SUBJECTS,
        )

    async def of_subjects(
        self, subjects: Sequence[Subject], window: Window, now: datetime
    ) -> dict[Subject, SubjectTrend | None]:
        """How the use of each subject develops, each looked at by itself, in a fixed number of statements; None where no
        whole day of the window is over. Who may see it, ``Buckets.basis`` has told before."""
        over = _whole(window, now, Period.DAY)
        if over is None:
            return dict.fromkeys(subjects)
        found = await self._buckets.counts(subjects, over, Grain.DAY)
        daily = {one: {count.start: count.executions for count in counts} for one, counts in found.items()}
        developed, labels = await asyncio.gather(
            self._developments(subjects, daily, over, together=False), self._overviews.labels(subjects)
        )
        return {one: SubjectTrend(subject=one, label=labels[one], usage=developed[one]) for one in subjects}

    async def _developments(
        self,
        subjects: Sequence[Subject],
        daily: Mapping[Subject, Mapping[datetime, int]],
        over: Window,
        *,
        together: bool,
    ) -> Mapping[Subject, UsageTrend]:
        """What seems to be new is looked up in the time before."""
        developed = await asyncio.to_thread(_developed, subjects, daily, over, {}, together)
        new = [subject for subject, usage in developed.items() if usage.classification is TrendClass.EMERGING]
        if not new:
            return developed
        before = await self._buckets.counts(
            new, Window(since=_earlier(over.since, EARLIER), until=over.since), Grain.DAY
        )
        used_before = {subject: each[0].start for subject, each in before.items() if each}
        if not used_before:
            return developed
        return await asyncio.to_thread(_developed, subjects, daily, over, used_before, together)

    async def analysis(
        self,
        subject: Subject,
        metric: SeriesMetric,
        window: Window,
        period: Period,
        zone: ZoneInfo | None,
        horizon: int | None,
        now: datetime,
        principal: Principal | None,
    ) -> AnalysedSeries:
        """Everything that a metric of a subject shows, by hour, day or week. Raises InvalidInput for a window without a whole
        period that is over, or with too many, and for a horizon that is too far; Forbidden for who may see only what is
        theirs."""
        over = _over(window, now, period)
        basis = await self._buckets.basis(over, principal)
        grain = Grain.HOUR if period is Period.HOUR else Grain.DAY
        found = await self._buckets.series([subject], over, grain)
        return await asyncio.to_thread(_analysed, basis, found[subject], metric, over, period, zone, horizon)

    async def retention(
        self, subject: Subject, window: Window, now: datetime, principal: Principal | None
    ) -> RetainedUsers:
        """Who of the users of a subject comes and who stays, by week. Users of the four weeks before the window are in no
        cohort. Raises InvalidInput for a window without a whole week that is over, and Forbidden for who may see only what is
        theirs."""
        over = _over(window, now, Period.WEEK)
        basis = await self._buckets.basis(over, principal)
        earlier = Window(since=_earlier(over.since, 4 * Period.WEEK.length), until=over.until)
        found = await self._buckets.series([subject, EVERYTHING], earlier, Grain.DAY, dimensions=True)
        weeks = [over.since + i * Period.WEEK.length for i in range((over.until - over.since) // Period.WEEK.length)]
        mine, everyone = (_users(found[one], over.since) for one in (subject, EVERYTHING))
        return RetainedUsers(
            basis=basis,
            retention=retention(
                [(week, mine[i]) for i, week in enumerate(weeks)],
                frozenset[str]().union(*(users for week, users in mine.items() if week < 0)),
                len(frozenset[str]().union(*(users for week, users in everyone.items() if week >= 0))),
            ),
            at_least=any(OTHER in bucket.sums.dimensions.get(Dimension.USER, {}) for bucket in found[subject]),
        )


def emerging(found: UsageTrends) -> list[SubjectTrend]:
    """What is new, that which is used most at present first."""
    new = [one for one in found.trends if one.usage.classification is TrendClass.EMERGING]
    return sorted(new, key=lambda one: (-(one.usage.velocity.per_day or 0.0), one.subject))


def declining(found: UsageTrends, threshold: float) -> list[SubjectTrend]:
    """What is abandoned, and what has declined by ``threshold`` of its mean or more (0..2), the deepest fall first."""
    fallen = [(_fall(one.usage), one) for one in found.trends]
    return [one for fall, one in sorted(fallen, key=lambda each: (-each[0], each[1].subject)) if fall >= threshold]


_ABANDONED: Final = 2.0
"""The fall of a straight line from its height to 0, over its mean."""


def _fall(usage: UsageTrend) -> float:
    if usage.classification is TrendClass.ABANDONED:
        return _ABANDONED
    declines = usage.classification is TrendClass.DECLINING
    return min(_ABANDONED, -usage.trend.change) if declines and usage.trend.change is not None else -1.0


def _earlier(at: datetime, by: timedelta) -> datetime:
    """So long before an instant, or the first that there is."""
    return at - min(by, at - datetime.min.replace(tzinfo=UTC))


def _whole(window: Window, now: datetime, period: Period) -> Window | None:
    """The whole periods of a window that are over; days and weeks begin at midnight of UTC, weeks are counted from the end."""
    until = down(min(window.until, now), timedelta(hours=1) if period is Period.HOUR else timedelta(days=1))
    periods = (until - window.since) // period.length
    return Window(since=until - periods * period.length, until=until) if periods > 0 else None


def _over(window: Window, now: datetime, period: Period) -> Window:
    """The same; raises InvalidInput where there is none, or too many."""
    over = _whole(window, now, period)
    if over is None:
        raise InvalidInput("window", f"must hold a whole {period.value} that is over")
    if (periods := (over.until - over.since) // period.length) > MAX_PERIODS:
        raise InvalidInput("window", f"must have at most {MAX_PERIODS:,} periods of a {period.value}, not {periods:,}")
    return over


def _developed(
    subjects: Sequence[Subject],
    daily: Mapping[Subject, Mapping[datetime, int]],
    over: Window,
    used_before: Mapping[Subject, datetime],
    together: bool,
) -> dict[Subject, UsageTrend]:
    series = [
        (
            counts(daily.get(subject, {}).items(), over, Period.DAY),
            used_before.get(subject),
        )
        for subject in subjects
    ]
    developed = usage_trends(series) if together else [usage_trend(*one) for one in series]
    return dict(zip(subjects, developed, strict=True))


def _analysed(
    basis: Basis,
    buckets: Sequence[Bucket],
    metric: SeriesMetric,
    over: Window,
    period: Period,
    zone: ZoneInfo | None,
    horizon: int | None,
) -> AnalysedSeries:
    scale = _SCALES.get(metric, Scale.POSITIVE)
    empty = series((), over, period, scale)
    instants = [empty.at(i) for i in range(len(empty.values) + 1)]
    values = points(buckets, instants, metric)
    return analysed(basis, series(((each.start, each.value) for each in values), over, period, scale), zone, horizon)


def _users(buckets: Sequence[Bucket], since: datetime) -> Mapping[int, set[str]]:
    """The users of each week, counted from ``since``."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for bucket in buckets:
        users = bucket.sums.dimensions.get(Dimension.USER, {})
        found[(bucket.start - since) // Period.WEEK.length].update(user for user in users if user != OTHER)
    return found
