"""Everything that one series shows."""

from __future__ import annotations

import math
from zoneinfo import ZoneInfo

from loopgraph.computes.analytics.trends.anomalies import anomalies
from loopgraph.computes.analytics.trends.changes import change_points
from loopgraph.computes.analytics.trends.forecast import forecast
from loopgraph.computes.analytics.trends.growth import DAYS_A_MONTH, growth, volatility
from loopgraph.computes.analytics.trends.level import moving_average
from loopgraph.computes.analytics.trends.seasonality import cycles, season
from loopgraph.computes.analytics.trends.series import DAYS_A_WEEK, Series
from loopgraph.computes.analytics.trends.trend import trend
from loopgraph.contracts.analytics.answers import Basis
from loopgraph.contracts.analytics.trends import AnalysedPoint, AnalysedSeries, ExpectedRange, SeriesAnalysis


def analyse(of: Series, zone: ZoneInfo | None = None, horizon: int | None = None) -> SeriesAnalysis:
    """Everything that a series shows; seasons on the clock of ``zone``. Each figure that the data do not allow says why."""
    return SeriesAnalysis(
        trend=trend(of),
        volatility=volatility(of),
        seasons=tuple(season(of, cycle, zone) for cycle in cycles(of)),
        changes=change_points(of),
        anomalies=anomalies(of),
        forecast=forecast(of, horizon),
    )


def analysed(basis: Basis, of: Series, zone: ZoneInfo | None = None, horizon: int | None = None) -> AnalysedSeries:
    """A series with everything that it shows, period by period; the moving average is that of a week (of a month, for
    weeks)."""
    found = analyse(of, zone, horizon)
    averages = moving_average(of.values, max(4, round(DAYS_A_WEEK / of.step.days)))
    ranges = found.anomalies.ranges or tuple(ExpectedRange(of.at(i), None, None, None) for i in range(len(of.values)))
    return AnalysedSeries(
        basis=basis,
        points=tuple(
            AnalysedPoint(at, _known(value), _known(average), expected, low, high)
            for value, average, (at, expected, low, high) in zip(of.values, averages, ranges, strict=True)
        ),
        weekly=growth(of, DAYS_A_WEEK),
        monthly=growth(of, DAYS_A_MONTH),
        analysis=found,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
