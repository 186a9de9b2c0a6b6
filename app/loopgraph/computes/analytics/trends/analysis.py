"""Everything that one series shows."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from loopgraph.computes.analytics.trends.anomalies import anomalies
from loopgraph.computes.analytics.trends.changes import change_points
from loopgraph.computes.analytics.trends.forecast import forecast
from loopgraph.computes.analytics.trends.growth import volatility
from loopgraph.computes.analytics.trends.seasonality import cycles, season
from loopgraph.computes.analytics.trends.series import Series
from loopgraph.computes.analytics.trends.trend import trend
from loopgraph.contracts.analytics.trends import SeriesAnalysis


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
