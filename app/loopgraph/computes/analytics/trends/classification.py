"""How the use of a subject develops: growing, stable, declining, emerging, abandoned, and by which rule.

The rules are tried in this order, and the first that holds decides:

1. ABANDONED: silent for at least two weeks, and for more than twice as long as it ever was before.
2. EMERGING: first used in the last four weeks, after two weeks or more in which it was not (or known to be new), and since then
   on three days and five times at least, the last of them within a week.
3. Too little to tell: fewer than ten executions, or fewer than two weeks since the first.
4. GROWING, DECLINING: the direction of the trend of daily counts since the first use (of weekly ones where most days have
   none).
5. STABLE: none was found. That is less than a proof that there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np

from loopgraph.computes.analytics.trends.growth import DAYS_A_MONTH, growth, velocity
from loopgraph.computes.analytics.trends.series import DAYS_A_WEEK, Series, weeks
from loopgraph.computes.analytics.trends.trend import LEVEL, MIN_CHANGE, MIN_KNOWN, trends
from loopgraph.contracts.analytics.trends import NoFigure, Period, Scale, Trend, TrendClass, TrendDirection, UsageTrend
from loopgraph.contracts.counted import counted
from loopgraph.errors import InvalidInput

SILENT_DAYS: Final = 14
SILENT_GAPS: Final = 2
NEW_DAYS: Final = 28
WATCHED_DAYS: Final = 14
NEW_DAYS_USED: Final = 3
NEW_EXECUTIONS: Final = 5
MIN_EXECUTIONS: Final = 10
MIN_DAYS: Final = 14


class _Use(NamedTuple):
    """When a subject was used; ``first`` is the day of its first use, below 0 where that was before the series."""

    executions: float
    days_used: int
    first: int | None
    silent: int | None
    longest_gap: int | None
    appeared: bool
    """It is known that it was not used for ``WATCHED_DAYS`` before its first use."""


def usage_trend(daily: Series, first_used: datetime | None = None) -> UsageTrend:
    """How the use of one subject develops. See ``usage_trends``."""
    return usage_trends([(daily, first_used)])[0]


def usage_trends(many: Sequence[tuple[Series, datetime | None]]) -> list[UsageTrend]:
    """How the uses of subjects that are looked at together develop: daily counts of each, and when it was used first of all
    (None where only the series says that). Their trends are corrected for each other (see ``trends``).

    Raises InvalidInput for a series that is not of counts by day.
    """
    for daily, _ in many:
        if daily.step is not Period.DAY or daily.scale is not Scale.COUNT:
            raise InvalidInput("series", "must be of counts by day")
    uses = [_use(daily, first_used) for daily, first_used in many]
    found = trends([_looked_at(daily, use) for (daily, _), use in zip(many, uses, strict=True)])
    return [_developed(daily, use, trend) for (daily, _), use, trend in zip(many, uses, found, strict=True)]


def _use(daily: Series, first_used: datetime | None) -> _Use:
    days = np.flatnonzero(daily.values > 0)
    earlier = None if first_used is None else (first_used - daily.start) // Period.DAY.length
    if len(days) == 0:
        known = earlier if earlier is not None and earlier < 0 else None
        return _Use(0.0, 0, known, None if known is None else len(daily.values), None, appeared=False)
    first = int(days[0]) if earlier is None else min(int(days[0]), earlier)
    gaps = np.diff(days) - 1
    return _Use(
        executions=float(daily.values.sum()),
        days_used=len(days),
        first=first,
        silent=len(daily.values) - 1 - int(days[-1]),
        longest_gap=int(gaps.max()) if len(gaps) else 0,
        appeared=first >= 0 and (earlier is not None or first >= WATCHED_DAYS),
    )


def _looked_at(daily: Series, use: _Use) -> Series:
    """From the day after the first use on, if that is in the series: the zeros before it are no trend, and the day itself is
    never one without executions, so that it would make what is steady seem to fall."""
    since = 0 if use.first is None or use.first < 0 else use.first + 1
    rest = Series(daily.at(since), daily.step, daily.scale, daily.values[since:])
    if np.count_nonzero(rest.values) * 2 <= len(rest.values) and len(rest.values) >= MIN_KNOWN * DAYS_A_WEEK:
        return weeks(rest)
    return rest


def _developed(daily: Series, use: _Use, trend: Trend) -> UsageTrend:
    n = len(daily.values)
    if trend.step is Period.WEEK:  # of sums of seven days; told as executions per day
        low, high = trend.slope_interval or (0.0, 0.0)
        trend = trend.model_copy(
            update={
                "slope": None if trend.slope is None else trend.slope / DAYS_A_WEEK,
                "slope_interval": None if trend.slope_interval is None else (low / DAYS_A_WEEK, high / DAYS_A_WEEK),
            }
        )
    classification, rule, reason = _classified(n, use, trend)
    return UsageTrend(
        classification=classification,
        rule=rule,
        reason=reason,
        days=n,
        executions=use.executions,
        days_used=use.days_used,
        silent_days=use.silent,
        longest_gap_days=use.longest_gap,
        age_days=None if use.first is None else n - use.first,
        velocity=velocity(daily),
        weekly=growth(daily, DAYS_A_WEEK),
        monthly=growth(daily, DAYS_A_MONTH),
        trend=trend,
    )


def _classified(n: int, use: _Use, trend: Trend) -> tuple[TrendClass | None, str, NoFigure | None]:
    if use.first is None or use.silent is None:
        return None, "not used", NoFigure.NO_DATA
    gap = use.longest_gap or 0
    if use.silent >= max(SILENT_DAYS, SILENT_GAPS * gap + 1):
        silent = f"silent for {counted(use.silent, 'day')}"
        rule = f"{silent} (at least {SILENT_DAYS}, and over {SILENT_GAPS} × the longest gap before, {gap})"
        return TrendClass.ABANDONED, rule, None
    age = n - use.first
    used = f"{counted(use.executions, 'execution')} on {counted(use.days_used, 'day')}"
    enough = use.days_used >= NEW_DAYS_USED and use.executions >= NEW_EXECUTIONS and use.silent < DAYS_A_WEEK
    if use.appeared and age <= NEW_DAYS and enough:
        return TrendClass.EMERGING, f"first used {counted(age, 'day')} ago (at most {NEW_DAYS}), {used} since", None
    if use.executions < MIN_EXECUTIONS:
        return None, f"{used} (a trend needs {MIN_EXECUTIONS} executions)", NoFigure.TOO_FEW
    if age < MIN_DAYS:
        return None, f"{counted(age, 'day')} since the first use (a trend needs {MIN_DAYS})", NoFigure.TOO_SHORT
    if trend.reason is NoFigure.CONSTANT:
        return TrendClass.STABLE, f"the same in every {trend.step.value}", None
    if trend.direction is None:
        return None, f"{counted(trend.n, trend.step.value)} to tell a trend from", trend.reason
    return _CLASSES[trend.direction], _told(trend), None


_CLASSES: Final = {
    TrendDirection.RISING: TrendClass.GROWING,
    TrendDirection.FALLING: TrendClass.DECLINING,
    TrendDirection.STEADY: TrendClass.STABLE,
}


def _told(trend: Trend) -> str:
    change = "unknown" if trend.change is None else f"{trend.change:+.0%}"
    return (
        f"change of {change} of the mean over {trend.n} {trend.step.value}s (at least {MIN_CHANGE:.0%} matters), "
        f"adjusted p = {trend.adjusted_p_value:.3g} (below {LEVEL:g} is a trend)"
    )
