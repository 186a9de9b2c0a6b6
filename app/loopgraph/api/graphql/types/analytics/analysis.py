"""All that a series shows: seasons, changes, anomalies, a forecast."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import AnalyticsBasis
from loopgraph.api.graphql.types.analytics.trends import GrowthFigures, TrendFigures
from loopgraph.api.graphql.types.common import shape
from loopgraph.api.graphql.types.enums import Cycle, ForecastMethod, NoFigure
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.contracts.analytics import trends as contracts
from loopgraph.reducers.usage.series import MOST_POINTS

_HOURS = 24
_HORIZON = 4 * _HOURS


@strawberry.type(description="One period of a series, and what was to be expected of it.")
class AnalysedPoint:
    start: datetime = strawberry.field(description="When it begins.")
    value: float | None = strawberry.field(description="The metric; null where nothing tells.")
    moving_average: float | None = strawberry.field(
        description="The mean of a week up to it (of four weeks, where periods are weeks); null for the first."
    )
    expected: float | None = strawberry.field(description="What its neighbours and its season make one expect.")
    low: float | None = strawberry.field(description="What is less is an anomaly.")
    high: float | None = strawberry.field(description="What is more is an anomaly.")


@strawberry.type(description="How much a series varies, in units of its values.")
class Volatility:
    deviation: float | None = strawberry.field(description="The standard deviation of the values.")
    relative: float | None = strawberry.field(description="The same over their mean.")
    unexplained: float | None = strawberry.field(
        description="The standard deviation of what remains about the level and the season."
    )
    reason: NoFigure | None = strawberry.field(description="Why they are not known; null if they are.")


@strawberry.type(description="How much a series repeats.")
class Season:
    cycle: Cycle = strawberry.field(description="By what.")
    strength: float | None = strawberry.field(
        description="Which part of the variance about the level the cycle explains beyond chance, 0..1."
    )
    p_value: float | None = strawberry.field(description="Of no cycle (Kruskal and Wallis).")
    profile: list[float] = strawberry.field(
        directives=[at_most(_HOURS)],
        description="How far each hour, from midnight on, or each day, from Monday on, lies from the level; empty if unknown.",
    )
    peak: int | None = strawberry.field(description="Which of them lies highest, from 0 on.")
    reason: NoFigure | None = strawberry.field(description="Why it is not known; null if it is.")


@strawberry.type(description="The level changed at once.")
class ChangePoint:
    at: datetime = strawberry.field(description="When the first period at the new level begins.")
    before: float = strawberry.field(description="The mean before it, since the last change.")
    after: float = strawberry.field(description="The mean from it on, until the next change.")
    gain: float = strawberry.field(
        description="How much better two levels explain the series than one, over what chance makes of it; above 1."
    )


@strawberry.type(description="Where the level of a series changed at once.")
class Changes:
    points: list[ChangePoint] = strawberry.field(
        directives=[at_most(MOST_POINTS)], description="The changes, the earliest first."
    )
    gradual: bool = strawberry.field(
        description="Whether a straight line explains the series better than any steps do."
    )
    reason: NoFigure | None = strawberry.field(description="Why changes cannot be told; null if they can.")


@strawberry.type(description="A value out of its expected range.")
class Anomaly:
    at: datetime = strawberry.field(description="When the period begins.")
    value: float = strawberry.field(description="What there was.")
    expected: float = strawberry.field(description="What was to be expected.")
    low: float = strawberry.field(description="The least that was.")
    high: float = strawberry.field(description="The most that was.")
    score: float = strawberry.field(description="How many standard deviations it lies away, below 0 for too little.")


@strawberry.type(description="The values out of their expected range.")
class Anomalies:
    points: list[Anomaly] = strawberry.field(directives=[at_most(MOST_POINTS)], description="The earliest first.")
    false_alarm_rate: float | None = strawberry.field(
        description="How often a series of this length without anomalies has any, by design."
    )
    reason: NoFigure | None = strawberry.field(description="Why they cannot be told; null if they can.")


@strawberry.type(description="One period to come, or all of them together.")
class ForecastPoint:
    at: datetime = strawberry.field(description="When it begins.")
    expected: float = strawberry.field(description="Its median.")
    low: float = strawberry.field(description="Where the interval begins.")
    high: float = strawberry.field(description="Where the interval ends.")


@strawberry.type(
    description="The next periods, with intervals that are as wide as the same method's errors at earlier times of the series."
)
class Forecast:
    confidence: float = strawberry.field(description="Which part of what comes the intervals are to hold.")
    coverage: float | None = strawberry.field(
        description="Which part of what came they did hold at earlier times, made of what was known then."
    )
    tested: int = strawberry.field(description="Of how many values.")
    method: ForecastMethod | None = strawberry.field(description="The one that was nearest so far.")
    points: list[ForecastPoint] = strawberry.field(directives=[at_most(_HORIZON)], description="The next periods.")
    total: ForecastPoint | None = strawberry.field(description="All of them together; null unless it is counted.")
    origins: int = strawberry.field(description="At how many earlier times it was tried.")
    mean_absolute_error: float | None = strawberry.field(description="How far a single period was off there.")
    reason: NoFigure | None = strawberry.field(description="Why there is none; null if there is one.")

    @classmethod
    def of(cls, found: contracts.Forecast) -> Self:
        return shape(
            cls,
            found,
            points=[ForecastPoint(**point._asdict()) for point in found.points],
            total=ForecastPoint(**found.total._asdict()) if found.total else None,
        )


@strawberry.type(description="A metric over whole periods that are over, and all that it shows.")
class AnalysedSeries:
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")
    points: list[AnalysedPoint] = strawberry.field(directives=[at_most(MOST_POINTS)], description="The periods.")
    weekly_growth: GrowthFigures = strawberry.field(description="Week over week.")
    monthly_growth: GrowthFigures = strawberry.field(description="Four weeks over four weeks.")
    trend: TrendFigures = strawberry.field(description="Where it goes.")
    volatility: Volatility = strawberry.field(description="How much it varies.")
    seasons: list[Season] = strawberry.field(directives=[at_most(2)], description="What it repeats by.")
    changes: Changes = strawberry.field(description="Where its level changed.")
    anomalies: Anomalies = strawberry.field(description="What is out of the ordinary.")
    forecast: Forecast = strawberry.field(description="What comes next.")

    @classmethod
    def of(cls, found: contracts.AnalysedSeries) -> Self:
        shown = found.analysis
        return cls(
            basis=shape(AnalyticsBasis, found.basis),
            points=[AnalysedPoint(**point._asdict()) for point in found.points],
            weekly_growth=shape(GrowthFigures, found.weekly),
            monthly_growth=shape(GrowthFigures, found.monthly),
            trend=TrendFigures.of(shown.trend),
            volatility=shape(Volatility, shown.volatility),
            seasons=[shape(Season, season) for season in shown.seasons],
            changes=shape(Changes, shown.changes, points=[shape(ChangePoint, point) for point in shown.changes.points]),
            anomalies=shape(
                Anomalies, shown.anomalies, points=[shape(Anomaly, point) for point in shown.anomalies.points]
            ),
            forecast=Forecast.of(shown.forecast),
        )
